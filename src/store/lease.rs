//! Work that only one node does at a time.

use super::db::{Fault, Tx};
use crate::base::clock::Time;

/// Takes the lease until then; false while somebody else holds it. The row stays locked until this write is over, so
/// whoever comes at the same time waits and then sees what was done.
pub async fn take(tx: &mut Tx, name: &str, now: Time, until: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "INSERT INTO leases (name, held_until) VALUES ($1, $3)
             ON CONFLICT (name) DO UPDATE SET held_until = excluded.held_until WHERE leases.held_until <= $2",
        )
        .bind(name)
        .bind(now)
        .bind(until)
        .execute()
        .await?;
    Ok(changed == 1)
}
