//! `doorward keys`: the signing keys of the admin API, by the same flows.

use clap::Subcommand;

use super::CliError;
use super::input::Page;
use super::output::many;
use crate::flows::Authority;
use crate::flows::admin::AdminRefusal;
use crate::flows::admin::key::{self, KeyView, Rotation};
use crate::protocol::admin;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists every key that is published
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Lets the next keys sign from now on
    Rotate {
        /// Only the keys of this algorithm, by its registered name such as ES256
        #[arg(long)]
        algorithm: Option<String>,
    },
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { page } => show(&key::list(authority, &page.into()).await?, json),
        Command::Rotate { algorithm } => {
            let rotation = Rotation::of(algorithm.as_deref()).map_err(AdminRefusal::from)?;
            show(&key::rotate(authority, &rotation).await?, json)
        }
    }
}

fn show(page: &admin::Page<KeyView>, json: bool) -> Result<(), CliError> {
    many(page, json, ["KID", "ALGORITHM", "STATE", "ACTIVE FROM", "RETIRED AT"], |key| {
        let state = format!("{:?}", key.state).to_lowercase();
        let time = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%SZ").to_string();
        [
            key.kid.clone(),
            key.algorithm.clone(),
            state,
            time(key.active_from),
            key.retired_at.map(time).unwrap_or_default(),
        ]
    })
}
