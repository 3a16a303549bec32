//! Tells others what ended: woken by every end that this node writes, and once a second for those of other nodes.
//!
//! Attempts run side by side and nobody waits for a slow one: each of those who hear has a few at a time, and one whose
//! last attempt failed has a single one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, sleep_until};

use super::{JobError, Shift};
use crate::domain::delivery::{Next, Projection};
use crate::flows::delivery::{self, Target};
use crate::flows::{Failure, outbox};

/// How often it looks without being woken.
const EVERY: Duration = Duration::from_secs(1);
/// The least time between two looks, so that many ends at once are told together.
const BREATH: Duration = Duration::from_millis(5);
/// Attempts at a time, of this node.
const MOST: usize = 256;
/// Attempts at a time for one of those who hear.
const MOST_EACH: usize = 16;

/// How one of those who hear is doing.
#[derive(Clone, Copy, Default)]
struct Load {
    under_way: usize,
    failing: bool,
}

impl Load {
    /// How many attempts may begin.
    fn room(self) -> usize {
        let most = if self.failing { 1 } else { MOST_EACH };
        most.saturating_sub(self.under_way)
    }
}

/// An attempt that is over.
type Attempt = (Target, Result<Next, Failure>);

/// Begins attempts, and keeps those that are under way.
pub struct Courier {
    shift: Shift,
    under_way: JoinSet<Attempt>,
    loads: HashMap<Target, Load>,
}

impl Courier {
    pub fn new(shift: Shift) -> Self {
        Self { shift, under_way: JoinSet::new(), loads: HashMap::new() }
    }

    /// Reads what ended and begins to tell it; gives how many attempts were begun.
    pub async fn look(&mut self) -> Result<usize, JobError> {
        while let Some(ended) = self.under_way.try_join_next() {
            self.settle(ended);
        }
        let authority = &self.shift.authority;
        outbox::read_on(authority).await?;
        let mut free = MOST.saturating_sub(self.under_way.len());
        let mut wanted = Vec::new();
        for target in delivery::due(authority).await? {
            let room = self.loads.get(&target).copied().unwrap_or_default().room().min(free);
            free -= room;
            if room > 0 {
                wanted.push((target, i64::try_from(room).unwrap_or(i64::MAX)));
            }
        }
        if wanted.is_empty() {
            return Ok(0);
        }
        let claims = delivery::claim(authority, wanted).await?;
        let begun = claims.len();
        for claim in claims {
            let (authority, target) = (Arc::clone(authority), claim.target());
            self.loads.entry(target.clone()).or_default().under_way += 1;
            self.under_way.spawn(async move { (target, delivery::attempt(&authority, claim).await) });
        }
        Ok(begun)
    }

    /// Waits until an attempt is over; false when none is under way.
    async fn finish(&mut self) -> bool {
        let Some(ended) = self.under_way.join_next().await else { return false };
        self.settle(ended);
        true
    }

    fn settle(&mut self, ended: Result<Attempt, JoinError>) {
        match ended {
            Ok((target, outcome)) => self.note(&target, &outcome),
            // Nobody knows whose it was: the counts begin anew, too low for the moment.
            Err(panic) => {
                tracing::error!(%panic, "an attempt panicked");
                self.loads.clear();
            }
        }
    }

    fn note(&mut self, target: &Target, outcome: &Result<Next, Failure>) {
        let word = match outcome {
            Ok(Next::Delivered) => "delivered",
            Ok(Next::Again(_)) => "failed",
            Ok(Next::Dead) => "dead",
            Err(error) => {
                tracing::error!(%error, "a delivery could not be written down; it is tried again");
                "faulted"
            }
        };
        self.shift.tally.note_delivery(target.0, word);
        let load = self.loads.entry(target.clone()).or_default();
        load.under_way = load.under_way.saturating_sub(1);
        load.failing = !matches!(outcome, Ok(Next::Delivered | Next::Dead));
        if load.under_way == 0 && !load.failing {
            self.loads.remove(target);
        }
    }

    /// Tells everything that is due now, and returns once it has been tried.
    pub async fn run_out(&mut self) -> Result<(), JobError> {
        loop {
            let begun = self.look().await?;
            if begun == 0 && self.under_way.is_empty() {
                return Ok(());
            }
            self.finish().await;
        }
    }

    /// Until the server stops; attempts that are under way then are waited for.
    pub async fn run(mut self) {
        loop {
            let begun = self.look().await;
            match &begun {
                Ok(_) => {}
                // Connections go with the workers that stop at the same time.
                Err(error) if self.shift.over.is_cancelled() => tracing::info!(%error, "telling was cut short"),
                Err(error) => tracing::error!(%error, "what ended could not be told; it is tried again"),
            }
            let (db, over) = (self.shift.authority.db.clone(), self.shift.over.clone());
            self.shift.tally.note_run("deliver", &begun.map(drop), self.shift.authority.now());
            let next = tokio::time::Instant::now() + EVERY;
            tokio::select! {
                () = over.cancelled() => break,
                () = db.rung() => {}
                true = self.finish() => {}
                () = sleep_until(next) => {}
            }
            sleep(BREATH).await;
        }
        while self.finish().await {}
    }
}

/// How far behind each projection is.
pub async fn measure(shift: &Shift) -> Result<(), JobError> {
    for projection in Projection::ALL {
        shift.tally.note_lag(&delivery::lag(&shift.authority, *projection).await?);
    }
    Ok(())
}
