//! The inside of a write: one connection in one transaction.

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::time::timeout;

use super::fault::Fault;
use super::place::{PATIENCE, Place};
use super::query::Query;

/// What a closure given to [`super::Db::write`] writes through.
pub struct Tx {
    wire: Wire,
    fate: Fate,
}

enum Wire {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What is to become of the changes, apart from what the closure returns.
#[derive(Default)]
pub(super) struct Fate {
    /// A statement failed; PostgreSQL would turn the commit into a rollback without a word.
    pub spoiled: bool,
    pub undone: bool,
    /// Once it is durable, whoever waits for [`super::Db::rung`] is woken.
    pub rings: bool,
}

impl Tx {
    /// One statement. After one has failed no other is run, and the closure can only fail.
    pub fn sql(&mut self, text: &'static str) -> Query<'_> {
        let query = match &mut self.wire {
            Wire::Sqlite(on) => Query::sqlite(on, text),
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
            Place::Sqlite(file) => SqliteConnection::connect_with(&file.writing()).await.map(Wire::Sqlite),
            Place::Postgres(server) => match timeout(PATIENCE, PgConnection::connect_with(server)).await {
                Ok(connected) => connected.map(Wire::Postgres),
                Err(_) => return Err(Fault::new("the database does not answer")),
            },
        };
        let wire = wire.map_err(|cause| Fault::because("no connection to write on", cause))?;
        Ok(Self { wire, fate: Fate::default() })
    }

    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        if matches!(self.wire, Wire::Sqlite(_)) {
            return self.say("BEGIN IMMEDIATE; SAVEPOINT job").await;
        }
        let begun = timeout(PATIENCE, self.say("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")).await;
        begun.unwrap_or_else(|_| Err(Fault::new("the database does not answer")))
    }

    /// A statement about the transaction itself.
    pub(super) async fn say(&mut self, words: &'static str) -> Result<(), Fault> {
        let said = match &mut self.wire {
            Wire::Sqlite(on) => on.execute(words).await.map(drop),
            Wire::Postgres(on) => on.execute(words).await.map(drop),
        };
        said.map_err(|cause| Fault::because(words, cause))
    }

    pub(super) fn take_fate(&mut self) -> Fate {
        std::mem::take(&mut self.fate)
    }

    /// Says goodbye; a failure is of no interest, since nothing is under way.
    pub(super) async fn close(self) {
        drop(match self.wire {
            Wire::Sqlite(on) => on.close().await,
            Wire::Postgres(on) => on.close().await,
        });
    }
}
