//! The settings that the rules read.

use super::background::Route;
use super::lifetime::Lifetimes;
use super::limit::SessionLimit;
use super::watch::Watching;
use crate::base::duration::Duration;
use crate::protocol::step_up::Demand;

/// How long a session may be idle and how long it may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub idle: Duration,
    pub absolute: Duration,
}

/// Which protocol rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    Standard,
    Strict,
    /// What conformance suites expect, for their runs alone.
    Certification,
}

/// Who may register a client (RFC 7591 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    #[default]
    Closed,
    /// Whoever holds an initial access token.
    Token,
    Open,
}

/// What holds for clients that register themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    pub admission: Admission,
    /// Registrations of one source in an hour; `None` for any number.
    pub limit: Option<u32>,
    /// How long a client stays that no session has a grant of.
    pub unused: Duration,
}

impl Default for Registration {
    fn default() -> Self {
        Self { admission: Admission::Closed, limit: Some(20), unused: Duration::days(30) }
    }
}

/// Everything an operator can decide that a rule depends on.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The issuer identifier, without a trailing slash.
    pub issuer: String,
    pub session: Limits,
    pub lifetimes: Lifetimes,
    /// Whose requests show nobody.
    pub background_routes: Vec<Route>,
    /// What a person's token must show at the admin API, and any at the userinfo endpoint.
    pub admin_demand: Demand,
    pub userinfo_demand: Demand,
    /// The level of authentication that every sign-in must reach.
    pub required_acr: Option<&'static str>,
    /// How many sessions a person may hold at once; `None` for any number.
    pub limit: Option<SessionLimit>,
    pub offline: Duration,
    pub access_token: Duration,
    pub id_token: Duration,
    pub code: Duration,
    /// How long a used refresh token still gives the same successor.
    pub retry_window: Duration,
    pub watching: Watching,
    /// How long a signing key signs.
    pub key_period: Duration,
    /// Whether clients may watch a browser's session by a frame.
    pub session_frame: bool,
    /// Whether every authorization request must have been pushed.
    pub require_pushed: bool,
    pub profile: Profile,
    pub registration: Registration,
    /// Whether people may sign in by a code that is mailed.
    pub mail_sign_in: bool,
}

impl Policy {
    /// Every default.
    pub fn usual(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            session: Limits { idle: Duration::hours(1), absolute: Duration::hours(24) },
            lifetimes: Lifetimes::default(),
            background_routes: Vec::new(),
            admin_demand: Demand::default(),
            userinfo_demand: Demand::default(),
            required_acr: None,
            limit: None,
            offline: Duration::days(30),
            access_token: Duration::minutes(5),
            id_token: Duration::hours(1),
            code: Duration::seconds(60),
            retry_window: Duration::seconds(10),
            watching: Watching::default(),
            key_period: Duration::days(90),
            session_frame: false,
            require_pushed: false,
            profile: Profile::Standard,
            registration: Registration::default(),
            mail_sign_in: false,
        }
    }

    /// The audience of the admin API.
    pub fn admin_audience(&self) -> String {
        format!("{}/api/v1", self.issuer)
    }

    /// The longest life of anything a key signs, so that an old key stays published long enough.
    /// An ID token is also a hint at logout, hours after it expired.
    pub fn key_linger(&self) -> Duration {
        let longest = self.lifetimes.remember.map_or(self.session.absolute, |limits| limits.absolute);
        self.id_token.max(self.access_token).max(self.session.absolute).max(longest)
    }
}

/// How long the row of a machine's session is used before a new one is made.
pub const MACHINE_SESSION: Duration = Duration::days(30);
/// How long a changed secret of a client still works.
pub const SECRET_OVERLAP: Duration = Duration::hours(24);
/// How far another machine's clock may differ from ours (RFC 7519 section 4.1.4).
pub const CLOCK_SKEW: Duration = Duration::seconds(10);
/// Longest life of a client assertion (keeps the memory of used ones small).
pub const ASSERTION_LIFE: Duration = Duration::minutes(5);
/// How long a proof counts as given for the request that asked for it: the time to read a consent page.
pub const FRESH: Duration = Duration::minutes(10);
/// How long what was proved waits for its owner to choose which sessions end.
pub const CHOICE: Duration = Duration::minutes(5);
/// How old a proof may be where an account page demands a fresh one.
pub const SUDO: Duration = Duration::minutes(5);
/// How long a way to another provider and back may take.
pub const JOURNEY: Duration = Duration::minutes(30);
/// How long a page with a pending authorization request may stay open before it starts over.
pub const PENDING_REQUEST: Duration = Duration::hours(1);
/// How long a pushed request waits for a browser (RFC 9126 section 2.2).
pub const PUSHED_REQUEST: Duration = Duration::seconds(60);

/// How long rows are kept after they are of no more use; a job removes them.
pub mod retention {
    use super::Duration;

    /// Ended sessions with their timelines, grants, codes and families.
    pub const ENDED_SESSION: Duration = Duration::days(30);
    /// Used and expired authorization codes of live sessions: long enough to notice a replay.
    pub const CODE: Duration = Duration::hours(24);
    /// What ended and who was told of it.
    pub const OUTBOX: Duration = Duration::days(7);
    /// What could not be told, since it was given up.
    pub const DEAD_DELIVERY: Duration = Duration::days(30);
    /// Mails that were sent, without what they said.
    pub const SENT_MAIL: Duration = Duration::days(7);
    /// Mails that were given up.
    pub const DEAD_MAIL: Duration = Duration::days(30);
    /// Counters of failed attempts, after the last one.
    pub const THROTTLE: Duration = Duration::days(30);
    /// Revoked tokens, used client assertions, replaced client secrets and initial access tokens, after they expired by themselves: longer than
    /// clocks differ.
    pub const EXPIRED: Duration = Duration::minutes(10);
}
