//! Algorithms that a client may be registered for, by their registered names (RFC 7518; RFC 8037).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Algorithms we sign with (RFC 7518 section 3.1; RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    ES256,
    RS256,
    PS256,
    EdDSA,
}

/// How client assertions are signed (RFC 7518 section 3.1; RFC 8037); HS256 by `client_secret_jwt` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AssertionAlgorithm {
    HS256,
    ES256,
    ES384,
    ES512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    EdDSA,
}

impl AssertionAlgorithm {
    /// The name of a signature by a private key; `None` for a MAC.
    pub const fn asymmetric(self) -> Option<&'static str> {
        match self {
            Self::HS256 => None,
            Self::ES256 => Some("ES256"),
            Self::ES384 => Some("ES384"),
            Self::ES512 => Some("ES512"),
            Self::RS256 => Some("RS256"),
            Self::RS384 => Some("RS384"),
            Self::RS512 => Some("RS512"),
            Self::PS256 => Some("PS256"),
            Self::PS384 => Some("PS384"),
            Self::PS512 => Some("PS512"),
            Self::EdDSA => Some("EdDSA"),
        }
    }
}

/// How the key of an encrypted token reaches the client (RFC 7518 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KeyAlgorithm {
    #[serde(rename = "RSA-OAEP")]
    RsaOaep,
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    #[serde(rename = "ECDH-ES+A128KW")]
    EcdhEsA128Kw,
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256Kw,
}

/// How the content of a token is encrypted (RFC 7518 section 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContentAlgorithm {
    #[default]
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
    #[serde(rename = "A256CBC-HS512")]
    A256CbcHs512,
    A128GCM,
    A256GCM,
}

impl ContentAlgorithm {
    pub const ALL: [Self; 4] = [Self::A128CbcHs256, Self::A256CbcHs512, Self::A128GCM, Self::A256GCM];

    pub const fn name(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A128GCM => "A128GCM",
            Self::A256GCM => "A256GCM",
        }
    }
}

/// How something is encrypted to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    pub key: KeyAlgorithm,
    pub content: ContentAlgorithm,
}

/// How request objects are signed; `none` only where the operator allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RequestAlgorithm {
    ES256,
    RS256,
    PS256,
    EdDSA,
    #[serde(rename = "none")]
    None,
}
