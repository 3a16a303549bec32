//! Hashing on a bounded pool, so that sign-ins never take the processors from tokens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Failure;
use crate::base::entropy::Entropy;
use crate::base::secret::Typed;
use crate::domain::password::{self, Context, Cost, Weak, Workspace};
use crate::remote::breached::Breached;

/// Waiting hashes per worker before newcomers are sent away.
const QUEUE_PER_WORKER: usize = 32;

pub struct Passwords {
    cost: Cost,
    /// Verified when there is no account, so that the time tells nothing.
    decoy: String,
    workers: Arc<Semaphore>,
    /// One for each worker that has worked.
    workspaces: Arc<Mutex<Vec<Workspace>>>,
    waiting: AtomicUsize,
    most_waiting: usize,
    breached: Arc<Breached>,
}

impl Passwords {
    pub fn new(workers: usize, cost: Cost, entropy: &dyn Entropy) -> Self {
        let mut workspace = Workspace::default();
        let decoy = password::hash(&Typed::new("a decoy that nobody knows".into()), cost, entropy, &mut workspace);
        Self {
            cost,
            decoy,
            workers: Arc::new(Semaphore::new(workers.max(1))),
            workspaces: Arc::new(Mutex::new(vec![workspace])),
            waiting: AtomicUsize::new(0),
            most_waiting: workers.max(1) * QUEUE_PER_WORKER,
            breached: Arc::default(),
        }
    }

    /// Refuses what is on a list of stolen passwords.
    #[must_use]
    pub fn knowing(self, breached: Breached) -> Self {
        Self { breached: Arc::new(breached), ..self }
    }

    /// Why a new password is not taken; `None` for a good one. A list that cannot be read refuses nothing, and the log
    /// says so.
    pub async fn judge(&self, password: Typed, context: Context) -> Result<Option<Weak>, Failure> {
        let breached = Arc::clone(&self.breached);
        self.run(move |_| {
            if let Err(weak) = password::check(&password, &context) {
                return Some(weak);
            }
            let found = breached.holds(&password::fingerprint(&password)).unwrap_or_else(|error| {
                tracing::error!(%error, "the list of stolen passwords cannot be read; nothing is refused by it");
                false
            });
            found.then_some(Weak::Breached)
        })
        .await
    }

    /// A PHC string of the password.
    pub async fn hash(&self, password: Typed, entropy: Arc<dyn Entropy>) -> Result<String, Failure> {
        let cost = self.cost;
        self.run(move |workspace| password::hash(&password, cost, entropy.as_ref(), workspace)).await
    }

    /// Whether the password is the one behind the hash; without a hash the same work is done on a decoy.
    pub async fn verify(&self, password: Typed, hash: Option<&str>) -> Result<bool, Failure> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or(&self.decoy).to_owned());
        self.run(move |workspace| password::verify(&password, &hash, workspace) && known).await
    }

    async fn run<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        let place = Place::take(&self.waiting, self.most_waiting)?;
        let permit = Arc::clone(&self.workers).acquire_owned().await;
        drop(place);
        let workspaces = Arc::clone(&self.workspaces);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut workspace = lock(&workspaces).pop().unwrap_or_default();
            let done = work(&mut workspace);
            lock(&workspaces).push(workspace);
            done
        });
        done.await.map_err(|_| Failure::Busy { retry_after: 1 })
    }
}

fn lock(workspaces: &Mutex<Vec<Workspace>>) -> MutexGuard<'_, Vec<Workspace>> {
    workspaces.lock().unwrap_or_else(PoisonError::into_inner)
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
