//! The end of sessions: one write, after which everything that hangs on them is dead. Also of grants alone.
//!
//! The families are ended with their sessions although the session alone decides, because their rows are what a refresh
//! that runs at the same time is guarded by: once an end is acknowledged no rotation is. Rows are taken in one order
//! everywhere, session, family, grant, so that no two writes wait for each other. Every end is written into the outbox in
//! the same write ([`super::outbox`] tells others).

use super::{Authority, Outcome};
use crate::base::id::SessionId;
use crate::domain::event::Scribe;
use crate::domain::revocation::{End, EndReason, Initiator, Revoked, Scope};
use crate::store;
use crate::store::db::{Fault, Tx};
use crate::store::grant;
pub use crate::store::session::Ending;

/// Ends sessions now; gives those that were still open.
pub async fn end(
    authority: &Authority,
    whose: Ending,
    reason: EndReason,
    initiator: Initiator,
) -> Outcome<Vec<SessionId>> {
    let now = authority.now();
    let (end, scribe) = (End { at: now, reason, initiator }, authority.scribe(now));
    Ok(authority.db.write(async move |tx| write(tx, &whose, &end, &scribe).await).await?)
}

/// Ends sessions as a part of a larger write.
pub async fn write(tx: &mut Tx, whose: &Ending, end: &End, scribe: &Scribe) -> Result<Vec<SessionId>, Fault> {
    let mut all = Vec::new();
    // A session that was being split off while the first look waited is seen by the next one.
    loop {
        let ended = store::session::end(tx, whose, end).await?;
        if ended.is_empty() {
            return Ok(all);
        }
        for session in &ended {
            store::refresh::end_of_session(tx, *session, end.reason, end.at).await?;
            store::event::record(tx, &scribe.ended(*session, end.reason, end.at)).await?;
            let revocation = scribe.revocation(Revoked::Session(*session), scope(whose), end);
            store::outbox::record(tx, &revocation).await?;
        }
        all.extend(ended);
    }
}

/// How far an act goes that ends these sessions.
const fn scope(whose: &Ending) -> Scope {
    match whose {
        Ending::One(_) | Ending::User(_, Some(_)) => Scope::Session,
        Ending::User(_, None) => Scope::User,
        Ending::Client(_) => Scope::Client,
        Ending::LeftTo(..) => Scope::Grant,
    }
}

/// Ends grants alone, their sessions going on, as a part of a larger write; gives the sessions they hung on.
pub async fn write_grants(
    tx: &mut Tx,
    which: &grant::Ending,
    scope: Scope,
    end: &End,
    scribe: &Scribe,
) -> Result<Vec<SessionId>, Fault> {
    let ended = grant::end(tx, which, end.reason, end.at).await?;
    for (grant, session, client_id) in &ended {
        let revoked = Revoked::Grant { session: *session, grant: *grant, client_id: client_id.clone() };
        store::outbox::record(tx, &scribe.revocation(revoked, scope, end)).await?;
    }
    Ok(ended.into_iter().map(|(_, session, _)| session).collect())
}
