//! The stylesheet and the icon: the same for everybody, and nothing else.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use super::answer::plain;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::Failure;

const CSS: &str = include_str!("../../templates/assets/doorward.css");
const ICON: &str = include_str!("../../templates/assets/doorward.svg");

pub async fn show(_: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    Ok(match incoming.part("name") {
        "doorward.css" => asset("text/css; charset=utf-8", CSS),
        "doorward.svg" => asset("image/svg+xml", ICON),
        _ => plain(StatusCode::NOT_FOUND, "not found"),
    })
}

pub(super) fn asset(content_type: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .content_type(content_type)
        .body(body)
}
