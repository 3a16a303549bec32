//! Access tokens that were revoked one by one.

use super::db::{Db, Fault, Tx};
use super::grant::{Joined, grant_columns};
use super::session::session_columns;
use crate::base::clock::Time;
use crate::base::id::GrantId;
use crate::domain::grant::Grant;
use crate::domain::session::Session;

/// Revokes a token; false when it was revoked before.
pub async fn revoke(tx: &mut Tx, jti: &str, expires_at: Time) -> Result<bool, Fault> {
    let sql = "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING";
    Ok(tx.sql(sql).bind(jti).bind(expires_at).execute().await? == 1)
}

/// The grant of a token with its session, in one read; nothing if the token itself was revoked.
pub async fn unrevoked(db: &Db, grant: GrantId, jti: &str) -> Result<Option<(Grant, Session)>, Fault> {
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        session_columns!(),
        " FROM grants g JOIN sessions s ON s.id = g.session_id
          WHERE g.id = $1 AND NOT EXISTS (SELECT 1 FROM revoked_tokens r WHERE r.jti = $2)"
    );
    let row = db.read().await?.sql(sql).bind(grant).bind(jti).optional::<Joined>().await?;
    row.map(Joined::into_pair).transpose()
}
