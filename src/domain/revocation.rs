//! What ends, why and by whom. The list of reasons is closed and public.

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use crate::base::clock::Time;
use crate::base::id::{CredentialId, DeviceId, FamilyId, GrantId, RevocationId, SessionId, UserId};
use crate::protocol::error::{Code, Refusal};

super::names! {
    /// Why something ended.
    EndReason {
        /// The person signed out, or a client asked for it.
        Logout = "logout",
        /// Nothing happened for as long as the policy allows.
        Idle = "idle",
        /// The longest life of a session was over.
        Absolute = "absolute",
        /// A newer session took its place.
        Limit = "limit",
        /// An admin ended it.
        Admin = "admin",
        /// A secret was used in a way that only a thief would use it.
        Theft = "theft",
        PasswordChanged = "password_changed",
        CredentialRemoved = "credential_removed",
        UserDisabled = "user_disabled",
        UserDeleted = "user_deleted",
        ClientRemoved = "client_removed",
        UpstreamLogout = "upstream_logout",
        Policy = "policy",
    }
}

super::names! {
    /// Who ended it.
    Initiator {
        /// The server: by the clock, or because of what it saw.
        System = "system",
        /// The person whose session it was.
        User = "user",
        Admin = "admin",
        Client = "client",
    }
}

/// An end that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub at: Time,
    pub reason: EndReason,
    pub initiator: Initiator,
}

super::names! {
    /// How far an act went that ended something.
    Scope {
        Token = "token",
        Family = "family",
        Grant = "grant",
        Session = "session",
        /// Everything of a person.
        User = "user",
        /// Everything of a client.
        Client = "client",
        /// Everything that came from one credential.
        Credential = "credential",
        /// Everything that began in one browser.
        Device = "device",
        /// Everything that another provider's sign-in opened.
        Upstream = "upstream",
        /// Sessions that somebody looked for.
        Filter = "filter",
    }
}

/// What is to end: the sessions and grants that come from it, and all that hangs on them.
///
/// A session comes from the credentials of its last proof, a grant from those of the proof it was allowed on. A grant in a
/// session of its own, one that a person left or a machine has, takes that session with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", content = "of", rename_all = "snake_case")]
pub enum Target {
    /// One access token, until it would have expired by itself.
    Token {
        jti: String,
        expires_at: Time,
        session: SessionId,
        client_id: String,
    },
    /// A chain of refresh tokens with its grant.
    Family(FamilyId),
    Grant(GrantId),
    /// One session, and where the end reaches so far, those split off from it.
    Session(SessionId),
    /// What one session allowed one client.
    Part(SessionId, String),
    /// What a person allowed a client, in all sessions and in those left to it.
    App(UserId, String),
    /// Every session of a person, but for one that may stay.
    User(UserId, Option<SessionId>),
    /// What a client has in anybody's sessions, the sessions left to it, and its own.
    Client(String),
    /// What a person has by a proof with this credential, or by one with nobody knows which.
    Credential(UserId, CredentialId),
    /// The sessions of one browser, and where the end reaches so far, those split off from them.
    Device(DeviceId),
    /// The sessions opened with another provider's, all that fit: those of its user, of one session there, or, where neither
    /// is named, of everybody there. Where the end reaches so far, those split off from them.
    Upstream {
        provider: String,
        subject: Option<String>,
        session: Option<String>,
    },
    /// The sessions that fit.
    Filter(Box<Filter>),
}

impl Target {
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Token { .. } => Scope::Token,
            Self::Family(_) => Scope::Family,
            Self::Grant(_) | Self::Part(..) | Self::App(..) => Scope::Grant,
            Self::Session(_) | Self::User(_, Some(_)) => Scope::Session,
            Self::User(_, None) => Scope::User,
            Self::Client(_) => Scope::Client,
            Self::Credential(..) => Scope::Credential,
            Self::Device(_) => Scope::Device,
            Self::Upstream { .. } => Scope::Upstream,
            Self::Filter(_) => Scope::Filter,
        }
    }
}

super::names! {
    /// The kinds of ends that others hear of, by the names of webhooks.
    What {
        GrantEnded = "grant.ended",
        SessionEnded = "session.ended",
        TokenRevoked = "token.revoked",
    }
}

/// What ended. With a session everything on it did; the others ended alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    Session(SessionId),
    /// What a session allowed one client, its family of refresh tokens included.
    Grant {
        session: SessionId,
        grant: GrantId,
        client_id: String,
    },
    /// One access token, by its `jti`.
    Token {
        session: SessionId,
        client_id: String,
        jti: String,
    },
}

impl Revoked {
    pub const fn what(&self) -> What {
        match self {
            Self::Session(_) => What::SessionEnded,
            Self::Grant { .. } => What::GrantEnded,
            Self::Token { .. } => What::TokenRevoked,
        }
    }

    /// The session that ended, or that it hung on.
    pub const fn session(&self) -> SessionId {
        match self {
            Self::Session(session) | Self::Grant { session, .. } | Self::Token { session, .. } => *session,
        }
    }
}

/// What an end touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Sessions that end.
    pub sessions: i64,
    /// Live grants that are lost, with their sessions or alone.
    pub grants: i64,
    /// Chains of refresh tokens on those grants.
    pub families: i64,
    /// Whose grants they are.
    pub clients: i64,
    /// Whose sessions end or lose a grant.
    pub people: i64,
}

/// One end, as others hear of it. An act that ends many things makes one for each. [`super::event::Scribe`] makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub id: RevocationId,
    /// When it was written down: later than the end where the clock made it.
    pub recorded_at: Time,
    pub revoked: Revoked,
    pub scope: Scope,
    pub end: End,
}

/// A revocation with its place in the order of all, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub position: i64,
    pub revocation: Revocation,
    /// `None` for a machine's.
    pub user: Option<UserId>,
    /// The client whose grant or token it was, or the machine whose session.
    pub client_id: Option<String>,
}

/// Why nothing can be had any more: the thing itself ended, or what it hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Session(EndReason),
    Grant(EndReason),
}

impl Ended {
    pub const fn reason(self) -> EndReason {
        match self {
            Self::Session(reason) | Self::Grant(reason) => reason,
        }
    }

    /// What the client is told: a stable word after a fixed beginning.
    pub fn refusal(self) -> Refusal {
        let (what, reason) = match self {
            Self::Session(reason) => ("session", reason),
            Self::Grant(reason) => ("grant", reason),
        };
        let description = format!("{what} ended: {}", reason.as_str());
        Refusal { code: Code::InvalidGrant, description: description.clone().into(), reason: description.into() }
    }
}

impl End {
    /// Whether this end also reaches the offline sessions that began in the session that ended: logout and the clock
    /// leave them alive, an admin and everything that takes trust away do not.
    pub const fn reaches_offline(&self) -> bool {
        let by_person_or_clock = matches!(
            self.reason,
            EndReason::Logout | EndReason::UpstreamLogout | EndReason::Idle | EndReason::Absolute | EndReason::Limit
        );
        matches!(self.initiator, Initiator::Admin) || !by_person_or_clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::at;

    #[test]
    fn what_was_left_behind_outlives_logout_but_not_an_admin() {
        let reaches = |reason, initiator| End { at: at(0), reason, initiator }.reaches_offline();
        assert!(!reaches(EndReason::Logout, Initiator::User));
        assert!(!reaches(EndReason::Idle, Initiator::System));
        assert!(reaches(EndReason::Logout, Initiator::Admin));
        assert!(reaches(EndReason::Theft, Initiator::System));
        assert!(reaches(EndReason::UserDisabled, Initiator::Admin));
    }
}
