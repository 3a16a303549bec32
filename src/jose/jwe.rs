//! Writing encrypted tokens to a client's published keys (RFC 7516; RFC 7518 sections 4 and 5). Nothing here decrypts.
//!
//! josekit does the work. `RSA1_5`, `dir`, passwords and compression have no name here, so no registration can ask for them.

use josekit::jwe::{self, ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP, RSA_OAEP_256};
use serde_json::{Map, Value};

use super::client::{JwksError, MOST_KEYS};
use super::jwk::{Jwk, JwkError, Material};

/// The most that is encrypted, in bytes.
pub const LARGEST: usize = 64 * 1024;

/// How the content key reaches the client (RFC 7518 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyManagement {
    RsaOaep,
    RsaOaep256,
    EcdhEs,
    EcdhEsA128Kw,
    EcdhEsA256Kw,
}

impl KeyManagement {
    pub const ALL: [Self; 5] = [Self::RsaOaep, Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw];

    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    const fn fits(self, material: &Material) -> bool {
        match material {
            Material::Rsa { .. } => matches!(self, Self::RsaOaep | Self::RsaOaep256),
            Material::Ec { .. } => matches!(self, Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw),
            Material::Ed25519 { .. } => false,
        }
    }

    fn encrypter(self, jwk: &josekit::jwk::Jwk) -> Result<Box<dyn JweEncrypter>, josekit::JoseError> {
        Ok(match self {
            Self::RsaOaep => Box::new(RSA_OAEP.encrypter_from_jwk(jwk)?),
            Self::RsaOaep256 => Box::new(RSA_OAEP_256.encrypter_from_jwk(jwk)?),
            Self::EcdhEs => Box::new(ECDH_ES.encrypter_from_jwk(jwk)?),
            Self::EcdhEsA128Kw => Box::new(ECDH_ES_A128KW.encrypter_from_jwk(jwk)?),
            Self::EcdhEsA256Kw => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(jwk)?),
        })
    }
}

/// What is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// A signed token (RFC 7519 section 5.2).
    Jwt,
    /// Claims that nobody signed.
    Claims,
}

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    #[error("the client has no key for {0}")]
    NoKey(&'static str),
    #[error("larger than 64 KiB")]
    TooLarge,
    #[error("encryption failed: {0}")]
    Failed(String),
}

/// The keys of a client that tokens can be encrypted to.
#[derive(Default)]
pub struct EncryptionKeys(Vec<EncryptionKey>);

struct EncryptionKey {
    kid: Option<String>,
    /// The one way that the key is for; any that fits its kind where it names none.
    only: Option<KeyManagement>,
    checked: Jwk,
}

impl EncryptionKeys {
    /// Reads a set. Keys for signatures and of unknown kinds are passed over; a broken, weak or private key refuses the set.
    pub fn parse(set: &Value) -> Result<Self, JwksError> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(JwksError::NotASet)?;
        if keys.len() > MOST_KEYS {
            return Err(JwksError::TooMany);
        }
        let mut ready = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            match read(key) {
                Ok(key) => ready.push(key),
                Err(JwkError::Foreign) => {}
                Err(error) => return Err(JwksError::Key(index, error)),
            }
        }
        Ok(Self(ready))
    }

    /// Whether a token can be encrypted in this way.
    pub fn has(&self, way: KeyManagement) -> bool {
        self.find(way).is_some()
    }

    fn find(&self, way: KeyManagement) -> Option<&EncryptionKey> {
        let fitting = || self.0.iter().filter(|key| way.fits(&key.checked.material));
        // A key that says what it is for comes first.
        fitting().find(|key| key.only == Some(way)).or_else(|| fitting().find(|key| key.only.is_none()))
    }

    /// A compact JWE to the first key that fits. `content` is a name of RFC 7518 section 5.1.
    pub fn encrypt(
        &self,
        way: KeyManagement,
        content: &str,
        inside: Inside,
        plain: &[u8],
    ) -> Result<String, EncryptError> {
        if plain.len() > LARGEST {
            return Err(EncryptError::TooLarge);
        }
        let key = self.find(way).ok_or(EncryptError::NoKey(way.name()))?;
        let failed = |error: josekit::JoseError| EncryptError::Failed(error.to_string());
        let mut public: Map<String, Value> = match key.checked.to_value() {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        public.insert("use".into(), "enc".into());
        let public = josekit::jwk::Jwk::from_map(public).map_err(failed)?;
        let mut header = JweHeader::new();
        header.set_algorithm(way.name());
        header.set_content_encryption(content);
        if inside == Inside::Jwt {
            header.set_content_type("JWT");
        }
        if let Some(kid) = &key.kid {
            header.set_key_id(kid);
        }
        jwe::serialize_compact(plain, &header, way.encrypter(&public).map_err(failed)?.as_ref()).map_err(failed)
    }
}

/// One key: its numbers are checked as those of a signature key are.
fn read(key: &Value) -> Result<EncryptionKey, JwkError> {
    let mut members = key.as_object().cloned().ok_or(JwkError::NotAnObject)?;
    match members.remove("use") {
        None => {}
        Some(Value::String(kind)) if kind == "enc" => {}
        Some(Value::String(_)) => return Err(JwkError::Foreign),
        Some(_) => return Err(JwkError::Member("use", "is not a text")),
    }
    let only = match members.remove("alg") {
        None => None,
        Some(Value::String(name)) => {
            let way = KeyManagement::ALL.into_iter().find(|way| way.name() == name);
            Some(way.ok_or(JwkError::Foreign)?)
        }
        Some(_) => return Err(JwkError::Member("alg", "is not a text")),
    };
    if let Some(Value::Array(operations)) = members.remove("key_ops") {
        let known = ["encrypt", "wrapKey", "deriveKey", "deriveBits"];
        if !operations.iter().any(|operation| operation.as_str().is_some_and(|name| known.contains(&name))) {
            return Err(JwkError::Foreign);
        }
    }
    let checked = Jwk::parse(&Value::Object(members))?;
    if !KeyManagement::ALL.iter().any(|way| way.fits(&checked.material)) {
        return Err(JwkError::Foreign);
    }
    if only.is_some_and(|way| !way.fits(&checked.material)) {
        return Err(JwkError::Member("alg", "does not fit the key"));
    }
    Ok(EncryptionKey { kid: checked.kid.clone(), only, checked: Jwk { kid: None, algorithm: None, ..checked } })
}

#[cfg(test)]
mod tests {
    use josekit::jwe::JweDecrypter;
    use josekit::jwk::KeyPair;
    use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
    use josekit::jwk::alg::rsa::RsaKeyPair;
    use serde_json::json;

    use super::*;

    const CONTENTS: [&str; 4] = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"];

    fn public(jwk: &josekit::jwk::Jwk, more: &Value) -> Value {
        let mut value = Value::Object(jwk.as_ref().clone());
        for (name, more) in more.as_object().unwrap() {
            value[name] = more.clone();
        }
        value
    }

    fn set(keys: &[Value]) -> EncryptionKeys {
        EncryptionKeys::parse(&json!({ "keys": keys })).unwrap()
    }

    fn opened(token: &str, decrypter: &dyn JweDecrypter) -> (Vec<u8>, JweHeader) {
        jwe::deserialize_compact(token, decrypter).unwrap()
    }

    #[test]
    fn every_way_and_every_content_is_read_by_the_holder_of_the_key() {
        let rsa = RsaKeyPair::generate(2048).unwrap();
        let ec = EcKeyPair::generate(EcCurve::P256).unwrap();
        let (rsa_public, ec_public) = (rsa.to_jwk_public_key(), ec.to_jwk_public_key());
        let keys = set(&[
            public(&rsa_public, &json!({"use": "enc", "kid": "r"})),
            public(&ec_public, &json!({"use": "enc", "kid": "e"})),
        ]);
        let (rsa, ec) = (rsa.to_jwk_private_key(), ec.to_jwk_private_key());
        for content in CONTENTS {
            for way in KeyManagement::ALL {
                let decrypter: Box<dyn JweDecrypter> = match way {
                    KeyManagement::RsaOaep => Box::new(RSA_OAEP.decrypter_from_jwk(&rsa).unwrap()),
                    KeyManagement::RsaOaep256 => Box::new(RSA_OAEP_256.decrypter_from_jwk(&rsa).unwrap()),
                    KeyManagement::EcdhEs => Box::new(ECDH_ES.decrypter_from_jwk(&ec).unwrap()),
                    KeyManagement::EcdhEsA128Kw => Box::new(ECDH_ES_A128KW.decrypter_from_jwk(&ec).unwrap()),
                    KeyManagement::EcdhEsA256Kw => Box::new(ECDH_ES_A256KW.decrypter_from_jwk(&ec).unwrap()),
                };
                let token = keys.encrypt(way, content, Inside::Jwt, b"a.b.c").unwrap();
                let (plain, header) = opened(&token, decrypter.as_ref());
                assert_eq!((plain.as_slice(), header.content_type()), (&b"a.b.c"[..], Some("JWT")));
                assert_eq!(header.algorithm(), Some(way.name()));
                assert_eq!(header.content_encryption(), Some(content));
                let kid = if way.name().starts_with("RSA") { "r" } else { "e" };
                assert_eq!((header.key_id(), header.compression()), (Some(kid), None));
            }
        }
    }

    #[test]
    fn keys_for_something_else_are_passed_over() {
        let ec = EcKeyPair::generate(EcCurve::P384).unwrap().to_jwk_public_key();
        let with = |more: Value| set(&[public(&ec, &more)]);
        assert!(with(json!({})).has(KeyManagement::EcdhEs));
        assert!(!with(json!({})).has(KeyManagement::RsaOaep));
        assert!(!with(json!({"use": "sig"})).has(KeyManagement::EcdhEs));
        assert!(!with(json!({"alg": "ES384"})).has(KeyManagement::EcdhEs));
        assert!(!with(json!({"alg": "RSA1_5"})).has(KeyManagement::RsaOaep));
        assert!(!with(json!({"key_ops": ["verify"]})).has(KeyManagement::EcdhEs));
        let narrow = with(json!({"alg": "ECDH-ES+A256KW", "use": "enc"}));
        assert!(narrow.has(KeyManagement::EcdhEsA256Kw) && !narrow.has(KeyManagement::EcdhEs));
        let refused = narrow.encrypt(KeyManagement::EcdhEs, "A128GCM", Inside::Jwt, b"x");
        assert!(matches!(refused, Err(EncryptError::NoKey("ECDH-ES"))));
        let large = narrow.encrypt(KeyManagement::EcdhEsA256Kw, "A128GCM", Inside::Jwt, &vec![0; LARGEST + 1]);
        assert!(matches!(large, Err(EncryptError::TooLarge)));
    }

    #[test]
    fn weak_broken_and_private_keys_refuse_the_set() {
        let ec = EcKeyPair::generate(EcCurve::P256).unwrap();
        let weak = json!({"kty": "RSA", "use": "enc", "e": "AQAB", "n": "AQAB"});
        let off_curve = public(&ec.to_jwk_public_key(), &json!({"x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}));
        let private = Value::Object(ec.to_jwk_private_key().as_ref().clone());
        for key in [weak, off_curve, private, json!(1), public(&ec.to_jwk_public_key(), &json!({"alg": "RSA-OAEP"}))] {
            assert!(EncryptionKeys::parse(&json!({ "keys": [key] })).is_err(), "{key}");
        }
    }
}
