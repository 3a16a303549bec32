//! What a siege did to honest traffic: every round, the medians, and how they are shown.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::machine::{Machine, today};
use super::median;
use crate::load::Tally;
use crate::outcome::Outcome;

/// One round beside one crowd.
#[derive(Clone, Serialize)]
pub struct Stand {
    pub server: String,
    /// Whom it was beside.
    pub crowd: String,
    pub refresh: Times,
    pub introspection: Times,
    /// Honest requests that failed.
    pub errors: u64,
    /// What the crowd got done, per second, and what was refused or broken of it.
    pub crowd_rate: f64,
    pub crowd_refused: u64,
    /// Bytes of memory, right after it.
    pub resident: u64,
    /// By how many bytes the database grew on the disk.
    pub growth: i64,
}

/// Milliseconds.
#[derive(Clone, Copy, Serialize)]
pub struct Times {
    pub p50: f64,
    pub p99: f64,
}

impl Times {
    pub fn of(tally: &Tally) -> Self {
        let ms = |permille| tally.latencies.permille(permille) / 1000.0;
        Self { p50: ms(500), p99: ms(990) }
    }
}

#[derive(Serialize)]
pub struct Siege {
    date: String,
    machine: Machine,
    /// Of each crowd in each round.
    seconds: f64,
    rounds: Vec<Stand>,
}

impl Siege {
    pub fn new(seconds: f64, rounds: Vec<Stand>) -> Self {
        Self { date: today(), machine: Machine::look(), seconds, rounds }
    }

    /// `siege.json` and `siege.md`.
    pub fn write(&self, folder: &Path) -> Outcome<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("siege.json"), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(folder.join("siege.md"), self.table())?;
        eprintln!("written to {}", folder.display());
        Ok(())
    }

    /// Medians, but of errors and refusals the sum, of memory the most, and the growth in all rounds.
    pub fn table(&self) -> String {
        let mut lines = vec![
            "| server | beside | refresh p50 / p99 ms | introspection p50 / p99 ms | honest errors | crowd, per s | refused | RSS MiB | database |".to_owned(),
            "|---|---|--:|--:|--:|--:|--:|--:|--:|".to_owned(),
        ];
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for stand in &self.rounds {
            let named = (stand.server.as_str(), stand.crowd.as_str());
            if !seen.contains(&named) {
                seen.push(named);
                lines.push(self.line(stand));
            }
        }
        lines.join("\n") + "\n"
    }

    fn line(&self, of: &Stand) -> String {
        let own = || self.rounds.iter().filter(|one| (&one.server, &one.crowd) == (&of.server, &of.crowd));
        let median = |value: fn(&Stand) -> f64| median(own().map(value).collect());
        format!(
            "| {} | {} | {:.2} / {:.2} | {:.2} / {:.2} | {} | {:.0} | {} | {} | {:+} kB |",
            of.server,
            of.crowd,
            median(|one| one.refresh.p50),
            median(|one| one.refresh.p99),
            median(|one| one.introspection.p50),
            median(|one| one.introspection.p99),
            own().map(|one| one.errors).sum::<u64>(),
            median(|one| one.crowd_rate),
            own().map(|one| one.crowd_refused).sum::<u64>(),
            own().map(|one| one.resident).max().unwrap_or_default() / 1_048_576,
            own().map(|one| one.growth).sum::<i64>() / 1000,
        )
    }
}
