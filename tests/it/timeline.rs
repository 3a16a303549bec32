//! The timeline of a session: what it tells, and how little room that takes.

use serde_json::json;

use crate::client::{Tokens, claims};
use crate::stage::HOME;
use crate::world::{World, on_both};

async fn count(world: &World, event: &'static str) -> i64 {
    let sql = "SELECT COUNT(*) FROM session_events WHERE event = $1";
    world.db().read().await.unwrap().sql(sql).bind(event).scalar().await.unwrap()
}

on_both! {
    async fn traffic_is_told_once_an_hour(world) {
        let app = world.client("app", json!({"skip_consent": true, "token_endpoint_auth_method": "none"})).await;
        let (browser, mut tokens) = world.signed_in(&app).await;
        for _ in 0..36 {
            world.advance(300);
            let used = tokens.refresh.clone();
            tokens = Tokens::of(app.refresh(&used).await.ok());
            // A request that was repeated, and a page that looks whether it is still signed in.
            app.refresh(&used).await.ok();
            browser.authorize("app", &[("prompt", "none")]).await.home(HOME);
            browser.get("/account").await.is(200);
        }
        for event in ["granted", "refreshed", "retried"] {
            let told = count(world, event).await;
            assert!((2..=4).contains(&told), "three hours of {event} are told {told} times");
        }
        assert_eq!(count(world, "replaced").await, 0);
    }

    async fn lost_answers_are_told_once_an_hour(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        for _ in 0..20 {
            world.advance(30);
            app.refresh(&tokens.refresh).await.ok();
        }
        assert_eq!((count(world, "refreshed").await, count(world, "replaced").await), (1, 1));
    }

    async fn an_admin_reads_what_happened_and_where(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        app.refresh(&tokens.refresh).await.ok();
        let sid = claims(&tokens.access)["sid"].as_str().unwrap().parse().unwrap();
        let shown = doorward::flows::admin::session::show(&world.authority, sid).await.ok().unwrap();
        let shown = serde_json::to_value(shown).unwrap();
        let told = shown["timeline"].as_array().unwrap();
        assert_eq!((&told[0]["event"], &told[0]["address"]), (&"created".into(), &"127.0.0.1".into()));
        let events: Vec<_> = told.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
        for event in ["new_device", "granted", "refreshed"] {
            assert!(events.contains(&event), "{events:?}");
        }
    }

    async fn what_a_newer_version_wrote_is_passed_over(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let unheard = async |tx: &mut doorward::store::db::Tx| {
            tx.sql("UPDATE session_events SET event = 'unheard_of' WHERE event = 'new_device'").execute().await
        };
        world.db().write(unheard).await.unwrap();
        assert!(browser.get("/account").await.is(200).body.contains("Signed in"));
    }
}
