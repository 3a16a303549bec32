//! Making private keys and opening them again, as PKCS#8 (RFC 5208).

use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::rsa::RsaKeyPair;
use serde_json::Value;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::jwk::{Curve, Jwk, Material};
use super::signer::{EcdsaSigner, Ed25519Signer, RsaSigner, Signer};
use crate::base::entropy::{Entropy, draw};

/// Bits of the RSA keys that are made here.
const RSA_BITS: u32 = 3072;

/// PKCS#8 of a P-256 key (RFC 5915) up to its 32 bytes, without the public half: readers compute it.
const P256_PREFIX: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
];

/// PKCS#8 of an Ed25519 key (RFC 8410) up to its 32 bytes.
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why there is no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    #[error("{0} is not among the algorithms that are signed with here")]
    NotIssued(Algorithm),
    #[error("the RSA key could not be made")]
    NotMade,
    #[error("the private key cannot be read")]
    Unreadable,
}

/// A private key ready to sign, and its public half.
pub(super) struct Opened {
    pub signer: Box<dyn Signer>,
    /// Bound to the algorithm, without a `kid`.
    pub public: Jwk,
}

/// A new private key. EC and Ed25519 keys come from the given entropy, RSA primes from OpenSSL's own.
pub(super) fn generate(algorithm: Algorithm, entropy: &dyn Entropy) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    match algorithm {
        Algorithm::Es256 => loop {
            // A draw outside 1..n, one in 2^32, is drawn again: FIPS 186-5 appendix A.2.2.
            let pkcs8 = with_draw(&P256_PREFIX, entropy);
            if open(algorithm, &pkcs8).is_ok() {
                return Ok(pkcs8);
            }
        },
        Algorithm::EdDsa => Ok(with_draw(&ED25519_PREFIX, entropy)),
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let pair = RsaKeyPair::generate(RSA_BITS).map_err(|_| PrivateKeyError::NotMade)?;
            Ok(Zeroizing::new(pair.to_der_private_key()))
        }
        _ => Err(PrivateKeyError::NotIssued(algorithm)),
    }
}

/// Parses a private key once, for as long as it is kept.
pub(super) fn open(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Opened, PrivateKeyError> {
    let (signer, material) = match algorithm {
        Algorithm::Es256 => p256(pkcs8)?,
        Algorithm::EdDsa => ed25519(pkcs8)?,
        Algorithm::Rs256 | Algorithm::Ps256 => rsa(algorithm, pkcs8)?,
        _ => return Err(PrivateKeyError::NotIssued(algorithm)),
    };
    Ok(Opened { signer, public: Jwk { kid: None, algorithm: Some(algorithm), material } })
}

type Halves = (Box<dyn Signer>, Material);

fn p256(pkcs8: &[u8]) -> Result<Halves, PrivateKeyError> {
    let key =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| PrivateKeyError::Unreadable)?;
    let point = key.public_key().as_ref().to_vec();
    Ok((Box::new(EcdsaSigner { algorithm: Algorithm::Es256, key }), Material::Ec { curve: Curve::P256, point }))
}

fn ed25519(pkcs8: &[u8]) -> Result<Halves, PrivateKeyError> {
    let key = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| PrivateKeyError::Unreadable)?;
    let x = key.public_key().as_ref().to_vec();
    Ok((Box::new(Ed25519Signer(key)), Material::Ed25519 { x }))
}

fn rsa(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Halves, PrivateKeyError> {
    let pair = RsaKeyPair::from_der(pkcs8).map_err(|_| PrivateKeyError::Unreadable)?;
    let public = Value::Object(pair.to_jwk_public_key().as_ref().clone());
    let public = Jwk::parse(&public).map_err(|_| PrivateKeyError::Unreadable)?;
    let key = signature::RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| PrivateKeyError::Unreadable)?;
    Ok((Box::new(RsaSigner { algorithm, key }), public.material))
}

fn with_draw(prefix: &[u8], entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
    let drawn = Zeroizing::new(draw::<32>(entropy));
    Zeroizing::new([prefix, drawn.as_slice()].concat())
}
