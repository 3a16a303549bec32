//! Asking a directory who somebody is, and letting it judge their password (RFC 4511, RFC 4513).
//!
//! One conversation a sign-in: we bind as ourselves and look for the one entry, then bind as the person. Referrals are not
//! followed, aliases neither, and nothing is sent in plain but on this machine. Without the feature `ldap` there is none.

#[cfg(not(feature = "ldap"))]
mod absent;
#[cfg(feature = "ldap")]
mod line;
#[cfg(feature = "ldap")]
mod talk;

#[cfg(not(feature = "ldap"))]
pub use absent::{Candidate, Directory};
#[cfg(feature = "ldap")]
pub use talk::{Candidate, Directory};

/// Whether this program can speak with a directory.
pub const ABLE: bool = cfg!(feature = "ldap");

/// Why there is no directory to ask.
#[derive(Debug, thiserror::Error)]
pub enum NoDirectory {
    #[error("ldap.ca_file: {0}")]
    Certificates(String),
    #[error("{0}: is not a filter")]
    Filter(&'static str),
    #[error("ldap.url: this program was built without the feature ldap")]
    Unable,
}

/// Why a directory gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Away {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it does not answer in time")]
    Late,
    #[error("as many ask it as may")]
    Busy,
    #[error("it does not let us in as ldap.bind_dn: {0}")]
    Locked(String),
    #[error("it says {0}")]
    Unwilling(String),
}
