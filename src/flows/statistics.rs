//! How many sessions there are, began and ended. What is over is counted once and kept; the rest is counted when asked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::TimeDelta;

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::domain::session::Kind;
use crate::domain::statistics::{Count, MOST_HOURS, last_hours};
use crate::store::{session, statistics};

/// How long after its end an hour is counted for good: whatever began to be written in it is written by then.
const SETTLED: TimeDelta = TimeDelta::minutes(10);

pub struct Statistics {
    pub at: Time,
    pub live: Vec<(Kind, i64)>,
    /// Oldest first; the last one is not over.
    pub hours: BTreeMap<Time, Vec<Count>>,
}

/// The open sessions, and the last hours, at most [`MOST_HOURS`].
pub async fn show(authority: &Authority, hours: i64) -> Outcome<Statistics> {
    let at = authority.now();
    let live = statistics::live(&authority.db, at).await?;
    let wanted: Vec<Time> = last_hours(at, hours.clamp(1, MOST_HOURS)).collect();
    let mut kept = statistics::kept(&authority.db, wanted.first().copied().unwrap_or(at)).await?;
    for hour in wanted {
        if let Entry::Vacant(place) = kept.entry(hour) {
            place.insert(statistics::count(&authority.db, hour).await?);
        }
    }
    Ok(Statistics { at, live, hours: kept })
}

/// Counts the hours that are over and keeps them; drops those that nobody can ask for any more.
pub async fn keep(authority: &Authority) -> Outcome<()> {
    let now = authority.now();
    let wanted: Vec<Time> = last_hours(now, MOST_HOURS).collect();
    let Some(oldest) = wanted.first().copied() else { return Ok(()) };
    let kept = statistics::kept(&authority.db, oldest).await?;
    for hour in wanted.into_iter().filter(|hour| !kept.contains_key(hour)) {
        let end = hour + TimeDelta::hours(1);
        let untold = session::oldest_untold_end(&authority.db, end).await?;
        if now < end + SETTLED || untold.is_some_and(|at| at < end) {
            break;
        }
        let counts = statistics::count(&authority.db, hour).await?;
        authority.db.write(async move |tx| statistics::keep(tx, hour, &counts).await).await?;
    }
    authority.db.write(async move |tx| statistics::drop_before(tx, oldest).await).await?;
    Ok(())
}
