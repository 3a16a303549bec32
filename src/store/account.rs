//! What the account pages show of a person's sessions, each in one read.

use super::db::{Db, Fault};
use super::session::{SessionRow, open_at, session_columns};
use crate::base::clock::Time;
use crate::base::id::{SessionId, UserId};
use crate::domain::session::{Kind, Session};

/// The sessions of a person in browsers that are over, the last one first.
pub async fn ended(db: &Db, user: UserId, now: Time, limit: i64) -> Result<Vec<Session>, Fault> {
    let sql = concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions s WHERE s.user_id = $1 AND s.kind = 'person' AND NOT ",
        open_at!("s.", "$2"),
        " ORDER BY COALESCE(s.ended_at, s.idle_end, s.absolute_end) DESC LIMIT $3"
    );
    let rows = db.read().await?.sql(sql).bind(user).bind(now).bind(limit).all::<SessionRow>().await?;
    rows.into_iter().map(SessionRow::into_session).collect()
}

/// A client that takes part in a session.
pub struct Part {
    pub session: SessionId,
    pub kind: Kind,
    pub client_id: String,
    /// When it was first let in.
    pub since: Time,
}

/// The clients that take part in the open sessions of a person, first come first, once for each session.
pub async fn taking_part(db: &Db, user: UserId, now: Time) -> Result<Vec<Part>, Fault> {
    let sql = concat!(
        "SELECT g.session_id, s.kind, g.client_id, MIN(g.created_at) FROM sessions s JOIN grants g ON g.session_id = s.id",
        " WHERE s.user_id = $1 AND g.ended_at IS NULL AND ",
        open_at!("s.", "$2"),
        " GROUP BY g.session_id, s.kind, g.client_id ORDER BY MIN(g.created_at)"
    );
    let rows = db.read().await?.sql(sql).bind(user).bind(now).all::<(SessionId, String, String, Time)>().await?;
    let part = |(session, kind, client_id, since): (SessionId, String, String, Time)| {
        let kind = Kind::named(&kind).ok_or_else(|| Fault::contradiction("session", "unknown kind"))?;
        Ok(Part { session, kind, client_id, since })
    };
    rows.into_iter().map(part).collect()
}
