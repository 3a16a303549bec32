//! The clocks of sessions: when something last happened in them, and until when they may go on.

use super::db::{Fault, Tx};
use super::session::hold;
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::domain::lifetime::PolicyName;
use crate::domain::session::{Activity, Session};

/// Writes down the activity and the limits that a session that is held has now.
pub async fn keep(tx: &mut Tx, session: &Session) -> Result<(), Fault> {
    tx.sql(
        "UPDATE sessions SET last_active_at = $2, idle_seconds = $3, idle_end = $4, absolute_end = $5, idle_policy = $6,
                             absolute_policy = $7
         WHERE id = $1",
    )
    .bind(session.id)
    .bind(session.last_active_at)
    .bind(session.idle.map(Duration::as_seconds))
    .bind(session.idle_end())
    .bind(session.absolute_end)
    .bind(session.idle_policy.as_ref().map(PolicyName::text))
    .bind(session.absolute_policy.as_ref().map(PolicyName::text))
    .execute()
    .await?;
    Ok(())
}

/// Writes down that something happened at `now` in a session that was open then: the clock of a session never runs
/// backwards, and where its limits changed since it was read, the activity counts under the new ones.
pub async fn note_activity(tx: &mut Tx, session: &Session, now: Time) -> Result<(), Fault> {
    let noted = tx
        .sql(
            "UPDATE sessions SET last_active_at = $2, idle_end = $3
             WHERE id = $1 AND last_active_at < $2 AND idle_seconds = $4 AND absolute_end = $5 AND ended_at IS NULL",
        )
        .bind(session.id)
        .bind(now)
        .bind(Session { last_active_at: now, ..session.clone() }.idle_end())
        .bind(session.idle.map(Duration::as_seconds))
        .bind(session.absolute_end)
        .execute()
        .await?;
    if noted == 0
        && let Some(held) = hold(tx, session.id).await?.filter(|held| held.is_open(now) && held.last_active_at < now)
    {
        keep(tx, &held.after(Activity::Person, now)).await?;
    }
    Ok(())
}
