//! Whether anybody has used this database yet.

use super::db::{Fault, Tx};

/// Whether there is neither a person nor a client.
pub async fn is_untouched(tx: &mut Tx) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM users UNION ALL SELECT 1 FROM clients LIMIT 1) AS anybody";
    Ok(tx.sql(sql).scalar::<i64>().await? == 0)
}
