//! Certificates as SAML uses them: holders of keys that an admin gave, pinned, whatever they say of themselves (SAML V2.0
//! Metadata Interoperability Profile section 2.6.1). And our own key, with a certificate that it signed itself.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, KeyPair as _, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Datelike;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, RsaKeySize, SerialNumber};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use zeroize::Zeroizing;

use crate::base::clock::Time;
use crate::base::entropy::{Entropy, draw};
use crate::base::secret::base64;

/// The smallest RSA key that is believed, in bits.
const SMALLEST_RSA: usize = 2048;
/// How long our certificate says that it is good, in years. Whom it was given to pins the key and seldom looks.
const LIFE: i32 = 10;

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    #[error("is no X.509 certificate in PEM, or in DER as base64")]
    Unreadable,
    #[error("has a key that is neither RSA of 2048 bits or more nor of P-256, P-384 or P-521")]
    Key,
}

/// Somebody's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// DER.
    pub whole: Vec<u8>,
    /// The public key, a DER `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
}

impl Certificate {
    /// Reads PEM, or DER in base64 as it stands in metadata.
    pub fn read(text: &str) -> Result<Self, BadCertificate> {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let whole = decoded(&lines.collect::<String>()).ok_or(BadCertificate::Unreadable)?;
        let (rest, read) = X509Certificate::from_der(&whole).map_err(|_| BadCertificate::Unreadable)?;
        if !rest.is_empty() {
            return Err(BadCertificate::Unreadable);
        }
        let fits = match read.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => key.key_size() >= SMALLEST_RSA,
            Ok(PublicKey::EC(point)) => matches!(point.key_size(), 256 | 384 | 521 | 528),
            _ => false,
        };
        if !fits {
            return Err(BadCertificate::Key);
        }
        let key = read.public_key().raw.to_vec();
        Ok(Self { whole, key })
    }

    /// As it stands in metadata.
    pub fn text(&self) -> String {
        base64(&self.whole)
    }
}

/// Base64 with white space anywhere, as XML has it.
pub fn decoded(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(dense).ok()
}

/// Why there is no key of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing key for SAML could not be made or opened: {0}")]
pub struct NoKey(String);

impl NoKey {
    pub(super) fn of(cause: &dyn std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// The key that we sign with towards one provider, and its certificate.
pub struct OwnKey {
    private: Zeroizing<Vec<u8>>,
    pair: RsaKeyPair,
    /// DER.
    certificate: Vec<u8>,
}

impl OwnKey {
    /// A new key of 3072 bits, which takes a good part of a second: call it where waiting is allowed.
    pub fn generate(name: &str, now: Time, entropy: &dyn Entropy) -> Result<Self, NoKey> {
        let failed = |error: rcgen::Error| NoKey::of(&error);
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072).map_err(failed)?;
        let mut wanted = CertificateParams::default();
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        wanted.distinguished_name = subject;
        let mut serial: [u8; 16] = draw(entropy);
        serial[0] = serial[0] & 0x7f | 1;
        wanted.serial_number = Some(SerialNumber::from_slice(&serial));
        let day = |year: i32| rcgen::date_time_ymd(year, u8::try_from(now.month()).unwrap_or(1), 1);
        (wanted.not_before, wanted.not_after) = (day(now.year()), day(now.year() + LIFE));
        let certificate = wanted.self_signed(&key).map_err(failed)?.der().to_vec();
        Self::of(Zeroizing::new(key.serialize_der()), certificate)
    }

    fn of(private: Zeroizing<Vec<u8>>, certificate: Vec<u8>) -> Result<Self, NoKey> {
        let pair = RsaKeyPair::from_pkcs8(&private).map_err(|error| NoKey::of(&error))?;
        Ok(Self { private, pair, certificate })
    }

    /// Key and certificate as one text, to be sealed.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n{}", base64(&self.private), self.certificate()))
    }

    /// Reads what [`OwnKey::reveal`] wrote.
    pub fn open(text: &str) -> Result<Self, NoKey> {
        let halves = text.split_once('\n').and_then(|(private, own)| Some((decoded(private)?, decoded(own)?)));
        let (private, certificate) = halves.ok_or_else(|| NoKey("not as it was written".into()))?;
        Self::of(Zeroizing::new(private), certificate)
    }

    /// DER in base64.
    pub fn certificate(&self) -> String {
        base64(&self.certificate)
    }

    /// RSA with SHA-256 and the padding of PKCS #1 1.5, the one that every provider checks.
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>, NoKey> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature);
        signed.map_err(|_| NoKey("it does not sign".into()))?;
        Ok(signature)
    }

    /// The public half, for whoever checks.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::algorithm::{RSA_SHA256, verify};
    use crate::saml::samples::{EC_CERTIFICATE, SMALL_CERTIFICATE, key, now};

    #[test]
    fn our_key_survives_being_written_down() {
        let key = key();
        let again = OwnKey::open(&key.reveal()).unwrap();
        assert_eq!((again.certificate(), again.public()), (key.certificate(), key.public()));
        let certificate = Certificate::read(&key.certificate()).unwrap();
        let signature = again.sign(b"x").unwrap();
        assert_eq!(verify(RSA_SHA256, &certificate.key, b"x", &signature), Ok(()));
        assert!(verify(RSA_SHA256, &certificate.key, b"y", &signature).is_err());
        assert!(OwnKey::open("x").is_err() && OwnKey::open("eA==\neA==").is_err());
    }

    #[test]
    fn the_certificate_names_us_for_ten_years() {
        let certificate = Certificate::read(&key().certificate()).unwrap();
        let (_, read) = X509Certificate::from_der(&certificate.whole).unwrap();
        assert_eq!(read.subject().to_string(), "CN=id.example");
        assert_eq!(read.subject(), read.issuer());
        let years = read.validity().not_after.timestamp() - read.validity().not_before.timestamp();
        assert_eq!(years / (365 * 24 * 3600), 10);
        assert!(read.validity().not_before.timestamp() <= now().timestamp());
    }

    #[test]
    fn small_keys_and_other_things_are_no_certificates() {
        assert!(Certificate::read(EC_CERTIFICATE).is_ok());
        assert_eq!(Certificate::read(SMALL_CERTIFICATE), Err(BadCertificate::Key));
        let own = key().certificate();
        for text in ["", "x", "AAAA", &own[..own.len() - 8], &format!("{own}AAAA")] {
            assert_eq!(Certificate::read(text), Err(BadCertificate::Unreadable), "{text}");
        }
        let pem = format!("-----BEGIN CERTIFICATE-----\n{own}\n-----END CERTIFICATE-----\n");
        assert_eq!(Certificate::read(&pem), Certificate::read(&own));
    }
}
