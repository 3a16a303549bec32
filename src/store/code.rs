//! Authorization codes.

use super::db::{Db, Fault, Tx};
use super::grant::{GrantRow, grant_columns};
use super::session::{SessionRow, session_columns};
use crate::base::clock::Time;
use crate::base::id::GrantId;
use crate::base::secret::Digest;
use crate::domain::code::{Code, Found};
use crate::protocol::pkce::Challenge;

#[derive(sqlx::FromRow)]
struct Joined {
    digest: Digest,
    redirect_uri: String,
    redirect_named: bool,
    challenge: Option<String>,
    nonce: Option<String>,
    expires_at: Time,
    used_at: Option<Time>,
    gave_grant_id: Option<GrantId>,
    #[sqlx(flatten)]
    grant: GrantRow,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// The code with this digest and what it hangs on.
pub async fn presented(db: &Db, digest: Digest) -> Result<Option<Found>, Fault> {
    let sql = concat!(
        "SELECT c.digest, c.redirect_uri, c.redirect_named, c.challenge, c.nonce, c.expires_at, c.used_at, c.gave_grant_id, ",
        grant_columns!(),
        ", ",
        session_columns!(),
        " FROM codes c JOIN grants g ON g.id = c.grant_id JOIN sessions s ON s.id = g.session_id WHERE c.digest = $1"
    );
    let Some(row) = db.read().await?.sql(sql).bind(digest).optional::<Joined>().await? else { return Ok(None) };
    let grant = row.grant.into_grant()?;
    let code = Code {
        digest: row.digest,
        grant: grant.id,
        redirect_uri: row.redirect_uri,
        redirect_named: row.redirect_named,
        challenge: row.challenge.map(Challenge::stored),
        nonce: row.nonce,
        expires_at: row.expires_at,
        used_at: row.used_at,
        gave: row.gave_grant_id,
    };
    Ok(Some(Found { code, grant, session: row.session.into_session()? }))
}

pub async fn insert(tx: &mut Tx, code: &Code) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO codes (digest, grant_id, redirect_uri, redirect_named, challenge, nonce, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(code.digest)
    .bind(code.grant)
    .bind(code.redirect_uri.clone())
    .bind(code.redirect_named)
    .bind(code.challenge.as_ref().map(|challenge| challenge.as_str().to_owned()))
    .bind(code.nonce.clone())
    .bind(code.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Uses the code up; false when somebody was faster or what it hangs on ended meanwhile.
pub async fn spend(tx: &mut Tx, digest: Digest, gave: GrantId, now: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE codes SET used_at = $2, gave_grant_id = $3
             WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
               AND EXISTS (SELECT 1 FROM grants g WHERE g.id = codes.grant_id AND g.ended_at IS NULL)",
        )
        .bind(digest)
        .bind(now)
        .bind(gave)
        .execute()
        .await?;
    Ok(changed == 1)
}
