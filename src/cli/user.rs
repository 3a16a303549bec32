//! `doorward user`: the people of the admin API, by the same flows. People are named by id or by user name.

use clap::Subcommand;
use serde_json::Map;

use super::CliError;
use super::input::{Members, Page, password};
use super::output::{many, one, say};
use super::session::{list, look};
use crate::base::id::UserId;
use crate::domain::filter::Filter;
use crate::domain::revocation::Target;
use crate::flows::Authority;
use crate::flows::admin::authenticator::{self, AuthenticatorView};
use crate::flows::admin::revocation::RevocationRequest;
use crate::flows::admin::session::{self, EndAllRequest};
use crate::flows::admin::user::{self, UserView};
use crate::protocol::admin::precondition::Precondition;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists people
    List {
        /// Only the one of this name
        #[arg(long)]
        username: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Shows one person
    Show { user: String },
    /// Makes a person; asks for the password, or reads it from the first line of standard input
    Create {
        username: String,
        /// A role. May be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Without one nobody can sign in by password
        #[arg(long)]
        no_password: bool,
        #[command(flatten)]
        members: Members,
    },
    /// Changes the members that are named; disabling ends every session
    Update {
        user: String,
        #[command(flatten)]
        members: Members,
    },
    /// Lists the sessions of a person, newest first
    Sessions {
        user: String,
        #[command(flatten)]
        page: Page,
    },
    /// Sets a password, asked for or read from the first line of standard input; ends what came from the old one
    Password {
        user: String,
        /// Shows what would end, and changes nothing
        #[arg(long)]
        preview: bool,
    },
    /// Mails somebody who has no password a link to choose one, good for 7 days
    Invite { user: String },
    /// Ends every session
    SignOut {
        user: String,
        /// Why, for the log
        #[arg(long)]
        reason: Option<String>,
        /// Shows what would end, and ends nothing
        #[arg(long)]
        preview: bool,
    },
    /// Lists what a person proves themselves with beside the password
    Authenticators { user: String },
    /// Removes one of these, by its id, and ends what came from it
    RemoveAuthenticator { user: String, id: String },
    /// Removes a person and ends every session
    Delete {
        user: String,
        /// Shows what would end, and changes nothing
        #[arg(long)]
        preview: bool,
    },
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { username, page } => {
            let page = user::list(authority, &page.into(), username.as_deref()).await?;
            many(&page, json, ["ID", "USERNAME", "STATE", "ROLES"], row)
        }
        Command::Show { user } => one(&user::named_or_numbered(authority, &user).await?, json),
        Command::Create { username, roles, no_password, members } => {
            let mut members = members.read()?;
            members.insert("username".into(), username.into());
            if !roles.is_empty() {
                members.insert("roles".into(), roles.into());
            }
            if !no_password && !members.contains_key("password") {
                members.insert("password".into(), password()?.expose().into());
            }
            one(&user::create(authority, members).await?, json)
        }
        Command::Update { user, members } => {
            let id = id(authority, &user).await?;
            one(&user::change(authority, id, members.read()?, &Precondition::None).await?, json)
        }
        Command::Sessions { user, page } => {
            let filter = Filter { user: Some(id(authority, &user).await?), ..Filter::default() };
            list(authority, filter, &page.into(), json).await
        }
        Command::Authenticators { user } => {
            let page = authenticator::list(authority, id(authority, &user).await?).await?;
            many(&page, json, ["ID", "KIND", "NAME", "STATE"], authenticator_row)
        }
        Command::RemoveAuthenticator { user, id: own } => {
            let user = id(authority, &user).await?;
            authenticator::remove(authority, user, authenticator::id(&own)?).await?;
            done(json, &format!("Authenticator {own} is removed; what came from it is ended."));
            Ok(())
        }
        Command::Password { user, preview: true } => {
            look(authority, &RevocationRequest::of_password(id(authority, &user).await?), json).await
        }
        Command::SignOut { user, preview: true, .. } | Command::Delete { user, preview: true } => {
            let everything = Target::User(id(authority, &user).await?, None);
            look(authority, &RevocationRequest::from(everything), json).await
        }
        Command::Password { user, .. } => {
            let id = id(authority, &user).await?;
            let members = Map::from_iter([("password".to_owned(), password()?.expose().into())]);
            user::set_password(authority, id, members, &Precondition::None).await?;
            done(json, &format!("The password of {user} is set; what came from the old one is ended."));
            Ok(())
        }
        Command::Invite { user } => {
            user::invite(authority, id(authority, &user).await?).await?;
            done(json, &format!("A link to choose a password is on its way to {user}."));
            Ok(())
        }
        Command::SignOut { user, reason, .. } => {
            session::end_all(authority, id(authority, &user).await?, EndAllRequest { reason }).await?;
            done(json, &format!("Every session of {user} is ended."));
            Ok(())
        }
        Command::Delete { user, .. } => {
            user::delete(authority, id(authority, &user).await?, &Precondition::None).await?;
            done(json, &format!("User {user} is removed."));
            Ok(())
        }
    }
}

async fn id(authority: &Authority, user: &str) -> Result<UserId, CliError> {
    Ok(user::named_or_numbered(authority, user).await?.id)
}

/// Like the admin API, JSON says nothing where there is nothing to show.
fn done(json: bool, sentence: &str) {
    if !json {
        say(sentence);
    }
}

fn row(user: &UserView) -> [String; 4] {
    let state = if user.disabled { "disabled" } else { "enabled" };
    [user.id.to_string(), user.username.clone(), state.to_owned(), user.roles.join(" ")]
}

fn authenticator_row(own: &AuthenticatorView) -> [String; 4] {
    let state = if own.disabled { "disabled" } else { "enabled" };
    [own.id.to_string(), own.kind.as_str().to_owned(), own.name.clone(), state.to_owned()]
}
