//! A connection to PostgreSQL.

use std::io;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use super::fault::Fault;
use super::place::PATIENCE;
use super::pool::Pooled;

/// A connection that nobody has used for this long is tried before it is used again.
const DOUBTFUL: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    on: PgConnection,
    /// When a statement last came to a good end.
    used_at: Option<Instant>,
}

impl Connection {
    pub async fn open(server: &PgConnectOptions) -> Result<Self, Fault> {
        // In a box: it is 14 kB large, and whatever reads, every request, would be so too and be moved about as such.
        let on = match timeout(PATIENCE, Box::pin(PgConnection::connect_with(server))).await {
            Ok(connected) => connected.map_err(|cause| Fault::because("no connection to PostgreSQL", cause))?,
            Err(_) => return Err(Fault::new("PostgreSQL does not answer")),
        };
        Ok(Self { on, used_at: Some(Instant::now()) })
    }

    /// Runs a statement. The connection is lost when whoever waits for the statement goes away.
    pub async fn run<T>(
        held: &mut Option<Self>,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let lost = || io::Error::new(io::ErrorKind::NotConnected, "the connection was lost");
        let mut this = held.take().ok_or_else(lost)?;
        let done = work(&mut this.on).await;
        this.used_at = done.is_ok().then(Instant::now);
        *held = Some(this);
        done
    }

    /// Whether it was in use a moment ago, and all was well.
    pub fn is_warm(&self) -> bool {
        self.used_at.is_some_and(|at| at.elapsed() < DOUBTFUL)
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

    async fn serves(&mut self) -> bool {
        self.is_warm() || Box::pin(self.on.ping()).await.is_ok()
    }
}
