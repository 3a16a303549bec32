//! Who holds how much: what limits of sessions are counted on, seen inside the write that counts.

use super::db::{Db, Fault, Tx};
use super::session::{SessionRow, open_at, session_columns};
use crate::base::clock::Time;
use crate::base::id::{SessionId, UserId};
use crate::domain::limit::Seat;
use crate::domain::session::{Kind, Session};

/// Whether a session of this id was ever begun.
pub async fn is_begun(tx: &mut Tx, id: SessionId) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM sessions WHERE id = $1";
    Ok(tx.sql(sql).bind(id).scalar::<i64>().await? > 0)
}

/// The open sessions of a person in browsers, the longest idle first.
pub async fn open_in_browsers(tx: &mut Tx, user: UserId, now: Time) -> Result<Vec<SessionId>, Fault> {
    let sql = concat!(
        "SELECT id FROM sessions WHERE user_id = $1 AND kind = 'person' AND ",
        open_at!("", "$2"),
        " ORDER BY last_active_at, id"
    );
    Ok(tx.sql(sql).bind(user).bind(now).all::<(SessionId,)>().await?.into_iter().map(|(id,)| id).collect())
}

/// Open sessions of a person in which a client has a live grant.
macro_rules! seats {
    ($columns:expr, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM sessions s WHERE s.user_id = $1 AND ",
            open_at!("s.", "$3"),
            " AND EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id AND g.client_id = $2 AND g.ended_at IS NULL)",
            $order
        )
    };
}

/// What a client has of a person, the longest idle first. What was split off from a session counts as one with it.
pub async fn seats(tx: &mut Tx, user: UserId, client_id: &str, now: Time) -> Result<Vec<Seat>, Fault> {
    let sql = seats!("s.id, s.origin, s.kind", " ORDER BY s.last_active_at, s.id");
    let rows = tx.sql(sql).bind(user).bind(client_id.to_owned()).bind(now);
    let rows = rows.all::<(SessionId, Option<SessionId>, String)>().await?;
    rows.into_iter()
        .map(|(session, origin, kind)| {
            let kind = Kind::named(&kind).ok_or_else(|| Fault::contradiction("session", "unknown kind"))?;
            Ok(Seat { session, root: origin.unwrap_or(session), kind })
        })
        .collect()
}

/// The sessions behind [`seats`], the last active first.
pub async fn seated(db: &Db, user: UserId, client_id: &str, now: Time) -> Result<Vec<Session>, Fault> {
    let sql = seats!(session_columns!(), " ORDER BY s.last_active_at DESC, s.id DESC");
    let rows = db.read().await?.sql(sql).bind(user).bind(client_id.to_owned()).bind(now).all::<SessionRow>().await?;
    rows.into_iter().map(SessionRow::into_session).collect()
}
