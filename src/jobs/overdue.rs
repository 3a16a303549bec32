//! Says how far behind `expire` and `clean` are. Every node looks for itself, whoever holds their leases: a number that is
//! told by the working node alone goes stale with it.

use super::clean::period;
use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::store::cleaning::{self, Leftover};
use crate::store::session;

/// Looks at every table once.
pub async fn run(shift: Shift) -> Result<(), JobError> {
    let (db, now) = (&shift.authority.db, shift.authority.now());
    for what in Leftover::ALL {
        let due = now - period(what).delta();
        let oldest = cleaning::oldest(db, what, due).await?;
        shift.tally.note_overdue("clean", what.table(), seconds_since(oldest, due));
    }
    let oldest = session::oldest_untold_end(db, now).await?;
    shift.tally.note_overdue("expire", Leftover::Sessions.table(), seconds_since(oldest, now));
    Ok(())
}

fn seconds_since(oldest: Option<Time>, due: Time) -> i64 {
    oldest.map_or(0, |oldest| (due - oldest).num_seconds())
}
