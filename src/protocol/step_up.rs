//! What a resource demands of the sign-in behind a token, and the challenge where it falls short (RFC 9470 section 3).

use super::acr;
use super::error::{Refusal, invalid_request};
use super::params::Params;
use crate::base::clock::Time;

/// A level and an age; nothing demanded is always met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// One of these levels, or one above.
    pub acr_values: Vec<String>,
    /// Seconds since the sign-in, at most.
    pub max_age: Option<u32>,
}

impl Demand {
    /// Reads `acr_values` and `max_age`, as the authorization request spells them.
    pub fn parse(params: &Params) -> Result<Self, Refusal> {
        let max_age = params.one("max_age")?.map(str::parse).transpose();
        Ok(Self {
            acr_values: params.one("acr_values")?.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            max_age: max_age.map_err(|_| invalid_request("max_age is not a number of seconds"))?,
        })
    }

    /// Whether a sign-in of this level at this time is enough now.
    pub fn is_met(&self, acr: Option<&str>, auth_time: Option<i64>, now: Time) -> bool {
        let level = self.acr_values.is_empty() || acr.is_some_and(|acr| acr::is_reached(acr, &self.acr_values));
        let young = |max_age: u32| auth_time.is_some_and(|at| now.timestamp() - at <= i64::from(max_age));
        level && self.max_age.is_none_or(young)
    }

    /// The parameters of the challenge that tell a client what to ask for. Levels that a header cannot hold are left out.
    pub fn challenge(&self) -> String {
        let plain = |level: &&String| level.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
        let levels: Vec<_> = self.acr_values.iter().filter(plain).map(String::as_str).collect();
        let levels = (!levels.is_empty()).then(|| format!(", acr_values=\"{}\"", levels.join(" ")));
        let age = self.max_age.map(|seconds| format!(", max_age=\"{seconds}\""));
        [levels, age].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::acr::PASSWORD;

    fn demand(query: &str) -> Demand {
        Demand::parse(&Params::parse(query.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn level_and_age_must_both_do() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let at = |seconds: i64| Some(now.timestamp() - seconds);
        let by_level = format!("acr_values={PASSWORD}");
        let both = format!("{by_level}&max_age=60");
        for (query, acr, auth_time, expected) in [
            ("", None, None, true),
            ("max_age=60", None, at(60), true),
            ("max_age=60", None, at(61), false),
            ("max_age=60", Some(PASSWORD), None, false),
            (by_level.as_str(), Some(PASSWORD), None, true),
            (by_level.as_str(), None, at(0), false),
            (by_level.as_str(), Some("other"), at(0), false),
            (both.as_str(), Some(PASSWORD), at(61), false),
            (both.as_str(), Some(PASSWORD), at(1), true),
        ] {
            assert_eq!(demand(query).is_met(acr, auth_time, now), expected, "{query} {acr:?}");
        }
    }

    #[test]
    fn the_challenge_says_what_to_ask_for() {
        assert_eq!(demand("").challenge(), "");
        assert_eq!(demand("acr_values=a+b&max_age=5").challenge(), ", acr_values=\"a b\", max_age=\"5\"");
        assert_eq!(demand("acr_values=a%22+b%5c").challenge(), "");
        assert!(Demand::parse(&Params::parse(b"max_age=soon").unwrap()).is_err());
    }
}
