//! Who hears of an end, and what becomes of telling them: the rules of the projections that call others.

use chrono::TimeDelta;

use super::policy::retention;
use super::revocation::{EndReason, Initiator, Recorded, Revoked, Scope};
use super::session::Kind;
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::{DeliveryId, GrantId, RevocationId, SessionId};

super::names! {
    /// Who reads the outbox and calls others.
    Projection {
        /// Logout tokens for clients (OpenID Connect Back-Channel Logout 1.0).
        BackchannelLogout = "backchannel_logout",
        /// Signed messages for whoever asked for them.
        Webhooks = "webhooks",
    }
}

super::names! {
    /// What became of telling somebody.
    DeliveryState {
        /// To be tried, for the first time or again.
        Pending = "pending",
        Delivered = "delivered",
        /// Given up; an admin can revive it.
        Dead = "dead",
    }
}

/// How often it is tried: over 20 hours at the rate of [`pause`].
pub const MOST_ATTEMPTS: i64 = 32;
/// How long one attempt belongs to the node that began it. A call takes 5 s at most.
pub const LEASE: TimeDelta = TimeDelta::seconds(15);

/// Why an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// An answer that is no success.
    Status(u16),
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// The address must not be called.
    Blocked,
    /// The logout token or the message could not be signed.
    Unsigned,
    /// Nobody is there to be told any more.
    Gone,
    /// The webhook is switched off.
    Disabled,
}

impl Miss {
    /// A word, or `status 503`.
    pub fn text(self) -> String {
        match self {
            Self::Status(status) => format!("status {status}"),
            Self::Timeout => "timeout".into(),
            Self::Unreachable => "unreachable".into(),
            Self::Blocked => "blocked".into(),
            Self::Unsigned => "unsigned".into(),
            Self::Gone => "gone".into(),
            Self::Disabled => "disabled".into(),
        }
    }

    /// Whether another attempt may end better.
    const fn may_pass(self) -> bool {
        !matches!(self, Self::Gone | Self::Disabled)
    }
}

/// What one of those who hear has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub projection: Projection,
    pub revocation: RevocationId,
    pub position: i64,
    /// The id of a client or of a webhook.
    pub target: String,
    pub session: SessionId,
    pub state: DeliveryState,
    pub attempts: i64,
    pub created_at: Time,
    /// The next attempt; `None` once it is settled.
    pub due_at: Option<Time>,
    pub settled_at: Option<Time>,
    /// [`Miss::text`] of the last attempt that came to nothing.
    pub last_error: Option<String>,
}

/// What happens after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Delivered,
    Again(Time),
    Dead,
}

/// Judges the attempt of this number, the first being 1. `chance` spreads the next one.
pub fn after(attempts: i64, outcome: Result<(), Miss>, now: Time, chance: u16) -> Next {
    match outcome {
        Ok(()) => Next::Delivered,
        Err(miss) if miss.may_pass() && attempts < MOST_ATTEMPTS => Next::Again(now + pause(attempts, chance)),
        Err(_) => Next::Dead,
    }
}

/// 1 s after the first attempt, then twice as long each time up to an hour; a fifth shorter or longer.
pub(super) fn pause(attempts: i64, chance: u16) -> TimeDelta {
    let doublings = u32::try_from((attempts - 1).clamp(0, 12)).unwrap_or(12);
    let millis = (1_000_i64 << doublings).min(3_600_000);
    let spread = millis * 2 / 5;
    TimeDelta::milliseconds(millis - spread / 2 + spread * i64::from(chance) / i64::from(u16::MAX))
}

/// How long the row of a delivery is kept once it is settled; `None` while it is not.
pub const fn kept(state: DeliveryState) -> Option<Duration> {
    match state {
        DeliveryState::Pending => None,
        DeliveryState::Delivered => Some(retention::OUTBOX),
        DeliveryState::Dead => Some(retention::DEAD_DELIVERY),
    }
}

/// The session that an end is about, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    pub kind: Kind,
    pub ended_at: Option<Time>,
    pub origin: Option<SessionId>,
    pub origin_ended_at: Option<Time>,
}

impl Stand {
    /// The `sid` of the ID tokens that came from this session: the browser's.
    pub fn sid(&self, session: SessionId) -> SessionId {
        self.origin.unwrap_or(session)
    }
}

/// A grant that a session gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub grant: GrantId,
    pub client_id: String,
    /// Whether it gave ID tokens.
    pub openid: bool,
    pub ended_at: Option<Time>,
}

/// Whether the client of a grant is sent a logout token about this end.
///
/// Told are clients that got ID tokens and were still let in when the end came, also the one that asked for it. Not told
/// is a client that revoked its own token, for it knows; nor that an offline session ran out, for no browser is signed out
/// by that. One act tells a client once about one `sid`.
pub fn hears(of: &Recorded, stand: &Stand, member: &Member) -> bool {
    let end = &of.revocation.end;
    let by_client = end.initiator == Initiator::Client;
    member.openid
        && match &of.revocation.revoked {
            Revoked::Session(_) => {
                let let_in = member.ended_at.is_none_or(|ended| ended >= end.at);
                let_in
                    && match stand.kind {
                        Kind::Person => true,
                        Kind::Offline => {
                            let by_clock = matches!(end.reason, EndReason::Idle | EndReason::Absolute);
                            !by_clock && !by_client && stand.origin_ended_at != Some(end.at)
                        }
                        Kind::Machine => false,
                    }
            }
            Revoked::Grant { grant, .. } => {
                let knows = by_client && matches!(of.revocation.scope, Scope::Token | Scope::Family);
                member.grant == *grant && !knows && stand.ended_at.is_none_or(|ended| ended > end.at)
            }
            Revoked::Token { .. } => false,
        }
}

/// Whether the client of the grant that ended was let in by others of the same session that go on: then nobody is signed
/// out there.
pub fn goes_on(of: &Recorded, members: &[Member]) -> bool {
    let Revoked::Grant { client_id, .. } = &of.revocation.revoked else { return false };
    let end = of.revocation.end.at;
    let lives = |member: &Member| member.openid && member.ended_at.is_none_or(|ended| ended > end);
    members.iter().any(|member| member.client_id == *client_id && lives(member))
}

/// What a logout token names beside the person (OpenID Connect Back-Channel Logout 1.0 section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// One session, by its `sid`.
    Session,
    /// No session: all of the person's.
    Everything,
}

/// Whether the client has the person signed in again, or still, by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Elsewhere,
    Nowhere,
}

/// Everything is named only when everything ended and nothing has begun since: a token that comes late must not sign
/// somebody out who has signed in anew.
pub fn names(scope: Scope, session_required: bool, presence: Presence) -> Names {
    match (scope, session_required, presence) {
        (Scope::User, false, Presence::Nowhere) => Names::Everything,
        _ => Names::Session,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::revocation::{End, Revocation};
    use crate::domain::session::tests::at;

    fn ids() -> (SessionId, GrantId, RevocationId) {
        let dice = SeededEntropy::new(1);
        (SessionId::new(at(0), &dice), GrantId::new(at(0), &dice), RevocationId::new(at(0), &dice))
    }

    fn recorded(revoked: Revoked, scope: Scope, reason: EndReason, initiator: Initiator) -> Recorded {
        let end = End { at: at(100), reason, initiator };
        let revocation = Revocation { id: ids().2, recorded_at: at(100), revoked, scope, end };
        Recorded { position: 1, revocation, user: None, client_id: None }
    }

    fn member() -> Member {
        Member { grant: ids().1, client_id: "app".into(), openid: true, ended_at: None }
    }

    const BROWSER: Stand = Stand { kind: Kind::Person, ended_at: None, origin: None, origin_ended_at: None };

    #[test]
    fn clients_that_were_let_in_hear_of_the_end_of_a_session() {
        for initiator in Initiator::ALL {
            for reason in EndReason::ALL {
                let end = recorded(Revoked::Session(ids().0), Scope::Session, *reason, *initiator);
                let ended = Stand { ended_at: Some(at(100)), ..BROWSER };
                let hears = |member: &Member| hears(&end, &ended, member);
                assert!(hears(&member()), "{reason:?} {initiator:?}");
                assert!(hears(&Member { ended_at: Some(at(100)), ..member() }), "ended in the same act");
                assert!(!hears(&Member { ended_at: Some(at(99)), ..member() }), "was told before");
                assert!(!hears(&Member { openid: false, ..member() }), "has nobody signed in");
            }
        }
        let machine = Stand { kind: Kind::Machine, ..BROWSER };
        let end = recorded(Revoked::Session(ids().0), Scope::Session, EndReason::Admin, Initiator::Admin);
        assert!(!hears(&end, &machine, &member()));
    }

    #[test]
    fn an_offline_session_is_told_unless_it_ran_out_or_its_client_let_it_go() {
        let offline = Stand { kind: Kind::Offline, ended_at: Some(at(100)), ..BROWSER };
        let with_origin = Stand { origin_ended_at: Some(at(100)), ..offline.clone() };
        for (reason, initiator, stand, told) in [
            (EndReason::Admin, Initiator::Admin, &offline, true),
            (EndReason::Theft, Initiator::System, &offline, true),
            (EndReason::Logout, Initiator::User, &offline, true),
            (EndReason::Absolute, Initiator::System, &offline, false),
            (EndReason::Logout, Initiator::Client, &offline, false),
            // The browser's session ended in the same act and tells it.
            (EndReason::Admin, Initiator::Admin, &with_origin, false),
        ] {
            let end = recorded(Revoked::Session(ids().0), Scope::User, reason, initiator);
            assert_eq!(hears(&end, stand, &member()), told, "{reason:?} {initiator:?}");
        }
    }

    #[test]
    fn a_grant_that_ends_alone_is_told_to_its_client() {
        let (session, grant, _) = ids();
        let revoked = Revoked::Grant { session, grant, client_id: "app".into() };
        let told = |scope, initiator, stand: &Stand, member: &Member| {
            hears(&recorded(revoked.clone(), scope, EndReason::Logout, initiator), stand, member)
        };
        assert!(told(Scope::Grant, Initiator::User, &BROWSER, &member()));
        assert!(told(Scope::Grant, Initiator::Client, &BROWSER, &member()), "logout of this app alone");
        assert!(!told(Scope::Family, Initiator::Client, &BROWSER, &member()), "it revoked its own token");
        assert!(told(Scope::Family, Initiator::System, &BROWSER, &member()), "theft");
        let other = Member { grant: GrantId::new(at(1), &SeededEntropy::new(2)), ..member() };
        assert!(!told(Scope::Grant, Initiator::User, &BROWSER, &other));
        let over = |ended| Stand { ended_at: Some(at(ended)), ..BROWSER };
        assert!(!told(Scope::Grant, Initiator::User, &over(100), &member()), "its session tells it");
        assert!(told(Scope::Grant, Initiator::User, &over(101), &member()), "its session ended later");
        let token = Revoked::Token { session, client_id: "app".into(), jti: "x".into() };
        let token = recorded(token, Scope::Token, EndReason::Logout, Initiator::Admin);
        assert!(!hears(&token, &BROWSER, &member()));
    }

    #[test]
    fn everything_is_named_only_while_it_is_true() {
        for scope in Scope::ALL {
            for session_required in [false, true] {
                for presence in [Presence::Elsewhere, Presence::Nowhere] {
                    let everything = *scope == Scope::User && !session_required && presence == Presence::Nowhere;
                    let expected = if everything { Names::Everything } else { Names::Session };
                    assert_eq!(names(*scope, session_required, presence), expected, "{scope:?} {presence:?}");
                }
            }
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_vary_by_a_fifth() {
        for (attempts, seconds) in [(1, 1), (2, 2), (3, 4), (12, 2_048), (13, 3_600), (31, 3_600), (i64::MAX, 3_600)] {
            let usual = seconds * 1_000;
            assert_eq!(pause(attempts, 0).num_milliseconds(), usual * 4 / 5, "{attempts}");
            assert_eq!(pause(attempts, u16::MAX).num_milliseconds(), usual * 6 / 5, "{attempts}");
        }
        let hours = (1..MOST_ATTEMPTS).map(|attempts| pause(attempts, u16::MAX / 2).num_seconds()).sum::<i64>() / 3_600;
        assert_eq!(hours, 20);
    }

    #[test]
    fn what_fails_is_tried_again_until_it_is_dead() {
        let again = |attempts, miss| matches!(after(attempts, Err(miss), at(0), 0), Next::Again(_));
        assert_eq!(after(1, Ok(()), at(0), 0), Next::Delivered);
        for miss in [Miss::Status(400), Miss::Timeout, Miss::Unreachable, Miss::Blocked, Miss::Unsigned] {
            assert!(again(1, miss) && again(MOST_ATTEMPTS - 1, miss), "{miss:?}");
            assert_eq!(after(MOST_ATTEMPTS, Err(miss), at(0), 0), Next::Dead, "{miss:?}");
        }
        for miss in [Miss::Gone, Miss::Disabled] {
            assert_eq!(after(1, Err(miss), at(0), 0), Next::Dead, "{miss:?}");
        }
    }
}
