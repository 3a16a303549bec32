//! Browsers without a session take turns, so that one place that asks without a pause never takes the processors from tokens.
//!
//! Each source has its own turns: others do not wait for it. They come more often than the passwords of those who sign in there
//! could be checked, so that people hardly wait.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use crate::domain::login::network;
use crate::domain::session::Source;
use crate::flows::Failure;

/// Turns in a second for each thread that answers.
const RATE: u32 = 250;
/// How long a source may have been away and make up for it at once.
const CREDIT: Duration = Duration::from_millis(400);
/// Who would wait longer is sent away: whoever waits takes memory.
const PATIENCE: Duration = Duration::from_millis(250);
/// How many sources are told apart; of more some share their turns. So memory does not grow with them.
const LANES: usize = 4_096;

/// When each source may come next.
pub struct Strangers {
    apart: Duration,
    hasher: RandomState,
    lanes: Box<[Mutex<Option<Instant>>]>,
}

impl Strangers {
    pub fn new(threads: usize) -> Self {
        let threads = u32::try_from(threads).unwrap_or(u32::MAX).max(1);
        Self {
            apart: Duration::from_secs(1) / RATE.saturating_mul(threads),
            hasher: RandomState::new(),
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
        }
    }

    /// Waits for the source's next turn.
    pub async fn turn(&self, source: &Source) -> Result<(), Failure> {
        let now = Instant::now();
        let turn = self.next(source, now).ok_or(Failure::TooMany { retry_after: 1 })?;
        if turn > now {
            sleep_until(turn.into()).await;
        }
        Ok(())
    }

    /// When its next turn is; `None` where it is too far away.
    fn next(&self, source: &Source, now: Instant) -> Option<Instant> {
        let mut free_from = self.lanes.get(self.lane(source))?.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(CREDIT).unwrap_or(now);
        let turn = free_from.map_or(earliest, |free_from| free_from.max(earliest));
        if turn > now + PATIENCE {
            return None;
        }
        *free_from = Some(turn + self.apart);
        Some(turn)
    }

    fn lane(&self, source: &Source) -> usize {
        let network = source.address.as_deref().map(network).unwrap_or_default();
        usize::try_from(self.hasher.hash_one(network) % LANES as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Source {
        Source { address: Some(address.into()), ..Source::default() }
    }

    /// How many of those who come at this moment go on at once, how many wait, and how many are sent away.
    fn crowd(strangers: &Strangers, source: &Source, now: Instant) -> [usize; 3] {
        let mut counts = [0; 3];
        for _ in 0..1_000 {
            counts[match strangers.next(source, now) {
                Some(turn) if turn <= now => 0,
                Some(_) => 1,
                None => 2,
            }] += 1;
        }
        counts
    }

    #[test]
    fn a_crowd_of_one_place_waits_and_others_do_not() {
        let (strangers, now) = (Strangers::new(1), Instant::now());
        let one = from("2001:db8::1");
        assert_eq!(crowd(&strangers, &one, now), [101, 62, 837]);
        assert_eq!(crowd(&strangers, &from("2001:db8::2"), now), [0, 0, 1_000], "one customer has a /64");
        let others = (1..=9).map(|n| from(&format!("192.0.2.{n}")));
        let other = others.into_iter().find(|other| strangers.lane(other) != strangers.lane(&one)).unwrap();
        assert_eq!(crowd(&strangers, &other, now), [101, 62, 837]);
        let later = now + Duration::from_millis(500);
        assert_eq!(crowd(&strangers, &other, later), [63, 62, 875], "what was used up comes back");
        let later = now + Duration::from_mins(1);
        assert_eq!(crowd(&strangers, &other, later), [101, 62, 837], "who stays away has credit again");
    }

    #[test]
    fn more_threads_give_more_turns() {
        let (strangers, now) = (Strangers::new(4), Instant::now());
        assert_eq!(crowd(&strangers, &from("192.0.2.1"), now), [401, 250, 349]);
    }
}
