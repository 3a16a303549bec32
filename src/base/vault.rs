//! Keys derived from the root key: one per purpose, for sealing (AES-256-GCM) and for tags (HMAC-SHA-256).

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::entropy::{Entropy, draw};

/// 256 bits from which every other key of this installation is derived (HKDF-SHA-256, RFC 5869).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RootKey([u8; 32]);

impl RootKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(draw(entropy))
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key that seals values for one purpose.
    pub fn seal_key(&self, purpose: &'static str) -> SealKey {
        let bytes = self.derive("seal", purpose);
        #[expect(clippy::expect_used, reason = "32 bytes are always a key of AES-256")]
        SealKey(Arc::new(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).expect("32 bytes"))))
    }

    /// A key that tags values for one purpose.
    pub fn tag_key(&self, purpose: &'static str) -> TagKey {
        TagKey(hmac::Key::new(hmac::HMAC_SHA256, &self.derive("tag", purpose)))
    }

    fn derive(&self, use_: &str, purpose: &str) -> [u8; 32] {
        let mut out = [0; 32];
        #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8160 bytes; 32 are asked for")]
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"doorward")
            .extract(&self.0)
            .expand(&[use_.as_bytes(), b" ", purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut out))
            .expect("32 bytes");
        out
    }
}

/// Seals and opens values. The context is bound to the value: what was sealed for one row opens for no other.
#[derive(Clone)]
pub struct SealKey(Arc<LessSafeKey>);

impl SealKey {
    /// Nonce, ciphertext and tag.
    pub fn seal(&self, context: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = draw(entropy);
        let mut sealed = nonce.to_vec();
        let mut body = plain.to_vec();
        #[expect(clippy::expect_used, reason = "AES-GCM fails only for bodies over 64 GiB")]
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut body)
            .expect("a body under 64 GiB");
        sealed.append(&mut body);
        sealed
    }

    /// The value, or `None` when a byte of it, its context or its key is not what it was.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(context.as_bytes()), &mut body).ok()?;
        Some(plain.to_vec())
    }
}

/// Makes and checks tags, in constant time.
pub struct TagKey(hmac::Key);

impl TagKey {
    /// A key that somebody else holds too.
    pub fn shared(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub fn tag(&self, value: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.0, value).as_ref());
        out
    }

    pub fn verify(&self, value: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, value, tag).is_ok()
    }
}

/// HMAC-SHA-1, which one-time passwords are made of (RFC 4226 section 5.3) and nothing else.
pub fn hmac_sha1(key: &[u8], value: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    out.copy_from_slice(hmac::sign(&key, value).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;

    #[test]
    fn what_was_sealed_opens_only_untouched_and_in_its_context() {
        let dice = SeededEntropy::new(1);
        let root = RootKey::generate(&dice);
        let key = root.seal_key("test");
        let sealed = key.seal("row 1", b"secret", &dice);
        assert_eq!(key.open("row 1", &sealed).unwrap(), b"secret");
        assert_eq!(key.open("row 2", &sealed), None);
        assert_eq!(root.seal_key("other").open("row 1", &sealed), None);
        for i in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[i] ^= 1;
            assert_eq!(key.open("row 1", &touched), None, "byte {i}");
            assert_eq!(key.open("row 1", &sealed[..i]), None, "cut at {i}");
        }
    }

    #[test]
    fn tags_differ_by_purpose_and_value() {
        let root = RootKey::new([7; 32]);
        let tag = root.tag_key("a").tag(b"x");
        assert!(root.tag_key("a").verify(b"x", &tag));
        assert!(!root.tag_key("a").verify(b"y", &tag));
        assert!(!root.tag_key("b").verify(b"x", &tag));
        assert!(!root.tag_key("a").verify(b"x", &tag[..31]));
    }
}
