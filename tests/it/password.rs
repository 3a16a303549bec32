//! The person changes their password, or must.

use doorward::store;
use serde_json::json;

use crate::admin::Api;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::mail::mailed;
use crate::stage::PASSWORD;
use crate::world::{World, on_both};

pub const NEW: &str = "velvet anchors drift quietly";
const SESSION: &str = "doorward-session";

pub async fn id(world: &World, username: &str) -> String {
    store::user::by_username(world.db(), username).await.unwrap().unwrap().id.to_string()
}

async fn change(browser: &Browser, current: &str, new: &str, others: &[(&str, &str)]) -> Answer {
    let page = browser.open("/account/password").await;
    let fields = [&[("current_password", current), ("new_password", new)], others].concat();
    browser.submit(&page, "/account/password", &fields).await
}

/// Whether this password lets alice in.
async fn fits(world: &World, password: &str) -> bool {
    let browser = world.browser();
    let page = browser.open("/login").await;
    let answer = browser.log_in(&page, "alice", password).await;
    answer.status == 303 && answer.location().path() == "/account"
}

async fn subjects(world: &World) -> Vec<String> {
    let mails = mailed(world, "alice@example.com").await;
    mails.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    /// ASVS 6.2.2, 6.2.3, 6.3.7, 7.2.4, 7.4.3.
    async fn is_changed_and_ends_the_others_when_the_person_says_so(world) {
        let app = world.app("app").await;
        let (other, tokens) = world.signed_in(&app).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let before = browser.cookie(SESSION).unwrap();
        let answer = change(&browser, PASSWORD, NEW, &[("end_others", "yes")]).await;
        assert!(answer.is(200).body.contains("Your password was changed."));
        assert_ne!(browser.cookie(SESSION).unwrap(), before, "a new secret");
        browser.get("/account").await.is(200);
        assert!(browser.get("/account").await.body.contains("You changed your password"));
        assert_eq!(other.get("/account").await.is(303).location().path(), "/login");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert!(other.open("/login").await.body.contains("because your password was changed"));
        assert!(!fits(world, PASSWORD).await && fits(world, NEW).await);
        assert_eq!(subjects(world).await.iter().filter(|subject| *subject == "Your password was changed").count(), 1);
    }

    /// ASVS 7.4.3: the others go on where the person wants it, and still end with the new password.
    async fn leaves_the_others_when_the_person_wants_it(world) {
        let app = world.app("app").await;
        let (other, tokens) = world.signed_in(&app).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        change(&browser, PASSWORD, NEW, &[]).await.is(200);
        other.get("/account").await.is(200);
        let refreshed = app.refresh(&tokens.refresh).await.ok();
        let refresh = refreshed["refresh_token"].as_str().unwrap();
        let api = Api::of(world).await;
        let id = id(world, "alice").await;
        api.put(&format!("/users/{id}/password"), json!({"password": "copper lanterns over marshland"})).await.is(204);
        for gone in [&browser, &other] {
            assert_eq!(gone.get("/account").await.is(303).location().path(), "/login");
        }
        app.refresh(refresh).await.refused("invalid_grant");
    }

    /// ASVS 6.2.3, 6.3.1, NIST N32: the current password is wanted, under the counters of the sign-in.
    async fn is_not_changed_without_the_current_one(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for _ in 0..5 {
            assert!(change(&browser, "wrong", NEW, &[]).await.is(403).body.contains("That is not your current password."));
        }
        let answer = change(&browser, PASSWORD, NEW, &[]).await;
        assert_eq!(answer.is(429).header("retry-after"), Some("31"));
        assert!(!fits(world, NEW).await);
        world.advance(31);
        change(&browser, PASSWORD, NEW, &[]).await.is(200);
    }

    /// ASVS 6.2.4, 6.2.11, NIST N16, N17: every reason is told, and nothing changes.
    async fn a_weak_one_is_refused_with_the_reason(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for (new, why) in [
            ("fourteen chars", "must have at least 15 characters"),
            ("passwordpassword", "is on the list of common passwords"),
            ("alice@example.com", "most of it is the user name"),
            ("Summer2020Summer2020", "common words, names, dates or patterns"),
            (PASSWORD, "must be another one than before"),
            ("", "must have at least 15 characters"),
        ] {
            let answer = change(&browser, PASSWORD, new, &[]).await;
            assert!(answer.is(400).body.contains(why), "{new}: {}", answer.body);
        }
        assert!(fits(world, PASSWORD).await);
    }

    /// ASVS 7.5.1: not without a fresh proof, and not by a page of somebody else.
    async fn wants_a_fresh_proof_and_our_own_form(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.open("/account/password").await;
        world.advance(301);
        let answer = browser.submit(&page, "/account/password", &[("current_password", PASSWORD), ("new_password", NEW)]).await;
        assert_eq!(answer.is(303).location().path(), "/login");
        assert!(fits(world, PASSWORD).await);
        let fields = [("csrf", "x"), ("current_password", PASSWORD), ("new_password", NEW)];
        let fresh = world.browser();
        fresh.sign_in("alice").await;
        fresh.post("/account/password", &fields).await.is(403);
        assert_eq!(world.browser().get("/account/password").await.is(303).location().path(), "/login");
    }

    /// NIST N12, ASVS 6.4.1: a password that must be changed opens nothing but the page for another one.
    async fn a_forced_change_comes_before_everything(world) {
        let app = world.app("app").await;
        let (old, tokens) = world.signed_in(&app).await;
        let (api, id) = (Api::of(world).await, id(world, "alice").await);
        let changed = api.patch(&format!("/users/{id}"), json!({"must_change_password": true})).await;
        assert_eq!(changed.ok()["must_change_password"], true);
        assert_eq!(old.get("/account").await.is(303).location().path(), "/login");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        let browser = world.browser();
        let page = browser.authorize("app", &[]).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.url.path(), "/password/reset");
        assert_eq!(browser.cookie(SESSION), None);
        let same = browser.submit(&page, "/password/reset", &[("new_password", PASSWORD)]).await;
        assert!(same.is(400).body.contains("another one than before"));
        let done = browser.submit(&page, "/password/reset", &[("new_password", NEW)]).await;
        assert!(done.is(200).body.contains("Your new password is set") && done.body.contains("login?request="));
        browser.submit(&page, "/password/reset", &[("new_password", "marble tides over copper")]).await.is(410);
        assert!(fits(world, NEW).await && !fits(world, PASSWORD).await);
        assert_eq!(api.get(&format!("/users/{id}")).await.ok()["must_change_password"], false);
        assert!(subjects(world).await.contains(&"You will be asked for a new password".to_owned()));
    }

    /// ASVS 6.2.10: nothing forces a change with time.
    async fn a_password_never_expires(world) {
        world.advance(10 * 366 * 86_400);
        world.authority.db.ping().await.unwrap();
        assert!(fits(world, PASSWORD).await);
    }

    /// ASVS 6.3.7: a password that an admin sets, and one that failures put out of use, are told.
    async fn what_others_do_to_it_is_told(world) {
        let (api, id) = (Api::of(world).await, id(world, "alice").await);
        api.put(&format!("/users/{id}/password"), json!({"password": NEW})).await.is(204);
        assert_eq!(subjects(world).await, ["Your password was set by an administrator"]);
    }
}
