//! The session frame of old clients and the cookie that it reads (OpenID Connect Session Management 1.0 sections 3.2 and 3.3):
//! only where the operator lets it be, `session.frame`.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::answer::builder;
use super::cookie::Jar;
use super::page::Message;
use super::request::Incoming;
use super::shell::Shell;
use crate::base::secret::Secret;
use crate::domain::session::Session;
use crate::flows::Failure;
use crate::flows::session_state::browser_state;

const SCRIPT: &str = include_str!("../../templates/assets/session-frame.js");
const CROSS_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The state that a browser has after a request.
struct Seen(String);

/// Remembers whose session a request turned out to be in; [`follow`] tells the browser.
pub fn note(shell: &Shell, http: &HttpRequest, session: Option<&Session>) {
    if shell.authority.policy.session_frame {
        http.extensions_mut().insert(Seen(browser_state(&shell.authority, session)));
    }
}

/// Lets the cookie say what was noted. Requests that nobody noted anything of leave it alone: they came without the
/// session's cookie, and may be another site's.
pub fn follow(shell: &Shell, http: &HttpRequest, response: &mut HttpResponse) {
    let Some(Seen(state)) = http.extensions_mut().remove() else { return };
    match Jar::State.read(&shell.site, http) {
        Some(known) if known == state => {}
        None if state.is_empty() => {}
        _ if state.is_empty() => Jar::State.clear(&shell.site, response),
        _ => Jar::State.set_text(&shell.site, response, state),
    }
}

/// The page in the frame. It is the one page that every site may embed; there is nothing on it to see or to press.
pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    if !shell.authority.policy.session_frame {
        return Ok(shell.pages.message(&incoming.reader(shell), StatusCode::NOT_FOUND, &Message::nothing_here()));
    }
    let nonce = Secret::new(shell.authority.entropy.as_ref()).reveal();
    let cookie = Jar::State.name(shell.site.https);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; object-src 'none'; \
         frame-ancestors *"
    );
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Session state</title>\n\
         <script nonce=\"{nonce}\" data-cookie=\"{cookie}\">\n{SCRIPT}</script>\n</html>\n"
    );
    let response = builder(StatusCode::OK)
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((CROSS_ORIGIN, "cross-origin"))
        .content_type("text/html; charset=utf-8")
        .body(page);
    Ok(response)
}
