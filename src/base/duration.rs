//! Durations as people write them in settings and client metadata: `90s`, `15m`, `24h`, `30d`.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole, non-negative number of seconds, at most 100 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u32);

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Duration {
    pub const ZERO: Self = Self(0);

    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    pub const fn hours(hours: u32) -> Self {
        Self(hours * 3_600)
    }

    pub const fn days(days: u32) -> Self {
        Self(days * 86_400)
    }

    pub const fn as_seconds(self) -> i64 {
        self.0 as i64
    }

    pub const fn delta(self) -> TimeDelta {
        TimeDelta::seconds(self.0 as i64)
    }
}

/// Why a text is no duration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a duration: write a whole number and a unit, such as 90s, 15m, 24h or 30d, up to 36500d")]
pub struct NotADuration;

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let (number, factor) =
            UNITS.iter().find_map(|&(unit, factor)| Some((text.strip_suffix(unit)?, factor))).ok_or(NotADuration)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotADuration);
        }
        let seconds = number.parse::<u32>().ok().and_then(|n| n.checked_mul(factor)).ok_or(NotADuration)?;
        if seconds > 36_500 * 86_400 { Err(NotADuration) } else { Ok(Self(seconds)) }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) =
            UNITS.into_iter().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor)).unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_each_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000)] {
            assert_eq!(text.parse::<Duration>().unwrap().as_seconds(), seconds, "{text}");
        }
        assert_eq!(Duration::seconds(90).to_string(), "90s");
        assert_eq!(Duration::hours(24).to_string(), "1d");
        assert_eq!(Duration::ZERO.to_string(), "0s");
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "s", "90", "-1s", "+1s", "1.5h", "1 h", "1w", "1h30m", "99999999999d", "36501d", "٣s"] {
            assert_eq!(text.parse::<Duration>(), Err(NotADuration), "{text}");
        }
    }
}
