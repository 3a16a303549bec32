//! Clock-driven work: each job is a name, an interval and a function; a job that fails says so and comes again.
//!
//! | job | every | does |
//! |---|---|---|
//! | `keys` | 10 min, and at the start | makes, drops and takes over signing keys |
//! | `expire` | 30 s | writes down the ends of sessions that the clock made |
//! | `revoke` | 30 s | goes on with ends of several writes where whoever was at it is gone |
//! | `count` | 5 min | counts the sessions of hours that are over |
//! | `clean` | 5 min | removes rows that are of no more use |
//! | `overdue` | 1 min | says on every node how far `expire` and `clean` are behind |
//! | `unused` | 1 h | removes clients that registered themselves and that nobody uses |
//! | `directory` | 15 min | signs out people who are gone from the directory that keeps their password |
//! | `geo` | 5 min | reads the files of addresses again when they changed |
//! | `deliver` | always | tells others what ended: on each node, side by side ([`deliver`]) |
//! | `news` | always | hears what other nodes wrote that this one remembers ([`news`]) |
//! | `mail` | 2 s | sends what is queued |
//! | `lag` | 15 s | measures how far `deliver` and `mail` are behind |

pub mod clean;
pub mod count;
pub mod deliver;
pub mod directory;
pub mod expire;
pub mod mail;
pub mod news;
pub mod overdue;
mod pace;
pub mod revoke;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod unused;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::deliver::Courier;
use self::tally::Tally;
use crate::base::clock::Time;
use crate::base::entropy::draw;
use crate::flows::keys::KeysError;
use crate::flows::{Authority, Failure, keys};
use crate::remote::geo::NoGeo;
use crate::store::db::{Fault, Tx};
use crate::store::lease;

/// What a job works with.
#[derive(Clone)]
pub struct Shift {
    pub authority: Arc<Authority>,
    pub tally: Tally,
    /// Cancelled when the server stops: whatever can be left is left.
    pub over: CancellationToken,
}

impl Shift {
    pub fn new(authority: Arc<Authority>, tally: Tally) -> Self {
        Self { authority, tally, over: CancellationToken::new() }
    }

    /// Whether there is no time left for more.
    fn is_over(&self, deadline: Time) -> bool {
        self.over.is_cancelled() || self.authority.now() >= deadline
    }

    /// Leaves the database to others, unless the server stops.
    async fn rest(&self, length: Duration) {
        tokio::select! {
            () = self.over.cancelled() => {}
            () = sleep(length) => {}
        }
    }
}

/// Why a job could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Geo(#[from] NoGeo),
    #[error(transparent)]
    Flow(#[from] Failure),
    #[error("it panicked")]
    Panic,
}

/// Which nodes do a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nodes {
    Each,
    /// Whichever comes first, until its lease is over.
    One,
}

#[derive(Clone, Copy)]
struct Job {
    name: &'static str,
    every: Duration,
    nodes: Nodes,
    /// Given the time by which it should be done.
    work: fn(Shift, Time) -> BoxFuture<'static, Result<(), JobError>>,
}

const JOBS: &[Job] = &[
    Job {
        name: "keys",
        every: Duration::from_mins(10),
        nodes: Nodes::Each,
        work: |shift, _| Box::pin(tend_keys(shift)),
    },
    Job {
        name: "expire",
        every: Duration::from_secs(30),
        nodes: Nodes::One,
        work: |shift, deadline| Box::pin(expire::run(shift, deadline)),
    },
    Job {
        name: "revoke",
        every: Duration::from_secs(30),
        nodes: Nodes::One,
        work: |shift, deadline| Box::pin(revoke::run(shift, deadline)),
    },
    Job {
        name: "count",
        every: Duration::from_mins(5),
        nodes: Nodes::One,
        work: |shift, _| Box::pin(count::run(shift)),
    },
    Job {
        name: "clean",
        every: Duration::from_mins(5),
        nodes: Nodes::One,
        work: |shift, deadline| Box::pin(clean::run(shift, deadline)),
    },
    Job {
        name: "overdue",
        every: Duration::from_mins(1),
        nodes: Nodes::Each,
        work: |shift, _| Box::pin(overdue::run(shift)),
    },
    Job {
        name: "unused",
        every: Duration::from_hours(1),
        nodes: Nodes::One,
        work: |shift, deadline| Box::pin(unused::run(shift, deadline)),
    },
    Job {
        name: "directory",
        every: Duration::from_mins(15),
        nodes: Nodes::One,
        work: |shift, deadline| Box::pin(directory::run(shift, deadline)),
    },
    Job {
        name: "geo",
        every: Duration::from_mins(5),
        nodes: Nodes::Each,
        work: |shift, _| Box::pin(refresh_geo(shift)),
    },
    Job { name: "lag", every: Duration::from_secs(15), nodes: Nodes::Each, work: |shift, _| Box::pin(measure(shift)) },
    Job {
        name: "mail",
        every: Duration::from_secs(2),
        nodes: Nodes::Each,
        work: |shift, _| Box::pin(mail::run(shift)),
    },
];

async fn tend_keys(shift: Shift) -> Result<(), JobError> {
    Ok(keys::tend(&shift.authority).await?)
}

async fn measure(shift: Shift) -> Result<(), JobError> {
    deliver::measure(&shift).await?;
    mail::measure(&shift).await
}

/// The files are read on a thread that may wait for a disk.
async fn refresh_geo(shift: Shift) -> Result<(), JobError> {
    let read = tokio::task::spawn_blocking(move || shift.authority.geo.refresh());
    Ok(read.await.map_err(|_| JobError::Panic)??)
}

/// The jobs of a running server.
pub struct Jobs {
    over: CancellationToken,
    running: TaskTracker,
}

impl Jobs {
    pub fn start(shift: &Shift) -> Self {
        let running = TaskTracker::new();
        for &job in JOBS {
            running.spawn(repeat(job, shift.clone()));
        }
        running.spawn(keep("deliver", shift.clone(), |shift| Box::pin(Courier::new(shift).run())));
        running.spawn(keep("news", shift.clone(), |shift| Box::pin(news::run(shift))));
        running.close();
        Self { over: shift.over.clone(), running }
    }

    /// Returns when every job has come to a place where it can stop.
    pub async fn stop(self) {
        self.over.cancel();
        self.running.wait().await;
    }
}

/// Work without intervals, until the server stops, or until there is none. It begins anew when it panics.
async fn keep(name: &'static str, shift: Shift, work: fn(Shift) -> BoxFuture<'static, ()>) {
    while tokio::spawn(work(shift.clone())).await.is_err() && !shift.over.is_cancelled() {
        tracing::error!(job = name, "a job panicked; it begins anew");
        sleep(Duration::from_secs(1)).await;
    }
}

async fn repeat(job: Job, shift: Shift) {
    // What each node does comes at once: after a first start the next keys are still to be made, and the numbers are not
    // known. What one does for all begins soon, not together.
    let mut pause = if job.nodes == Nodes::Each { Duration::ZERO } else { job.every.mul_f64(chance(&shift) / 10.0) };
    loop {
        tokio::select! {
            () = shift.over.cancelled() => return,
            () = sleep(pause) => {}
        }
        let ended = tokio::spawn(once(job, shift.clone())).await.unwrap_or(Err(JobError::Panic));
        match &ended {
            Ok(()) => {}
            // The workers that stop at the same time take the connections with them that were made on them.
            Err(error) if shift.over.is_cancelled() => tracing::info!(job = job.name, %error, "a job was cut short"),
            Err(error) => tracing::error!(job = job.name, %error, "a job failed; it comes again"),
        }
        shift.tally.note_run(job.name, &ended, shift.authority.now());
        pause = job.every.mul_f64(0.9 + chance(&shift) / 5.0);
    }
}

/// From 0 to 1.
fn chance(shift: &Shift) -> f64 {
    f64::from(u16::from_be_bytes(draw(shift.authority.entropy.as_ref()))) / f64::from(u16::MAX)
}

async fn once(job: Job, shift: Shift) -> Result<(), JobError> {
    let now = shift.authority.now();
    // Over before the same node comes again, at the earliest after nine tenths of the interval.
    let deadline = now + TimeDelta::from_std(job.every.mul_f64(0.8)).unwrap_or_default();
    if job.nodes == Nodes::One {
        let take = async move |tx: &mut Tx| lease::take(tx, job.name, now, deadline).await;
        if !shift.authority.db.write(take).await? {
            return Ok(());
        }
    }
    (job.work)(shift, deadline).await
}
