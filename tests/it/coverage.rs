//! Every route, who may call it, and what everybody else gets. A route that is not on the list fails this test.

use doorward::web::Callers::{Admin, Anyone, Bearer, Client, ConfidentialClient, Person};
use doorward::web::{Callers, TABLE};
use reqwest::Method;
use serde_json::json;

use crate::world::on_both;

/// Method, path, callers, and the status without any credential.
const ROUTES: &[(&str, &str, Callers, u16)] = &[
    ("GET", "/.well-known/openid-configuration", Anyone, 200),
    ("GET", "/.well-known/oauth-authorization-server", Anyone, 200),
    ("GET", "/oauth2/jwks", Anyone, 200),
    ("GET", "/oauth2/authorize", Anyone, 400),
    ("POST", "/oauth2/authorize", Anyone, 400),
    ("POST", "/oauth2/par", Client, 401),
    ("POST", "/oauth2/token", Client, 401),
    ("POST", "/oauth2/introspect", ConfidentialClient, 401),
    ("POST", "/oauth2/revoke", Client, 401),
    ("GET", "/oauth2/userinfo", Bearer, 401),
    ("POST", "/oauth2/userinfo", Bearer, 401),
    ("GET", "/oauth2/logout", Anyone, 200),
    ("POST", "/oauth2/logout", Anyone, 303),
    ("GET", "/oauth2/session-frame", Anyone, 404),
    ("POST", "/oauth2/register", Anyone, 404),
    ("GET", "/oauth2/register/{client_id}", Bearer, 401),
    ("PUT", "/oauth2/register/{client_id}", Bearer, 401),
    ("DELETE", "/oauth2/register/{client_id}", Bearer, 401),
    ("GET", "/gateway/check", Anyone, 401),
    ("GET", "/", Anyone, 200),
    ("GET", "/login", Anyone, 200),
    ("POST", "/login", Anyone, 403),
    ("POST", "/login/passkey", Anyone, 403),
    ("GET", "/login/code", Anyone, 303),
    ("POST", "/login/code", Anyone, 303),
    ("GET", "/login/factor", Anyone, 303),
    ("POST", "/login/factor", Anyone, 303),
    ("GET", "/login/enrol", Anyone, 303),
    ("POST", "/login/enrol", Anyone, 303),
    ("GET", "/limit", Anyone, 303),
    ("POST", "/limit", Anyone, 303),
    ("GET", "/consent", Person, 400),
    ("POST", "/consent", Person, 400),
    ("GET", "/logout", Anyone, 200),
    ("POST", "/logout", Anyone, 303),
    ("GET", "/logout/report", Anyone, 400),
    ("GET", "/sso/{provider}/start", Anyone, 400),
    ("GET", "/sso/{provider}/callback", Anyone, 403),
    ("GET", "/sso/{provider}/signed-out", Anyone, 200),
    ("POST", "/sso/{provider}/backchannel-logout", Anyone, 400),
    ("GET", "/account", Person, 303),
    ("GET", "/account/apps", Person, 303),
    ("GET", "/account/identities", Person, 303),
    ("POST", "/account/identities/link", Person, 403),
    ("POST", "/account/identities/{id}/remove", Person, 403),
    ("GET", "/account/password", Person, 303),
    ("POST", "/account/password", Person, 403),
    ("GET", "/account/email", Person, 303),
    ("POST", "/account/email", Person, 403),
    ("POST", "/account/email/verify", Person, 403),
    ("GET", "/email/confirm", Anyone, 410),
    ("POST", "/email/confirm", Anyone, 403),
    ("GET", "/password/forgot", Anyone, 200),
    ("POST", "/password/forgot", Anyone, 403),
    ("GET", "/password/reset", Anyone, 410),
    ("POST", "/password/reset", Anyone, 403),
    ("GET", "/account/security", Person, 303),
    ("GET", "/account/totp", Person, 303),
    ("POST", "/account/totp", Person, 403),
    ("GET", "/account/recovery-codes", Person, 303),
    ("POST", "/account/recovery-codes", Person, 403),
    ("GET", "/account/passkeys", Person, 303),
    ("POST", "/account/passkeys", Person, 403),
    ("POST", "/account/authenticators/{id}/name", Person, 403),
    ("POST", "/account/authenticators/{id}/remove", Person, 403),
    ("POST", "/account/sessions/end", Person, 403),
    ("POST", "/account/sessions/others/end", Person, 403),
    ("POST", "/account/sessions/{sid}/end", Person, 403),
    ("POST", "/account/apps/{client_id}/revoke", Person, 403),
    ("GET", "/assets/{name}", Anyone, 404),
    ("GET", "/api/v1/openapi.json", Anyone, 200),
    ("POST", "/api/v1/clients", Admin, 401),
    ("GET", "/api/v1/clients", Admin, 401),
    ("GET", "/api/v1/clients/{client_id}", Admin, 401),
    ("PATCH", "/api/v1/clients/{client_id}", Admin, 401),
    ("DELETE", "/api/v1/clients/{client_id}", Admin, 401),
    ("POST", "/api/v1/clients/{client_id}/secrets", Admin, 401),
    ("POST", "/api/v1/registration-tokens", Admin, 401),
    ("GET", "/api/v1/registration-tokens", Admin, 401),
    ("DELETE", "/api/v1/registration-tokens/{id}", Admin, 401),
    ("POST", "/api/v1/users", Admin, 401),
    ("GET", "/api/v1/users", Admin, 401),
    ("GET", "/api/v1/users/{id}", Admin, 401),
    ("PATCH", "/api/v1/users/{id}", Admin, 401),
    ("DELETE", "/api/v1/users/{id}", Admin, 401),
    ("PUT", "/api/v1/users/{id}/password", Admin, 401),
    ("POST", "/api/v1/users/{id}/invitation", Admin, 401),
    ("GET", "/api/v1/users/{id}/sessions", Admin, 401),
    ("DELETE", "/api/v1/users/{id}/sessions", Admin, 401),
    ("GET", "/api/v1/users/{id}/authenticators", Admin, 401),
    ("DELETE", "/api/v1/users/{id}/authenticators/{authenticator_id}", Admin, 401),
    ("DELETE", "/api/v1/users/{id}/failures", Admin, 401),
    ("GET", "/api/v1/sessions", Admin, 401),
    ("GET", "/api/v1/sessions/statistics", Admin, 401),
    ("GET", "/api/v1/sessions/{sid}", Admin, 401),
    ("DELETE", "/api/v1/sessions/{sid}", Admin, 401),
    ("POST", "/api/v1/revocations/preview", Admin, 401),
    ("POST", "/api/v1/revocations", Admin, 401),
    ("GET", "/api/v1/sessions/{sid}/deliveries", Admin, 401),
    ("GET", "/api/v1/deliveries", Admin, 401),
    ("POST", "/api/v1/deliveries/{id}/retry", Admin, 401),
    ("GET", "/api/v1/mails", Admin, 401),
    ("POST", "/api/v1/mails/{id}/retry", Admin, 401),
    ("POST", "/api/v1/webhooks", Admin, 401),
    ("GET", "/api/v1/webhooks", Admin, 401),
    ("GET", "/api/v1/webhooks/{id}", Admin, 401),
    ("PATCH", "/api/v1/webhooks/{id}", Admin, 401),
    ("DELETE", "/api/v1/webhooks/{id}", Admin, 401),
    ("POST", "/api/v1/providers", Admin, 401),
    ("GET", "/api/v1/providers", Admin, 401),
    ("GET", "/api/v1/providers/{provider}", Admin, 401),
    ("PATCH", "/api/v1/providers/{provider}", Admin, 401),
    ("DELETE", "/api/v1/providers/{provider}", Admin, 401),
    ("GET", "/api/v1/keys", Admin, 401),
    ("POST", "/api/v1/keys/rotate", Admin, 401),
    ("GET", "/healthz", Anyone, 200),
    ("GET", "/readyz", Anyone, 200),
    ("GET", "/metrics", Anyone, 200),
    ("GET", "/dev/mail", Anyone, 200),
    ("GET", "/demo/", Anyone, 200),
    ("GET", "/demo/config.json", Anyone, 200),
    ("GET", "/demo/resource", Bearer, 401),
    ("GET", "/demo/{name}", Anyone, 404),
    ("GET", "/sso/{provider}/metadata", Anyone, 400),
    ("POST", "/sso/{provider}/acs", Anyone, 400),
    ("GET", "/sso/{provider}/slo", Anyone, 400),
    ("POST", "/sso/{provider}/slo", Anyone, 400),
    ("GET", "/sso/{provider}/leave", Anyone, 400),
];

#[test]
fn every_route_is_on_the_list() {
    for route in TABLE.iter() {
        let line = (route.method.as_str(), route.path, route.callers);
        let listed = ROUTES.iter().any(|(method, path, callers, _)| (*method, *path, *callers) == line);
        assert!(listed, "{line:?} is in the route table, but nobody said what strangers get there");
    }
    assert_eq!(ROUTES.len(), TABLE.len(), "the list has a route that is gone");
}

on_both! {
    async fn strangers_get_what_the_list_says(world) {
        let browser = world.browser();
        for (method, path, callers, status) in ROUTES {
            let target = path.replace("{name}", "x").replace("{sid}", "x").replace("{client_id}", "x").replace("{id}", "x").replace("{authenticator_id}", "x");
            let target = target.replace("{provider}", "x");
            let body = if target.starts_with("/api/") { None } else { Some(String::new()) };
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            // What the machine would need besides its proof, so that the proof is what is missing.
            let body = if *callers == Callers::Client { Some("grant_type=client_credentials&token=x&client_id=x".into()) } else { body };
            let body = if *callers == Callers::ConfidentialClient { Some("token=x&client_id=x".into()) } else { body };
            let body = if method == Method::GET { None } else { body };
            let answer = browser.send(method.clone(), &target, &[], body).await;
            assert_eq!(answer.status, *status, "{method} {path}: {}", answer.body);
            answer.tells_nothing_internal();
            if *status == 401 && matches!(callers, Callers::Admin | Callers::Bearer) {
                assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "), "{method} {path}");
            }
        }
    }

    async fn a_token_for_something_else_is_no_key_to_the_admin_api(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let audience = format!("{}/api/v1", world.issuer);
        let reader = world.machine("reader", json!({"scope": "read", "allowed_resources": [audience]})).await;
        let weak = reader.client_credentials(&[]).await.ok()["access_token"].as_str().unwrap().to_owned();
        let strayed = world.machine("strayed", json!({"scope": "admin"})).await;
        let strayed = strayed.client_credentials(&[]).await.ok()["access_token"].as_str().unwrap().to_owned();
        let browser = world.browser();
        browser.sign_in("alice").await;
        for (method, path, callers, _) in ROUTES {
            if *callers != Admin {
                continue;
            }
            let target = path.replace("{sid}", "x").replace("{client_id}", "x").replace("{id}", "x").replace("{authenticator_id}", "x");
            let target = target.replace("{provider}", "x");
            for (token, status) in [(&tokens.access, 401), (&strayed, 401), (&weak, 403), (&tokens.id, 401), (&"x".to_owned(), 401)] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let bearer = format!("Bearer {token}");
                let answer = browser.send(method.clone(), &target, &[("authorization", &bearer)], None).await;
                answer.problem(status);
            }
        }
    }
}
