//! The clients that requests name: the same few again and again, so they are kept in memory for a moment.
//!
//! Nothing that ends hangs on it: whether a session, a grant or a refresh family is alive is read or guarded each time.

use std::sync::Arc;

use super::Authority;
use super::recall::{Read, Reading};
use crate::domain::client::Client;
use crate::store;
use crate::store::db::Fault;

pub(super) struct Acquaintances(Read<String, Arc<Client>>);

impl Default for Acquaintances {
    fn default() -> Self {
        Self(Read::new(4096))
    }
}

/// The client of this name, if there is one.
pub(super) async fn find(authority: &Authority, client_id: &str) -> Result<Option<Arc<Client>>, Fault> {
    let reading = Reading::begun(authority.db.client_edition());
    if let Some(known) = authority.acquaintances.0.get(client_id, reading) {
        return Ok(Some(known));
    }
    let Some(client) = store::client::find(&authority.db, client_id).await?.map(Arc::new) else { return Ok(None) };
    authority.acquaintances.0.put(client_id.to_owned(), client.clone(), reading);
    Ok(Some(client))
}
