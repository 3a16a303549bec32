//! The secrets of session cookies: found, used, replaced.

use super::db::{Db, Fault, Tx};
use super::session::{SessionRow, session_columns};
use crate::base::clock::Time;
use crate::base::id::{DeviceId, SessionId, UserId};
use crate::base::secret::Digest;
use crate::domain::cookie::Binding;
use crate::domain::filter::address_key;
use crate::domain::session::{Session, Source};
use crate::domain::watch::{Mark, NOTED_EVERY};

#[derive(sqlx::FromRow)]
struct Joined {
    secret_digest: Option<Digest>,
    previous_digest: Option<Digest>,
    renewed_at: Option<Time>,
    stale_digest: Option<Digest>,
    secret_used: bool,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// The session whose cookie this is or was, open or ended, with what it knows of its cookie.
pub async fn presented(db: &Db, digest: Digest) -> Result<Option<(Session, Binding)>, Fault> {
    let sql = concat!(
        "SELECT s.secret_digest, s.previous_digest, s.renewed_at, s.stale_digest, s.secret_used, ",
        session_columns!(),
        " FROM sessions s WHERE s.secret_digest = $1 OR s.previous_digest = $1 OR s.stale_digest = $1"
    );
    let Some(row) = db.read().await?.sql(sql).bind(digest).optional::<Joined>().await? else { return Ok(None) };
    let session = row.session.into_session()?;
    let Some(current) = row.secret_digest else { return Ok(None) };
    let previous = row.previous_digest.zip(row.renewed_at);
    Ok(Some((session, Binding { current, previous, stale: row.stale_digest, used: row.secret_used })))
}

/// Writes down that the secret came back from the browser.
pub async fn note_use(tx: &mut Tx, id: SessionId, current: Digest) -> Result<(), Fault> {
    let sql = "UPDATE sessions SET secret_used = TRUE WHERE id = $1 AND secret_digest = $2 AND secret_used = FALSE";
    tx.sql(sql).bind(id).bind(current).execute().await?;
    Ok(())
}

/// Puts a new secret in the place of one that was never used; false when that came back meanwhile, or another one stands
/// there.
pub async fn replace(tx: &mut Tx, id: SessionId, lost: Digest, secret: Digest, now: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE sessions SET stale_digest = secret_digest, secret_digest = $3, renewed_at = $4
             WHERE id = $1 AND secret_digest = $2 AND secret_used = FALSE AND ended_at IS NULL",
        )
        .bind(id)
        .bind(lost)
        .bind(secret)
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Writes down a new place; false when the session ended, or has been somewhere else, or had the mark, meanwhile.
pub async fn relocate(
    tx: &mut Tx,
    session: &Session,
    to: &Source,
    mark: Option<Mark>,
    now: Time,
) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE sessions SET address = $2, address_key = $8, network = $3, country = $4, moved_at = $5,
                                 mark = COALESCE($6, mark)
             WHERE id = $1 AND ended_at IS NULL
               AND ((moved_at IS NULL OR moved_at <= $7) OR ($6 IS NOT NULL AND mark IS DISTINCT FROM $6))",
        )
        .bind(session.id)
        .bind(to.address.clone())
        .bind(to.network.clone())
        .bind(to.country.clone())
        .bind(now)
        .bind(mark.map(Mark::as_str))
        .bind(now - NOTED_EVERY)
        .bind(to.address.as_deref().and_then(address_key).map(Vec::from))
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Whether this person had a session in this browser, as far as sessions are still kept.
pub async fn knows_device(tx: &mut Tx, user: UserId, device: DeviceId) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND device = $2";
    Ok(tx.sql(sql).bind(user).bind(device).scalar::<i64>().await? > 0)
}
