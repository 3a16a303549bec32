//! The pages for a forgotten password: asking for a link, and choosing a password where it leads.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::csrf::{Binding, foreign, verified};
use super::page::{Allowed, Done, Forgot, Reset};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::base::secret::Typed;
use crate::domain::language::Phrase;
use crate::domain::link::Errand;
use crate::domain::mail::is_address;
use crate::flows::Failure;
use crate::flows::link::{Opened, open};
use crate::flows::reset::{self, Reset as Outcome};

/// Where a link that leads nowhere leads instead.
const AGAIN: (&str, Phrase) = ("/password/forgot", Phrase::of("link-another"));

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    Ok(forgot(shell, incoming, StatusCode::OK, Forgot { ..blank(shell) }))
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(form) = verified(shell, incoming, None) else { return Err(foreign().into()) };
    let email = form.one("email")?.unwrap_or_default().trim().to_owned();
    if !is_address(&email) {
        let page = Forgot { email, error: Some(Phrase::of("email-no-address")), ..blank(shell) };
        return Ok(forgot(shell, incoming, StatusCode::BAD_REQUEST, page));
    }
    reset::forget(&shell.authority, &email, incoming.source(shell).clone()).await?;
    Ok(forgot(shell, incoming, StatusCode::OK, Forgot { email, sent: true, ..blank(shell) }))
}

fn blank(shell: &Shell) -> Forgot {
    let able = shell.authority.sends_mail();
    let elsewhere = shell.authority.directory.is_some();
    Forgot { able, elsewhere, sent: false, email: String::new(), error: None, csrf: String::new() }
}

fn forgot(shell: &Shell, incoming: &Incoming, status: StatusCode, page: Forgot) -> HttpResponse {
    let binding = Binding::of(shell, incoming);
    let page = Forgot { csrf: binding.token(shell, None), ..page };
    binding.show(shell, status, &page, Allowed::default())
}

/// A link that leads nowhere any more.
pub(super) fn gone(shell: &Shell, incoming: &Incoming, (onwards, label): (&str, Phrase)) -> HttpResponse {
    let (headline, text) = (Phrase::of("link-gone"), Phrase::of("link-gone-lead"));
    let page = Done { headline, text, onwards: shell.site.path(onwards), label };
    shell.pages.show(&incoming.reader(shell), StatusCode::GONE, &page, Allowed::default())
}

pub async fn choose(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let token = Typed::new(query.one("token")?.unwrap_or_default().to_owned());
    match open(&shell.authority, &token).await?.filter(|opened| opened.link.errand.sets_password()) {
        Some(opened) => Ok(form(shell, incoming, (&opened, &token), query.first("request"), None)),
        None => Ok(gone(shell, incoming, AGAIN)),
    }
}

pub async fn set(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(params) = verified(shell, incoming, None) else { return Err(foreign().into()) };
    let token = Typed::new(params.one("token")?.unwrap_or_default().to_owned());
    let request = params.one("request")?.map(str::to_owned);
    let expired = || Ok(gone(shell, incoming, AGAIN));
    let Some(opened) = open(&shell.authority, &token).await? else { return expired() };
    let (new, shown) = (params.typed("new_password"), Opened { link: opened.link.clone(), user: opened.user.clone() });
    match reset::reset(&shell.authority, opened, new, incoming.source(shell)).await? {
        Outcome::Done => Ok(finished(shell, incoming, request.as_deref())),
        Outcome::Weak(weak) => {
            let weak = Some(words::weak(weak));
            Ok(form(shell, incoming, (&shown, &token), request.as_deref(), weak))
        }
        Outcome::Gone => expired(),
    }
}

fn finished(shell: &Shell, incoming: &Incoming, request: Option<&str>) -> HttpResponse {
    let onwards = match request {
        Some(request) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("request", request).finish();
            shell.site.path(&format!("/login?{query}"))
        }
        None => shell.site.path("/login"),
    };
    let page = Done {
        headline: Phrase::of("reset-done"),
        text: Phrase::of("reset-done-lead"),
        onwards,
        label: Phrase::of("sign-in"),
    };
    shell.pages.show(&incoming.reader(shell), StatusCode::OK, &page, Allowed::default())
}

fn form(
    shell: &Shell,
    incoming: &Incoming,
    (opened, token): (&Opened, &Typed),
    request: Option<&str>,
    weak: Option<Phrase>,
) -> HttpResponse {
    let (headline, lead) = match opened.link.errand {
        Errand::Accept => (Phrase::of("password-choose"), Phrase::of("reset-accept-lead")),
        Errand::Renew => (Phrase::of("reset-renew"), Phrase::of("reset-renew-lead")),
        _ => (Phrase::of("reset-title"), Phrase::of("reset-lead")),
    };
    let status = if weak.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let binding = Binding::of(shell, incoming);
    let page = Reset {
        headline,
        lead,
        username: opened.user.username.clone(),
        token: token.expose().to_owned(),
        request: request.map(str::to_owned),
        weak,
        csrf: binding.token(shell, None),
    };
    binding.show(shell, status, &page, Allowed::default())
}
