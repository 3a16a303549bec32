//! Webhooks: signed messages about every end, at least once, about one session in order.

use doorward::base::clock::Clock;
use serde_json::{Value, json};

use crate::admin::{Api, column, fields, id_of};
use crate::client::claims;
use crate::receiver::{Manner, Receiver};
use crate::tools;
use crate::world::{World, on_both};

/// A webhook at this address, as it was shown when it was made.
async fn webhook(api: &Api, receiver: &Receiver, more: Value) -> Value {
    let mut whole = json!({"url": receiver.url});
    for (member, value) in more.as_object().unwrap() {
        whole[member] = value.clone();
    }
    let answer = api.post("/webhooks", whole).await;
    assert_eq!(answer.is(201).header("etag"), Some("\"1\""));
    answer.json()
}

async fn deliver(world: &World) {
    world.courier().run_out().await.unwrap();
}

fn kinds(receiver: &Receiver) -> Vec<Value> {
    receiver.heard().iter().map(|heard| heard.json()["type"].clone()).collect()
}

on_both! {
    async fn a_message_is_what_a_library_of_others_takes(world) {
        let (api, receiver) = (Api::of(world).await, Receiver::new(Manner::Status(200)).await);
        let made = webhook(&api, &receiver, json!({})).await;
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let sid = claims(&tokens.id)["sid"].clone();
        api.delete(&format!("/sessions/{}", sid.as_str().unwrap())).await.is(204);
        deliver(world).await;
        let heard = receiver.only();
        let now = world.clock.now().timestamp().to_string();
        let headers = serde_json::to_string(&heard.headers).unwrap();
        let environment = [
            ("NOW", now.as_str()),
            ("SECRET", made["secret"].as_str().unwrap()),
            ("HEADERS", headers.as_str()),
            ("BODY", heard.body.as_str()),
        ];
        let seen = tools::node("listener.mjs", &environment).await;
        assert_eq!((&seen["message"], &seen["forged"]), (&heard.json(), &json!("refused")));
        assert_eq!(heard.headers["content-type"], "application/json");
        let message = heard.json();
        assert_eq!(message["type"], "session.ended");
        assert!(message["timestamp"].as_str().unwrap().ends_with('Z'));
        let data = json!({
            "sid": sid, "user_id": id_of(&api, "alice").await, "client_id": null, "grant_id": null, "jti": null,
            "scope": "session", "reason": "admin", "initiator": "admin",
        });
        assert_eq!(message["data"], data);
        let report = api.get(&format!("/deliveries?webhook_id={}", made["id"].as_str().unwrap())).await.ok();
        assert_eq!(report["items"][0]["event_id"], heard.headers["webhook-id"].as_str());
    }

    async fn messages_about_one_session_come_in_order_and_others_pass(world) {
        let (api, receiver) = (Api::of(world).await, Receiver::new(Manner::Status(500)).await);
        webhook(&api, &receiver, json!({})).await;
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        app.revoke(&tokens.access).await.is(200);
        deliver(world).await;
        app.revoke(&tokens.refresh).await.is(200);
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[("scope", "browser")]).await;
        receiver.answers(Manner::Status(200));
        let (_, other) = world.signed_in(&app).await;
        app.revoke(&other.access).await.is(200);
        deliver(world).await;
        // The first failed, so that only the other session's has come.
        assert_eq!(kinds(&receiver), ["token.revoked"; 2]);
        assert_eq!(receiver.heard()[1].json()["data"]["sid"], claims(&other.access)["sid"]);
        world.advance(10);
        deliver(world).await;
        assert_eq!(kinds(&receiver)[2..], ["token.revoked", "grant.ended", "session.ended"]);
        let first = receiver.heard()[0].headers["webhook-id"].clone();
        assert_eq!(receiver.heard()[2].headers["webhook-id"], first, "the same message keeps its id");
        assert_eq!(receiver.heard()[2].json()["data"]["jti"], claims(&tokens.access)["jti"]);
        assert!(receiver.heard()[3].json()["data"]["grant_id"].is_string());
    }

    async fn hears_what_it_asked_for_while_it_is_on(world) {
        let (api, receiver) = (Api::of(world).await, Receiver::new(Manner::Status(200)).await);
        let made = webhook(&api, &receiver, json!({"events": ["grant.ended"]})).await;
        let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        app.revoke(&tokens.access).await.is(200);
        app.revoke(&tokens.refresh).await.is(200);
        deliver(world).await;
        assert_eq!(kinds(&receiver), ["grant.ended"]);
        api.patch(&path, json!({"enabled": false, "events": null})).await.ok();
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[("scope", "browser")]).await;
        deliver(world).await;
        assert_eq!(receiver.heard().len(), 1);
        api.patch(&path, json!({"enabled": true})).await.ok();
        deliver(world).await;
        assert_eq!(receiver.heard().len(), 1, "what it missed stays missed");
        receiver.answers(Manner::Status(500));
        world.signed_in(&app).await;
        api.delete(&format!("/users/{}/sessions", id_of(&api, "alice").await)).await.is(204);
        deliver(world).await;
        api.delete(&path).await.is(204);
        world.advance(10);
        deliver(world).await;
        assert_eq!(receiver.heard().len(), 2);
        let dead = api.get("/deliveries?state=dead").await.ok();
        assert_eq!(column(&dead, "last_error"), ["gone"]);
    }

    async fn is_managed_like_everything_else(world) {
        let (api, receiver) = (Api::of(world).await, Receiver::new(Manner::Status(200)).await);
        let made = webhook(&api, &receiver, json!({})).await;
        assert!(made["secret"].as_str().unwrap().starts_with("whsec_") && made["secret"].as_str().unwrap().len() == 50);
        assert_eq!(made["events"], json!(["grant.ended", "session.ended", "token.revoked"]));
        let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
        let shown = api.get(&path).await;
        assert_eq!((shown.ok().get("secret"), shown.header("etag")), (None, Some("\"1\"")));
        let changed = api.patch(&path, json!({"url": "https://app.example/hook", "events": ["session.ended"]})).await;
        assert_eq!((&changed.ok()["events"], changed.header("etag")), (&json!(["session.ended"]), Some("\"2\"")));
        for (body, wrong) in [
            (json!({}), vec!["url"]),
            (json!({"url": "http://app.example/"}), vec!["url"]),
            (json!({"url": receiver.url, "events": ["x"]}), vec!["events"]),
            (json!({"url": receiver.url, "secret": "x"}), vec!["secret"]),
        ] {
            assert_eq!(fields(&api.post("/webhooks", body).await, 400), wrong);
        }
        assert_eq!(fields(&api.patch(&path, json!({"url": null})).await, 400), ["url"]);
        assert_eq!(column(&api.get("/webhooks").await.ok(), "url"), ["https://app.example/hook"]);
        let sealed: Vec<u8> =
            world.db().read().await.unwrap().sql("SELECT sealed_secret FROM webhooks").scalar().await.unwrap();
        assert_eq!(sealed.len(), 12 + 32 + 16, "sealed at rest");
        for path in ["/webhooks/x", "/webhooks/00000000-0000-7000-8000-000000000000"] {
            api.get(path).await.problem(404);
        }
        for _ in 0..2 {
            api.delete(&path).await.is(204);
        }
        api.get(&path).await.problem(404);
    }
}
