//! `/api/v1/deliveries`.

use actix_web::HttpResponse;
use schemars::SchemaGenerator;

use super::operation::{Gives, Operation, Parameter, Shape, Takes, uuid};
use super::{done, listing, shown};
use crate::domain::delivery::DeliveryState;
use crate::flows::admin::delivery::{self, DeliveryView, FILTERS, id};
use crate::flows::admin::{AdminOutcome, session};
use crate::protocol::admin::Page;
use crate::web::admin::openapi::{CURSOR, LIMIT, PAGING};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const LIST: Operation = Operation {
    id: "listDeliveries",
    summary: "Lists who was told what ended and who was not, newest first",
    query: &[
        LIMIT,
        CURSOR,
        Parameter {
            name: FILTERS[0],
            says: "Only those in this state",
            schema: SchemaGenerator::subschema_for::<DeliveryState>,
        },
        Parameter {
            name: FILTERS[1],
            says: "Only logout tokens for this client",
            schema: SchemaGenerator::subschema_for::<String>,
        },
        Parameter { name: FILTERS[2], says: "Only messages for this webhook", schema: uuid },
    ],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<DeliveryView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let listing = listing(incoming, &FILTERS)?;
    let filter = delivery::filter(&incoming.query()?)?;
    Ok(shown(&delivery::list(&shell.authority, &listing, filter).await?, None))
}

pub const LIST_OF_SESSION: Operation = Operation {
    id: "listSessionDeliveries",
    summary: "Lists who was told of the end of a session and who was not, newest first",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<DeliveryView>>()),
    refuses: &[404],
};

pub async fn list_of_session(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let listing = listing(incoming, &[])?;
    let session = session::id(incoming.part("sid"))?;
    Ok(shown(&delivery::list_of_session(&shell.authority, session, &listing).await?, None))
}

pub const RETRY: Operation = Operation {
    id: "retryDelivery",
    summary: "Tries a delivery again that was given up, or waits",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404, 409],
};

pub async fn retry(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    delivery::retry(&shell.authority, id(incoming.part("id"))?).await?;
    Ok(done())
}
