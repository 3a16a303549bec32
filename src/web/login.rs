//! The login page. Each tab carries its own request in its own form; whatever another tab did, this one goes on to its target.

use std::panic::resume_unwind;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::answer::see_other;
use super::authorize::{go_on, session, visit};
use super::cookie::Jar;
use super::csrf::{Binding, verified};
use super::fresh::{Errand, Left};
use super::language;
use super::page::{Allowed, Login, PasskeyAsk, StayLine, nonce};
use super::purpose::{Led, Purpose, lead};
use super::request::Incoming;
use super::shell::Shell;
use super::sso;
use super::words;
use crate::domain::language::Phrase;
use crate::domain::lifetime::Stay;
use crate::domain::session::{Session, Source};
use crate::flows::authorize::{Step, proceed};
use crate::flows::browser::Visit;
use crate::flows::login::{Attempt, SignIn, sign_in};
use crate::flows::mail_code::is_offered;
use crate::flows::passkey::{self, Arrival, Response};
use crate::flows::pending::Pending;
use crate::flows::{Failure, account, factor};

/// What the page says above the form, and what it is for besides a client's request.
#[derive(Default)]
struct Said {
    notice: Option<Phrase>,
    error: Option<Phrase>,
    username: Option<String>,
    stay: Stay,
}

const EXPIRED: Phrase = Phrase::of("login-expired");
const WRONG: Phrase = Phrase::of("login-wrong");
const WRONG_PASSKEY: Phrase = Phrase::of("login-wrong-passkey");
const STALE: Phrase = Phrase::of("login-stale");
const UNDONE: Phrase = Phrase::of("login-undone");

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
    let switches = query.first("switch").is_some();
    let stays = switches || said.notice.is_some();
    let purpose = Purpose::read(shell, &query)?;
    if purpose.errand.is_some() {
        return confirm(shell, incoming, session, (purpose, said)).await;
    }
    match (purpose.pending, session) {
        (None, Some(_)) if !stays => Ok(see_other(&shell.site.path("/account"))),
        (None, _) => form(shell, incoming, Purpose::default(), (said, StatusCode::OK)).await,
        (Some(pending), _) if switches => {
            form(shell, incoming, Purpose::of(Some(pending)), (said, StatusCode::OK)).await
        }
        (Some(pending), session) => go_on_or_ask(shell, incoming, session, (pending, said)).await,
    }
}

/// Asks for what is missing for a client's request, and goes on with it where nothing is.
async fn go_on_or_ask(
    shell: &Shell,
    incoming: &Incoming,
    session: Option<Session>,
    (pending, said): (Pending, Said),
) -> Result<HttpResponse, Failure> {
    let stale = pending.born;
    let pending = match proceed(&shell.authority, pending, session.clone()).await? {
        Step::Login(pending, _) => pending,
        Step::Raise(pending, level) => {
            let ticket = match &session {
                Some(session) => factor::step_up(&shell.authority, session, level, incoming.source(shell)).await?,
                None => None,
            };
            if let Some(ticket) = ticket {
                let purpose = Purpose::of(Some(*pending));
                return Ok(see_other(&purpose.page(shell, "/login/factor", Some(&ticket))));
            }
            pending
        }
        step => return Ok(go_on(shell, incoming, &step)),
    };
    if let Some(way) = sso::meant(shell, &pending, said.notice.as_ref()).await? {
        return Ok(see_other(&way));
    }
    let expired = (pending.born != stale).then_some(EXPIRED);
    let said = Said { notice: said.notice.or(expired), ..said };
    form(shell, incoming, Purpose::of(Some(*pending)), (said, StatusCode::OK)).await
}

/// The page for somebody who is signed in and proves it again.
async fn confirm(
    shell: &Shell,
    incoming: &Incoming,
    session: Option<Session>,
    (purpose, said): (Purpose, Said),
) -> Result<HttpResponse, Failure> {
    let (Some(session), Some(errand)) = (session, &purpose.errand) else {
        return form(shell, incoming, Purpose::default(), (said, StatusCode::OK)).await;
    };
    if errand.is_done(&session, shell.authority.now()) && said.notice.is_none() {
        return Ok(see_other(&shell.site.path(&errand.back)));
    }
    let why = if errand.left == Left::Undone { UNDONE } else { STALE };
    let username = Some(account::username(&shell.authority, &session).await?);
    let said = Said { notice: said.notice.or(Some(why)), username, ..said };
    let purpose = Purpose { pending: None, ..purpose };
    form(shell, incoming, purpose, (said, StatusCode::OK)).await
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let session = session(shell, incoming).await?;
    let Some(params) = verified(shell, incoming, None) else {
        return restart(shell, incoming, session).await;
    };
    let purpose = Purpose::read(shell, &params)?;
    let username = params.first("username").unwrap_or_default().to_owned();
    if params.first("password").unwrap_or_default().is_empty()
        && let Some(way) = sso::Ways::of(shell, &purpose).of_address(&username).await?
    {
        return Ok(see_other(&way));
    }
    let stay = if params.first("stay").is_some() { Stay::Remembered } else { Stay::Visit };
    let attempt = Attempt {
        username: username.clone(),
        password: params.typed("password"),
        source: incoming.source(shell).clone(),
        stay,
        aim: purpose.aim(shell).await?,
    };
    match lead(shell, incoming, try_to_the_end(shell, attempt, session).await?, (purpose, WRONG)).await? {
        Led::Away(response) => Ok(response),
        Led::Here(purpose, complaint) => {
            let said = Said { error: Some(complaint.text), username: Some(username), stay, notice: None };
            let mut response = form(shell, incoming, *purpose, (said, complaint.status)).await?;
            if let Some(seconds) = complaint.wait {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Ok(response)
        }
    }
}

/// Tries to sign in, whatever becomes of the connection meanwhile: whoever goes away in time would guess uncounted.
async fn try_to_the_end(shell: &Shell, attempt: Attempt, current: Option<Session>) -> Result<SignIn, Failure> {
    let authority = Arc::clone(&shell.authority);
    let trying = actix_web::rt::spawn(async move { sign_in(&authority, attempt, current).await });
    trying.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

/// Somebody comes with nothing but a passkey.
pub async fn by_passkey(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let session = session(shell, incoming).await?;
    let Some(params) = verified(shell, incoming, None) else {
        return restart(shell, incoming, session).await;
    };
    let purpose = Purpose::read(shell, &params)?;
    let stay = if params.first("stay").is_some() { Stay::Remembered } else { Stay::Visit };
    let text = |name: &str| params.first(name).unwrap_or_default().to_owned();
    let arrival = Arrival {
        response: Response { handle: text("handle"), answer: text("answer") },
        source: incoming.source(shell).clone(),
        stay,
        aim: purpose.aim(shell).await?,
    };
    let signed_in = passkey::sign_in(&shell.authority, arrival, session).await?;
    match lead(shell, incoming, signed_in, (purpose, WRONG_PASSKEY)).await? {
        Led::Away(response) => Ok(response),
        Led::Here(purpose, complaint) => {
            let said = Said { error: Some(complaint.text), stay, ..Said::default() };
            form(shell, incoming, *purpose, (said, complaint.status)).await
        }
    }
}

/// A form that is not this browser's, or no longer: nothing it says is used but the request it was for.
async fn restart(shell: &Shell, incoming: &Incoming, session: Option<Session>) -> Result<HttpResponse, Failure> {
    let pending = match incoming.form() {
        Ok(form) => Purpose::read(shell, &form)?.pending,
        Err(_) => None,
    };
    if let (Some(pending), Some(session)) = (pending.clone(), session) {
        let step = proceed(&shell.authority, pending, Some(session)).await?;
        if !matches!(step, Step::Login(..) | Step::Raise(..)) {
            return Ok(go_on(shell, incoming, &step));
        }
    }
    let said = Said { notice: Some(EXPIRED), ..Said::default() };
    form(shell, incoming, Purpose::of(pending), (said, StatusCode::FORBIDDEN)).await
}

/// The page again, for somebody whom another provider could not sign in.
pub(super) async fn complain(
    shell: &Shell,
    incoming: &Incoming,
    purpose: Purpose,
    (text, status): (Phrase, StatusCode),
) -> Result<HttpResponse, Failure> {
    form(shell, incoming, purpose, (Said { error: Some(text), ..Said::default() }, status)).await
}

async fn form(
    shell: &Shell,
    incoming: &Incoming,
    purpose: Purpose,
    (said, status): (Said, StatusCode),
) -> Result<HttpResponse, Failure> {
    let client_name = purpose.client_name(shell).await?;
    let hint = purpose.pending.as_ref().and_then(|pending| pending.request.login_hint.clone());
    // Whoever comes back from another provider carries the request in none of the usual places.
    let asked = purpose.pending.as_ref().and_then(|pending| pending.request.ui_locales.as_deref());
    let binding = Binding::of(shell, incoming).speaking(language::asked_for(shell, asked));
    let forms = purpose.forms();
    // A proof in a session that is open renews it: how long it lives was chosen when it began.
    let stay = match remembered(shell) {
        Some(longest) if session(shell, incoming).await?.is_none() => Some(longest),
        _ => None,
    };
    let source = Source { device: Some(binding.device()), ..Source::default() };
    let passkey = passkey::challenge(&shell.authority, &source).map(PasskeyAsk::from);
    let nonce = passkey.as_ref().map(|_| nonce());
    let ways = sso::Ways::of(shell, &purpose);
    let page = Login {
        client_name,
        providers: ways.lines().await?,
        by_address: ways.any_by_address().await?,
        request: purpose.request(shell),
        username: said.username.or(hint).unwrap_or_default(),
        notice: said.notice,
        error: said.error,
        stay: stay.map(|longest| StayLine { longest, chosen: said.stay == Stay::Remembered }),
        errand: purpose.errand.map(|errand: Errand| errand.seal(&shell.authority)),
        passkey,
        nonce: nonce.clone(),
        by_mail: is_offered(&shell.authority),
        csrf: binding.token(shell, None),
    };
    Ok(binding.show(shell, status, &page, Allowed { forms, nonce: nonce.as_deref(), ..Allowed::default() }))
}

/// How long a browser may be remembered, in words; `None` where it may not.
fn remembered(shell: &Shell) -> Option<Phrase> {
    Some(words::longest(shell.authority.policy.lifetimes.remember?.absolute.delta()))
}
