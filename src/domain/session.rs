//! The session: the root on which every grant, code, family and token hangs. Whether it is open is decided here alone.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::lifetime::{Narrowing, PolicyName, Stay, Terms};
use super::origin::Root;
use super::revocation::{End, EndReason, Initiator};
use super::watch::Watch;
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::{CredentialId, DeviceId, SessionId, UserId};

/// Whether a request shows that a person is there. Only then does it keep a session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Person,
    /// A page that polls, or `prompt=none`.
    Background,
}

super::names! {
    Kind {
        /// A person in a browser.
        Person = "person",
        /// What a person left to a client while away (`offline_access`).
        Offline = "offline",
        /// A client for itself (client credentials).
        Machine = "machine",
    }
}

super::names! {
    State { Live = "live", Ended = "ended" }
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Person(UserId),
    Machine(String),
}

impl Subject {
    /// The `sub` of tokens. A client's never looks like a person's, which is a UUID (RFC 9068 section 5).
    pub fn sub(&self) -> String {
        match self {
            Self::Person(id) => id.to_string(),
            Self::Machine(client_id) => client_id.clone(),
        }
    }

    pub fn person(&self) -> Option<UserId> {
        match self {
            Self::Person(id) => Some(*id),
            Self::Machine(_) => None,
        }
    }
}

/// How and when somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    pub at: Time,
    /// The level reached (OpenID Connect Core 1.0 section 2).
    pub acr: String,
    /// The methods used (RFC 8176).
    pub amr: Vec<String>,
    /// What was proved with. Empty where nobody remembers: it may have been any credential of the person.
    pub credentials: Vec<CredentialId>,
}

/// The session at another provider that a session was opened with (OpenID Connect Back-Channel Logout 1.0 section 2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub provider: String,
    /// The `sub` there.
    pub subject: String,
    /// The `sid` there, where the provider has one.
    pub session: Option<String>,
}

/// Where a request came from, for people to recognise it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub device: Option<DeviceId>,
    /// Who runs the network of the address, and its country (ISO 3166-1 alpha-2), where that is known.
    pub network: Option<String>,
    pub country: Option<String>,
    /// The language of the page that it is about; kept nowhere.
    pub language: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub kind: Kind,
    pub subject: Subject,
    pub authentication: Option<Authentication>,
    pub source: Source,
    pub upstream: Option<Upstream>,
    /// The session this one was split off from.
    pub origin: Option<SessionId>,
    pub created_at: Time,
    pub last_active_at: Time,
    /// How long nothing may happen; `None` for sessions that live without activity.
    pub idle: Option<Duration>,
    pub absolute_end: Time,
    /// Which policies set the two ends; unknown where the row is older than this.
    pub idle_policy: Option<PolicyName>,
    pub absolute_policy: Option<PolicyName>,
    pub stay: Stay,
    /// An end that was recorded; the clock may have ended it without anybody recording so yet.
    pub recorded_end: Option<End>,
    pub watch: Watch,
}

/// Activity is written down at most this often, or every tenth of the idle time where that is shorter.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

impl Session {
    /// A person's session that begins now.
    pub fn begin(id: SessionId, user: UserId, by: Authentication, source: Source, terms: impl Into<Terms>) -> Self {
        let (now, Terms { idle, absolute, stay }) = (by.at, terms.into());
        Self {
            id,
            kind: Kind::Person,
            subject: Subject::Person(user),
            authentication: Some(by),
            source,
            upstream: None,
            origin: None,
            created_at: now,
            last_active_at: now,
            idle: Some(idle.0),
            absolute_end: now + absolute.0.delta(),
            idle_policy: Some(idle.1),
            absolute_policy: Some(absolute.1),
            stay,
            recorded_end: None,
            watch: Watch::default(),
        }
    }

    /// The session that a person leaves to a client (OpenID Connect Core 1.0 section 11), on the proof that it was allowed on.
    #[must_use]
    pub fn leave_behind(&self, id: SessionId, by: Option<Authentication>, now: Time, life: Duration) -> Self {
        Self {
            id,
            kind: Kind::Offline,
            authentication: by,
            origin: Some(self.id),
            created_at: now,
            last_active_at: now,
            idle: None,
            absolute_end: now + life.delta(),
            idle_policy: None,
            absolute_policy: Some(PolicyName::OFFLINE),
            stay: Stay::Visit,
            recorded_end: None,
            watch: Watch::default(),
            ..self.clone()
        }
    }

    /// A client's own session.
    pub fn for_machine(id: SessionId, client_id: String, now: Time, life: Duration) -> Self {
        Self {
            id,
            kind: Kind::Machine,
            subject: Subject::Machine(client_id),
            authentication: None,
            source: Source::default(),
            upstream: None,
            origin: None,
            created_at: now,
            last_active_at: now,
            idle: None,
            absolute_end: now + life.delta(),
            idle_policy: None,
            absolute_policy: Some(PolicyName::MACHINE),
            stay: Stay::Visit,
            recorded_end: None,
            watch: Watch::default(),
        }
    }

    pub fn is_open(&self, now: Time) -> bool {
        self.end(now).is_none()
    }

    /// When the session ends if nothing happens any more.
    pub fn idle_end(&self) -> Option<Time> {
        self.idle.map(|idle| (self.last_active_at + idle.delta()).min(self.absolute_end))
    }

    /// The end, recorded or not; of the two clocks the earlier one made it.
    pub fn end(&self, now: Time) -> Option<End> {
        let by_clock = |at, reason| End { at, reason, initiator: Initiator::System };
        match (&self.recorded_end, self.idle_end()) {
            (Some(end), _) => Some(end.clone()),
            (None, Some(idle_end)) if idle_end < self.absolute_end => {
                (now >= idle_end).then(|| by_clock(idle_end, EndReason::Idle))
            }
            (None, _) => (now >= self.absolute_end).then(|| by_clock(self.absolute_end, EndReason::Absolute)),
        }
    }

    pub fn state(&self, now: Time) -> State {
        if self.is_open(now) { State::Live } else { State::Ended }
    }

    /// Whether activity now is worth writing down.
    pub fn is_worth_noting(&self, now: Time) -> bool {
        self.idle.is_some_and(|idle| now - self.last_active_at >= NOTED_EVERY.min(idle.delta() / 10))
    }

    /// The session under one policy more, a client's or a role's: never longer than it is. Their absolute limits run from
    /// the last proof, so that a new one satisfies them.
    #[must_use]
    pub fn narrowed(&self, Narrowing { by, idle, absolute }: &Narrowing) -> Self {
        let begun = self.authentication.as_ref().map_or(self.created_at, |proof| proof.at);
        let mut narrowed = self.clone();
        if let Some(theirs) = idle.filter(|theirs| self.idle.is_some_and(|own| *theirs < own)) {
            (narrowed.idle, narrowed.idle_policy) = (Some(theirs), Some(by.clone()));
        }
        if let Some(end) = absolute.map(|life| begun + life.delta()).filter(|end| *end < self.absolute_end) {
            (narrowed.absolute_end, narrowed.absolute_policy) = (end, Some(by.clone()));
        }
        narrowed
    }

    /// The session after something happened in it.
    #[must_use]
    pub fn after(&self, activity: Activity, now: Time) -> Self {
        let last_active_at = match activity {
            Activity::Person => self.last_active_at.max(now),
            Activity::Background => self.last_active_at,
        };
        Self { last_active_at, ..self.clone() }
    }

    /// The session as one that comes from another provider's: it ends no later than that said.
    #[must_use]
    pub fn rooted(&self, root: &Root) -> Self {
        let rooted = Self { upstream: Some(root.upstream()), ..self.clone() };
        match root.ends_at {
            Some(end) if end < rooted.absolute_end => {
                Self { absolute_end: end, absolute_policy: Some(root.policy()), ..rooted }
            }
            _ => rooted,
        }
    }

    /// Whether the last proof is at most this old.
    pub fn proved_within(&self, age: TimeDelta, now: Time) -> bool {
        self.authentication.as_ref().is_some_and(|proof| now - proof.at <= age)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::policy::Limits;

    /// A client's limits.
    fn client(idle: Option<Duration>, absolute: Option<Duration>) -> Narrowing {
        Narrowing { by: PolicyName::client("app"), idle, absolute }
    }

    pub fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    pub fn session() -> Session {
        let dice = SeededEntropy::new(1);
        let proof = Authentication { at: at(0), acr: "a".into(), amr: vec!["pwd".into()], credentials: vec![] };
        let limits = Limits { idle: Duration::hours(1), absolute: Duration::hours(24) };
        Session::begin(SessionId::new(at(0), &dice), UserId::new(at(0), &dice), proof, Source::default(), limits)
    }

    #[test]
    fn ends_by_the_clock_at_the_very_second() {
        let mut session = session();
        assert!(session.is_open(at(3_599)));
        assert_eq!(session.end(at(3_600)).unwrap().reason, EndReason::Idle);
        session.last_active_at = at(86_000);
        assert!(session.is_open(at(86_399)));
        let end = session.end(at(86_400)).unwrap();
        assert_eq!((end.reason, end.at, end.initiator), (EndReason::Absolute, at(86_400), Initiator::System));
    }

    #[test]
    fn a_recorded_end_outlives_every_clock() {
        let end = End { at: at(5), reason: EndReason::Admin, initiator: Initiator::Admin };
        let session = Session { recorded_end: Some(end.clone()), ..session() };
        assert_eq!(session.end(at(1)), Some(end.clone()));
        assert_eq!(session.end(at(999_999)), Some(end));
    }

    #[test]
    fn activity_is_noted_once_a_minute_or_once_a_tenth() {
        let long = session();
        assert!(!long.is_worth_noting(at(59)) && long.is_worth_noting(at(60)));
        let short = session().narrowed(&client(Some(Duration::seconds(100)), None));
        assert!(!short.is_worth_noting(at(9)) && short.is_worth_noting(at(10)));
        assert!(!session().leave_behind(long.id, None, at(0), Duration::days(30)).is_worth_noting(at(600)));
    }

    #[test]
    fn clients_can_only_shorten() {
        let narrowed = session().narrowed(&client(Some(Duration::minutes(15)), Some(Duration::hours(8))));
        assert_eq!(narrowed.idle_end(), Some(at(900)));
        assert_eq!(narrowed.absolute_end, at(8 * 3_600));
        let names = |session: &Session| {
            let text = |name: &Option<PolicyName>| name.as_ref().map_or(String::new(), PolicyName::text);
            (text(&session.idle_policy), text(&session.absolute_policy))
        };
        assert_eq!(names(&narrowed), ("client:app".into(), "client:app".into()));
        let same = session().narrowed(&client(Some(Duration::hours(9)), Some(Duration::days(9))));
        assert_eq!((same.idle_end(), same.absolute_end), (Some(at(3_600)), at(86_400)));
        assert_eq!(names(&same), ("default".into(), "default".into()));
        let mut proved = session();
        proved.authentication.as_mut().unwrap().at = at(3_000);
        assert_eq!(
            proved.narrowed(&client(None, Some(Duration::hours(1)))).absolute_end,
            at(6_600),
            "from the last proof"
        );
    }

    proptest! {
        /// Activity that is noted only now and then: the end that is known is never after the true one, and before it by
        /// less than the interval in which nothing is noted.
        #[test]
        fn the_known_idle_end_is_nearly_the_true_one(
            idle in 10_u32..10_000,
            events in vec((0_i64..2_000, any::<bool>()), 0..100),
        ) {
            let mut known = Session { idle: Some(Duration::seconds(idle)), ..session() };
            let interval = TimeDelta::minutes(1).min(TimeDelta::seconds(idle.into()) / 10);
            let (mut now, mut truth) = (at(0), known.clone());
            for (gap, person) in events {
                now += TimeDelta::seconds(gap);
                if !known.is_open(now) {
                    break;
                }
                let activity = if person { Activity::Person } else { Activity::Background };
                truth = truth.after(activity, now);
                if person && known.is_worth_noting(now) {
                    known = known.after(activity, now);
                }
                let early = truth.idle_end().unwrap() - known.idle_end().unwrap();
                prop_assert!(early >= TimeDelta::zero() && early < interval.max(TimeDelta::microseconds(1)));
                prop_assert_eq!(known.absolute_end, session().absolute_end);
            }
        }
    }

    #[test]
    fn the_earlier_clock_made_the_end() {
        let idle = session();
        assert_eq!(idle.end(at(999_999)).unwrap().reason, EndReason::Idle);
        let busy = session().after(Activity::Person, at(86_000));
        assert_eq!(busy.end(at(999_999)).unwrap().reason, EndReason::Absolute);
        assert_eq!(busy.after(Activity::Person, at(5)).last_active_at, at(86_000), "never backwards");
        assert_eq!(busy.after(Activity::Background, at(86_100)).last_active_at, at(86_000));
    }

    #[test]
    fn what_was_left_behind_lives_by_its_own_clock() {
        let offline = session().leave_behind(session().id, None, at(100), Duration::days(30));
        assert_eq!((offline.kind, offline.origin), (Kind::Offline, Some(session().id)));
        assert!(offline.is_open(at(86_400 * 29)));
        assert_eq!(offline.end(at(100 + 86_400 * 30)).unwrap().reason, EndReason::Absolute);
    }
}
