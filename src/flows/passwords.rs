//! Hashing on a bounded pool, so that sign-ins never take the processors from tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::Failure;
use crate::base::entropy::Entropy;
use crate::base::secret::Typed;
use crate::domain::password::{self, Cost};

/// Waiting hashes per worker before newcomers are sent away.
const QUEUE_PER_WORKER: usize = 32;

pub struct Passwords {
    cost: Cost,
    /// Verified when there is no account, so that the time tells nothing.
    decoy: String,
    workers: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Passwords {
    pub fn new(workers: usize, cost: Cost, entropy: &dyn Entropy) -> Self {
        let decoy = password::hash(&Typed::new("a decoy that nobody knows".into()), cost, entropy);
        Self {
            cost,
            decoy,
            workers: Arc::new(Semaphore::new(workers.max(1))),
            waiting: AtomicUsize::new(0),
            most_waiting: workers.max(1) * QUEUE_PER_WORKER,
        }
    }

    /// A PHC string of the password.
    pub async fn hash(&self, password: Typed, entropy: Arc<dyn Entropy>) -> Result<String, Failure> {
        let cost = self.cost;
        self.run(move || password::hash(&password, cost, entropy.as_ref())).await
    }

    /// Whether the password is the one behind the hash; without a hash the same work is done on a decoy.
    pub async fn verify(&self, password: Typed, hash: Option<&str>) -> Result<bool, Failure> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or(&self.decoy).to_owned());
        self.run(move || password::verify(&password, &hash) && known).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let place = Place::take(&self.waiting, self.most_waiting)?;
        let permit = Arc::clone(&self.workers).acquire_owned().await;
        drop(place);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|_| Failure::Busy { retry_after: 1 })
    }
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Failure> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::SeqCst) >= most {
            return Err(Failure::Busy { retry_after: 2 });
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
