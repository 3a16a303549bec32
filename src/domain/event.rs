//! The entries of a session's timeline.

use super::revocation::EndReason;
use crate::base::clock::Time;
use crate::base::id::{EventId, SessionId};

super::names! {
    EventName {
        Created = "created",
        /// The person proved again who they are; the secret changed.
        Reauthenticated = "reauthenticated",
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
