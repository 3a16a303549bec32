//! Token introspection and revocation (RFC 7662; RFC 7009).

use serde::Serialize;

use super::claims::AccessClaims;
use super::error::Refusal;
use super::params::Params;
use super::scope::Scope;

/// A token to look at or to end. The hint is ignored: every kind of token shows its kind (RFC 7009 section 2.1).
#[derive(Debug)]
pub struct TokenQuery {
    pub token: String,
}

impl TokenQuery {
    pub fn parse(params: &Params) -> Result<Self, Refusal> {
        params.refuse_repeated()?;
        Ok(Self { token: params.required("token", "token is missing")?.to_owned() })
    }
}

/// The answer (RFC 7662 section 2.2). Nothing is told of a token that is not active.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Introspection {
    Inactive {
        active: bool,
    },
    Access {
        active: bool,
        token_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        #[serde(flatten)]
        claims: Box<AccessClaims>,
    },
    Refresh {
        active: bool,
        token_type: &'static str,
        iss: String,
        sub: String,
        client_id: String,
        #[serde(skip_serializing_if = "Scope::is_empty")]
        scope: Scope,
        sid: String,
        exp: i64,
        iat: i64,
    },
}

impl Introspection {
    pub const INACTIVE: Self = Self::Inactive { active: false };
}
