//! Providers by the admin API: what is taken, what is shown, and what never is.

use reqwest::Method;
use serde_json::{Value, json};

use super::Api;
use crate::world::on_both;

fn corp() -> Value {
    json!({"id": "corp", "kind": "oidc", "issuer": "https://id.corp.example", "client_id": "doorward",
        "client_secret": "correct-horse-secret", "scopes": ["openid", "email"], "claims": {"email": "mail"}})
}

on_both! {
    async fn a_provider_is_made_shown_changed_and_removed(world) {
        let api = Api::of(world).await;
        let made = api.post("/providers", corp()).await;
        assert_eq!(made.is(201).header("location"), Some("/api/v1/providers/corp"));
        let tag = made.header("etag").unwrap().to_owned();
        let made = made.json();
        assert_eq!(made["redirect_uri"], format!("{}/sso/corp/callback", world.issuer));
        assert_eq!(made["backchannel_logout_uri"], format!("{}/sso/corp/backchannel-logout", world.issuer));
        assert_eq!((&made["has_secret"], &made["client_secret"]), (&json!(true), &Value::Null));
        assert_eq!(api.get("/providers/corp").await.ok(), made);
        assert_eq!(api.get("/providers").await.ok()["items"], json!([made]));
        let stale = api.call(Method::PATCH, "/providers/corp", Some("\"1\""), Some(json!({"name": "x"}))).await;
        stale.problem(412);
        let changed = json!({"name": "Corp", "claims": {"email": null, "name": "cn"}, "client_secret": null});
        let changed = api.call(Method::PATCH, "/providers/corp", Some(&tag), Some(changed)).await.ok();
        assert_eq!((&changed["name"], &changed["has_secret"]), (&json!("Corp"), &json!(false)));
        assert_eq!(changed["claims"], json!({"name": "cn"}));
        api.post("/providers", corp()).await.problem(409);
        api.delete("/providers/corp").await.is(204);
        api.delete("/providers/corp").await.is(204);
        api.get("/providers/corp").await.problem(404);
        api.patch("/providers/corp", json!({})).await.problem(404);
    }

    async fn what_does_not_fit_is_named(world) {
        let api = Api::of(world).await;
        for (member, value) in [
            ("id", json!("Corp/..")),
            ("kind", json!("ldap")),
            ("issuer", json!("http://id.corp.example")),
            ("client_id", json!("")),
            ("scopes", json!(5)),
            ("claims", json!({"password": "x"})),
            ("claims", json!({"sub": "email"})),
            ("levels", json!({"theirs": "unknown"})),
            ("token_endpoint", json!("https://x.example")),
            ("secret", json!("x")),
            ("has_secret", json!(true)),
        ] {
            let mut asked = corp();
            asked[member] = value;
            let problem = api.post("/providers", asked).await.problem(400);
            assert_eq!(problem["errors"][0]["field"], member, "{problem}");
        }
    }

    async fn a_secret_is_kept_sealed(world) {
        let api = Api::of(world).await;
        api.post("/providers", corp()).await.is(201);
        api.post("/providers", json!({"id": "two", "issuer": "https://two.example", "client_id": "x",
            "client_secret": "correct-horse-secret"})).await.is(201);
        let kept = doorward::store::provider::all(world.db()).await.unwrap();
        let [one, two] = kept.as_slice() else { panic!() };
        let (one, two) = (one.sealed_secret.clone().unwrap(), two.sealed_secret.clone().unwrap());
        assert!(one != two && !String::from_utf8_lossy(&one).contains("horse"));
        for path in ["/providers", "/providers/corp"] {
            assert!(!api.get(path).await.body.contains("horse"));
        }
    }
}
