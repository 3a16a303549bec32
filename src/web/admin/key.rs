//! `/api/v1/keys`.

use actix_web::HttpResponse;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{body_if_any, listing, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::key::{self, KeyView, Rotation};
use crate::protocol::admin::Page;
use crate::web::admin::openapi::PAGING;
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const LIST: Operation = Operation {
    id: "listKeys",
    summary: "Lists every signing key that is published",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<KeyView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    Ok(shown(&key::list(&shell.authority, &listing(incoming, &[])?).await?, None))
}

pub const ROTATE: Operation = Operation {
    id: "rotateKeys",
    summary: "Lets the next keys sign from now on; the old ones stay published",
    query: &[],
    takes: Takes::Perhaps(Shape::of::<Rotation>()),
    gives: Gives::Ok(Shape::of::<Page<KeyView>>()),
    refuses: &[],
};

pub async fn rotate(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let rotation = Rotation::read(body_if_any(incoming)?)?;
    Ok(shown(&key::rotate(&shell.authority, &rotation).await?, None))
}
