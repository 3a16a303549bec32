//! The results as tables in Markdown.

use super::{Footprint, Report, Summary};

impl Report {
    pub fn table(&self) -> String {
        let machine = &self.machine;
        let mut lines = vec![
            format!(
                "{}, {} processors, {} MiB, Linux {}, load {}; {}; profile `{}`; {} rounds of {} s, {} connections.",
                machine.processor,
                machine.processors,
                machine.memory_mib,
                machine.kernel,
                machine.load,
                self.date,
                machine.profile,
                self.rounds,
                self.seconds,
                self.connections
            ),
            String::new(),
            "| operation | server | requests/s | CPU-µs | database CPU-µs | × light | p50 ms | p99 ms | p99.9 ms | errors |".into(),
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|".into(),
        ];
        let mut operations: Vec<&str> = Vec::new();
        for summary in &self.summaries {
            if !operations.contains(&summary.operation.as_str()) {
                operations.push(&summary.operation);
            }
        }
        for operation in operations {
            lines.extend(self.summaries.iter().filter(|summary| summary.operation == operation).map(line));
        }
        if !self.footprints.is_empty() {
            lines.push(String::new());
            lines.push("| server | start to first 200 | RSS idle | RSS loaded | bytes per session on disk |".into());
            lines.push("|---|--:|--:|--:|--:|".into());
            lines.extend(self.footprints.iter().map(footprint));
        }
        lines.join("\n") + "\n"
    }
}

fn line(summary: &Summary) -> String {
    let database = if summary.database_cpu > 0.0 { format!("{:.0}", summary.database_cpu) } else { String::new() };
    let time = |microseconds: f64| format!("{:.2}", microseconds / 1000.0);
    format!(
        "| {} | {} | {:.0} | {:.1} | {database} | {:.2} | {} | {} | {} | {} |",
        summary.operation,
        summary.server,
        summary.rate,
        summary.cpu,
        summary.ratio,
        time(summary.p50),
        time(summary.p99),
        time(summary.p999),
        summary.errors
    )
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn footprint(footprint: &Footprint) -> String {
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
    format!(
        "| {} | {:.0} ms | {} | {} | {} |",
        footprint.server,
        footprint.start.as_secs_f64() * 1000.0,
        mib(footprint.resident_idle),
        mib(footprint.resident_loaded),
        footprint.bytes_per_session.map(|bytes| bytes.to_string()).unwrap_or_default()
    )
}
