//! `doorward client`: the clients of the admin API, by the same flows.

use clap::Subcommand;

use super::CliError;
use super::input::{Members, Page};
use super::output::{many, one, say};
use crate::flows::Authority;
use crate::flows::admin::client::{self, ClientView};
use crate::protocol::admin::precondition::Precondition;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists the clients
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Shows one client
    Show { client_id: String },
    /// Registers a client and shows its secret, once
    Create {
        /// The id; drawn when none is given
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        members: Members,
    },
    /// Changes the members that are named
    Update {
        client_id: String,
        #[command(flatten)]
        members: Members,
    },
    /// Makes a new secret and shows it, once; the earlier ones work for a while longer
    Secret { client_id: String },
    /// Removes a client and ends everything it was allowed
    Delete { client_id: String },
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { page } => {
            let page = client::list(authority, &page.into()).await?;
            many(&page, json, ["CLIENT ID", "NAME", "AUTHENTICATION", "GRANTS"], row)
        }
        Command::Show { client_id } => one(&client::show(authority, &client_id).await?, json),
        Command::Create { id, members } => {
            let mut members = members.read()?;
            if let Some(id) = id {
                members.insert("client_id".into(), id.into());
            }
            one(&client::create(authority, members).await?, json)
        }
        Command::Update { client_id, members } => {
            one(&client::change(authority, &client_id, members.read()?, &Precondition::None).await?, json)
        }
        Command::Secret { client_id } => one(&client::renew_secret(authority, &client_id).await?, json),
        Command::Delete { client_id } => {
            client::show(authority, &client_id).await?;
            client::delete(authority, &client_id, &Precondition::None).await?;
            if !json {
                say(&format!("Client {client_id} is removed."));
            }
            Ok(())
        }
    }
}

fn row(client: &ClientView) -> [String; 4] {
    let method = serde_json::to_value(client.metadata.token_endpoint_auth_method).unwrap_or_default();
    [
        client.client_id.clone(),
        client.metadata.client_name.clone().unwrap_or_default(),
        method.as_str().unwrap_or_default().to_owned(),
        client.metadata.grant_types.join(" "),
    ]
}
