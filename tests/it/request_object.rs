//! Request objects by value and by reference (OpenID Connect Core 1.0 section 6; RFC 9101).

use doorward::base::clock::Clock;
use doorward::base::secret::base64url;
use doorward::domain::policy::{Policy, Profile};
use serde_json::{Value, json};

use crate::browser::authorization;
use crate::client_auth::Key;
use crate::client_keys::{Publisher, document};
use crate::stage::{CHALLENGE, Engine, HOME};
use crate::world::{Setting, World, on_both};

/// The claims of a good object, with changes.
fn request(world: &World, changes: &Value) -> Value {
    let now = world.clock.now().timestamp();
    let mut claims = json!({
        "iss": "app", "aud": world.issuer, "iat": now, "exp": now + 60, "client_id": "app", "response_type": "code",
        "redirect_uri": HOME, "scope": "openid", "state": "inner", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k", "typ": "oauth-authz-req+jwt"})
}

async fn app(world: &World, more: Value) -> Key {
    let key = Key::new();
    let mut metadata = json!({"skip_consent": true, "jwks": key.jwks()});
    for (member, value) in more.as_object().unwrap() {
        metadata[member] = value.clone();
    }
    world.client("app", metadata).await;
    key
}

/// What the client is told after this object.
async fn answer(world: &World, object: &str) -> Value {
    let browser = world.browser();
    let answer = browser.answer_to("app", "alice", &[("request", object), ("state", "outer")]).await;
    json!(answer)
}

on_both! {
    async fn what_it_says_counts_more_than_what_stands_beside_it(world) {
        let key = app(world, json!({})).await;
        let object = key.sign(&header(), &request(world, &json!({"nonce": "n", "max_age": 100})));
        assert_eq!(answer(world, &object).await["state"], "inner");
        let bare = key.sign(&json!({"alg": "ES256"}), &json!({"scope": "openid"}));
        assert_eq!(answer(world, &bare).await["state"], "outer", "without typ, kid, iss and times, as OpenID Connect has it");
    }

    async fn its_redirect_uri_wins_over_a_wrong_one(world) {
        let key = app(world, json!({})).await;
        let object = key.sign(&header(), &request(world, &json!({})));
        let asked = authorization("app", &[("request", &object), ("redirect_uri", "https://evil.example/")]);
        assert!(world.browser().answer_at(&asked, "alice").await.contains_key("code"));
        let object = key.sign(&header(), &request(world, &json!({"redirect_uri": "https://evil.example/"})));
        let asked = authorization("app", &[("request", &object)]);
        world.browser().open(&asked).await.error_page("invalid_request");
    }

    async fn every_defect_is_refused_at_the_proven_address(world) {
        let key = app(world, json!({"request_object_signing_alg": "ES256"})).await;
        let now = world.clock.now().timestamp();
        let good = request(world, &json!({}));
        let sign = |changes: Value| key.sign(&header(), &request(world, &changes));
        let whole = key.sign(&header(), &good);
        let (head, tail) = whole.rsplit_once('.').unwrap();
        let unsigned = {
            let whole = key.sign(&json!({"alg": "none"}), &good);
            format!("{}.", whole.rsplit_once('.').unwrap().0)
        };
        let defects = [
            ("expired", sign(json!({"exp": now - 60}))),
            ("from the future", sign(json!({"nbf": now + 60}))),
            ("made in the future", sign(json!({"iat": now + 60}))),
            ("another issuer", sign(json!({"iss": "other"}))),
            ("another audience", sign(json!({"aud": "https://other.example"}))),
            ("no audience that is one", sign(json!({"aud": 1}))),
            ("another client", sign(json!({"client_id": "other"}))),
            ("another response type", sign(json!({"response_type": "id_token"}))),
            ("a subject", sign(json!({"sub": "app"}))),
            ("nested", sign(json!({"request": "x.y.z"}))),
            ("nested by reference", sign(json!({"request_uri": "https://app.example/r"}))),
            ("a list for a text", sign(json!({"state": ["a"]}))),
            ("an end that is a text", sign(json!({"exp": "soon"}))),
            ("an end that is a list", sign(json!({"exp": [now + 60]}))),
            ("an end that is true", sign(json!({"exp": true}))),
            ("a beginning that is a text", sign(json!({"nbf": "now"}))),
            ("a birth that is an object", sign(json!({"iat": {}}))),
            ("another key", Key::new().sign(&header(), &good)),
            ("a key of its own address", Key::new().sign(&json!({"alg": "ES256", "jku": "https://evil.example/keys"}), &good)),
            ("another kid", key.sign(&json!({"alg": "ES256", "kid": "other"}), &good)),
            ("another algorithm's name", key.sign(&json!({"alg": "RS256", "kid": "k"}), &good)),
            ("an HMAC", key.sign(&json!({"alg": "HS256"}), &good)),
            ("none", unsigned),
            ("None", key.sign(&json!({"alg": "None"}), &good)),
            ("crit", key.sign(&json!({"alg": "ES256", "kid": "k", "crit": ["x"], "x": 1}), &good)),
            ("a client assertion", key.sign(&json!({"alg": "ES256", "typ": "client-authentication+jwt"}), &good)),
            ("an access token", key.sign(&json!({"alg": "ES256", "typ": "at+jwt"}), &good)),
            ("no object", key.sign(&header(), &json!([1]))),
            ("cut off", head.to_owned()),
            ("a signature of zeros", format!("{head}.{}", "A".repeat(86))),
            ("dots", ".".repeat(16_000)),
            ("a changed signature", format!("{head}.{}{}", &tail[1..], &tail[..1])),
            ("encrypted", "a.b.c.d.e".to_owned()),
            ("nonsense", "x".to_owned()),
            ("too long", "x".repeat(17_000)),
        ];
        let browser = world.browser();
        browser.sign_in("alice").await;
        for (defect, object) in defects {
            let fields = [
                ("client_id", "app"), ("redirect_uri", HOME), ("response_type", "code"), ("scope", "openid"),
                ("state", "outer"), ("request", object.as_str()),
            ];
            let refusal = browser.post("/oauth2/authorize", &fields).await.home(HOME);
            assert_eq!(refusal["error"], "invalid_request_object", "{defect}: {refusal:?}");
            assert_eq!(refusal["state"], "outer", "{defect}");
        }
        let nowhere = authorization("app", &[("request", "x"), ("redirect_uri", "https://evil.example/")]);
        browser.open(&nowhere).await.error_page("invalid_request");
    }

    async fn a_client_may_want_nothing_to_count_beside_it(world) {
        let key = app(world, json!({"require_signed_request_object": true})).await;
        let browser = world.browser();
        let refusal = browser.authorize("app", &[]).await.home(HOME);
        assert_eq!(refusal["error"], "invalid_request");
        let object = key.sign(&header(), &request(world, &json!({"state": null})));
        let told = answer(world, &object).await;
        assert!(told["code"].is_string() && told["state"].is_null(), "{told}");
    }

    async fn is_fetched_when_it_is_needed_from_a_registered_address_alone(world) {
        let publisher = Publisher::new("").await;
        let uri = format!("{}#v1", publisher.address);
        let key = app(world, json!({"request_uris": [uri]})).await;
        publisher.says(document(&key.sign(&header(), &request(world, &json!({})))));
        assert_eq!(publisher.asked(), 0, "registration calls nobody");
        for asked in [uri.clone(), publisher.address.clone(), format!("{}#v2", publisher.address)] {
            let answer = world.browser().answer_to("app", "alice", &[("request_uri", &asked), ("state", "outer")]).await;
            assert_eq!(answer["state"], "inner", "{asked}");
        }
        let fetched = publisher.asked();
        let browser = world.browser();
        let strange = [
            format!("{}?x=1", publisher.address),
            publisher.address.replace("/keys", "/other"),
            "https://evil.example/".to_owned(),
            "http://169.254.169.254/latest".to_owned(),
            "file:///etc/passwd".to_owned(),
            "urn:ietf:params:oauth:request_uri:unknown".to_owned(),
            format!("{}#{}", publisher.address, "x".repeat(600)),
        ];
        for uri in strange {
            let refusal = browser.authorize("app", &[("request_uri", &uri)]).await.home(HOME);
            assert_eq!(refusal["error"], "invalid_request_uri", "{uri}");
        }
        assert_eq!(publisher.asked(), fetched, "nobody was called");
        let both = [("request_uri", uri.as_str()), ("request", "x")];
        assert_eq!(browser.authorize("app", &both).await.home(HOME)["error"], "invalid_request");
    }

    async fn what_is_fetched_is_not_trusted(world) {
        let publisher = Publisher::new("").await;
        app(world, json!({"request_uris": [publisher.address]})).await;
        let browser = world.browser();
        for (says, error) in [
            (document("x"), "invalid_request_object"),
            (document(&"x".repeat(20_000)), "invalid_request_uri"),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(), "invalid_request_uri"),
            ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(), "invalid_request_uri"),
            ("nonsense".to_owned(), "invalid_request_uri"),
        ] {
            publisher.says(says.clone());
            let refusal = browser.authorize("app", &[("request_uri", &publisher.address)]).await.home(HOME);
            assert_eq!(refusal["error"], error, "{says:.40}");
        }
    }
}

/// An object that nobody signed.
fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.", part(&json!({"alg": "none"})), part(claims))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certification_profile_reads_what_nobody_signed() {
    let change = |policy: &mut Policy| policy.profile = Profile::Certification;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = World::with(engine, Setting { change, ..Setting::default() }).await;
        world.client("app", json!({"skip_consent": true})).await;
        world
            .client(
                "signs",
                json!({"skip_consent": true, "request_object_signing_alg": "ES256", "jwks": Key::new().jwks()}),
            )
            .await;
        let object = unsigned(&request(&world, &json!({"response_mode": "form_post"})));
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[("request", &object)]).await;
        let fields = page.is(200).form(HOME);
        assert!(fields.contains(&("state".into(), "inner".into())), "{fields:?}");
        let other = unsigned(&request(&world, &json!({"iss": "signs", "client_id": "signs"})));
        let refusal = browser.authorize("signs", &[("request", &other)]).await.home(HOME);
        assert_eq!(refusal["error"], "invalid_request_object", "an algorithm was agreed upon");
        for broken in ["a.b.", "..", &object[..object.len() - 1], &format!("{object}x")] {
            let refusal = browser.authorize("app", &[("request", broken)]).await.home(HOME);
            assert_eq!(refusal["error"], "invalid_request_object", "{broken}");
        }
        let told = world.http().get(format!("{}/.well-known/openid-configuration", world.issuer)).send().await.unwrap();
        let told: Value = told.json().await.unwrap();
        assert!(told["request_object_signing_alg_values_supported"].as_array().unwrap().contains(&json!("none")));
        assert_eq!(told["response_types_supported"].as_array().unwrap().len(), 6);
        world.finish().await;
    }
}
