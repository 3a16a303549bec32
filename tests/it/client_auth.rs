//! How clients prove themselves (RFC 6749 section 2.3; RFC 7523 section 2.2; RFC 10070).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use doorward::base::clock::Clock;
use doorward::base::secret::base64url;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::client::{Client, basic};
use crate::stage::form;
use crate::world::{World, on_both};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key of a client, made by another library than the one that verifies.
pub struct Key(EcdsaKeyPair);

impl Key {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn jwks(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
        json!({"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "k", "use": "sig", "alg": "ES256"}]})
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64url(signature.as_ref()))
    }
}

fn encoded(part: &Value) -> String {
    base64url(part.to_string().as_bytes())
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k", "typ": "JWT"})
}

/// The claims of a good assertion, with changes.
fn assertion(world: &World, jti: &str, changes: &Value) -> Value {
    let now = world.clock.now().timestamp();
    let mut claims =
        json!({"iss": "robot", "sub": "robot", "aud": world.issuer, "jti": jti, "iat": now, "exp": now + 60});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub async fn present(world: &World, assertion: &str) -> Answer {
    let fields =
        [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    raw(world, &[], &fields).await
}

async fn raw(world: &World, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let mut request = world.http().post(format!("{}/oauth2/token", world.issuer));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form(fields));
    Answer::of(request.send().await.unwrap()).await
}

async fn robot(world: &World, more: Value) -> Key {
    let key = Key::new();
    let mut metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks()});
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    world.machine("robot", metadata).await;
    key
}

on_both! {
    async fn a_secret_comes_by_header_or_body(world) {
        let machine = world.machine("ma:chine +ü", json!({})).await;
        let secret = machine.secret.clone().unwrap();
        machine.client_credentials(&[]).await.ok();
        let fields = [("grant_type", "client_credentials"), ("client_id", "ma:chine +ü"), ("client_secret", &secret)];
        raw(world, &[], &fields).await.ok();
        let both = [("authorization", &*basic("ma:chine +ü", &secret))];
        raw(world, &both, &fields).await.refused("invalid_request");
    }

    async fn a_wrong_proof_is_refused_by_its_kind(world) {
        let machine = world.machine("machine", json!({})).await;
        let secret = machine.secret.clone().unwrap();
        world.app("app").await;
        let grant = ("grant_type", "client_credentials");
        for authorization in [
            basic("machine", "wrong"),
            basic("machine", &secret[1..]),
            basic("nobody", &secret),
            "Basic !!!".into(),
            "Basic".into(),
            format!("Bearer {secret}"),
            format!("Basic {}", base64url(b"no colon")),
        ] {
            let answer = raw(world, &[("authorization", &authorization)], &[grant]).await;
            answer.refused("invalid_client");
            assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "), "{authorization}");
        }
        for fields in [
            &[grant][..],
            &[grant, ("client_id", "nobody")],
            &[grant, ("client_id", "machine")],
            &[grant, ("client_id", "machine"), ("client_secret", "wrong")],
            &[grant, ("client_id", "machine"), ("client_secret", &secret.to_uppercase())],
            &[grant, ("client_id", "app"), ("client_secret", &secret)],
            &[grant, ("client_id", "machine"), ("client_assertion_type", TYPE)],
        ] {
            let answer = raw(world, &[], fields).await;
            answer.refused("invalid_client");
            assert!(answer.header("www-authenticate").is_none(), "a browser would open a dialog: {fields:?}");
        }
        let twice = [("authorization", &*basic("machine", &secret)), ("authorization", &*basic("machine", &secret))];
        raw(world, &twice, &[grant]).await.refused("invalid_request");
        let other = [grant, ("client_id", "app")];
        raw(world, &[("authorization", &basic("machine", &secret))], &other).await.refused("invalid_client");
    }

    async fn an_assertion_proves_once(world) {
        let key = robot(world, json!({})).await;
        let good = key.sign(&header(), &assertion(world, "1", &json!({})));
        present(world, &good).await.ok();
        present(world, &good).await.refused("invalid_client");
        let again = key.sign(&header(), &assertion(world, "1", &json!({"extra": 1})));
        present(world, &again).await.refused("invalid_client");
        let next = key.sign(&header(), &assertion(world, "2", &json!({"aud": [world.issuer]})));
        present(world, &next).await.ok();
    }

    async fn an_assertion_must_be_for_us_from_the_client_and_now(world) {
        let key = robot(world, json!({})).await;
        let now = world.clock.now().timestamp();
        let token_endpoint = format!("{}/oauth2/token", world.issuer);
        for (at, changes) in [
            json!({"aud": token_endpoint}),
            json!({"aud": [world.issuer, "https://other.example"]}),
            json!({"aud": format!("{}/", world.issuer)}),
            json!({"aud": null}),
            json!({"aud": 7}),
            json!({"iss": "other"}),
            json!({"sub": "other"}),
            json!({"iss": null}),
            json!({"jti": null}),
            json!({"jti": ""}),
            json!({"jti": 1}),
            json!({"exp": null}),
            json!({"exp": now - 11}),
            json!({"exp": "soon"}),
            json!({"iat": now + 120, "exp": now + 180}),
            json!({"nbf": now + 120}),
            json!({"iat": now - 3600}),
        ].iter().enumerate() {
            let signed = key.sign(&header(), &assertion(world, &format!("j{at}"), changes));
            let answer = present(world, &signed).await;
            assert_eq!(answer.status, 401, "{changes}: {}", answer.body);
            answer.refused("invalid_client");
        }
        let near = assertion(world, "near", &json!({"iat": now + 9, "nbf": now + 9}));
        present(world, &key.sign(&header(), &near)).await.ok();
    }

    async fn an_assertion_must_be_signed_by_its_key_and_as_it_says(world) {
        let key = robot(world, json!({})).await;
        let claims = assertion(world, "1", &json!({}));
        let good = key.sign(&header(), &claims);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let none = format!("{}.{}.", encoded(&json!({"alg": "none"})), encoded(&claims));
        for forged in [
            Key::new().sign(&header(), &claims),
            key.sign(&json!({"alg": "RS256", "kid": "k"}), &claims),
            key.sign(&json!({"alg": "HS256", "kid": "k"}), &claims),
            key.sign(&json!({"alg": "ES256", "kid": "k", "crit": ["x"]}), &claims),
            key.sign(&json!({"alg": "ES256", "kid": "k", "typ": "at+jwt"}), &claims),
            key.sign(&json!({"alg": "ES256", "kid": "other"}), &claims),
            none,
            format!("{signed}."),
            format!("{signed}.{}", &signature[2..]),
            signed.into(),
            "x".into(),
        ] {
            present(world, &forged).await.refused("invalid_client");
        }
        present(world, &good).await.ok();
    }

    async fn old_clients_may_name_the_token_endpoint(world) {
        let key = robot(world, json!({"legacy_aud": true})).await;
        let old = json!({"aud": format!("{}/oauth2/token", world.issuer)});
        present(world, &key.sign(&header(), &assertion(world, "1", &old))).await.ok();
        present(world, &key.sign(&header(), &assertion(world, "2", &json!({})))).await.ok();
    }

    async fn a_method_is_the_registered_one(world) {
        let key = robot(world, json!({})).await;
        let posing = Client { http: world.http(), issuer: world.issuer.clone(), id: "robot".into(), secret: Some("x".into()) };
        posing.client_credentials(&[]).await.refused("invalid_client");
        world.machine("machine", json!({})).await;
        let other = json!({"iss": "machine", "sub": "machine"});
        present(world, &key.sign(&header(), &assertion(world, "1", &other))).await.refused("invalid_client");
    }
}
