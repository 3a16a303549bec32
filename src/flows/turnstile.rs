//! One after the other: whoever comes for the same thing waits for those before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use super::Failure;
use crate::base::secret::Digest;

/// Most who wait for one thing; further ones are sent away.
const MOST_WAITING: usize = 256;
/// How many gates there are before those that nobody uses are taken away.
const TIDY_ABOVE: usize = 1_024;

type Gate = tokio::sync::Mutex<()>;

/// A gate per thing, here for as long as somebody is at it.
#[derive(Default)]
pub struct Turnstile(Mutex<HashMap<Digest, Weak<Gate>>>);

impl Turnstile {
    /// Waits for those before; the next one passes when the guard is dropped.
    pub async fn pass(&self, key: Digest) -> Result<OwnedMutexGuard<()>, Failure> {
        let gate = self.gate(key);
        if Arc::strong_count(&gate) > MOST_WAITING {
            return Err(Failure::Busy { retry_after: 2 });
        }
        Ok(gate.lock_owned().await)
    }

    fn gate(&self, key: Digest) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() > TIDY_ABOVE {
            gates.retain(|_, gate| gate.strong_count() > 0);
        }
        if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        let gate = Arc::new(Gate::default());
        gates.insert(key, Arc::downgrade(&gate));
        gate
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_for_one_thing() {
        let (turnstile, inside) = (Arc::new(Turnstile::default()), Arc::new(AtomicUsize::new(0)));
        let visits: Vec<_> = (0..50)
            .map(|_| {
                let (turnstile, inside) = (Arc::clone(&turnstile), Arc::clone(&inside));
                tokio::spawn(async move {
                    let _guard = turnstile.pass(Digest::of("a")).await.unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for visit in visits {
            visit.await.unwrap();
        }
    }

    #[tokio::test]
    async fn crowds_are_sent_away_and_gates_are_forgotten() {
        let turnstile = Arc::new(Turnstile::default());
        let held = turnstile.pass(Digest::of("a")).await.unwrap();
        let waiting: Vec<_> = (0..MOST_WAITING - 1)
            .map(|_| {
                let turnstile = Arc::clone(&turnstile);
                tokio::spawn(async move { turnstile.pass(Digest::of("a")).await.is_ok() })
            })
            .collect();
        while Arc::strong_count(&turnstile.gate(Digest::of("a"))) <= MOST_WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(turnstile.pass(Digest::of("a")).await, Err(Failure::Busy { .. })));
        assert!(turnstile.pass(Digest::of("b")).await.is_ok(), "another thing has another gate");
        drop(held);
        for visit in waiting {
            assert!(visit.await.unwrap());
        }
        for n in 0..2 * TIDY_ABOVE {
            drop(turnstile.pass(Digest::of(&n.to_string())).await.unwrap());
        }
        assert!(turnstile.0.lock().unwrap().len() <= TIDY_ABOVE + 1);
    }
}
