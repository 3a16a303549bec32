//! Clients that sign with their secret (`client_secret_jwt`, OpenID Connect Core 1.0 section 9).

use aws_lc_rs::hmac;
use doorward::base::clock::Clock;
use doorward::base::secret::base64url;
use serde_json::{Value, json};

use crate::admin::Api;
use crate::client_auth::present;
use crate::world::{World, on_both};

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let input = [header, claims].map(|part| base64url(part.to_string().as_bytes())).join(".");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), input.as_bytes());
    format!("{input}.{}", base64url(tag.as_ref()))
}

fn claims(world: &World, jti: &str) -> Value {
    let now = world.clock.now().timestamp();
    json!({"iss": "robot", "sub": "robot", "aud": world.issuer, "jti": jti, "iat": now, "exp": now + 60})
}

fn assertion(world: &World, jti: &str, secret: &str) -> String {
    signed(&json!({"alg": "HS256"}), &claims(world, jti), secret)
}

/// Makes the machine `robot`; gives its secret.
async fn robot(api: &Api, more: Value) -> String {
    let mut body = json!({
        "client_id": "robot", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_jwt",
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    api.post("/clients", body).await.is(201).json()["client_secret"].as_str().unwrap().to_owned()
}

async fn sealed(world: &World) -> i64 {
    let sql = "SELECT COUNT(*) FROM client_secrets WHERE sealed IS NOT NULL";
    world.db().read().await.unwrap().sql(sql).scalar().await.unwrap()
}

on_both! {
    async fn a_secret_proves_itself_without_being_sent(world) {
        let api = Api::of(world).await;
        let secret = robot(&api, json!({})).await;
        present(world, &assertion(world, "1", &secret)).await.ok();
        present(world, &assertion(world, "1", &secret)).await.refused("invalid_client");
        let sent = crate::client::Client { http: world.http(), issuer: world.issuer.clone(), id: "robot".into(), secret: Some(secret.clone()) };
        sent.client_credentials(&[]).await.refused("invalid_client");
        // The new one and, for a while, the old one.
        let new = api.post("/clients/robot/secrets", json!({})).await.is(201).json();
        let new = new["client_secret"].as_str().unwrap();
        present(world, &assertion(world, "2", &secret)).await.ok();
        present(world, &assertion(world, "3", new)).await.ok();
        world.advance(24 * 3_600);
        present(world, &assertion(world, "4", &secret)).await.refused("invalid_client");
        present(world, &assertion(world, "5", new)).await.ok();
    }

    async fn every_defect_is_refused(world) {
        let api = Api::of(world).await;
        let secret = robot(&api, json!({})).await;
        let good = json!({"alg": "HS256"});
        let changed = |name: &str, value: Value| {
            let mut claims = claims(world, name);
            claims[name] = value;
            claims
        };
        for token in [
            signed(&good, &claims(world, "a"), "another secret"),
            signed(&json!({"alg": "none"}), &claims(world, "b"), &secret),
            signed(&json!({"alg": "HS512"}), &claims(world, "c"), &secret),
            signed(&json!({"alg": "ES256"}), &claims(world, "d"), &secret),
            signed(&json!({"alg": "HS256", "typ": "at+jwt"}), &claims(world, "e"), &secret),
            signed(&good, &changed("iss", json!("other")), &secret),
            signed(&good, &changed("sub", json!("other")), &secret),
            signed(&good, &changed("aud", json!("https://other.example")), &secret),
            signed(&good, &changed("exp", json!(1)), &secret),
            signed(&good, &changed("jti", json!("")), &secret),
        ] {
            present(world, &token).await.refused("invalid_client");
        }
        // Neither method passes for the other.
        let key = crate::client_auth::Key::new();
        present(world, &key.sign(&json!({"alg": "ES256", "kid": "k"}), &claims(world, "f"))).await.refused("invalid_client");
        let keyed = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks()});
        api.patch("/clients/robot", keyed).await.ok();
        present(world, &assertion(world, "g", &secret)).await.refused("invalid_client");
    }

    async fn the_secret_is_kept_for_those_who_sign_with_it_alone(world) {
        let api = Api::of(world).await;
        let first = robot(&api, json!({"token_endpoint_auth_method": "client_secret_basic"})).await;
        assert_eq!(sealed(world).await, 0);
        let method = |method: &str| json!({"token_endpoint_auth_method": method});
        let signing = api.patch("/clients/robot", method("client_secret_jwt")).await.ok();
        let second = signing["client_secret"].as_str().unwrap();
        assert_ne!(second, first);
        assert_eq!(sealed(world).await, 1);
        present(world, &assertion(world, "1", &first)).await.refused("invalid_client");
        present(world, &assertion(world, "2", second)).await.ok();
        let sending = api.patch("/clients/robot", method("client_secret_post")).await.ok();
        assert_eq!((sending.get("client_secret"), sealed(world).await), (None, 0));
        let client = crate::client::Client { http: world.http(), issuer: world.issuer.clone(), id: "robot".into(), secret: Some(second.into()) };
        client.client_credentials(&[]).await.ok();
    }

    async fn only_the_registered_algorithm_counts(world) {
        let key = crate::client_auth::Key::new();
        let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(), "token_endpoint_auth_signing_alg": "RS256"});
        world.machine("robot", metadata).await;
        let token = |jti: &str| key.sign(&json!({"alg": "ES256", "kid": "k"}), &claims(world, jti));
        present(world, &token("1")).await.refused("invalid_client");
        Api::of(world).await.patch("/clients/robot", json!({"token_endpoint_auth_signing_alg": "ES256"})).await.ok();
        present(world, &token("2")).await.ok();
    }
}
