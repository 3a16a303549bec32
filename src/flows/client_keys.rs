//! The public keys of clients, to verify by and to encrypt to: registered with them (`jwks`), or fetched from where they
//! publish them (`jwks_uri`). Parsed once, kept, and fetched again when a key is needed that is not there.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::client_auth::invalid;
use super::recall::Recall;
use super::{Authority, Failure, Outcome};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::domain::client::Client;
use crate::jose::client::{ClientKeys, JwksError};
use crate::jose::json;
use crate::jose::jwe::{EncryptError, EncryptionKeys, Inside, KeyManagement};
use crate::jose::jws::{Accept, Rejected, Unverified, Verified};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::registration::{Encryption, KeyAlgorithm};

/// Key sets that are kept while they are asked for; as many more are forgotten in time.
const MOST_SETS: usize = 1_000;
/// The largest key set that is fetched, in bytes.
const LARGEST_SET: usize = 64 * 1024;
/// A fetched set is fetched again after a day, and for an unknown key after a minute.
const LIFE: Duration = Duration::hours(24);
const PAUSE: Duration = Duration::minutes(1);

pub(super) struct ClientKeyring {
    sets: Recall<String, Known>,
    /// Clients whose address gave nothing, by version and time: whoever asks causes no call again within [`PAUSE`].
    missed: Recall<String, (i64, Time)>,
}

impl Default for ClientKeyring {
    fn default() -> Self {
        Self { sets: Recall::new(2 * MOST_SETS), missed: Recall::new(2 * MOST_SETS) }
    }
}

#[derive(Clone)]
struct Known {
    /// Of the client; a changed client has other keys.
    version: i64,
    read_at: Time,
    keys: Arc<KeySet>,
}

/// One set, read for both of its uses. What is wrong with the keys of one use is no matter of the other.
struct KeySet {
    signatures: Result<ClientKeys, JwksError>,
    encryption: Result<EncryptionKeys, JwksError>,
}

impl KeySet {
    fn of(set: &Value) -> Self {
        Self { signatures: ClientKeys::parse(set), encryption: EncryptionKeys::parse(set) }
    }
}

impl Known {
    /// Whether a set that lacks a key may be fetched again.
    fn may_be_old(&self, client: &Client, now: Time) -> bool {
        client.metadata.jwks_uri.is_some() && now - self.read_at >= PAUSE.delta()
    }
}

impl ClientKeyring {
    fn find(&self, client: &Client) -> Option<Known> {
        self.sets.get(&client.id).filter(|known| known.version == client.version)
    }

    fn keep(&self, client: &Client, known: Known) {
        self.sets.put(client.id.clone(), known);
    }

    fn was_missed(&self, client: &Client, now: Time) -> bool {
        let missed = self.missed.get(&client.id);
        missed.is_some_and(|(version, at)| version == client.version && now - at < PAUSE.delta())
    }

    fn miss(&self, client: &Client, now: Time) {
        self.missed.put(client.id.clone(), (client.version, now));
    }
}

/// Verifies a token that a client signed for itself.
pub(super) async fn verify(
    authority: &Authority,
    client: &Client,
    token: &str,
    accept: &Accept<'_>,
    now: Time,
) -> Outcome<Verified> {
    let known = known(authority, client, now).await?;
    let first = check(&known, token, accept);
    if matches!(first, Err(Unfit::Token(Rejected::UnknownKey))) && known.may_be_old(client, now) {
        let known = read(authority, client, now).await?;
        return Ok(check(&known, token, accept).map_err(|unfit| invalid(unfit.to_string()))?);
    }
    Ok(first.map_err(|unfit| invalid(unfit.to_string()))?)
}

/// Encrypts to a key of the client's.
pub(super) async fn encrypt(
    authority: &Authority,
    client: &Client,
    way: Encryption,
    (inside, plain): (Inside, &[u8]),
    now: Time,
) -> Outcome<String> {
    let mut known = known(authority, client, now).await?;
    let management = management(way.key);
    let lacks = |known: &Known| !known.keys.encryption.as_ref().is_ok_and(|keys| keys.has(management));
    if lacks(&known) && known.may_be_old(client, now) {
        known = read(authority, client, now).await?;
    }
    let refuse = |reason: String| {
        Refusal::new(Code::InvalidRequest, "the client has no key that this answer can be encrypted to").because(reason)
    };
    let keys = known.keys.encryption.as_ref().map_err(|error| refuse(error.to_string()))?;
    let token = keys.encrypt(management, way.content.name(), inside, plain);
    token.map_err(|error| match error {
        EncryptError::NoKey(_) => refuse(error.to_string()).into(),
        other => Failure::Signing(other.to_string()),
    })
}

/// The way behind the name in a client's metadata.
pub(super) const fn management(name: KeyAlgorithm) -> KeyManagement {
    match name {
        KeyAlgorithm::RsaOaep => KeyManagement::RsaOaep,
        KeyAlgorithm::RsaOaep256 => KeyManagement::RsaOaep256,
        KeyAlgorithm::EcdhEs => KeyManagement::EcdhEs,
        KeyAlgorithm::EcdhEsA128Kw => KeyManagement::EcdhEsA128Kw,
        KeyAlgorithm::EcdhEsA256Kw => KeyManagement::EcdhEsA256Kw,
    }
}

/// Why a token is not the client's: because of itself, or of the keys.
#[derive(Debug, thiserror::Error)]
enum Unfit<'a> {
    #[error("{0}")]
    Token(Rejected),
    #[error("the client's keys: {0}")]
    Keys(&'a JwksError),
}

fn check<'a>(known: &'a Known, token: &str, accept: &Accept<'_>) -> Result<Verified, Unfit<'a>> {
    let token = Unverified::parse(token, accept).map_err(Unfit::Token)?;
    known.keys.signatures.as_ref().map_err(Unfit::Keys)?.verify(token).map_err(Unfit::Token)
}

/// The keys as they are kept, or read now.
async fn known(authority: &Authority, client: &Client, now: Time) -> Outcome<Known> {
    match authority.client_keys.find(client) {
        Some(known) if client.metadata.jwks_uri.is_none() || now - known.read_at < LIFE.delta() => Ok(known),
        _ => read(authority, client, now).await,
    }
}

/// Reads the keys from where they are, and keeps them.
async fn read(authority: &Authority, client: &Client, now: Time) -> Outcome<Known> {
    let keys = match (&client.metadata.jwks, &client.metadata.jwks_uri) {
        (Some(set), _) => KeySet::of(set),
        (None, Some(uri)) => {
            let set = fetch(authority, client, uri, now).await;
            KeySet::of(&set.inspect_err(|_| authority.client_keys.miss(client, now))?)
        }
        (None, None) => return Err(invalid("the client has no keys").into()),
    };
    if let (Err(error), Err(_)) = (&keys.signatures, &keys.encryption) {
        authority.client_keys.miss(client, now);
        return Err(invalid(format!("the client's keys: {error}")).into());
    }
    let known = Known { version: client.version, read_at: now, keys: Arc::new(keys) };
    authority.client_keys.keep(client, known.clone());
    Ok(known)
}

async fn fetch(authority: &Authority, client: &Client, uri: &str, now: Time) -> Result<Value, Refusal> {
    if authority.client_keys.was_missed(client, now) {
        return Err(invalid("jwks_uri gave nothing within the last minute"));
    }
    let url = Url::parse(uri).map_err(|error| invalid(format!("jwks_uri: {error}")))?;
    let fetched = authority.egress.get(&url, LARGEST_SET).await.map_err(|blocked| blocked.to_string());
    let read = fetched.and_then(|body| json::strict(&body).map_err(|_| "no JSON, or a member twice".to_owned()));
    read.map_err(|problem| {
        tracing::warn!(client_id = client.id, problem, "a client's jwks_uri gave no keys");
        invalid(format!("jwks_uri: {problem}"))
    })
}
