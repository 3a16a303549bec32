//! The load: every connection asks, waits for the answer, and asks again, until time is up.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep_until;

use crate::latency::Latencies;
use crate::operation::Work;
use crate::outcome::{Outcome, fail};
use crate::wire::Wire;

/// A connection and what it does.
pub struct Line {
    pub wire: Wire,
    pub work: Box<dyn Work>,
}

/// What came of a load.
#[derive(Clone, Default)]
pub struct Tally {
    pub done: u64,
    pub errors: u64,
    pub latencies: Latencies,
    /// From the first question to the last answer.
    pub took: Duration,
    pub first_error: Option<String>,
}

impl Tally {
    /// Answers as they should be, per second.
    #[expect(clippy::cast_precision_loss, reason = "counts of one measurement")]
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// Takes over what another load came to at the same time.
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.errors += other.errors;
        self.latencies.add(&other.latencies);
        self.took = self.took.max(other.took);
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// How fast a connection asks.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As soon as it has its answer.
    Flat,
    /// Once in this time. What is late is made up for, and its latency counts from when it was due.
    Every(Duration),
    /// Once in this time, or as soon as there is an answer; when time is up, what was due is left.
    AtMost(Duration),
}

/// Lets all connections work for this long.
pub async fn drive(lines: &mut [Line], pace: Pace, time: Duration) -> Tally {
    let start = Instant::now();
    let count = u32::try_from(lines.len().max(1)).unwrap_or(u32::MAX);
    let loads = lines.iter_mut().zip(0u32..).map(|(line, at)| {
        let offset = match pace {
            Pace::Flat => Duration::ZERO,
            Pace::Every(interval) | Pace::AtMost(interval) => interval * at / count,
        };
        repeat(line, pace, start + offset, start + time)
    });
    let mut whole = Tally::default();
    for one in join_all(loads).await {
        whole.add(one);
    }
    whole.took = start.elapsed();
    whole
}

async fn repeat(line: &mut Line, pace: Pace, mut due: Instant, end: Instant) -> Tally {
    let mut tally = Tally::default();
    loop {
        let (start, last) = match pace {
            Pace::Flat => (Instant::now(), Instant::now()),
            Pace::Every(_) => (reach(due).await, due),
            Pace::AtMost(_) => (reach(due).await, Instant::now()),
        };
        if last >= end {
            return tally;
        }
        if let Pace::Every(interval) | Pace::AtMost(interval) = pace {
            due += interval;
        }
        match line.work.once(&mut line.wire).await {
            Ok(()) => {
                tally.latencies.note(start.elapsed());
                tally.done += 1;
            }
            Err(error) => {
                tally.errors += 1;
                tally.first_error.get_or_insert_with(|| error.to_string());
                if matches!(pace, Pace::Flat) && tally.errors > 100 && tally.done == 0 {
                    return tally;
                }
            }
        }
    }
}

/// Waits until something is due, and gives when it began: then, if that is past already. Whoever sleeps wakes up to a
/// millisecond late, which is the driver's own doing and does not count.
async fn reach(due: Instant) -> Instant {
    if Instant::now() >= due {
        return due;
    }
    sleep_until(due.into()).await;
    Instant::now()
}

/// Refuses a load in which nothing worked.
pub fn some(tally: Tally) -> Outcome<Tally> {
    match &tally.first_error {
        Some(error) if tally.done == 0 => fail(format!("nothing worked: {error}")),
        _ => Ok(tally),
    }
}
