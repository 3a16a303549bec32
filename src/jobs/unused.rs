//! Removes clients that registered themselves and that nobody uses.

use super::{JobError, Shift};
use crate::base::clock::Time;
use crate::flows::{Failure, registration};
use crate::store::db::Fault;

/// Clients looked at in one go.
const BATCH: i64 = 100;

/// Until none is left, or the time is over.
pub async fn run(shift: Shift, deadline: Time) -> Result<(), JobError> {
    while !shift.is_over(deadline) {
        let gone = registration::sweep(&shift.authority, BATCH).await.map_err(|failure| match failure {
            Failure::Fault(fault) => fault,
            other => Fault::contradiction("registration", other.to_string()),
        })?;
        if gone == 0 {
            break;
        }
    }
    Ok(())
}
