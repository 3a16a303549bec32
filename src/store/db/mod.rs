//! The one place that knows two engines, SQLite and PostgreSQL; all others write one SQL text for both.
//!
//! | file | holds |
//! |---|---|
//! | `place`  | where the database is, and how to connect |
//! | `open`   | why it cannot be started with; migrations |
//! | `query`  | one statement |
//! | `bind`   | the values and rows that both engines know |
//! | `tx`     | the inside of a write |
//! | `writer` | the queue of writes, and group commit |
//! | `fault`  | what goes wrong once it runs |
//!
//! The dialect: `$n` placeholders; columns `TIMESTAMPTZ`, `UUID`, `BYTEA`, `BOOLEAN`, `BIGINT`, `TEXT`, and `JSONB` for
//! objects and arrays alone; times always bound, never `now()`; `ON CONFLICT`, `RETURNING`, row values for paging; no
//! arrays, `ANY`, `::cast`, `ILIKE`, `FOR UPDATE`, `INTERVAL`.

mod bind;
mod fault;
mod open;
mod place;
mod query;
mod tx;
mod writer;

use std::fs::File;
use std::sync::{Arc, OnceLock};

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite};

pub use self::bind::{Bind, Record};
pub use self::fault::Fault;
pub use self::open::OpenError;
use self::place::{Place, Readers};
pub use self::query::Query;
pub use self::tx::Tx;
use self::writer::Writer;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The database. Clones are the same database.
#[derive(Clone)]
pub struct Db(Arc<Inside>);

struct Inside {
    place: Place,
    readers: Readers,
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
        Ok(Self(Arc::new(Inside { place, readers, writer, owned: OnceLock::new() })))
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
        let acquired = match &self.0.readers {
            Readers::Sqlite(pool) => pool.acquire().await.map(Pooled::Sqlite),
            Readers::Postgres(pool) => pool.acquire().await.map(Pooled::Postgres),
        };
        acquired.map(Reader).map_err(|cause| Fault::because("no connection to read on", cause))
    }

    /// Runs the closure in one transaction and returns what it returned once that is durable. An `Err` rolls back, and
    /// so does [`Tx::undo`]. The closure awaits nothing but its statements: on SQLite others wait for it. It runs even
    /// if this future is dropped.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.0.writer.write(work).await
    }

    /// Returns once a write that rings ([`Tx::ring`]) was committed by this process since the last call. One may wait.
    pub async fn rung(&self) {
        self.0.writer.rung().await;
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
pub struct Reader(Pooled);

enum Pooled {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    pub fn sql(&mut self, text: &'static str) -> Query<'_> {
        match &mut self.0 {
            Pooled::Sqlite(on) => Query::sqlite(on, text),
            Pooled::Postgres(on) => Query::postgres(on, text),
        }
    }
}
