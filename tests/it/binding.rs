//! The secret of the session's cookie after it was renewed: tabs, lost answers, thieves (OWASP ASVS 5.0 7.2.4).

use reqwest::Method;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::stage::{Engine, PASSWORD};
use crate::world::{Setting, World, on_both};

const SESSION: &str = "doorward-session";

/// Proves again in an open session: the cookie gets a new secret.
async fn prove_again(browser: &Browser) {
    let page = browser.get("/login?switch=1").await;
    browser.log_in(&page, "alice", PASSWORD).await.is(303);
}

/// As [`prove_again`], but the answer with the cookie never arrives.
async fn prove_again_in_vain(browser: &Browser) -> String {
    let old = browser.cookie(SESSION).unwrap();
    prove_again(browser).await;
    let lost = browser.cookie(SESSION).unwrap();
    browser.set_cookie(SESSION, &old);
    lost
}

async fn gateway(browser: &Browser) -> Answer {
    browser.send(Method::GET, "/gateway/check", &[], None).await
}

/// What the login page says to somebody whose session is over.
async fn farewell(browser: &Browser) -> String {
    assert_eq!(browser.get("/account").await.is(303).location().path(), "/login");
    browser.get("/login").await.is(200).body.clone()
}

/// The entries of the only session's timeline.
async fn timeline(world: &World) -> Vec<String> {
    let sql = "SELECT event FROM session_events ORDER BY at, id";
    let rows = world.db().read().await.unwrap().sql(sql).all::<(String,)>().await.unwrap();
    rows.into_iter().map(|(event,)| event).collect()
}

on_both! {
    async fn tabs_that_are_under_way_are_served(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let tab = browser.stolen();
        prove_again(&browser).await;
        browser.get("/account").await.is(200);
        world.advance(9);
        tab.get("/account").await.is(200);
        gateway(&tab).await.is(200);
        browser.get("/account").await.is(200);
    }

    async fn an_old_secret_later_is_a_thief_s(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let thief = browser.stolen();
        prove_again(&browser).await;
        browser.get("/account").await.is(200);
        world.advance(10);
        gateway(&thief).await.is(401);
        // Both are out, and both are told.
        for one in [&browser, &thief] {
            let page = farewell(one).await;
            assert!(page.contains("an old copy of this browser’s sign-in was used"), "{page}");
        }
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: theft");
        let entries = timeline(world).await;
        assert!(entries.contains(&"cookie_reused".into()) && entries.contains(&"ended".into()), "{entries:?}");
        // Told once.
        assert!(!browser.get("/login").await.body.contains("old copy"));
    }

    async fn a_lost_answer_logs_nobody_out(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let lost = prove_again_in_vain(&browser).await;
        world.advance(60);
        // The gateway has no way to give another one.
        gateway(&browser).await.is(200);
        let old = browser.cookie(SESSION).unwrap();
        browser.get("/account").await.is(200);
        let new = browser.cookie(SESSION).unwrap();
        assert!(new != old && new != lost, "the page gave another secret");
        world.advance(60);
        browser.get("/account").await.is(200);
        assert_eq!(browser.cookie(SESSION).unwrap(), new);
        let sql = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL";
        assert_eq!(world.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap(), 1);
    }

    async fn of_two_with_one_old_secret_one_is_found_out(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let thief = browser.stolen();
        prove_again_in_vain(&browser).await;
        world.advance(60);
        thief.get("/account").await.is(200);
        thief.get("/account").await.is(200);
        world.advance(60);
        assert!(farewell(&browser).await.contains("old copy"));
        assert_eq!(thief.get("/account").await.is(303).location().path(), "/login");
    }

    async fn whoever_took_the_lost_answer_is_found_out(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let lost = prove_again_in_vain(&browser).await;
        world.advance(60);
        browser.get("/account").await.is(200);
        let thief = world.browser();
        thief.set_cookie(SESSION, &lost);
        assert!(farewell(&thief).await.contains("old copy"));
        assert!(farewell(&browser).await.contains("old copy"));
    }

    async fn what_is_older_than_old_is_nobody_s(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let first = browser.stolen();
        prove_again(&browser).await;
        prove_again(&browser).await;
        gateway(&first).await.is(401);
        assert!(!first.get("/login").await.is(200).body.contains("old copy"));
        browser.get("/account").await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strict_profile_has_no_patience() {
    let change: fn(&mut doorward::domain::policy::Policy) =
        |policy| policy.watching.cookie_window = doorward::base::duration::Duration::ZERO;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = World::with(engine, Setting { change, ..Setting::default() }).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let tab = browser.stolen();
        prove_again(&browser).await;
        browser.get("/account").await.is(200);
        assert!(farewell(&tab).await.contains("old copy"));
        world.finish().await;
    }
}
