//! The columns of a proof: when, level, methods and credentials, of a session and of each of its grants.

use super::db::Fault;
use crate::base::clock::Time;
use crate::base::id::CredentialId;
use crate::domain::session::Authentication;

/// A proof out of its columns: when, level, methods, credentials.
pub(super) fn read_proof(
    noun: &'static str,
    columns: (Option<Time>, Option<String>, Vec<String>, Vec<CredentialId>),
) -> Result<Option<Authentication>, Fault> {
    match columns {
        (Some(at), Some(acr), amr, credentials) => Ok(Some(Authentication { at, acr, amr, credentials })),
        (None, None, ..) => Ok(None),
        _ => Err(Fault::contradiction(noun, "half an authentication")),
    }
}

/// Credentials as they are kept: their ids with spaces between.
pub(super) fn read_credentials(noun: &'static str, text: Option<&str>) -> Result<Vec<CredentialId>, Fault> {
    let ids = text.unwrap_or_default().split_ascii_whitespace().map(str::parse);
    ids.collect::<Result<_, _>>().map_err(|_| Fault::contradiction(noun, "a credential's id is none"))
}

/// The text that [`read_credentials`] reads; `None` where nothing is known.
pub(super) fn write_credentials(proof: Option<&Authentication>) -> Option<String> {
    let ids: Vec<_> = proof?.credentials.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}
