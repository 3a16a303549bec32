//! Why and by whom a session, a grant or a family ended. The list of reasons is closed and public.

use crate::base::clock::Time;

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
        /// The clock.
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

impl EndReason {
    /// What the client is told in `error_description`: a stable word after a fixed beginning.
    pub fn told(self) -> String {
        format!("session ended: {}", self.as_str())
    }

    /// Whether an end for this reason also reaches the offline sessions that began in the session that ended.
    const fn reaches_offline(self) -> bool {
        !matches!(self, Self::Logout | Self::Idle | Self::Absolute | Self::Limit)
    }
}

impl End {
    /// Whether it also ends the offline sessions that began in the session that ended: an admin's always does.
    pub const fn reaches_offline(&self) -> bool {
        matches!(self.initiator, Initiator::Admin) || self.reason.reaches_offline()
    }
}
