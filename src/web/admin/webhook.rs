//! `/api/v1/webhooks`.

use actix_web::HttpResponse;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{body, created, done, listing, precondition, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::webhook::{self, WebhookView, id};
use crate::protocol::admin::Page;
use crate::protocol::admin::webhook::{NewWebhook, WebhookPatch};
use crate::web::admin::openapi::PAGING;
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const CREATE: Operation = Operation {
    id: "createWebhook",
    summary: "Makes an address hear of every end; its secret is shown once",
    query: &[],
    takes: Takes::Json(Shape::of::<NewWebhook>()),
    gives: Gives::Created(Shape::of::<WebhookView>()),
    refuses: &[],
};

pub async fn create(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let webhook = webhook::create(&shell.authority, body(incoming)?).await?;
    Ok(created(shell, &format!("/api/v1/webhooks/{}", webhook.id), &webhook, webhook.version))
}

pub const LIST: Operation = Operation {
    id: "listWebhooks",
    summary: "Lists webhooks, oldest first",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<WebhookView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    Ok(shown(&webhook::list(&shell.authority, &listing(incoming, &[])?).await?, None))
}

pub const SHOW: Operation = Operation {
    id: "getWebhook",
    summary: "Shows a webhook",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Tagged(Shape::of::<WebhookView>()),
    refuses: &[404],
};

pub async fn show(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let webhook = webhook::show(&shell.authority, id(incoming.part("id"))?).await?;
    Ok(shown(&webhook, Some(webhook.version)))
}

pub const CHANGE: Operation = Operation {
    id: "updateWebhook",
    summary: "Changes members of a webhook; its secret stays",
    query: &[],
    takes: Takes::Patch(Shape::of::<WebhookPatch>()),
    gives: Gives::Tagged(Shape::of::<WebhookView>()),
    refuses: &[404, 409, 412],
};

pub async fn change(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, patch) = (id(incoming.part("id"))?, body(incoming)?);
    let webhook = webhook::change(&shell.authority, id, patch, &precondition(incoming)).await?;
    Ok(shown(&webhook, Some(webhook.version)))
}

pub const DELETE: Operation = Operation {
    id: "deleteWebhook",
    summary: "Removes a webhook; what waits for it is given up",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404, 412],
};

pub async fn delete(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    webhook::delete(&shell.authority, id(incoming.part("id"))?, &precondition(incoming)).await?;
    Ok(done())
}
