//! Hashing on a few threads of their own that come after all others, so that sign-ins never take the processors from tokens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use tokio::sync::oneshot;

use super::Failure;
use crate::base::entropy::Entropy;
use crate::base::secret::Typed;
use crate::domain::password::{self, Context, Cost, Weak, Workspace};
use crate::remote::breached::Breached;

/// Waiting hashes per worker before newcomers are sent away.
const QUEUE_PER_WORKER: usize = 32;

/// How much the workers stand back, as `nice` counts: beside a thread that works they get a tenth of a processor, and all of one
/// that nobody wants.
const NICE: i32 = 10;

pub struct Passwords {
    cost: Cost,
    /// Verified when there is no account, so that the time tells nothing.
    decoy: String,
    queue: SyncSender<Job>,
    breached: Arc<Breached>,
}

/// Work for whichever worker comes first.
type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

impl Passwords {
    /// Starts the workers; they end when this is dropped.
    pub fn start(workers: usize, cost: Cost, entropy: &dyn Entropy) -> io::Result<Self> {
        let workers = workers.max(1);
        let (queue, jobs) = sync_channel(workers * QUEUE_PER_WORKER);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..workers {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("password".into()).spawn(move || work(&jobs))?;
        }
        Ok(Self { cost, decoy: password::decoy(cost, entropy), queue, breached: Arc::default() })
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
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |workspace: &mut Workspace| drop(reply.send(work(workspace))));
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Failure::Busy { retry_after: 2 },
            TrySendError::Disconnected(_) => Failure::Busy { retry_after: 1 },
        })?;
        answer.await.map_err(|_| Failure::Busy { retry_after: 1 })
    }
}

/// Does one job after the other, in memory that is kept.
fn work(jobs: &Mutex<Receiver<Job>>) {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "hashing passwords does not stand back");
    }
    let mut workspace = Workspace::default();
    while let Some(job) = next(jobs) {
        if catch_unwind(AssertUnwindSafe(|| job(&mut workspace))).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

/// `None` once nobody can ask any more.
fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
