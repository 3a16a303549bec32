//! The one source of chance.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{digest, rand};

/// Where unguessable bytes come from.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// Draws a fixed number of bytes.
pub fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// The operating system's generator.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the source that the lint sends everybody to")]
    #[expect(clippy::expect_used, reason = "a machine that has no randomness must not hand out a single secret")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// Lets aws-lc gather the chance of its own that signatures and TLS need, which takes 25 ms and more, and the first of them would
/// wait for.
#[expect(clippy::disallowed_methods, reason = "the byte is thrown away")]
pub fn gather() {
    if rand::fill(&mut [0]).is_err() {
        tracing::error!("aws-lc has no chance to make signatures from");
    }
}

/// Repeatable bytes for tests: SHA-256 over seed and counter.
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(digest::SHA256_OUTPUT_LEN) {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&self.drawn.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&digest::digest(&digest::SHA256, &input).as_ref()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_bytes_repeat_and_never_stand_still() {
        let (one, two) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let first = draw::<40>(&one);
        assert_eq!(first, draw::<40>(&two));
        assert_ne!(first, draw::<40>(&one));
        assert_ne!(first, draw::<40>(&SeededEntropy::new(8)));
    }

    #[test]
    fn system_bytes_differ() {
        assert_ne!(draw::<32>(&SystemEntropy), draw::<32>(&SystemEntropy));
    }
}
