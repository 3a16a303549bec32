//! Counters of failed attempts.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::secret::Digest;
use crate::domain::login::Counter;

/// The counter as it is.
pub async fn find(db: &Db, key: Digest) -> Result<Option<Counter>, Fault> {
    let sql = "SELECT failures, blocked_to FROM throttles WHERE subject = $1";
    let row = db.read().await?.sql(sql).bind(key).optional::<(i64, Time)>().await?;
    Ok(row.map(|(failures, blocked_to)| Counter { failures, blocked_to }))
}

/// Reads the counter and holds it until the write is over, so that no two attempts see the same count.
pub async fn hold(tx: &mut Tx, key: Digest, now: Time) -> Result<Counter, Fault> {
    let (failures, blocked_to) = tx
        .sql(
            "INSERT INTO throttles (subject, failures, blocked_to, last_at) VALUES ($1, 0, $2, $2)
             ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at RETURNING failures, blocked_to",
        )
        .bind(key)
        .bind(now)
        .one::<(i64, Time)>()
        .await?;
    Ok(Counter { failures, blocked_to })
}

pub async fn set(tx: &mut Tx, key: Digest, counter: Counter) -> Result<(), Fault> {
    tx.sql("UPDATE throttles SET failures = $2, blocked_to = $3 WHERE subject = $1")
        .bind(key)
        .bind(counter.failures)
        .bind(counter.blocked_to)
        .execute()
        .await?;
    Ok(())
}

pub async fn forget(tx: &mut Tx, key: Digest) -> Result<(), Fault> {
    tx.sql("DELETE FROM throttles WHERE subject = $1").bind(key).execute().await?;
    Ok(())
}
