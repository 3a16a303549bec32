//! Who a person is at another provider. The realm and the subject there are the key, and nothing else ever is: addresses and
//! names are given to others, and anybody may claim them (OpenID Connect Core 1.0 section 5.7).

use std::fmt;

use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::protocol::ldap;
use crate::protocol::provider::{Kind, Settings};

/// The space in which subjects name people: an issuer of OpenID Connect or OAuth, a provider that speaks SAML, which may be
/// called like an issuer and is another, or the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm(String);

impl Realm {
    pub fn of(provider: &Settings) -> Self {
        Self(match provider.kind {
            Kind::Oidc | Kind::OAuth2 => provider.issuer.clone(),
            Kind::Saml => format!("saml:{}", provider.issuer),
        })
    }

    pub fn of_directory(directory: &ldap::Directory) -> Self {
        Self(format!("ldap:{}", directory.name))
    }

    /// As it was written.
    pub const fn kept(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug)]
pub struct Identity {
    /// A credential: what comes from it ends when it is taken away.
    pub id: CredentialId,
    pub realm: Realm,
    pub subject: String,
    pub user: UserId,
    /// What the person is called there, for people to recognise it.
    pub label: Option<String>,
    /// Whether the person came here by it. Then the provider keeps up what is known of them.
    pub made_person: bool,
    pub created_at: Time,
    pub last_used_at: Time,
}
