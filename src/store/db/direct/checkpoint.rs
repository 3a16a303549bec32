//! Checkpoints beside the writer: what was committed goes from the log into the file on a thread of its own.
//!
//! SQLite by itself does so within the commit that finds a thousand pages in the log, and whoever waits for that commit waits
//! some 10 ms longer: with many sign-ins beside, that was one refresh in fifty. But while somebody writes, nobody else gets to
//! the log's end, and only at its end it begins anew. So when it is long, the writer does the rest between two commits: what was
//! written while the thread worked, which is little.
//!
//! Two connections that checkpoint one file want SQLite 3.51.3 or later: before, they could lose what was written (its "WAL-reset
//! bug"). rusqlite brings its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use super::super::place::SqliteFile;
use super::connection::{Connection, Error};

/// From how many pages on the log is to begin anew: 16 MiB.
const LONG: i64 = 4_096;

/// Changed rows after which a checkpoint is due: each is mostly a page to four.
const CHANGES: u64 = 256;

/// The writer's end. The thread ends when this is dropped.
pub(in crate::store::db) struct Checkpoints {
    due: SyncSender<()>,
    /// How many rows the writer had changed when the last one was asked for.
    changes: u64,
    is_long: Arc<AtomicBool>,
}

impl Checkpoints {
    pub fn start(file: SqliteFile) -> io::Result<(Self, JoinHandle<()>)> {
        let (due, asked) = sync_channel(1);
        let is_long = Arc::new(AtomicBool::new(false));
        let said = is_long.clone();
        let work = move || work(&file, &asked, &said);
        let thread = thread::Builder::new().name("store-checkpoint".into()).spawn(work)?;
        Ok((Self { due, changes: 0, is_long }, thread))
    }

    /// Something was committed on this connection, and it writes nothing now.
    pub fn after(&mut self, writer: &mut Connection) -> Result<(), Error> {
        if self.is_long.load(Ordering::Relaxed) {
            // Where the thread is still at it, the next commit tries again; nobody asks it for more meanwhile.
            if writer.checkpoint()?.is_some() {
                self.is_long.store(false, Ordering::Relaxed);
            }
            return Ok(());
        }
        let changes = writer.changes();
        // A connection that is new begins at nothing.
        if changes.checked_sub(self.changes).is_none_or(|since| since >= CHANGES) {
            match self.due.try_send(()) {
                Ok(()) => self.changes = changes,
                // One waits already.
                Err(TrySendError::Full(())) => {}
                // The thread is gone, and its work is the writer's.
                Err(TrySendError::Disconnected(())) => {
                    self.changes = changes;
                    self.is_long.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }
}

fn work(file: &SqliteFile, asked: &Receiver<()>, is_long: &AtomicBool) {
    let mut kept = None;
    while let Ok(()) = asked.recv() {
        match checkpoint(file, &mut kept) {
            Ok(Some(pages)) => is_long.store(pages >= LONG, Ordering::Relaxed),
            // Somebody else does it.
            Ok(None) => {}
            Err(error) => {
                kept = None;
                is_long.store(true, Ordering::Relaxed);
                tracing::warn!(%error, "a checkpoint of the database failed; the writer tries it");
            }
        }
    }
}

fn checkpoint(file: &SqliteFile, kept: &mut Option<Connection>) -> Result<Option<i64>, Error> {
    match kept {
        Some(connection) => connection.checkpoint(),
        None => kept.insert(file.connect()?).checkpoint(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_sqlite_can_be_checkpointed_from_two_connections() {
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }
}
