//! The public keys of clients: registered with them (`jwks`), or fetched from where they publish them (`jwks_uri`).
//! Parsed once, kept, and fetched again when a token names a key that is not there.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use url::Url;

use super::client_auth::invalid;
use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::domain::client::Client;
use crate::jose::client::ClientKeys;
use crate::jose::jws::{Accept, Rejected, Unverified, Verified};
use crate::protocol::error::Refusal;

/// Key sets kept at most; beyond that they are read again.
const MOST_SETS: usize = 1_000;
/// The largest key set that is fetched, in bytes.
const LARGEST_SET: usize = 64 * 1024;
/// A fetched set is fetched again after a day, and for an unknown key after a minute.
const LIFE: Duration = Duration::hours(24);
const PAUSE: Duration = Duration::minutes(1);

#[derive(Default)]
pub(super) struct ClientKeyring(RwLock<HashMap<String, Known>>);

#[derive(Clone)]
struct Known {
    /// Of the client; a changed client has other keys.
    version: i64,
    read_at: Time,
    keys: Arc<ClientKeys>,
}

impl ClientKeyring {
    fn find(&self, client: &Client) -> Option<Known> {
        let sets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        sets.get(&client.id).filter(|known| known.version == client.version).cloned()
    }

    fn keep(&self, client: &Client, known: Known) {
        let mut sets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= MOST_SETS {
            sets.clear();
        }
        sets.insert(client.id.clone(), known);
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
    let known = match authority.client_keys.find(client) {
        Some(known) if client.metadata.jwks_uri.is_none() || now - known.read_at < LIFE.delta() => known,
        _ => read(authority, client, now).await?,
    };
    let first = check(&known, token, accept);
    let may_be_new = client.metadata.jwks_uri.is_some() && now - known.read_at >= PAUSE.delta();
    if matches!(first, Err(Rejected::UnknownKey)) && may_be_new {
        let known = read(authority, client, now).await?;
        return Ok(check(&known, token, accept).map_err(|rejected| invalid(rejected.to_string()))?);
    }
    Ok(first.map_err(|rejected| invalid(rejected.to_string()))?)
}

fn check(known: &Known, token: &str, accept: &Accept<'_>) -> Result<Verified, Rejected> {
    known.keys.verify(Unverified::parse(token, accept)?)
}

/// Reads the keys from where they are, and keeps them.
async fn read(authority: &Authority, client: &Client, now: Time) -> Outcome<Known> {
    let unfit = |error: &dyn std::fmt::Display| invalid(format!("the client's keys: {error}"));
    let keys = match (&client.metadata.jwks, &client.metadata.jwks_uri) {
        (Some(set), _) => ClientKeys::parse(set).map_err(|error| unfit(&error))?,
        (None, Some(uri)) => {
            let body = fetch(authority, uri).await?;
            ClientKeys::from_json(&body).map_err(|error| unfit(&error))?
        }
        (None, None) => return Err(invalid("the client has no keys").into()),
    };
    let known = Known { version: client.version, read_at: now, keys: Arc::new(keys) };
    authority.client_keys.keep(client, known.clone());
    Ok(known)
}

async fn fetch(authority: &Authority, uri: &str) -> Result<Vec<u8>, Refusal> {
    let url = Url::parse(uri).map_err(|error| invalid(format!("jwks_uri: {error}")))?;
    authority.egress.get(&url, LARGEST_SET).await.map_err(|blocked| invalid(format!("jwks_uri: {blocked}")))
}
