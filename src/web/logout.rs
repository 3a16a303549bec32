//! Logout, by the person or asked for by a client (OpenID Connect RP-Initiated Logout 1.0).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use url::Url;

use super::answer::see_other;
use super::authorize::session;
use super::cookie::Jar;
use super::csrf::{Binding, demanded};
use super::page::{Allowed, Logout, SignedOut};
use super::request::Incoming;
use super::shell::Shell;
use crate::domain::session::Session;
use crate::flows::logout::{Farewell, Step, confirm, request};
use crate::flows::{Failure, account};
use crate::protocol::logout::LogoutRequest;
use crate::protocol::params::Params;

pub async fn by_query(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    asked(shell, incoming, &incoming.query()?).await
}

pub async fn by_form(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    asked(shell, incoming, &incoming.form()?).await
}

async fn asked(shell: &Shell, incoming: &Incoming, params: &Params) -> Result<HttpResponse, Failure> {
    let asked = LogoutRequest::parse(params)?;
    let session = session(shell, incoming).await?;
    match request(&shell.authority, asked, session).await? {
        Step::Confirm(farewell, session, username) => Ok(form(shell, incoming, Some(&farewell), (&session, username))),
        Step::Done(farewell) => Ok(goodbye(shell, farewell)),
    }
}

/// The person's own way out.
pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    match session(shell, incoming).await? {
        Some(session) => {
            let username = account::username(&shell.authority, &session).await?;
            Ok(form(shell, incoming, None, (&session, username)))
        }
        None => Ok(goodbye(shell, Farewell::default())),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(session) = session(shell, incoming).await? else {
        return Ok(goodbye(shell, Farewell::default()));
    };
    let form = demanded(shell, incoming, &session)?;
    let farewell = form.one("request")?.map(|handle| Farewell::open(&shell.authority, handle)).unwrap_or_default();
    confirm(&shell.authority, &session).await?;
    Ok(goodbye(shell, farewell))
}

fn form(
    shell: &Shell,
    incoming: &Incoming,
    farewell: Option<&Farewell>,
    (session, username): (&Session, String),
) -> HttpResponse {
    let binding = Binding::of(shell, &incoming.http);
    let leads_to = farewell.and_then(|farewell| farewell.url.as_deref()).and_then(crate::protocol::redirect::origin);
    let page = Logout {
        client_name: farewell.and_then(|farewell| farewell.client_name.clone()),
        username,
        request: farewell.map(|farewell| farewell.seal(&shell.authority)),
        stay_url: shell.site.path("/account"),
        csrf: binding.token(shell, Some(session)),
    };
    let allowed = Allowed { leads_to: leads_to.as_deref(), nonce: None };
    binding.show(shell, StatusCode::OK, &page, &allowed)
}

/// The session is over: both cookies go, and with them every form that is still open somewhere.
fn goodbye(shell: &Shell, farewell: Farewell) -> HttpResponse {
    let mut response = match &farewell.url {
        Some(url) if Url::parse(url).is_ok() => see_other(url),
        _ => {
            let page = SignedOut { client_name: farewell.client_name };
            shell.pages.show(&shell.site, StatusCode::OK, &page, &Allowed::default())
        }
    };
    Jar::Session.clear(&shell.site, &mut response);
    Jar::Browser.clear(&shell.site, &mut response);
    response
}
