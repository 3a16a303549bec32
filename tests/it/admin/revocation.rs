//! `/api/v1/revocations`, the search for sessions, and their statistics.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, column, fields, id_of};
use crate::client::{Client, claims};
use crate::stage::PASSWORD;
use crate::world::{World, on_both};

fn sid(token: &str) -> String {
    claims(token)["sid"].as_str().unwrap().to_owned()
}

async fn keeper(world: &World) -> Client {
    world.client("keeper", json!({"scope": "openid offline_access"})).await
}

on_both! {
    async fn a_password_takes_what_came_from_it_and_nothing_else(world) {
        let (api, app, keeper) = (Api::of(world).await, world.app("app").await, keeper(world).await);
        let alice = id_of(&api, "alice").await;
        let browser = world.browser();
        let old = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let offline = keeper.tokens(&browser.code("keeper", "alice", "openid offline_access").await).await;
        let bobs = app.tokens(&world.browser().code("app", "bob", "openid").await).await;
        let password = json!({"scope": "credential", "user_id": alice, "credential_id": "password", "reason": "password_changed"});
        let seen = api.post("/revocations/preview", password).await.ok();
        assert_eq!((&seen["sessions"], &seen["people"], &seen["families"]), (&json!(2), &json!(1), &json!(2)));
        let shown = api.get(&format!("/sessions/{}", sid(&old.access))).await.ok();
        let credential = shown["credentials"][0].clone();
        assert_eq!(shown["grants"][0]["credentials"], json!([credential]));
        assert_eq!(api.get(&format!("/sessions/{}", sid(&offline.access))).await.ok()["credentials"], json!([credential]));

        api.put(&format!("/users/{alice}/password"), json!({"password": format!("{PASSWORD} again")})).await.is(204);
        let told = app.refresh(&old.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: password_changed");
        keeper.refresh(&offline.refresh).await.refused("invalid_grant");
        app.refresh(&bobs.refresh).await.ok();

        let page = browser.open("/login").await;
        browser.log_in(&page, "alice", &format!("{PASSWORD} again")).await.is(303);
        let mine = api.get(&format!("/sessions?user_id={alice}&state=live")).await.ok();
        assert_ne!(mine["items"][0]["credentials"][0], credential, "a changed password is another one");
        let gone = json!({"scope": "credential", "user_id": alice, "credential_id": credential});
        assert_eq!(api.post("/revocations", gone).await.ok()["sessions"], 0);
        assert_eq!(column(&api.get(&format!("/sessions?user_id={alice}&state=live")).await.ok(), "sid").len(), 1);
    }

    async fn a_preview_shows_what_the_end_then_does_and_does_nothing(world) {
        let (api, app, keeper) = (Api::of(world).await, world.app("app").await, keeper(world).await);
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let offline = keeper.tokens(&browser.code("keeper", "alice", "openid offline_access").await).await;
        let alice = id_of(&api, "alice").await;
        let session = sid(&tokens.access);
        let grant = api.get(&format!("/sessions/{session}")).await.ok()["grants"][0]["id"].clone();
        let bodies = [
            json!({"scope": "grant", "grant_id": grant}),
            json!({"scope": "grant", "sid": session, "client_id": "app"}),
            json!({"scope": "grant", "user_id": alice, "client_id": "keeper"}),
            json!({"scope": "client", "client_id": "keeper"}),
            json!({"scope": "filter", "filter": {"user_id": alice, "network": "127.0.0.0/8"}}),
            json!({"scope": "session", "sid": session}),
            json!({"scope": "user", "user_id": alice}),
        ];
        for body in &bodies {
            let seen = api.post("/revocations/preview", body.clone()).await.ok();
            assert_eq!(api.post("/revocations/preview", body.clone()).await.ok(), seen, "{body}");
        }
        app.userinfo(&tokens.access).await.ok();
        for body in bodies {
            let seen = api.post("/revocations/preview", body.clone()).await.ok();
            let live = api.get(&format!("/sessions?user_id={alice}&state=live")).await.ok();
            assert_eq!(api.post("/revocations", body.clone()).await.ok(), seen, "{body}");
            let left = api.get(&format!("/sessions?user_id={alice}&state=live")).await.ok();
            let ended = column(&live, "sid").len() - column(&left, "sid").len();
            assert_eq!(seen["sessions"], json!(ended), "{body}");
            assert_eq!(seen["sids"].as_array().unwrap().len(), ended, "{body}");
            let nothing = api.post("/revocations/preview", body.clone()).await.ok();
            assert_eq!((&nothing["sessions"], &nothing["grants"], &nothing["sids"]), (&json!(0), &json!(0), &json!([])), "{body}");
        }
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        keeper.refresh(&offline.refresh).await.refused("invalid_grant");
    }

    async fn one_grant_ends_and_the_session_goes_on(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (browser, tokens) = world.signed_in(&app).await;
        let other = world.app("other").await;
        let others = other.tokens(&browser.code("other", "alice", "openid").await).await;
        let body = json!({"scope": "grant", "sid": sid(&tokens.access), "client_id": "app", "reason": "policy"});
        let seen = api.post("/revocations", body).await.ok();
        assert_eq!((&seen["sessions"], &seen["grants"], &seen["clients"], &seen["people"]), (&json!(0), &json!(1), &json!(1), &json!(1)));
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "grant ended: policy");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        other.refresh(&others.refresh).await.ok();
        browser.get("/account").await.is(200);
        let timeline = api.get(&format!("/sessions/{}", sid(&tokens.access))).await.ok()["timeline"].clone();
        let revoked = timeline.as_array().unwrap().iter().find(|event| event["event"] == "revoked").unwrap();
        assert_eq!((&revoked["reason"], &revoked["client_id"]), (&json!("policy"), &json!("app")));
    }

    async fn what_cannot_be_meant_is_named(world) {
        let api = Api::of(world).await;
        let nobody = "00000000-0000-7000-8000-000000000000";
        for path in ["/revocations", "/revocations/preview"] {
            for (body, wrong) in [
                (json!({}), "scope"),
                (json!({"scope": "everything"}), "scope"),
                (json!({"scope": "session", "sid": "x"}), "sid"),
                (json!({"scope": "filter", "filter": {}}), "filter"),
                (json!({"scope": "filter", "filter": {"country": "Peru"}}), "filter.country"),
                (json!({"scope": "client", "client_id": "app", "why": "x"}), "why"),
                (json!({"scope": "client", "client_id": "app", "reason": "boredom"}), "reason"),
            ] {
                assert_eq!(fields(&api.post(path, body.clone()).await, 400)[0], wrong, "{body}");
            }
            let seen = api.post(path, json!({"scope": "user", "user_id": nobody})).await.ok();
            assert_eq!(seen["sessions"], 0, "what is not there touches nothing");
            let body = json!({"scope": "credential", "user_id": nobody, "credential_id": "password"});
            api.post(path, body).await.problem(404);
        }
    }

    async fn sessions_are_found_by_where_and_when(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (_, tokens) = world.signed_in(&app).await;
        let begun = api.get(&format!("/sessions/{}", sid(&tokens.access))).await.ok()["created_at"].as_str().unwrap().to_owned();
        world.advance(100);
        let bobs = app.tokens(&world.browser().code("app", "bob", "openid").await).await;
        let later = api.get(&format!("/sessions/{}", sid(&bobs.access))).await.ok()["created_at"].as_str().unwrap().to_owned();
        let (alices, bobs) = (sid(&tokens.access), sid(&bobs.access));
        for (query, found) in [
            ("network=127.0.0.1".to_owned(), vec![&bobs, &alices]),
            ("network=127.0.0.0/8&state=live".into(), vec![&bobs, &alices]),
            ("network=10.0.0.0/8".into(), vec![]),
            ("network=Example%20Telecom".into(), vec![]),
            ("country=CH".into(), vec![]),
            (format!("client_id=app&created_before={later}"), vec![&alices]),
            (format!("client_id=app&created_after={later}"), vec![&bobs]),
            (format!("client_id=app&created_after={begun}&created_before={later}"), vec![&alices]),
            (format!("client_id=app&active_before={later}"), vec![&alices]),
            (format!("client_id=app&active_after={later}"), vec![&bobs]),
            ("client_id=app&device=00000000-0000-7000-8000-000000000000".into(), vec![]),
            ("client_id=app&end_reason=logout".into(), vec![]),
        ] {
            let page = api.get(&format!("/sessions?{query}")).await.ok();
            assert_eq!(column(&page, "sid").iter().collect::<Vec<_>>(), found, "{query}");
        }
        let old = json!({"scope": "filter", "filter": {"client_id": "app", "created_before": later}, "reason": "policy"});
        let seen = api.post("/revocations/preview", old.clone()).await.ok();
        assert_eq!((&seen["sessions"], &seen["sids"]), (&json!(1), &json!([alices])));
        api.post("/revocations", old).await.ok();
        assert_eq!(column(&api.get("/sessions?end_reason=policy").await.ok(), "sid"), [alices.as_str()]);
        world.advance(3_700);
        let api = Api::with(world, &super::token(&super::administration(world, "second").await, "admin").await);
        assert_eq!(column(&api.get("/sessions?end_reason=idle").await.ok(), "sid"), [bobs], "before anybody wrote it down");
        for (query, wrong) in [
            ("network=", "network"),
            ("country=ch", "country"),
            ("device=x", "device"),
            ("created_after=now", "created_after"),
            ("created_before=2026-02-30T00:00:00Z", "created_before"),
            ("end_reason=x", "end_reason"),
            ("kind=person", "kind"),
        ] {
            assert_eq!(fields(&api.get(&format!("/sessions?{query}")).await, 400), [wrong], "{query}");
        }
    }

    async fn a_session_shows_where_it_came_from(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (_, tokens) = world.signed_in(&app).await;
        let shown = api.get(&format!("/sessions/{}", sid(&tokens.access))).await.ok();
        assert_eq!(shown["credentials"].as_array().unwrap().len(), 1);
        for member in ["network", "country", "device", "upstream"] {
            assert!(shown.get(member).is_some(), "{member}");
        }
        let machine = api.get("/sessions?client_id=administration").await.ok();
        assert_eq!(machine["items"][0]["credentials"], json!([]));
    }

    async fn sessions_are_counted_hour_by_hour(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (_, tokens) = world.signed_in(&app).await;
        world.signed_in(&app).await;
        api.delete(&format!("/sessions/{}", sid(&tokens.access))).await.is(204);
        let now = api.get("/sessions/statistics").await.ok();
        assert_eq!(now["live"], json!({"person": 1, "offline": 0, "machine": 1}));
        let hours = now["hours"].as_array().unwrap();
        assert_eq!(hours.len(), 24);
        assert_eq!(hours[23]["created"], json!({"person": 2, "offline": 0, "machine": 1}));
        assert_eq!(hours[23]["ended"], json!({"admin": 1}));
        assert_eq!(hours[22]["created"]["person"], 0);

        world.advance(3 * 3_600);
        world.jobs().await;
        let api = Api::with(world, &super::token(&super::administration(world, "second").await, "admin").await);
        let sum = |answer: &Value, pick: &dyn Fn(&Value) -> i64| answer["hours"].as_array().unwrap().iter().map(pick).sum::<i64>();
        let ended = |reason: &'static str| move |hour: &Value| hour["ended"][reason].as_i64().unwrap_or(0);
        let before = api.get("/sessions/statistics?hours=5").await.ok();
        assert_eq!((sum(&before, &ended("admin")), sum(&before, &ended("idle"))), (1, 1));
        assert_eq!(sum(&before, &|hour| hour["created"]["person"].as_i64().unwrap()), 2);
        doorward::flows::statistics::keep(&world.authority).await.unwrap();
        let kept: i64 = world.db().read().await.unwrap().sql("SELECT COUNT(*) FROM session_counts").scalar().await.unwrap();
        assert!(kept > 0);
        let after = api.get("/sessions/statistics?hours=5").await.ok();
        assert_eq!(after["hours"].as_array().unwrap()[..4], before["hours"].as_array().unwrap()[..4], "kept as it was counted");
        for (query, wrong) in [("hours=0", "hours"), ("hours=169", "hours"), ("hours=x", "hours"), ("limit=5", "limit"), ("days=1", "days")] {
            assert_eq!(fields(&api.get(&format!("/sessions/statistics?{query}")).await, 400), [wrong], "{query}");
        }
    }

    async fn a_reader_looks_and_does_not_end(world) {
        let api = Api::of(world).await;
        let audience = format!("{}/api/v1", world.issuer);
        let reader = world.machine("reader", json!({"scope": "admin.read", "allowed_resources": [audience]})).await;
        let look = Api::with(world, &super::token(&reader, "admin.read").await);
        look.get("/sessions/statistics").await.ok();
        let body = json!({"scope": "user", "user_id": id_of(&api, "alice").await});
        look.call(Method::POST, "/revocations", None, Some(body)).await.problem(403);
    }
}
