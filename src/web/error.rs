//! How a failure looks from outside: its public half, dressed for the kind of endpoint. The private half goes to the log.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::Dress;
use super::answer::{builder, plain};
use super::inspect::NO_TOKEN;
use super::language;
use super::page::{ErrorPage, Reader};
use super::request::{Incoming, Unread};
use super::shell::Shell;
use crate::base::entropy::draw;
use crate::base::secret::base64url;
use crate::flows::Failure;
use crate::protocol::admin::Problem;
use crate::protocol::error::{Code, Refusal, invalid_request};

/// RFC 6749 section 5.2.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// A text that stands in the log and on the page, so that one can be found by the other.
fn reference(shell: &Shell) -> String {
    base64url(&draw::<9>(shell.authority.entropy.as_ref()))
}

/// What everybody is told of a fault.
fn server_error() -> Refusal {
    Refusal::new(Code::ServerError, "the server could not do this; try again later").told("refused-fault")
}

/// RFC 9470 section 3.
const INSUFFICIENT: Refusal =
    Refusal::new(Code::InsufficientUserAuthentication, "a sign-in of another level, or a more recent one, is demanded");

/// Dresses a failure and writes down its private half.
pub fn dress(dress: Dress, shell: &Shell, incoming: &Incoming, failure: &Failure) -> HttpResponse {
    match failure {
        Failure::Refused(refusal) => {
            tracing::debug!(code = %refusal.code, reason = %refusal.reason, path = incoming.http.path(), "refused");
            refused(dress, shell, incoming, refusal, None)
        }
        Failure::Busy { retry_after } => later(dress, shell, incoming, StatusCode::SERVICE_UNAVAILABLE, *retry_after),
        Failure::TooMany { retry_after } => later(dress, shell, incoming, StatusCode::TOO_MANY_REQUESTS, *retry_after),
        Failure::StepUp(demand) => {
            tracing::debug!(?demand, path = incoming.http.path(), "a step-up is demanded");
            let mut response = refused(dress, shell, incoming, &INSUFFICIENT, None);
            let challenge = format!("{}{}", challenge(shell, &INSUFFICIENT), demand.challenge());
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
        Failure::Fault(_) | Failure::Signing(_) => {
            let reference = reference(shell);
            tracing::error!(%failure, reference, path = incoming.http.path(), "a request failed");
            refused(dress, shell, incoming, &server_error(), Some(reference))
        }
    }
}

/// Not now, but in some seconds.
fn later(dress: Dress, shell: &Shell, incoming: &Incoming, status: StatusCode, seconds: u32) -> HttpResponse {
    let busy = Refusal::new(Code::TemporarilyUnavailable, "too much is going on; try again in a moment");
    let mut response = refused(dress, shell, incoming, &busy.told("refused-busy"), None);
    *response.status_mut() = status;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn refused(
    dress: Dress,
    shell: &Shell,
    incoming: &Incoming,
    refusal: &Refusal,
    reference: Option<String>,
) -> HttpResponse {
    match dress {
        Dress::Json => json_refusal(incoming, refusal),
        Dress::Bearer => bearer_refusal(shell, refusal),
        Dress::Problem => problem_refusal(shell, refusal),
        Dress::Page => {
            let page = ErrorPage::of(refusal, reference);
            shell.pages.error(&incoming.reader(shell), page_status(refusal.code), &page)
        }
    }
}

fn json_refusal(incoming: &Incoming, refusal: &Refusal) -> HttpResponse {
    let mut response = builder(status(refusal.code));
    // Only who came with the header is challenged: a browser would open its own dialog otherwise.
    if refusal.code == Code::InvalidClient && incoming.header(header::AUTHORIZATION).is_some() {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"doorward\", charset=\"UTF-8\""));
    }
    response.json(Body { error: refusal.code.as_str(), error_description: &refusal.description })
}

/// RFC 6750 section 3: without any token nothing is said but how to bring one.
fn bearer_refusal(shell: &Shell, refusal: &Refusal) -> HttpResponse {
    let mut response = builder(status(refusal.code));
    // Only the codes of RFC 6750 section 3.1 are about the token.
    let challenged = matches!(
        refusal.code,
        Code::InvalidRequest | Code::InvalidToken | Code::InsufficientScope | Code::InsufficientUserAuthentication
    );
    if !challenged {
        return response.json(Body { error: refusal.code.as_str(), error_description: &refusal.description });
    }
    response.insert_header((header::WWW_AUTHENTICATE, challenge(shell, refusal)));
    response.json(Body { error: refusal.code.as_str(), error_description: &refusal.description })
}

fn challenge(shell: &Shell, refusal: &Refusal) -> String {
    let realm = &shell.site.issuer;
    if *refusal == NO_TOKEN {
        return format!("Bearer realm=\"{realm}\"");
    }
    let (error, description) = (refusal.code.as_str(), &refusal.description);
    format!("Bearer realm=\"{realm}\", error=\"{error}\", error_description=\"{description}\"")
}

/// A refusal as a problem, with the challenge that belongs to it (RFC 6750 section 3).
fn problem_refusal(shell: &Shell, refusal: &Refusal) -> HttpResponse {
    let mut response = problem(&Problem::new(status(refusal.code).as_u16(), refusal.description.clone()));
    if matches!(refusal.code, Code::InvalidToken | Code::InsufficientScope)
        && let Ok(challenge) = HeaderValue::from_str(&challenge(shell, refusal))
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// RFC 9457.
pub fn problem(document: &Problem) -> HttpResponse {
    let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = builder(status).json(document);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// A method that a path does not have.
pub fn wrong_method(dress: Dress, allow: &str) -> HttpResponse {
    let mut response = match dress {
        Dress::Problem => problem(&Problem::new(405, "the resource does not have this method")),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
    };
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// The status that belongs to a code.
pub fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidClient | Code::InvalidToken | Code::InsufficientUserAuthentication => StatusCode::UNAUTHORIZED,
        Code::InsufficientScope => StatusCode::FORBIDDEN,
        Code::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn page_status(code: Code) -> StatusCode {
    match code {
        Code::AccessDenied => StatusCode::FORBIDDEN,
        other => status(other),
    }
}

/// A body that was not read to its end.
pub fn too_large(dress: Dress, shell: &Shell, http: &HttpRequest, unread: Unread) -> HttpResponse {
    let (status, refusal) = match unread {
        Unread::TooLarge => {
            let refusal = invalid_request("the body is larger than 64 KiB").told("refused-too-large");
            (StatusCode::PAYLOAD_TOO_LARGE, refusal)
        }
        Unread::Slow => (StatusCode::REQUEST_TIMEOUT, invalid_request("the body took too long").told("refused-slow")),
        Unread::Broken => (StatusCode::BAD_REQUEST, invalid_request("the body broke off")),
    };
    match dress {
        Dress::Json => {
            builder(status).json(Body { error: refusal.code.as_str(), error_description: &refusal.description })
        }
        Dress::Problem => problem(&Problem::new(status.as_u16(), refusal.description)),
        Dress::Page => {
            let reader = Reader { site: &shell.site, language: language::by_header(shell, http.headers()) };
            shell.pages.error(&reader, status, &ErrorPage::of(&refusal, None))
        }
        Dress::Bearer => plain(status, "the body is too large, took too long or broke off"),
    }
}
