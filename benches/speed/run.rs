//! The rounds: in each, everybody does everything once, so that what disturbs the machine disturbs all alike.

use std::time::Instant;

use tokio::time::sleep;

use crate::doorward::Doorward;
use crate::lineup::{Folder, Lineup};
use crate::load::{Line, Pace, Tally, drive, some};
use crate::operation::{self, Operation, settled};
use crate::options::RunOptions;
use crate::outcome::Outcome;
use crate::process::{cpu_time, resident};
use crate::provider::Provider;
use crate::report::{Report, Sample};

/// After a server has worked, it may have something to finish.
const REST: std::time::Duration = std::time::Duration::from_millis(200);

pub async fn run(options: &RunOptions) -> Outcome<()> {
    let folder = Folder::new(options.folder.as_deref())?;
    let mut lineup = Lineup::start(options, &folder).await?;
    let mut samples = Vec::new();
    for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        for operation in operation::of_light() {
            samples.push(measure(&lineup.light, &operation, options, round).await?);
        }
        for provider in &lineup.providers {
            for operation in operation::of_provider(provider) {
                if !options.wants(&operation.name()) {
                    continue;
                }
                match measure(provider, &operation, options, round).await {
                    Ok(sample) => samples.push(sample),
                    Err(cause) if provider.doorward.is_none() => eprintln!("left out: {cause}"),
                    Err(cause) => return Err(cause),
                }
            }
        }
    }
    for footprint in &mut lineup.footprints {
        let provider = lineup.providers.iter().find(|provider| provider.name == footprint.server);
        footprint.resident_loaded = provider.map_or(0, |provider| resident(&provider.processes.server));
    }
    let report = Report::new(options, samples, std::mem::take(&mut lineup.footprints));
    report.write(&options.output)?;
    println!("{}", report.table());
    Ok(())
}

/// One operation of one server in one round.
async fn measure(provider: &Provider, operation: &Operation, options: &RunOptions, round: usize) -> Outcome<Sample> {
    let name = operation.name();
    let named = |cause| format!("{}: {name}: {cause}", provider.name);
    let works = operation.prepare(provider, operation.connections(options.connections)).await.map_err(named)?;
    let mut lines: Vec<Line> = works.into_iter().map(|work| Line { wire: provider.wire(), work }).collect();
    drive(&mut lines, Pace::Flat, options.warm_up()).await;
    sleep(REST).await;
    let told = provider.doorward.as_ref().map_or(0, Doorward::told);
    let (start, cpu) = (Instant::now(), used(provider));
    let tally = some(drive(&mut lines, Pace::Flat, options.time()).await).map_err(named)?;
    if matches!(operation, Operation::SessionEnd) {
        let heard = settled(provider, told, tally.done).await;
        if heard < tally.done {
            eprintln!("{}: of {} ended sessions {heard} clients were told in time", provider.name, tally.done);
        }
    }
    let sample = Sample::of(provider, name, round, &tally, spent(cpu, used(provider)));
    tell(&sample, &tally, start);
    Ok(sample)
}

/// The processor time of the server and of its database, in microseconds.
fn used(provider: &Provider) -> (u64, u64) {
    (cpu_time(&provider.processes.server), cpu_time(&provider.processes.database))
}

fn spent(before: (u64, u64), after: (u64, u64)) -> (u64, u64) {
    (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1))
}

fn tell(sample: &Sample, tally: &Tally, start: Instant) {
    let (server, operation, seconds) = (&sample.server, &sample.operation, start.elapsed().as_secs_f64());
    let (rate, cpu, p99) = (sample.rate, sample.cpu, sample.p99);
    eprintln!("  {server}: {operation}: {rate:.0}/s, {cpu:.1} CPU-µs, p99 {p99:.0} µs, {seconds:.1} s");
    if let Some(error) = &tally.first_error {
        eprintln!("    {} errors, the first: {error}", tally.errors);
    }
}
