//! Proof Key for Code Exchange, method S256 only (RFC 7636; RFC 9700 section 2.1.1).

use serde::{Deserialize, Serialize};

use super::error::{Refusal, invalid_request};
use crate::base::secret::{base64url, from_base64url, same, sha256};

/// A code challenge: base64url of a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(String);

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method` (RFC 7636 section 4.3).
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, Refusal> {
        match (challenge, method) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(invalid_request("code_challenge_method without code_challenge")),
            (Some(text), Some("S256")) => match from_base64url(text) {
                Some(bytes) if bytes.len() == 32 => Ok(Some(Self(text.to_owned()))),
                _ => Err(invalid_request("code_challenge is not the base64url of a SHA-256")),
            },
            (Some(_), _) => Err(invalid_request("code_challenge_method must be S256")),
        }
    }

    /// The challenge as it was stored.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this verifier answers the challenge. The form of the verifier counts too (RFC 7636 section 4.1).
    pub fn answered_by(&self, verifier: &str) -> bool {
        let formed = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
        formed && same(base64url(&sha256(verifier.as_bytes())).as_bytes(), self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_appendix_b() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap().unwrap();
        assert!(challenge.answered_by(VERIFIER));
        for wrong in [CHALLENGE, "", &VERIFIER[1..], &format!("{VERIFIER}x"), &"a".repeat(129), &format!("{VERIFIER} ")]
        {
            assert!(!challenge.answered_by(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_s256_and_only_in_full() {
        assert_eq!(Challenge::parse(None, None).unwrap(), None);
        for (challenge, method) in [
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some(CHALLENGE), Some("s256")),
            (None, Some("S256")),
            (Some(&CHALLENGE[1..]), Some("S256")),
            (Some("short"), Some("S256")),
        ] {
            assert!(Challenge::parse(challenge, method).is_err(), "{challenge:?} {method:?}");
        }
    }
}
