//! The inside of a write: one connection in one transaction.

use std::mem;

use sqlx::Executor;
use tokio::time::timeout;

use super::direct::{Checkpoints, Connection};
use super::edition::Touched;
use super::fault::Fault;
use super::place::{PATIENCE, Place};
use super::postgres::{self, REACTION};
use super::query::{On, Query};

/// What a closure given to [`super::Db::write`] writes through.
pub struct Tx {
    wire: Wire,
    fate: Fate,
    /// The one statement that will be run is committed by itself.
    implicit: bool,
}

/// How far a write reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// One statement, which changes all or nothing.
    Statement,
    Transaction,
}

enum Wire {
    Sqlite(Connection),
    Postgres(Option<postgres::Connection>),
}

/// What is to become of the changes, apart from what the closure returns.
#[derive(Default)]
pub(super) struct Fate {
    /// A statement failed; PostgreSQL would turn the commit into a rollback without a word.
    pub spoiled: bool,
    pub undone: bool,
    /// Once it is durable, whoever waits for [`super::Db::rung`] is woken.
    pub rings: bool,
    /// What may be remembered elsewhere.
    pub touched: Touched,
}

impl Tx {
    /// One statement. After one has failed no other is run, and the closure can only fail.
    pub fn sql(&mut self, text: &'static str) -> Query<'_> {
        self.fate.touched.by(text);
        let query = match &mut self.wire {
            Wire::Sqlite(on) => Query::sqlite(On::Connection(on), text),
            Wire::Postgres(on) => Query::postgres(on, text),
        };
        query.spoiling(&mut self.fate.spoiled)
    }

    /// Rolls back whatever the closure has changed and will change, and still answers: `return Ok(tx.undo(Lost))`.
    pub fn undo<T>(&mut self, answer: T) -> T {
        self.fate.undone = true;
        answer
    }

    /// Wakes whoever waits for [`super::Db::rung`], once these changes are durable.
    pub fn ring(&mut self) {
        self.fate.rings = true;
    }

    pub(super) async fn connect(place: &Place) -> Result<Self, Fault> {
        let wire = match place {
            Place::Sqlite(file) => {
                let connected = file.connect().and_then(Connection::for_writes);
                Wire::Sqlite(connected.map_err(|cause| Fault::because("no connection to write on", cause))?)
            }
            Place::Postgres(server) => Wire::Postgres(Some(postgres::Connection::open(server).await?)),
        };
        Ok(Self { wire, fate: Fate::default(), implicit: false })
    }

    /// Whether its connection was kept for so long that it is not used again.
    pub(super) fn is_old(&self) -> bool {
        matches!(&self.wire, Wire::Postgres(on) if on.as_ref().is_none_or(postgres::Connection::is_old))
    }

    /// Begins a transaction. A single statement on PostgreSQL is one by itself, on a connection that was in use a moment ago:
    /// only a transaction's begin shows that a connection has died.
    pub(super) async fn begin(&mut self, span: Span) -> Result<(), Fault> {
        let Wire::Postgres(on) = &self.wire else { return self.say("BEGIN IMMEDIATE; SAVEPOINT job").await };
        let is_warm = on.as_ref().is_some_and(postgres::Connection::is_warm);
        self.implicit = span == Span::Statement && is_warm;
        if self.implicit {
            return Ok(());
        }
        let patience = if is_warm { PATIENCE } else { REACTION };
        let begun = timeout(patience, self.say("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")).await;
        begun.unwrap_or_else(|_| Err(Fault::new("the database does not answer")))
    }

    /// Ends the transaction as it is said.
    pub(super) async fn end(&mut self, words: &'static str) -> Result<(), Fault> {
        match (mem::take(&mut self.implicit), &self.wire) {
            (true, Wire::Postgres(None)) => Err(Fault::new("the statement was left in the middle")),
            (true, _) => Ok(()),
            (false, _) => self.say(words).await,
        }
    }

    /// A statement about the transaction itself.
    pub(super) async fn say(&mut self, words: &'static str) -> Result<(), Fault> {
        match &mut self.wire {
            Wire::Sqlite(on) => on.say(words).map_err(|cause| Fault::because(words, cause)),
            Wire::Postgres(on) => {
                let said = postgres::Connection::run(on, async |on| on.execute(words).await.map(drop)).await;
                said.map_err(|cause| Fault::because(words, cause))
            }
        }
    }

    /// Tells other processes on PostgreSQL, once these changes are durable, what they may have to read again. After a
    /// statement that is durable by itself already, a failure is of no interest: others read again anyway in a while.
    pub(super) async fn announce(&mut self, touched: Touched) -> Result<(), Fault> {
        if matches!(self.wire, Wire::Sqlite(_)) {
            return Ok(());
        }
        for words in touched.announcements() {
            match self.say(words).await {
                Err(fault) if self.implicit => tracing::warn!(%fault, "other nodes were not told of a change"),
                said => said?,
            }
        }
        Ok(())
    }

    /// Tells those who carry it into the file of a commit on SQLite; what could not be done then is tried after the next.
    pub(super) fn tell_checkpoints(&mut self, checkpoints: &mut Checkpoints) {
        if let Wire::Sqlite(on) = &mut self.wire
            && let Err(error) = checkpoints.after(on)
        {
            tracing::warn!(%error, "a checkpoint of the database failed");
        }
    }

    pub(super) fn take_fate(&mut self) -> Fate {
        mem::take(&mut self.fate)
    }

    pub(super) async fn close(self) {
        if let Wire::Postgres(Some(on)) = self.wire {
            on.close().await;
        }
    }
}
