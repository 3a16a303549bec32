//! `doorward session`: the sessions of the admin API, by the same flows.

use clap::{Args, Subcommand};

use super::CliError;
use super::input::Page;
use super::output::{many, one, say};
use crate::base::id::SessionId;
use crate::domain::filter::Filter;
use crate::domain::revocation::{EndReason, Target};
use crate::domain::session::State;
use crate::flows::Authority;
use crate::flows::admin::filter;
use crate::flows::admin::revocation::{self, RevocationRequest, RevocationView};
use crate::flows::admin::session::{self, EndRequest, SessionView};
use crate::flows::admin::user;
use crate::protocol::admin::listing::Listing;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists sessions, newest first
    List {
        #[command(flatten)]
        which: Which,
        /// Only those that are live or ended
        #[arg(long, value_parser = state)]
        state: Option<State>,
        /// Only those that ended for this reason
        #[arg(long, value_parser = reason)]
        end_reason: Option<EndReason>,
        #[command(flatten)]
        page: Page,
    },
    /// Shows one session with its grants and its timeline
    Show { sid: String },
    /// Ends a session and what was split off from it, or every live session that fits
    End {
        /// One session; without it every live one that the options name
        sid: Option<String>,
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long, default_value = "admin", value_parser = reason)]
        reason: EndReason,
        /// Shows what would end, and ends nothing
        #[arg(long)]
        preview: bool,
    },
}

/// Which sessions; everything that is named must fit.
#[derive(Args, Debug, Default)]
pub struct Which {
    /// Only those of this person, by id or user name
    #[arg(long)]
    user: Option<String>,
    /// Only those that this client takes part in
    #[arg(long)]
    client: Option<String>,
    /// Only those from this address, from addresses by prefix (192.0.2.0/24), or from the network of this name
    #[arg(long)]
    network: Option<String>,
    /// Only those from this country, two letters
    #[arg(long)]
    country: Option<String>,
    /// Only those of this browser, by id
    #[arg(long)]
    device: Option<String>,
    /// Only those that began then or later, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    created_after: Option<String>,
    /// Only those that began earlier
    #[arg(long, value_name = "TIME")]
    created_before: Option<String>,
    /// Only those that were last active then or later
    #[arg(long, value_name = "TIME")]
    active_after: Option<String>,
    /// Only those that were last active earlier
    #[arg(long, value_name = "TIME")]
    active_before: Option<String>,
}

impl Which {
    async fn filter(self, authority: &Authority) -> Result<Filter, CliError> {
        let user = match &self.user {
            Some(text) => Some(user::named_or_numbered(authority, text).await?.id),
            None => None,
        };
        let text = |name: &str| match name {
            "client_id" => self.client.clone(),
            "network" => self.network.clone(),
            "country" => self.country.clone(),
            "device" => self.device.clone(),
            "created_after" => self.created_after.clone(),
            "created_before" => self.created_before.clone(),
            "active_after" => self.active_after.clone(),
            "active_before" => self.active_before.clone(),
            _ => None,
        };
        let filter = filter::read(text).map_err(|error| CliError::Said(format!("{} {}", error.field, error.detail)))?;
        Ok(Filter { user, ..filter })
    }
}

fn state(text: &str) -> Result<State, &'static str> {
    State::named(text).ok_or("must be live or ended")
}

fn reason(text: &str) -> Result<EndReason, String> {
    EndReason::named(text).ok_or_else(session::one_reason)
}

pub async fn run(command: Command, authority: &Authority, json: bool) -> Result<(), CliError> {
    match command {
        Command::List { which, state, end_reason, page } => {
            let filter = Filter { state, reason: end_reason, ..which.filter(authority).await? };
            list(authority, filter, &page.into(), json).await
        }
        Command::Show { sid } => one(&session::show(authority, session::id(&sid)?).await?, json),
        Command::End { sid, which, reason, preview } => {
            let filter = which.filter(authority).await?;
            match (sid, filter == Filter::default()) {
                (Some(sid), true) if preview => {
                    let target = Target::Session(session::id(&sid)?);
                    look(authority, &RevocationRequest::from(target).because(reason), json).await
                }
                (Some(sid), true) => end_one(authority, session::id(&sid)?, reason, json).await,
                (None, false) => {
                    let request = RevocationRequest::from(Target::Filter(Box::new(filter))).because(reason);
                    if preview { look(authority, &request, json).await } else { end(authority, &request, json).await }
                }
                _ => Err(CliError::Said("name one session, or options that say which sessions".into())),
            }
        }
    }
}

pub async fn list(authority: &Authority, filter: Filter, listing: &Listing, json: bool) -> Result<(), CliError> {
    let page = session::list(authority, listing, filter).await?;
    many(&page, json, ["SID", "KIND", "STATE", "WHOSE", "LAST ACTIVE", "ADDRESS"], row)
}

async fn end_one(authority: &Authority, sid: SessionId, reason: EndReason, json: bool) -> Result<(), CliError> {
    session::end(authority, sid, EndRequest { reason }).await?;
    if !json {
        say(&format!("Session {sid} is ended."));
    }
    Ok(())
}

/// Shows what would end.
pub async fn look(authority: &Authority, request: &RevocationRequest, json: bool) -> Result<(), CliError> {
    told(&revocation::preview(authority, request).await?, "Would end", json)
}

async fn end(authority: &Authority, request: &RevocationRequest, json: bool) -> Result<(), CliError> {
    told(&revocation::revoke(authority, request).await?, "Ended", json)
}

fn told(view: &RevocationView, done: &str, json: bool) -> Result<(), CliError> {
    if json {
        return one(view, true);
    }
    let RevocationView { sessions, grants, families, clients, people, .. } = view;
    say(&format!(
        "{done}: {sessions} sessions of {people} people, with {grants} grants of {clients} clients and {families} chains of refresh tokens."
    ));
    Ok(())
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
