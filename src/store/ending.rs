//! Ends, written: sessions, grants and families, a lot at a time. Who ends them is `flows::ending` alone.

use std::sync::LazyLock;

use super::db::{Fault, Tx};
use super::lot;
use super::session::open_at;
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::domain::revocation::End;

pub(super) static HOLD: LazyLock<String> =
    LazyLock::new(|| format!("UPDATE sessions SET kind = kind WHERE ended_at IS NULL AND id IN ({})", lot::places(1)));

pub(super) static END: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE sessions AS s SET ended_at = CASE WHEN s.created_at > $1 THEN s.created_at ELSE $1 END,
                                  end_reason = $2, end_initiator = $3
         WHERE {} AND s.id IN ({}) RETURNING id, ended_at",
        open_at!("s.", "$1"),
        lot::places(4)
    )
});

/// Holds sessions that have not ended until this write is over.
pub async fn hold(tx: &mut Tx, sessions: &[SessionId]) -> Result<(), Fault> {
    for lot in sessions.chunks(lot::SIZE) {
        lot::bind(tx.sql(&HOLD), lot).execute().await?;
    }
    Ok(())
}

/// Ends those sessions that are open; gives them with the time of their end, which is never before they began.
pub async fn sessions(tx: &mut Tx, ids: &[SessionId], end: &End) -> Result<Vec<(SessionId, Time)>, Fault> {
    let mut ended = Vec::new();
    for lot in ids.chunks(lot::SIZE) {
        let query = tx.sql(&END).bind(end.at).bind(end.reason.as_str()).bind(end.initiator.as_str());
        ended.extend(lot::bind(query, lot).all::<(SessionId, Time)>().await?);
    }
    Ok(ended)
}

/// Ends the families of sessions.
pub async fn families_of_sessions(tx: &mut Tx, sessions: &[SessionId], end: &End) -> Result<(), Fault> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE refresh_families SET ended_at = $1, end_reason = $2
             WHERE ended_at IS NULL AND grant_id IN (SELECT id FROM grants WHERE session_id IN ({}))",
            lot::places(3)
        )
    });
    for lot in sessions.chunks(lot::SIZE) {
        lot::bind(tx.sql(&SQL).bind(end.at).bind(end.reason.as_str()), lot).execute().await?;
    }
    Ok(())
}

/// Ends the families of grants.
pub async fn families_of_grants(tx: &mut Tx, grants: &[GrantId], end: &End) -> Result<(), Fault> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE refresh_families SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL AND grant_id IN ({})",
            lot::places(3)
        )
    });
    for lot in grants.chunks(lot::SIZE) {
        lot::bind(tx.sql(&SQL).bind(end.at).bind(end.reason.as_str()), lot).execute().await?;
    }
    Ok(())
}

/// Ends those grants that have not ended; gives them with their sessions and clients.
pub async fn grants(tx: &mut Tx, ids: &[GrantId], end: &End) -> Result<Vec<(GrantId, SessionId, String)>, Fault> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE grants SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL AND id IN ({})
             RETURNING id, session_id, client_id",
            lot::places(3)
        )
    });
    let mut ended = Vec::new();
    for lot in ids.chunks(lot::SIZE) {
        let query = tx.sql(&SQL).bind(end.at).bind(end.reason.as_str());
        ended.extend(lot::bind(query, lot).all::<(GrantId, SessionId, String)>().await?);
    }
    Ok(ended)
}
