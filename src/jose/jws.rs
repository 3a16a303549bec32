//! Reading signed tokens: the compact serialisation alone (RFC 7515 section 3.1), and nothing of the payload before its signature was verified.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::json;
use super::jwk::LONGEST_KID;
use super::typ::Typing;
use super::verifier::Verifier;
use crate::base::secret::from_base64url;

/// The longest token that is read, in bytes.
pub const LONGEST_TOKEN: usize = 16 * 1024;

/// Header members that would change what the token means; none is understood here (RFC 7515 section 4.1.11, RFC 7797, RFC 7516).
const MEANINGFUL: [&str; 3] = ["crit", "b64", "zip"];

/// What a reader takes: its own choice, never the token's.
#[derive(Clone, Copy, Debug)]
pub struct Accept<'a> {
    pub algorithms: &'a [Algorithm],
    pub typ: Typing,
}

/// Why a token is not taken. For logs and tests: whoever sent it learns only that it is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("longer than 16 KiB")]
    TooLong,
    #[error("not three parts in base64url: no compact JWS")]
    NotCompact,
    #[error("a header that is no plain JSON object of the right types")]
    Header,
    #[error("an algorithm that is not taken here")]
    Algorithm,
    #[error("a header that asks for an extension")]
    Extension,
    #[error("a typ that is not the one asked for")]
    Typ,
    #[error("no key fits")]
    UnknownKey,
    #[error("a wrong signature")]
    Signature,
    #[error("claims that are no plain JSON object")]
    Claims,
}

/// A token whose header passed and whose signature nobody has looked at.
#[derive(Debug)]
pub struct Unverified<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    input: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

/// A token whose signature fits. Times, issuer and audience are still the caller's to check.
#[derive(Debug)]
pub struct Verified {
    algorithm: Algorithm,
    kid: Option<String>,
    claims: Map<String, Value>,
}

impl Verified {
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }
}

/// The parts of a compact JWS, and its header read.
pub(super) struct Parts<'a> {
    pub header: Map<String, Value>,
    pub input: &'a str,
    pub payload: &'a str,
    pub signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub fn of(compact: &'a str) -> Result<Self, Rejected> {
        if compact.len() > LONGEST_TOKEN {
            return Err(Rejected::TooLong);
        }
        let (input, signature) = compact.rsplit_once('.').ok_or(Rejected::NotCompact)?;
        let (header, payload) = input.split_once('.').ok_or(Rejected::NotCompact)?;
        if payload.contains('.') {
            return Err(Rejected::NotCompact);
        }
        let signature = from_base64url(signature).ok_or(Rejected::NotCompact)?;
        let header = from_base64url(header).ok_or(Rejected::NotCompact)?;
        let header = json::object(&header).ok_or(Rejected::Header)?;
        Ok(Self { header, input, payload, signature })
    }

    pub fn algorithm(&self) -> Result<Option<&str>, Rejected> {
        text(&self.header, "alg")
    }

    /// Refuses extensions and another `typ`.
    pub fn admit(&self, typ: Typing) -> Result<(), Rejected> {
        if MEANINGFUL.into_iter().any(|name| self.header.contains_key(name)) {
            return Err(Rejected::Extension);
        }
        if typ.admits(text(&self.header, "typ")?) { Ok(()) } else { Err(Rejected::Typ) }
    }
}

/// The claims of a payload whose signature was checked.
pub(super) fn claims(payload: &str) -> Result<Map<String, Value>, Rejected> {
    from_base64url(payload).and_then(|payload| json::object(&payload)).ok_or(Rejected::Claims)
}

/// Whom a token names as its `sub`, signed or not: to find that party's keys by, and proof of nothing.
pub fn claimed_subject(compact: &str) -> Option<String> {
    let parts = Parts::of(compact).ok()?;
    match claims(parts.payload).ok()?.remove("sub") {
        Some(Value::String(subject)) => Some(subject),
        _ => None,
    }
}

impl<'a> Unverified<'a> {
    /// Reads the header. Keys or addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
    pub fn parse(compact: &'a str, accept: &Accept<'_>) -> Result<Self, Rejected> {
        let parts = Parts::of(compact)?;
        let algorithm = parts.algorithm()?.and_then(|name| Algorithm::from_str(name).ok());
        let algorithm = algorithm.filter(|found| accept.algorithms.contains(found)).ok_or(Rejected::Algorithm)?;
        parts.admit(accept.typ)?;
        let kid = text(&parts.header, "kid")?.map(str::to_owned);
        if kid.as_ref().is_some_and(|kid| kid.len() > LONGEST_KID) {
            return Err(Rejected::Header);
        }
        let Parts { input, payload, signature, .. } = parts;
        Ok(Self { algorithm, kid, input, payload, signature })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Checks the signature with a key that was chosen by our own registration; then the claims can be read.
    pub fn verify(self, verifier: &dyn Verifier) -> Result<Verified, Rejected> {
        self.check(verifier)?;
        self.open()
    }

    pub(super) fn check(&self, verifier: &dyn Verifier) -> Result<(), Rejected> {
        if verifier.algorithm() != self.algorithm {
            return Err(Rejected::UnknownKey);
        }
        verifier.verify(self.input.as_bytes(), &self.signature).map_err(|_| Rejected::Signature)
    }

    /// Only after `check`.
    pub(super) fn open(self) -> Result<Verified, Rejected> {
        let claims = claims(self.payload)?;
        Ok(Verified { algorithm: self.algorithm, kid: self.kid, claims })
    }
}

/// The claims of a token with `alg` `none` (RFC 7515 appendix A.5). It proves nothing: for what anybody may say.
pub fn unsigned(compact: &str, typ: Typing) -> Result<Map<String, Value>, Rejected> {
    if compact.len() > LONGEST_TOKEN {
        return Err(Rejected::TooLong);
    }
    let parts: Vec<&str> = compact.split('.').collect();
    let [header, payload, ""] = parts[..] else { return Err(Rejected::NotCompact) };
    let header = from_base64url(header).and_then(|header| json::object(&header)).ok_or(Rejected::Header)?;
    if text(&header, "alg")? != Some("none") {
        return Err(Rejected::Algorithm);
    }
    if MEANINGFUL.into_iter().any(|name| header.contains_key(name)) {
        return Err(Rejected::Extension);
    }
    if !typ.admits(text(&header, "typ")?) {
        return Err(Rejected::Typ);
    }
    from_base64url(payload).and_then(|payload| json::object(&payload)).ok_or(Rejected::Claims)
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Rejected> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Rejected::Header),
    }
}
