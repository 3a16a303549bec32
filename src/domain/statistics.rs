//! How many sessions began and ended, hour by hour.

use chrono::TimeDelta;

use super::revocation::EndReason;
use super::session::Kind;
use crate::base::clock::Time;

/// The longest look back, in hours; counts are kept for as long.
pub const MOST_HOURS: i64 = 168;

/// The hour that a time is in, by its beginning.
pub fn hour_of(time: Time) -> Time {
    let seconds = time.timestamp() - time.timestamp().rem_euclid(3_600);
    Time::from_timestamp(seconds, 0).unwrap_or(time)
}

/// The last hours, oldest first; the last of them is not over.
pub fn last_hours(now: Time, hours: i64) -> impl Iterator<Item = Time> {
    let last = hour_of(now);
    (0..hours).rev().map(move |back| last - TimeDelta::hours(back))
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Began,
    Ended(EndReason),
}

impl What {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Ended(reason) => reason.as_str(),
        }
    }

    pub fn named(text: &str) -> Option<Self> {
        if text == "began" { Some(Self::Began) } else { EndReason::named(text).map(Self::Ended) }
    }
}

/// So many sessions of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub what: What,
    pub kind: Kind,
    pub count: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::at;

    #[test]
    fn hours_begin_where_the_clock_strikes() {
        assert_eq!(hour_of(at(0)).timestamp() % 3_600, 0);
        assert!(hour_of(at(5)) <= at(5) && at(5) < hour_of(at(5)) + TimeDelta::hours(1));
        let hours: Vec<_> = last_hours(at(0), 3).collect();
        assert_eq!((hours.len(), hours[2]), (3, hour_of(at(0))));
        assert_eq!(hours[1] - hours[0], TimeDelta::hours(1));
    }

    #[test]
    fn what_is_counted_has_a_name_of_its_own() {
        for what in EndReason::ALL.iter().map(|reason| What::Ended(*reason)).chain([What::Began]) {
            assert_eq!(What::named(what.as_str()), Some(what));
        }
    }
}
