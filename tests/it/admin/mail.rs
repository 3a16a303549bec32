//! Mails as admins see them: what became of them, and never what they say.

use serde_json::json;

use super::{Api, column, fields, id_of};
use crate::world::on_both;

on_both! {
    async fn mails_are_listed_without_what_they_say(world) {
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        let browser = world.browser();
        for address in ["alice@example.com", "nobody@example.com"] {
            let page = browser.open("/password/forgot").await;
            browser.submit(&page, "/password/forgot", &[("email", address)]).await.is(200);
            world.advance(1);
        }
        browser.sign_in("bob").await;
        let list = api.get("/mails").await.ok();
        assert_eq!(column(&list, "kind"), ["new_device", "reset_link"], "newest first, and nobody's not at all");
        let hers = api.get(&format!("/mails?user_id={alice}&state=pending")).await.ok();
        let mail = &hers["items"][0];
        assert_eq!((&mail["user_id"], &mail["kind"], &mail["attempts"]), (&json!(alice), &json!("reset_link"), &json!(0)));
        let members: Vec<_> = mail.as_object().unwrap().keys().map(String::as_str).collect();
        let shown = [
            "id", "user_id", "kind", "state", "attempts", "last_error", "created_at", "next_attempt_at", "settled_at",
        ];
        assert_eq!(members, shown);
        assert!(!list.to_string().contains("token") && !list.to_string().contains("example.com"));
        let retry = format!("/mails/{}/retry", mail["id"].as_str().unwrap());
        api.post(&retry, json!({})).await.is(204);
        world.jobs().await;
        assert_eq!(column(&api.get("/mails?state=pending").await.ok(), "id"), [""; 0]);
        let sent = api.get("/mails?state=sent").await.ok();
        assert_eq!(column(&sent, "kind"), ["new_device", "reset_link"]);
        assert_eq!(fields(&api.post(&retry, json!({})).await, 409), ["state"]);
        api.post(&format!("/mails/{alice}/retry"), json!({})).await.problem(404);
        api.post("/mails/x/retry", json!({})).await.problem(404);
        for (query, field) in [("state=lost", "state"), ("user_id=x", "user_id"), ("kind=code", "kind")] {
            assert_eq!(fields(&api.get(&format!("/mails?{query}")).await, 400), [field], "{query}");
        }
    }
}
