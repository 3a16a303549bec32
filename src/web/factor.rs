//! The second half of the login page: the page for a second factor, and the one on which somebody adds what they need.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::answer::see_other;
use super::authorize::session;
use super::csrf::{Binding, verified};
use super::page::{Allowed, Enrol, Factor, PasskeyAsk, nonce};
use super::picture;
use super::purpose::{Complaint, Led, Purpose, lead, start_over};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::domain::language::Phrase;
use crate::domain::session::Source;
use crate::flows::factor::{Half, New, add, by_code, by_passkey, question, to_add};
use crate::flows::login::SignIn;
use crate::flows::passkey::Response;
use crate::flows::{Failure, passkey, totp};
use crate::protocol::acr;
use crate::protocol::params::Params;

const WRONG: Phrase = Phrase::of("factor-wrong");
const WRONG_APP: Phrase = Phrase::of("app-wrong");
const WRONG_PASSKEY: Phrase = Phrase::of("passkey-wrong");

/// What a browser brought to one of these pages.
struct Brought {
    half: Half,
    purpose: Purpose,
}

impl Brought {
    fn read(shell: &Shell, incoming: &Incoming, params: &Params) -> Result<Option<Self>, Failure> {
        let purpose = Purpose::read(shell, params)?;
        let opened = params.one("ticket")?;
        let opened = opened.and_then(|handle| Half::open(&shell.authority, handle, incoming.source(shell)));
        Ok(opened.map(|half| Self { half, purpose }))
    }
}

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    match Brought::read(shell, incoming, &query)? {
        Some(brought) => ask(shell, incoming, brought, None).await,
        None => start_over(shell, &query),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((params, brought)) = sent(shell, incoming)? else { return start_over(shell, &incoming.form()?) };
    let (half, around) = (brought.half.clone(), (incoming.source(shell).clone(), session(shell, incoming).await?));
    let signed_in = match params.first("answer") {
        Some(_) => by_passkey(&shell.authority, half, &response(&params), around).await?,
        None => by_code(&shell.authority, half, &params.typed("code"), around).await?,
    };
    settle(shell, incoming, signed_in, (brought, WRONG)).await
}

pub async fn show_enrolment(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    match Brought::read(shell, incoming, &query)? {
        Some(brought) => ask_to_add(shell, incoming, brought, (None, None)).await,
        None => start_over(shell, &query),
    }
}

pub async fn enrol(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((params, brought)) = sent(shell, incoming)? else { return start_over(shell, &incoming.form()?) };
    let (half, around) = (brought.half.clone(), (incoming.source(shell).clone(), session(shell, incoming).await?));
    let (code, response) = (params.typed("code"), response(&params));
    let name = incoming.language(shell).say(&words::device(incoming.source(shell).user_agent.as_deref()));
    let (new, wrong) = match params.first("answer") {
        Some(_) => (New::Passkey { response: &response, name: &name }, WRONG_PASSKEY),
        None => (New::App { handle: &response.handle, code: &code }, WRONG_APP),
    };
    let signed_in = add(&shell.authority, half, new, around).await?;
    match lead(shell, incoming, signed_in, (brought.purpose.clone(), wrong)).await? {
        Led::Away(response) => Ok(response),
        Led::Here(_, complaint) => {
            ask_to_add(shell, incoming, brought, (params.first("handle"), Some(complaint))).await
        }
    }
}

/// The form of one of our own pages, with a ticket that is still good.
fn sent(shell: &Shell, incoming: &Incoming) -> Result<Option<(Params, Brought)>, Failure> {
    let Some(params) = verified(shell, incoming, None) else { return Ok(None) };
    Ok(Brought::read(shell, incoming, &params)?.map(|brought| (params, brought)))
}

fn response(params: &Params) -> Response {
    let text = |name: &str| params.first(name).unwrap_or_default().to_owned();
    Response { handle: text("handle"), answer: text("answer") }
}

async fn settle(
    shell: &Shell,
    incoming: &Incoming,
    signed_in: SignIn,
    (brought, wrong): (Brought, Phrase),
) -> Result<HttpResponse, Failure> {
    match lead(shell, incoming, signed_in, (brought.purpose.clone(), wrong)).await? {
        Led::Away(response) => Ok(response),
        Led::Here(_, complaint) => ask(shell, incoming, brought, Some(complaint)).await,
    }
}

async fn ask(
    shell: &Shell,
    incoming: &Incoming,
    Brought { half, purpose }: Brought,
    complaint: Option<Complaint>,
) -> Result<HttpResponse, Failure> {
    let binding = Binding::of(shell, incoming);
    let source = Source { device: Some(binding.device()), ..Source::default() };
    let Some(question) = question(&shell.authority, &half, &source).await? else {
        return Ok(see_other(&purpose.page(shell, "/login", None)));
    };
    let passkey = question.passkey.map(PasskeyAsk::from);
    let nonce = passkey.as_ref().map(|_| nonce());
    let (status, error, wait) = told(complaint);
    let page = Factor {
        client_name: purpose.client_name(shell).await?,
        username: question.username,
        // Where nothing that works is left, the page still asks: it tells nobody what somebody else holds.
        code: question.offer.code || passkey.is_none(),
        app: question.app,
        codes: question.codes,
        passkey,
        nonce: nonce.clone(),
        ticket: half.seal(&shell.authority),
        request: purpose.request(shell),
        errand: purpose.errand(shell),
        error,
        csrf: binding.token(shell, None),
    };
    let allowed = Allowed { forms: purpose.forms(), nonce: nonce.as_deref(), ..Allowed::default() };
    let mut response = binding.show(shell, status, &page, allowed);
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

fn told(complaint: Option<Complaint>) -> (StatusCode, Option<Phrase>, Option<i64>) {
    match complaint {
        Some(Complaint { text, status, wait }) => (status, Some(text), wait),
        None => (StatusCode::OK, None, None),
    }
}

async fn ask_to_add(
    shell: &Shell,
    incoming: &Incoming,
    Brought { half, purpose }: Brought,
    (handle, complaint): (Option<&str>, Option<Complaint>),
) -> Result<HttpResponse, Failure> {
    let Some((user, level)) = to_add(&shell.authority, &half).await? else {
        return Ok(see_other(&purpose.page(shell, "/login", None)));
    };
    let binding = Binding::of(shell, incoming);
    let source = Source { device: Some(binding.device()), ..Source::default() };
    let offer = acr::is_at_least(acr::MFA, &level).then(|| match handle {
        Some(handle) => totp::again(&shell.authority, &user, handle),
        None => totp::offer(&shell.authority, &user),
    });
    let passkey = passkey::ask_for_new(&shell.authority, &user, &source).await?.map(PasskeyAsk::from);
    let nonce = passkey.as_ref().map(|_| nonce());
    let (status, error, _) = told(complaint);
    let page = Enrol {
        client_name: purpose.client_name(shell).await?,
        username: user.username,
        app: offer.map(picture::offered),
        passkey,
        nonce: nonce.clone(),
        ticket: half.seal(&shell.authority),
        request: purpose.request(shell),
        errand: purpose.errand(shell),
        error,
        csrf: binding.token(shell, None),
    };
    let allowed = Allowed { forms: purpose.forms(), nonce: nonce.as_deref(), ..Allowed::default() };
    Ok(binding.show(shell, status, &page, allowed))
}
