//! Our signing keys: how they rest, sealed under the root key, and how they stand ready, each parsed once.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::jwk::Jwk;
use super::jws::{Rejected, Unverified, Verified};
use super::lifecycle;
use super::private::{self, PrivateKeyError};
use super::signer::SigningKey;
use super::verifier::VerifyingKey;
use crate::base::clock::Time;
use crate::base::entropy::Entropy;
use crate::base::vault::SealKey;

/// One signing key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The thumbprint of the public key (RFC 7638).
    pub kid: String,
    pub algorithm: Algorithm,
    pub public: Jwk,
    /// PKCS#8, sealed with the kid as context.
    pub sealed_private: Vec<u8>,
    pub created_at: Time,
    /// From when the key signs, until the next key of its algorithm does.
    pub active_from: Time,
}

impl KeyRecord {
    /// A new key. RSA keys take a good part of a second: call it where waiting is allowed.
    pub fn generate(
        algorithm: Algorithm,
        created_at: Time,
        active_from: Time,
        seal: &SealKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, PrivateKeyError> {
        let pkcs8 = private::generate(algorithm, entropy)?;
        let mut public = private::open(algorithm, &pkcs8)?.public;
        let kid = public.thumbprint();
        public.kid = Some(kid.clone());
        let sealed_private = seal.seal(&kid, &pkcs8, entropy);
        Ok(Self { kid, algorithm, public, sealed_private, created_at, active_from })
    }
}

/// Why stored keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error("signing key {0} does not open with this root key")]
    Sealed(String),
    #[error("signing key {0}: {1}")]
    Private(String, PrivateKeyError),
    #[error("signing key {0}: its kid, its public and its private half do not belong together")]
    Torn(String),
}

/// All keys that are published: the next, the current and the old ones. Made anew when the records change.
pub struct Keyring {
    /// In the order in which they take over.
    keys: Vec<Ready>,
    by_kid: HashMap<String, usize>,
    jwks: Arc<str>,
}

struct Ready {
    record: KeyRecord,
    signer: SigningKey,
    verifier: VerifyingKey,
}

impl Keyring {
    /// Opens and parses every key. What was stored as public is believed only when it fits the sealed private half.
    pub fn open(mut records: Vec<KeyRecord>, seal: &SealKey) -> Result<Self, KeyringError> {
        records.sort_by(lifecycle::succession);
        let keys = records.into_iter().map(|record| Ready::open(record, seal)).collect::<Result<Vec<_>, _>>()?;
        let by_kid = keys.iter().enumerate().map(|(index, key)| (key.record.kid.clone(), index)).collect();
        let public: Vec<_> = keys.iter().map(|key| key.record.public.to_value()).collect();
        let jwks = json!({ "keys": public }).to_string().into();
        Ok(Self { keys, by_kid, jwks })
    }

    /// Whether it was made of these records.
    pub fn is_of(&self, records: &[KeyRecord]) -> bool {
        let holds =
            |record: &KeyRecord| self.by_kid.get(&record.kid).is_some_and(|&at| self.keys[at].record == *record);
        records.len() == self.keys.len() && records.iter().all(holds)
    }

    /// The key that signs now: the one that became active last.
    pub fn signer(&self, algorithm: Algorithm, now: Time) -> Option<&SigningKey> {
        let of_algorithm = |key: &&Ready| key.record.algorithm == algorithm && key.record.active_from <= now;
        self.keys.iter().rev().find(of_algorithm).map(|key| &key.signer)
    }

    /// Any published key. A key is published as long as its record exists: `lifecycle::due` says when it is dropped.
    pub fn verifier(&self, kid: &str) -> Option<&VerifyingKey> {
        self.by_kid.get(kid).map(|&index| &self.keys[index].verifier)
    }

    /// Verifies a token of our own.
    pub fn verify(&self, token: Unverified<'_>) -> Result<Verified, Rejected> {
        let verifier = token.kid().and_then(|kid| self.verifier(kid)).ok_or(Rejected::UnknownKey)?;
        token.verify(verifier)
    }

    /// The key set that we publish (RFC 7517 section 5).
    pub fn jwks(&self) -> &Arc<str> {
        &self.jwks
    }
}

impl Ready {
    fn open(record: KeyRecord, seal: &SealKey) -> Result<Self, KeyringError> {
        let torn = || KeyringError::Torn(record.kid.clone());
        let pkcs8 = seal.open(&record.kid, &record.sealed_private).map(Zeroizing::new);
        let pkcs8 = pkcs8.ok_or_else(|| KeyringError::Sealed(record.kid.clone()))?;
        let opened = private::open(record.algorithm, &pkcs8)
            .map_err(|error| KeyringError::Private(record.kid.clone(), error))?;
        let expected = Jwk { kid: Some(opened.public.thumbprint()), ..opened.public };
        if expected != record.public || expected.kid.as_ref() != Some(&record.kid) {
            return Err(torn());
        }
        let verifier = record.public.verifier(record.algorithm).map_err(|_| torn())?;
        let signer = SigningKey::new(&record.kid, opened.signer);
        Ok(Self { record, signer, verifier })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use serde_json::Value;

    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::base::vault::RootKey;
    use crate::jose::vectors::{keyring, records, seal};

    fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn ed25519(seed: u64, active_from: Time) -> KeyRecord {
        KeyRecord::generate(Algorithm::EdDsa, at(0), active_from, &seal(), &SeededEntropy::new(seed)).unwrap()
    }

    #[test]
    fn the_key_that_became_active_last_signs() {
        let (old, current, next) = (ed25519(1, at(10)), ed25519(2, at(20)), ed25519(3, at(30)));
        let keyring = Keyring::open(vec![next.clone(), old.clone(), current.clone()], &seal()).unwrap();
        let signer = |seconds| keyring.signer(Algorithm::EdDsa, at(seconds)).map(SigningKey::kid);
        assert_eq!(signer(9), None);
        assert_eq!(signer(10), Some(&*old.kid));
        assert_eq!(signer(19), Some(&*old.kid));
        assert_eq!(signer(20), Some(&*current.kid));
        assert_eq!(signer(1000), Some(&*next.kid));
        assert!(keyring.signer(Algorithm::Es256, at(1000)).is_none());
    }

    #[test]
    fn everything_stored_is_published_and_nothing_private() {
        let published: Value = serde_json::from_str(keyring().jwks()).unwrap();
        let keys = published["keys"].as_array().unwrap();
        assert_eq!(keys.len(), records().len());
        for record in records() {
            let key = keys.iter().find(|key| key["kid"] == record.kid.as_str()).unwrap();
            assert_eq!(key["alg"], record.algorithm.name());
            assert_eq!(key["use"], "sig");
            assert_eq!(Jwk::parse(key).unwrap().thumbprint(), record.kid);
            assert!(keyring().verifier(&record.kid).is_some());
        }
        assert!(keyring().verifier("unknown").is_none());
    }

    #[test]
    fn keys_come_from_the_given_entropy() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let make = |seed| KeyRecord::generate(algorithm, at(0), at(0), &seal(), &SeededEntropy::new(seed)).unwrap();
            assert_eq!(make(1), make(1));
            assert_ne!(make(1).kid, make(2).kid);
        }
        let refused = KeyRecord::generate(Algorithm::Es384, at(0), at(0), &seal(), &SeededEntropy::new(1));
        assert_eq!(refused, Err(PrivateKeyError::NotIssued(Algorithm::Es384)));
    }

    #[test]
    fn a_touched_record_is_not_believed() {
        let (good, other) = (ed25519(1, at(0)), ed25519(2, at(0)));
        let opened = |record: KeyRecord| Keyring::open(vec![record], &seal()).map(|_| ());
        assert_eq!(opened(KeyRecord { active_from: good.active_from + TimeDelta::days(1), ..good.clone() }), Ok(()));
        let sealed = Err(KeyringError::Sealed(good.kid.clone()));
        let torn = Err(KeyringError::Torn(good.kid.clone()));
        let foreign_root =
            Keyring::open(vec![good.clone()], &RootKey::new([8; 32]).seal_key("signing key")).map(|_| ());
        assert_eq!(foreign_root, sealed);
        assert_eq!(opened(KeyRecord { sealed_private: other.sealed_private, ..good.clone() }), sealed);
        assert_eq!(opened(KeyRecord { public: other.public, ..good.clone() }), torn);
        let renamed = Jwk { kid: Some(other.kid), ..good.public.clone() };
        assert_eq!(opened(KeyRecord { public: renamed, ..good.clone() }), torn);
        let unreadable = Err(KeyringError::Private(good.kid.clone(), PrivateKeyError::Unreadable));
        assert_eq!(opened(KeyRecord { algorithm: Algorithm::Es256, ..good }), unreadable);
    }
}
