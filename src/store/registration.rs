//! Clients that registered themselves, and the tokens that let them.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::RegistrationTokenId;
use crate::base::secret::Digest;
use crate::domain::registration::RegistrationToken;

/// Writes that a client, which was inserted before, manages itself by this token.
pub async fn insert(tx: &mut Tx, client_id: &str, token: Digest, now: Time) -> Result<(), Fault> {
    tx.sql("INSERT INTO registrations (client_id, token_digest, registered_at) VALUES ($1, $2, $3)")
        .bind(client_id)
        .bind(token)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// The digest of the token by which a client manages itself.
pub async fn token_of(db: &Db, client_id: &str) -> Result<Option<Digest>, Fault> {
    let sql = "SELECT token_digest FROM registrations WHERE client_id = $1";
    Ok(db.read().await?.sql(sql).bind(client_id).optional::<(Digest,)>().await?.map(|(digest,)| digest))
}

/// Clients that registered themselves by `due` and of which no session has a grant; at most `limit`, oldest first.
pub async fn unused(db: &Db, due: Time, limit: i64) -> Result<Vec<String>, Fault> {
    let sql = "SELECT r.client_id FROM registrations r
               WHERE r.registered_at <= $1 AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = r.client_id)
               ORDER BY r.registered_at LIMIT $2";
    let rows = db.read().await?.sql(sql).bind(due).bind(limit).all::<(String,)>().await?;
    Ok(rows.into_iter().map(|(client_id,)| client_id).collect())
}

/// Whether a client is still one of [`unused`], as a part of the write that removes it.
pub async fn is_unused(tx: &mut Tx, client_id: &str) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM grants WHERE client_id = $1";
    Ok(tx.sql(sql).bind(client_id).scalar::<i64>().await? == 0)
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: RegistrationTokenId,
    digest: Digest,
    label: Option<String>,
    uses_left: i64,
    created_at: Time,
    expires_at: Time,
}

impl From<TokenRow> for RegistrationToken {
    fn from(TokenRow { id, digest, label, uses_left, created_at, expires_at }: TokenRow) -> Self {
        Self { id, digest, label, uses_left, created_at, expires_at }
    }
}

pub async fn insert_token(tx: &mut Tx, token: &RegistrationToken) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO registration_tokens (id, digest, label, uses_left, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(token.id)
    .bind(token.digest)
    .bind(token.label.clone())
    .bind(token.uses_left)
    .bind(token.created_at)
    .bind(token.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// One page of the tokens after `after`, oldest first.
pub async fn tokens(db: &Db, after: Option<RegistrationTokenId>, limit: i64) -> Result<Vec<RegistrationToken>, Fault> {
    let sql = "SELECT id, digest, label, uses_left, created_at, expires_at FROM registration_tokens
               WHERE ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2";
    let rows = db.read().await?.sql(sql).bind(after).bind(limit).all::<TokenRow>().await?;
    Ok(rows.into_iter().map(RegistrationToken::from).collect())
}

/// Whether a token may let a client register now.
pub async fn is_good(db: &Db, digest: Digest, now: Time) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM registration_tokens WHERE digest = $1 AND uses_left > 0 AND expires_at > $2";
    Ok(db.read().await?.sql(sql).bind(digest).bind(now).scalar::<i64>().await? == 1)
}

/// Takes one use; false when none was left, or the token is over or gone.
pub async fn spend(tx: &mut Tx, digest: Digest, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE registration_tokens SET uses_left = uses_left - 1
               WHERE digest = $1 AND uses_left > 0 AND expires_at > $2";
    Ok(tx.sql(sql).bind(digest).bind(now).execute().await? == 1)
}

/// Removes a token; what is gone already stays gone.
pub async fn delete_token(tx: &mut Tx, id: RegistrationTokenId) -> Result<(), Fault> {
    tx.sql("DELETE FROM registration_tokens WHERE id = $1").bind(id).execute().await?;
    Ok(())
}
