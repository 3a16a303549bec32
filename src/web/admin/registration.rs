//! `/api/v1/registration-tokens`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{body_if_any, done, listing, shown, tagged};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::registration::{self, TokenView, id};
use crate::protocol::admin::Page;
use crate::protocol::admin::registration::NewToken;
use crate::web::admin::openapi::PAGING;
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const CREATE: Operation = Operation {
    id: "createRegistrationToken",
    summary: "Makes an initial access token, shown once: whoever holds it may register clients",
    query: &[],
    takes: Takes::Perhaps(Shape::of::<NewToken>()),
    gives: Gives::Once(Shape::of::<TokenView>()),
    refuses: &[],
};

pub async fn create(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let token = registration::create(&shell.authority, body_if_any(incoming)?).await?;
    Ok(tagged(StatusCode::CREATED, &token, None))
}

pub const LIST: Operation = Operation {
    id: "listRegistrationTokens",
    summary: "Lists initial access tokens, oldest first; used up ones until they expire",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<TokenView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    Ok(shown(&registration::list(&shell.authority, &listing(incoming, &[])?).await?, None))
}

pub const DELETE: Operation = Operation {
    id: "deleteRegistrationToken",
    summary: "Removes an initial access token; clients that registered by it stay",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[],
};

pub async fn delete(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    registration::delete(&shell.authority, id(incoming.part("id"))?).await?;
    Ok(done())
}
