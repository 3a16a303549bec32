//! The login page. Each tab carries its own request in its own form; whatever another tab did, this one goes on to its target.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::answer::see_other;
use super::authorize::{go_on, session, visit};
use super::cookie::Jar;
use super::csrf::{Binding, verified};
use super::fresh::{Errand, Left};
use super::page::{Allowed, Forms, Login, StayLine};
use super::request::Incoming;
use super::session_frame;
use super::shell::Shell;
use super::sso;
use super::words;
use crate::base::secret::Secret;
use crate::domain::lifetime::Stay;
use crate::domain::session::Session;
use crate::flows::authorize::{Pending, Step, proceed};
use crate::flows::browser::Visit;
use crate::flows::login::{Attempt, SignIn, sign_in};
use crate::flows::{Failure, Outcome, account};

/// What the page says above the form, and what it is for besides a client's request.
#[derive(Default)]
struct Said {
    notice: Option<String>,
    error: Option<String>,
    username: Option<String>,
    stay: Stay,
    errand: Option<Errand>,
}

const EXPIRED: &str = "This page had been open for too long, so nothing was sent. Please sign in now.";
pub(super) const FULL: &str = "You are signed in on as many devices as are allowed. Sign out on one of them first.";
const WRONG: &str = "That username and password do not match.";
const CONFIRM: &str = "You signed in a while ago. Enter your password to go on.";
const UNDONE: &str =
    "You signed in a while ago, so nothing was changed yet. Enter your password, and you are back where you were.";

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let visit = visit(shell, incoming).await?;
    let said = explain(shell, &visit).await?;
    let is_over = matches!(visit, Visit::Ended(_));
    let mut response = open(shell, incoming, visit.open(), said).await?;
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

async fn open(
    shell: &Shell,
    incoming: &Incoming,
    session: Option<Session>,
    said: Said,
) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let stays = query.first("switch").is_some() || said.notice.is_some();
    let pending = pending(shell, query.first("request"))?;
    if let Some(errand) = query.first("errand").and_then(|handle| Errand::open(&shell.authority, handle)) {
        return confirm(shell, incoming, session, Said { errand: Some(errand), ..said }).await;
    }
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
                    if let Some(way) = sso::meant(shell, &pending, &said.notice).await? {
                        return Ok(see_other(&way));
                    }
                    let expired = (pending.born != stale).then(|| EXPIRED.to_owned());
                    let said = Said { notice: said.notice.or(expired), ..said };
                    form(shell, incoming, Some(*pending), said, StatusCode::OK).await
                }
                step => Ok(go_on(shell, &step)),
            }
        }
    }
}

/// The page for somebody who is signed in and proves it again.
async fn confirm(
    shell: &Shell,
    incoming: &Incoming,
    session: Option<Session>,
    said: Said,
) -> Result<HttpResponse, Failure> {
    let (Some(session), Some(errand)) = (session, &said.errand) else {
        return form(shell, incoming, None, said, StatusCode::OK).await;
    };
    if errand.is_done(&session, shell.authority.now()) && said.notice.is_none() {
        return Ok(see_other(&shell.site.path(&errand.back)));
    }
    let why = if errand.left == Left::Undone { UNDONE } else { CONFIRM };
    let username = Some(account::username(&shell.authority, &session).await?);
    let said = Said { notice: said.notice.or(Some(why.into())), username, ..said };
    form(shell, incoming, None, said, StatusCode::OK).await
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let session = session(shell, incoming).await?;
    let Some(params) = verified(shell, incoming, None) else {
        return restart(shell, incoming, session).await;
    };
    let pending = pending(shell, params.one("request")?)?;
    let errand = params.one("errand")?.and_then(|handle| Errand::open(&shell.authority, handle));
    let username = params.first("username").unwrap_or_default().to_owned();
    if params.first("password").unwrap_or_default().is_empty() {
        let ways = sso::Ways::of(shell, pending.as_ref(), errand.as_ref());
        if let Some(way) = ways.of_address(&username).await? {
            return Ok(see_other(&way));
        }
    }
    let stay = if params.first("stay").is_some() { Stay::Remembered } else { Stay::Visit };
    let attempt = Attempt {
        username: username.clone(),
        password: params.typed("password"),
        source: incoming.source.clone(),
        stay,
    };
    let said = |error: String| Said {
        error: Some(error),
        username: Some(username),
        stay,
        errand: errand.clone(),
        notice: None,
    };
    match sign_in(&shell.authority, attempt, session).await? {
        SignIn::Done { secret, session } => {
            Ok(arrive(shell, incoming, Arrival { secret, session: *session, pending, errand }).await)
        }
        SignIn::Refused => form(shell, incoming, pending, said(WRONG.into()), StatusCode::UNAUTHORIZED).await,
        SignIn::Full => form(shell, incoming, pending, said(FULL.into()), StatusCode::FORBIDDEN).await,
        SignIn::Choose { ticket } => Ok(see_other(&choice(shell, &ticket, pending.as_ref()))),
        SignIn::Wait { until } => {
            let seconds = (until - shell.authority.now()).num_seconds() + 1;
            let error = format!("There were too many attempts. Try again in {}.", in_words(seconds));
            let mut response = form(shell, incoming, pending, said(error), StatusCode::TOO_MANY_REQUESTS).await?;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
    }
}

/// Where a person chooses which sessions end.
pub(super) fn choice(shell: &Shell, ticket: &str, pending: Option<&Pending>) -> String {
    let request = pending.map(|pending| format!("&request={}", pending.seal(&shell.authority)));
    shell.site.path(&format!("/limit?ticket={ticket}{}", request.unwrap_or_default()))
}

/// Somebody who just signed in, and what for.
pub(super) struct Arrival {
    pub secret: Secret,
    pub session: Session,
    pub pending: Option<Pending>,
    pub errand: Option<Errand>,
}

/// Gives the browser its cookie and sends it on.
pub(super) async fn arrive(shell: &Shell, incoming: &Incoming, arrival: Arrival) -> HttpResponse {
    let Arrival { secret, session, pending, errand } = arrival;
    session_frame::note(shell, &incoming.http, Some(&session));
    let (stay, left) = (session.stay, session.absolute_end - shell.authority.now());
    let mut response = match (pending, errand) {
        (Some(pending), _) => welcome(shell, pending, session).await,
        (None, Some(errand)) => see_other(&shell.site.path(&errand.back)),
        (None, None) => see_other(&shell.site.path("/account")),
    };
    match stay {
        Stay::Visit => Jar::Session.set(&shell.site, &mut response, &secret),
        Stay::Remembered => Jar::Session.set_for(&shell.site, &mut response, &secret, left),
    }
    response
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

/// The page again, for somebody whom another provider could not sign in.
pub(super) async fn stay(
    shell: &Shell,
    incoming: &Incoming,
    (pending, errand): (Option<Pending>, Option<Errand>),
    error: String,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    form(shell, incoming, pending, Said { error: Some(error), errand, ..Said::default() }, status).await
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
    // A proof in a session that is open renews it: how long it lives was chosen when it began.
    let stay = match remembered(shell) {
        Some(longest) if session(shell, incoming).await?.is_none() => Some(longest),
        _ => None,
    };
    let ways = sso::Ways::of(shell, pending.as_ref(), said.errand.as_ref());
    let page = Login {
        client_name,
        providers: ways.lines().await?,
        by_address: ways.any_by_address().await?,
        request: pending.map(|pending| pending.seal(&shell.authority)),
        username: said.username.or(hint).unwrap_or_default(),
        notice: said.notice,
        error: said.error,
        stay: stay.map(|longest| StayLine { longest, chosen: said.stay == Stay::Remembered }),
        errand: said.errand.map(|errand| errand.seal(&shell.authority)),
        csrf: binding.token(shell, None),
    };
    Ok(binding.show(shell, status, &page, Allowed { forms, ..Allowed::default() }))
}

/// How long a browser may be remembered, in words; `None` where it may not.
fn remembered(shell: &Shell) -> Option<String> {
    let seconds = shell.authority.policy.lifetimes.remember?.absolute.as_seconds();
    let (number, unit) = match seconds {
        172_800.. => (seconds / 86_400, "days"),
        7_200.. => (seconds / 3_600, "hours"),
        _ => ((seconds / 60).max(1), "minutes"),
    };
    Some(format!("{number} {unit}"))
}
