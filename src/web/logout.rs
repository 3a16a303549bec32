//! Logout, by the person or asked for by a client (OpenID Connect RP-Initiated Logout 1.0).

use super::answer::see_other;
use super::authorize::session;
use super::cookie::Jar;
use super::csrf::{Binding, demanded};
use super::page::{Allowed, Forms, Logout, SignedOut};
use super::request::Incoming;
use super::shell::Shell;
use crate::domain::session::Session;
use crate::flows::logout::{Farewell, Step, confirm, request};
use crate::flows::{Failure, account, inspect};
use crate::protocol::logout::LogoutRequest;
use crate::protocol::params::Params;
use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};

pub async fn by_query(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    asked(shell, incoming, &incoming.query()?).await
}

pub async fn by_form(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    asked(shell, incoming, &incoming.form()?).await
}

async fn asked(shell: &Shell, incoming: &Incoming, params: &Params) -> Result<HttpResponse, Failure> {
    let asked = LogoutRequest::parse(params)?;
    let session = session(shell, incoming).await?;
    if session.is_none() && asked.id_token_hint.is_none() && incoming.http.method() == Method::POST {
        // A form of another site comes without our cookie; the way by address has it.
        return Ok(see_other(&shell.site.path(&format!("/oauth2/logout?{}", asked.query()))));
    }
    match request(&shell.authority, asked, session).await? {
        Step::Confirm(farewell, session, username) => Ok(form(shell, incoming, Some(&farewell), (&session, username))),
        Step::Done(farewell) => Ok(goodbye(shell, incoming, farewell)),
    }
}

/// The person's own way out.
pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    match session(shell, incoming).await? {
        Some(session) => {
            inspect::note(&shell.authority, &session, incoming.activity(), shell.authority.now()).await?;
            let username = account::username(&shell.authority, &session).await?;
            Ok(form(shell, incoming, None, (&session, username)))
        }
        None => Ok(goodbye(shell, incoming, Farewell::default())),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(session) = session(shell, incoming).await? else {
        return Ok(see_other(&shell.site.path("/logout")));
    };
    let form = demanded(shell, incoming, &session)?;
    let farewell = form.one("request")?.map(|handle| Farewell::open(&shell.authority, handle)).unwrap_or_default();
    confirm(&shell.authority, &session).await?;
    Ok(goodbye(shell, incoming, farewell))
}

fn form(
    shell: &Shell,
    incoming: &Incoming,
    farewell: Option<&Farewell>,
    (session, username): (&Session, String),
) -> HttpResponse {
    let binding = Binding::of(shell, &incoming.http);
    let forms = if farewell.is_some() { Forms::Onwards } else { Forms::Here };
    let page = Logout {
        client_name: farewell.and_then(|farewell| farewell.client_name.clone()),
        username,
        request: farewell.map(|farewell| farewell.seal(&shell.authority)),
        stay_url: shell.site.path("/account"),
        csrf: binding.token(shell, Some(session)),
    };
    binding.show(shell, StatusCode::OK, &page, Allowed { forms, ..Allowed::default() })
}

/// The session is over, and its cookie goes; the browser's own stays, by which it is known as one. A request that brought no
/// session cookie clears nothing: it may be another site's.
fn goodbye(shell: &Shell, incoming: &Incoming, farewell: Farewell) -> HttpResponse {
    let mut response = if let Some(url) = &farewell.url {
        see_other(url)
    } else {
        let page = SignedOut { client_name: farewell.client_name };
        shell.pages.show(&shell.site, StatusCode::OK, &page, Allowed::default())
    };
    if Jar::Session.read(&shell.site, &incoming.http).is_some() {
        Jar::Session.clear(&shell.site, &mut response);
    }
    response
}
