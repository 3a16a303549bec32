//! The token and revocation endpoints (RFC 6749 section 3.2; RFC 7009).

use actix_web::HttpResponse;
use actix_web::http::header;

use super::answer::json;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::client_auth::authenticate;
use crate::flows::{Failure, revoke, token};
use crate::protocol::client_auth::Presented;
use crate::protocol::introspection::TokenQuery;
use crate::protocol::token::TokenRequest;

pub async fn token(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    let presented = Presented::parse(incoming.authorization()?, &form)?;
    let request = TokenRequest::parse(&form)?;
    let answer = token::answer(&shell.authority, presented, request, incoming.activity()).await?;
    let mut response = json(&answer)?;
    response.headers_mut().insert(header::PRAGMA, header::HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// The empty answer carries no `Content-Type`: a much-used browser library would try to read it.
pub async fn revoke(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    let presented = Presented::parse(incoming.authorization()?, &form)?;
    let query = TokenQuery::parse(&form)?;
    let client = authenticate(&shell.authority, presented, shell.authority.now()).await?;
    revoke::revoke(&shell.authority, &client, &query.token).await?;
    Ok(super::answer::builder(actix_web::http::StatusCode::OK).finish())
}
