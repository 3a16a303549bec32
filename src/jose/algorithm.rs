//! Signature algorithms by their registered names (RFC 7518 section 3.1, RFC 8037, RFC 9864).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An asymmetric signature. There is no `none` and no HMAC to choose, by mistake or by a token's own wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    /// Ed25519 alone. Written `EdDSA`; `Ed25519`, the name that says so (RFC 9864), is read as well.
    EdDsa,
}

impl Algorithm {
    /// What clients may sign with.
    pub const ALL: [Self; 10] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// What we sign with, the default first.
    pub const ISSUED: [Self; 4] = [Self::Es256, Self::Rs256, Self::Ps256, Self::EdDsa];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why a text names no algorithm.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a signature algorithm known here: write ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512 or EdDSA"
)]
pub struct NotAnAlgorithm;

impl FromStr for Algorithm {
    type Err = NotAnAlgorithm;

    fn from_str(text: &str) -> Result<Self, NotAnAlgorithm> {
        let name = if text == "Ed25519" { "EdDSA" } else { text };
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(NotAnAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_stands_in_the_refusal() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            assert_eq!(serde_json::from_value::<Algorithm>(algorithm.name().into()).unwrap(), algorithm);
            assert!(NotAnAlgorithm.to_string().contains(algorithm.name()), "{algorithm}");
        }
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
        assert_eq!(serde_json::to_string(&Algorithm::EdDsa).unwrap(), r#""EdDSA""#);
    }

    #[test]
    fn nothing_else_is_an_algorithm() {
        for text in ["", "none", "None", "nOnE", "HS256", "es256", "ES256 ", "ES256K", "Ed448", "RSA-OAEP", "ES256\0"] {
            assert_eq!(text.parse::<Algorithm>(), Err(NotAnAlgorithm), "{text}");
        }
    }
}
