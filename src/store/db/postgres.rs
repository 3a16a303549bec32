//! A connection to PostgreSQL.

use std::io;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Executor, PgConnection};
use tokio::time::{sleep, timeout};

use super::fault::Fault;
use super::place::PATIENCE;
use super::pool::Pooled;

/// How long a statement may take. A server that is gone may never say so.
pub(super) const USUAL_LIMIT: Duration = Duration::from_secs(30);

/// How long a search may take, and PostgreSQL goes on with a statement that nobody waits for any more.
pub(super) const LONG_LIMIT: Duration = Duration::from_mins(5);
const SERVER_LIMIT: &str = "SET statement_timeout = '5min'";

/// A connection that nobody has used for this long is tried before it is used again.
const DOUBTFUL: Duration = Duration::from_secs(1);

/// How long it has for a sign of life.
pub(super) const REACTION: Duration = Duration::from_secs(1);

/// A connection that has rested for so long is not used again: what lies between may have forgotten it.
const LONGEST_REST: Duration = Duration::from_mins(10);

/// Nor is one that was opened so long ago: the server may have another address by now, or a plan that is no longer good.
const OLDEST: Duration = Duration::from_mins(30);

/// The pauses between attempts to connect while the server stops, starts or is full.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

pub(super) struct Connection {
    on: PgConnection,
    /// How long each statement may take.
    pub limit: Duration,
    opened_at: Instant,
    /// When a statement last came to a good end.
    used_at: Option<Instant>,
}

impl Connection {
    pub async fn open(server: &PgConnectOptions) -> Result<Self, Fault> {
        // In a box: it is large, and whatever reads, every request, would be so too and be moved about as such.
        let on = match timeout(PATIENCE, Box::pin(connect(server))).await {
            Ok(connected) => connected.map_err(|cause| Fault::because("no connection to PostgreSQL", cause))?,
            Err(_) => return Err(Fault::new("PostgreSQL does not answer")),
        };
        let now = Instant::now();
        Ok(Self { on, limit: USUAL_LIMIT, opened_at: now, used_at: Some(now) })
    }

    /// Runs a statement. The connection is lost when it takes too long, and when whoever waits for it goes away.
    pub async fn run<T>(
        held: &mut Option<Self>,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let lost = || io::Error::new(io::ErrorKind::NotConnected, "the connection was lost");
        let mut this = held.take().ok_or_else(lost)?;
        let done = timeout(this.limit, work(&mut this.on)).await;
        let done = done.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "PostgreSQL did not answer in time"))?;
        this.used_at = done.is_ok().then(Instant::now);
        *held = Some(this);
        done
    }

    /// Whether it was in use a moment ago, and all was well.
    pub fn is_warm(&self) -> bool {
        self.used_at.is_some_and(|at| at.elapsed() < DOUBTFUL)
    }

    /// Whether it was kept for so long that it is not used again.
    pub fn is_old(&self) -> bool {
        self.opened_at.elapsed() > OLDEST || self.used_at.is_some_and(|at| at.elapsed() > LONGEST_REST)
    }

    /// Says goodbye; a failure is of no interest, since nothing is under way.
    pub async fn close(self) {
        drop(self.on.close().await);
    }
}

impl Pooled for Connection {
    type Place = Box<PgConnectOptions>;

    async fn open(server: &Self::Place) -> Result<Self, Fault> {
        Self::open(server).await
    }

    fn is_old(&self) -> bool {
        self.is_old()
    }

    async fn serves(&mut self) -> bool {
        self.is_warm() || matches!(timeout(REACTION, Box::pin(self.on.ping())).await, Ok(Ok(())))
    }
}

/// Tries again for as long as the server stops, starts or is full.
async fn connect(server: &PgConnectOptions) -> sqlx::Result<PgConnection> {
    let [mut pause, longest] = PAUSES;
    loop {
        let connected = match PgConnection::connect_with(server).await {
            Ok(mut on) => on.execute(SERVER_LIMIT).await.map(|_| on),
            Err(cause) => Err(cause),
        };
        match connected {
            Err(cause) if is_passing(&cause) => sleep(pause).await,
            connected => return connected,
        }
        pause = (pause * 2).min(longest);
    }
}

fn is_passing(cause: &sqlx::Error) -> bool {
    match cause {
        // A server that starts has no socket in its folder yet, and one that stops hangs up.
        sqlx::Error::Io(cause) => matches!(
            cause.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::NotFound
        ),
        sqlx::Error::Database(said) => said.is_transient_in_connect_phase(),
        _ => false,
    }
}
