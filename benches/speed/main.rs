//! How fast Doorward is: measured against the speed of light, and against other providers in the same run.
//!
//! | file | holds |
//! |---|---|
//! | `options` | the command line |
//! | `run`, `abuse` | the two things that are measured |
//! | `lineup` | who is measured |
//! | `light`, `doorward`, `postgres`, `provider` | the servers |
//! | `operation` | what is asked of them |
//! | `load`, `wire`, `request`, `receiver` | how it is asked, and who is told |
//! | `latency`, `process` | what is measured |
//! | `report` | how it is shown |
//! | `seed` | sessions in great number |

mod abuse;
mod doorward;
mod latency;
mod light;
mod lineup;
mod load;
mod operation;
mod options;
mod outcome;
mod postgres;
mod process;
mod provider;
mod receiver;
mod report;
mod request;
mod run;
mod seed;
mod wire;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tokio::runtime;
use tokio::task::LocalSet;

use self::options::{Mode, Options};
use self::outcome::Outcome;

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One thread asks: it leaves the most to the servers, and has no rivals inside.
fn start(options: &Options) -> Outcome<()> {
    if let Some(Mode::Light { port }) = options.mode {
        return actix_web::rt::System::new().block_on(light::serve(port));
    }
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        match &options.mode {
            None | Some(Mode::Run) => run::run(&options.run).await,
            Some(Mode::Abuse) => abuse::run(&options.run).await,
            Some(Mode::Seed { url, count, client }) => fill(url, *count, client).await,
            Some(Mode::Light { .. }) => Ok(()),
        }
    })
}

async fn fill(url: &str, count: u64, client: &str) -> Outcome<()> {
    let start = Instant::now();
    seed::fill(url, count, seed::Kind { client_id: client.to_owned() }).await?;
    seed::settle(url).await?;
    println!("{count} sessions in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
