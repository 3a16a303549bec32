//! What was measured: every sample, the medians, and how they are shown.

mod machine;
mod plot;
mod siege;
mod table;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use self::machine::Machine;
pub use self::siege::{Siege, Stand, Times};
use crate::load::Tally;
use crate::options::RunOptions;
use crate::outcome::Outcome;
use crate::provider::Provider;

/// Whose processor time is 1 in every ratio.
const UNIT: &str = "one signature, ES256, aws-lc-rs";

/// One operation of one server in one round.
#[derive(Clone, Serialize)]
pub struct Sample {
    pub server: String,
    pub operation: String,
    pub round: usize,
    pub requests: u64,
    pub errors: u64,
    /// Requests per second.
    pub rate: f64,
    /// Microseconds of processor time per request, of the server's processes.
    pub cpu: f64,
    /// The same of its database, where that is a server of its own.
    pub database_cpu: f64,
    /// Microseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

/// What a server takes beside requests.
#[derive(Serialize)]
pub struct Footprint {
    pub server: String,
    /// From the start of the process, on the data it has, to the first answer with status 200.
    #[serde(serialize_with = "milliseconds")]
    pub start: Duration,
    /// Bytes.
    pub resident_idle: u64,
    pub resident_loaded: u64,
    pub bytes_per_session: Option<u64>,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64() * 1000.0)
}

/// The medians of one operation of one server.
#[derive(Serialize)]
pub struct Summary {
    pub server: String,
    pub operation: String,
    pub rate: f64,
    pub cpu: f64,
    pub database_cpu: f64,
    /// Its processor time as a multiple of the speed of light of the same round.
    pub ratio: f64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// In all rounds.
    pub errors: u64,
}

#[derive(Serialize)]
pub struct Report {
    date: String,
    machine: Machine,
    rounds: usize,
    seconds: f64,
    connections: usize,
    summaries: Vec<Summary>,
    footprints: Vec<Footprint>,
    samples: Vec<Sample>,
}

impl Sample {
    #[expect(clippy::cast_precision_loss, reason = "counts of one measurement")]
    pub fn of(provider: &Provider, operation: String, round: usize, tally: &Tally, cpu: (u64, u64)) -> Self {
        let done = tally.done.max(1) as f64;
        Self {
            server: provider.name.clone(),
            operation,
            round,
            requests: tally.done,
            errors: tally.errors,
            rate: tally.rate(),
            cpu: cpu.0 as f64 / done,
            database_cpu: cpu.1 as f64 / done,
            p50: tally.latencies.permille(500),
            p99: tally.latencies.permille(990),
            p999: tally.latencies.permille(999),
        }
    }
}

impl Report {
    pub fn new(options: &RunOptions, samples: Vec<Sample>, footprints: Vec<Footprint>) -> Self {
        Self {
            date: machine::today(),
            machine: Machine::look(),
            rounds: options.rounds,
            seconds: options.seconds,
            connections: options.connections,
            summaries: summaries(&samples),
            footprints,
            samples,
        }
    }

    /// `speed.json`, `speed.md` and `speed.svg`.
    pub fn write(&self, folder: &Path) -> Outcome<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("speed.json"), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(folder.join("speed.md"), self.table())?;
        fs::write(folder.join("speed.svg"), plot::draw(&self.summaries))?;
        eprintln!("written to {}", folder.display());
        Ok(())
    }
}

/// In the order in which they were measured first.
fn summaries(samples: &[Sample]) -> Vec<Summary> {
    let mut summaries: Vec<Summary> = Vec::new();
    for sample in samples {
        let known = |summary: &Summary| summary.server == sample.server && summary.operation == sample.operation;
        if !summaries.iter().any(known) {
            summaries.push(summary(samples, sample));
        }
    }
    summaries
}

fn summary(samples: &[Sample], of: &Sample) -> Summary {
    let own = || samples.iter().filter(|one| one.server == of.server && one.operation == of.operation);
    let unit = |round| samples.iter().find(|one| one.operation == UNIT && one.round == round).map(|one| one.cpu);
    let median = |value: fn(&Sample) -> f64| median(own().map(value).collect());
    Summary {
        server: of.server.clone(),
        operation: of.operation.clone(),
        rate: median(|one| one.rate),
        cpu: median(|one| one.cpu),
        database_cpu: median(|one| one.database_cpu),
        ratio: self::median(own().filter_map(|one| Some(one.cpu / unit(one.round)?)).collect()),
        p50: median(|one| one.p50),
        p99: median(|one| one.p99),
        p999: median(|one| one.p999),
        errors: own().map(|one| one.errors).sum(),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
