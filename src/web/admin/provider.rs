//! `/api/v1/providers`.

use actix_web::HttpResponse;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{body, created, done, listing, precondition, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::provider::{self, ProviderView};
use crate::protocol::admin::Page;
use crate::protocol::admin::provider::{NewProvider, ProviderPatch};
use crate::web::admin::openapi::PAGING;
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const CREATE: Operation = Operation {
    id: "createProvider",
    summary: "Lets people sign in through another provider; its redirect URI there is in the answer",
    query: &[],
    takes: Takes::Json(Shape::of::<NewProvider>()),
    gives: Gives::Created(Shape::of::<ProviderView>()),
    refuses: &[409],
};

pub async fn create(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let provider = provider::create(&shell.authority, body(incoming)?).await?;
    Ok(created(shell, &format!("/api/v1/providers/{}", provider.id), &provider, provider.version))
}

pub const LIST: Operation = Operation {
    id: "listProviders",
    summary: "Lists providers, by id",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<ProviderView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    Ok(shown(&provider::list(&shell.authority, &listing(incoming, &[])?).await?, None))
}

pub const SHOW: Operation = Operation {
    id: "getProvider",
    summary: "Shows a provider, without its secret",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Tagged(Shape::of::<ProviderView>()),
    refuses: &[404],
};

pub async fn show(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let provider = provider::show(&shell.authority, incoming.part("provider")).await?;
    Ok(shown(&provider, Some(provider.version)))
}

pub const CHANGE: Operation = Operation {
    id: "updateProvider",
    summary: "Changes members of a provider; switched off, or with another issuer, it ends the sessions that came from it",
    query: &[],
    takes: Takes::Patch(Shape::of::<ProviderPatch>()),
    gives: Gives::Tagged(Shape::of::<ProviderView>()),
    refuses: &[404, 409, 412],
};

pub async fn change(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, patch) = (incoming.part("provider"), body(incoming)?);
    let provider = provider::change(&shell.authority, id, patch, &precondition(incoming)).await?;
    Ok(shown(&provider, Some(provider.version)))
}

pub const DELETE: Operation = Operation {
    id: "deleteProvider",
    summary: "Removes a provider and ends the sessions that came from it; who people are there is remembered",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404, 412],
};

pub async fn delete(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    provider::delete(&shell.authority, incoming.part("provider"), &precondition(incoming)).await?;
    Ok(done())
}
