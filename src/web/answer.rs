//! Answers.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::flows::Failure;
use crate::flows::authorize::Answer;
use crate::protocol::response::ResponseMode;

use super::page::FormPost;
use super::request::Incoming;
use super::shell::Shell;

/// JSON that nobody may keep.
pub fn json(body: &impl Serialize) -> Result<HttpResponse, Failure> {
    Ok(builder(StatusCode::OK).json(body))
}

/// An answer that nobody may keep.
pub fn builder(status: StatusCode) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder.insert_header((header::CACHE_CONTROL, "no-store"));
    builder
}

/// One line of text.
pub fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    builder(status).content_type("text/plain; charset=utf-8").body(format!("{text}\n"))
}

/// See other (RFC 9110 section 15.4.4): never 307, which would send a form on (RFC 9700 section 4.12).
pub fn see_other(to: &str) -> HttpResponse {
    builder(StatusCode::SEE_OTHER).insert_header((header::LOCATION, to)).finish()
}

/// An answer to a client, by the browser: in the address, or as a form that sends itself.
pub fn to_client(shell: &Shell, incoming: &Incoming, answer: &Answer) -> HttpResponse {
    let fields: Vec<(&str, &str)> = answer.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match answer.mode {
        ResponseMode::Query => see_other(&answer.address.with_query(&fields)),
        ResponseMode::Fragment => see_other(&answer.address.with_fragment(&fields)),
        ResponseMode::FormPost => shell.pages.form_post(&incoming.reader(shell), &FormPost::of(answer)),
    }
}
