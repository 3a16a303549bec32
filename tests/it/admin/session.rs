//! `/api/v1/sessions` and the sessions of a person.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Api, administration, column, fields, id_of, token};
use crate::client::{Client, claims};
use crate::world::{World, on_both};

const NOBODY: &str = "/sessions/00000000-0000-7000-8000-000000000000";

/// A client that may be left a session, and one that may not.
async fn clients(world: &World) -> (Client, Client) {
    (world.client("keeper", json!({"scope": "openid offline_access"})).await, world.app("app").await)
}

fn sid(token: &str) -> String {
    claims(token)["sid"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_session_shows_who_when_and_what(world) {
        let (api, (keeper, app)) = (Api::of(world).await, clients(world).await);
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid email").await).await;
        world.advance(5);
        let offline = keeper.tokens(&browser.code("keeper", "alice", "openid offline_access").await).await;
        let (id, found) = (sid(&tokens.access), api.get(&format!("/sessions/{}", sid(&tokens.access))).await.ok());
        assert_eq!((&found["sid"], &found["kind"], &found["state"]), (&json!(id), &json!("person"), &json!("live")));
        assert_eq!((&found["user_id"], &found["amr"]), (&json!(id_of(&api, "alice").await), &json!(["pwd"])));
        assert_eq!(found["client_ids"], json!(["app", "keeper"]));
        assert_eq!(found["address"], "127.0.0.1");
        for time in ["created_at", "last_active_at", "idle_end", "absolute_end", "auth_time"] {
            assert!(found[time].as_str().is_some_and(|text| text.ends_with('Z')), "{time}: {found}");
        }
        for none in ["origin", "ended_at", "end_reason", "end_initiator"] {
            assert_eq!(found.get(none), Some(&Value::Null), "{none}");
        }
        let grant = &found["grants"][0];
        assert_eq!((&grant["client_id"], &grant["scope"], &grant["end_reason"]), (&json!("app"), &json!("openid email"), &Value::Null));
        let events: Vec<_> = found["timeline"].as_array().unwrap().iter().map(|event| event["event"].clone()).collect();
        assert_eq!(events[..3], ["created", "new_device", "granted"]);
        assert_eq!((&found["new_device"], &found["mark"], &found["country"]), (&json!(true), &Value::Null, &Value::Null));
        let left = api.get(&format!("/sessions/{}", sid(&offline.access))).await.ok();
        assert_eq!((&left["kind"], &left["origin"], &left["idle_end"]), (&json!("offline"), &json!(id), &Value::Null));
    }

    async fn a_list_shows_neither_grants_nor_timelines_and_is_narrowed(world) {
        let (api, (_, app)) = (Api::of(world).await, clients(world).await);
        let (_, tokens) = world.signed_in(&app).await;
        world.advance(1);
        let bobs = app.tokens(&world.browser().code("app", "bob", "openid").await).await;
        let (alice, bob) = (id_of(&api, "alice").await, id_of(&api, "bob").await);
        let page = api.get(&format!("/sessions?user_id={alice}")).await.ok();
        assert_eq!(column(&page, "sid"), [sid(&tokens.access)]);
        assert!(page["items"][0].get("grants").is_none() && page["items"][0].get("timeline").is_none());
        assert_eq!(page["items"][0]["client_ids"], json!(["app"]));
        assert_eq!(column(&api.get("/sessions?client_id=app").await.ok(), "sid"), [sid(&bobs.access), sid(&tokens.access)]);
        assert_eq!(column(&api.get("/sessions?client_id=administration").await.ok(), "kind"), ["machine"]);
        api.delete(&format!("/sessions/{}", sid(&bobs.access))).await.is(204);
        assert_eq!(column(&api.get(&format!("/sessions?user_id={bob}&state=ended")).await.ok(), "sid"), [sid(&bobs.access)]);
        assert!(column(&api.get(&format!("/sessions?user_id={bob}&state=live")).await.ok(), "sid").is_empty());
        assert_eq!(column(&api.get(&format!("/users/{alice}/sessions")).await.ok(), "sid"), [sid(&tokens.access)]);
    }

    async fn an_admin_ends_a_session_and_everything_on_it(world) {
        let (api, (keeper, app)) = (Api::of(world).await, clients(world).await);
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let offline = keeper.tokens(&browser.code("keeper", "alice", "openid offline_access").await).await;
        let path = format!("/sessions/{}", sid(&tokens.access));
        for _ in 0..2 {
            let answer = api.call(Method::DELETE, &path, None, Some(json!({"reason": "theft"}))).await;
            assert_eq!(answer.is(204).body, "");
        }
        api.delete(&path).await.is(204);
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: theft");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        app.gateway(&tokens.access).await.is(401);
        browser.get("/account").await.is(303);
        keeper.refresh(&offline.refresh).await.refused("invalid_grant");
        let found = api.get(&path).await.ok();
        assert_eq!((&found["state"], &found["end_reason"], &found["end_initiator"]), (&json!("ended"), &json!("theft"), &json!("admin")));
        let last = found["timeline"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["event"], &last["reason"], &last["at"]), (&json!("ended"), &json!("theft"), &found["ended_at"]));
        assert_eq!(found["grants"][0]["end_reason"], "theft");
    }

    async fn an_admins_end_reaches_offline_sessions_whatever_it_is_called(world) {
        let (api, (keeper, _)) = (Api::of(world).await, clients(world).await);
        let browser = world.browser();
        let offline = keeper.tokens(&browser.code("keeper", "alice", "openid offline_access").await).await;
        let origin = api.get(&format!("/sessions/{}", sid(&offline.access))).await.ok()["origin"].as_str().unwrap().to_owned();
        api.call(Method::DELETE, &format!("/sessions/{origin}"), None, Some(json!({"reason": "logout"}))).await.is(204);
        keeper.refresh(&offline.refresh).await.refused("invalid_grant");
    }

    async fn an_end_that_cannot_be_is_named(world) {
        let (api, (_, app)) = (Api::of(world).await, clients(world).await);
        let (_, tokens) = world.signed_in(&app).await;
        let path = format!("/sessions/{}", sid(&tokens.access));
        for (body, wrong) in [
            (json!({"reason": "because"}), "reason"),
            (json!({"reason": ""}), "reason"),
            (json!({"reason": 5}), "reason"),
            (json!({"why": "x"}), "why"),
        ] {
            let answer = api.call(Method::DELETE, &path, None, Some(body.clone())).await;
            assert_eq!(fields(&answer, 400), [wrong], "{body}");
        }
        api.raw(Method::DELETE, &path, HeaderMap::new(), b"{}".to_vec()).await.problem(415);
        for path in [NOBODY, "/sessions/x"] {
            api.delete(path).await.problem(404);
            api.get(path).await.problem(404);
        }
        assert_eq!(api.get(&path).await.ok()["state"], "live");
        let answer = api.call(Method::DELETE, &path, None, Some(json!({"reason": null}))).await;
        answer.is(204);
        assert_eq!(api.get(&path).await.ok()["end_reason"], "admin");
    }

    async fn an_end_by_the_clock_shows_before_anybody_wrote_it_down(world) {
        let (api, (_, app)) = (Api::of(world).await, clients(world).await);
        let (_, tokens) = world.signed_in(&app).await;
        let path = format!("/sessions/{}", sid(&tokens.access));
        let before = api.get(&path).await.ok();
        world.advance(3_601);
        let again = administration(world, "second").await;
        let api = Api::with(world, &token(&again, "admin").await);
        let seen = api.get(&path).await.ok();
        assert_eq!((&seen["state"], &seen["end_reason"], &seen["end_initiator"]), (&json!("ended"), &json!("idle"), &json!("system")));
        assert_eq!(seen["ended_at"], before["idle_end"]);
        world.jobs().await;
        assert_eq!(api.get(&path).await.ok(), seen, "the job writes down what was seen");
    }

    async fn every_session_of_a_person_ends(world) {
        let (api, (keeper, app)) = (Api::of(world).await, clients(world).await);
        let (_, tokens) = world.signed_in(&app).await;
        let offline = keeper.tokens(&world.browser().code("keeper", "alice", "openid offline_access").await).await;
        let bobs = app.tokens(&world.browser().code("app", "bob", "openid").await).await;
        let path = format!("/users/{}/sessions", id_of(&api, "alice").await);
        let answer = api.call(Method::DELETE, &path, None, Some(json!({"reason": "x".repeat(201)}))).await;
        assert_eq!(fields(&answer, 400), ["reason"]);
        for body in [Some(json!({"reason": "a lost telephone"})), None] {
            api.call(Method::DELETE, &path, None, body).await.is(204);
        }
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        keeper.refresh(&offline.refresh).await.refused("invalid_grant");
        app.refresh(&bobs.refresh).await.ok();
        let page = api.get(&path).await.ok();
        assert!(column(&page, "end_reason").iter().all(|reason| reason == "admin"), "{page}");
        assert_eq!(column(&page, "state"), ["ended"; 3]);
        world.browser().sign_in("alice").await;
    }
}
