//! One-time passwords by the clock (RFC 6238; RFC 4226): SHA-1, six digits, steps of thirty seconds, as every app knows them.

use url::form_urlencoded::byte_serialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::base::clock::Time;
use crate::base::entropy::{Entropy, draw};
use crate::base::secret::{base32, same};
use crate::base::vault::hmac_sha1;

/// Seconds for which a password is the same.
pub const STEP: i64 = 30;
const DIGITS: u32 = 6;

/// How many steps before and after the current one count too: clocks differ, and people type slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// One on each side.
    Drift,
    /// None: the strict profile.
    Exact,
}

impl Window {
    const fn steps(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::Drift => -1..=1,
            Self::Exact => 0..=0,
        }
    }
}

/// What an app and we both know: 160 random bits.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(draw(entropy))
    }

    /// A secret that was kept.
    pub fn kept(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an app that has no camera.
    pub fn text(&self) -> String {
        base32(&self.0)
    }

    /// What an app reads from a picture.
    pub fn uri(&self, issuer: &str, username: &str) -> String {
        // Apps take a plus for what it is, not for a space.
        let plain = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, username) = (plain(issuer), plain(username));
        let secret = self.text();
        format!(
            "otpauth://totp/{issuer}:{username}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
        )
    }

    /// The password of a step.
    pub fn password(&self, step: i64) -> String {
        let tag = hmac_sha1(&self.0, &step.to_be_bytes());
        let at = usize::from(tag[19] & 15);
        let four = [tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]];
        let number = u32::from_be_bytes(four) % 10_u32.pow(DIGITS);
        format!("{number:06}")
    }

    /// The step of which this is the password, if it is one of now. Every step is compared, in constant time.
    pub fn step_of(&self, typed: &str, now: Time, window: Window) -> Option<i64> {
        let current = step(now);
        let steps = window.steps().map(|away| current + away);
        // Of two steps that happen to have one password the earlier counts: the other may still be used.
        let fits = |step: i64| same(self.password(step).as_bytes(), typed.as_bytes());
        steps.rev().fold(None, |found, step| if fits(step) { Some(step) } else { found })
    }
}

/// The step at this time.
pub fn step(now: Time) -> i64 {
    now.timestamp().div_euclid(STEP)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::base::entropy::SeededEntropy;

    fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn standard() -> TotpSecret {
        TotpSecret::kept(b"12345678901234567890").unwrap()
    }

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn passwords_are_those_of_the_standard() {
        for (time, password) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(standard().password(step(at(time))), password, "{time}");
            assert_eq!(standard().step_of(password, at(time), Window::Exact), Some(step(at(time))));
        }
    }

    #[test]
    fn a_password_counts_for_its_step_and_one_on_each_side() {
        let (secret, step) = (standard(), 50_000_000);
        let password = secret.password(step);
        let begin = step * STEP;
        for (time, drift, exact) in [
            (begin - 31, false, false),
            (begin - 30, true, false),
            (begin - 1, true, false),
            (begin, true, true),
            (begin + 29, true, true),
            (begin + 30, true, false),
            (begin + 59, true, false),
            (begin + 60, false, false),
        ] {
            let found = |window| secret.step_of(&password, at(time), window) == Some(step);
            assert_eq!((found(Window::Drift), found(Window::Exact)), (drift, exact), "{}", time - begin);
        }
    }

    #[test]
    fn a_secret_has_160_bits_and_no_other_length_is_one() {
        let secret = TotpSecret::new(&SeededEntropy::new(1));
        assert_eq!((secret.expose().len(), secret.text().len()), (20, 32));
        assert!(TotpSecret::kept(&[0; 19]).is_none() && TotpSecret::kept(&[0; 21]).is_none());
        for typed in ["", "12345", "1234567", "٠١٢٣٤٥"] {
            assert_eq!(secret.step_of(typed, at(0), Window::Drift), None, "{typed}");
        }
    }

    #[test]
    fn what_an_app_reads_names_issuer_and_person() {
        assert_eq!(
            standard().uri("id.example:8443", "jürgen müller+1"),
            "otpauth://totp/id.example%3A8443:j%C3%BCrgen%20m%C3%BCller%2B1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=id.example%3A8443&algorithm=SHA1&digits=6&period=30"
        );
    }
}
