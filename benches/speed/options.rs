//! What is asked for on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures Doorward, and other OpenID providers beside it, against the speed of light.
#[derive(Parser)]
#[command(name = "speed")]
pub struct Options {
    #[command(subcommand)]
    pub mode: Option<Mode>,
    #[command(flatten)]
    pub run: RunOptions,
    /// What `cargo bench` adds by itself
    #[arg(long, hide = true, global = true)]
    pub bench: bool,
}

#[derive(Subcommand)]
pub enum Mode {
    /// Requests per second, processor time and latency of every operation (as does no word at all)
    Run,
    /// Refresh and introspection while others ask for far more than there is
    Abuse,
    /// Put live sessions into the database of a Doorward
    Seed {
        /// sqlite:PATH or postgres://…
        url: String,
        count: u64,
        /// The client that takes part in them
        #[arg(long, default_value = "demo-spa")]
        client: String,
    },
    /// Serve at the speed of light
    #[command(hide = true)]
    Light { port: u16 },
}

#[derive(Args, Clone)]
pub struct RunOptions {
    /// Rounds; medians are told
    #[arg(long, default_value_t = 3, global = true)]
    pub rounds: usize,
    /// How long each operation is measured in each round
    #[arg(long, default_value_t = 2.0, global = true)]
    pub seconds: f64,
    /// How long each operation runs before it is measured
    #[arg(long, default_value_t = 1.0, global = true)]
    pub warm_up: f64,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 64, global = true)]
    pub connections: usize,
    /// How many people there are who sign in with passwords
    #[arg(skip = 8_usize)]
    pub people: usize,
    /// On which databases Doorward is measured
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres", global = true)]
    pub engines: Vec<Engine>,
    /// How many live sessions the databases hold beforehand
    #[arg(long, value_delimiter = ',', default_value = "0", global = true)]
    pub sessions: Vec<u64>,
    /// Only operations whose name holds one of these words
    #[arg(long, value_delimiter = ',', global = true)]
    pub only: Vec<String>,
    /// Other providers, in a file as benches/README.md describes it
    #[arg(long, global = true)]
    pub peers: Option<PathBuf>,
    /// Another build of Doorward than that of this program
    #[arg(long, global = true)]
    pub program: Option<PathBuf>,
    /// Where the results go
    #[arg(long, default_value = "target/speed", global = true)]
    pub output: PathBuf,
    /// Where the databases are made, on a disk like that of the server that is thought of
    #[arg(long, global = true)]
    pub folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl RunOptions {
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    pub fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    /// Whether an operation of this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.to_lowercase().contains(&word.to_lowercase()))
    }
}
