//! The refresh family: rotation that never logs out an honest client and still catches the thief
//! (RFC 6749 section 6; RFC 9700 section 4.14.2).
//!
//! One row per family. The token is `1.family.generation.tag`; the tag is keyed, so the server can hand out the same
//! token again without having stored it, and a stolen database mints nothing.
//!
//! | presented | verdict |
//! |---|---|
//! | the current generation | Rotate |
//! | the one before, within the retry window | Retry: the same successor again |
//! | the one before, later; its successor was never used | Replace: the unused successor is now stale |
//! | anything else of this family | Reuse: the family ends |
//! | a wrong tag | Refuse: no row is touched |

use super::grant::Grant;
use super::revocation::{EndReason, Ended};
use super::session::Session;
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::{FamilyId, GrantId};
use crate::base::secret::{base64url, from_base64url};
use crate::base::vault::TagKey;
use crate::protocol::error::{Code, Refusal};

#[derive(Clone, Debug)]
pub struct Family {
    pub id: FamilyId,
    pub grant: GrantId,
    /// The generation whose token is good.
    pub generation: i64,
    /// The generation whose use made the current one.
    pub previous: Option<i64>,
    pub rotated_at: Time,
    pub created_at: Time,
    /// Fixed at first issue.
    pub expires_at: Time,
    pub ended: Option<EndReason>,
}

/// What a refresh token says, once its tag was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    pub family: FamilyId,
    pub generation: i64,
}

const VERSION: &str = "1";

impl Presented {
    /// The token of this generation.
    pub fn token(self, key: &TagKey) -> String {
        let body = self.body();
        let tag = base64url(&key.tag(body.as_bytes()));
        format!("{body}.{tag}")
    }

    /// Reads a token; `None` unless we made exactly this text.
    pub fn read(token: &str, key: &TagKey) -> Option<Self> {
        let (body, tag) = token.rsplit_once('.')?;
        let tag = from_base64url(tag)?;
        if !key.verify(body.as_bytes(), &tag) {
            return None;
        }
        let mut parts = body.split('.');
        let (VERSION, family, generation, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
            return None;
        };
        Some(Self { family: family.parse().ok()?, generation: generation.parse().ok()? })
    }

    fn body(self) -> String {
        format!("{VERSION}.{}.{}", self.family.0.simple(), self.generation)
    }
}

impl Family {
    /// Whether the timeline tells of a use now: of the first one ever, and of the first one in each hour of the family's
    /// life. Nothing is read for that.
    pub fn is_worth_telling(&self, now: Time) -> bool {
        let hour = |at: Time| (at - self.created_at).num_hours();
        self.previous.is_none() || hour(now) != hour(self.rotated_at)
    }

    /// The token that is good now.
    pub fn current(&self) -> Presented {
        Presented { family: self.id, generation: self.generation }
    }
}

/// A family with what it hangs on.
#[derive(Clone, Debug)]
pub struct Found {
    pub family: Family,
    pub grant: Grant,
    pub session: Session,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take the next generation.
    Rotate {
        next: i64,
    },
    /// Give the current generation again; nothing is written.
    Retry {
        again: i64,
    },
    /// Take the next generation in place of one that nobody used.
    Replace {
        next: i64,
    },
    /// End the family.
    Reuse(Refusal),
    Refuse(Refusal),
}

/// Decides on a presented token. A wrong client learns nothing and changes nothing.
pub fn decide(found: Option<&Found>, presented: Presented, client_id: &str, now: Time, window: Duration) -> Verdict {
    let refuse = |reason| Verdict::Refuse(invalid(reason));
    let Some(Found { family, grant, session }) = found else {
        return refuse("no such family");
    };
    if grant.client_id != client_id {
        return refuse("the token is another client's");
    }
    // A family that ended with its session carries the session's reason.
    if let Some(ended) = grant.end(session, now).or(family.ended.map(Ended::Grant)) {
        return Verdict::Refuse(ended.refusal());
    }
    if now >= family.expires_at {
        return refuse("the family is expired");
    }
    let is_previous = family.previous == Some(presented.generation);
    match presented.generation {
        current if current == family.generation => Verdict::Rotate { next: current + 1 },
        _ if is_previous && now - family.rotated_at < window.delta() => Verdict::Retry { again: family.generation },
        _ if is_previous => Verdict::Replace { next: family.generation + 1 },
        _ => Verdict::Reuse(invalid("a refresh token that was no longer good was used")),
    }
}

fn invalid(reason: &'static str) -> Refusal {
    Refusal::new(Code::InvalidGrant, "the refresh token is not valid").because(reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::base::vault::RootKey;
    use crate::domain::grant::tests::grant;
    use crate::domain::session::tests::{at, session};

    const WINDOW: Duration = Duration::seconds(10);

    fn key() -> TagKey {
        RootKey::new([3; 32]).tag_key("refresh")
    }

    fn found(generation: i64, previous: Option<i64>) -> Found {
        let dice = SeededEntropy::new(2);
        let session = session();
        let grant = grant(&[]);
        let family = Family {
            id: FamilyId::new(at(0), &dice),
            grant: grant.id,
            generation,
            previous,
            rotated_at: at(100),
            created_at: at(0),
            expires_at: at(80_000),
            ended: None,
        };
        Found { family, grant, session }
    }

    fn present(found: &Found, generation: i64, seconds: i64) -> Verdict {
        let presented = Presented { family: found.family.id, generation };
        decide(Some(found), presented, "app", at(seconds), WINDOW)
    }

    #[test]
    fn the_table() {
        let fresh = found(1, None);
        assert_eq!(present(&fresh, 1, 101), Verdict::Rotate { next: 2 });
        let rotated = found(2, Some(1));
        assert_eq!(present(&rotated, 2, 101), Verdict::Rotate { next: 3 });
        assert_eq!(present(&rotated, 1, 109), Verdict::Retry { again: 2 });
        assert_eq!(present(&rotated, 1, 110), Verdict::Replace { next: 3 });
        let replaced = found(3, Some(1));
        assert!(matches!(present(&replaced, 2, 101), Verdict::Reuse(_)), "a stale successor");
        assert_eq!(present(&replaced, 1, 105), Verdict::Retry { again: 3 });
        let older = found(5, Some(4));
        for generation in [0, 1, 3, 6, -1] {
            assert!(matches!(present(&older, generation, 101), Verdict::Reuse(_)), "{generation}");
        }
    }

    #[test]
    fn the_timeline_tells_of_one_use_an_hour() {
        let mut family = found(1, None).family;
        family.rotated_at = family.created_at;
        let mut told = Vec::new();
        for seconds in (300..3 * 3_600).step_by(300) {
            if family.is_worth_telling(at(seconds)) {
                told.push(seconds);
            }
            family.previous = Some(family.generation);
            family.generation += 1;
            family.rotated_at = at(seconds);
        }
        assert_eq!(told, [300, 3_600, 7_200]);
    }

    #[test]
    fn a_window_of_zero_never_retries() {
        let rotated = found(2, Some(1));
        let presented = Presented { family: rotated.family.id, generation: 1 };
        assert_eq!(decide(Some(&rotated), presented, "app", at(100), Duration::ZERO), Verdict::Replace { next: 3 });
    }

    #[test]
    fn a_stranger_and_an_end_change_nothing() {
        let rotated = found(5, Some(4));
        let presented = Presented { family: rotated.family.id, generation: 1 };
        assert!(matches!(decide(Some(&rotated), presented, "other", at(101), WINDOW), Verdict::Refuse(_)));
        let mut ended = found(2, Some(1));
        ended.family.ended = Some(EndReason::Theft);
        let Verdict::Refuse(refusal) = present(&ended, 2, 101) else { panic!() };
        assert_eq!(refusal.description, "grant ended: theft");
        assert!(matches!(present(&found(2, Some(1)), 2, 3_600), Verdict::Refuse(_)), "the session was idle");
    }

    #[test]
    fn tokens_read_back_and_nothing_else_does() {
        let presented = Presented { family: found(1, None).family.id, generation: 42 };
        let token = presented.token(&key());
        assert_eq!(Presented::read(&token, &key()), Some(presented));
        assert_eq!(token, presented.token(&key()), "deterministic");
        assert_eq!(Presented::read(&token, &RootKey::new([4; 32]).tag_key("refresh")), None);
        for cut in 0..token.len() {
            assert_eq!(Presented::read(&token[..cut], &key()), None, "cut at {cut}");
        }
        assert_eq!(Presented::read(&format!("{token}A"), &key()), None);
    }

    proptest! {
        #[test]
        fn no_other_character_anywhere_is_accepted(at in 0_usize..80, byte in 0x20_u8..0x7f) {
            let token = Presented { family: found(1, None).family.id, generation: 1 }.token(&key());
            prop_assume!(at < token.len() && token.as_bytes()[at] != byte);
            let mut touched = token.into_bytes();
            touched[at] = byte;
            prop_assert_eq!(Presented::read(std::str::from_utf8(&touched).unwrap(), &key()), None);
        }

        /// Whatever is presented in whatever order, at most one generation is good, and only a rotation makes a new one.
        #[test]
        fn never_two_live_branches(steps in proptest::collection::vec((0_i64..6, 0_i64..30), 1..40)) {
            let mut state = found(1, None);
            let mut now = 100;
            for (back, pause) in steps {
                now += pause;
                let generation = state.family.generation - back;
                match present(&state, generation, now) {
                    Verdict::Rotate { next } | Verdict::Replace { next } => {
                        prop_assert_eq!(next, state.family.generation + 1);
                        state.family.previous = Some(generation);
                        state.family.generation = next;
                        state.family.rotated_at = at(now);
                        state.session.last_active_at = at(now);
                    }
                    Verdict::Retry { again } => prop_assert_eq!(again, state.family.generation),
                    Verdict::Reuse(_) => state.family.ended = Some(EndReason::Theft),
                    Verdict::Refuse(_) => prop_assert!(state.family.ended.is_some()),
                }
            }
        }
    }
}
