//! Nobody learns by the clock who is here (OWASP ASVS 5.0 6.3.8): for each door, the time it takes for somebody who is known
//! beside the time it takes for somebody who is not, 2,000 times each, taken in turn.
//!
//! Asked are the flows, with real rows, real writes and a real hash; what HTTP puts around them is the same for everybody.
//! A difference counts where it is certain and large enough to be of use. Each comparison is also made against a door that
//! leaks, and must find it out.

#[cfg(feature = "ldap")]
mod directory;
mod doors;

use std::fmt;
use std::time::{Duration, Instant};

use doorward::base::entropy::{Entropy, SeededEntropy, draw};

/// How often each arm is timed.
const ROUNDS: usize = 2_000;
/// How far two medians may lie apart, as a part of the larger one.
const MOST: f64 = 0.15;
/// From here on a difference is no chance (that of a test by Welch is 4.5 in the practice of side channels).
const CERTAIN: f64 = 4.5;

/// The times of two arms, pair by pair, in seconds.
struct Compared {
    pairs: Vec<[f64; 2]>,
}

/// Times two arms in turn; which one begins is drawn for each pair, so that whatever else the machine does is shared.
async fn compare(rounds: usize, mut arm: impl AsyncFnMut(usize, usize) -> Duration) -> Compared {
    let dice = SeededEntropy::new(rounds as u64);
    let mut pairs = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let first = usize::from(draw::<1>(&dice as &dyn Entropy)[0] & 1);
        let mut pair = [0.0; 2];
        for which in [first, 1 - first] {
            pair[which] = arm(which, round).await.as_secs_f64();
        }
        pairs.push(pair);
    }
    Compared { pairs }
}

/// How long it takes.
async fn timed<T>(work: impl Future<Output = T>) -> Duration {
    let began = Instant::now();
    let _done = work.await;
    began.elapsed()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Compared {
    fn arm(&self, which: usize) -> Vec<f64> {
        self.pairs.iter().map(|pair| pair[which]).collect()
    }

    /// How much longer the first arm takes than the second: the median over the pairs, as a part of the larger median.
    fn shift(&self) -> f64 {
        let larger = median(self.arm(0)).max(median(self.arm(1)));
        median(self.pairs.iter().map(|[one, two]| one - two).collect()) / larger
    }

    /// How many standard deviations of chance lie between the two (Mann and Whitney 1947, without ties).
    fn certainty(&self) -> f64 {
        let mut all: Vec<(f64, usize)> = self.pairs.iter().flat_map(|[one, two]| [(*one, 0), (*two, 1)]).collect();
        all.sort_by(|(one, _), (two, _)| one.total_cmp(two));
        let ranks: f64 =
            all.iter().enumerate().filter(|(_, (_, which))| *which == 0).map(|(at, _)| float(at) + 1.0).sum();
        let n = float(self.pairs.len());
        let rank_sum = n * (2.0 * n + 1.0) / 2.0;
        (ranks - rank_sum) / (n * n * (2.0 * n + 1.0) / 12.0).sqrt()
    }

    fn leaks(&self) -> bool {
        self.shift().abs() > MOST && self.certainty().abs() > CERTAIN
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two] = [0, 1].map(|which| median(self.arm(which)) * 1e6);
        let (shift, certainty) = (self.shift() * 100.0, self.certainty());
        write!(out, "known {one:.0} µs, unknown {two:.0} µs: {shift:+.1} % apart, {certainty:+.1} deviations")
    }
}

/// Fails where a door tells who is known, twice in a row: a machine may be busy once.
async fn keeps_quiet(door: &str, mut compared: impl AsyncFnMut() -> Compared) {
    let first = compared().await;
    eprintln!("{door}: {first}");
    if first.leaks() {
        let second = compared().await;
        assert!(!second.leaks(), "{door} tells who is known: {first}; {second}");
    }
}

/// Fails where a door that tells is not found out.
fn is_found_out(door: &str, compared: &Compared) {
    eprintln!("{door}, leaking: {compared}");
    assert!(compared.leaks(), "{door} leaks and is not found out: {compared}");
}

#[test]
fn chance_is_no_difference_and_a_difference_is_none() {
    let dice = SeededEntropy::new(3);
    let noise = || f64::from(u16::from_be_bytes(draw(&dice as &dyn Entropy))) / 65_536.0;
    let pairs = |more: f64| Compared { pairs: (0..2_000).map(|_| [1.0 + noise() + more, 1.0 + noise()]).collect() };
    assert!(!pairs(0.0).leaks());
    // Certain and too small to be of use; and large enough.
    let small = pairs(0.1);
    assert!(!small.leaks() && small.certainty() > CERTAIN, "{small}");
    assert!(pairs(0.3).leaks() && pairs(-0.3).leaks());
    // A single slow answer moves nothing.
    let mut odd = pairs(0.0);
    odd.pairs[7][0] = 1e9;
    assert!(!odd.leaks());
}
