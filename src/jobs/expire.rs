//! Writes down the ends that the clock made. They hold without that: this tells the timeline, and forgets the secrets.

use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::domain::event::Event;
use crate::flows::ending;
use crate::store;

/// Sessions in one write.
const BATCH: i64 = 200;

/// Until none is left, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let authority = &shift.authority;
    loop {
        let now = authority.now();
        let entry = ending::entries(authority, now);
        let ended = authority.db.write(async move |tx| {
            let ended = store::session::end_expired(tx, now, BATCH).await?;
            for (session, at, reason) in &ended {
                let event = Event { at: *at, reason: Some(*reason), ..entry(*session) };
                store::event::record(tx, &event).await?;
            }
            Ok(ended)
        });
        let ended = ended.await?;
        for (_, _, reason) in &ended {
            shift.tally.note_expired(*reason);
        }
        let full = i64::try_from(ended.len()).is_ok_and(|count| count >= BATCH);
        if !full || shift.is_over(deadline) {
            return Ok(());
        }
    }
}
