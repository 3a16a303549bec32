//! How long answers took: counts in buckets that grow with what they hold, so that any percentile is known to three percent.

use std::time::Duration;

/// Buckets per doubling, as a power of two.
const FINE: u32 = 5;
const BUCKETS: usize = 40 << FINE;

#[derive(Clone)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Latencies {
    pub fn note(&mut self, took: Duration) {
        let at = bucket(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)).min(BUCKETS - 1);
        self.counts[at] += 1;
        self.total += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// The time within which this part of a thousand was answered, in microseconds; 0 when there was nothing.
    #[expect(clippy::cast_precision_loss, reason = "a time of 2^53 nanoseconds is 104 days")]
    pub fn permille(&self, part: u64) -> f64 {
        let mut left = (self.total * part).div_ceil(1000);
        for (at, count) in self.counts.iter().enumerate() {
            if *count >= left && left > 0 {
                return nanoseconds(at) as f64 / 1000.0;
            }
            left = left.saturating_sub(*count);
        }
        0.0
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let doublings = (64 - nanoseconds.leading_zeros()).saturating_sub(FINE + 1);
    let low = usize::try_from(nanoseconds >> doublings).unwrap_or(usize::MAX);
    low + ((doublings as usize) << FINE)
}

/// The middle of a bucket.
fn nanoseconds(at: usize) -> u64 {
    let doublings = (at >> FINE).saturating_sub(1);
    let low = (at - (doublings << FINE)) as u64;
    (low << doublings) + (1 << doublings) / 2
}
