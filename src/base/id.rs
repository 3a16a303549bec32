//! Row identities: UUID version 7, so that rows sort by birth. An id is never a secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::clock::Time;
use super::entropy::{Entropy, draw};
use super::secret::Digest;

/// Makes one newtype per noun, so that a grant's id can never be taken for a session's.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id that sorts after all earlier ones.
            pub fn new(now: Time, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A person; the `sub` of every token about them.
    UserId
    /// A session; the `sid` on the wire.
    SessionId
    /// What a session allowed one client.
    GrantId
    /// A chain of refresh tokens.
    FamilyId
    /// One entry of a session's timeline.
    EventId
    /// One secret of a client.
    ClientSecretId
    /// An initial access token.
    RegistrationTokenId
    /// Something a person proves with who they are. A password that is changed is another one.
    CredentialId
    /// A browser, as long as it keeps its cookie.
    DeviceId
    /// One end, as others hear of it.
    RevocationId
    /// One thing that one of them has to be told.
    DeliveryId
    /// An address that hears of every end.
    WebhookId
    /// A mail on its way out.
    MailId
    /// A change of a mail address.
    ChangeId
    /// A code that was mailed.
    MailCodeId
}

impl SessionId {
    /// Before every other in their order.
    pub const FIRST: Self = Self(Uuid::nil());
    /// After every other.
    pub const LAST: Self = Self(Uuid::max());
}

impl DeviceId {
    /// The name of the browser that holds this secret; the secret does not follow from it.
    pub fn of(browser_secret: &str) -> Self {
        let Digest(digest) = Digest::of(&format!("device\n{browser_secret}"));
        let mut name = [0; 16];
        name.copy_from_slice(&digest[..16]);
        Self(Builder::from_custom_bytes(name).into_uuid())
    }
}

fn uuid_v7(now: Time, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &draw(entropy)).into_uuid()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::base::entropy::SeededEntropy;

    #[test]
    fn ids_sort_by_birth_and_read_back() {
        let dice = SeededEntropy::new(1);
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let (early, late) = (GrantId::new(at(1_700_000_000), &dice), GrantId::new(at(1_700_000_001), &dice));
        assert!(early < late);
        assert_eq!(early.0.get_version_num(), 7);
        assert_eq!(early.to_string().parse::<GrantId>().unwrap(), early);
    }
}
