//! On what, and when, it was measured.

use std::fs;

use doorward::base::clock::{Clock, SystemClock};
use serde::Serialize;

#[derive(Serialize)]
pub struct Machine {
    pub processor: String,
    pub processors: usize,
    pub memory_mib: u64,
    pub kernel: String,
    /// How many processes wanted to run when the run was over, by the minute; more than the processors means that others
    /// worked beside it.
    pub load: String,
    /// `release`, or `dist` with link-time optimisation.
    pub profile: String,
}

impl Machine {
    pub fn look() -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        let after = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory = after(&memory, "MemTotal");
        let program = std::env::current_exe().unwrap_or_default();
        let profile = program.ancestors().nth(2).and_then(|folder| folder.file_name());
        Self {
            processor: after(&processors, "model name"),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_mib: memory.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
            profile: profile.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        }
    }
}

pub fn today() -> String {
    SystemClock.now().format("%Y-%m-%d %H:%M UTC").to_string()
}
