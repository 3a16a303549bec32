//! A public key as a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037), checked when it is read, and its thumbprint (RFC 7638).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::algorithm::Algorithm;
use super::verifier::VerifyingKey;
use crate::base::secret::{base64url, from_base64url, sha256};

/// The longest `kid` that is read, in bytes.
pub(super) const LONGEST_KID: usize = 256;

/// Members that no public key has (RFC 7518 section 6; `priv` is that of the post-quantum kinds).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

const SMALLEST_MODULUS: u32 = 2048;
const LARGEST_MODULUS: u32 = 8192;

/// A public signature key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    pub kid: Option<String>,
    /// The one algorithm that the key is for; without it, any that fits its kind.
    pub algorithm: Option<Algorithm>,
    pub(super) material: Material,
}

/// The numbers of a key, in the fixed lengths of their standards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// `0x04 ‖ x ‖ y`.
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    /// Big-endian, without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// Why a JWK is not taken. Only `Foreign` is harmless in a set: RFC 7517 section 5 asks to pass over such keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    #[error("is not a JSON object")]
    NotAnObject,
    #[error("holds the private member {0:?}: only public keys belong here, and this one is no longer secret")]
    Private(&'static str),
    #[error("is not for signatures, or of a kind unknown here")]
    Foreign,
    #[error("{0:?} {1}")]
    Member(&'static str, &'static str),
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of one coordinate.
    const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl Jwk {
    /// Reads one key. Points must lie on their curve, RSA moduli have 2048 to 8192 bits.
    pub fn parse(value: &Value) -> Result<Self, JwkError> {
        let members = value.as_object().ok_or(JwkError::NotAnObject)?;
        if let Some(name) = PRIVATE.into_iter().find(|name| members.contains_key(*name)) {
            return Err(JwkError::Private(name));
        }
        let kty = required(members, "kty")?;
        for_signatures(members)?;
        let algorithm = match text(members, "alg")? {
            Some(name) => Some(name.parse().map_err(|_| JwkError::Foreign)?),
            None => None,
        };
        let kid = text(members, "kid")?.map(str::to_owned);
        if kid.as_ref().is_some_and(|kid| kid.is_empty() || kid.len() > LONGEST_KID) {
            return Err(JwkError::Member("kid", "is empty or longer than 256 bytes"));
        }
        let material = match kty {
            "EC" => ec(members)?,
            "RSA" => rsa(members)?,
            "OKP" => ed25519(members)?,
            _ => return Err(JwkError::Foreign),
        };
        let jwk = Self { kid, algorithm, material };
        jwk.verifier(jwk.algorithms()[0])?;
        Ok(jwk)
    }

    /// The algorithms that the key may be used with; never empty.
    pub fn algorithms(&self) -> &[Algorithm] {
        match &self.algorithm {
            Some(algorithm) => std::slice::from_ref(algorithm),
            None => self.material.algorithms(),
        }
    }

    /// The key made ready for one algorithm.
    pub fn verifier(&self, algorithm: Algorithm) -> Result<VerifyingKey, JwkError> {
        if !self.algorithms().contains(&algorithm) || !self.material.algorithms().contains(&algorithm) {
            return Err(JwkError::Member("alg", "does not fit the key"));
        }
        VerifyingKey::new(algorithm, &self.material)
    }

    /// SHA-256 over the canonical form, as base64url.
    pub fn thumbprint(&self) -> String {
        let canonical = match &self.material {
            Material::Ec { curve, point } => {
                let (x, y) = coordinates(*curve, point);
                format!(r#"{{"crv":"{}","kty":"EC","x":"{x}","y":"{y}"}}"#, curve.name())
            }
            Material::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, base64url(e), base64url(n)),
            Material::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url(x)),
        };
        base64url(&sha256(canonical.as_bytes()))
    }

    /// The key as it is published.
    pub fn to_value(&self) -> Value {
        let mut value = match &self.material {
            Material::Ec { curve, point } => {
                let (x, y) = coordinates(*curve, point);
                json!({ "kty": "EC", "crv": curve.name(), "x": x, "y": y })
            }
            Material::Rsa { n, e } => json!({ "kty": "RSA", "n": base64url(n), "e": base64url(e) }),
            Material::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(x) }),
        };
        value["use"] = "sig".into();
        if let Some(algorithm) = self.algorithm {
            value["alg"] = algorithm.name().into();
        }
        if let Some(kid) = &self.kid {
            value["kid"] = kid.as_str().into();
        }
        value
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Material {
    fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Ec { curve: Curve::P256, .. } => &[Algorithm::Es256],
            Self::Ec { curve: Curve::P384, .. } => &[Algorithm::Es384],
            Self::Ec { curve: Curve::P521, .. } => &[Algorithm::Es512],
            Self::Rsa { .. } => &[
                Algorithm::Rs256,
                Algorithm::Rs384,
                Algorithm::Rs512,
                Algorithm::Ps256,
                Algorithm::Ps384,
                Algorithm::Ps512,
            ],
            Self::Ed25519 { .. } => &[Algorithm::EdDsa],
        }
    }

    /// Whether both are the same kind of key: then one `kid` for both would say nothing.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        self.algorithms() == other.algorithms()
    }
}

fn for_signatures(members: &Map<String, Value>) -> Result<(), JwkError> {
    match text(members, "use")? {
        None | Some("sig") => {}
        Some(_) => return Err(JwkError::Foreign),
    }
    match members.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|operation| operation == "verify") => Ok(()),
        Some(Value::Array(_)) => Err(JwkError::Foreign),
        Some(_) => Err(JwkError::Member("key_ops", "is not an array")),
    }
}

fn ec(members: &Map<String, Value>) -> Result<Material, JwkError> {
    let name = required(members, "crv")?;
    let curve = Curve::ALL.into_iter().find(|curve| curve.name() == name).ok_or(JwkError::Foreign)?;
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        let number = number(members, coordinate)?;
        if number.len() != curve.width() {
            return Err(JwkError::Member(coordinate, "has not the length that the curve asks for"));
        }
        point.extend(number);
    }
    Ok(Material::Ec { curve, point })
}

fn rsa(members: &Map<String, Value>) -> Result<Material, JwkError> {
    let (n, e) = (number(members, "n")?, number(members, "e")?);
    let (Some(&high), Some(&low)) = (n.first(), n.last()) else { return Err(JwkError::Member("n", "is empty")) };
    if high == 0 || low % 2 == 0 {
        return Err(JwkError::Member("n", "is even or starts with a zero byte"));
    }
    let bits =
        u32::try_from(n.len()).ok().and_then(|bytes| bytes.checked_mul(8)).map(|bits| bits - high.leading_zeros());
    if !bits.is_some_and(|bits| (SMALLEST_MODULUS..=LARGEST_MODULUS).contains(&bits)) {
        return Err(JwkError::Member("n", "has fewer than 2048 or more than 8192 bits"));
    }
    let odd = e.last().is_some_and(|low| low % 2 == 1);
    if !odd || e[0] == 0 || e == [1] || e.len() > 4 {
        return Err(JwkError::Member("e", "is not an odd number from 3 up to 32 bits"));
    }
    Ok(Material::Rsa { n, e })
}

fn ed25519(members: &Map<String, Value>) -> Result<Material, JwkError> {
    if required(members, "crv")? != "Ed25519" {
        return Err(JwkError::Foreign);
    }
    let x = number(members, "x")?;
    if x.len() == 32 { Ok(Material::Ed25519 { x }) } else { Err(JwkError::Member("x", "has not 32 bytes")) }
}

fn coordinates(curve: Curve, point: &[u8]) -> (String, String) {
    let (x, y) = point[1..].split_at(curve.width());
    (base64url(x), base64url(y))
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    from_base64url(required(members, name)?).ok_or(JwkError::Member(name, "is not base64url without padding"))
}

fn required<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, JwkError> {
    text(members, name)?.ok_or(JwkError::Member(name, "is missing"))
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwkError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Member(name, "is not a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn p256(more: &Value) -> Value {
        let mut key = json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    fn rsa(n: &[u8], e: &[u8]) -> Value {
        json!({ "kty": "RSA", "n": base64url(n), "e": base64url(e) })
    }

    #[test]
    fn a_key_survives_being_written_and_read() {
        for more in [json!({}), json!({ "kid": "a", "alg": "ES256", "use": "sig", "key_ops": ["verify"] })] {
            let key = Jwk::parse(&p256(&more)).unwrap();
            assert_eq!(Jwk::parse(&key.to_value()).unwrap(), key);
            assert_eq!(serde_json::from_value::<Jwk>(serde_json::to_value(&key).unwrap()).unwrap(), key);
            assert_eq!(key.algorithms(), [Algorithm::Es256]);
        }
    }

    #[test]
    fn private_halves_are_refused_whatever_else_the_key_says() {
        for name in PRIVATE {
            let key = p256(&json!({ name: "AQAB", "use": "enc" }));
            assert_eq!(Jwk::parse(&key), Err(JwkError::Private(name)));
        }
        assert_eq!(Jwk::parse(&json!({ "kty": "oct", "k": "AQAB" })), Err(JwkError::Private("k")));
    }

    #[test]
    fn keys_for_other_things_are_foreign() {
        for more in [
            json!({ "use": "enc" }),
            json!({ "key_ops": ["deriveKey"] }),
            json!({ "alg": "ECDH-ES" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "none" }),
            json!({ "crv": "secp256k1" }),
            json!({ "kty": "AKP" }),
            json!({ "kty": "OKP", "crv": "X25519" }),
        ] {
            assert_eq!(Jwk::parse(&p256(&more)), Err(JwkError::Foreign), "{more}");
        }
    }

    #[test]
    fn wrong_members_are_named() {
        let long = "k".repeat(LONGEST_KID + 1);
        for (more, name) in [
            (json!({ "kty": 1 }), "kty"),
            (json!({ "kid": 1 }), "kid"),
            (json!({ "kid": "" }), "kid"),
            (json!({ "kid": long }), "kid"),
            (json!({ "use": null }), "use"),
            (json!({ "key_ops": "verify" }), "key_ops"),
            (json!({ "alg": "ES384" }), "alg"),
            (json!({ "alg": "RS256" }), "alg"),
            (json!({ "x": "AAAA" }), "x"),
            (json!({ "x": format!("{X}=") }), "x"),
            (json!({ "y": null }), "y"),
            (json!({ "x": Y, "y": X }), "x"),
            (json!({ "x": base64url(&[0; 32]), "y": base64url(&[0; 32]) }), "x"),
            (json!({ "crv": "P-384" }), "x"),
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }), "x"),
        ] {
            assert!(matches!(Jwk::parse(&p256(&more)), Err(JwkError::Member(found, _)) if found == name), "{more}");
        }
        assert_eq!(Jwk::parse(&json!([])), Err(JwkError::NotAnObject));
    }

    #[test]
    fn rsa_keys_have_a_size_and_an_odd_exponent() {
        let modulus = |bytes: usize| vec![0xff; bytes];
        for bytes in [256, 384, 1024] {
            assert!(Jwk::parse(&rsa(&modulus(bytes), &[1, 0, 1])).is_ok(), "{bytes}");
        }
        let mut short_by_a_bit = modulus(256);
        short_by_a_bit[0] = 0x7f;
        let mut padded = modulus(257);
        padded[0] = 0;
        let refused = Jwk::parse(&rsa(&padded, &[1, 0, 1]));
        assert_eq!(refused, Err(JwkError::Member("n", "is even or starts with a zero byte")));
        let mut even = modulus(256);
        even[255] = 0xfe;
        for n in [modulus(128), modulus(255), modulus(1025), short_by_a_bit, padded, even, vec![]] {
            let refused = Jwk::parse(&rsa(&n, &[1, 0, 1]));
            assert!(matches!(refused, Err(JwkError::Member("n", _))), "{} bytes", n.len());
        }
        for e in [&[][..], &[1], &[2], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]] {
            assert!(matches!(Jwk::parse(&rsa(&modulus(256), e)), Err(JwkError::Member("e", _))), "{e:?}");
        }
    }

    #[test]
    fn a_key_serves_only_what_it_is_for() {
        let bound = Jwk { algorithm: Some(Algorithm::Rs256), ..Jwk::parse(&rsa(&[0xff; 256], &[1, 0, 1])).unwrap() };
        assert!(bound.verifier(Algorithm::Rs256).is_ok());
        assert!(bound.verifier(Algorithm::Ps256).is_err());
        assert!(bound.verifier(Algorithm::Es256).is_err());
        let misbound = Jwk { algorithm: Some(Algorithm::Es256), ..bound };
        assert!(misbound.verifier(Algorithm::Es256).is_err());
    }
}
