//! Writes down the ends that the clock made. They hold without that: this tells the timeline and the outbox.

use super::pace::Pace;
use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::domain::event::Scribe;
use crate::flows::ending;

/// Until none is left, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let authority = &shift.authority;
    let mut pace = Pace::new();
    loop {
        let (now, batch) = (authority.now(), pace.batch());
        let scribe = Scribe::new(now, authority.entropy.clone());
        let ended = authority.db.write(async move |tx| ending::expire(tx, now, batch, &scribe).await).await?;
        for reason in &ended {
            shift.tally.note_expired(*reason);
        }
        let full = i64::try_from(ended.len()).is_ok_and(|count| count >= batch);
        shift.rest(pace.after(authority.now() - now)).await;
        if !full || shift.is_over(deadline) {
            return Ok(());
        }
    }
}
