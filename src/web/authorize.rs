//! The authorization endpoint (RFC 6749 section 3.1). It looks at the session cookie, so no other origin may read it.

use actix_web::HttpResponse;

use super::answer::{see_other, to_client};
use super::cookie::Jar;
use super::request::Incoming;
use super::shell::Shell;
use crate::domain::session::Session;
use crate::flows::authorize::{Step, Visitor, begin};
use crate::flows::{Failure, inspect};
use crate::protocol::params::Params;

pub async fn by_query(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    authorize(shell, incoming, &incoming.query()?).await
}

pub async fn by_form(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    authorize(shell, incoming, &incoming.form()?).await
}

async fn authorize(shell: &Shell, incoming: &Incoming, params: &Params) -> Result<HttpResponse, Failure> {
    let session = session(shell, incoming).await?;
    let visitor = Visitor { session, activity: incoming.activity() };
    let step = begin(&shell.authority, params, visitor).await?;
    Ok(go_on(shell, &step))
}

/// The browser's open session.
pub async fn session(shell: &Shell, incoming: &Incoming) -> Result<Option<Session>, Failure> {
    match Jar::Session.read(&shell.site, &incoming.http) {
        Some(secret) => inspect::browser(&shell.authority, &secret, shell.authority.now()).await,
        None => Ok(None),
    }
}

/// Sends the browser to what comes next.
pub fn go_on(shell: &Shell, step: &Step) -> HttpResponse {
    let page = |path: &str, handle: String| see_other(&shell.site.path(&format!("{path}?request={handle}")));
    match step {
        Step::Login(pending, _) => page("/login", pending.seal(&shell.authority)),
        Step::Consent(asking) => page("/consent", asking.pending.seal(&shell.authority)),
        Step::Full(pending) => page("/limit", pending.seal(&shell.authority)),
        Step::Answer(answer) => to_client(shell, answer),
    }
}
