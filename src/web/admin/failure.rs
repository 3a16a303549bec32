//! `/api/v1/users/{id}/failures`.

use actix_web::HttpResponse;

use super::done;
use super::operation::{Gives, Operation, Takes};
use crate::flows::admin::{AdminOutcome, failure, user};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const FORGET: Operation = Operation {
    id: "forgetUserFailures",
    summary: "Forgets the failed attempts with what a person signs in with, so that nobody has to wait",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404],
};

pub async fn forget(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    failure::forget(&shell.authority, user::id(incoming.part("id"))?).await?;
    Ok(done())
}
