//! Clients, their secrets, and the assertions they used.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::{ClientSecretId, UserId};
use crate::base::secret::Digest;
use crate::domain::client::{Client, ClientSecret};
use crate::protocol::registration::ClientMetadata;

#[derive(sqlx::FromRow)]
struct ClientRow {
    client_id: String,
    metadata: Json<serde_json::Value>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

#[derive(sqlx::FromRow)]
struct SecretRow {
    id: ClientSecretId,
    digest: Digest,
    sealed: Option<Vec<u8>>,
    created_at: Time,
    expires_at: Option<Time>,
}

impl From<SecretRow> for ClientSecret {
    fn from(SecretRow { id, digest, sealed, created_at, expires_at }: SecretRow) -> Self {
        Self { id, digest, sealed, created_at, expires_at }
    }
}

impl ClientRow {
    fn with(self, secrets: Vec<SecretRow>) -> Result<Client, Fault> {
        let Self { client_id: id, metadata, version, created_at, updated_at } = self;
        let metadata: ClientMetadata = serde_json::from_value(metadata.0)
            .map_err(|cause| Fault::contradiction("client", format!("{id}: its metadata does not read: {cause}")))?;
        let secrets = secrets.into_iter().map(ClientSecret::from).collect();
        Ok(Client { id, metadata, secrets, version, created_at, updated_at })
    }
}

pub async fn find(db: &Db, client_id: &str) -> Result<Option<Client>, Fault> {
    let mut reader = db.read().await?;
    let sql = "SELECT client_id, metadata, version, created_at, updated_at FROM clients WHERE client_id = $1";
    let Some(row) = reader.sql(sql).bind(client_id).optional::<ClientRow>().await? else { return Ok(None) };
    let sql = "SELECT id, digest, sealed, created_at, expires_at FROM client_secrets WHERE client_id = $1 ORDER BY id";
    let secrets = reader.sql(sql).bind(client_id).all::<SecretRow>().await?;
    row.with(secrets).map(Some)
}

/// One page, by id, of clients after `after`; without their secrets.
pub async fn page(db: &Db, after: Option<&str>, limit: i64) -> Result<Vec<Client>, Fault> {
    let sql = "SELECT client_id, metadata, version, created_at, updated_at FROM clients
               WHERE ($1 IS NULL OR client_id > $1) ORDER BY client_id LIMIT $2";
    let rows = db.read().await?.sql(sql).bind(after).bind(limit).all::<ClientRow>().await?;
    rows.into_iter().map(|row| row.with(Vec::new())).collect()
}

/// The names of the clients that this person ever let in, as far as that is still kept, by their ids.
pub async fn names_for(db: &Db, user: UserId) -> Result<BTreeMap<String, String>, Fault> {
    let sql = "SELECT client_id, metadata, version, created_at, updated_at FROM clients
               WHERE client_id IN (SELECT g.client_id FROM grants g JOIN sessions s ON s.id = g.session_id
                                   WHERE s.user_id = $1)
                  OR client_id IN (SELECT c.client_id FROM consents c WHERE c.user_id = $1)";
    let rows = db.read().await?.sql(sql).bind(user).all::<ClientRow>().await?;
    let named =
        rows.into_iter().map(|row| row.with(Vec::new()).map(|client| (client.id.clone(), client.name().to_owned())));
    named.collect()
}

/// Writes a new client with its secrets; false when the id is taken.
pub async fn insert(tx: &mut Tx, client: &Client) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "INSERT INTO clients (client_id, metadata, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(client.id.clone())
        .bind(Json(client.metadata.clone()))
        .bind(client.version)
        .bind(client.created_at)
        .execute()
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    for secret in &client.secrets {
        insert_secret(tx, &client.id, secret).await?;
    }
    set_origins(tx, client).await?;
    Ok(true)
}

async fn set_origins(tx: &mut Tx, client: &Client) -> Result<(), Fault> {
    tx.sql("DELETE FROM client_origins WHERE client_id = $1").bind(client.id.clone()).execute().await?;
    for origin in client.metadata.origins() {
        tx.sql("INSERT INTO client_origins (client_id, origin) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(client.id.clone())
            .bind(origin)
            .execute()
            .await?;
    }
    Ok(())
}

/// Whether pages of this origin belong to any client.
pub async fn has_origin(db: &Db, origin: &str) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM client_origins WHERE origin = $1";
    Ok(db.read().await?.sql(sql).bind(origin).scalar::<i64>().await? > 0)
}

pub async fn insert_secret(tx: &mut Tx, client_id: &str, secret: &ClientSecret) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO client_secrets (id, client_id, digest, sealed, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(secret.id)
    .bind(client_id)
    .bind(secret.digest)
    .bind(secret.sealed.clone())
    .bind(secret.created_at)
    .bind(secret.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Lets every secret the client has end no later than at this time.
pub async fn limit_secrets(tx: &mut Tx, client_id: &str, end: Time) -> Result<(), Fault> {
    tx.sql(
        "UPDATE client_secrets SET expires_at = $2 WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(client_id)
    .bind(end)
    .execute()
    .await?;
    Ok(())
}

/// Keeps of every secret the digest alone.
pub async fn forget_sealed(tx: &mut Tx, client_id: &str) -> Result<(), Fault> {
    tx.sql("UPDATE client_secrets SET sealed = NULL WHERE client_id = $1").bind(client_id).execute().await?;
    Ok(())
}

/// Writes the metadata, if the row still has the version before `client.version`.
pub async fn update(tx: &mut Tx, client: &Client) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE clients SET metadata = $3, version = $2, updated_at = $4 WHERE client_id = $1 AND version = $2 - 1",
        )
        .bind(client.id.clone())
        .bind(client.version)
        .bind(Json(client.metadata.clone()))
        .bind(client.updated_at)
        .execute()
        .await?;
    if changed == 1 {
        set_origins(tx, client).await?;
    }
    Ok(changed == 1)
}

/// Removes a client with its secrets and consents; false when it is not there in this version, any if none is given.
pub async fn delete(tx: &mut Tx, client_id: &str, version: Option<i64>) -> Result<bool, Fault> {
    let sql = "DELETE FROM clients WHERE client_id = $1 AND ($2 IS NULL OR version = $2)";
    Ok(tx.sql(sql).bind(client_id).bind(version).execute().await? == 1)
}

/// Remembers an assertion; false when it was used before (RFC 7523 section 3).
pub async fn spend_assertion(tx: &mut Tx, digest: Digest, expires_at: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql("INSERT INTO client_assertions (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(digest)
        .bind(expires_at)
        .execute()
        .await?;
    Ok(changed == 1)
}
