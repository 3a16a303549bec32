//! Where a session comes from that was opened at another provider, and what somebody is signed out by there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lifetime::PolicyName;
use super::session::Upstream;
use crate::base::clock::Time;

/// The session there that a session here comes from, and the end that it sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    pub provider: String,
    pub subject: String,
    pub session: Option<String>,
    pub ends_at: Option<Time>,
}

impl Root {
    pub fn upstream(&self) -> Upstream {
        Upstream { provider: self.provider.clone(), subject: self.subject.clone(), session: self.session.clone() }
    }

    /// The name under which it shortens sessions.
    pub fn policy(&self) -> PolicyName {
        PolicyName::kept(format!("provider:{}", self.provider))
    }
}

/// What somebody is signed out by at a provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hint {
    /// The ID token that they came with (OpenID Connect RP-Initiated Logout 1.0 section 2).
    IdToken(String),
    /// Their name (SAML Core section 3.7.1), in JSON.
    Name(String),
}

impl Hint {
    pub fn as_str(&self) -> &str {
        let (Self::IdToken(text) | Self::Name(text)) = self;
        text
    }

    /// Whether it goes along in the address of a page. An ID token is too long for that; without one the provider asks the
    /// person.
    pub const fn goes_along(&self) -> bool {
        matches!(self, Self::Name(_))
    }
}

/// An ID token is nobody's to read.
impl fmt::Debug for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hint")
    }
}
