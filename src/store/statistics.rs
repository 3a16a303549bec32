//! Sessions, counted. Hours that are over are counted once and kept; each count is a range of an index.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::db::{Db, Fault, Tx};
use super::session::open_at;
use crate::base::clock::Time;
use crate::domain::filter::Span;
use crate::domain::session::Kind;
use crate::domain::statistics::{Count, What};

/// The word of the row that says that an hour was counted, and how many rows that gave: there may be none.
const COUNTED: &str = "counted";

pub(super) const LIVE: &str =
    concat!("SELECT s.kind, COUNT(*) FROM sessions s WHERE ", open_at!("s.", "$1"), " GROUP BY s.kind");
pub(super) const BEGAN: &str = "SELECT kind, COUNT(*) FROM sessions
                                WHERE id >= $1 AND id <= $2 AND created_at >= $3 AND created_at < $4 GROUP BY kind";
pub(super) const ENDED: &str = "SELECT end_reason, kind, COUNT(*) FROM sessions
                                WHERE ended_at >= $1 AND ended_at < $2 GROUP BY end_reason, kind";

fn read(what: &str, kind: &str, count: i64) -> Result<Count, Fault> {
    let wrong = || Fault::contradiction("session count", format!("{what} of {kind} is nothing that is counted"));
    let what = What::named(what).ok_or_else(wrong)?;
    Ok(Count { what, kind: Kind::named(kind).ok_or_else(wrong)?, count })
}

/// The open sessions of each kind: those without an end.
pub async fn live(db: &Db, now: Time) -> Result<Vec<(Kind, i64)>, Fault> {
    let rows = db.read_long().await?.sql(LIVE).bind(now).all::<(String, i64)>().await?;
    let kind = |text: &str| Kind::named(text).ok_or_else(|| Fault::contradiction("session", "unknown kind"));
    rows.into_iter().map(|(text, count)| Ok((kind(&text)?, count))).collect()
}

/// Counts one hour: beginnings by the range of ids, ends by the index of ends.
pub async fn count(db: &Db, hour: Time) -> Result<Vec<Count>, Fault> {
    let next = hour + TimeDelta::hours(1);
    let (lowest, highest) = Span { after: Some(hour), before: Some(next) }.ids();
    let mut reader = db.read_long().await?;
    let query = reader.sql(BEGAN).bind(lowest).bind(highest).bind(hour).bind(next);
    let began = query.all::<(String, i64)>().await?;
    let ended = reader.sql(ENDED).bind(hour).bind(next).all::<(String, String, i64)>().await?;
    let began = began.iter().map(|(kind, count)| read(What::Began.as_str(), kind, *count));
    let ended = ended.iter().map(|(reason, kind, count)| read(reason, kind, *count));
    began.chain(ended).collect()
}

/// The hours since then that were counted and kept.
pub async fn kept(db: &Db, since: Time) -> Result<BTreeMap<Time, Vec<Count>>, Fault> {
    let sql = "SELECT hour, what, kind, count FROM session_counts WHERE hour >= $1 ORDER BY hour";
    let rows = db.read_long().await?.sql(sql).bind(since).all::<(Time, String, String, i64)>().await?;
    let mut hours: BTreeMap<Time, Vec<Count>> = BTreeMap::new();
    for (hour, what, kind, count) in rows {
        let counts = hours.entry(hour).or_default();
        if what != COUNTED {
            counts.push(read(&what, &kind, count)?);
        }
    }
    Ok(hours)
}

/// Keeps the counts of an hour.
pub async fn keep(tx: &mut Tx, hour: Time, counts: &[Count]) -> Result<(), Fault> {
    let rows = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    let counts = counts.iter().map(|count| (count.what.as_str(), count.kind.as_str(), count.count));
    for (what, kind, count) in counts.chain([(COUNTED, "", rows)]) {
        tx.sql("INSERT INTO session_counts (hour, what, kind, count) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
            .bind(hour)
            .bind(what)
            .bind(kind)
            .bind(count)
            .execute()
            .await?;
    }
    Ok(())
}

/// Removes the counts of earlier hours.
pub async fn drop_before(tx: &mut Tx, hour: Time) -> Result<u64, Fault> {
    tx.sql("DELETE FROM session_counts WHERE hour < $1").bind(hour).execute().await
}
