//! What the server says of itself, and its public keys (RFC 8414; OpenID Connect Discovery 1.0; RFC 7517).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use serde_json::Value;

use super::request::Incoming;
use super::shell::Shell;
use crate::base::secret::{base64url, sha256};
use crate::domain::policy::Profile;
use crate::flows::{Failure, keys, registration};
use crate::protocol::metadata::{self, Offer};

pub async fn document(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (issued, accepted, encryption) = keys::algorithms();
    let languages = shell.authority.languages.tags();
    let offer = Offer {
        issuer: &shell.site.issuer,
        signing: &issued,
        assertions: &accepted,
        encryption: &encryption,
        languages: &languages,
        registration: registration::is_open(&shell.authority),
        frame: shell.authority.policy.session_frame,
        legacy: shell.authority.policy.profile == Profile::Certification,
    };
    Ok(cacheable(incoming, "application/json", &metadata::document(&offer)))
}

pub async fn jwks(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    // Whoever keeps a set in which a key is missing refuses what that key signs.
    keys::complete(&shell.authority).await.map_err(|error| Failure::Signing(error.to_string()))?;
    Ok(cacheable(incoming, "application/jwk-set+json", &shell.authority.keyring().jwks()))
}

/// A document that may be kept for some minutes and asked for again by its hash.
fn cacheable(incoming: &Incoming, content_type: &'static str, document: &Value) -> HttpResponse {
    let body = document.to_string();
    let tag = format!("\"{}\"", base64url(&sha256(body.as_bytes())[..12]));
    let unchanged = incoming.header(header::IF_NONE_MATCH.as_str()).is_some_and(|known| known.contains(&tag));
    let mut response = HttpResponse::build(if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    response.insert_header((header::CACHE_CONTROL, "public, max-age=300")).insert_header((header::ETAG, tag));
    if unchanged { response.finish() } else { response.content_type(content_type).body(body) }
}
