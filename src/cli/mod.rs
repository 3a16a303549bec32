//! The command line: what is asked, of which configuration, and the exit code: 0 done, 1 failed or unsafe, 2 misused.

mod client;
mod doctor;
mod input;
mod keys;
mod log;
mod output;
mod provider;
mod registration;
mod serve;
mod session;
mod user;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{self, StartError};
use crate::config::{self, Config, ConfigError};
use crate::domain::password;
use crate::flows::keys::KeysError;
use crate::flows::{Authority, Failure, Sources};
use crate::store::db::{Db, Fault};

/// A session authority: signs people and machines in, keeps every session, and ends it everywhere.
#[derive(Parser)]
#[command(name = "doorward", version, arg_required_else_help = false)]
struct Arguments {
    /// The configuration file [default: doorward.toml, where there is one]
    #[arg(long, global = true, env = "DOORWARD_CONFIG", value_name = "FILE", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Answers of client, provider, user, session, registration and keys as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (as does no command at all)
    Serve,
    /// Say what is unsafe or misconfigured for production; exit code 1 if anything is
    Doctor,
    /// Bring the database up to date and exit; the server does so by itself when it starts
    Migrate,
    /// The applications that people and machines sign in to
    #[command(subcommand)]
    Client(client::Command),
    /// Where else people may come from
    #[command(subcommand)]
    Provider(provider::Command),
    /// People
    #[command(subcommand)]
    User(user::Command),
    /// What people and machines hold, and its end
    #[command(subcommand)]
    Session(session::Command),
    /// Initial access tokens, by which applications register themselves
    #[command(subcommand)]
    Registration(registration::Command),
    /// Signing keys
    #[command(subcommand)]
    Keys(keys::Command),
}

/// Why a command failed; one line, or one for each problem of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What the asked-for thing lacks: it is not there, or the name is taken.
    #[error("{0}")]
    Said(String),
}

/// Reads the arguments and does what they ask.
pub fn main() -> ExitCode {
    // Of several crates each could bring its own; all shall use this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(CliError::Config(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("doorward: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, CliError> {
    let file = arguments.config.as_deref().filter(|file| *file != Path::new(""));
    let config = Config::load(file, config::environment())?;
    let json = arguments.json;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config).await.map(|()| ExitCode::SUCCESS),
            Command::Doctor => doctor::run(&config).await,
            Command::Migrate => migrate(&config).await.map(|()| ExitCode::SUCCESS),
            Command::Client(it) => {
                with_authority(&config, async |authority| client::run(it, authority, json).await).await
            }
            Command::Provider(it) => {
                with_authority(&config, async |authority| provider::run(it, authority, json).await).await
            }
            Command::User(it) => with_authority(&config, async |authority| user::run(it, authority, json).await).await,
            Command::Session(it) => {
                with_authority(&config, async |authority| session::run(it, authority, json).await).await
            }
            Command::Registration(it) => {
                with_authority(&config, async |authority| registration::run(it, authority, json).await).await
            }
            Command::Keys(it) => with_authority(&config, async |authority| keys::run(it, authority, json).await).await,
        }
    })
}

async fn migrate(config: &Config) -> Result<(), CliError> {
    log::start(&config.log);
    let db = Db::open(config.database.url.expose()).await.map_err(StartError::from)?;
    db.migrate().await.map_err(StartError::from)?;
    db.close().await;
    Ok(())
}

/// Opens the authority beside running servers, for one command, and closes it again.
async fn with_authority(
    config: &Config,
    command: impl AsyncFnOnce(&Authority) -> Result<(), CliError>,
) -> Result<ExitCode, CliError> {
    log::start(&config.log);
    let authority = app::open_beside(config, Sources::system(), password::COST).await?;
    let done = command(&authority).await;
    authority.db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}
