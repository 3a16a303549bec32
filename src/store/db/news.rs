//! What the processes on one PostgreSQL tell each other: that they wrote what somebody may remember (`NOTIFY`). Nobody hears
//! of a write before it can be read.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::edition::Editions;
use super::fault::Fault;
use super::place::PATIENCE;

/// How long nothing may be heard before it is asked whether the server is still there.
const QUIET: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// What clients are; it counts in [`super::Db::client_edition`] already.
    Clients,
    SigningKeys,
    /// Nothing that matters here, and the server is still there.
    Nothing,
}

const CLIENTS: &str = "doorward_clients";
const SIGNING_KEYS: &str = "doorward_signing_keys";

/// What tells the others.
pub(super) const TELL_CLIENTS: &str = "NOTIFY doorward_clients";
pub(super) const TELL_SIGNING_KEYS: &str = "NOTIFY doorward_signing_keys";

/// A connection of its own that hears what every process says, this one too.
pub struct Listener {
    on: PgListener,
    editions: Arc<Editions>,
}

impl Listener {
    pub(super) async fn open(server: &PgConnectOptions, editions: Arc<Editions>) -> Result<Self, Fault> {
        let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool = one.acquire_timeout(PATIENCE).connect_lazy_with(server.clone());
        let opened = async {
            let mut on = PgListener::connect_with(&pool).await?;
            on.eager_reconnect(false);
            on.listen_all([CLIENTS, SIGNING_KEYS]).await.map(|()| on)
        };
        let opened = timeout(PATIENCE, opened).await.map_err(|_| Fault::new("PostgreSQL does not answer"))?;
        let on = opened.map_err(|cause| Fault::because("nobody listens to PostgreSQL", cause))?;
        editions.count_clients();
        Ok(Self { on, editions })
    }

    /// Waits for the next. After a fault nothing more is heard: listen anew, and take for changed what may have.
    pub async fn heard(&mut self) -> Result<News, Fault> {
        let Ok(heard) = timeout(QUIET, self.on.try_recv()).await else { return self.quiet().await };
        let heard = heard.map_err(lost)?.ok_or_else(|| Fault::new("the connection that listens was lost"))?;
        match heard.channel() {
            CLIENTS => {
                self.editions.count_clients();
                Ok(News::Clients)
            }
            SIGNING_KEYS => Ok(News::SigningKeys),
            _ => Ok(News::Nothing),
        }
    }

    async fn quiet(&mut self) -> Result<News, Fault> {
        let asked = timeout(PATIENCE, self.on.execute("SELECT")).await;
        asked.map_err(|_| Fault::new("PostgreSQL does not answer"))?.map_err(lost)?;
        Ok(News::Nothing)
    }
}

fn lost(cause: sqlx::Error) -> Fault {
    Fault::because("the connection that listens was lost", cause)
}
