//! Checking signatures with public keys that were parsed once (aws-lc).

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, VerificationAlgorithm};

use super::algorithm::Algorithm;
use super::jwk::{JwkError, Material};

/// Checks signatures of one algorithm with one key.
pub trait Verifier: Send + Sync {
    fn algorithm(&self) -> Algorithm;

    fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
}

/// The signature is not the key's over these bytes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit")]
pub struct BadSignature;

/// A public key bound to one algorithm (RFC 8725 section 3.1).
pub struct VerifyingKey {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl VerifyingKey {
    pub(super) fn new(algorithm: Algorithm, material: &Material) -> Result<Self, JwkError> {
        let key = match (scheme(algorithm), material) {
            (Scheme::Point(scheme), Material::Ec { point, .. }) => ParsedPublicKey::new(scheme, point),
            (Scheme::Point(scheme), Material::Ed25519 { x }) => ParsedPublicKey::new(scheme, x),
            (Scheme::Rsa(scheme), Material::Rsa { n, e }) => {
                PublicKeyComponents { n: n.as_slice(), e: e.as_slice() }.to_parsed_public_key(scheme)
            }
            _ => return Err(JwkError::Member("alg", "does not fit the key")),
        };
        let key = key.map_err(|_: KeyRejected| match material {
            Material::Rsa { .. } => JwkError::Member("n", "is not a modulus"),
            _ => JwkError::Member("x", "is not on the curve"),
        })?;
        Ok(Self { algorithm, key })
    }
}

impl Verifier for VerifyingKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.key.verify_sig(input, signature).map_err(|_| BadSignature)
    }
}

enum Scheme {
    Point(&'static dyn VerificationAlgorithm),
    Rsa(&'static RsaParameters),
}

fn scheme(algorithm: Algorithm) -> Scheme {
    match algorithm {
        Algorithm::Es256 => Scheme::Point(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => Scheme::Point(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::Es512 => Scheme::Point(&signature::ECDSA_P521_SHA512_FIXED),
        Algorithm::EdDsa => Scheme::Point(&signature::ED25519),
        Algorithm::Rs256 => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
    }
}
