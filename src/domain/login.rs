//! Sign-in by password: who may try, what an attempt costs, what it yields
//! (NIST SP 800-63B-4 section 3.2.2; OWASP ASVS 5.0 6.3.1).
//!
//! An attempt is counted before the password is looked at, so that a thousand at once get no more verdicts than one
//! after the other. Success takes the counts of the account and its pair back.

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
}

/// Consecutive failures after which the password, never the account, is out of use until an admin sets a new one.
pub const DISABLED_AFTER: i64 = 100;

impl Counted {
    pub const ALL: [Self; 3] = [Self::Pair, Self::Account, Self::Source];

    /// Failures that cost nothing.
    const fn free(self) -> i64 {
        match self {
            Self::Pair => 5,
            Self::Account => 20,
            Self::Source => 50,
        }
    }

    /// The key under which the failures of this name and source are kept.
    pub fn key(self, username_key: &str, source: &str) -> Digest {
        match self {
            Self::Pair => Digest::of(&format!("pair\n{source}\n{username_key}")),
            Self::Account => Digest::of(&format!("account\n{username_key}")),
            Self::Source => Digest::of(&format!("source\n{source}")),
        }
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
pub struct Counter {
    pub failures: i64,
    pub blocked_to: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Look at the password; these are the counters to write first.
    Try([Counter; 3]),
    /// Too many failures: nobody looks at anything before then.
    Wait(Time),
    /// The password is out of use.
    Disabled,
}

/// Whether this attempt may be made, given the counters of [`Counted::ALL`].
pub fn admit(counters: [Option<Counter>; 3], now: Time) -> Admission {
    let failures = |at: usize| counters[at].map_or(0, |counter| counter.failures);
    if failures(1) >= DISABLED_AFTER {
        return Admission::Disabled;
    }
    if let Some(blocked_to) = counters.iter().flatten().map(|counter| counter.blocked_to).max().filter(|end| now < *end)
    {
        return Admission::Wait(blocked_to);
    }
    Admission::Try(std::array::from_fn(|at| {
        let failures = failures(at) + 1;
        Counter { failures, blocked_to: now + Counted::ALL[at].wait(failures) }
    }))
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
        None => Verdict::Refused("no such user"),
        Some(user) if user.password_hash.is_none() => Verdict::Refused("the user has no password"),
        Some(_) if !password_fits => Verdict::Refused("wrong password"),
        Some(user) if user.disabled => Verdict::Refused("the user is disabled"),
        Some(user) => Verdict::SignedIn(Box::new(user)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::at;

    fn counter(failures: i64, blocked: i64) -> Option<Counter> {
        Some(Counter { failures, blocked_to: at(blocked) })
    }

    #[test]
    fn waits_grow_from_half_a_minute_to_an_hour() {
        let waits: Vec<i64> = (4..14).map(|failures| Counted::Pair.wait(failures).num_seconds()).collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(Counted::Account.wait(19).num_seconds(), 0);
        assert_eq!(Counted::Source.wait(50).num_seconds(), 30);
    }

    #[test]
    fn an_attempt_is_counted_before_it_is_judged() {
        let Admission::Try(counters) = admit([None, None, None], at(0)) else { panic!() };
        assert!(counters.iter().all(|counter| counter.failures == 1 && counter.blocked_to == at(0)));
        let Admission::Try(counters) = admit([counter(4, 0), None, None], at(0)) else { panic!() };
        assert_eq!(counters[0], Counter { failures: 5, blocked_to: at(30) });
    }

    #[test]
    fn any_counter_can_make_everybody_wait() {
        assert_eq!(admit([counter(5, 30), None, None], at(29)), Admission::Wait(at(30)));
        assert_eq!(admit([None, None, counter(60, 99)], at(29)), Admission::Wait(at(99)));
        assert!(matches!(admit([counter(5, 30), None, None], at(30)), Admission::Try(_)));
    }

    #[test]
    fn a_hundred_failures_put_the_password_out_of_use() {
        assert!(matches!(admit([None, counter(99, 0), None], at(0)), Admission::Try(_)));
        assert_eq!(admit([None, counter(100, 0), None], at(99_999)), Admission::Disabled);
    }

    #[test]
    fn keys_keep_names_and_sources_apart() {
        let key = |counted: Counted| counted.key("alice", "192.0.2.1");
        assert_ne!(key(Counted::Pair), key(Counted::Account));
        assert_eq!(key(Counted::Account), Counted::Account.key("alice", "192.0.2.2"));
        assert_ne!(key(Counted::Pair), Counted::Pair.key("alice", "192.0.2.2"));
    }
}
