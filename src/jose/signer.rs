//! Writing signed tokens: private keys parsed once, headers encoded once (RFC 7515 section 3.1).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::json;

use super::algorithm::Algorithm;
use super::typ::Typ;
use crate::base::secret::base64url;

/// Signs with one key, by one algorithm. The seam at which a key in hardware fits.
pub trait Signer: Send + Sync {
    fn algorithm(&self) -> Algorithm;

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why a token was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the claims are not a JSON object")]
    Claims,
    #[error("the signing key failed")]
    Key,
}

/// A private key that is ready to sign tokens.
pub struct SigningKey {
    kid: String,
    signer: Box<dyn Signer>,
    /// Per `Typ`, in the order of `Typ::ALL`: the encoded header and its dot.
    headers: [String; Typ::ALL.len()],
}

impl SigningKey {
    pub fn new(kid: &str, signer: Box<dyn Signer>) -> Self {
        let algorithm = signer.algorithm().name();
        let headers = Typ::ALL.map(|typ| {
            let header = json!({ "alg": algorithm, "kid": kid, "typ": typ.name() });
            base64url(header.to_string().as_bytes()) + "."
        });
        Self { kid: kid.to_owned(), signer, headers }
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn algorithm(&self) -> Algorithm {
        self.signer.algorithm()
    }

    /// A compact JWS over the claims, which serialise to a JSON object.
    pub fn sign(&self, typ: Typ, claims: &impl Serialize) -> Result<String, SignError> {
        let payload = serde_json::to_vec(claims).map_err(|_| SignError::Claims)?;
        if payload.first() != Some(&b'{') {
            return Err(SignError::Claims);
        }
        let header = &self.headers[typ as usize];
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 2 + ROOM_FOR_SIGNATURE);
        token.push_str(header);
        URL_SAFE_NO_PAD.encode_string(&payload, &mut token);
        let signature = self.signer.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }
}

/// The dot and the signature of an RSA key of 3072 bits, the largest of ours, in base64url.
const ROOM_FOR_SIGNATURE: usize = 513;

/// ECDSA in the fixed-length form of JWS (RFC 7518 section 3.4). aws-lc draws the nonce and mixes the key into it.
pub(super) struct EcdsaSigner {
    pub algorithm: Algorithm,
    pub key: EcdsaKeyPair,
}

impl Signer for EcdsaSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.key.sign(&SystemRandom::new(), input).map_err(|_| SignError::Key)?;
        Ok(signature.as_ref().to_vec())
    }
}

pub(super) struct Ed25519Signer(pub Ed25519KeyPair);

impl Signer for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.0.try_sign(input).map_err(|_| SignError::Key)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// RS256 and PS256.
pub(super) struct RsaSigner {
    pub algorithm: Algorithm,
    pub key: RsaKeyPair,
}

impl Signer for RsaSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, SignError> {
        let encoding: &dyn RsaEncoding =
            if self.algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(encoding, &SystemRandom::new(), input, &mut signature).map_err(|_| SignError::Key)?;
        Ok(signature)
    }
}
