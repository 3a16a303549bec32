//! Counters of failed attempts.

use std::sync::LazyLock;

use super::db::{Db, Fault, Tx};
use super::lot;
use crate::base::clock::Time;
use crate::base::secret::Digest;
use crate::domain::login::Counter;

/// The counter as it is.
pub async fn find(db: &Db, key: Digest) -> Result<Option<Counter>, Fault> {
    let sql = "SELECT failures, blocked_to, last_at FROM throttles WHERE subject = $1";
    let row = db.read().await?.sql(sql).bind(key).optional::<(i64, Time, Time)>().await?;
    Ok(row.map(|(failures, blocked_to, last_at)| Counter { failures, blocked_to, last_at }))
}

/// The counters that there are under these keys, which are no more than a lot.
pub async fn all(db: &Db, keys: &[Digest]) -> Result<Vec<Counter>, Fault> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT failures, blocked_to, last_at FROM throttles WHERE subject IN ({})", lot::places(1))
    });
    let rows = lot::bind(db.read().await?.sql(&SQL), keys).all::<(i64, Time, Time)>().await?;
    Ok(rows.into_iter().map(|(failures, blocked_to, last_at)| Counter { failures, blocked_to, last_at }).collect())
}

/// Reads the counter and holds it until the write is over, so that no two attempts see the same count.
pub async fn hold(tx: &mut Tx, key: Digest, now: Time) -> Result<Counter, Fault> {
    let (failures, blocked_to, last_at) = tx
        .sql(
            "INSERT INTO throttles (subject, failures, blocked_to, last_at) VALUES ($1, 0, $2, $2)
             ON CONFLICT (subject) DO UPDATE SET failures = throttles.failures
             RETURNING failures, blocked_to, last_at",
        )
        .bind(key)
        .bind(now)
        .one::<(i64, Time, Time)>()
        .await?;
    Ok(Counter { failures, blocked_to, last_at })
}

pub async fn set(tx: &mut Tx, key: Digest, counter: Counter) -> Result<(), Fault> {
    tx.sql("UPDATE throttles SET failures = $2, blocked_to = $3, last_at = $4 WHERE subject = $1")
        .bind(key)
        .bind(counter.failures)
        .bind(counter.blocked_to)
        .bind(counter.last_at)
        .execute()
        .await?;
    Ok(())
}

pub async fn forget(tx: &mut Tx, key: Digest) -> Result<(), Fault> {
    tx.sql("DELETE FROM throttles WHERE subject = $1").bind(key).execute().await?;
    Ok(())
}
