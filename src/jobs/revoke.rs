//! Goes on with ends that take many writes, where whoever was at it is gone.

use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::flows::ending;

/// Until none is left, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    while !shift.is_over(deadline) && ending::resume(&shift.authority).await? {}
    Ok(())
}
