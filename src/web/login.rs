//! The login page. Each tab carries its own request in its own form; whatever another tab did, this one goes on to its target.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::answer::see_other;
use super::authorize::{go_on, session, visit};
use super::cookie::Jar;
use super::csrf::{Binding, verified};
use super::page::{Allowed, Forms, Login};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::domain::session::Session;
use crate::flows::authorize::{Pending, Step, proceed};
use crate::flows::browser::Visit;
use crate::flows::login::{Attempt, SignIn, sign_in};
use crate::flows::{Failure, Outcome, account};

/// What the page says above the form.
#[derive(Default)]
struct Said {
    notice: Option<String>,
    error: Option<String>,
    username: Option<String>,
}

const EXPIRED: &str = "This page had been open for too long, so nothing was sent. Please sign in now.";
const FULL: &str = "You are signed in on as many devices as are allowed. Sign out on one of them first.";
const WRONG: &str = "That username and password do not match.";

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let visit = visit(shell, incoming).await?;
    let said = explain(shell, &visit).await?;
    let is_over = matches!(visit, Visit::Ended(_));
    let mut response = arrive(shell, incoming, visit.open(), said).await?;
    if is_over {
        // It was told why; told once is enough.
        Jar::Session.clear(&shell.site, &mut response);
    }
    Ok(response)
}

/// Why somebody who was signed in is here: their session ended, or something was noticed about it.
async fn explain(shell: &Shell, visit: &Visit) -> Result<Said, Failure> {
    let (authority, now) = (&shell.authority, shell.authority.now());
    match visit {
        Visit::Ended(session) => {
            let notice = session.end(now).and_then(|end| words::farewell(session, &end, now));
            Ok(Said { notice, ..Said::default() })
        }
        Visit::Open(session, _) if session.watch.must_prove(authority.policy.watching.on_mark) => {
            let username = Some(account::username(authority, session).await?);
            Ok(Said { notice: session.watch.mark.map(words::prove), username, ..Said::default() })
        }
        Visit::Open(..) | Visit::Nobody => Ok(Said::default()),
    }
}

async fn arrive(
    shell: &Shell,
    incoming: &Incoming,
    session: Option<Session>,
    said: Said,
) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let stays = query.first("switch").is_some() || said.notice.is_some();
    let pending = pending(shell, query.first("request"))?;
    match (pending, session) {
        (None, Some(_)) if !stays => Ok(see_other(&shell.site.path("/account"))),
        (None, _) => form(shell, incoming, None, said, StatusCode::OK).await,
        (Some(pending), _) if query.first("switch").is_some() => {
            form(shell, incoming, Some(pending), said, StatusCode::OK).await
        }
        (Some(pending), session) => {
            let stale = pending.born;
            match proceed(&shell.authority, pending, session).await? {
                Step::Login(pending, _) => {
                    let expired = (pending.born != stale).then(|| EXPIRED.to_owned());
                    let said = Said { notice: said.notice.or(expired), ..said };
                    form(shell, incoming, Some(*pending), said, StatusCode::OK).await
                }
                step => Ok(go_on(shell, &step)),
            }
        }
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let session = session(shell, incoming).await?;
    let Some(params) = verified(shell, incoming, None) else {
        return restart(shell, incoming, session).await;
    };
    let pending = pending(shell, params.one("request")?)?;
    let username = params.first("username").unwrap_or_default().to_owned();
    let attempt =
        Attempt { username: username.clone(), password: params.typed("password"), source: incoming.source.clone() };
    match sign_in(&shell.authority, attempt, session).await? {
        SignIn::Done { secret, session } => {
            let mut response = match pending {
                Some(pending) => welcome(shell, pending, *session).await,
                None => see_other(&shell.site.path("/account")),
            };
            Jar::Session.set(&shell.site, &mut response, &secret);
            Ok(response)
        }
        SignIn::Refused => {
            let said = Said { error: Some(WRONG.into()), username: Some(username), notice: None };
            form(shell, incoming, pending, said, StatusCode::UNAUTHORIZED).await
        }
        SignIn::Full => {
            let said = Said { error: Some(FULL.into()), username: Some(username), notice: None };
            form(shell, incoming, pending, said, StatusCode::FORBIDDEN).await
        }
        SignIn::Wait { until } => {
            let seconds = (until - shell.authority.now()).num_seconds() + 1;
            let error = format!("There were too many attempts. Try again in {}.", in_words(seconds));
            let said = Said { error: Some(error), username: Some(username), notice: None };
            let mut response = form(shell, incoming, pending, said, StatusCode::TOO_MANY_REQUESTS).await?;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
    }
}

/// Where a browser that just signed in goes. It is signed in whatever happens: if the request cannot go on at once, its
/// page tries again, with the cookie.
async fn welcome(shell: &Shell, pending: Pending, session: Session) -> HttpResponse {
    let page = shell.site.path(&format!("/login?request={}", pending.seal(&shell.authority)));
    match proceed(&shell.authority, pending, Some(session)).await {
        Ok(step) => go_on(shell, &step),
        Err(_) => see_other(&page),
    }
}

fn in_words(seconds: i64) -> String {
    match seconds {
        ..=1 => "a second".into(),
        2..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    }
}

/// A form that is not this browser's, or no longer: nothing it says is used but the request it was for.
async fn restart(shell: &Shell, incoming: &Incoming, session: Option<Session>) -> Result<HttpResponse, Failure> {
    let handle = incoming.form().ok().and_then(|form| form.first("request").map(str::to_owned));
    let pending = pending(shell, handle.as_deref())?;
    if let (Some(pending), Some(session)) = (pending.clone(), session) {
        let step = proceed(&shell.authority, pending, Some(session)).await?;
        if !matches!(step, Step::Login(..)) {
            return Ok(go_on(shell, &step));
        }
    }
    form(shell, incoming, pending, Said { notice: Some(EXPIRED.into()), ..Said::default() }, StatusCode::FORBIDDEN)
        .await
}

fn pending(shell: &Shell, handle: Option<&str>) -> Outcome<Option<Pending>> {
    Ok(handle.map(|handle| Pending::open(&shell.authority, handle)).transpose()?)
}

async fn form(
    shell: &Shell,
    incoming: &Incoming,
    pending: Option<Pending>,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let client_name = match &pending {
        Some(pending) => Some(pending.client_name(&shell.authority).await?),
        None => None,
    };
    let hint = pending.as_ref().and_then(|pending| pending.request.login_hint.clone());
    let forms = if pending.is_some() { Forms::Onwards } else { Forms::Here };
    let binding = Binding::of(shell, &incoming.http);
    let page = Login {
        client_name,
        request: pending.map(|pending| pending.seal(&shell.authority)),
        username: said.username.or(hint).unwrap_or_default(),
        notice: said.notice,
        error: said.error,
        csrf: binding.token(shell, None),
    };
    Ok(binding.show(shell, status, &page, Allowed { forms, nonce: None }))
}
