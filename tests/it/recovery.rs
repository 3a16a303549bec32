//! A forgotten password, and an invitation: by one link, which tells nobody who is here.

use doorward::store;
use reqwest::Method;
use serde_json::json;

use crate::admin::Api;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::mail::{link, mailed};
use crate::password::{NEW, id};
use crate::stage::{PASSWORD, form};
use crate::world::{World, on_both};

const RESET: &str = "Set a new password";

async fn forget(world: &World, email: &str) -> Answer {
    let browser = world.browser();
    let page = browser.open("/password/forgot").await;
    browser.submit(&page, "/password/forgot", &[("email", email)]).await
}

/// The newest link that was mailed for a new password.
async fn newest(world: &World, to: &str) -> Option<String> {
    let mails = mailed(world, to).await;
    mails.iter().find(|mail| mail["subject"] == RESET).map(|mail| link(mail, &world.issuer))
}

async fn choose(browser: &Browser, link: &str, password: &str) -> Answer {
    let page = browser.open(link).await;
    if page.status != 200 {
        return page;
    }
    browser.submit(&page, "/password/reset", &[("new_password", password)]).await
}

async fn fits(world: &World, username: &str, password: &str) -> bool {
    let browser = world.browser();
    let page = browser.open("/login").await;
    browser.log_in(&page, username, password).await.status == 303
}

/// The page without what differs by chance and by what was typed.
fn plain(answer: &Answer, email: &str) -> String {
    answer.body.replace(email, "")
}

on_both! {
    /// ASVS 6.4.1, 6.5.1, 6.5.5; NIST N44, N49.
    async fn a_link_sets_a_new_password_once_and_signs_out_everywhere(world) {
        let app = world.app("app").await;
        let (old, tokens) = world.signed_in(&app).await;
        forget(world, "Alice@Example.com").await.is(200);
        let link = newest(world, "alice@example.com").await.unwrap();
        assert!(link.starts_with(&format!("{}/password/reset?token=", world.issuer)));
        let browser = world.browser();
        let weak = choose(&browser, &link, "passwordpassword").await;
        assert!(weak.is(400).body.contains("on the list of common passwords"), "and the link is still good");
        assert!(choose(&browser, &link, NEW).await.is(200).body.contains("Your new password is set"));
        assert_eq!(browser.cookie("doorward-session"), None, "nobody is signed in by it");
        assert!(fits(world, "alice", NEW).await && !fits(world, "alice", PASSWORD).await);
        assert_eq!(old.get("/account").await.is(303).location().path(), "/login");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        choose(&browser, &link, "marble tides over copper").await.is(410);
        let told = mailed(world, "alice@example.com").await;
        assert!(told.iter().any(|mail| mail["subject"] == "Your password was reset"));
    }

    async fn a_link_is_good_for_fifteen_minutes(world) {
        forget(world, "alice@example.com").await.is(200);
        let link = newest(world, "alice@example.com").await.unwrap();
        world.advance(14 * 60 + 59);
        let page = world.browser().open(&link).await;
        page.is(200);
        world.advance(1);
        world.browser().open(&link).await.is(410);
    }

    async fn a_newer_link_and_a_newer_password_end_it(world) {
        forget(world, "alice@example.com").await;
        let first = newest(world, "alice@example.com").await.unwrap();
        world.advance(1);
        forget(world, "alice@example.com").await;
        let second = newest(world, "alice@example.com").await.unwrap();
        assert_ne!(first, second);
        choose(&world.browser(), &first, NEW).await.is(410);
        let (api, alice) = (Api::of(world).await, id(world, "alice").await);
        api.put(&format!("/users/{alice}/password"), json!({"password": NEW})).await.is(204);
        choose(&world.browser(), &second, "marble tides over copper").await.is(410);
        assert!(fits(world, "alice", NEW).await);
    }

    /// ASVS 6.3.8; X190: the same page and status, whoever has the address.
    async fn nobody_learns_who_is_here(world) {
        let known = forget(world, "alice@example.com").await;
        let unknown = forget(world, "nobody@example.com").await;
        assert_eq!((known.status, plain(&known, "alice@example.com")), (unknown.status, plain(&unknown, "nobody@example.com")));
        assert!(mailed(world, "nobody@example.com").await.is_empty());
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&known), names(&unknown));
    }

    /// X193: an address of nobody costs the same writes, row for row.
    async fn an_address_of_nobody_leaves_the_same_rows(world) {
        let rows = async || {
            let mut reader = world.db().read().await.unwrap();
            let count = "SELECT (SELECT COUNT(*) FROM links) + (SELECT COUNT(*) FROM mails) * 1000 + (SELECT COUNT(*) FROM throttles) * 1000000";
            reader.sql(count).scalar::<i64>().await.unwrap()
        };
        forget(world, "alice@example.com").await;
        let known = rows().await;
        forget(world, "nobody@example.com").await;
        assert_eq!(rows().await - known, known - 1_000_000, "but for the counter of the source, which is one");
        world.advance(3_600);
        world.jobs().await;
        let mut reader = world.db().read().await.unwrap();
        assert_eq!(reader.sql("SELECT COUNT(*) FROM links").scalar::<i64>().await.unwrap(), 0);
    }

    /// X167: the link is on the configured host whatever the request says.
    async fn the_link_is_on_the_configured_host(world) {
        let browser = world.browser();
        let page = browser.open("/password/forgot").await;
        let csrf = page.form("/password/forgot")[0].1.clone();
        let headers = [
            ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https"), ("forwarded", "host=evil.example"),
            ("x-forwarded-server", "evil.example"), ("x-original-url", "https://evil.example/"),
        ];
        let body = form(&[("csrf", &csrf), ("email", "alice@example.com")]);
        browser.send(Method::POST, "/password/forgot", &headers, Some(body.clone())).await.is(200);
        assert!(newest(world, "alice@example.com").await.unwrap().starts_with(&world.issuer));
        browser.send(Method::POST, "/password/forgot", &[("host", "evil.example")], Some(body)).await.is(421);
        let mails = mailed(world, "alice@example.com").await;
        assert!(!json!(mails).to_string().contains("evil"));
    }

    /// X166: one address, and it is the stored one.
    async fn mail_goes_to_one_stored_address(world) {
        let browser = world.browser();
        let csrf = browser.open("/password/forgot").await.form("/password/forgot")[0].1.clone();
        for fields in [
            vec![("email[]", "alice@example.com"), ("email[]", "eve@evil.example")],
            vec![("email", "alice@example.com"), ("email", "eve@evil.example")],
            vec![("email", "alice@example.com,eve@evil.example")],
            vec![("email", "[\"alice@example.com\",\"eve@evil.example\"]")],
            vec![("email", "alice@example.com\r\nBcc: eve@evil.example")],
            vec![("email", "")],
            vec![],
        ] {
            let body = form(&[vec![("csrf", csrf.as_str())], fields].concat());
            browser.send(Method::POST, "/password/forgot", &[], Some(body)).await.is(400);
        }
        assert!(mailed(world, "alice@example.com").await.is_empty());
        assert!(mailed(world, "eve@evil.example").await.is_empty());
    }

    /// X165, X168, X173: no password is set without the secret of a link, whatever is sent in its place.
    async fn nothing_stands_for_the_secret(world) {
        forget(world, "alice@example.com").await;
        let browser = world.browser();
        let csrf = browser.open("/password/forgot").await.form("/password/forgot")[0].1.clone();
        let id = id(world, "alice").await;
        for token in ["", " ", "null", "0", "undefined", &id, &"A".repeat(43)] {
            for fields in [vec![("token", token), ("new_password", NEW)], vec![("token", token), ("new_password", NEW), ("username", "alice")]] {
                let body = form(&[vec![("csrf", csrf.as_str())], fields].concat());
                browser.send(Method::POST, "/password/reset", &[], Some(body)).await.is(410);
            }
            browser.open(&format!("/password/reset?token={}", token.replace(' ', "+"))).await.is(410);
        }
        let link = newest(world, "alice@example.com").await.unwrap();
        let token = link.split("token=").nth(1).unwrap();
        for fields in [vec![("token", token)], vec![("token", token), ("new_password", "")]] {
            let body = form(&[vec![("csrf", csrf.as_str())], fields].concat());
            browser.send(Method::POST, "/password/reset", &[], Some(body)).await.is(400);
        }
        let body = form(&[("csrf", "x"), ("token", token), ("new_password", NEW)]);
        browser.send(Method::POST, "/password/reset", &[], Some(body)).await.is(403);
        browser.open(&format!("/email/confirm?token={token}")).await.is(410);
        assert!(fits(world, "alice", PASSWORD).await);
    }

    /// ASVS 6.5.1: of many at once one sets its password.
    async fn of_many_at_once_one_wins(world) {
        forget(world, "alice@example.com").await;
        let link = newest(world, "alice@example.com").await.unwrap();
        let tries = (0..16).map(|n| {
            let (browser, link) = (world.browser(), link.clone());
            async move { choose(&browser, &link, &format!("velvet anchors drift {n} times")).await.status }
        });
        let statuses = futures_util::future::join_all(tries).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    }

    /// A flood of requests mails a person three times in fifteen minutes, and the answer stays the same.
    async fn nobody_is_flooded(world) {
        let first = forget(world, "alice@example.com").await;
        for _ in 0..5 {
            let more = forget(world, "alice@example.com").await;
            assert_eq!(plain(&more, "alice@example.com"), plain(&first, "alice@example.com"));
        }
        let count = async || mailed(world, "alice@example.com").await.iter().filter(|mail| mail["subject"] == RESET).count();
        assert_eq!(count().await, 3);
        world.advance(900);
        forget(world, "alice@example.com").await;
        assert_eq!(count().await, 4);
    }

    /// NIST N45: an address that is said not to be confirmed gets no link; disabled people get none.
    async fn an_unconfirmed_address_and_a_disabled_person_get_nothing(world) {
        let (api, alice) = (Api::of(world).await, id(world, "alice").await);
        api.patch(&format!("/users/{alice}"), json!({"email_verified": false})).await.is(200);
        forget(world, "alice@example.com").await.is(200);
        assert_eq!(newest(world, "alice@example.com").await, None);
        let bob = id(world, "bob").await;
        api.patch(&format!("/users/{bob}"), json!({"disabled": true})).await.is(200);
        forget(world, "bob@example.com").await.is(200);
        assert_eq!(newest(world, "bob@example.com").await, None);
    }

    /// Whoever says to have an address cannot keep its owner from their link, in whatever number.
    async fn the_owner_of_an_address_is_not_crowded_out(world) {
        let api = Api::of(world).await;
        for number in 0..6 {
            let crowd = json!({"username": format!("crowd-{number}"), "email": "dora@example.com", "email_verified": false});
            api.post("/users", crowd).await.is(201);
        }
        let owner = json!({"username": "dora", "password": PASSWORD, "email": "dora@example.com"});
        api.post("/users", owner).await.is(201);
        forget(world, "dora@example.com").await.is(200);
        choose(&world.browser(), &newest(world, "dora@example.com").await.unwrap(), NEW).await.is(200);
        assert!(fits(world, "dora", NEW).await);
        // An address that is confirmed afterwards counts from then on.
        let late = json!({"username": "late", "email": "late@example.com", "email_verified": false});
        let late = api.post("/users", late).await.is(201).json();
        api.patch(&format!("/users/{}", late["id"].as_str().unwrap()), json!({"email_verified": true})).await.is(200);
        forget(world, "late@example.com").await.is(200);
        assert!(newest(world, "late@example.com").await.is_some());
    }

    /// NIST N32: a password that failures put out of use comes back by a link; the person is told of both.
    async fn a_password_out_of_use_comes_back_by_a_link(world) {
        for _ in 0..100 {
            let browser = world.browser();
            let page = browser.open("/login").await;
            browser.log_in(&page, "alice", "wrong").await;
            world.advance(3_601);
        }
        assert!(!fits(world, "alice", PASSWORD).await);
        let told = mailed(world, "alice@example.com").await;
        assert_eq!(told.iter().filter(|mail| mail["subject"] == "Your password is out of use").count(), 1);
        forget(world, "alice@example.com").await;
        choose(&world.browser(), &newest(world, "alice@example.com").await.unwrap(), NEW).await.is(200);
        assert!(fits(world, "alice", NEW).await);
    }

    /// ASVS 6.4.1, 6.4.6: who is invited chooses their password; nobody else ever sees one.
    async fn an_invitation_lets_a_person_choose_their_password(world) {
        let api = Api::of(world).await;
        let made = api.post("/users", json!({"username": "carol", "email": "carol@example.com"})).await.is(201).json();
        let id = made["id"].as_str().unwrap();
        let answer = api.post(&format!("/users/{id}/invitation"), json!({})).await;
        assert_eq!(answer.is(204).body, "");
        let mails = mailed(world, "carol@example.com").await;
        assert_eq!(mails[0]["subject"], "Your account is ready");
        let link = link(&mails[0], &world.issuer);
        world.advance(7 * 86_400 - 60);
        let browser = world.browser();
        choose(&browser, &link, NEW).await.is(200);
        choose(&browser, &link, "marble tides over copper").await.is(410);
        assert!(fits(world, "carol", NEW).await);
        let carol = store::user::by_username(world.db(), "carol").await.unwrap().unwrap();
        assert_eq!(carol.claims["email_verified"], true);
    }

    /// Whoever has the address that was mistyped is not who was meant.
    async fn an_invitation_to_a_mistyped_address_opens_nothing_once_it_is_corrected(world) {
        let api = Api::of(world).await;
        let made = api.post("/users", json!({"username": "carol", "email": "carl@example.com"})).await.is(201).json();
        let at = format!("/users/{}", made["id"].as_str().unwrap());
        api.post(&format!("{at}/invitation"), json!({})).await.is(204);
        let mistyped = link(&mailed(world, "carl@example.com").await[0], &world.issuer);
        world.browser().open(&mistyped).await.is(200);
        api.patch(&at, json!({"email": "carol@example.com"})).await.is(200);
        choose(&world.browser(), &mistyped, NEW).await.is(410);
        assert!(!fits(world, "carol", NEW).await);
        api.post(&format!("{at}/invitation"), json!({})).await.is(204);
        choose(&world.browser(), &link(&mailed(world, "carol@example.com").await[0], &world.issuer), NEW).await.is(200);
        // The same is so of a link for a forgotten password.
        forget(world, "carol@example.com").await;
        let forgot = newest(world, "carol@example.com").await.unwrap();
        api.patch(&at, json!({"email": "caroline@example.com"})).await.is(200);
        choose(&world.browser(), &forgot, "marble tides over copper").await.is(410);
    }

    async fn nobody_is_invited_who_cannot_be(world) {
        let api = Api::of(world).await;
        let alice = id(world, "alice").await;
        api.post(&format!("/users/{alice}/invitation"), json!({})).await.problem(409);
        let made = api.post("/users", json!({"username": "dave"})).await.is(201).json();
        api.post(&format!("/users/{}/invitation", made["id"].as_str().unwrap()), json!({})).await.problem(409);
    }
}
