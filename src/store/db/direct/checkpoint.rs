//! Checkpoints beside the writer: what was committed goes from the log into the file on a thread of its own.
//!
//! SQLite by itself does so within the commit that finds a thousand pages in the log, and whoever waits for that commit waits
//! some 10 ms longer: with many sign-ins beside, that was one refresh in fifty. Here the writer does so only for a log that
//! grew to [`LONGEST_LOG`] because nobody else got to its end, and then little is left to do.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::super::place::SqliteFile;
use super::connection::{Connection, Error};

/// Pages in the log from which on the writer helps: 16 MiB.
pub(super) const LONGEST_LOG: u32 = 4_096;

/// Writes after which a checkpoint is due: each changes two to ten pages.
const WRITES: usize = 128;

/// How often what was committed during a checkpoint is fetched too. A log of which nothing is left begins anew.
const ROUNDS: usize = 3;

/// The writer's end. The thread ends when this is dropped.
pub(in crate::store::db) struct Checkpoints {
    due: SyncSender<()>,
    writes: usize,
}

impl Checkpoints {
    pub fn start(file: SqliteFile) -> io::Result<(Self, JoinHandle<()>)> {
        let (due, asked) = sync_channel(1);
        let thread = thread::Builder::new().name("store-checkpoint".into()).spawn(move || work(&file, &asked))?;
        Ok((Self { due, writes: 0 }, thread))
    }

    /// So many writes were committed.
    pub fn count(&mut self, writes: usize) {
        self.writes += writes;
        // One that waits already is enough.
        if self.writes >= WRITES && self.due.try_send(()).is_ok() {
            self.writes = 0;
        }
    }
}

fn work(file: &SqliteFile, asked: &Receiver<()>) {
    let mut kept = None;
    while let Ok(()) = asked.recv() {
        if let Err(error) = checkpoint(file, &mut kept) {
            kept = None;
            tracing::warn!(%error, "a checkpoint of the database failed; the writer makes it when the log is long");
        }
    }
}

fn checkpoint(file: &SqliteFile, kept: &mut Option<Connection>) -> Result<(), Error> {
    let connection = match kept {
        Some(connection) => connection,
        None => kept.insert(file.connect()?),
    };
    for _ in 0..ROUNDS {
        if connection.checkpoint()? {
            break;
        }
    }
    Ok(())
}
