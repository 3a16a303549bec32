//! Introspection and userinfo (RFC 7662; OpenID Connect Core 1.0 section 5.3).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::{builder, json};
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::client_auth::authenticate_confidential;
use crate::flows::inspect::Userinfo;
use crate::flows::{Failure, inspect};
use crate::protocol::client_auth::Presented;
use crate::protocol::error::{Code, Refusal, invalid_request};
use crate::protocol::introspection::TokenQuery;

pub async fn introspect(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    let presented = Presented::parse(incoming.authorization()?, &form)?;
    let query = TokenQuery::parse(&form)?;
    let caller = authenticate_confidential(&shell.authority, presented, shell.authority.now()).await?;
    json(&inspect::introspect(&shell.authority, &caller, &query.token, incoming.activity()).await?)
}

pub async fn userinfo(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let token = bearer(incoming)?;
    match inspect::userinfo(&shell.authority, &token, incoming.activity()).await? {
        Userinfo::Json(told) => json(&told),
        Userinfo::Jwt(token) => Ok(builder(StatusCode::OK).content_type("application/jwt").body(token)),
    }
}

/// Nobody brought a token: nothing is said but how to bring one (RFC 6750 section 3.1).
pub const NO_TOKEN: Refusal = Refusal::new(Code::InvalidToken, "no access token");

/// The token, from the header or a form (RFC 6750 sections 2.1 and 2.2); never from the address.
pub fn bearer(incoming: &Incoming) -> Result<String, Refusal> {
    let in_form = match incoming.form() {
        Ok(form) => form.one("access_token")?.map(str::to_owned),
        Err(_) => None,
    };
    // Several headers are several tokens.
    incoming.authorization()?;
    match (incoming.authorization()?.map(|_| incoming.bearer()), in_form) {
        (Some(_), Some(_)) => Err(invalid_request("two access tokens in one request")),
        (Some(Some(token)), None) => Ok(token.to_owned()),
        (Some(None), None) => Err(Refusal::new(Code::InvalidToken, "Authorization brings no bearer token")),
        (None, Some(token)) => Ok(token),
        (None, None) => Err(NO_TOKEN),
    }
}
