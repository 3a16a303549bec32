//! How clients come, change and go: one way, behind two doors, the admin API and dynamic registration.

use url::Url;
use zeroize::Zeroizing;

use super::client_keys::management;
use super::ending::{self, Begun};
use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::entropy::{Entropy, draw};
use crate::base::id::ClientSecretId;
use crate::base::secret::Secret;
use crate::domain::client::{Client, ClientSecret};
use crate::domain::event::Scribe;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::jose::client::{ClientKeys, JwksError};
use crate::jose::json;
use crate::jose::jwe::EncryptionKeys;
use crate::protocol::registration::{AuthMethod, ClientMetadata, InvalidMetadata};
use crate::store;
use crate::store::db::{Fault, Tx};

/// A client as it is written, and the secret that it is told once.
pub struct Made {
    pub client: Client,
    pub secret: Option<Secret>,
}

/// Checks what the words of the metadata do not show: the keys, and that the client's sector knows its redirect URIs. What
/// it was before is not asked about again.
pub async fn check(
    authority: &Authority,
    metadata: &ClientMetadata,
    before: Option<&ClientMetadata>,
) -> Result<(), InvalidMetadata> {
    check_keys(metadata)?;
    let known = before.is_some_and(|before| {
        (&before.sector_identifier_uri, &before.redirect_uris)
            == (&metadata.sector_identifier_uri, &metadata.redirect_uris)
    });
    match &metadata.sector_identifier_uri {
        Some(uri) if !known => check_sector(authority, uri, &metadata.redirect_uris).await,
        _ => Ok(()),
    }
}

/// A set without keys for signatures does no harm where the client signs nothing.
fn check_keys(metadata: &ClientMetadata) -> Result<(), InvalidMetadata> {
    let Some(set) = &metadata.jwks else { return Ok(()) };
    let unfit = |error: JwksError| InvalidMetadata { member: "jwks", problem: error.to_string() };
    let signs = metadata.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt;
    match ClientKeys::parse(set) {
        Err(JwksError::Empty) if !signs => {}
        Err(error) => return Err(unfit(error)),
        Ok(_) => {}
    }
    let keys = EncryptionKeys::parse(set).map_err(unfit)?;
    let ways = [metadata.id_token_encryption(), metadata.userinfo_encryption()];
    match ways.into_iter().flatten().find(|way| !keys.has(management(way.key))) {
        None => Ok(()),
        Some(_) => {
            Err(InvalidMetadata { member: "jwks", problem: "holds no key for the encryption that is asked for".into() })
        }
    }
}

/// The largest list of redirect URIs that is fetched, in bytes.
const LARGEST_LIST: usize = 64 * 1024;

/// The list behind `sector_identifier_uri` must name every redirect URI (OpenID Connect Registration 1.0 section 5). Whoever
/// registers learns only that it does not.
async fn check_sector(authority: &Authority, uri: &str, redirect_uris: &[String]) -> Result<(), InvalidMetadata> {
    let unfit = || InvalidMetadata {
        member: "sector_identifier_uri",
        problem: "must lead to a JSON array that names every redirect URI".into(),
    };
    let url = Url::parse(uri).map_err(|_| unfit())?;
    let body = authority.egress.get(&url, LARGEST_LIST).await.map_err(|blocked| {
        tracing::debug!(%blocked, "a sector_identifier_uri was not fetched");
        unfit()
    })?;
    let listed: Vec<String> =
        json::strict(&body).ok().and_then(|list| serde_json::from_value(list).ok()).ok_or_else(unfit)?;
    if redirect_uris.iter().all(|own| listed.contains(own)) { Ok(()) } else { Err(unfit()) }
}

/// A new client with the secret that its metadata asks for; the id is drawn where none is given. Nothing is written yet.
pub fn make(authority: &Authority, id: Option<String>, metadata: ClientMetadata, now: Time) -> Made {
    let fresh = metadata.has_secret().then(|| fresh_secret(authority, &metadata, now));
    let (secret, kept) = fresh.unzip();
    let client = Client {
        id: id.unwrap_or_else(|| draw_id(authority.dice())),
        metadata,
        secrets: kept.into_iter().collect(),
        version: first_version(now),
        created_at: now,
        updated_at: now,
    };
    Made { client, secret }
}

/// Writes other metadata over a client. One that begins to need a secret gets one, and so does one that begins to sign with
/// it, for its old secret is known by digest alone; one that needs none any more loses what it has. What people and machines
/// allowed a client ends when it becomes disabled. `None` when somebody else changed the client since it was found.
pub async fn rewrite(
    authority: &Authority,
    found: Client,
    metadata: ClientMetadata,
    now: Time,
) -> Outcome<Option<Made>> {
    let (before, after) = (Needs::of(&found.metadata), Needs::of(&metadata));
    let fresh = (after > before).then(|| fresh_secret(authority, &metadata, now));
    let (secret, kept) = fresh.unzip();
    let becomes_disabled = metadata.disabled && !found.metadata.disabled;
    let end = becomes_disabled.then_some(End { at: now, reason: EndReason::Admin, initiator: Initiator::Admin });
    let scribe = authority.scribe(now);
    let client = Client { metadata, version: found.version + 1, updated_at: now, ..found };
    let written = client.clone();
    let done = authority.db.write(async move |tx| {
        if !store::client::update(tx, &written).await? {
            return Ok(None);
        }
        if after < before {
            store::client::forget_sealed(tx, &written.id).await?;
        }
        if kept.is_some() || after == Needs::Nothing {
            store::client::limit_secrets(tx, &written.id, now).await?;
        }
        if let Some(kept) = kept {
            store::client::insert_secret(tx, &written.id, &kept).await?;
        }
        match end {
            Some(end) => ending::begin(tx, Target::Client(written.id), end, &scribe).await.map(Some),
            None => Ok(Some(Begun::default())),
        }
    });
    let Some(begun) = done.await? else { return Ok(None) };
    ending::finish(authority, begun).await?;
    Ok(Some(Made { client, secret }))
}

/// Removes a client and begins to end everything people and machines allowed it, as a part of a larger write;
/// [`ending::finish`] does the rest. `None` when it is not there in this version, any if none is given.
pub async fn remove(
    tx: &mut Tx,
    client_id: &str,
    version: Option<i64>,
    end: End,
    scribe: &Scribe,
) -> Result<Option<Begun>, Fault> {
    if !store::client::delete(tx, client_id, version).await? {
        return Ok(None);
    }
    ending::begin(tx, Target::Client(client_id.to_owned()), end, scribe).await.map(Some)
}

/// What must be known of a client's secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    Digest,
    Secret,
}

impl Needs {
    fn of(metadata: &ClientMetadata) -> Self {
        match (metadata.has_secret(), metadata.signs_with_secret()) {
            (_, true) => Self::Secret,
            (true, false) => Self::Digest,
            (false, false) => Self::Nothing,
        }
    }
}

/// A new secret, and what is kept of it: the digest, and sealed itself where the client signs with it.
pub fn fresh_secret(authority: &Authority, metadata: &ClientMetadata, now: Time) -> (Secret, ClientSecret) {
    let secret = Secret::new(authority.dice());
    let id = ClientSecretId::new(now, authority.dice());
    let seal = || authority.secrets.client.seal(&sealed_as(id), secret.reveal().as_bytes(), authority.dice());
    let sealed = metadata.signs_with_secret().then(seal);
    let kept = ClientSecret { id, digest: secret.digest(), sealed, created_at: now, expires_at: None };
    (secret, kept)
}

/// The good secrets of a client that signs with them.
pub fn open_secrets(authority: &Authority, client: &Client, now: Time) -> Vec<Zeroizing<Vec<u8>>> {
    let good = client.secrets.iter().filter(|secret| client.metadata.signs_with_secret() && secret.is_good(now));
    let open = |own: &ClientSecret| authority.secrets.client.open(&sealed_as(own.id), own.sealed.as_deref()?);
    good.filter_map(open).map(Zeroizing::new).collect()
}

fn sealed_as(id: ClientSecretId) -> String {
    format!("client secret {id}")
}

/// Above every version that an earlier client of the same id can have had: entity tags and what is remembered of the
/// earlier one must not fit the new one.
fn first_version(now: Time) -> i64 {
    now.timestamp_micros()
}

/// 130 random bits in 26 letters and digits.
fn draw_id(dice: &dyn Entropy) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    draw::<26>(dice).iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::protocol::admin::client::is_client_id;

    #[test]
    fn drawn_ids_are_ids_and_differ() {
        let dice = SeededEntropy::new(1);
        let (one, other) = (draw_id(&dice), draw_id(&dice));
        assert!(is_client_id(&one) && one.len() == 26, "{one}");
        assert_ne!(one, other);
    }
}
