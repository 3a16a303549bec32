//! Writes down the ends that the clock made. They hold without that: this tells the timeline and the outbox.

use super::pace::Pace;
use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::domain::event::Scribe;
use crate::domain::revocation::{End, Initiator, Revoked, Scope};
use crate::store;

/// Until none is left, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let authority = &shift.authority;
    let mut pace = Pace::new();
    loop {
        let (now, batch) = (authority.now(), pace.batch());
        let scribe = Scribe::new(now, authority.entropy.clone());
        let ended = authority.db.write(async move |tx| {
            let ended = store::session::end_expired(tx, now, batch).await?;
            for (session, at, reason) in &ended {
                store::event::record(tx, &scribe.ended(*session, *reason, *at)).await?;
                let end = End { at: *at, reason: *reason, initiator: Initiator::System };
                let revocation = scribe.revocation(Revoked::Session(*session), Scope::Session, &end);
                store::outbox::record(tx, &revocation).await?;
            }
            Ok(ended)
        });
        let ended = ended.await?;
        for (_, _, reason) in &ended {
            shift.tally.note_expired(*reason);
        }
        let full = i64::try_from(ended.len()).is_ok_and(|count| count >= batch);
        shift.rest(pace.after(authority.now() - now)).await;
        if !full || shift.is_over(deadline) {
            return Ok(());
        }
    }
}
