//! `doorward session`: the sessions of the admin API, by the same flows.

use clap::Subcommand;

use super::CliError;
use super::input::Page;
use super::output::{many, one, say};
use crate::domain::revocation::EndReason;
use crate::domain::session::State;
use crate::flows::Authority;
use crate::flows::admin::session::{self, EndRequest, Filter, SessionView};
use crate::flows::admin::user;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists sessions, newest first
    List {
        /// Only those of this person, by id or user name
        #[arg(long)]
        user: Option<String>,
        /// Only those that this client takes part in
        #[arg(long)]
        client: Option<String>,
        /// Only those that are live or ended
        #[arg(long, value_parser = state)]
        state: Option<State>,
        #[command(flatten)]
        page: Page,
    },
    /// Shows one session with its grants and its timeline
    Show { sid: String },
    /// Ends a session and what was split off from it
    End {
        sid: String,
        /// Why
        #[arg(long, default_value = "admin", value_parser = reason)]
        reason: EndReason,
    },
}

fn state(text: &str) -> Result<State, &'static str> {
    State::named(text).ok_or("must be live or ended")
}

fn reason(text: &str) -> Result<EndReason, String> {
    let known = || EndReason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ");
    EndReason::named(text).ok_or_else(|| format!("must be one of {}", known()))
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { user, client, state, page } => {
            let user = match user {
                Some(text) => Some(user::named_or_numbered(authority, &text).await?.id),
                None => None,
            };
            let filter = Filter { user, client_id: client, state };
            let page = session::list(authority, &page.into(), filter).await?;
            many(&page, json, ["SID", "KIND", "STATE", "WHOSE", "LAST ACTIVE", "ADDRESS"], row)
        }
        Command::Show { sid } => one(&session::show(authority, session::id(&sid)?).await?, json),
        Command::End { sid, reason } => {
            session::end(authority, session::id(&sid)?, EndRequest { reason }).await?;
            if !json {
                say(&format!("Session {sid} is ended."));
            }
            Ok(())
        }
    }
}

fn row(session: &SessionView) -> [String; 6] {
    let state = session.end_reason.map_or("live".to_owned(), |reason| format!("ended: {}", reason.as_str()));
    [
        session.sid.to_string(),
        session.kind.as_str().to_owned(),
        state,
        session.user_id.map_or_else(|| session.client_ids.join(" "), |user| user.to_string()),
        session.last_active_at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        session.address.clone().unwrap_or_default(),
    ]
}
