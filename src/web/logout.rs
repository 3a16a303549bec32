//! Logout, by the person or asked for by a client (OpenID Connect RP-Initiated Logout 1.0; Front-Channel Logout 1.0).

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};

use super::answer::see_other;
use super::authorize::session;
use super::cookie::Jar;
use super::csrf::{Binding, demanded};
use super::page::{Allowed, Forms, Logout, SignedOut, allow_frames};
use super::receipt;
use super::request::Incoming;
use super::session_frame;
use super::shell::Shell;
use crate::base::secret::Secret;
use crate::flows::logout::{
    Departure, Farewell, Goodbye, Meant, Question, Step, depart, nothing_left, question, request,
};
use crate::flows::{Failure, inspect};
use crate::protocol::error::invalid_request;
use crate::protocol::logout::LogoutRequest;
use crate::protocol::params::Params;

/// Longest query that a form of another site is turned into: proxies cut longer ones off.
const LONGEST_QUERY: usize = 6_000;

pub async fn by_query(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    asked(shell, incoming, &incoming.query()?).await
}

pub async fn by_form(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    asked(shell, incoming, &incoming.form()?).await
}

async fn asked(shell: &Shell, incoming: &Incoming, params: &Params) -> Result<HttpResponse, Failure> {
    let asked = LogoutRequest::parse(params)?;
    let session = session(shell, incoming).await?;
    if session.is_none() && is_foreign_form(incoming, &asked) {
        return Ok(see_other(&shell.site.path(&format!("/oauth2/logout?{}", asked.query()))));
    }
    match request(&shell.authority, asked, session).await? {
        Step::Confirm(question) => Ok(form(shell, incoming, &question, Forms::Onwards)),
        Step::Done(goodbye) => Ok(part(shell, incoming, goodbye)),
    }
}

/// A form of another site comes without our cookies; the way by address has them. Whoever brings a hint and is no browser
/// needs none.
fn is_foreign_form(incoming: &Incoming, asked: &LogoutRequest) -> bool {
    let by_browser = incoming.header("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    let way = asked.id_token_hint.is_none() || by_browser && asked.query().len() <= LONGEST_QUERY;
    incoming.http.method() == Method::POST && way
}

/// The person's own way out.
pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    match session(shell, incoming).await? {
        Some(session) => {
            inspect::note(&shell.authority, &session, incoming.activity(), shell.authority.now()).await?;
            let question = question(&shell.authority, Farewell::default(), session, (None, None)).await?;
            Ok(form(shell, incoming, &question, Forms::Here))
        }
        None => Ok(part(shell, incoming, nothing_left(Farewell::default()))),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(session) = session(shell, incoming).await? else {
        return Ok(see_other(&shell.site.path("/logout")));
    };
    let form = demanded(shell, incoming, &session)?;
    let farewell = form.one("request")?.map(|handle| Farewell::open(&shell.authority, handle)).unwrap_or_default();
    let departure = match form.one("scope")? {
        None | Some("browser") => Departure::Browser,
        Some("app") => Departure::App,
        Some("everywhere") => Departure::Everywhere,
        Some(_) => return Err(invalid_request("scope must be app, browser or everywhere").into()),
    };
    let goodbye = depart(&shell.authority, &session, farewell, departure).await?;
    Ok(part(shell, incoming, goodbye))
}

fn form(shell: &Shell, incoming: &Incoming, question: &Question, forms: Forms) -> HttpResponse {
    let binding = Binding::of(shell, incoming);
    let page = Logout {
        client_name: question.farewell.client_name.clone(),
        username: question.username.clone(),
        may_leave_app: question.may_leave_app,
        meant_another: question.meant == Meant::SomebodyElse,
        request: (forms == Forms::Onwards).then(|| question.farewell.seal(&shell.authority)),
        stay_url: shell.site.path("/account"),
        csrf: binding.token(shell, Some(&question.session)),
    };
    // The way out may lead over the provider that the session came from.
    let forms = if question.session.upstream.is_some() { Forms::Onwards } else { forms };
    binding.show(shell, StatusCode::OK, &page, Allowed { forms, ..Allowed::default() })
}

/// Sends the browser on, or says goodbye. Once the session is over its cookie goes; the browser's own stays, by which it is
/// known as one. A request that brought no session cookie clears nothing: it may be another site's.
pub(super) fn part(shell: &Shell, incoming: &Incoming, goodbye: Goodbye) -> HttpResponse {
    let departure = goodbye.departure;
    let mut response = match &goodbye.farewell.url {
        Some(url) if goodbye.frames.is_empty() => see_other(url),
        _ => farewell_page(shell, incoming, goodbye),
    };
    if departure != Departure::App && Jar::Session.read(&shell.site, &incoming.http).is_some() {
        Jar::Session.clear(&shell.site, &mut response);
        session_frame::note(shell, &incoming.http, None);
    }
    response
}

/// Takes a browser back that signed out elsewhere. A session that lives here stays, and so does its cookie: any site can send
/// a browser to this.
pub(super) async fn back(shell: &Shell, incoming: &Incoming, farewell: Farewell) -> Result<HttpResponse, Failure> {
    if session(shell, incoming).await?.is_none() {
        return Ok(part(shell, incoming, nothing_left(farewell)));
    }
    Ok(farewell.url.map_or_else(|| see_other(&shell.site.path("/account")), |url| see_other(&url)))
}

/// The last page, with the frames in which clients end their own sessions. It goes on when they are loaded, or after three
/// seconds.
fn farewell_page(shell: &Shell, incoming: &Incoming, goodbye: Goodbye) -> HttpResponse {
    let Goodbye { departure, farewell, frames, receipt } = goodbye;
    let nonce = farewell.url.is_some().then(|| Secret::new(shell.authority.entropy.as_ref()).reveal());
    let origins: Vec<String> = frames.iter().map(|frame| frame.origin.clone()).collect();
    let page = SignedOut {
        client_name: farewell.client_name,
        departure: match departure {
            Departure::App => "app",
            Departure::Browser => "browser",
            Departure::Everywhere => "everywhere",
        },
        onwards: farewell.url,
        frames: frames.into_iter().map(|frame| frame.url).collect(),
        nonce: nonce.clone(),
        report_url: receipt.map(|receipt| receipt::address(shell, &receipt)),
    };
    let allowed = Allowed { nonce: nonce.as_deref(), ..Allowed::default() };
    let mut response = shell.pages.show(&incoming.reader(shell), StatusCode::OK, &page, allowed);
    allow_frames(&mut response, &origins);
    response
}
