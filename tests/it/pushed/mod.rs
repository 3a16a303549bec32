//! Pushed authorization requests (RFC 9126), from the client that pushes to the browser that brings them.

mod brought;

use std::collections::BTreeMap;
use std::time::Instant;

use doorward::base::clock::Clock;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::browser::Browser;
use crate::client::Client;
use crate::client_auth::Key;
use crate::stage::{CHALLENGE, HOME, PASSWORD, form};
use crate::world::{World, on_both, on_both_with};

const PUSH: &str = "/oauth2/par";
const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// A good request, with changes; an empty value takes a parameter away.
fn request<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("response_type", "code"),
        ("redirect_uri", HOME),
        ("scope", "openid email"),
        ("state", "pushed"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

async fn push(client: &Client, changes: &[(&str, &str)]) -> String {
    let answer = client.post(PUSH, &request(changes)).await;
    let body = answer.is(201).json();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(body["expires_in"], 60);
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    body["request_uri"].as_str().unwrap().to_owned()
}

/// The address that a browser brings it to.
fn bringing(client_id: &str, request_uri: &str) -> String {
    format!("/oauth2/authorize?{}", form(&[("client_id", client_id), ("request_uri", request_uri)]))
}

/// What the client is told when this browser, which is signed in, brings it.
async fn told(browser: &Browser, client_id: &str, request_uri: &str) -> BTreeMap<String, String> {
    browser.open(&bringing(client_id, request_uri)).await.home(HOME)
}

async fn signed_in(world: &World) -> Browser {
    let browser = world.browser();
    browser.sign_in("alice").await;
    browser
}

on_both! {
    async fn a_client_pushes_and_a_browser_brings_it(world) {
        for client in [world.app("app").await, world.backend("backend").await] {
            let uri = push(&client, &[]).await;
            assert!(uri.starts_with(URN) && uri.len() > URN.len() + 43, "{uri}");
            assert!(!uri.contains("pushed") && !uri.contains("app.example"), "it says nothing: {uri}");
            let answer = world.browser().answer_at(&bringing(&client.id, &uri), "alice").await;
            assert_eq!(answer["state"], "pushed");
            let tokens = client.tokens(&answer["code"]).await;
            assert_eq!(crate::client::claims(&tokens.id)["nonce"], "n");
        }
    }

    async fn both_doors_refuse_alike(world) {
        let client = world.app("app").await;
        let browser = signed_in(world).await;
        let long = "s".repeat(3_000);
        for changes in [
            &[("response_type", "")][..],
            &[("response_type", "token")],
            &[("response_type", "id_token")],
            &[("response_type", "code code")],
            &[("response_mode", "web_message")],
            &[("scope", "openid nonsense\"")],
            &[("scope", "admin")],
            &[("code_challenge", "")],
            &[("code_challenge", "short")],
            &[("code_challenge_method", "plain")],
            &[("prompt", "none login")],
            &[("prompt", "dance")],
            &[("max_age", "-1")],
            &[("claims", "{")],
            &[("resource", "https://other.example")],
            &[("registration", "{}")],
            &[("request", "x.y.z")],
            &[("request_uri", "https://app.example/request")],
            &[("state", &long)],
            &[("x", "1"), ("x", "2")],
        ] {
            let answer = client.post(PUSH, &request(changes)).await;
            let refusal = answer.is(400).json();
            let fields = [&[("client_id", "app")], request(changes).as_slice()].concat();
            let other = browser.open(&format!("/oauth2/authorize?{}", form(&fields))).await.home(HOME);
            // Only behind this door a request_uri is no question of who registered it.
            let expected = if changes[0].0 == "request_uri" { "invalid_request" } else { other["error"].as_str() };
            assert_eq!(refusal["error"], expected, "{changes:?}");
        }
        for wrong in ["https://evil.example/", "https://app.example/callback/", "javascript:alert(1)"] {
            client.post(PUSH, &request(&[("redirect_uri", wrong)])).await.refused("invalid_request");
        }
        let text = "s".repeat(2_000);
        let fits_alone = [("state", text.as_str()), ("nonce", &text)];
        browser.authorize("app", &fits_alone).await.home(HOME);
        client.post(PUSH, &request(&fits_alone)).await.refused("invalid_request");
        client.post(PUSH, &request(&[("request_uri", &push(&client, &[]).await)])).await.refused("invalid_request");
    }

    async fn the_client_proves_itself_as_ever(world) {
        let backend = world.backend("backend").await;
        let app = world.app("app").await;
        let stranger = Client { secret: Some("wrong".into()), ..backend.clone() };
        stranger.post(PUSH, &request(&[])).await.refused("invalid_client");
        let bare = Client { secret: None, ..backend.clone() };
        bare.post(PUSH, &request(&[])).await.refused("invalid_client");
        Client { id: "nobody".into(), ..app.clone() }.post(PUSH, &request(&[])).await.refused("invalid_client");
        backend.post(PUSH, &request(&[("client_id", "app")])).await.refused("invalid_client");
        let key = Key::new();
        world.client("signer", json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks()})).await;
        for (aud, status) in [(world.issuer.clone(), 201), (format!("{}{PUSH}", world.issuer), 401)] {
            assert_eq!(by_assertion(world, &key, "signer", &aud).await, status, "{aud}");
        }
        let old = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks(), "legacy_aud": true});
        world.client("old", old).await;
        for (path, status) in [("", 201), ("/oauth2/token", 201), (PUSH, 201), ("/oauth2/revoke", 401)] {
            assert_eq!(by_assertion(world, &key, "old", &format!("{}{path}", world.issuer)).await, status, "{path}");
        }
    }

    async fn only_forms_are_taken_and_only_by_post(world) {
        let browser = world.browser();
        let other = browser.send(Method::POST, PUSH, &[("content-type", "application/json")], Some("{}".into())).await;
        other.refused("invalid_request");
        assert_eq!(browser.get(PUSH).await.is(405).header("allow"), Some("POST"));
        let huge = form(&[("client_id", "app"), ("state", &"s".repeat(70_000))]);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        browser.send(Method::POST, PUSH, &form, Some(huge)).await.is(413);
    }

    async fn a_request_object_counts_alone(world) {
        let key = Key::new();
        let metadata = json!({"skip_consent": true, "jwks": key.jwks(), "require_signed_request_object": true});
        let client = world.client("app", metadata).await;
        let now = world.clock.now().timestamp();
        let claims = |client_id: &str| json!({
            "iss": client_id, "aud": world.issuer, "exp": now + 60, "client_id": client_id, "response_type": "code",
            "redirect_uri": HOME, "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        });
        let header = json!({"alg": "ES256", "kid": "k"});
        let object = key.sign(&header, &claims("app"));
        let answer = client.post(PUSH, &[("request", &object), ("state", "beside"), ("scope", "openid email")]).await;
        let uri = answer.is(201).json()["request_uri"].as_str().unwrap().to_owned();
        let answer = told(&signed_in(world).await, "app", &uri).await;
        assert!(answer.contains_key("code") && !answer.contains_key("state"), "{answer:?}");
        let other = key.sign(&header, &claims("other"));
        client.post(PUSH, &[("request", &other)]).await.refused("invalid_request_object");
        let backend = json!({"skip_consent": true, "jwks": key.jwks(), "token_endpoint_auth_method": "client_secret_basic"});
        let backend = world.client("backend", backend).await;
        let mut of_another = claims("app");
        of_another.as_object_mut().unwrap().remove("iss");
        backend.post(PUSH, &[("request", &key.sign(&header, &of_another))]).await.refused("invalid_request");
        let forged = Key::new().sign(&header, &claims("app"));
        client.post(PUSH, &[("request", &forged)]).await.refused("invalid_request_object");
        client.post(PUSH, &request(&[])).await.refused("invalid_request");
    }

    async fn a_client_may_have_to_push(world) {
        let client = world.app("app").await;
        let waiting = world.browser();
        let page = waiting.authorize("app", &[]).await;
        let api = crate::admin::Api::of(world).await;
        api.patch("/clients/app", json!({"require_pushed_authorization_requests": true})).await.is(200);
        let answer = waiting.log_in(&page, "alice", PASSWORD).await;
        let refusal = waiting.follow(answer).await.home(HOME);
        assert_eq!(refusal["error"], "invalid_request", "nor does a page that was there before");
        let browser = signed_in(world).await;
        let refusal = browser.authorize("app", &[]).await.home(HOME);
        assert_eq!(refusal["error"], "invalid_request");
        let uri = push(&client, &[]).await;
        assert!(told(&browser, "app", &uri).await.contains_key("code"));
    }

    async fn who_proves_nothing_pushes_no_more_often_than_strangers_come(world) {
        let (app, backend) = (world.app("app").await, world.backend("backend").await);
        let started = Instant::now();
        let crowd = join_all((0..1_000).map(async |_| app.post(PUSH, &request(&[])).await)).await;
        let taken = crowd.iter().filter(|answer| answer.status == 201).count();
        let most = 101.0 + 250.0 * started.elapsed().as_secs_f64();
        assert!(u32::try_from(taken).is_ok_and(|taken| f64::from(taken) <= most), "{taken} were taken");
        for late in crowd.iter().filter(|answer| answer.status != 201) {
            assert_eq!(late.is(429).header("retry-after"), Some("1"));
            assert_eq!(late.json()["error"], "temporarily_unavailable");
        }
        push(&backend, &[]).await;
    }

    async fn a_push_writes_nothing(world) {
        let client = world.app("app").await;
        let before = crate::storage::rows(world.db()).await;
        for _ in 0..50 {
            push(&client, &[]).await;
        }
        assert_eq!(crate::storage::rows(world.db()).await, before);
    }
}

async fn by_assertion(world: &World, key: &Key, client_id: &str, aud: &str) -> u16 {
    let now = world.clock.now().timestamp();
    let claims = json!({"iss": client_id, "sub": client_id, "aud": aud, "jti": aud, "exp": now + 60});
    let assertion = key.sign(&json!({"alg": "ES256", "kid": "k"}), &claims);
    let client = Client { http: world.http(), issuer: world.issuer.clone(), id: client_id.into(), secret: None };
    let fields = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    client.post(PUSH, &[&fields, request(&[]).as_slice()].concat()).await.status.as_u16()
}

on_both_with! {
    crate::world::Setting { change: |policy| policy.require_pushed = true, ..crate::world::Setting::default() };
    async fn everybody_may_have_to_push(world) {
        let client = world.app("app").await;
        let browser = signed_in(world).await;
        let document = browser.get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["require_pushed_authorization_requests"], true);
        assert_eq!(document["pushed_authorization_request_endpoint"], format!("{}{PUSH}", world.issuer));
        assert_eq!(browser.authorize("app", &[]).await.home(HOME)["error"], "invalid_request");
        assert_eq!(browser.post("/oauth2/authorize", &fields("app")).await.home(HOME)["error"], "invalid_request");
        let uri = push(&client, &[]).await;
        assert!(told(&browser, "app", &uri).await.contains_key("code"));
    }
}

fn fields(client_id: &str) -> Vec<(&str, &str)> {
    [&[("client_id", client_id)], request(&[]).as_slice()].concat()
}
