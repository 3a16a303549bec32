//! Sessions in numbers, for plots.

use std::collections::BTreeMap;

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;

use super::AdminOutcome;
use crate::domain::session::Kind;
use crate::domain::statistics::{Count, MOST_HOURS, What};
use crate::flows::{Authority, statistics};
use crate::protocol::admin::FieldError;

/// How many hours when nothing is said.
pub const USUAL_HOURS: i64 = 24;

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "SessionStatistics")]
pub struct StatisticsView {
    pub at: chrono::DateTime<Utc>,
    /// Open sessions.
    pub live: KindsView,
    /// Oldest first; the last one is not over.
    pub hours: Vec<HourView>,
}

/// Sessions of each kind.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "SessionKinds")]
pub struct KindsView {
    pub person: i64,
    pub offline: i64,
    pub machine: i64,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "SessionHour")]
pub struct HourView {
    /// When it begins.
    pub hour: chrono::DateTime<Utc>,
    pub created: KindsView,
    /// By reason; only reasons that there were. An end by the clock counts once it is written down, half a minute later.
    pub ended: BTreeMap<String, i64>,
}

impl KindsView {
    fn of(counts: impl IntoIterator<Item = (Kind, i64)>) -> Self {
        let mut view = Self::default();
        for (kind, count) in counts {
            match kind {
                Kind::Person => view.person += count,
                Kind::Offline => view.offline += count,
                Kind::Machine => view.machine += count,
            }
        }
        view
    }
}

fn view(hour: chrono::DateTime<Utc>, counts: &[Count]) -> HourView {
    let began = counts.iter().filter(|count| count.what == What::Began).map(|count| (count.kind, count.count));
    let mut ended = BTreeMap::new();
    for Count { what, count, .. } in counts {
        if let What::Ended(reason) = what {
            *ended.entry(reason.as_str().to_owned()).or_default() += count;
        }
    }
    HourView { hour, created: KindsView::of(began), ended }
}

/// Reads the number of hours, 1 to [`MOST_HOURS`].
pub fn hours(text: Option<&str>) -> AdminOutcome<i64> {
    let Some(text) = text else { return Ok(USUAL_HOURS) };
    let digits = text.bytes().all(|digit| digit.is_ascii_digit());
    let read = digits.then(|| text.parse().ok()).flatten().filter(|hours| (1..=MOST_HOURS).contains(hours));
    read.ok_or_else(|| FieldError::new("hours", format!("must be a number from 1 to {MOST_HOURS}")).into())
}

pub async fn show(authority: &Authority, hours: i64) -> AdminOutcome<StatisticsView> {
    let found = statistics::show(authority, hours).await?;
    let hours = found.hours.iter().map(|(hour, counts)| view(*hour, counts)).collect();
    Ok(StatisticsView { at: found.at, live: KindsView::of(found.live), hours })
}
