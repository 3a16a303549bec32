//! `/api/v1/users/{id}/authenticators`.

use actix_web::HttpResponse;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{done, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::authenticator::{self, AuthenticatorView};
use crate::flows::admin::user;
use crate::protocol::admin::Page;
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const LIST: Operation = Operation {
    id: "listUserAuthenticators",
    summary: "Lists what a person proves themselves with beside the password: all on one page, oldest first",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<AuthenticatorView>>()),
    refuses: &[404],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let id = user::id(incoming.part("id"))?;
    Ok(shown(&authenticator::list(&shell.authority, id).await?, None))
}

pub const REMOVE: Operation = Operation {
    id: "deleteUserAuthenticator",
    summary: "Removes an authenticator of a person and ends every session that came from it",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404],
};

pub async fn remove(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let id = user::id(incoming.part("id"))?;
    let authenticator = authenticator::id(incoming.part("authenticator_id"))?;
    authenticator::remove(&shell.authority, id, authenticator).await?;
    Ok(done())
}
