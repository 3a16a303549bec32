//! Whether anybody has used this database yet.

use super::db::{Fault, Tx};

/// Whether there is neither a person nor a client.
pub async fn is_untouched(tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM clients)";
    Ok(tx.sql(sql).scalar::<i64>().await? == 0)
}
