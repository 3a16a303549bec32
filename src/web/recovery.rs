//! The pages for a forgotten password: asking for a link, and choosing a password where it leads.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::csrf::{Binding, verified};
use super::page::{Allowed, Done, Forgot, Reset};
use super::password::sentence;
use super::request::Incoming;
use super::shell::Shell;
use crate::base::secret::Typed;
use crate::domain::link::Errand;
use crate::domain::mail::is_address;
use crate::flows::Failure;
use crate::flows::link::{Opened, open};
use crate::flows::reset::{self, Reset as Outcome};
use crate::protocol::error::{Code, Refusal};

const NO_ADDRESS: &str = "Enter a whole mail address, such as alice@example.com.";
const GONE: &str = "It was used, replaced by a newer one, or is too old. Ask for another one.";

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    Ok(forgot(shell, incoming, StatusCode::OK, Forgot { ..blank(shell) }))
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(form) = verified(shell, incoming, None) else { return Err(foreign().into()) };
    let email = form.one("email")?.unwrap_or_default().trim().to_owned();
    if !is_address(&email) {
        let page = Forgot { email, error: Some(NO_ADDRESS.into()), ..blank(shell) };
        return Ok(forgot(shell, incoming, StatusCode::BAD_REQUEST, page));
    }
    reset::forget(&shell.authority, &email, incoming.source.clone()).await?;
    Ok(forgot(shell, incoming, StatusCode::OK, Forgot { email, sent: true, ..blank(shell) }))
}

fn blank(shell: &Shell) -> Forgot {
    let able = shell.authority.sends_mail();
    let elsewhere = shell.authority.directory.is_some();
    Forgot { able, elsewhere, sent: false, email: String::new(), error: None, csrf: String::new() }
}

fn forgot(shell: &Shell, incoming: &Incoming, status: StatusCode, page: Forgot) -> HttpResponse {
    let binding = Binding::of(shell, &incoming.http);
    let page = Forgot { csrf: binding.token(shell, None), ..page };
    binding.show(shell, status, &page, Allowed::default())
}

fn foreign() -> Refusal {
    Refusal::new(Code::AccessDenied, "this form was not sent from our own page; go back and try again")
}

/// A link that leads nowhere any more.
pub(super) fn gone(shell: &Shell, onwards: &str, label: &'static str) -> HttpResponse {
    let page =
        Done { headline: "This link is of no more use", text: GONE.into(), onwards: shell.site.path(onwards), label };
    shell.pages.show(&shell.site, StatusCode::GONE, &page, Allowed::default())
}

pub async fn choose(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let token = Typed::new(query.one("token")?.unwrap_or_default().to_owned());
    match open(&shell.authority, &token).await?.filter(|opened| opened.link.errand.sets_password()) {
        Some(opened) => Ok(form(shell, incoming, (&opened, &token), query.first("request"), None)),
        None => Ok(gone(shell, "/password/forgot", "Ask for another link")),
    }
}

pub async fn set(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(params) = verified(shell, incoming, None) else { return Err(foreign().into()) };
    let token = Typed::new(params.one("token")?.unwrap_or_default().to_owned());
    let request = params.one("request")?.map(str::to_owned);
    let expired = || Ok(gone(shell, "/password/forgot", "Ask for another link"));
    let Some(opened) = open(&shell.authority, &token).await? else { return expired() };
    let (new, shown) = (params.typed("new_password"), Opened { link: opened.link.clone(), user: opened.user.clone() });
    match reset::reset(&shell.authority, opened, new, &incoming.source).await? {
        Outcome::Done => Ok(finished(shell, request.as_deref())),
        Outcome::Weak(weak) => {
            let weak = Some(sentence(&weak.to_string()));
            Ok(form(shell, incoming, (&shown, &token), request.as_deref(), weak))
        }
        Outcome::Gone => expired(),
    }
}

fn finished(shell: &Shell, request: Option<&str>) -> HttpResponse {
    let onwards = match request {
        Some(request) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("request", request).finish();
            shell.site.path(&format!("/login?{query}"))
        }
        None => shell.site.path("/login"),
    };
    let page = Done {
        headline: "Your new password is set",
        text: "You were signed out everywhere. Sign in with the new password now.".into(),
        onwards,
        label: "Sign in",
    };
    shell.pages.show(&shell.site, StatusCode::OK, &page, Allowed::default())
}

fn form(
    shell: &Shell,
    incoming: &Incoming,
    (opened, token): (&Opened, &Typed),
    request: Option<&str>,
    weak: Option<String>,
) -> HttpResponse {
    let (headline, lead) = match opened.link.errand {
        Errand::Accept => ("Choose a password", "Then your account is ready."),
        Errand::Renew => ("Choose another password", "Your password must be changed before you go on."),
        _ => ("Set a new password", "You are signed out everywhere when it is set."),
    };
    let status = if weak.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let binding = Binding::of(shell, &incoming.http);
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
