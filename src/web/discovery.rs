//! What the server says of itself, and its public keys (RFC 8414; OpenID Connect Discovery 1.0; RFC 7517).

use std::sync::{Arc, OnceLock};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use arc_swap::ArcSwapOption;

use super::request::Incoming;
use super::shell::Shell;
use crate::base::secret::{base64url, sha256};
use crate::domain::policy::Profile;
use crate::flows::{Failure, keys, registration};
use crate::protocol::metadata::{self, Offer};

pub async fn document(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let document = shell.documents.metadata.get_or_init(|| Document::of(metadata(shell)));
    Ok(document.answer(incoming, "application/json"))
}

fn metadata(shell: &Shell) -> String {
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
        require_pushed: shell.authority.policy.require_pushed,
        legacy: shell.authority.policy.profile == Profile::Certification,
    };
    metadata::document(&offer).to_string()
}

pub async fn jwks(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    // Whoever keeps a set in which a key is missing refuses what that key signs.
    keys::complete(&shell.authority).await.map_err(|error| Failure::Signing(error.to_string()))?;
    let set = shell.authority.keyring().jwks().clone();
    let known = shell.documents.keys.load();
    if let Some(keys) = known.as_ref().filter(|keys| Arc::ptr_eq(&keys.set, &set)) {
        return Ok(keys.document.answer(incoming, KEY_SET));
    }
    let document = Document::of(set.to_string());
    let answer = document.answer(incoming, KEY_SET);
    shell.documents.keys.store(Some(Arc::new(Keys { set, document })));
    Ok(answer)
}

const KEY_SET: &str = "application/jwk-set+json";

/// The documents as they were answered last: they change with the keys, not with who asks.
#[derive(Default)]
pub struct Documents {
    metadata: OnceLock<Document>,
    keys: ArcSwapOption<Keys>,
}

struct Keys {
    /// What the document was made from.
    set: Arc<str>,
    document: Document,
}

/// A document that may be kept for some minutes and asked for again by its hash.
struct Document {
    body: Bytes,
    tag: String,
}

impl Document {
    fn of(text: String) -> Self {
        let tag = format!("\"{}\"", base64url(&sha256(text.as_bytes())[..12]));
        Self { body: text.into(), tag }
    }

    fn answer(&self, incoming: &Incoming, content_type: &'static str) -> HttpResponse {
        let unchanged = incoming.header(header::IF_NONE_MATCH).is_some_and(|known| known.contains(&self.tag));
        let mut response = HttpResponse::build(if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")));
        response.insert_header((header::ETAG, self.tag.as_str()));
        if unchanged { response.finish() } else { response.content_type(content_type).body(self.body.clone()) }
    }
}
