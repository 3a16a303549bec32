//! The authorization endpoint (RFC 6749 section 3.1). It looks at the session cookie, so no other origin may read it.

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::answer::{see_other, to_client};
use super::cookie::Jar;
use super::request::Incoming;
use super::session_frame;
use super::shell::Shell;
use crate::domain::lifetime::Stay;
use crate::domain::session::Session;
use crate::flows::Failure;
use crate::flows::authorize::{Step, Visitor, begin};
use crate::flows::browser::{self, Arrival, Renewal, Visit};
use crate::protocol::params::Params;

pub async fn by_query(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    authorize(shell, incoming, &incoming.query()?).await
}

pub async fn by_form(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    authorize(shell, incoming, &incoming.form()?).await
}

async fn authorize(shell: &Shell, incoming: &Incoming, params: &Params) -> Result<HttpResponse, Failure> {
    let session = match visit(shell, incoming).await? {
        // What ended can still say why.
        Visit::Open(session, _) | Visit::Ended(session) => Some(*session),
        Visit::Nobody => None,
    };
    let visitor = Visitor { session, activity: incoming.activity() };
    let step = begin(&shell.authority, params, visitor).await?;
    Ok(go_on(shell, incoming, &step))
}

/// The browser's open session.
pub async fn session(shell: &Shell, incoming: &Incoming) -> Result<Option<Session>, Failure> {
    Ok(visit(shell, incoming).await?.open())
}

/// Who came with this browser. Whoever came without an open session waits for a turn ([`super::stranger`]).
pub async fn visit(shell: &Shell, incoming: &Incoming) -> Result<Visit, Failure> {
    let visit = look(shell, incoming).await?;
    if incoming.first_look() && !matches!(visit, Visit::Open(..)) {
        shell.strangers.turn(incoming.source(shell)).await?;
    }
    Ok(visit)
}

/// What the cookie says. Only the answer to a page that was opened gets another one.
async fn look(shell: &Shell, incoming: &Incoming) -> Result<Visit, Failure> {
    let Some(secret) = Jar::Session.read(&shell.site, &incoming.http) else { return Ok(Visit::Nobody) };
    let renewal = if incoming.http.method() == Method::GET { Renewal::Possible } else { Renewal::Impossible };
    let arrival = Arrival { secret: &secret, source: Some(incoming.source(shell)), renewal };
    let visit = browser::visit(&shell.authority, arrival, shell.authority.now()).await?;
    let session = if let Visit::Open(session, _) = &visit { Some(session) } else { None };
    session_frame::note(shell, &incoming.http, session.map(AsRef::as_ref));
    match visit {
        Visit::Open(session, Some(secret)) => {
            let left = session.absolute_end - shell.authority.now();
            incoming.renew(secret, (session.stay == Stay::Remembered).then_some(left));
            Ok(Visit::Open(session, None))
        }
        visit => Ok(visit),
    }
}

/// Sends the browser to what comes next.
pub fn go_on(shell: &Shell, incoming: &Incoming, step: &Step) -> HttpResponse {
    let page = |path: &str, handle: String| see_other(&shell.site.path(&format!("{path}?request={handle}")));
    match step {
        Step::Login(pending, _) | Step::Raise(pending, _) => page("/login", pending.seal(&shell.authority)),
        Step::Consent(asking) => page("/consent", asking.pending.seal(&shell.authority)),
        Step::Full(pending) => page("/limit", pending.seal(&shell.authority)),
        Step::Answer(answer) => to_client(shell, incoming, answer),
    }
}
