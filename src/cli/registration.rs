//! `doorward registration`: the initial access tokens of the admin API, by the same flows.

use clap::Subcommand;
use serde_json::Map;

use super::CliError;
use super::input::Page;
use super::output::{many, one, say};
use crate::flows::Authority;
use crate::flows::admin::registration::{self, TokenView, id};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists the initial access tokens
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Makes an initial access token and shows it, once: whoever holds it may register clients
    Create {
        /// What it is called in lists
        #[arg(long)]
        label: Option<String>,
        /// How many clients it lets register, 1 to 1000
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How long it is good, such as 24h, up to 365d
        #[arg(long, default_value = "24h")]
        lifetime: String,
    },
    /// Removes an initial access token; clients that registered by it stay
    Delete { id: String },
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { page } => {
            let page = registration::list(authority, &page.into()).await?;
            many(&page, json, ["ID", "LABEL", "USES LEFT", "EXPIRES"], row)
        }
        Command::Create { label, uses, lifetime } => {
            let mut members = Map::new();
            members.extend(label.map(|label| ("label".to_owned(), label.into())));
            members.insert("uses".into(), uses.into());
            members.insert("lifetime".into(), lifetime.into());
            one(&registration::create(authority, members).await?, json)
        }
        Command::Delete { id: text } => {
            registration::delete(authority, id(&text)?).await?;
            if !json {
                say(&format!("Initial access token {text} is removed."));
            }
            Ok(())
        }
    }
}

fn row(token: &TokenView) -> [String; 4] {
    [
        token.id.clone(),
        token.label.clone().unwrap_or_default(),
        token.uses_left.to_string(),
        token.expires_at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
    ]
}
