//! Whose pages may call the endpoints that browsers call.

use super::{Authority, Outcome};
use crate::store;

/// Whether an origin is that of a registered client's redirect URI.
pub async fn is_registered(authority: &Authority, origin: &str) -> Outcome<bool> {
    Ok(store::client::has_origin(&authority.db, origin).await?)
}
