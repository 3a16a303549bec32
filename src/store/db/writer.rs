//! The way in: closures that write wait in one queue, and workers on threads of their own run them. A closure that
//! has been accepted is run to its end, whatever becomes of the one who asked.
//!
//! SQLite has one worker. While one commit goes to the disk others wait; then all who wait run as savepoints of one
//! transaction and are answered after one commit. PostgreSQL has many workers, and a transaction for each closure.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::{io, iter, mem};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::runtime;
use tokio::sync::{Notify, oneshot};
use tokio::task::{LocalSet, spawn_blocking};

use super::direct::Checkpoints;
use super::edition::Editions;
use super::fault::Fault;
use super::place::{PATIENCE, Place};
use super::queue::{Queue, Taker};
use super::tx::{Span, Tx};

/// Closures that may wait before those who ask must wait too.
const QUEUE: usize = 1024;

/// The near end of the queue.
pub(super) struct Writer {
    queue: Queue<Box<dyn Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    bell: Arc<Notify>,
    editions: Arc<Editions>,
}

impl Writer {
    pub(super) fn start(place: &Place) -> io::Result<Self> {
        let queue = Queue::<Box<dyn Job>>::new(QUEUE);
        let crew = place.crew();
        let mut threads = Vec::new();
        for _ in 0..crew.threads {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let mut workers = Vec::new();
            for _ in 0..crew.workers {
                let (checkpoints, thread) = place.checkpoints()?.unzip();
                threads.extend(thread);
                workers.push(Worker {
                    place: place.clone(),
                    jobs: queue.taker(),
                    batch: crew.batch,
                    held: None,
                    checkpoints,
                });
            }
            threads.push(thread::Builder::new().name("store-writer".into()).spawn(move || {
                let set = LocalSet::new();
                for worker in workers {
                    set.spawn_local(worker.run());
                }
                runtime.block_on(set);
            })?);
        }
        let (bell, editions) = Default::default();
        Ok(Self { threads: Mutex::new(threads), queue, bell, editions })
    }

    pub(super) async fn write<T, F>(&self, span: Span, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let (bell, editions) = (self.bell.clone(), self.editions.clone());
        if self.queue.put(Box::new(Waiting { span, work, reply, bell, editions })).await {
            return answer.await.unwrap_or_else(|_| Err(gone()));
        }
        Err(gone())
    }

    /// Whether somebody still takes closures from the queue.
    pub(super) fn is_alive(&self) -> bool {
        self.queue.is_open()
    }

    pub(super) fn editions(&self) -> &Arc<Editions> {
        &self.editions
    }

    /// Returns once a closure that rings has been committed since the last call.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Takes nothing more and returns when all that waited is written.
    pub(super) async fn close(&self) {
        self.queue.close();
        let threads = mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = spawn_blocking(|| threads.into_iter().map(JoinHandle::join).all(|end| end.is_ok())).await;
        if !matches!(joined, Ok(true)) {
            tracing::error!("a database writer had died before the database was closed");
        }
    }
}

fn gone() -> Fault {
    Fault::new("the database is closed, or nobody writes to it any more")
}

/// A closure and the one who waits for it, whatever type it answers with.
trait Job: Send {
    fn span(&self) -> Span;

    fn run(self: Box<Self>, tx: &mut Tx) -> LocalBoxFuture<'_, Done>;

    /// Answers without having run.
    fn refuse(self: Box<Self>, fault: Fault);
}

/// A closure that has run, and the answer that waits for the commit.
struct Done {
    keep: bool,
    answer: Box<dyn FnOnce(Result<(), Fault>)>,
}

struct Waiting<T, F> {
    span: Span,
    work: F,
    reply: oneshot::Sender<Result<T, Fault>>,
    bell: Arc<Notify>,
    editions: Arc<Editions>,
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx) -> Result<T, Fault> + Send + 'static,
{
    fn span(&self) -> Span {
        self.span
    }

    fn run(self: Box<Self>, tx: &mut Tx) -> LocalBoxFuture<'_, Done> {
        let Self { work, reply, bell, editions, span: _ } = *self;
        Box::pin(async move {
            let ended = AssertUnwindSafe(async { work(&mut *tx).await }).catch_unwind().await;
            let fate = tx.take_fate();
            let result = ended.unwrap_or_else(|panic| Err(Fault::new(format!("a write panicked: {}", words(&*panic)))));
            let result = match result {
                Ok(_) if fate.spoiled => Err(Fault::new("a write went on after one of its statements had failed")),
                Ok(answer) if !fate.undone => tx.announce(fate.touched).await.map(|()| answer),
                result => result,
            };
            let keep = result.is_ok() && !fate.undone;
            let rings = keep && fate.rings;
            let answer = move |commit: Result<(), Fault>| {
                // Whether it was committed or not: nobody knows what became of a commit that failed.
                editions.count(fate.touched);
                if rings && commit.is_ok() {
                    bell.notify_one();
                }
                drop(reply.send(commit.and(result)));
            };
            Done { keep, answer: Box::new(answer) }
        })
    }

    fn refuse(self: Box<Self>, fault: Fault) {
        drop(self.reply.send(Err(fault)));
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Holds one connection and takes one batch of closures after the other.
struct Worker {
    place: Place,
    jobs: Taker<Box<dyn Job>>,
    batch: usize,
    held: Option<Tx>,
    /// Who is told of commits, on SQLite.
    checkpoints: Option<Checkpoints>,
}

impl Worker {
    async fn run(mut self) {
        while let Some(job) = self.jobs.take().await {
            match self.begin(job.span()).await {
                Ok(tx) => self.finish(tx, job).await,
                // Nobody waits longer in the line than it took to find that there is no connection.
                Err(fault) => {
                    for job in iter::once(job).chain(self.jobs.take_older(PATIENCE)) {
                        job.refuse(fault.clone());
                    }
                }
            }
        }
        if let Some(tx) = self.held {
            tx.close().await;
        }
    }

    /// A connection inside a new transaction. One that is old, or has died since it was last used, is replaced.
    async fn begin(&mut self, span: Span) -> Result<Tx, Fault> {
        if let Some(mut tx) = self.held.take()
            && !tx.is_old()
            && tx.begin(span).await.is_ok()
        {
            return Ok(tx);
        }
        let mut tx = Tx::connect(&self.place).await?;
        tx.begin(span).await?;
        Ok(tx)
    }

    /// Runs the first closure and as many of those that wait as fit into the batch, and answers them all. The
    /// connection is held for the next batch only if everything went as it should.
    async fn finish(&mut self, mut tx: Tx, first: Box<dyn Job>) {
        let mut done = Vec::new();
        let end = self.transact(&mut tx, first, &mut done).await;
        for one in done {
            (one.answer)(end.clone());
        }
        if end.is_ok() {
            if let Some(checkpoints) = &mut self.checkpoints {
                tx.tell_checkpoints(checkpoints);
            }
            self.held = Some(tx);
        }
    }

    async fn transact(&self, tx: &mut Tx, first: Box<dyn Job>, done: &mut Vec<Done>) -> Result<(), Fault> {
        let mut job = first;
        let (mut any, mut last);
        any = false;
        loop {
            let one = job.run(tx).await;
            last = one.keep;
            any |= last;
            done.push(one);
            let Some(next) = self.waiting(done.len()) else { break };
            if let Err(fault) = tx.say(if last { "RELEASE job; SAVEPOINT job" } else { "ROLLBACK TO job" }).await {
                next.refuse(fault.clone());
                return Err(fault);
            }
            job = next;
        }
        tx.end(match (any, last) {
            (false, _) => "ROLLBACK",
            (true, true) => "COMMIT",
            (true, false) => "ROLLBACK TO job; COMMIT",
        })
        .await
    }

    /// The next closure, if one waits already and the batch has room.
    fn waiting(&self, so_far: usize) -> Option<Box<dyn Job>> {
        if so_far < self.batch { self.jobs.take_waiting() } else { None }
    }
}
