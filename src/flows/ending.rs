//! The end of sessions: one write, after which everything that hangs on them is dead.
//!
//! The families are ended with their sessions although the session alone decides, because their rows are what a refresh
//! that runs at the same time is guarded by: once an end is acknowledged no rotation is. Rows are taken in one order
//! everywhere, session, family, grant, so that no two writes wait for each other.

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::{EventId, SessionId};
use crate::domain::event::{Event, EventName};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::store;
use crate::store::db::{Fault, Tx};
pub use crate::store::session::Ending;

/// Ends sessions now; gives those that were still open.
pub async fn end(
    authority: &Authority,
    whose: Ending,
    reason: EndReason,
    initiator: Initiator,
) -> Outcome<Vec<SessionId>> {
    let now = authority.now();
    let end = End { at: now, reason, initiator };
    let entry = entries(authority, now);
    Ok(authority.db.write(async move |tx| write(tx, &whose, &end, entry).await).await?)
}

/// Makes the entry for each session that ends.
pub fn entries(authority: &Authority, now: Time) -> impl Fn(SessionId) -> Event + Send + 'static {
    let entropy = authority.entropy.clone();
    move |session| Event {
        id: EventId::new(now, entropy.as_ref()),
        session,
        at: now,
        name: EventName::Ended,
        reason: None,
        client_id: None,
    }
}

/// Ends sessions as a part of a larger write.
pub async fn write(
    tx: &mut Tx,
    whose: &Ending,
    end: &End,
    entry: impl Fn(SessionId) -> Event,
) -> Result<Vec<SessionId>, Fault> {
    let ended = store::session::end(tx, whose, end).await?;
    for session in &ended {
        store::refresh::end_of_session(tx, *session, end.reason, end.at).await?;
        store::event::record(tx, &Event { reason: Some(end.reason), ..entry(*session) }).await?;
    }
    Ok(ended)
}
