//! What people hold, as admins see and remove it.

use serde_json::json;

use super::{add_app, add_passkey, half_way, is_in, prove, signed_in};
use crate::admin::{Api, id_of};
use crate::world::on_both;

on_both! {
    async fn an_admin_sees_and_removes_what_people_hold(world) {
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        let path = format!("/users/{alice}/authenticators");
        assert_eq!(api.get(&path).await.ok(), json!({"items": [], "next": null}));
        let browser = signed_in(world, "alice").await;
        let mut key = add_passkey(world, &browser, "My key").await;
        world.advance(1);
        add_app(world, &browser).await;
        let page = browser.get("/account/recovery-codes").await;
        browser.submit(&page, "/account/recovery-codes", &[]).await.is(200);
        let page = browser.get("/login?switch=1").await;
        prove(world, &browser, &mut key, (&page, "/login/passkey")).await.is(303);
        let held = api.get(&path).await.ok();
        let items = held["items"].as_array().unwrap();
        let kinds: Vec<_> = items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["passkey", "totp", "recovery_codes"]);
        let passkey = &items[0];
        assert_eq!((&passkey["name"], &passkey["device_bound"], &passkey["disabled"]), (&json!("My key"), &json!(true), &json!(false)));
        assert!(passkey["last_used_at"].is_string() && passkey["address"] == "127.0.0.1");
        assert_eq!((&items[1]["left"], &items[2]["left"]), (&json!(null), &json!(10)));
        let text = held.to_string();
        assert!(!text.contains("sealed") && !text.contains("secret") && !text.contains("digest"), "{text}");
        let one = format!("{path}/{}", passkey["id"].as_str().unwrap());
        assert!(is_in(&browser).await);
        api.delete(&one).await.is(204);
        assert!(!is_in(&browser).await, "what came from it ends");
        api.delete(&one).await.is(204);
        let ended = api.get(&format!("/sessions?user_id={alice}&state=ended")).await.ok();
        let item = &ended["items"][0];
        assert_eq!((&item["end_reason"], &item["end_initiator"]), (&json!("credential_removed"), &json!("admin")));
        half_way(world, "alice").await;
        for item in &items[1..2] {
            api.delete(&format!("{path}/{}", item["id"].as_str().unwrap())).await.is(204);
        }
        assert_eq!(api.get(&path).await.ok()["items"], json!([]), "recovery codes go with the last factor");
        world.browser().sign_in("alice").await;
    }

    async fn strange_names_are_refused(world) {
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        let bob = id_of(&api, "bob").await;
        api.get("/users/x/authenticators").await.problem(404);
        api.get(&format!("/users/{}/authenticators", uuid::Uuid::nil())).await.problem(404);
        api.delete(&format!("/users/{alice}/authenticators/x")).await.problem(404);
        add_app(world, &signed_in(world, "alice").await).await;
        let held = api.get(&format!("/users/{alice}/authenticators")).await.ok();
        let id = held["items"][0]["id"].as_str().unwrap();
        api.delete(&format!("/users/{bob}/authenticators/{id}")).await.is(204);
        half_way(world, "alice").await;
    }
}
