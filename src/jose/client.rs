//! The keys that a client published for itself (`jwks` of RFC 7591), read once and kept ready to verify what it signs.

use serde_json::Value;

use super::json;
use super::jwk::{Jwk, JwkError, Material};
use super::jws::{Rejected, Unverified, Verified};
use super::verifier::{Verifier, VerifyingKey};

/// The most keys in one set.
pub const MOST_KEYS: usize = 20;

/// How many keys are tried on a token that does not say which one signed it.
const MOST_TRIES: usize = 4;

/// Why a key set is not taken; the text says which key and which member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    #[error("is not a JSON object with an array \"keys\", or names a member twice")]
    NotASet,
    #[error("holds more than 20 keys")]
    TooMany,
    #[error("holds no key that verifies signatures of the algorithms known here")]
    Empty,
    #[error("keys[{0}] {1}")]
    Key(usize, JwkError),
    #[error("keys[{0}] has the kid of an earlier key of the same kind")]
    SameKid(usize),
}

/// A client's public keys. A key that names no `alg` stands here once per algorithm that fits it.
pub struct ClientKeys(Vec<ClientKey>);

struct ClientKey {
    kid: Option<String>,
    verifier: VerifyingKey,
}

impl ClientKeys {
    /// Reads a set as it came over the wire. Its size is the caller's to limit.
    pub fn from_json(text: &[u8]) -> Result<Self, JwksError> {
        Self::parse(&json::strict(text).map_err(|_| JwksError::NotASet)?)
    }

    /// Reads a set. Keys for encryption and of unknown kinds are passed over; a broken, weak or private key refuses the set.
    pub fn parse(set: &Value) -> Result<Self, JwksError> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(JwksError::NotASet)?;
        if keys.len() > MOST_KEYS {
            return Err(JwksError::TooMany);
        }
        let mut seen: Vec<(String, Material)> = Vec::new();
        let mut ready = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let jwk = match Jwk::parse(key) {
                Ok(jwk) => jwk,
                Err(JwkError::Foreign) => continue,
                Err(error) => return Err(JwksError::Key(index, error)),
            };
            for &algorithm in jwk.algorithms() {
                let verifier = jwk.verifier(algorithm).map_err(|error| JwksError::Key(index, error))?;
                ready.push(ClientKey { kid: jwk.kid.clone(), verifier });
            }
            let Some(kid) = jwk.kid else { continue };
            if seen.iter().any(|(earlier, material)| *earlier == kid && material.same_kind(&jwk.material)) {
                return Err(JwksError::SameKid(index));
            }
            seen.push((kid, jwk.material));
        }
        if ready.is_empty() { Err(JwksError::Empty) } else { Ok(Self(ready)) }
    }

    /// Verifies with the key that the token names, or, when it names none, with the few that fit its algorithm.
    pub fn verify(&self, token: Unverified<'_>) -> Result<Verified, Rejected> {
        let fitting = self.0.iter().filter(|key| key.verifier.algorithm() == token.algorithm());
        let named = fitting.filter(|key| token.kid().is_none_or(|kid| key.kid.as_deref() == Some(kid)));
        let mut outcome = Err(Rejected::UnknownKey);
        for key in named.take(MOST_TRIES) {
            outcome = token.check(&key.verifier);
            if outcome.is_ok() {
                break;
            }
        }
        outcome?;
        token.open()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::vectors::records;

    fn key(index: usize, kid: &str) -> Value {
        Jwk { kid: Some(kid.to_owned()), ..records()[index].public.clone() }.to_value()
    }

    fn refusal(set: &Value) -> Option<JwksError> {
        ClientKeys::parse(set).err()
    }

    #[test]
    fn sets_are_refused_by_key_and_member() {
        let foreign = json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA" });
        let mut private = key(0, "a");
        private["d"] = "AAAA".into();
        let mut weak = key(1, "a");
        weak["n"] = "AQAB".into();
        let many = vec![key(0, "a"); MOST_KEYS + 1];
        let weakness = JwkError::Member("n", "has fewer than 2048 or more than 8192 bits");
        for (set, error) in [
            (json!({ "keys": [foreign, key(0, "a")] }), None),
            (json!({ "keys": [key(0, "a"), key(1, "a")] }), None),
            (json!({ "keys": [key(0, "a"), key(0, "a")] }), Some(JwksError::SameKid(1))),
            (json!({ "keys": [foreign, private] }), Some(JwksError::Key(1, JwkError::Private("d")))),
            (json!({ "keys": [weak] }), Some(JwksError::Key(0, weakness))),
            (json!({ "keys": [1] }), Some(JwksError::Key(0, JwkError::NotAnObject))),
            (json!({ "keys": [foreign] }), Some(JwksError::Empty)),
            (json!({ "keys": [] }), Some(JwksError::Empty)),
            (json!({ "keys": many }), Some(JwksError::TooMany)),
            (json!({ "keys": {} }), Some(JwksError::NotASet)),
            (json!({}), Some(JwksError::NotASet)),
            (json!([]), Some(JwksError::NotASet)),
        ] {
            assert_eq!(refusal(&set), error, "{set:.200}");
        }
    }

    #[test]
    fn a_set_on_the_wire_says_everything_once() {
        let set = json!({ "keys": [key(0, "a")] }).to_string();
        assert!(ClientKeys::from_json(set.as_bytes()).is_ok());
        for broken in
            [set.replacen('{', r#"{"keys":[],"#, 1), set.replace(r#""crv""#, r#""kty":"EC","crv""#), "{".to_owned()]
        {
            assert_eq!(ClientKeys::from_json(broken.as_bytes()).err(), Some(JwksError::NotASet), "{broken}");
        }
    }

    #[test]
    fn refusals_read_as_sentences_about_the_member() {
        let error = JwksError::Key(2, JwkError::Member("n", "is even or starts with a zero byte"));
        assert_eq!(error.to_string(), r#"keys[2] "n" is even or starts with a zero byte"#);
    }
}
