//! How much a job takes on at once, and how long it rests in between, so that nobody waits for it.

use std::time::Duration;

use chrono::TimeDelta;

/// Rows in one write, when nothing else is going on.
pub const MOST: i64 = 250;
/// And when everything else is.
pub const LEAST: i64 = 10;
/// A write may hold others up for so long.
const SWIFT: TimeDelta = TimeDelta::milliseconds(20);
/// No rest is longer.
const REST: Duration = Duration::from_secs(1);

/// Grows and shrinks with the time that a write takes, waiting for its turn included: under load it takes little.
pub struct Pace {
    batch: i64,
}

impl Pace {
    pub const fn new() -> Self {
        Self { batch: MOST }
    }

    /// Rows in the next write.
    pub const fn batch(&self) -> i64 {
        self.batch
    }

    /// Learns from a write that took so long, and says how long to rest after it: as long, so that at least half of the
    /// time is everybody else's.
    pub fn after(&mut self, took: TimeDelta) -> Duration {
        let next = if took > SWIFT { self.batch / 2 } else { self.batch * 2 };
        self.batch = next.clamp(LEAST, MOST);
        took.to_std().unwrap_or_default().min(REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_less_while_writes_are_slow_and_more_when_they_are_swift_again() {
        let mut pace = Pace::new();
        let mut seen = Vec::new();
        for took in [21, 100, 5_000, 40, 40, 40, 20, 1, 0, 0, 0, 0] {
            let rest = pace.after(TimeDelta::milliseconds(took));
            seen.push((pace.batch(), rest.as_millis()));
        }
        let slow = [(125, 21), (62, 100), (31, 1_000), (15, 40), (10, 40), (10, 40)];
        let swift = [(20, 20), (40, 1), (80, 0), (160, 0), (250, 0), (250, 0)];
        assert_eq!(seen, [slow, swift].concat());
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_rest() {
        assert_eq!(Pace::new().after(TimeDelta::seconds(-3)), Duration::ZERO);
    }
}
