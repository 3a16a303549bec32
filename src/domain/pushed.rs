//! How long a pushed request waits, and who must push (RFC 9126 sections 2.2, 4 and 6).

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::policy::{PENDING_REQUEST, PUSHED_REQUEST, Policy};
use crate::base::clock::Time;
use crate::protocol::error::{Code, Refusal, invalid_request};

const EXPIRED: Refusal = Refusal::new(Code::InvalidRequestUri, "the pushed request is expired");

/// What a pushed request is known by, once a browser brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    pub id: [u8; 16],
    /// When nothing is given for it any more.
    pub until: Time,
}

impl Pushed {
    /// A browser brings it now. In time for that, the person has longer; both count from the push.
    pub fn brought(id: [u8; 16], born: Time, now: Time) -> Self {
        let end = born + PUSHED_REQUEST.delta();
        Self { id, until: if now < end { born + PENDING_REQUEST.delta() } else { end } }
    }
}

/// Whether a request may come as it came: pushed and in time, or by itself where nobody must push.
pub fn may_come(pushed: Option<&Pushed>, client: &Client, policy: &Policy, now: Time) -> Result<(), Refusal> {
    match pushed {
        Some(pushed) if now >= pushed.until => Err(EXPIRED),
        None if policy.require_pushed || client.metadata.require_pushed_authorization_requests => {
            Err(invalid_request("the request must be pushed (RFC 9126)"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_browser_has_a_minute_and_a_person_an_hour_from_the_push() {
        let born: Time = "2026-01-31T12:00:00.5Z".parse().unwrap();
        let until = |after| Pushed::brought([0; 16], born, born + after).until - born;
        let (second, instant) = (TimeDelta::seconds(1), TimeDelta::microseconds(1));
        assert_eq!(until(TimeDelta::zero()), TimeDelta::hours(1));
        assert_eq!(until(second * 60 - instant), TimeDelta::hours(1));
        assert_eq!(until(second * 60), second * 60, "nothing is given for it at that moment");
    }
}
