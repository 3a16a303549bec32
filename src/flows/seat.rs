//! How many sessions of one person may hold something of a client: counted in the write that lets the client in.

use super::{Authority, Outcome, ending};
use crate::base::id::{SessionId, UserId};
use crate::domain::client::Client;
use crate::domain::event::Scribe;
use crate::domain::limit::{Action, Room, Seat, SessionLimit, room, roots};
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::Session;
use crate::store;
use crate::store::db::{Fault, Tx};

/// Who wants in where.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub user: UserId,
    pub session: SessionId,
    pub client_id: String,
}

/// Makes room for one session more, or says what happens when there is none. The person must be held, and the session after.
pub(super) async fn make_room(
    tx: &mut Tx,
    newcomer: &Newcomer,
    limit: Option<SessionLimit>,
    end: &End,
    scribe: &Scribe,
) -> Result<Option<Action>, Fault> {
    let Some(SessionLimit { action, .. }) = limit else { return Ok(None) };
    let mut seats = store::limit::seats(tx, newcomer.user, &newcomer.client_id, end.at).await?;
    seats.retain(|seat| seat.root != newcomer.session);
    match room(limit, &roots(&seats)) {
        Room::Full { .. } => Ok(Some(action)),
        Room::After(oldest) => {
            seats.retain(|seat| oldest.contains(&seat.root));
            clear(tx, seats, &newcomer.client_id, end, scribe).await?;
            Ok(None)
        }
    }
}

/// Takes a client out of sessions: grants end, and sessions that were left to it alone.
async fn clear(tx: &mut Tx, seats: Vec<Seat>, client_id: &str, end: &End, scribe: &Scribe) -> Result<(), Fault> {
    for Seat { session, .. } in seats {
        ending::write(tx, &Target::Part(session, client_id.to_owned()), end, scribe).await?;
    }
    Ok(())
}

/// The sessions of a person that a client is in, apart from this one and what came from it; the longest idle last. Each is
/// named by the session at its root.
pub async fn occupied(authority: &Authority, session: &Session, client: &Client) -> Outcome<Vec<(SessionId, Session)>> {
    let Some(user) = session.subject.person() else { return Ok(Vec::new()) };
    let found = store::limit::seated(&authority.db, user, &client.id, authority.now()).await?;
    let mut roots: Vec<(SessionId, Session)> = Vec::new();
    for seated in found {
        let root = seated.origin.unwrap_or(seated.id);
        if root != session.id && roots.iter().all(|(known, _)| *known != root) {
            roots.push((root, seated));
        }
    }
    Ok(roots)
}

/// How many of these must be given up before there is room for one more.
pub fn least(client: &Client, occupied: usize) -> usize {
    client.session_limit().map_or(0, |limit| (occupied + 1).saturating_sub(limit.most))
}

/// The person chose where the client is signed out. Whether that is enough is seen when it is let in.
pub async fn give_up(authority: &Authority, newcomer: Newcomer, chosen: Vec<SessionId>) -> Outcome<()> {
    let now = authority.now();
    let end = End { at: now, reason: EndReason::Limit, initiator: Initiator::User };
    let scribe = authority.scribe(now);
    let written = authority.db.write(async move |tx| {
        store::user::hold(tx, newcomer.user).await?;
        let mut seats = store::limit::seats(tx, newcomer.user, &newcomer.client_id, now).await?;
        seats.retain(|seat| seat.root != newcomer.session && chosen.contains(&seat.root));
        clear(tx, seats, &newcomer.client_id, &end, &scribe).await
    });
    Ok(written.await?)
}
