//! Removes rows once their retention period is over, table by table, in writes that nobody notices.

use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::domain::policy::retention;
use crate::store::cleaning::{self, Leftover};

/// Rows in one write.
const BATCH: i64 = 250;

/// How long a row is kept after its time.
pub const fn period(what: Leftover) -> Duration {
    match what {
        Leftover::Sessions => retention::ENDED_SESSION,
        Leftover::Codes => retention::CODE,
        Leftover::Throttles => retention::THROTTLE,
        // The row says itself until when it is kept.
        Leftover::Deliveries => Duration::ZERO,
        Leftover::Outbox => retention::OUTBOX,
        Leftover::RevokedTokens
        | Leftover::ClientAssertions
        | Leftover::ClientSecrets
        | Leftover::RegistrationTokens => retention::EXPIRED,
    }
}

/// Until nothing is left, or the time is over; then says how far behind it is.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let db = &shift.authority.db;
    for what in Leftover::ALL {
        let due = shift.authority.now() - period(what).delta();
        while !shift.is_over(deadline) {
            let removed = db.write(async move |tx| cleaning::remove(tx, what, due, BATCH).await).await?;
            shift.tally.note_removed(what, removed);
            if removed < BATCH.unsigned_abs() {
                break;
            }
        }
        let oldest = cleaning::oldest(db, what, due).await?;
        shift.tally.note_overdue(what, oldest.map_or(0, |oldest| (due - oldest).num_seconds()));
    }
    Ok(())
}
