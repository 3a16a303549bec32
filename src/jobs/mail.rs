//! Sends what is queued, a few mails side by side.

use futures_util::StreamExt;
use futures_util::stream::iter;

use super::{JobError, Shift};
use crate::domain::delivery::Next;
use crate::flows::mail;

/// Mails sent at the same time, of this node.
const SIDE_BY_SIDE: usize = 4;
/// How many are claimed at once: all of them are tried before their lease is over, however slow the mail server.
const BATCH: i64 = 4;

/// Until nothing is due, or the server stops.
pub async fn run(shift: Shift) -> Result<(), JobError> {
    let authority = &shift.authority;
    while !shift.over.is_cancelled() {
        let claimed = mail::claim(authority, BATCH).await?;
        if claimed.is_empty() {
            break;
        }
        let attempts = claimed.into_iter().map(|claimed| mail::attempt(authority, claimed));
        let mut attempts = iter(attempts).buffer_unordered(SIDE_BY_SIDE);
        while let Some(outcome) = attempts.next().await {
            let word = match outcome? {
                Next::Delivered => "sent",
                Next::Again(_) => "failed",
                Next::Dead => "dead",
            };
            shift.tally.note_mail(word);
        }
    }
    Ok(())
}

/// How far behind that is.
pub async fn measure(shift: &Shift) -> Result<(), JobError> {
    shift.tally.note_mail_lag(&mail::lag(&shift.authority).await?);
    Ok(())
}
