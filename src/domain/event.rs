//! The entries of a session's timeline.
//!
//! How many there are is bounded by design. A session begins and ends once. What traffic brings about is sampled: `granted`,
//! `refreshed`, `retried` and `replaced` stand there at most once an hour for each client, `moved` and each mark at most once
//! an hour. The rest needs a person (a proof, a sign-out) or ends something that can end only once.

use std::sync::Arc;

use super::revocation::{End, EndReason, Revocation, Revoked, Scope};
use super::session::Source;
use super::watch::Mark;
use crate::base::clock::Time;
use crate::base::entropy::Entropy;
use crate::base::id::{EventId, RevocationId, SessionId};

super::names! {
    EventName {
        Created = "created",
        /// The person had not been seen in this browser before, as far as sessions are still kept.
        NewDevice = "new_device",
        /// The person proved again who they are; the secret changed.
        Reauthenticated = "reauthenticated",
        /// As `reauthenticated`, at another level of authentication.
        SteppedUp = "stepped_up",
        /// The person changed their password; the secret changed.
        PasswordChanged = "password_changed",
        /// A client was let in.
        Granted = "granted",
        /// A client got new tokens for its refresh token.
        Refreshed = "refreshed",
        /// A client got the same tokens again: two tabs, or a request that was repeated.
        Retried = "retried",
        /// A lost answer: the successor was never used and was replaced.
        Replaced = "replaced",
        /// The session was used from another network.
        Moved = "moved",
        /// Something was noticed: the entry's mark says what.
        Marked = "marked",
        /// A refresh token that was no longer good was used; its family ended.
        RefreshReused = "refresh_reused",
        /// An old secret of the browser's cookie was used; the session ended.
        CookieReused = "cookie_reused",
        /// An authorization code was used twice; what it gave ended.
        CodeReused = "code_reused",
        /// The person let another provider vouch for them, or let it no longer.
        Linked = "linked",
        Unlinked = "unlinked",
        /// An app for one-time codes was added, or took the place of another.
        TotpAdded = "totp_added",
        TotpRemoved = "totp_removed",
        PasskeyAdded = "passkey_added",
        PasskeyRemoved = "passkey_removed",
        /// A new set of recovery codes was made; an earlier one is worth nothing.
        RecoveryCodesMade = "recovery_codes_made",
        RecoveryCodesRemoved = "recovery_codes_removed",
        /// A recovery code was used to sign in.
        RecoveryCodeUsed = "recovery_code_used",
        /// One client was signed out or revoked its token.
        Revoked = "revoked",
        Ended = "ended",
    }
}

impl EventName {
    /// What comes first of that which happened at once.
    pub const fn turn(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::NewDevice | Self::Moved => 1,
            Self::Ended => 3,
            _ => 2,
        }
    }
}

/// Makes the entries of one write: they share its time.
#[derive(Clone)]
pub struct Scribe {
    now: Time,
    entropy: Arc<dyn Entropy>,
    loss: EventName,
}

impl Scribe {
    pub fn new(now: Time, entropy: Arc<dyn Entropy>) -> Self {
        Self { now, entropy, loss: EventName::Revoked }
    }

    /// Calls the end of grants by another name.
    #[must_use]
    pub fn telling(self, loss: EventName) -> Self {
        Self { loss, ..self }
    }

    /// An entry that says what happened now.
    pub fn entry(&self, session: SessionId, name: EventName) -> Event {
        let id = EventId::new(self.now, self.entropy.as_ref());
        Event { id, session, at: self.now, name, reason: None, client_id: None, mark: None, spot: Spot::default() }
    }

    /// The name of an end that takes more than one write.
    pub fn revocation_id(&self) -> RevocationId {
        RevocationId::new(self.now, self.entropy.as_ref())
    }

    /// The entry that says why a client lost what a session allowed it.
    pub fn lost(&self, session: SessionId, client_id: &str, reason: EndReason) -> Event {
        self.entry(session, self.loss).because(reason).of(client_id)
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

    /// Where it happened.
    #[must_use]
    pub fn coming_from(self, source: &Source) -> Self {
        let Source { address, network, country, .. } = source.clone();
        Self { spot: Spot { address, network, country }, ..self }
    }

    #[must_use]
    pub fn marking(self, mark: Mark) -> Self {
        Self { mark: Some(mark), ..self }
    }
}

/// Where something happened, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    pub address: Option<String>,
    pub network: Option<String>,
    pub country: Option<String>,
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
    pub mark: Option<Mark>,
    pub spot: Spot,
}
