//! Secrets that leave us once, and the digests that stay: plain and kept are different types.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::entropy::{Entropy, draw};

/// 256 random bits, written as 43 characters of base64url: a cookie, a code, a client secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(draw(entropy))
    }

    /// The text that goes to its holder; the only way out.
    pub fn reveal(&self) -> String {
        base64url(&self.0)
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.reveal())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret's text: all that is stored of it. Fit only for secrets of full entropy, never for passwords.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of whatever text somebody presented.
    pub fn of(text: &str) -> Self {
        Self(sha256(text.as_bytes()))
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// A secret that somebody typed or sent: wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Typed(String);

impl Typed {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// SHA-1, for the lists of others that are kept under it; nothing of ours depends on it.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

/// SHA-512.
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    let mut out = [0; 64];
    out.copy_from_slice(digest::digest(&digest::SHA512, bytes).as_ref());
    out
}

/// Whether two byte strings are equal, in time that depends on their lengths alone.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Base64 with padding (RFC 4648 section 4).
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64url without padding (RFC 4648 section 5).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding; `None` for anything else, non-canonical trailing bits included.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Base32 without padding (RFC 4648 section 6), for secrets that people type.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let letter = |first: usize| (0..5).fold(0, |value, at| value << 1 | bit(first + at));
    (0..bytes.len() * 8).step_by(5).map(|first| char::from(LETTERS[usize::from(letter(first))])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;

    #[test]
    fn a_secret_is_256_bits_and_stays_out_of_logs() {
        let secret = Secret::new(&SeededEntropy::new(1));
        assert_eq!(secret.reveal().len(), 43);
        assert!(secret.digest().matches(&Digest::of(&secret.reveal())));
        assert!(!format!("{secret:?}{:?}", secret.digest()).contains(&secret.reveal()));
    }

    /// RFC 4648 section 10.
    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }

    #[test]
    fn base64url_refuses_padding_other_alphabets_and_loose_bits() {
        for text in ["YQ==", "+/", "YR", "Y", "Y Q"] {
            assert_eq!(from_base64url(text), None, "{text}");
        }
        assert_eq!(from_base64url("YQ"), Some(b"a".to_vec()));
    }
}
