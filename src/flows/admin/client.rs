//! Clients: registered, looked at, changed and removed, and their secrets, each shown once.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AdminOutcome, AdminRefusal, TRIES, one_more, page, position};
use crate::base::secret::Secret;
use crate::domain::client::Client;
use crate::domain::policy::SECRET_OVERLAP;
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::flows::client::{self, Made};
use crate::flows::{Authority, ending};
use crate::protocol::admin::client::{NewClient, is_client_id, patched};
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::precondition::Precondition;
use crate::protocol::admin::{FieldError, Page};
use crate::protocol::registration::{ClientMetadata, InvalidMetadata};
use crate::store;
use crate::store::db::Fault;

/// A client as an admin sees it, by the names of RFC 7591 section 3.2.1.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Client")]
pub struct ClientView {
    pub client_id: String,
    /// Seconds since 1970.
    pub client_id_issued_at: i64,
    /// Only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// 0: it does not expire by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    #[serde(flatten)]
    pub metadata: ClientMetadata,
    pub created_at: chrono::DateTime<Utc>,
    pub updated_at: chrono::DateTime<Utc>,
    /// For the entity tag.
    #[serde(skip)]
    pub version: i64,
}

impl ClientView {
    fn of(client: Client, secret: Option<&Secret>) -> Self {
        Self {
            client_id: client.id,
            client_id_issued_at: client.created_at.timestamp(),
            client_secret: secret.map(Secret::reveal),
            client_secret_expires_at: secret.map(|_| 0),
            metadata: client.metadata,
            created_at: client.created_at,
            updated_at: client.updated_at,
            version: client.version,
        }
    }
}

/// A new secret of a client, shown once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ClientSecret")]
pub struct SecretView {
    pub client_secret: String,
    /// 0: it does not expire by itself.
    pub client_secret_expires_at: i64,
    /// Until when earlier secrets still work.
    pub previous_expires_at: chrono::DateTime<Utc>,
}

const LIST: &str = "clients";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("client");

pub async fn create(authority: &Authority, members: Map<String, Value>) -> AdminOutcome<ClientView> {
    let NewClient { client_id, metadata } = NewClient::read(members)?;
    check(authority, &metadata, None).await?;
    let Made { client, secret } = client::make(authority, client_id, metadata, authority.now());
    let written = client.clone();
    if !authority.db.write(async move |tx| store::client::insert(tx, &written).await).await? {
        return Err(AdminRefusal::Conflict(FieldError::new("client_id", "belongs to another client")));
    }
    Ok(ClientView::of(client, secret.as_ref()))
}

/// By id.
pub async fn list(authority: &Authority, listing: &Listing) -> AdminOutcome<Page<ClientView>> {
    let after = position(authority, LIST, listing)?;
    let rows = store::client::page(&authority.db, after.as_deref(), one_more(listing)).await?;
    let rows = rows.into_iter().map(|client| ClientView::of(client, None)).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |client: &ClientView| client.client_id.clone())))
}

pub async fn show(authority: &Authority, client_id: &str) -> AdminOutcome<ClientView> {
    Ok(ClientView::of(find(authority, client_id).await?, None))
}

/// Puts a merge patch over the metadata. A client that begins to need a secret gets one; one that needs none any more
/// loses what it has.
pub async fn change(
    authority: &Authority,
    client_id: &str,
    patch: Map<String, Value>,
    precondition: &Precondition,
) -> AdminOutcome<ClientView> {
    for _ in 0..TRIES {
        let found = find(authority, client_id).await?;
        let metadata = patched(members(&found.metadata)?, patch.clone())?;
        check(authority, &metadata, Some(&found.metadata)).await?;
        if !precondition.admits(found.version) {
            return Err(AdminRefusal::Stale);
        }
        if metadata == found.metadata {
            return Ok(ClientView::of(found, None));
        }
        if let Some(Made { client, secret }) = client::rewrite(authority, found, metadata, authority.now()).await? {
            return Ok(ClientView::of(client, secret.as_ref()));
        }
    }
    Err(AdminRefusal::Contended)
}

/// Makes a new secret; the earlier ones work for [`SECRET_OVERLAP`] more.
pub async fn renew_secret(authority: &Authority, client_id: &str) -> AdminOutcome<SecretView> {
    for _ in 0..TRIES {
        let found = find(authority, client_id).await?;
        if !found.metadata.has_secret() {
            let error = FieldError::new("token_endpoint_auth_method", "is one that needs no secret");
            return Err(AdminRefusal::Conflict(error));
        }
        let now = authority.now();
        let overlap_end = now + SECRET_OVERLAP.delta();
        let (secret, kept) = client::fresh_secret(authority, &found.metadata, now);
        let client = Client { version: found.version + 1, updated_at: now, ..found };
        // The version makes sure that the client still is one that has secrets.
        let done = authority.db.write(async move |tx| {
            if !store::client::update(tx, &client).await? {
                return Ok(false);
            }
            store::client::limit_secrets(tx, &client.id, overlap_end).await?;
            store::client::insert_secret(tx, &client.id, &kept).await?;
            Ok(true)
        });
        if done.await? {
            let client_secret = secret.reveal();
            return Ok(SecretView { client_secret, client_secret_expires_at: 0, previous_expires_at: overlap_end });
        }
    }
    Err(AdminRefusal::Contended)
}

/// Removes a client and everything people and machines allowed it; what is gone already stays gone.
pub async fn delete(authority: &Authority, client_id: &str, precondition: &Precondition) -> AdminOutcome<()> {
    let found = match find(authority, client_id).await {
        Err(AdminRefusal::NotFound(_)) => return Ok(()),
        found => found?,
    };
    if !precondition.admits(found.version) {
        return Err(AdminRefusal::Stale);
    }
    let version = matches!(precondition, Precondition::OneOf(_)).then_some(found.version);
    let now = authority.now();
    let end = End { at: now, reason: EndReason::ClientRemoved, initiator: Initiator::Admin };
    let (id, scribe) = (found.id.clone(), authority.scribe(now));
    let written = authority.db.write(async move |tx| client::remove(tx, &id, version, end, &scribe).await);
    match written.await? {
        Some(begun) => drop(ending::finish(authority, begun).await?),
        None if version.is_some() && store::client::find(&authority.db, client_id).await?.is_some() => {
            return Err(AdminRefusal::Stale);
        }
        None => {}
    }
    Ok(())
}

async fn find(authority: &Authority, client_id: &str) -> AdminOutcome<Client> {
    if !is_client_id(client_id) {
        return Err(NOT_FOUND);
    }
    store::client::find(&authority.db, client_id).await?.ok_or(NOT_FOUND)
}

async fn check(authority: &Authority, metadata: &ClientMetadata, before: Option<&ClientMetadata>) -> AdminOutcome<()> {
    let named = |InvalidMetadata { member, problem }| FieldError::new(member, problem);
    Ok(client::check(authority, metadata, before).await.map_err(named)?)
}

fn members(metadata: &ClientMetadata) -> Result<Map<String, Value>, Fault> {
    match serde_json::to_value(metadata) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Fault::contradiction("client", "its metadata is no object")),
    }
}
