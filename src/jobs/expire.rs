//! Writes down the ends that the clock made. They hold without that: this tells the timeline and the outbox,
//! and forgets the secrets.

use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::domain::event::Scribe;
use crate::flows::ending;

/// Sessions in one write.
const BATCH: i64 = 200;

/// Until none is left, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let authority = &shift.authority;
    loop {
        let now = authority.now();
        let scribe = Scribe::new(now, authority.entropy.clone());
        let ended = authority.db.write(async move |tx| ending::expire(tx, now, BATCH, &scribe).await).await?;
        for reason in &ended {
            shift.tally.note_expired(*reason);
        }
        let full = i64::try_from(ended.len()).is_ok_and(|count| count >= BATCH);
        if !full || shift.is_over(deadline) {
            return Ok(());
        }
    }
}
