//! The page on which a person makes room: for a sign-in above the limit of their sessions, or for a client above its own.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::see_other;
use super::authorize::{go_on, session};
use super::csrf::{Binding, demanded, foreign, verified};
use super::page::{Allowed, Limit, PlaceLine};
use super::purpose::{Arrival, Purpose, arrive};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::domain::language::Phrase;
use crate::domain::session::Session;
use crate::flows::authorize::{Answer, Step, proceed};
use crate::flows::entrance::{Choice, Ticket, choices, choose};
use crate::flows::login::SignIn;
use crate::flows::pending::Pending;
use crate::flows::seat::{Newcomer, give_up, least, occupied};
use crate::flows::{Failure, account};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::params::Params;

/// What the page is for, and what it says above the form.
struct Asking {
    ticket: Option<String>,
    purpose: Purpose,
    error: Option<Phrase>,
}

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let purpose = Purpose::read(shell, &query)?;
    let error = None;
    if let Some(ticket) = query.one("ticket")? {
        return ask_newcomer(shell, incoming, Asking { ticket: Some(ticket.to_owned()), purpose, error }).await;
    }
    match purpose.pending {
        Some(pending) => match proceed(&shell.authority, pending, session(shell, incoming).await?).await? {
            Step::Full(pending) => {
                ask_for_client(shell, incoming, Asking { ticket: None, purpose: Purpose::of(Some(*pending)), error })
                    .await
            }
            step => Ok(go_on(shell, incoming, &step)),
        },
        None => Ok(see_other(&shell.site.path("/login"))),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    if form.first("ticket").is_some() { enter(shell, incoming).await } else { let_in(shell, incoming).await }
}

/// A sign-in goes on: its ticket stands for the password that was checked.
async fn enter(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(form) = verified(shell, incoming, None) else { return Err(foreign().into()) };
    let purpose = Purpose::read(shell, &form)?;
    let handle = form.required("ticket", "this page belongs to no sign-in")?;
    let Some(ticket) = Ticket::open(&shell.authority, handle, incoming.source(shell)) else {
        return Ok(again(shell, &purpose));
    };
    let browser = session(shell, incoming).await?;
    let choice = Choice { sessions: chosen(&form), client: purpose.aim(shell).await?.client };
    match choose(&shell.authority, ticket, choice, incoming.source(shell).clone(), browser).await? {
        SignIn::Done { secret, session } => {
            let Purpose { pending, errand } = purpose;
            Ok(arrive(shell, incoming, Arrival { secret, session: *session, pending, errand }).await)
        }
        SignIn::Choose { ticket } => {
            let error = Some(Phrase::of("limit-more"));
            ask_newcomer(shell, incoming, Asking { ticket: Some(ticket), purpose, error }).await
        }
        SignIn::Full
        | SignIn::Refused
        | SignIn::Away
        | SignIn::Wait { .. }
        | SignIn::Second { .. }
        | SignIn::Enrol { .. }
        | SignIn::MustChange { .. } => Ok(again(shell, &purpose)),
    }
}

/// A client is let in once it has left enough other sessions.
async fn let_in(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(session) = session(shell, incoming).await? else {
        return Ok(again(shell, &Purpose::read(shell, &incoming.form()?)?));
    };
    let form = demanded(shell, incoming, &session)?;
    let pending = Pending::open(&shell.authority, form.required("request", "this page belongs to no request")?)?;
    // Nothing is given up for a request that needs no room, or is refused already.
    let pending = match proceed(&shell.authority, pending, Some(session.clone())).await? {
        Step::Full(pending) => *pending,
        step => return Ok(go_on(shell, incoming, &step)),
    };
    if form.first("decision") == Some("cancel") {
        let refusal = Refusal::new(Code::AccessDenied, "the person kept the client where it is");
        let answer = Answer::refusal(&shell.authority, &pending.request, &refusal);
        return Ok(go_on(shell, incoming, &Step::Answer(answer)));
    }
    let user = session.subject.person().ok_or_else(foreign)?;
    let newcomer = Newcomer { user, session: session.id, client_id: pending.request.client_id.clone() };
    give_up(&shell.authority, newcomer, chosen(&form)).await?;
    match proceed(&shell.authority, pending, Some(session)).await? {
        Step::Full(pending) => {
            let error = Some(Phrase::of("limit-more"));
            ask_for_client(shell, incoming, Asking { ticket: None, purpose: Purpose::of(Some(*pending)), error }).await
        }
        step => Ok(go_on(shell, incoming, &step)),
    }
}

/// The page for somebody whose sign-in waits.
async fn ask_newcomer(shell: &Shell, incoming: &Incoming, asking: Asking) -> Result<HttpResponse, Failure> {
    let opened =
        asking.ticket.as_deref().and_then(|handle| Ticket::open(&shell.authority, handle, incoming.source(shell)));
    let Some(ticket) = opened else { return Ok(again(shell, &asking.purpose)) };
    let Some(found) = choices(&shell.authority, &ticket).await? else {
        return Ok(again(shell, &asking.purpose));
    };
    let now = shell.authority.now();
    let places = found.sessions.iter().map(|session| line(session.id, session, now)).collect();
    let shown = Shown { client_name: None, username: found.username, places, least: found.least };
    Ok(page(shell, incoming, asking, (shown, None)))
}

/// The page for a client that wants in.
async fn ask_for_client(shell: &Shell, incoming: &Incoming, asking: Asking) -> Result<HttpResponse, Failure> {
    let (Some(session), Some(pending)) = (session(shell, incoming).await?, &asking.purpose.pending) else {
        return Ok(again(shell, &asking.purpose));
    };
    let client = pending.client(&shell.authority).await?;
    let occupied = occupied(&shell.authority, &session, &client).await?;
    let now = shell.authority.now();
    let shown = Shown {
        client_name: Some(client.name().to_owned()),
        username: account::username(&shell.authority, &session).await?,
        places: occupied.iter().map(|(root, session)| line(*root, session, now)).collect(),
        least: least(&client, occupied.len()),
    };
    Ok(page(shell, incoming, asking, (shown, Some(&session))))
}

struct Shown {
    client_name: Option<String>,
    username: String,
    places: Vec<PlaceLine>,
    least: usize,
}

fn page(
    shell: &Shell,
    incoming: &Incoming,
    asking: Asking,
    (shown, session): (Shown, Option<&Session>),
) -> HttpResponse {
    let binding = Binding::of(shell, incoming);
    let status = if asking.error.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let (forms, request, errand) =
        (asking.purpose.forms(), asking.purpose.request(shell), asking.purpose.errand(shell));
    let page = Limit {
        client_name: shown.client_name,
        username: shown.username,
        places: shown.places,
        least: shown.least.max(1),
        ticket: asking.ticket,
        request,
        errand,
        error: asking.error,
        csrf: binding.token(shell, session),
    };
    binding.show(shell, status, &page, Allowed { forms, ..Allowed::default() })
}

fn line(id: SessionId, session: &Session, now: Time) -> PlaceLine {
    PlaceLine {
        sid: id.to_string(),
        label: words::device(session.source.user_agent.as_deref()),
        address: words::address(session.source.address.as_deref()),
        last_active: words::ago(now - session.last_active_at),
        created: words::on(session.created_at, now),
    }
}

fn chosen(form: &Params) -> Vec<SessionId> {
    form.all("end").iter().filter_map(|id| id.parse().ok()).collect()
}

/// The way back to the beginning.
fn again(shell: &Shell, purpose: &Purpose) -> HttpResponse {
    see_other(&purpose.page(shell, "/login", None))
}
