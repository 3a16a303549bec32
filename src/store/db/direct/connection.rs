//! A connection whose statements run where they are asked for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{CachedStatement, OpenFlags};
use tokio::task::spawn_blocking;

use super::super::fault::Fault;
use super::super::place::SqliteFile;
use super::super::pool::Pooled;
use super::driver::Values;
use super::row::{Columns, Row};

/// Prepared statements kept per connection: more than this program has.
const STATEMENTS: usize = 1024;

/// A connection is used by one thread at a time; the file is there.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Why a statement failed. SQLite's own words name tables and columns, never values.
#[derive(Debug, thiserror::Error)]
pub(in crate::store::db) enum Error {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row is not what it is read as.
    #[error(transparent)]
    Row(#[from] sqlx::Error),
    #[error("${0} has no value")]
    Missing(usize),
    /// Whoever worked with it went away in the middle.
    #[error("the connection was lost")]
    Lost,
}

pub(in crate::store::db) struct Connection {
    raw: rusqlite::Connection,
    /// By the address of the statement's text, which is a literal.
    shapes: HashMap<usize, Arc<Shape>>,
}

/// What is known of a statement once it was prepared.
struct Shape {
    columns: Arc<Columns>,
    /// For each parameter in the order in which SQLite numbers them, which is that of their first mention: its `n` of `$n`.
    parameters: Vec<usize>,
}

impl Connection {
    /// Opens a file that is there already. Every write is on the disk before it is acknowledged.
    pub fn open(path: &Path, patience: Duration) -> Result<Self, Error> {
        let raw = rusqlite::Connection::open_with_flags(path, FLAGS)?;
        raw.busy_timeout(patience)?;
        raw.pragma_update(None, "synchronous", "FULL")?;
        raw.pragma_update(None, "foreign_keys", "ON")?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { raw, shapes: HashMap::new() })
    }

    /// Keeps in memory what a savepoint would undo, and not in a temporary file: a whole code flow costs a seventh less so.
    /// Leaves checkpoints to [`super::Checkpoints`].
    pub fn for_writes(self) -> Result<Self, Error> {
        self.raw.pragma_update(None, "temp_store", "MEMORY")?;
        self.raw.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(self)
    }

    /// Refuses every change from now on, and keeps half a megabyte of pages in place of two: there are several that read, and
    /// the operating system has the file in memory.
    pub fn only_read(self) -> Result<Self, Error> {
        self.raw.pragma_update(None, "cache_size", -512)?;
        self.raw.pragma_update(None, "query_only", "ON")?;
        Ok(self)
    }

    /// Rows changed so far.
    pub fn changes(&self) -> u64 {
        self.raw.total_changes()
    }

    /// Carries what the log holds into the file, and keeps nobody from writing meanwhile. Gives how many pages the log has;
    /// `None` where somebody else was at it.
    pub fn checkpoint(&mut self) -> Result<Option<i64>, Error> {
        Ok(self.raw.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| {
            let (busy, pages): (bool, i64) = (row.get(0)?, row.get(1)?);
            Ok((!busy).then_some(pages))
        })?)
    }

    /// Works with the connection on a thread that may wait, so that nobody waits here.
    pub async fn apart<T, F>(held: &mut Option<Self>, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Self) -> Result<T, Error> + Send + 'static,
    {
        let mut this = held.take().ok_or(Error::Lost)?;
        let worked = spawn_blocking(move || {
            let done = work(&mut this);
            (this, done)
        });
        let (this, done) = worked.await.map_err(|_| Error::Lost)?;
        *held = Some(this);
        done
    }

    /// Statements without values and without rows.
    pub fn say(&mut self, words: &str) -> Result<(), Error> {
        Ok(self.raw.execute_batch(words)?)
    }

    /// Runs a statement to its end; gives how many rows it changed.
    pub fn execute(&mut self, text: &'static str, values: &Values) -> Result<u64, Error> {
        self.each(text, values, |_| Ok(true))?;
        Ok(self.raw.changes())
    }

    /// Runs a statement and gives its rows to `take`, until that has had enough.
    pub fn each(
        &mut self,
        text: &'static str,
        values: &Values,
        mut take: impl FnMut(Row) -> Result<bool, sqlx::Error>,
    ) -> Result<(), Error> {
        let mut statement = self.raw.prepare_cached(text)?;
        let known = self.shapes.entry(text.as_ptr().addr());
        let shape = known.or_insert_with(|| Arc::new(Shape::of(&statement))).clone();
        for (at, number) in shape.parameters.iter().enumerate() {
            match values.get(*number) {
                Some(value) => statement.raw_bind_parameter(at + 1, &value.0)?,
                None => return Err(Error::Missing(*number)),
            }
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if !take(Row::read(&shape.columns, row)?)? {
                break;
            }
        }
        Ok(())
    }
}

impl Pooled for Connection {
    type Place = SqliteFile;

    async fn open(file: &SqliteFile) -> Result<Self, Fault> {
        let opened = file.connect().and_then(Self::only_read);
        opened.map_err(|cause| Fault::because("no connection to read on", cause))
    }

    fn is_old(&self) -> bool {
        false
    }

    async fn serves(&mut self) -> bool {
        true
    }
}

impl Shape {
    fn of(statement: &CachedStatement<'_>) -> Self {
        let number = |at| {
            let name = statement.parameter_name(at).unwrap_or_default();
            name.trim_start_matches(['$', '?']).parse().unwrap_or(at)
        };
        let parameters = (1..=statement.parameter_count()).map(number).collect();
        Self { columns: Arc::new(Columns::named(&statement.column_names())), parameters }
    }
}
