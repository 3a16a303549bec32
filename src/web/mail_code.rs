//! The pages for a sign-in by a code that is mailed: who it is for, then the code.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::answer::see_other;
use super::authorize::session;
use super::csrf::{Binding, verified};
use super::page::{Allowed, MailCode};
use super::purpose::{Complaint, Led, Purpose, lead, start_over};
use super::request::Incoming;
use super::shell::Shell;
use crate::domain::language::Phrase;
use crate::domain::lifetime::Stay;
use crate::flows::Failure;
use crate::flows::mail_code::{Awaited, Entered, ask, enter, is_offered};

const WRONG: Phrase = Phrase::of("mail-code-wrong");

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let purpose = Purpose::read(shell, &incoming.query()?)?;
    if !is_offered(&shell.authority) {
        return Ok(see_other(&purpose.page(shell, "/login", None)));
    }
    page(shell, incoming, purpose, (None, None)).await
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(params) = verified(shell, incoming, None).filter(|_| is_offered(&shell.authority)) else {
        return start_over(shell, &incoming.form()?);
    };
    let purpose = Purpose::read(shell, &params)?;
    let source = incoming.source(shell).clone();
    let Some(handle) = params.one("handle")? else {
        let awaited = ask(&shell.authority, params.first("username").unwrap_or_default(), source).await?;
        return page(shell, incoming, purpose, (Some(awaited), None)).await;
    };
    let Some(awaited) = Awaited::open(&shell.authority, handle, &source) else {
        return Ok(see_other(&purpose.page(shell, "/login/code", None)));
    };
    let (code, aim) = (params.typed("code"), purpose.aim(shell).await?);
    let entered = Entered { awaited: awaited.clone(), code, source, stay: Stay::Visit, aim };
    let signed_in = enter(&shell.authority, entered, session(shell, incoming).await?).await?;
    match lead(shell, incoming, signed_in, (purpose, WRONG)).await? {
        Led::Away(response) => Ok(response),
        Led::Here(purpose, complaint) => page(shell, incoming, *purpose, (Some(awaited), Some(complaint))).await,
    }
}

async fn page(
    shell: &Shell,
    incoming: &Incoming,
    purpose: Purpose,
    (awaited, complaint): (Option<Awaited>, Option<Complaint>),
) -> Result<HttpResponse, Failure> {
    let binding = Binding::of(shell, incoming);
    let (status, error, wait) = match complaint {
        Some(complaint) => (complaint.status, Some(complaint.text), complaint.wait),
        None => (StatusCode::OK, None, None),
    };
    let page = MailCode {
        client_name: purpose.client_name(shell).await?,
        handle: awaited.as_ref().map(|awaited| awaited.seal(&shell.authority)),
        request: purpose.request(shell),
        errand: purpose.errand(shell),
        error,
        csrf: binding.token(shell, None),
    };
    let mut response = binding.show(shell, status, &page, Allowed { forms: purpose.forms(), ..Allowed::default() });
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
