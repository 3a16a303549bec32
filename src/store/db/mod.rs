//! The one place that knows two engines, SQLite and PostgreSQL; all others write one SQL text for both.
//!
//! | file | holds |
//! |---|---|
//! | `place`  | where the database is, and how to connect |
//! | `open`   | why it cannot be started with; migrations |
//! | `query`  | one statement |
//! | `direct` | SQLite, without a thread between |
//! | `postgres` | PostgreSQL |
//! | `pool`   | connections to read on |
//! | `bind`   | the values and rows that both engines know |
//! | `tx`     | the inside of a write |
//! | `queue`  | where writes wait |
//! | `writer` | who writes, and group commit |
//! | `edition` | how much was written of what somebody may remember |
//! | `news`   | what the processes on one PostgreSQL tell each other of that |
//! | `fault`  | what goes wrong once it runs |
//!
//! The dialect: `$n` placeholders; columns `TIMESTAMPTZ`, `UUID`, `BYTEA`, `BOOLEAN`, `BIGINT`, `TEXT`, and `JSONB` for
//! objects and arrays alone; times always bound, never `now()`; `ON CONFLICT`, `RETURNING`, row values for paging; no
//! arrays, `ANY`, `::cast`, `ILIKE`, `FOR UPDATE`, `INTERVAL`.

mod bind;
mod direct;
mod edition;
mod fault;
mod news;
mod open;
mod place;
mod pool;
mod postgres;
mod query;
mod queue;
mod tx;
mod writer;

use std::fs::File;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::migrate::Migrator;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

pub use self::bind::{Bind, Record};
pub use self::fault::Fault;
pub use self::news::{Listener, News};
pub use self::open::OpenError;
use self::place::{LONG_READERS, PATIENCE, Place, Readers};
use self::pool::Seat;
use self::postgres::{LONG_LIMIT, USUAL_LIMIT};
pub use self::query::Query;
use self::query::{Haste, On};
use self::tx::Span;
pub use self::tx::Tx;
use self::writer::Writer;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The database. Clones are the same database.
#[derive(Clone)]
pub struct Db(Arc<Inside>);

struct Inside {
    place: Place,
    readers: Readers,
    long: Arc<Semaphore>,
    writer: Writer,
    owned: OnceLock<File>,
}

impl Db {
    /// Opens `sqlite:PATH`, which is created if it is not there, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let place = Place::parse(url)?;
        place.prove().await?;
        let readers = Readers::of(&place);
        let writer = Writer::start(&place).map_err(|cause| OpenError::writer(&place, &cause))?;
        let long = Arc::new(Semaphore::new(LONG_READERS));
        Ok(Self(Arc::new(Inside { place, readers, long, writer, owned: OnceLock::new() })))
    }

    /// Brings the tables up to date; any number of processes may do so at once.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        self.migrate_by(&MIGRATIONS).await
    }

    /// As [`Db::migrate`], by other migrations than our own.
    pub async fn migrate_by(&self, migrations: &Migrator) -> Result<(), OpenError> {
        open::migrate(&self.0.place, migrations).await
    }

    /// Claims a SQLite file for this server until the database is dropped: what a server keeps in memory is exact only
    /// when it alone serves. Commands still open the file beside it. PostgreSQL may have any number of servers.
    pub fn own(&self) -> Result<(), OpenError> {
        let Place::Sqlite(file) = &self.0.place else { return Ok(()) };
        if self.0.owned.get().is_none() {
            let lock = file.own()?;
            self.0.owned.get_or_init(|| lock);
        }
        Ok(())
    }

    /// A connection to read on. It sees every write that has been acknowledged.
    pub async fn read(&self) -> Result<Reader, Fault> {
        let wire = match &self.0.readers {
            Readers::Sqlite(pool) => Wire::Sqlite(pool.acquire().await?),
            Readers::Postgres(pool) => Wire::Postgres(pool.acquire().await?),
        };
        let mut reader = Reader { wire, haste: Haste::Here, _turn: None };
        reader.limit(USUAL_LIMIT);
        Ok(reader)
    }

    /// As [`Db::read`], for statements that may take long: on SQLite they do not keep the thread that asks, on PostgreSQL
    /// they have more time.
    pub async fn read_apart(&self) -> Result<Reader, Fault> {
        let mut reader = Reader { haste: Haste::Apart, ..self.read().await? };
        reader.limit(LONG_LIMIT);
        Ok(reader)
    }

    /// As [`Db::read_apart`], for those who count and search: few of them at a time, so that others find a connection.
    pub async fn read_long(&self) -> Result<Reader, Fault> {
        let turn = timeout(PATIENCE, self.0.long.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Fault::new("others have long statements to read; no turn in time"))?;
        let turn = turn.map_err(|_| Fault::new("the database is closed"))?;
        Ok(Reader { _turn: Some(turn), ..self.read_apart().await? })
    }

    /// Runs the closure in one transaction and returns what it returned once that is durable. An `Err` rolls back, and
    /// so does [`Tx::undo`]. The closure awaits nothing but its statements: on SQLite others wait for it. It runs even
    /// if this future is dropped.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.0.writer.write(Span::Transaction, work).await
    }

    /// As [`Db::write`], for a closure that runs one statement and undoes nothing that it changed: PostgreSQL is spared two
    /// round trips of three.
    pub async fn write_one<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.0.writer.write(Span::Statement, work).await
    }

    /// Returns once a write that rings ([`Tx::ring`]) was committed by this process since the last call. One may wait.
    pub async fn rung(&self) {
        self.0.writer.rung().await;
    }

    /// A number that grows when this process has changed what clients are, or has heard that another did ([`Db::listen`]).
    /// What was read after it was taken is as good as new while it stays, but for what nobody told of.
    pub fn client_edition(&self) -> u64 {
        self.0.writer.editions().clients()
    }

    /// As [`Db::client_edition`], of what has ended; `None` where other servers end things too (PostgreSQL).
    pub fn end_edition(&self) -> Option<u64> {
        matches!(self.0.place, Place::Sqlite(_)).then(|| self.0.writer.editions().ends())
    }

    /// Hears from now on what any process writes that others may remember; `None` on SQLite, which one server owns.
    pub async fn listen(&self) -> Result<Option<Listener>, Fault> {
        match &self.0.place {
            Place::Sqlite(_) => Ok(None),
            Place::Postgres(server) => Listener::open(server, self.0.writer.editions().clone()).await.map(Some),
        }
    }

    /// Whether reads are answered and writes are taken.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.read().await?.sql("SELECT CAST(1 AS BIGINT)").scalar::<i64>().await?;
        if self.0.writer.is_alive() { Ok(()) } else { Err(Fault::new("the database writer is gone")) }
    }

    /// For logs.
    pub fn engine_name(&self) -> &'static str {
        match self.0.place {
            Place::Sqlite(_) => "SQLite",
            Place::Postgres(_) => "PostgreSQL",
        }
    }

    /// Writes what waits, then closes every connection. Whoever asks afterwards gets a fault.
    pub async fn close(&self) {
        self.0.writer.close().await;
        self.0.readers.close().await;
    }
}

/// A connection that reads; each statement sees what was committed before it.
pub struct Reader {
    wire: Wire,
    haste: Haste,
    _turn: Option<OwnedSemaphorePermit>,
}

enum Wire {
    Sqlite(Seat<direct::Connection>),
    Postgres(Seat<postgres::Connection>),
}

impl Reader {
    /// How long each of its statements may take on PostgreSQL.
    fn limit(&mut self, limit: Duration) {
        if let Wire::Postgres(Seat { held: Some(connection), .. }) = &mut self.wire {
            connection.limit = limit;
        }
    }

    pub fn sql(&mut self, text: &'static str) -> Query<'_> {
        match &mut self.wire {
            Wire::Sqlite(seat) => Query::sqlite(On::Held(&mut seat.held, self.haste), text),
            Wire::Postgres(seat) => Query::postgres(&mut seat.held, text),
        }
    }
}
