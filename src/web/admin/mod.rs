//! The admin API under `/api/v1`: what every call goes through, and how its answers look. One file per noun; each call is
//! described beside the function that answers it, and `openapi` writes the document from those descriptions.

pub mod authenticator;
pub mod client;
pub mod delivery;
pub mod failure;
pub mod key;
pub mod mail;
pub mod openapi;
pub mod operation;
pub mod provider;
pub mod registration;
pub mod revocation;
pub mod session;
pub mod user;
pub mod webhook;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use self::operation::Takes;
use super::answer::builder;
use super::error::problem;
use super::inspect::NO_TOKEN;
use super::request::Incoming;
use super::shell::Shell;
use super::{Callers, Route};
use crate::flows::Failure;
use crate::flows::admin::{self, AdminOutcome, AdminRefusal, Need};
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::precondition::{Precondition, entity_tag};
use crate::protocol::admin::{FieldError, Problem};
use crate::protocol::error::{Code, Refusal};

/// The path below which every answer is JSON, errors included.
pub const BASE: &str = "/api/v1/";

/// Admits the caller and the kind of body, before anything else is looked at.
pub async fn admit(route: &Route, shell: &Shell, incoming: &Incoming) -> Result<Option<HttpResponse>, Failure> {
    if route.callers != Callers::Admin {
        return Ok(None);
    }
    incoming.authorization()?;
    let token = incoming.bearer().ok_or(NO_TOKEN)?;
    let need = if route.method == Method::GET { Need::Look } else { Need::Change };
    admin::admit(&shell.authority, token, need, incoming.activity()).await?;
    let takes = route.operation.map_or(&Takes::Nothing, |operation| &operation.takes);
    let named = incoming.header(header::CONTENT_TYPE);
    if takes.admits(named, incoming.body.is_empty()) {
        return Ok(None);
    }
    let detail = format!("the body must be {}", takes.content_types().join(" or "));
    Ok(Some(problem(&Problem::new(415, detail))))
}

/// Makes the answer of a handler one that the table can take: problems are answers, only failures are failures.
pub fn settle(outcome: AdminOutcome<HttpResponse>) -> Result<HttpResponse, Failure> {
    match outcome {
        Ok(response) => Ok(response),
        Err(AdminRefusal::Failure(failure)) => Err(failure),
        Err(refusal) => match refusal.problem() {
            Some(document) => Ok(problem(&document)),
            None => Err(Refusal::new(Code::ServerError, "the server could not do this").into()),
        },
    }
}

fn body(incoming: &Incoming) -> AdminOutcome<Map<String, Value>> {
    admin::body(&incoming.body)
}

/// A body that may be left out.
fn body_if_any(incoming: &Incoming) -> AdminOutcome<Map<String, Value>> {
    if incoming.body.is_empty() { Ok(Map::new()) } else { body(incoming) }
}

/// A parameter without a value is refused, not passed over: a filter that was left empty would show everything.
fn listing(incoming: &Incoming, filters: &[&str]) -> AdminOutcome<Listing> {
    let pieces = incoming.http.query_string().split('&').filter(|piece| !piece.is_empty());
    let mut halves = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")));
    if let Some((name, _)) = halves.find(|(_, value)| value.is_empty()) {
        return Err(FieldError::new(name, "is empty").into());
    }
    Ok(Listing::read(&incoming.query()?, filters)?)
}

fn precondition(incoming: &Incoming) -> Precondition {
    let named = incoming.http.headers().get(header::IF_MATCH);
    Precondition::read(named.map(|value| value.to_str().unwrap_or_default()))
}

/// 200 with the resource and, where it has one, the tag of its version.
fn shown(resource: &impl Serialize, version: Option<i64>) -> HttpResponse {
    tagged(StatusCode::OK, resource, version)
}

/// 201 with the resource, and where it is from now on.
fn created(shell: &Shell, path: &str, resource: &impl Serialize, version: i64) -> HttpResponse {
    let mut response = tagged(StatusCode::CREATED, resource, Some(version));
    if let Ok(location) = HeaderValue::from_str(&shell.site.path(path)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn tagged(status: StatusCode, resource: &impl Serialize, version: Option<i64>) -> HttpResponse {
    let mut response = builder(status);
    if let Some(version) = version {
        response.insert_header((header::ETAG, entity_tag(version)));
    }
    response.json(resource)
}

fn done() -> HttpResponse {
    builder(StatusCode::NO_CONTENT).finish()
}
