//! The one source of time. Every flow draws `now` once and hands it down as an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// A point in time, UTC, cut to microseconds: what both database engines can keep.
pub type Time = DateTime<Utc>;

/// Where `now` comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Time;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the source that the lint sends everybody to")]
    fn now(&self) -> Time {
        to_micros(Utc::now())
    }
}

/// A clock that stands still until it is moved. Clones share the same hands.
#[derive(Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub fn at(start: Time) -> Self {
        Self(Arc::new(AtomicI64::new(start.timestamp_micros())))
    }

    /// Moves the hands, forwards or backwards.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Cuts a time to microseconds.
pub fn to_micros(time: Time) -> Time {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_has_no_nanoseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1000, 0);
    }

    #[test]
    fn clones_of_a_hand_clock_move_together() {
        let clock = HandClock::at(DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        let twin = clock.clone();
        clock.advance(TimeDelta::seconds(90));
        assert_eq!(twin.now().timestamp(), 1_700_000_090);
    }
}
