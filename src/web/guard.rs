//! What is refused before any handler sees it: names that are not ours, targets that contradict them, TRACE.

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

use super::answer::plain;
use super::error::problem;
use super::language;
use super::page::{Message, Reader};
use super::shell::Shell;
use super::{Host, Route, admin, request};
use crate::protocol::admin::Problem;
use crate::protocol::redirect::is_loopback;

/// The refusal of a request that was meant for another host, or came unprotected.
pub fn turn_away(route: &Route, shell: &Shell, http: &HttpRequest) -> Option<HttpResponse> {
    let host = request::text(http.headers(), header::HOST).unwrap_or_default();
    let target = http.uri().authority().map(actix_web::http::uri::Authority::as_str);
    if target.is_some_and(|target| target != host) {
        return Some(misdirected());
    }
    if route.host == Host::Any {
        return None;
    }
    if !is_ours(shell, host) {
        return Some(misdirected());
    }
    if http.peer_addr().is_some_and(|peer| !shell.site.is_secured(peer.ip())) {
        return Some(plain(StatusCode::FORBIDDEN, "plain http is for the configured proxies alone"));
    }
    None
}

fn misdirected() -> HttpResponse {
    plain(StatusCode::MISDIRECTED_REQUEST, "this server does not answer for that host")
}

/// The issuer's own name; on a developer's machine every name of that machine.
fn is_ours(shell: &Shell, host: &str) -> bool {
    if host.eq_ignore_ascii_case(&shell.site.authority) {
        return true;
    }
    let strange = host.contains(['@', '/', '?', '#', '\\']);
    shell.site.development && !strange && Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url))
}

/// There is nothing at this path, and nothing of it is said back.
pub async fn nowhere(shell: Data<Shell>, http: HttpRequest) -> HttpResponse {
    if http.method() == Method::TRACE || http.method() == Method::CONNECT {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    }
    if http.path().strip_prefix(&shell.site.base).is_some_and(|path| path.starts_with(admin::BASE)) {
        return problem(&Problem::new(404, "there is nothing at this address"));
    }
    let wants_page = request::text(http.headers(), header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        let reader = Reader { site: &shell.site, language: language::by_header(&shell, http.headers()) };
        return shell.pages.message(&reader, StatusCode::NOT_FOUND, &Message::nothing_here());
    }
    plain(StatusCode::NOT_FOUND, "not found")
}
