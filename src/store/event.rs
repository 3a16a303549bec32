//! The timeline of a session.

use std::sync::LazyLock;

use super::db::{Db, Fault, Query, Tx};
use crate::base::clock::Time;
use crate::base::id::{EventId, SessionId, UserId};
use crate::domain::event::{Event, EventName, Spot};
use crate::domain::revocation::EndReason;
use crate::domain::watch::Mark;

#[derive(sqlx::FromRow)]
struct EventRow {
    id: EventId,
    session_id: SessionId,
    at: Time,
    event: String,
    reason: Option<String>,
    client_id: Option<String>,
    address: Option<String>,
    network: Option<String>,
    country: Option<String>,
    mark: Option<String>,
}

impl EventRow {
    /// `None` for an entry that a newer version wrote: the nodes of one database are not changed all at once.
    fn into_event(self) -> Result<Option<Event>, Fault> {
        let Some(name) = EventName::named(&self.event) else { return Ok(None) };
        let wrong = |what| Fault::contradiction("session event", format!("{}: {what}", self.id));
        let reason =
            self.reason.map(|text| EndReason::named(&text).ok_or_else(|| wrong("unknown reason"))).transpose()?;
        let mark = self.mark.as_deref().and_then(Mark::named);
        let spot = Spot { address: self.address, network: self.network, country: self.country };
        let Self { id, session_id: session, at, client_id, .. } = self;
        Ok(Some(Event { id, session, at, name, reason, client_id, mark, spot }))
    }
}

/// The columns that [`bind`] binds.
macro_rules! event_columns {
    () => {
        "id, session_id, at, event, reason, client_id, address, network, country, mark"
    };
}

pub async fn record(tx: &mut Tx, event: &Event) -> Result<(), Fault> {
    let sql =
        concat!("INSERT INTO session_events (", event_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    bind(tx.sql(sql), event).execute().await?;
    Ok(())
}

/// Writes a sampled entry: not when one of its kind, about the same client and mark, was written after `since`.
pub async fn sample(tx: &mut Tx, event: &Event, since: Time) -> Result<(), Fault> {
    let sql =
        "INSERT INTO session_events (id, session_id, at, event, reason, client_id, address, network, country, mark)
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
               WHERE NOT EXISTS (SELECT 1 FROM session_events e
                                 WHERE e.session_id = $2 AND e.event = $4 AND e.at > $11
                                   AND e.client_id IS NOT DISTINCT FROM $6 AND e.mark IS NOT DISTINCT FROM $10)";
    bind(tx.sql(sql), event).bind(since).execute().await?;
    Ok(())
}

fn bind<'c>(query: Query<'c>, event: &Event) -> Query<'c> {
    query
        .bind(event.id)
        .bind(event.session)
        .bind(event.at)
        .bind(event.name.as_str())
        .bind(event.reason.map(EndReason::as_str))
        .bind(event.client_id.clone())
        .bind(event.spot.address.clone())
        .bind(event.spot.network.clone())
        .bind(event.spot.country.clone())
        .bind(event.mark.map(Mark::as_str))
}

/// Whether an entry of this kind about the same client was written after `since`.
pub async fn was_told(db: &Db, event: &Event, since: Time) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM session_events
               WHERE session_id = $1 AND event = $2 AND client_id IS NOT DISTINCT FROM $3 AND at > $4";
    let mut reader = db.read().await?;
    let query = reader.sql(sql).bind(event.session).bind(event.name.as_str()).bind(event.client_id.clone());
    Ok(query.bind(since).scalar::<i64>().await? > 0)
}

/// Entries in one statement.
const MANY: usize = 25;

/// Writes many entries in few statements.
pub async fn record_all(tx: &mut Tx, events: &[Event]) -> Result<(), Fault> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let columns = event_columns!().split(',').count();
        let row = |first| (first..first + columns).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
        let rows: Vec<_> = (0..MANY).map(|turn| format!("({})", row(turn * columns + 1))).collect();
        format!("INSERT INTO session_events ({}) VALUES {}", event_columns!(), rows.join(", "))
    });
    let (full, rest) = events.as_chunks::<MANY>();
    for many in full {
        many.iter().fold(tx.sql(&SQL), bind).execute().await?;
    }
    for event in rest {
        record(tx, event).await?;
    }
    Ok(())
}

/// The last thousand, oldest first: the end is always among them.
pub async fn of_session(db: &Db, session: SessionId) -> Result<Vec<Event>, Fault> {
    let sql = "SELECT id, session_id, at, event, reason, client_id, address, network, country, mark
               FROM session_events WHERE session_id = $1 ORDER BY id DESC LIMIT 1000";
    let rows = db.read().await?.sql(sql).bind(session).all::<EventRow>().await?;
    rows.into_iter().rev().filter_map(|row| row.into_event().transpose()).collect()
}

#[derive(sqlx::FromRow)]
struct OfSession {
    user_agent: Option<String>,
    #[sqlx(flatten)]
    event: EventRow,
}

/// What a person should know of their sessions since then, newest first, each with the browser of its session: without
/// what clients do by themselves.
pub async fn of_user(db: &Db, user: UserId, since: Time, limit: i64) -> Result<Vec<(Event, Option<String>)>, Fault> {
    let sql = "SELECT s.user_agent, e.id, e.session_id, e.at, e.event, e.reason, e.client_id, e.address, e.network, e.country, e.mark
               FROM session_events e JOIN sessions s ON s.id = e.session_id
               WHERE s.user_id = $1 AND e.at >= $2 AND e.event NOT IN ('refreshed', 'retried', 'replaced')
               ORDER BY e.at DESC, e.id DESC LIMIT $3";
    let rows = db.read().await?.sql(sql).bind(user).bind(since).bind(limit).all::<OfSession>().await?;
    let read = |row: OfSession| Ok(row.event.into_event()?.map(|event| (event, row.user_agent)));
    rows.into_iter().filter_map(|row| read(row).transpose()).collect()
}
