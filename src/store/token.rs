//! Access tokens that were revoked one by one.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;

/// Revokes a token; false when it was revoked before.
pub async fn revoke(tx: &mut Tx, jti: &str, expires_at: Time) -> Result<bool, Fault> {
    let sql = "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING";
    Ok(tx.sql(sql).bind(jti).bind(expires_at).execute().await? == 1)
}

pub async fn is_revoked(db: &Db, jti: &str) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM revoked_tokens WHERE jti = $1";
    let count: i64 = db.read().await?.sql(sql).bind(jti).scalar().await?;
    Ok(count > 0)
}
