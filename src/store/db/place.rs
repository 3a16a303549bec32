//! Where the database is: a file (SQLite) or a server (PostgreSQL), and how to connect to it.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::direct::{self, Checkpoints};
use super::open::OpenError;
use super::pool::Pool;
use super::postgres;

/// How long to wait for a connection, or for another process that writes.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection: more than this program has.
const STATEMENTS: usize = 1024;

/// How many of those that read may do so for long: others find a connection meanwhile.
pub(super) const LONG_READERS: usize = 4;

const SQLITE_READERS: usize = 8;
/// With the sixteen that write and the one that listens, 32.
const POSTGRES_READERS: usize = 15;

#[derive(Clone)]
pub(super) enum Place {
    Sqlite(SqliteFile),
    Postgres(Box<PgConnectOptions>),
}

/// How many write at once: threads, connections on each, and closures in one transaction.
pub(super) struct Crew {
    pub threads: usize,
    pub workers: usize,
    pub batch: usize,
}

impl Place {
    /// What the URL itself says of a PostgreSQL connection is kept, such as `?statement-cache-capacity=0`.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(':') || path.contains(['?', '#']) {
                return Err(OpenError::Url("expected sqlite: and the path of a file".into()));
            }
            return Ok(Self::Sqlite(SqliteFile(path.into())));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(OpenError::Url("expected sqlite:PATH or postgres://USER@HOST/DATABASE".into()));
        }
        let options: PgConnectOptions = url.parse().map_err(|cause| OpenError::url(&cause))?;
        let mut options = options.disable_statement_logging();
        if !url.contains("statement-cache-capacity") {
            options = options.statement_cache_capacity(STATEMENTS);
        }
        if options.get_application_name().is_none() {
            options = options.application_name("doorward");
        }
        Ok(Self::Postgres(Box::new(options)))
    }

    /// Makes sure that there is a database and that it lets us in.
    pub(super) async fn prove(&self) -> Result<(), OpenError> {
        match self {
            Self::Sqlite(file) => {
                let alone = file.alone().await?;
                file.create().map_err(|cause| OpenError::file(file.path(), &cause))?;
                let reached = async {
                    let mut on = SqliteConnection::connect_with(&file.writing()).await?;
                    sqlx::query("SELECT COUNT(*) FROM sqlite_schema").execute(&mut on).await?;
                    on.close().await
                };
                let reached = reached.await;
                drop(alone);
                reached.map_err(|cause| OpenError::reaching(self, &cause))
            }
            Self::Postgres(server) => {
                let reached =
                    timeout(PATIENCE, async { PgConnection::connect_with(server).await?.close().await }).await;
                reached.map_err(|_| OpenError::silent(self))?.map_err(|cause| OpenError::reaching(self, &cause))
            }
        }
    }

    /// Who carries what is written into a file, where it is one.
    pub(super) fn checkpoints(&self) -> io::Result<Option<(Checkpoints, JoinHandle<()>)>> {
        match self {
            Self::Sqlite(file) => Checkpoints::start(file.clone()).map(Some),
            Self::Postgres(_) => Ok(None),
        }
    }

    pub(super) fn crew(&self) -> Crew {
        match self {
            Self::Sqlite(_) => Crew { threads: 1, workers: 1, batch: 256 },
            Self::Postgres(_) => Crew { threads: 2, workers: 8, batch: 1 },
        }
    }
}

/// Names the place without its password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "the SQLite file {}", file.path().display()),
            Self::Postgres(server) => match server.get_socket() {
                Some(socket) => write!(f, "PostgreSQL at {}", socket.display()),
                None => write!(f, "PostgreSQL at {}:{}", server.get_host(), server.get_port()),
            },
        }
    }
}

/// The path of a SQLite database; beside it lie two lock files.
#[derive(Clone)]
pub(super) struct SqliteFile(PathBuf);

impl SqliteFile {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the file and the folders above it, for nobody but us.
    fn create(&self) -> io::Result<()> {
        self.open_beside("").map(drop)
    }

    /// Waits until no other process or task creates or migrates this database; the file is the lock. SQLite's own
    /// locks do not cover the change to write-ahead logging, nor sqlx's migrations as a whole.
    pub(super) async fn alone(&self) -> Result<File, OpenError> {
        let file = self.clone();
        let locked = spawn_blocking(move || {
            let lock = file.open_beside("-setup")?;
            lock.lock().map(|()| lock)
        });
        locked.await.map_err(io::Error::other).flatten().map_err(|cause| OpenError::file(self.path(), &cause))
    }

    /// Claims the file for one server, for as long as the lock lives.
    pub(super) fn own(&self) -> Result<File, OpenError> {
        let lock = self.open_beside("-owner").map_err(|cause| OpenError::file(self.path(), &cause))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(OpenError::Owned(self.path().display().to_string())),
            Err(TryLockError::Error(cause)) => Err(OpenError::file(self.path(), &cause)),
        }
    }

    fn open_beside(&self, suffix: &str) -> io::Result<File> {
        let (mut folder, mut options) = (DirBuilder::new(), OpenOptions::new());
        folder.recursive(true);
        options.read(true).write(true).create(true);
        #[cfg(unix)]
        {
            std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        if let Some(parent) = self.0.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            folder.create(parent)?;
        }
        let mut name = self.0.clone().into_os_string();
        name.push(suffix);
        options.open(name)
    }

    /// A connection for statements that run where they are asked for.
    pub(super) fn connect(&self) -> Result<direct::Connection, direct::Error> {
        direct::Connection::open(&self.0, PATIENCE)
    }

    /// How sqlx connects, which creates the file and migrates it. Every write is on the disk before it is acknowledged.
    pub(super) fn writing(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.0)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging()
    }
}

/// The connections that read.
pub(super) enum Readers {
    Sqlite(Pool<direct::Connection>),
    Postgres(Pool<postgres::Connection>),
}

impl Readers {
    /// Connects when somebody reads, not before.
    pub(super) fn of(place: &Place) -> Self {
        match place {
            Place::Sqlite(file) => Self::Sqlite(Pool::new(file.clone(), SQLITE_READERS)),
            Place::Postgres(server) => Self::Postgres(Pool::new(server.clone(), POSTGRES_READERS)),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => drop(pool.close()),
            Self::Postgres(pool) => {
                for connection in pool.close() {
                    connection.close().await;
                }
            }
        }
    }
}
