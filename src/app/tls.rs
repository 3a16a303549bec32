//! The listener's certificate and key: TLS 1.2 and 1.3 (RFC 8446) by rustls over aws-lc, hybrid X25519MLKEM768 first.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};

use crate::base::clock::Time;
use crate::config::Tls;

/// Why the listener cannot speak TLS: the setting, its file, and what is wrong with it, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {file} {problem}")]
pub struct TlsError {
    setting: &'static str,
    file: String,
    problem: String,
}

impl TlsError {
    fn certificate(tls: &Tls, problem: impl Into<String>) -> Self {
        Self { setting: "server.tls.certificate", file: tls.certificate.display().to_string(), problem: problem.into() }
    }

    fn key(tls: &Tls, problem: impl Into<String>) -> Self {
        Self { setting: "server.tls.key", file: tls.key.display().to_string(), problem: problem.into() }
    }
}

/// Reads both files and makes sure that they belong together.
pub fn load(tls: &Tls) -> Result<ServerConfig, TlsError> {
    let chain = chain(&tls.certificate).map_err(|problem| TlsError::certificate(tls, problem))?;
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| TlsError::key(tls, unread(&error, "private key")))?;
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::key(tls, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            Error::InconsistentKeys(_) => {
                let file = tls.certificate.display();
                TlsError::key(tls, format!("is not the key of the certificate in {file}"))
            }
            Error::InvalidCertificate(error) => TlsError::certificate(tls, format!("cannot be used: {error}")),
            error => TlsError::key(tls, format!("cannot be used: {error}")),
        })
}

/// Why clients will not accept the certificate for this host at this time, apart from who signed it.
pub fn fault(tls: &Tls, host: &str, now: Time) -> Option<String> {
    if let Err(error) = load(tls) {
        return Some(error.problem);
    }
    let chain = chain(&tls.certificate).ok()?;
    let leaf = ParsedCertificate::try_from(chain.first()?).ok()?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.timestamp()).unwrap_or(0)));
    let algorithms = default_provider().signature_verification_algorithms.all;
    // The dates are looked at before the search for a trusted signer, which finds none here.
    let judged =
        verify_server_cert_signed_by_trust_anchor(&leaf, &RootCertStore::empty(), &chain[1..], now, algorithms);
    match judged {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(format!("expired on {}", day(not_after)))
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            Some(format!("not valid before {}", day(not_before)))
        }
        _ => {
            let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()?;
            verify_server_name(&leaf, &name).is_err().then(|| format!("not made out to {host}"))
        }
    }
}

fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Time::from_timestamp(seconds, 0));
    time.map_or_else(|| "an unknown day".into(), |time| time.format("%Y-%m-%d").to_string())
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(chain) if chain.is_empty() => Err(unread(&PemError::NoItemsFound, "certificate")),
        Ok(chain) => Ok(chain),
        Err(error) => Err(unread(&error, "certificate")),
    }
}

fn unread(error: &PemError, noun: &str) -> String {
    match error {
        PemError::NoItemsFound => format!("holds no {noun} in PEM form"),
        PemError::Io(error) if error.kind() == ErrorKind::NotFound => "does not exist".into(),
        PemError::Io(error) => format!("cannot be read: {error}"),
        _ => "is not in PEM form".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::app::tests::Folder;

    /// For id.example.com, through the year 2026.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBXjCCAQOgAwIBAgIBAjAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5pZC5leGFt
cGxlLmNvbTAeFw0yNjAxMDEwMDAwMDBaFw0yNzAxMDEwMDAwMDBaMBkxFzAVBgNV
BAMMDmlkLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEcXfT
ZtH+Jwr9XMCGUz6LOOZIUMxLJmqngFaqEEYzK0eU58kPF38nFw9d8PmuAODZutaP
68SDQutVMQs31ljUhKM8MDowGQYDVR0RBBIwEIIOaWQuZXhhbXBsZS5jb20wHQYD
VR0OBBYEFFQfTyIdL2lFP3zN1CLLe+dWhqNDMAoGCCqGSM49BAMCA0kAMEYCIQD5
hBEUxaOWqPsYyXU0JN75oJi0qo+Rk4CihD6di3ea6gIhAJWsAKzbu9R+gGCFGxKi
HV0o841OoLZd0Ow959LADyg+
-----END CERTIFICATE-----
";

    const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJCDwbU8DtuU2lm9d
o/+CdIC+kVmrbumQu8EJbsDDucuhRANCAARxd9Nm0f4nCv1cwIZTPos45khQzEsm
aqeAVqoQRjMrR5TnyQ8XfycXD13w+a4A4Nm61o/rxINC61UxCzfWWNSE
-----END PRIVATE KEY-----
";

    const OTHER_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgegLmRFJNNVxfWPbG
fnUXnirf5eDBmrsO++APCs7ZfIahRANCAAQBBof7lDQAckE/8WhETN8wAdeRHm+y
cG1ehFT1ZuptDzZr0RXb6VCtDp8RCNFl7xx7mD/PmUlBpOBiOp9AegW5
-----END PRIVATE KEY-----
";

    fn files(home: &Folder, certificate: &str, key: &str) -> Tls {
        let tls = Tls { certificate: home.path().join("c.pem"), key: home.path().join("k.pem") };
        fs::write(&tls.certificate, certificate).unwrap();
        fs::write(&tls.key, key).unwrap();
        tls
    }

    #[test]
    fn a_certificate_and_its_key_are_taken() {
        let home = Folder::new();
        assert!(load(&files(&home, CERTIFICATE, KEY)).is_ok());
        assert!(load(&files(&home, &CERTIFICATE.repeat(2), &format!("{CERTIFICATE}{KEY}"))).is_ok());
    }

    #[test]
    fn anything_else_is_named_with_its_setting() {
        let home = Folder::new();
        let rows = [
            (CERTIFICATE, OTHER_KEY, "server.tls.key", "is not the key of the certificate"),
            (KEY, KEY, "server.tls.certificate", "holds no certificate"),
            (CERTIFICATE, CERTIFICATE, "server.tls.key", "holds no private key"),
            ("", KEY, "server.tls.certificate", "holds no certificate"),
            (&CERTIFICATE[..200], KEY, "server.tls.certificate", "is not in PEM form"),
            (&CERTIFICATE.replace("MIIB", "MIIC"), KEY, "server.tls.certificate", "cannot be used"),
        ];
        for (certificate, key, setting, problem) in rows {
            let error = load(&files(&home, certificate, key)).map(drop).unwrap_err().to_string();
            assert!(error.starts_with(setting) && error.contains(problem), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let gone = Tls { certificate: home.path().join("gone"), key: home.path().join("gone") };
        assert!(load(&gone).map(drop).unwrap_err().to_string().ends_with("gone does not exist"));
    }

    #[test]
    fn dates_and_the_host_are_judged() {
        let home = Folder::new();
        let tls = files(&home, CERTIFICATE, KEY);
        let judged = |host, now: &str| fault(&tls, host, now.parse().unwrap());
        for (host, now, expected) in [
            ("id.example.com", "2026-06-01T00:00:00Z", None),
            ("id.example.com", "2025-12-31T23:59:59Z", Some("not valid before 2026-01-01")),
            ("id.example.com", "2027-01-01T00:00:01Z", Some("expired on 2027-01-01")),
            ("other.example.com", "2026-06-01T00:00:00Z", Some("not made out to other.example.com")),
            ("[::1]", "2026-06-01T00:00:00Z", Some("not made out to [::1]")),
        ] {
            assert_eq!(judged(host, now).as_deref(), expected, "{host} {now}");
        }
        let torn = files(&home, CERTIFICATE, OTHER_KEY);
        assert!(fault(&torn, "id.example.com", Time::default()).unwrap().starts_with("is not the key"));
    }
}
