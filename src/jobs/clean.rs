//! Removes rows once their retention period is over, a batch of each table in turn, in writes that nobody notices.

use super::pace::Pace;
use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::domain::policy::retention;
use crate::store::cleaning::{self, Leftover};

/// How long a row is kept after its time.
pub const fn period(what: Leftover) -> Duration {
    match what {
        Leftover::Sessions | Leftover::Authenticators => retention::ENDED_SESSION,
        Leftover::Codes => retention::CODE,
        Leftover::Throttles => retention::THROTTLE,
        // The row says itself until when it is kept.
        Leftover::Deliveries | Leftover::Mails => Duration::ZERO,
        Leftover::Outbox => retention::OUTBOX,
        Leftover::RevokedTokens
        | Leftover::ClientAssertions
        | Leftover::ClientSecrets
        | Leftover::SpentChallenges
        | Leftover::RegistrationTokens
        | Leftover::UpstreamWords
        | Leftover::Links
        | Leftover::MailCodes
        | Leftover::SpentRequests => retention::EXPIRED,
    }
}

/// Until nothing is left, or the time is over. Tables take turns: one in which rows expire as fast as they are removed
/// keeps no other waiting for longer than one write.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let mut pace = Pace::new();
    let mut behind = Leftover::ALL.to_vec();
    while !behind.is_empty() {
        let mut still = Vec::new();
        for what in behind {
            if shift.is_over(deadline) {
                return Ok(());
            }
            if remove(&shift, what, &mut pace).await? {
                still.push(what);
            }
        }
        behind = still;
    }
    Ok(())
}

/// One batch; whether it was full, so that more may be left.
async fn remove(shift: &Shift, what: Leftover, pace: &mut Pace) -> Result<bool, JobError> {
    let (now, batch) = (shift.authority.now(), pace.batch());
    let due = now - period(what).delta();
    let removed = shift.authority.db.write(async move |tx| cleaning::remove(tx, what, due, batch).await).await?;
    shift.tally.note_removed(what, removed);
    shift.rest(pace.after(shift.authority.now() - now)).await;
    Ok(removed >= batch.unsigned_abs())
}
