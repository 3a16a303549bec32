//! The entries of a session's timeline.

use std::sync::Arc;

use super::revocation::{End, EndReason, Revocation, Revoked, Scope};
use crate::base::clock::Time;
use crate::base::entropy::Entropy;
use crate::base::id::{EventId, RevocationId, SessionId};

super::names! {
    EventName {
        Created = "created",
        /// The person proved again who they are; the secret changed.
        Reauthenticated = "reauthenticated",
        /// As `reauthenticated`, at another level of authentication.
        SteppedUp = "stepped_up",
        /// A client was let in.
        Granted = "granted",
        /// A lost answer: the successor was never used and was replaced.
        Replaced = "replaced",
        /// A refresh token that was no longer good was used; its family ended.
        RefreshReused = "refresh_reused",
        /// An authorization code was used twice; what it gave ended.
        CodeReused = "code_reused",
        /// One client was signed out or revoked its token.
        Revoked = "revoked",
        Ended = "ended",
    }
}

/// Makes the entries of one write: they share its time.
#[derive(Clone)]
pub struct Scribe {
    now: Time,
    entropy: Arc<dyn Entropy>,
}

impl Scribe {
    pub fn new(now: Time, entropy: Arc<dyn Entropy>) -> Self {
        Self { now, entropy }
    }

    /// An entry that says what happened now.
    pub fn entry(&self, session: SessionId, name: EventName) -> Event {
        let id = EventId::new(self.now, self.entropy.as_ref());
        Event { id, session, at: self.now, name, reason: None, client_id: None }
    }

    /// The entry that says why a session ended, and when.
    pub fn ended(&self, session: SessionId, reason: EndReason, at: Time) -> Event {
        Event { at, ..self.entry(session, EventName::Ended).because(reason) }
    }

    /// What others hear of an end.
    pub fn revocation(&self, revoked: Revoked, scope: Scope, end: &End) -> Revocation {
        let id = RevocationId::new(self.now, self.entropy.as_ref());
        Revocation { id, recorded_at: self.now, revoked, scope, end: end.clone() }
    }
}

impl Event {
    #[must_use]
    pub fn because(self, reason: EndReason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The client that the entry is about.
    #[must_use]
    pub fn of(self, client_id: &str) -> Self {
        Self { client_id: Some(client_id.to_owned()), ..self }
    }
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: EventId,
    pub session: SessionId,
    pub at: Time,
    pub name: EventName,
    pub reason: Option<EndReason>,
    pub client_id: Option<String>,
}
