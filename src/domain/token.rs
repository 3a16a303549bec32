//! The identity of an access token: its `jti` carries the grant it came from, so that no row per token is needed.

use uuid::Uuid;

use crate::base::entropy::{Entropy, draw};
use crate::base::id::GrantId;
use crate::base::secret::{base64url, from_base64url};

/// A new `jti` below this grant: its 16 bytes, then 16 random ones.
pub fn jti(grant: GrantId, entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(grant.0.as_bytes());
    bytes[16..].copy_from_slice(&draw::<16>(entropy));
    base64url(&bytes)
}

/// The grant a `jti` of ours names.
pub fn grant_of(jti: &str) -> Option<GrantId> {
    let bytes = from_base64url(jti).filter(|bytes| bytes.len() == 32)?;
    Uuid::from_slice(&bytes[..16]).ok().map(GrantId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;

    #[test]
    fn a_jti_names_its_grant() {
        let dice = SeededEntropy::new(1);
        let grant = GrantId::new(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap(), &dice);
        let (one, two) = (jti(grant, &dice), jti(grant, &dice));
        assert_ne!(one, two);
        assert_eq!(grant_of(&one), Some(grant));
        assert_eq!(grant_of(&one[1..]), None);
        assert_eq!(grant_of("x"), None);
    }
}
