//! Every secret that we give away, tried in every place that takes one: only the place it was made for lets it in
//! (RFC 8725 section 3.12; OWASP ASVS 5.0 9.2.2).

use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::Client;
use crate::stage::form;
use crate::world::{World, on_both};

/// Places that take a secret.
const PLACES: [&str; 12] = [
    "code",
    "refresh token",
    "userinfo",
    "admin api",
    "gateway",
    "introspection",
    "session cookie",
    "login page",
    "logout hint",
    "login hint",
    "client secret",
    "client assertion",
];

/// Where each kind belongs.
fn home_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "code" => &["code"],
        "refresh token" => &["refresh token", "introspection"],
        "access token" | "opaque token" => &["userinfo", "gateway", "introspection"],
        "id token" => &["logout hint", "login hint"],
        "cookie" => &["session cookie"],
        "page" => &["login page"],
        _ => &[],
    }
}

/// Whether this place lets the secret in.
async fn lets_in(world: &World, client: &Client, place: &str, secret: &str) -> bool {
    let browser = world.browser();
    let asked = |path: &str, fields: &[(&str, &str)]| format!("{path}?{}", form(fields));
    match place {
        "code" => client.redeem(secret).await.status == 200,
        "refresh token" => client.refresh(secret).await.status == 200,
        "userinfo" => client.userinfo(secret).await.status == 200,
        "admin api" => client.get("/api/v1/users", Some(secret)).await.status == 200,
        "gateway" => client.gateway(secret).await.status == 200,
        "introspection" => client.introspect(secret).await["active"] == true,
        "session cookie" => {
            let cookie = format!("doorward-session={secret}");
            browser.send(Method::GET, "/account", &[("cookie", &cookie)], None).await.status == 200
        }
        "login page" => browser.get(&asked("/login", &[("request", secret)])).await.status == 200,
        "logout hint" => {
            // Of a session that is over already, so that nothing else ends.
            browser.get(&asked("/oauth2/logout", &[("id_token_hint", secret)])).await.status == 200
        }
        "login hint" => {
            let more = [("id_token_hint", secret), ("prompt", "none")];
            browser.authorize(&client.id, &more).await.home(crate::stage::HOME)["error"] == "login_required"
        }
        "client secret" => {
            let posing = Client { secret: Some(secret.into()), ..client.clone() };
            posing.token(&[("grant_type", "client_credentials")]).await.body.contains("unauthorized_client")
        }
        "client assertion" => {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            let fields =
                [("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", secret)];
            let answer: Answer = Client { secret: None, ..client.clone() }.token(&fields).await;
            assert!(answer.status != 200, "{}", answer.body);
            !answer.body.contains("invalid_client") && !answer.body.contains("invalid_request")
        }
        other => panic!("{other} is no place"),
    }
}

/// A new secret of each kind, all alive.
async fn secrets(world: &World, client: &Client, opaque: &Client) -> Vec<(&'static str, String)> {
    let (browser, tokens) = world.signed_in(client).await;
    let (_, others) = world.signed_in(opaque).await;
    let waiting: Browser = world.browser();
    let page = waiting.authorize(&client.id, &[]).await;
    let handle = page.url.query_pairs().find(|(name, _)| name == "request").unwrap().1.into_owned();
    let csrf = page.form("/login").into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    vec![
        ("code", browser.code(&client.id, "alice", "openid").await),
        ("refresh token", tokens.refresh),
        ("access token", tokens.access),
        ("opaque token", others.access),
        ("id token", tokens.id),
        ("cookie", browser.cookie("doorward-session").unwrap()),
        ("binding", browser.cookie("doorward-browser").unwrap()),
        ("page", handle),
        ("form", csrf),
    ]
}

on_both! {
    async fn each_secret_opens_only_its_own_door(world) {
        let client = world.backend("backend").await;
        let metadata = json!({
            "skip_consent": true, "token_endpoint_auth_method": "client_secret_basic", "access_token_format": "opaque",
        });
        let opaque = world.client("opaque", metadata).await;
        for place in PLACES {
            for (kind, secret) in secrets(world, &client, &opaque).await {
                let expected = home_of(kind).contains(&place);
                assert_eq!(lets_in(world, &client, place, &secret).await, expected, "a {kind} as {place}: {secret}");
            }
        }
    }
}
