//! Counts the sessions of hours that are over, once for all who ask later.

use super::{JobError, Shift};
use crate::flows::statistics;

pub async fn run(shift: Shift) -> Result<(), JobError> {
    Ok(statistics::keep(&shift.authority).await?)
}
