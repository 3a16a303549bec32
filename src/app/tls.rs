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
