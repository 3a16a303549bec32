//! Signed userinfo, and ID tokens and userinfo that only their client can read (OpenID Connect Core 1.0 sections 5.3.2 and
//! 16.14; RFC 7516). They are opened by npm's jose.

use serde_json::{Value, json};

use crate::admin::{Api, fields};
use crate::answer::Answer;
use crate::client::{Client, claims, jose_header};
use crate::client_keys::{Publisher, document};
use crate::stage::HOME;
use crate::tools;
use crate::world::{World, on_both};

/// A key that tokens are encrypted to, and its holder.
struct Holder {
    public: Value,
    private: String,
}

impl Holder {
    async fn new(algorithm: &str) -> Self {
        let made = tools::node("jose.mjs", &[("ALG", algorithm)]).await;
        Self { public: made["public"].clone(), private: made["private"].to_string() }
    }

    fn jwks(&self) -> Value {
        json!({ "keys": [self.public] })
    }

    async fn open(&self, token: &str) -> (Value, String) {
        let seen = tools::node("jose.mjs", &[("TOKEN", token), ("PRIVATE_JWK", &self.private)]).await;
        (seen["header"].clone(), seen["content"].as_str().unwrap().to_owned())
    }
}

async fn app(world: &World, more: Value) -> Client {
    let mut metadata = json!({"skip_consent": true});
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    world.client("app", metadata).await
}

/// What userinfo answers as a JWT.
#[track_caller]
fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.is(200).header("content-type"), Some("application/jwt"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.body.clone()
}

on_both! {
    async fn userinfo_is_signed_where_it_is_asked_for(world) {
        for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
            let id = format!("app-{algorithm}");
            let app = world.client(&id, json!({"skip_consent": true, "userinfo_signed_response_alg": algorithm})).await;
            let (_, tokens) = world.signed_in(&app).await;
            let token = token_of(&app.userinfo(&tokens.access).await);
            let header = jose_header(&token);
            assert_eq!((&header["alg"], header["kid"].as_str().map(str::len)), (&json!(algorithm), Some(43)));
            let told = claims(&token);
            assert_eq!((&told["iss"], &told["aud"], &told["sub"]), (&json!(world.issuer), &json!(id), &claims(&tokens.id)["sub"]));
            assert_eq!((&told["email"], told.get("nonce")), (&json!("alice@example.com"), None));
            let hint = world.browser().get(&format!("/oauth2/logout?id_token_hint={token}")).await;
            hint.error_page("invalid_request");
        }
    }

    async fn only_the_client_reads_what_is_encrypted_to_it(world) {
        for (way, content) in [("RSA-OAEP-256", "A256GCM"), ("ECDH-ES+A128KW", "A128CBC-HS256")] {
            let holder = Holder::new(way).await;
            let app = world.client(&format!("app-{}", way.len()), json!({
                "skip_consent": true, "jwks": holder.jwks(),
                "id_token_encrypted_response_alg": way, "id_token_encrypted_response_enc": content,
                "userinfo_signed_response_alg": "ES256", "userinfo_encrypted_response_alg": way,
            })).await;
            let (_, tokens) = world.signed_in(&app).await;
            let (header, inside) = holder.open(&tokens.id).await;
            assert_eq!(header, json!({"alg": way, "enc": content, "cty": "JWT", "kid": "enc-1"}).as_object().map(|own| {
                let mut own = own.clone();
                if let Some(epk) = header.get("epk") { own.insert("epk".into(), epk.clone()); }
                Value::Object(own)
            }).unwrap());
            let told = claims(&inside);
            assert_eq!((&told["aud"], &jose_header(&inside)["alg"]), (&json!(app.id), &json!("RS256")));
            let (header, inside) = holder.open(&token_of(&app.userinfo(&tokens.access).await)).await;
            assert_eq!((&header["enc"], &header["cty"]), (&json!("A128CBC-HS256"), &json!("JWT")));
            assert_eq!(claims(&inside)["sub"], told["sub"]);
            // A refresh gives an ID token that is encrypted anew.
            let again = app.refresh(&tokens.refresh).await.ok();
            assert_ne!(again["id_token"], tokens.id);
            holder.open(again["id_token"].as_str().unwrap()).await;
        }
    }

    async fn userinfo_can_be_secret_and_unsigned(world) {
        let holder = Holder::new("ECDH-ES").await;
        let app = app(world, json!({"jwks": holder.jwks(), "userinfo_encrypted_response_alg": "ECDH-ES"})).await;
        let (_, tokens) = world.signed_in(&app).await;
        let (header, inside) = holder.open(&token_of(&app.userinfo(&tokens.access).await)).await;
        assert_eq!(header.get("cty"), None);
        let told: Value = serde_json::from_str(&inside).unwrap();
        assert_eq!((&told["iss"], &told["email"]), (&json!(world.issuer), &json!("alice@example.com")));
    }

    async fn a_key_that_is_not_there_keeps_the_code(world) {
        let holder = Holder::new("RSA-OAEP").await;
        let publisher = Publisher::new(&document(r#"{"keys":[]}"#)).await;
        let app = app(world, json!({"jwks_uri": publisher.address, "id_token_encrypted_response_alg": "RSA-OAEP"})).await;
        let code = world.browser().code("app", "alice", "openid").await;
        app.redeem(&code).await.refused("invalid_request");
        app.redeem(&code).await.refused("invalid_request");
        assert_eq!(publisher.asked(), 1, "asked for once a minute");
        publisher.says(document(&holder.jwks().to_string()));
        world.advance(59);
        let code = world.browser().code("app", "alice", "openid").await;
        app.redeem(&code).await.refused("invalid_request");
        world.advance(1);
        let tokens = app.tokens(&code).await;
        assert_eq!(publisher.asked(), 2);
        holder.open(&tokens.id).await;
    }

    async fn what_cannot_be_is_not_registered(world) {
        let api = Api::of(world).await;
        let holder = Holder::new("ECDH-ES").await;
        for (more, wrong) in [
            (json!({"id_token_encrypted_response_alg": "RSA1_5"}), "id_token_encrypted_response_alg"),
            (json!({"id_token_encrypted_response_alg": "dir"}), "id_token_encrypted_response_alg"),
            (json!({"userinfo_encrypted_response_alg": "PBES2-HS256+A128KW"}), "userinfo_encrypted_response_alg"),
            (json!({"userinfo_encrypted_response_enc": "A128GCM"}), "userinfo_encrypted_response_enc"),
            (json!({"userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "none", "jwks": holder.jwks()}), "userinfo_encrypted_response_enc"),
            (json!({"userinfo_signed_response_alg": "none"}), "userinfo_signed_response_alg"),
            (json!({"id_token_encrypted_response_alg": "ECDH-ES"}), "jwks"),
            (json!({"id_token_encrypted_response_alg": "RSA-OAEP", "jwks": holder.jwks()}), "jwks"),
        ] {
            let mut body = json!({"redirect_uris": [HOME]});
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            assert_eq!(fields(&api.post("/clients", body).await, 400), [wrong], "{more}");
        }
    }
}
