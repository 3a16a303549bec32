//! Pushed requests that were answered.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::secret::Digest;

/// Takes a request once; false when it was taken before.
pub async fn spend(tx: &mut Tx, request: Digest, expires_at: Time) -> Result<bool, Fault> {
    let sql = "INSERT INTO spent_requests (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(tx.sql(sql).bind(request).bind(expires_at).execute().await? == 1)
}

pub async fn is_spent(db: &Db, request: Digest) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM spent_requests WHERE digest = $1";
    Ok(db.read().await?.sql(sql).bind(request).scalar::<i64>().await? > 0)
}
