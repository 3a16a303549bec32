//! The demo's resource server: what any service does that trusts the published keys alone (RFC 9068 section 4).

use serde_json::{Map, Value};

use crate::base::clock::Time;
use crate::domain::policy::CLOCK_SKEW;
use crate::jose::algorithm::Algorithm;
use crate::jose::claims;
use crate::jose::client::ClientKeys;
use crate::jose::jws::{Accept, Unverified};
use crate::jose::typ::{Typ, Typing};
use crate::protocol::error::{Code, Refusal};

/// The demo application.
pub const CLIENT_ID: &str = "demo-spa";

const ACCEPT: Accept<'_> = Accept { algorithms: &[Algorithm::Es256], typ: Typing::Exactly(Typ::AccessToken) };

/// The claims of an access token, by the key set, issuer, audience and time alone.
pub fn verify(jwks: &Value, issuer: &str, token: &str, now: Time) -> Result<Map<String, Value>, Refusal> {
    let invalid = |reason: String| Refusal::new(Code::InvalidToken, "the access token is not valid").because(reason);
    let keys = ClientKeys::parse(jwks).map_err(|error| invalid(error.to_string()))?;
    let token = Unverified::parse(token, &ACCEPT).map_err(|error| invalid(error.to_string()))?;
    let claims = keys.verify(token).map_err(|error| invalid(error.to_string()))?.into_claims();
    let text = |name| claims::text(&claims, name).map_err(|error| invalid(error.to_string()));
    if text("iss")? != Some(issuer) || text("aud")? != Some(issuer) {
        return Err(invalid("iss or aud is another".into()));
    }
    let expires = claims::time(&claims, "exp").map_err(|error| invalid(error.to_string()))?;
    if expires.is_none_or(|end| now.timestamp() >= end + CLOCK_SKEW.as_seconds()) {
        return Err(invalid("expired".into()));
    }
    Ok(claims)
}
