//! Dynamic client registration and its management (RFC 7591; RFC 7592).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use serde_json::{Map, Value};

use super::answer::{builder, json, plain};
use super::inspect::NO_TOKEN;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::Failure;
use crate::flows::registration::{self, Applicant};
use crate::protocol::error::{Refusal, invalid_request};

/// Where registration is closed there is nothing at this address.
pub async fn register(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    if !registration::is_open(&shell.authority) {
        return Ok(plain(StatusCode::NOT_FOUND, "not found"));
    }
    incoming.authorization()?;
    let applicant = Applicant { token: incoming.bearer(), source: incoming.source(shell).address.as_deref() };
    let registered = registration::register(&shell.authority, applicant, || members(incoming)).await?;
    Ok(builder(StatusCode::CREATED).json(registered))
}

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    json(&registration::show(&shell.authority, incoming.part("client_id"), token(incoming)?).await?)
}

pub async fn replace(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (client_id, token) = (incoming.part("client_id"), token(incoming)?);
    json(&registration::replace(&shell.authority, client_id, token, || members(incoming)).await?)
}

pub async fn remove(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    registration::remove(&shell.authority, incoming.part("client_id"), token(incoming)?).await?;
    Ok(builder(StatusCode::NO_CONTENT).finish())
}

/// The registration access token (RFC 6750 section 2.1).
fn token(incoming: &Incoming) -> Result<&str, Refusal> {
    incoming.authorization()?;
    incoming.bearer().ok_or(NO_TOKEN)
}

fn members(incoming: &Incoming) -> Result<Map<String, Value>, Refusal> {
    let named = incoming.header(header::CONTENT_TYPE).and_then(|value| value.split(';').next());
    if !named.is_some_and(|named| named.trim().eq_ignore_ascii_case("application/json")) {
        return Err(invalid_request("the body must be application/json"));
    }
    registration::body(&incoming.body)
}
