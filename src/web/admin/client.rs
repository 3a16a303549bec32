//! `/api/v1/clients`.

use actix_web::HttpResponse;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{body, created, done, listing, precondition, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::client::{self, ClientView, SecretView};
use crate::protocol::admin::Page;
use crate::protocol::admin::client::{ClientPatch, NewClient};
use crate::web::admin::openapi::PAGING;
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const CREATE: Operation = Operation {
    id: "createClient",
    summary: "Registers a client; a secret it needs is shown once",
    query: &[],
    takes: Takes::Json(Shape::of::<NewClient>()),
    gives: Gives::Created(Shape::of::<ClientView>()),
    refuses: &[409],
};

pub async fn create(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let client = client::create(&shell.authority, body(incoming)?).await?;
    Ok(created(shell, &format!("/api/v1/clients/{}", client.client_id), &client, client.version))
}

pub const LIST: Operation = Operation {
    id: "listClients",
    summary: "Lists clients, by id",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<ClientView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    Ok(shown(&client::list(&shell.authority, &listing(incoming, &[])?).await?, None))
}

pub const SHOW: Operation = Operation {
    id: "getClient",
    summary: "Shows a client",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Tagged(Shape::of::<ClientView>()),
    refuses: &[404],
};

pub async fn show(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let client = client::show(&shell.authority, incoming.part("client_id")).await?;
    Ok(shown(&client, Some(client.version)))
}

pub const CHANGE: Operation = Operation {
    id: "updateClient",
    summary: "Changes members of a client; one that begins to need a secret is shown it once",
    query: &[],
    takes: Takes::Patch(Shape::of::<ClientPatch>()),
    gives: Gives::Tagged(Shape::of::<ClientView>()),
    refuses: &[404, 409, 412],
};

pub async fn change(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, patch) = (incoming.part("client_id"), body(incoming)?);
    let client = client::change(&shell.authority, id, patch, &precondition(incoming)).await?;
    Ok(shown(&client, Some(client.version)))
}

pub const DELETE: Operation = Operation {
    id: "deleteClient",
    summary: "Removes a client and ends everything it was allowed",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[412],
};

pub async fn delete(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    client::delete(&shell.authority, incoming.part("client_id"), &precondition(incoming)).await?;
    Ok(done())
}

pub const RENEW_SECRET: Operation = Operation {
    id: "createClientSecret",
    summary: "Makes a new secret, shown once; earlier ones work for a while longer",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Once(Shape::of::<SecretView>()),
    refuses: &[404, 409],
};

pub async fn renew_secret(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let secret = client::renew_secret(&shell.authority, incoming.part("client_id")).await?;
    Ok(super::tagged(actix_web::http::StatusCode::CREATED, &secret, None))
}
