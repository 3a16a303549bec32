//! Every change of what somebody signs in with: with as much proof as they have, never the last way in, and never undone by
//! an older page (OWASP ASVS 5.0 6.3.3, 7.5.1; NIST SP 800-63B-4 section 4.1.2.1).

use doorward::domain::session::Session;
use doorward::protocol::acr::{MFA, PASSWORD as LEVEL};
use doorward::store;
use doorward::web::{Freshness, TABLE};
use futures_util::future::join;
use serde_json::json;

use super::{App, SESSION, add_app, add_passkey, enter, is_in, signed_in};
use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::mail::mailed;
use crate::stage::{HOME, PASSWORD};
use crate::world::{World, on_both};

/// The forms on a page that take something away, in its order.
fn removals(page: &Answer) -> Vec<String> {
    let forms = page.body.split("action=\"/account/authenticators/").skip(1);
    let paths = forms.map(|form| format!("/account/authenticators/{}", form.split('"').next().unwrap()));
    paths.filter(|path| path.ends_with("/remove")).collect()
}

async fn removal(browser: &Browser, page: &str) -> (Answer, String) {
    let page = browser.open(page).await;
    let path = removals(page.is(200)).remove(0);
    (page, path)
}

/// A browser of somebody who holds an app, signed in by the password alone, and the app.
async fn behind(world: &World) -> (Browser, App) {
    let browser = signed_in(world, "alice").await;
    let phone = add_app(world, &signed_in(world, "alice").await).await;
    (browser, phone)
}

/// The session that came first.
async fn first(world: &World) -> Session {
    let alice = store::user::by_username(world.db(), "alice").await.unwrap().unwrap();
    store::session::open_of_user(world.db(), alice.id, world.authority.now()).await.unwrap().pop().unwrap()
}

async fn password_id(world: &World) -> doorward::base::id::CredentialId {
    store::user::by_username(world.db(), "alice").await.unwrap().unwrap().password.unwrap().id
}

async fn write(world: &World, sql: &'static str) {
    world.db().write(async move |tx| tx.sql(sql).execute().await).await.unwrap();
}

on_both! {
    /// Judged before the write, both would find the other one still there.
    async fn of_two_that_go_at_once_the_needed_one_stays(world) {
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        for turn in 0..6 {
            let browser = signed_in(world, "alice").await;
            add_app(world, &browser).await;
            add_passkey(world, &browser, "key").await;
            api.patch(&format!("/users/{alice}"), json!({"required_acr": MFA})).await.ok();
            let ((one, first), (two, second)) =
                join(removal(&browser, "/account/totp"), removal(&browser, "/account/passkeys")).await;
            let (one, two) = join(browser.submit(&one, &first, &[]), browser.submit(&two, &second, &[])).await;
            let statuses = [one.status.as_u16(), two.status.as_u16()];
            assert!(statuses.contains(&303) && statuses.contains(&403), "turn {turn}: {statuses:?}");
            api.patch(&format!("/users/{alice}"), json!({"required_acr": null})).await.ok();
            for item in api.get(&format!("/users/{alice}/authenticators")).await.ok()["items"].as_array().unwrap() {
                api.delete(&format!("/users/{alice}/authenticators/{}", item["id"].as_str().unwrap())).await.is(204);
            }
        }
    }

    async fn the_last_passkey_of_somebody_without_a_password_stays(world) {
        let browser = signed_in(world, "alice").await;
        let mut key = add_passkey(world, &browser, "one").await;
        // Ids of one moment have no order.
        world.advance(1);
        add_passkey(world, &browser, "two").await;
        write(world, "UPDATE users SET password_hash = NULL, password_id = NULL WHERE username = 'alice'").await;
        let page = browser.open("/account/passkeys").await;
        let both = removals(page.is(200));
        let (one, two) = join(browser.submit(&page, &both[0], &[]), browser.submit(&page, &both[1], &[])).await;
        assert!([&one, &two].iter().any(|answer| answer.status == 303), "one of two may go");
        let refused = [&one, &two].into_iter().find(|answer| answer.status != 303).expect("the other may not");
        refused.error_page("access_denied");
        // What is left opens the account, unless it is the one whose key is forgotten here.
        let page = browser.open("/account/passkeys").await;
        let left = removals(page.is(200));
        assert_eq!(left.len(), 1);
        browser.submit(&page, &left[0], &[]).await.error_page("access_denied");
        if left[0] == both[0] {
            let fresh = world.browser();
            let page = fresh.open("/login").await;
            super::prove(world, &fresh, &mut key, (&page, "/login/passkey")).await.is(303);
            assert!(is_in(&fresh).await);
        }
    }

    async fn recovery_codes_go_with_what_they_stand_in_for(world) {
        let browser = signed_in(world, "alice").await;
        add_app(world, &browser).await;
        let (page, path) = removal(&browser, "/account/totp").await;
        let codes = browser.open("/account/recovery-codes").await;
        let (gone, made) = join(
            browser.submit(&page, &path, &[]), browser.submit(&codes, "/account/recovery-codes", &[]),
        ).await;
        gone.is(303);
        assert!(made.status == 200 || made.status == 403, "{}", made.status);
        let sql = "SELECT COUNT(*) FROM authenticators WHERE removed_at IS NULL";
        assert_eq!(world.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap(), 0);
    }

    /// Every page where something changes that a person signs in with, or where their mail goes.
    async fn whoever_holds_a_factor_changes_nothing_without_it(world) {
        let (browser, phone) = behind(world).await;
        let routes = TABLE.iter().filter(|route| route.freshness == Freshness::WithSecondFactor);
        let account = browser.get("/account").await;
        let fields = account.form("/account/sessions/end");
        let (_, csrf) = fields.iter().find(|(name, _)| name == "csrf").unwrap();
        let mut seen = 0;
        for route in routes {
            let path = route.path.replace("{id}", "00000000-0000-7000-8000-000000000000");
            let typed = [("csrf", csrf.as_str()), ("email", "new@example.org"), ("current_password", PASSWORD),
                         ("new_password", "velvet anchors drift quietly"), ("provider", "idp")];
            let answer = if route.method == "GET" { browser.get(&path).await } else { browser.post(&path, &typed).await };
            let there = answer.is(303).location();
            assert_eq!(there.path(), "/login/factor", "{} {path}", route.method);
            seen += 1;
        }
        assert!(seen >= 15, "{seen}");
        let credentials = ["/password", "/email", "/totp", "/recovery-codes", "/passkeys", "/authenticators", "/identities/"];
        for route in TABLE.iter().filter(|route| credentials.iter().any(|part| route.path.starts_with(&format!("/account{part}")))) {
            assert_eq!(route.freshness, Freshness::WithSecondFactor, "{} {}", route.method, route.path);
        }
        let subjects: Vec<_> = mailed(world, "alice@example.com").await.into_iter().map(|mail| mail["subject"].clone()).collect();
        assert!(!json!(subjects).to_string().contains("password") && mailed(world, "new@example.org").await.is_empty());
        // With it, the way leads back.
        let page = browser.open("/account/password").await;
        assert_eq!(page.is(200).url.path(), "/login/factor");
        let answer = enter(&browser, &page, &phone.code(world)).await;
        assert_eq!(answer.is(303).location().path(), "/account/password");
        browser.get("/account/password").await.is(200);
    }

    /// The page for a second factor was opened under the old password, which took its leave meanwhile.
    async fn an_older_page_does_not_bring_back_a_password(world) {
        let (browser, phone) = behind(world).await;
        world.app("app").await;
        let old = password_id(world).await;
        let essential = json!({"id_token": {"acr": {"essential": true, "value": MFA}}}).to_string();
        let page = browser.authorize("app", &[("claims", &essential)]).await;
        assert_eq!(page.is(200).url.path(), "/login/factor");
        // Elsewhere the password is changed, and this session may go on.
        let other = world.browser();
        let login = other.open("/login").await;
        let half = other.log_in(&login, "alice", PASSWORD).await;
        let half = other.follow(half).await;
        enter(&other, &half, &phone.code(world)).await.is(303);
        world.advance(30);
        let change = other.open("/account/password").await;
        let typed = [("current_password", PASSWORD), ("new_password", "velvet anchors drift quietly")];
        assert!(other.submit(&change, "/account/password", &typed).await.is(200).body.contains("was changed"));
        let new = password_id(world).await;
        assert_ne!(old, new);
        let answer = enter(&browser, &page, &phone.code(world)).await;
        browser.follow(answer).await.home(HOME);
        let proof = first(world).await.authentication.unwrap();
        assert!(proof.acr == MFA && proof.credentials.contains(&new) && !proof.credentials.contains(&old), "{proof:?}");
        // So what ends what came from the password ends it.
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        api.put(&format!("/users/{alice}/password"), json!({"password": "marble tides over copper"})).await.is(204);
        assert!(!is_in(&browser).await);
    }

    /// Nor does it add to a session what was taken away meanwhile.
    async fn what_was_removed_meanwhile_raises_nothing(world) {
        let (browser, phone) = behind(world).await;
        world.app("app").await;
        let essential = json!({"id_token": {"acr": {"essential": true, "value": MFA}}}).to_string();
        let page = browser.authorize("app", &[("claims", &essential)]).await;
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        let held = api.get(&format!("/users/{alice}/authenticators")).await.ok();
        api.delete(&format!("/users/{alice}/authenticators/{}", held["items"][0]["id"].as_str().unwrap())).await.is(204);
        let secret = browser.cookie(SESSION).unwrap();
        let answer = enter(&browser, &page, &phone.code(world)).await;
        assert_eq!(answer.is(303).location().path(), "/login", "there is nothing left to ask for");
        assert_eq!(browser.cookie(SESSION).unwrap(), secret);
        assert_eq!(first(world).await.authentication.unwrap().acr, LEVEL);
    }
}
