//! Clients that nobody here wrote complete a whole sign-in: openid-client (npm), authlib (PyPI), openidconnect (`crates.io`).

use doorward::base::clock::{Clock, SystemClock};
use openidconnect::core::{CoreClient, CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
};
use serde_json::{Value, json};

use crate::stage::{HOME, PASSWORD};
use crate::tools;
use crate::world::{World, on_both, on_both_with};

/// What every client must have seen.
fn judge(seen: &Value, world: &World, client_id: &str) {
    assert_eq!(seen["issuer"], world.issuer);
    assert_eq!(seen["iss"], world.issuer, "RFC 9207");
    let claims = &seen["claims"];
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(world.issuer), &json!(client_id)));
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:doorward:acr:password"), &json!(["pwd"])));
    assert!(claims["sid"].is_string() && claims["auth_time"].is_i64(), "{claims}");
    assert_eq!(seen["userinfo"]["sub"], claims["sub"]);
    assert_eq!(seen["userinfo"]["email"], "alice@example.com");
    assert_eq!(seen["scope"], "openid profile email");
    assert_eq!((&seen["rotated"], &seen["new_access_token"]), (&json!(true), &json!(true)));
    assert_eq!(seen["farewell_state"], "bye");
    assert_eq!(seen["refusal_after_logout"], "invalid_grant");
}

/// How a client sends its request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Browser,
    /// RFC 9126, and by nothing else.
    Push,
}

/// Lets a script sign in as each kind of client.
async fn try_script(world: &World, by: By, run: impl AsyncFn(&[(&str, &str)]) -> Value) {
    for (id, method, algorithm) in [("spa", "none", "ES256"), ("shop", "client_secret_basic", "RS256")] {
        let metadata = json!({
            "token_endpoint_auth_method": method, "id_token_signed_response_alg": algorithm,
            "post_logout_redirect_uris": [HOME], "require_pushed_authorization_requests": by == By::Push,
        });
        let secret = world.client(id, metadata).await.secret;
        let mut environment = vec![
            ("ISSUER", world.issuer.as_str()),
            ("CLIENT_ID", id),
            ("REDIRECT_URI", HOME),
            ("USERNAME", "alice"),
            ("PASSWORD", PASSWORD),
        ];
        environment.extend((by == By::Push).then_some(("PUSHED", "yes")));
        environment.extend(secret.as_deref().map(|secret| ("CLIENT_SECRET", secret)));
        judge(&run(&environment).await, world, id);
    }
}

on_both! {
    async fn openid_client_of_npm(world) {
        try_script(world, By::Browser, async |environment| tools::node("openid-client.mjs", environment).await).await;
    }

    async fn openid_client_of_npm_pushes_its_request(world) {
        try_script(world, By::Push, async |environment| tools::node("openid-client.mjs", environment).await).await;
    }

    async fn authlib_of_pypi(world) {
        try_script(world, By::Browser, async |environment| tools::python("authlib_client.py", environment).await).await;
    }

    async fn openidconnect_of_crates_io(world) {
        for algorithm in ["ES256", "RS256", "PS256", "EdDSA"] {
            let metadata = json!({
                "token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": algorithm,
            });
            let backend = world.client(&format!("backend-{algorithm}"), metadata).await;
            sign_in_by_crate(world, &backend, algorithm).await;
        }
    }
}

on_both_with! {
    crate::registration::by_token();

    async fn openid_client_of_npm_registers_itself(world) {
        let api = crate::admin::Api::of(world).await;
        let made = api.post("/registration-tokens", json!({"uses": 4})).await.is(201).json();
        for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"] {
            // It looks at its own clock when it signs.
            world.clock.advance(SystemClock.now() - world.clock.now());
            let environment = [
                ("ISSUER", world.issuer.as_str()), ("REDIRECT_URI", HOME), ("USERNAME", "alice"), ("PASSWORD", PASSWORD),
                ("METHOD", method), ("INITIAL_ACCESS_TOKEN", made["token"].as_str().unwrap()),
            ];
            let seen = tools::node("openid-client.mjs", &environment).await;
            judge(&seen, world, seen["client_id"].as_str().unwrap());
        }
    }
}

async fn sign_in_by_crate(world: &World, own: &crate::client::Client, algorithm: &str) {
    let reqwest = world.http();
    let http = |request: HttpRequest| send(reqwest.clone(), request);
    let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new(world.issuer.clone()).unwrap(), &http).await;
    let secret = ClientSecret::new(own.secret.clone().unwrap());
    let client = CoreClient::from_provider_metadata(metadata.unwrap(), ClientId::new(own.id.clone()), Some(secret))
        .set_redirect_uri(RedirectUrl::new(HOME.into()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (start, state, nonce) = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".into()))
        .set_pkce_challenge(challenge)
        .url();

    let browser = world.browser();
    let home = browser.answer_at(start.as_str(), "alice").await;
    assert_eq!(home["state"], *state.secret());
    let code = AuthorizationCode::new(home["code"].clone());
    let tokens = client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request_async(&http).await.unwrap();
    let id_token = tokens.id_token().unwrap();
    let claims = id_token.claims(&client.id_token_verifier(), &nonce).unwrap();
    assert_eq!(serde_json::to_value(id_token.signing_alg().unwrap()).unwrap(), algorithm);
    let subject = Some(claims.subject().clone());
    let userinfo: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), subject).unwrap().request_async(&http).await.unwrap();
    assert_eq!(userinfo.email().unwrap().as_str(), "alice@example.com");
    let refresh = tokens.refresh_token().unwrap();
    let refreshed = client.exchange_refresh_token(refresh).unwrap().request_async(&http).await.unwrap();
    assert_ne!(refreshed.refresh_token().unwrap().secret(), refresh.secret());
}

/// How that crate reaches the network.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}
