//! The timeline of a session.

use std::sync::LazyLock;

use super::db::{Db, Fault, Query, Tx};
use crate::base::clock::Time;
use crate::base::id::{EventId, SessionId};
use crate::domain::event::{Event, EventName};
use crate::domain::revocation::EndReason;

#[derive(sqlx::FromRow)]
struct EventRow {
    id: EventId,
    session_id: SessionId,
    at: Time,
    event: String,
    reason: Option<String>,
    client_id: Option<String>,
}

impl EventRow {
    fn into_event(self) -> Result<Event, Fault> {
        let wrong = |what| Fault::contradiction("session event", format!("{}: {what}", self.id));
        let reason =
            self.reason.map(|text| EndReason::named(&text).ok_or_else(|| wrong("unknown reason"))).transpose()?;
        Ok(Event {
            id: self.id,
            session: self.session_id,
            at: self.at,
            name: EventName::named(&self.event).ok_or_else(|| wrong("unknown event"))?,
            reason,
            client_id: self.client_id,
        })
    }
}

/// The columns that [`bind`] binds.
macro_rules! event_columns {
    () => {
        "id, session_id, at, event, reason, client_id"
    };
}

pub async fn record(tx: &mut Tx, event: &Event) -> Result<(), Fault> {
    let sql = concat!("INSERT INTO session_events (", event_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6)");
    bind(tx.sql(sql), event).execute().await?;
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
    let sql = "SELECT id, session_id, at, event, reason, client_id FROM session_events
               WHERE session_id = $1 ORDER BY id DESC LIMIT 1000";
    let rows = db.read().await?.sql(sql).bind(session).all::<EventRow>().await?;
    rows.into_iter().rev().map(EventRow::into_event).collect()
}
