//! The clients that requests name: the same few again and again, so they are kept in memory for a moment.
//!
//! What this process writes about clients counts at once. What another process writes counts after [`STALE`] at the latest.
//! Nothing that ends hangs on it: whether a session, a grant or a refresh family is alive is read or guarded each time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Authority;
use super::recall::Recall;
use crate::domain::client::Client;
use crate::store;
use crate::store::db::Fault;

/// How long a client may be taken for what it was.
const STALE: Duration = Duration::from_secs(1);

/// Clients that are kept.
const MOST: usize = 4096;

pub(super) struct Acquaintances(Recall<String, Known>);

#[derive(Clone)]
struct Known {
    client: Arc<Client>,
    read_at: Instant,
    /// How many writes there had been about clients when the reading began.
    edition: u64,
}

impl Default for Acquaintances {
    fn default() -> Self {
        Self(Recall::new(MOST))
    }
}

/// The client of this name, if there is one.
pub(super) async fn find(authority: &Authority, client_id: &str) -> Result<Option<Arc<Client>>, Fault> {
    let (read_at, edition) = (Instant::now(), authority.db.client_edition());
    let good = |known: &Known| known.edition == edition && read_at.duration_since(known.read_at) < STALE;
    if let Some(known) = authority.acquaintances.0.get(client_id).filter(good) {
        return Ok(Some(known.client));
    }
    let Some(client) = store::client::find(&authority.db, client_id).await?.map(Arc::new) else { return Ok(None) };
    authority.acquaintances.0.put(client_id.to_owned(), Known { client: client.clone(), read_at, edition });
    Ok(Some(client))
}
