//! Open sessions under policies that began to apply to their person: a role that was given shortens what is open already.

use super::ending;
use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::domain::event::Scribe;
use crate::domain::lifetime::Narrowing;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::Kind;
use crate::store;
use crate::store::db::{Fault, Tx};

/// Shortens the sessions that a person has in browsers; one that is over by that ends now. The person must be held.
pub(super) async fn narrow(
    tx: &mut Tx,
    user: UserId,
    narrowings: &[Narrowing],
    now: Time,
    scribe: &Scribe,
) -> Result<(), Fault> {
    if narrowings.is_empty() {
        return Ok(());
    }
    let end = End { at: now, reason: EndReason::Policy, initiator: Initiator::System };
    for id in store::session::hold_of_user(tx, user, now).await? {
        let Some(held) = store::session::hold(tx, id).await?.filter(|held| held.kind == Kind::Person) else { continue };
        let narrowed = narrowings.iter().fold(held, |session, narrowing| session.narrowed(narrowing));
        if narrowed.is_open(now) {
            store::lifetime::keep(tx, &narrowed).await?;
        } else {
            ending::write(tx, &Target::Session(id), &end, scribe).await?;
        }
    }
    Ok(())
}
