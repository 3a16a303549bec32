//! `doorward provider`: the providers of the admin API, by the same flows.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::CliError;
use super::input::{Members, Page, secret};
use super::output::{many, one, say};
use crate::flows::Authority;
use crate::flows::admin::provider::{self, ProviderView};
use crate::protocol::admin::precondition::Precondition;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists the providers
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Shows one provider
    Show { id: String },
    /// Lets people in by a provider; the answer says what to register there
    Create {
        /// Stands in the addresses of its sign-in, and stays
        id: String,
        #[command(flatten)]
        described: Described,
    },
    /// Changes the members that are named
    Update {
        id: String,
        #[command(flatten)]
        described: Described,
    },
    /// Removes a provider and signs out whoever came by it
    Delete { id: String },
}

/// The members of a provider, with our secret there.
#[derive(Args, Debug)]
pub struct Described {
    /// Asks for our secret there, or reads it from standard input
    #[arg(long)]
    secret: bool,
    #[command(flatten)]
    members: Members,
}

impl Described {
    fn read(&self) -> Result<Map<String, Value>, CliError> {
        let mut members = self.members.read()?;
        if self.secret {
            members.insert("client_secret".into(), secret()?.expose().into());
        }
        Ok(members)
    }
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { page } => {
            let page = provider::list(authority, &page.into()).await?;
            many(&page, json, ["ID", "NAME", "KIND", "ENABLED", "ISSUER"], row)
        }
        Command::Show { id } => one(&provider::show(authority, &id).await?, json),
        Command::Create { id, described } => {
            let mut members = described.read()?;
            members.insert("id".into(), id.into());
            one(&provider::create(authority, members).await?, json)
        }
        Command::Update { id, described } => {
            one(&provider::change(authority, &id, described.read()?, &Precondition::None).await?, json)
        }
        Command::Delete { id } => {
            provider::show(authority, &id).await?;
            provider::delete(authority, &id, &Precondition::None).await?;
            if !json {
                say(&format!("Provider {id} is removed."));
            }
            Ok(())
        }
    }
}

fn row(provider: &ProviderView) -> [String; 5] {
    let settings = &provider.settings;
    let kind = serde_json::to_value(settings.kind).unwrap_or_default();
    [
        provider.id.clone(),
        settings.name.clone().unwrap_or_default(),
        kind.as_str().unwrap_or_default().to_owned(),
        if settings.enabled { "yes".into() } else { "no".into() },
        settings.issuer.clone(),
    ]
}
