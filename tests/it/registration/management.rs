//! A client looks at, changes and removes its own registration (RFC 7592).

use reqwest::Method;
use serde_json::{Value, json};

use super::{Registered, refused, send};
use crate::admin::Api;
use crate::stage::HOME;
use crate::world::on_both_with;

const OTHER: &str = "https://app.example/other";

on_both_with! {
    crate::registration::open();

    async fn shows_all_but_the_secret(world) {
        let made = Registered::new(world, json!({"redirect_uris": [HOME], "initiate_login_uri": "https://app.example/start"})).await;
        let shown = made.manage(world, Method::GET, None).await.ok();
        let mut expected = made.whole.clone();
        expected.as_object_mut().unwrap().remove("client_secret");
        assert_eq!(shown, expected);
    }

    async fn a_change_replaces_everything(world) {
        let made = Registered::new(world, json!({"redirect_uris": [HOME], "client_name": "Shop", "tos_uri": "https://app.example/tos"})).await;
        let body = json!({"client_id": made.text("client_id"), "client_secret": made.text("client_secret"), "redirect_uris": [OTHER], "client_name": null});
        let changed = made.manage(world, Method::PUT, Some(&body)).await.ok();
        assert_eq!((&changed["redirect_uris"], changed.get("client_name"), changed.get("tos_uri")), (&json!([OTHER]), None, None));
        assert_eq!(changed["registration_access_token"], made.whole["registration_access_token"], "the token stays");
        assert_eq!((changed.get("client_secret"), &changed["client_secret_expires_at"]), (None, &json!(0)));
        assert_eq!(made.manage(world, Method::GET, None).await.ok(), changed);
        made.client(world).redeem("x").await.refused("invalid_grant");
    }

    async fn a_secret_comes_and_goes_with_the_method(world) {
        let made = Registered::new(world, json!({"redirect_uris": [HOME], "token_endpoint_auth_method": "none"})).await;
        let body = |method: &str| json!({"client_id": made.text("client_id"), "redirect_uris": [HOME], "token_endpoint_auth_method": method});
        let basic = Registered { whole: made.manage(world, Method::PUT, Some(&body("client_secret_basic"))).await.ok() };
        basic.client(world).redeem("x").await.refused("invalid_grant");
        let none = made.manage(world, Method::PUT, Some(&body("none"))).await.ok();
        assert_eq!((none.get("client_secret"), none.get("client_secret_expires_at")), (None, None));
        basic.client(world).redeem("x").await.refused("invalid_client");
    }

    async fn a_change_is_judged_like_a_registration(world) {
        let made = Registered::new(world, json!({"redirect_uris": [HOME]})).await;
        let whole = json!({"client_id": made.text("client_id"), "redirect_uris": [HOME]});
        for (changes, code, member) in [
            (json!({"client_id": "other"}), "invalid_client_metadata", "client_id"),
            (json!({"client_id": null}), "invalid_client_metadata", "client_id"),
            (json!({"client_secret": "wrong"}), "invalid_client_metadata", "client_secret"),
            (json!({"client_secret": 5}), "invalid_client_metadata", "client_secret"),
            (json!({"registration_access_token": "x"}), "invalid_client_metadata", "registration_access_token"),
            (json!({"registration_client_uri": "x"}), "invalid_client_metadata", "registration_client_uri"),
            (json!({"client_secret_expires_at": 0}), "invalid_client_metadata", "client_secret_expires_at"),
            (json!({"client_id_issued_at": 0}), "invalid_client_metadata", "client_id_issued_at"),
            (json!({"redirect_uris": ["http://app.example/"]}), "invalid_redirect_uri", "redirect_uris"),
            (json!({"skip_consent": true}), "invalid_client_metadata", "skip_consent"),
            (json!({"scope": "admin"}), "invalid_client_metadata", "scope"),
        ] {
            let mut body: Value = whole.clone();
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            refused(&made.manage(world, Method::PUT, Some(&body)).await, code, member);
        }
        made.manage(world, Method::GET, None).await.ok();
    }

    async fn what_an_administrator_set_stays_and_is_not_told(world) {
        let made = Registered::new(world, json!({"redirect_uris": [HOME]})).await;
        let (api, id) = (Api::of(world).await, made.text("client_id"));
        let given = json!({"skip_consent": true, "allowed_resources": ["https://api.example"], "session_idle": "15m",
                           "scope": "openid payments", "legacy_aud": true});
        api.patch(&format!("/clients/{id}"), given.clone()).await.ok();
        let body = json!({"client_id": id, "redirect_uris": [HOME, OTHER]});
        let changed = made.manage(world, Method::PUT, Some(&body)).await.ok();
        assert_eq!(changed["scope"], "openid profile email address phone payments");
        for hidden in ["skip_consent", "allowed_resources", "session_idle", "legacy_aud"] {
            assert_eq!(changed.get(hidden), None, "{hidden}");
        }
        let kept = api.get(&format!("/clients/{id}")).await.ok();
        for member in ["skip_consent", "allowed_resources", "session_idle", "legacy_aud"] {
            assert_eq!(kept[member], given[member], "{member}");
        }
        let narrow = json!({"client_id": id, "redirect_uris": [HOME], "scope": "payments"});
        assert_eq!(made.manage(world, Method::PUT, Some(&narrow)).await.ok()["scope"], "payments");
    }

    async fn nobody_manages_another_client(world) {
        let (one, other) = (Registered::new(world, json!({"redirect_uris": [HOME]})).await, Registered::new(world, json!({"redirect_uris": [HOME]})).await);
        world.app("admins-own").await;
        let place = |id: &str| format!("{}/oauth2/register/{id}", world.issuer);
        let token = one.text("registration_access_token");
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = (method == Method::PUT).then(|| json!({"client_id": other.text("client_id"), "redirect_uris": [HOME]}));
            for id in [other.text("client_id"), "admins-own", "nobody", "a%20b"] {
                send(world, method.clone(), &place(id), Some(token), body.as_ref()).await.refused("invalid_token");
            }
            for wrong in ["", "x", one.text("client_secret")] {
                send(world, method.clone(), &place(one.text("client_id")), Some(wrong), body.as_ref()).await.refused("invalid_token");
            }
            send(world, method, &place(one.text("client_id")), None, body.as_ref()).await.refused("invalid_token");
        }
        one.manage(world, Method::GET, None).await.ok();
    }

    async fn a_client_that_removes_itself_leaves_nothing(world) {
        let grants = json!(["authorization_code", "refresh_token"]);
        let made = Registered::new(world, json!({"redirect_uris": [HOME], "grant_types": grants})).await;
        let app = made.client(world);
        let (browser, tokens) = world.signed_in(&app).await;
        let answer = made.manage(world, Method::DELETE, None).await;
        assert_eq!((answer.is(204).body.as_str(), answer.header("cache-control")), ("", Some("no-store")));
        app.refresh(&tokens.refresh).await.refused("invalid_client");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        made.manage(world, Method::GET, None).await.refused("invalid_token");
        made.manage(world, Method::DELETE, None).await.refused("invalid_token");
        browser.get("/account").await.is(200);
    }
}
