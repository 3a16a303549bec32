//! Signs out whoever is gone from the directory that keeps their password, or is locked there.

use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::flows::directory;

/// People looked for in one go.
const BATCH: i64 = 200;

/// Until everybody who is signed in was looked for, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    let mut last = None;
    while !shift.is_over(deadline) {
        last = directory::sweep(&shift.authority, last, BATCH).await?;
        if last.is_none() {
            break;
        }
    }
    Ok(())
}
