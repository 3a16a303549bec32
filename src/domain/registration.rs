//! Clients that register themselves: how many of one source, and on whose word (RFC 7591 section 3).

use chrono::TimeDelta;

use super::login::{Counter, network};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::RegistrationTokenId;
use crate::base::secret::Digest;

/// Registrations of one source are counted for so long, from the first one on.
pub const WINDOW: Duration = Duration::hours(1);

/// The key under which the registrations from an address are counted, together with those of its network.
pub fn counted(address: &str) -> Digest {
    Digest::of(&format!("registration\n{}", network(address)))
}

/// One more registration of a source: the counter as it is then, or how long the source must wait.
pub fn count(counter: Counter, limit: u32, now: Time) -> Result<Counter, TimeDelta> {
    if counter.failures == 0 || counter.blocked_to <= now {
        return Ok(Counter { failures: 1, blocked_to: now + WINDOW.delta(), last_at: now });
    }
    if counter.failures >= i64::from(limit) {
        return Err(counter.blocked_to - now);
    }
    Ok(Counter { failures: counter.failures + 1, last_at: now, ..counter })
}

/// An initial access token: lets a few clients register until it expires.
#[derive(Clone, Debug)]
pub struct RegistrationToken {
    pub id: RegistrationTokenId,
    pub digest: Digest,
    /// What the admin calls it.
    pub label: Option<String>,
    pub uses_left: i64,
    pub created_at: Time,
    pub expires_at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::at;

    #[test]
    fn a_source_has_so_many_in_an_hour() {
        let mut counter = Counter { failures: 0, blocked_to: at(0), last_at: at(0) };
        for step in 0..3 {
            counter = count(counter, 3, at(step)).unwrap();
        }
        assert_eq!((counter.failures, counter.blocked_to), (3, at(3_600)));
        assert_eq!(count(counter, 3, at(600)), Err(TimeDelta::seconds(3_000)));
        assert_eq!(count(counter, 3, at(3_600)).unwrap().failures, 1);
        assert_eq!(count(counter, 4, at(600)).unwrap().failures, 4);
    }
}
