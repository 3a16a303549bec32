//! Sign-in by password: who may try, what an attempt costs, what it yields
//! (NIST SP 800-63B-4 section 3.2.2; OWASP ASVS 5.0 6.3.1).
//!
//! Attempts on one account are judged one after the other on each node, so that a thousand at once get hardly more
//! verdicts than a thousand in a row. Success forgets the failures of the account.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::user::User;
use crate::base::clock::Time;
use crate::base::secret::Digest;

/// Whose failures are counted. A name needs no account behind it: unknown names behave like known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// One account name from one source: the person's own mistakes.
    Pair,
    /// One account name from everywhere: a guess from many places.
    Account,
    /// One source on every name: a list of passwords.
    Source,
    /// One source on every name while a directory is away, when many honest people try: a flood.
    Crowd,
}

/// Consecutive failures after which the password, never the account, is out of use until an admin sets a new one.
pub const DISABLED_AFTER: i64 = 100;

impl Counted {
    /// What a failure counts for.
    pub const JUDGED: [Self; 3] = [Self::Pair, Self::Account, Self::Source];
    /// What an attempt counts for that nobody could judge: the source is not shut for everything else that is proved there.
    pub const UNJUDGED: [Self; 3] = [Self::Pair, Self::Account, Self::Crowd];

    /// Failures that cost nothing.
    const fn free(self) -> i64 {
        match self {
            Self::Pair => 5,
            Self::Account => 20,
            Self::Source => 100,
            Self::Crowd => 1_000,
        }
    }

    /// The key under which the failures of this name and source are kept. A new password is a new start for its owner.
    pub fn key(self, username_key: &str, source: &str, password_hash: &str) -> Digest {
        match self {
            Self::Pair => Digest::of(&format!("pair\n{source}\n{username_key}\n{password_hash}")),
            Self::Account => Self::account(username_key),
            Self::Source => Digest::of(&format!("source\n{source}")),
            Self::Crowd => Digest::of(&format!("crowd\n{source}")),
        }
    }

    /// The keys under which the failures with an authenticator from this source are kept: its own and the source's, which
    /// counts what went wrong with every secret of everybody.
    pub fn keys_of(authenticator: &str, source: &str) -> [Digest; 3] {
        // No name of an account holds a line end.
        Self::JUDGED.map(|counted| counted.key(&format!("authenticator\n{authenticator}"), source, ""))
    }

    /// The key of one account name.
    pub fn account(username_key: &str) -> Digest {
        Digest::of(&format!("account\n{username_key}"))
    }

    /// How long nobody may try after this many failures: 30 s, doubled with each further one, at most an hour.
    pub fn wait(self, failures: i64) -> TimeDelta {
        match failures - self.free() {
            ..0 => TimeDelta::zero(),
            over @ 0..7 => TimeDelta::seconds(30 << over),
            _ => TimeDelta::hours(1),
        }
    }
}

/// What is counted under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Counter {
    pub failures: i64,
    pub blocked_to: Time,
    pub last_at: Time,
}

impl Counter {
    /// The counter after one more failure.
    pub fn after_failure(self, counted: Counted, now: Time) -> Self {
        let failures = self.at(counted, now) + 1;
        Self { failures, blocked_to: now + counted.wait(failures), last_at: now }
    }

    /// Whether so many failures in a row put the account's password out of use.
    pub fn disables(self, counted: Counted) -> bool {
        counted == Counted::Account && self.failures >= DISABLED_AFTER
    }

    /// What is left of the failures now. Those of a source are halved with each hour without one: many people share one,
    /// and no success of theirs forgives an attacker's guesses.
    fn at(self, counted: Counted, now: Time) -> i64 {
        match counted {
            Counted::Pair | Counted::Account => self.failures,
            Counted::Source | Counted::Crowd => self.failures >> (now - self.last_at).num_hours().clamp(0, 62),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Look at the password.
    Try,
    /// Too many failures: nobody looks at anything before then.
    Wait(Time),
}

/// Whether an attempt may be made, given the counters that it falls under.
pub fn admit(counters: &[Counter], now: Time) -> Admission {
    let blocked_to = counters.iter().map(|counter| counter.blocked_to).max();
    blocked_to.filter(|end| now < *end).map_or(Admission::Try, Admission::Wait)
}

/// What an attempt that was admitted yields.
#[derive(Debug)]
pub enum Verdict {
    SignedIn(Box<User>),
    /// One answer for every cause; the cause is for the log.
    Refused(&'static str),
}

/// Decides after the password was checked against the account's hash, or against a decoy.
pub fn decide(user: Option<User>, password_fits: bool) -> Verdict {
    match user {
        Some(user) if user.password_disabled => Verdict::Refused("the password is out of use after too many failures"),
        None => Verdict::Refused("no such user"),
        Some(user) if user.password.is_none() => Verdict::Refused("the user has no password"),
        Some(_) if !password_fits => Verdict::Refused("wrong password"),
        Some(user) if user.disabled => Verdict::Refused("the user is disabled"),
        Some(user) => Verdict::SignedIn(Box::new(user)),
    }
}

/// The source whose failures are counted together: an IPv4 address, or the /64 that one IPv6 customer has.
pub fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) => v6.to_ipv4_mapped().map_or_else(
            || {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            },
            |v4| v4.to_string(),
        ),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::at;

    fn counter(failures: i64, blocked: i64) -> Counter {
        Counter { failures, blocked_to: at(blocked), last_at: at(0) }
    }

    #[test]
    fn waits_grow_from_half_a_minute_to_an_hour() {
        let waits: Vec<i64> = (4..14).map(|failures| Counted::Pair.wait(failures).num_seconds()).collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(Counted::Account.wait(19).num_seconds(), 0);
        assert_eq!(Counted::Source.wait(100).num_seconds(), 30);
        assert_eq!((Counted::Crowd.wait(999).num_seconds(), Counted::Crowd.wait(1_000).num_seconds()), (0, 30));
    }

    #[test]
    fn failures_add_up_to_a_wait() {
        let mut counter = counter(0, 0);
        for _ in 0..4 {
            counter = counter.after_failure(Counted::Pair, at(0));
        }
        assert_eq!(admit(&[counter], at(0)), Admission::Try);
        counter = counter.after_failure(Counted::Pair, at(0));
        assert_eq!(admit(&[counter], at(0)), Admission::Wait(at(30)));
        assert_eq!(admit(&[counter], at(30)), Admission::Try);
    }

    #[test]
    fn any_counter_can_make_everybody_wait() {
        assert_eq!(admit(&[], at(0)), Admission::Try);
        for (failures, until) in [(5, 30), (20, 40), (60, 99)] {
            assert_eq!(admit(&[counter(3, 10), counter(failures, until)], at(29)), Admission::Wait(at(until)));
        }
        assert_eq!(admit(&[counter(3, 10), counter(5, 30)], at(30)), Admission::Try);
    }

    #[test]
    fn a_hundred_failures_put_the_password_out_of_use() {
        assert!(!counter(99, 0).disables(Counted::Account));
        assert!(counter(100, 0).disables(Counted::Account));
        assert!(!counter(100, 0).disables(Counted::Source));
    }

    #[test]
    fn keys_keep_names_and_sources_apart() {
        let key = |counted: Counted| counted.key("alice", "192.0.2.1", "hash");
        assert_ne!(key(Counted::Pair), key(Counted::Account));
        assert_eq!(key(Counted::Account), Counted::Account.key("alice", "192.0.2.2", "other"));
        assert_ne!(key(Counted::Pair), Counted::Pair.key("alice", "192.0.2.2", "hash"));
        assert_ne!(key(Counted::Pair), Counted::Pair.key("alice", "192.0.2.1", "other"), "a new password");
        assert_ne!(key(Counted::Source), key(Counted::Crowd));
    }

    #[test]
    fn the_failures_of_a_source_fade() {
        let source = |seconds| counter(107, 0).after_failure(Counted::Source, at(seconds)).failures;
        assert_eq!((source(3_599), source(3_600), source(7_200), source(999_999_999)), (108, 54, 27, 1));
        assert_eq!(counter(19, 0).after_failure(Counted::Account, at(7_200)).failures, 20);
    }
}
