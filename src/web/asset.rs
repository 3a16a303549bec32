//! The stylesheet and the icon: the same for everybody, and nothing else.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;

use super::answer::plain;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::Failure;

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let found = shell.pages.asset(incoming.part("name"));
    Ok(found.map_or_else(
        || plain(StatusCode::NOT_FOUND, "not found"),
        |asset| file(asset.content_type, asset.body.clone()),
    ))
}

/// A file that may be kept for an hour.
pub(super) fn file(content_type: &'static str, body: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .content_type(content_type)
        .body(body)
}
