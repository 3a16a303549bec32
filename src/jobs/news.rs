//! Hears what other nodes wrote that this one remembers: what clients are, and which keys sign. It makes things sooner, not
//! right: unheard of, a client is read again after a second, and the keys after ten minutes.

use std::time::Duration;

use super::{JobError, Shift};
use crate::flows::keys;
use crate::store::db::News;

const NAME: &str = "news";

/// How long after a failure it is listened again.
const PAUSE: Duration = Duration::from_secs(2);

/// Until the server stops; on SQLite there is nobody to listen to.
pub async fn run(shift: Shift) {
    loop {
        let ended = tokio::select! {
            () = shift.over.cancelled() => return,
            ended = listen(&shift) => ended,
        };
        let Err(error) = &ended else { return };
        tracing::warn!(%error, "nothing is heard of other nodes; it is tried again");
        shift.tally.note_run(NAME, &ended, shift.authority.now());
        shift.rest(PAUSE).await;
    }
}

async fn listen(shift: &Shift) -> Result<(), JobError> {
    let Some(mut listener) = shift.authority.db.listen().await? else { return Ok(()) };
    // What was written before.
    take_over_keys(shift).await;
    loop {
        shift.tally.note_run(NAME, &Ok(()), shift.authority.now());
        if listener.heard().await? == News::SigningKeys {
            take_over_keys(shift).await;
        }
    }
}

/// The job `keys` comes again, so a failure is no reason to hear nothing more.
async fn take_over_keys(shift: &Shift) {
    if let Err(error) = keys::take_over(&shift.authority).await {
        tracing::error!(%error, "the signing keys that another node changed could not be read");
    }
}
