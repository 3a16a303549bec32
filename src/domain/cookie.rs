//! The secret in a browser's session cookie: it changes with every proof, and an old one tells a slow tab from a thief
//! (OWASP ASVS 5.0 7.2.4; NIST SP 800-63B-4 section 5.1).
//!
//! The row keeps three digests: of the secret that is good, of the one before it, and of one that was sent out but never
//! arrived. The rules are those of the refresh family ([`super::refresh`]):
//!
//! | presented | verdict |
//! |---|---|
//! | the secret that is good | Serve |
//! | the one before, within the window after the renewal | Serve: a tab that was under way |
//! | the one before, later; the new one was never used | Lost: the answer with the new secret never arrived. A page gives another one, and the unused one is now stale; the gateway, which has no way to set a cookie, serves |
//! | the one before, later; the new one was used | Theft: the session ends |
//! | a stale one | Theft: whoever holds it took an answer that was not theirs |
//! | anything older | nobody's: no digest is kept of it |
//!
//! So an honest browser that lost an answer goes on, and of two who hold the same old secret one is found out as soon as
//! both come: only one of them can use what the page gave. In the strict profile the window is zero.

use chrono::TimeDelta;

use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::secret::Digest;

/// What a session knows of its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The digest of the secret that is good.
    pub current: Digest,
    /// The one before the last renewal, with the time of that.
    pub previous: Option<(Digest, Time)>,
    /// One that was sent out, was never used, and was replaced.
    pub stale: Option<Digest>,
    /// Whether the current one has come back since it was sent out.
    pub used: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The current secret; `first` when a renewal made it and it comes for the first time.
    Current { first: bool },
    /// The one before, while tabs may still be under way.
    Previous,
    /// The one before, in place of one that never arrived.
    Lost,
    /// A secret that only a thief would still use.
    Stolen,
    /// None of this session's.
    Unknown,
}

impl Binding {
    /// What a presented secret is. The digests are those of random secrets, so that comparing them tells nothing.
    pub fn judge(&self, presented: &Digest, now: Time, window: Duration) -> Presented {
        if *presented == self.current {
            return Presented::Current { first: self.previous.is_some() && !self.used };
        }
        if self.stale.as_ref() == Some(presented) {
            return Presented::Stolen;
        }
        match &self.previous {
            Some((previous, renewed)) if previous == presented => match now - *renewed {
                // A clock that was set back makes no thief.
                passed if passed < window.delta() || passed < TimeDelta::zero() => Presented::Previous,
                _ if self.used => Presented::Stolen,
                _ => Presented::Lost,
            },
            _ => Presented::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::session::tests::at;

    const WINDOW: Duration = Duration::seconds(10);

    fn digest(number: u8) -> Digest {
        Digest([number; 32])
    }

    /// Renewed at second 100 from secret 1 to secret 2.
    fn renewed(used: bool) -> Binding {
        Binding { current: digest(2), previous: Some((digest(1), at(100))), stale: None, used }
    }

    #[test]
    fn the_table() {
        let fresh = Binding { current: digest(1), previous: None, stale: None, used: false };
        assert_eq!(fresh.judge(&digest(1), at(1), WINDOW), Presented::Current { first: false });
        assert_eq!(fresh.judge(&digest(9), at(1), WINDOW), Presented::Unknown);
        for (used, presented, seconds, verdict) in [
            (false, 2, 100, Presented::Current { first: true }),
            (true, 2, 100, Presented::Current { first: false }),
            (false, 1, 109, Presented::Previous),
            (true, 1, 109, Presented::Previous),
            (true, 1, 90, Presented::Previous),
            (false, 1, 110, Presented::Lost),
            (true, 1, 110, Presented::Stolen),
            (true, 0, 101, Presented::Unknown),
        ] {
            assert_eq!(
                renewed(used).judge(&digest(presented), at(seconds), WINDOW),
                verdict,
                "{used} {presented} {seconds}"
            );
        }
        let replaced = Binding { current: digest(3), stale: Some(digest(2)), ..renewed(false) };
        assert_eq!(replaced.judge(&digest(2), at(101), WINDOW), Presented::Stolen, "the answer that was lost");
        assert_eq!(replaced.judge(&digest(1), at(101), WINDOW), Presented::Previous);
    }

    #[test]
    fn a_window_of_zero_has_no_patience() {
        assert_eq!(renewed(true).judge(&digest(1), at(100), Duration::ZERO), Presented::Stolen);
        assert_eq!(renewed(false).judge(&digest(1), at(100), Duration::ZERO), Presented::Lost);
    }

    proptest! {
        /// However a browser loses answers, alone it is never taken for a thief; a second one with the same secret is
        /// found out once both have come.
        #[test]
        fn one_browser_is_never_a_thief_and_two_are_found(lost in proptest::collection::vec(any::<bool>(), 1..12)) {
            let mut binding = Binding { current: digest(1), previous: None, stale: None, used: false };
            let (mut held, mut next, mut now) = (digest(1), 2, 0);
            for lost in lost {
                now += 60;
                match binding.judge(&held, at(now), WINDOW) {
                    Presented::Current { .. } => {
                        binding = Binding { current: digest(next), previous: Some((held, at(now))), stale: None, used: false };
                    }
                    Presented::Lost => {
                        binding = Binding { current: digest(next), previous: Some((held, at(now))), stale: Some(binding.current), used: false };
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
                if !lost {
                    held = digest(next);
                }
                next += 1;
            }
            let copy = held;
            match binding.judge(&held, at(now + 60), WINDOW) {
                Presented::Lost => {
                    binding = Binding { current: digest(next), previous: Some((held, at(now + 60))), stale: Some(binding.current), used: true };
                }
                Presented::Current { .. } => {
                    binding = Binding { current: digest(next), previous: Some((held, at(now + 60))), stale: None, used: true };
                }
                other => prop_assert!(false, "{other:?}"),
            }
            prop_assert_eq!(binding.judge(&copy, at(now + 120), WINDOW), Presented::Stolen);
        }
    }
}
