//! Hashing on a few threads of their own that come after all others, so that sign-ins never take the processors from tokens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::Failure;
use crate::base::entropy::Entropy;
use crate::base::secret::Typed;
use crate::domain::password::{self, Context, Cost, Weak, Workspace};
use crate::remote::breached::Breached;

/// How many may be in the line for each worker, the one it works on included; newcomers are sent away.
const PLACES_PER_WORKER: usize = 33;

/// How much the workers stand back, as `nice` counts: beside a thread that works they get a tenth of a processor, and all of one
/// that nobody wants.
const NICE: i32 = 10;

pub struct Passwords {
    cost: Cost,
    /// Verified when there is no account, so that the time tells nothing.
    decoy: String,
    places: Arc<Semaphore>,
    queue: Sender<Job>,
    breached: Arc<Breached>,
}

/// A place in the line, until the work is done.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Work for whichever worker comes first.
type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

impl Passwords {
    /// Starts the workers; they end when this is dropped.
    pub fn start(workers: usize, cost: Cost, entropy: &dyn Entropy) -> io::Result<Self> {
        let workers = workers.max(1);
        let (queue, jobs) = channel();
        let places = Arc::new(Semaphore::new(workers * PLACES_PER_WORKER));
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..workers {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("password".into()).spawn(move || work(&jobs))?;
        }
        Ok(Self { cost, decoy: password::decoy(cost, entropy), places, queue, breached: Arc::default() })
    }

    /// Refuses what is on a list of stolen passwords.
    #[must_use]
    pub fn knowing(self, breached: Breached) -> Self {
        Self { breached: Arc::new(breached), ..self }
    }

    /// A place in the line. Whoever has other work to do for an attempt takes one first: when the line is full, nothing is done.
    pub fn place(&self) -> Result<Place, Failure> {
        Arc::clone(&self.places)
            .try_acquire_owned()
            .map(|permit| Place { _permit: permit })
            .map_err(|_| Failure::Busy { retry_after: 2 })
    }

    /// Why a new password is not taken; `None` for a good one. A list that cannot be read refuses nothing, and the log
    /// says so.
    pub async fn judge(&self, password: Typed, context: Context) -> Result<Option<Weak>, Failure> {
        let breached = Arc::clone(&self.breached);
        self.run(self.place()?, move |_| {
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
    pub async fn hash(&self, place: Place, password: Typed, entropy: Arc<dyn Entropy>) -> Result<String, Failure> {
        let cost = self.cost;
        self.run(place, move |workspace| password::hash(&password, cost, entropy.as_ref(), workspace)).await
    }

    /// Whether the password is the one behind the hash; without a hash the same work is done on a decoy.
    pub async fn verify(&self, place: Place, password: Typed, hash: Option<&str>) -> Result<bool, Failure> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or(&self.decoy).to_owned());
        self.run(place, move |workspace| password::verify(&password, &hash, workspace) && known).await
    }

    async fn run<T, F>(&self, place: Place, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&mut Workspace) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |workspace: &mut Workspace| {
            let done = work(workspace);
            drop(place);
            drop(reply.send(done));
        });
        let gone = || Failure::Busy { retry_after: 1 };
        self.queue.send(job).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SystemEntropy;

    #[tokio::test]
    async fn the_line_has_an_end_and_places_come_back() {
        let passwords = Passwords::start(1, Cost { memory: 8, passes: 1, lanes: 1 }, &SystemEntropy).unwrap();
        let mut places: Vec<_> = (0..PLACES_PER_WORKER).map(|_| passwords.place().unwrap()).collect();
        assert!(matches!(passwords.place(), Err(Failure::Busy { .. })));
        let place = places.pop().unwrap();
        assert!(!passwords.verify(place, Typed::new("a guess".into()), None).await.unwrap());
        assert!(passwords.place().is_ok(), "work that is done holds no place");
    }
}
