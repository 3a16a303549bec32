//! The demo: a single-page app, and a resource server that verifies access tokens with nothing but the JWKS.
//! Only with a loopback issuer.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use serde_json::json;

use super::answer::{json as json_answer, plain};
use super::asset;
use super::inspect::bearer;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::{Failure, demo};

const FILES: [(&str, &str, &str); 3] = [
    ("demo.css", "text/css; charset=utf-8", include_str!("../../templates/demo/demo.css")),
    ("demo.js", "text/javascript; charset=utf-8", include_str!("../../templates/demo/demo.js")),
    (
        "oidc-client-ts.min.js",
        "text/javascript; charset=utf-8",
        include_str!("../../templates/demo/oidc-client-ts.min.js"),
    ),
];

const INDEX: &str = include_str!("../../templates/demo/index.html");

/// What the app may do: its own files, and calls to this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

pub async fn index(_: &Shell, _: &Incoming) -> Result<HttpResponse, Failure> {
    let mut response = asset::file("text/html; charset=utf-8", Bytes::from_static(INDEX.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

pub async fn file(_: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let found = FILES.iter().find(|(name, _, _)| *name == incoming.part("name"));
    Ok(found.map_or_else(
        || plain(StatusCode::NOT_FOUND, "not found"),
        |(_, content_type, body)| asset::file(content_type, Bytes::from_static(body.as_bytes())),
    ))
}

pub async fn config(shell: &Shell, _: &Incoming) -> Result<HttpResponse, Failure> {
    json_answer(&json!({
        "authority": shell.site.issuer,
        "client_id": demo::CLIENT_ID,
        "redirect_uri": format!("{}/demo/", shell.site.issuer),
        "scope": "openid profile email",
    }))
}

/// A service that knows Doorward's keys and issuer, and nothing else of it.
pub async fn resource(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let token = bearer(incoming)?;
    let set = serde_json::from_str(shell.authority.keyring().jwks()).unwrap_or_default();
    let claims = demo::verify(&set, &shell.site.issuer, &token, shell.authority.now())?;
    json_answer(&json!({ "message": "Your access token is good.", "claims": claims }))
}
