//! Pushed authorization requests (RFC 9126).

use serde::Serialize;

use super::error::Refusal;
use super::params::Params;

/// What a `request_uri` of ours begins with (RFC 9126 section 2.2).
pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// RFC 9126 section 2.2.
#[derive(Debug, Serialize)]
pub struct PushedAnswer {
    pub request_uri: String,
    /// Seconds.
    pub expires_in: i64,
}

/// What stands behind the prefix of a `request_uri`; `None` where there is no such one.
pub fn reference(params: &Params) -> Result<Option<&str>, Refusal> {
    Ok(params.one("request_uri")?.and_then(|uri| uri.strip_prefix(PREFIX)))
}
