//! Who a person is at another provider. The issuer and the subject there are the key, and nothing else ever is: addresses and
//! names are given to others, and anybody may claim them (OpenID Connect Core 1.0 section 5.7).

use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};

#[derive(Clone, Debug)]
pub struct Identity {
    /// A credential: what comes from it ends when it is taken away.
    pub id: CredentialId,
    pub issuer: String,
    pub subject: String,
    pub user: UserId,
    /// What the person is called there, for people to recognise it.
    pub label: Option<String>,
    /// Whether the person came here by it. Then the provider keeps up what is known of them.
    pub made_person: bool,
    pub created_at: Time,
    pub last_used_at: Time,
}
