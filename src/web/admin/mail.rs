//! `/api/v1/mails`.

use actix_web::HttpResponse;
use schemars::SchemaGenerator;

use super::operation::{Gives, Operation, Parameter, Shape, Takes, uuid};
use super::{done, listing, shown};
use crate::domain::mail::MailState;
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::mail::{self, FILTERS, MailView, id};
use crate::protocol::admin::Page;
use crate::web::admin::openapi::{CURSOR, LIMIT};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const LIST: Operation = Operation {
    id: "listMails",
    summary: "Lists what was mailed and what became of it, newest first",
    query: &[
        LIMIT,
        CURSOR,
        Parameter {
            name: FILTERS[0],
            says: "Only those in this state",
            schema: SchemaGenerator::subschema_for::<MailState>,
        },
        Parameter { name: FILTERS[1], says: "Only those to this person", schema: uuid },
    ],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<MailView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let listing = listing(incoming, &FILTERS)?;
    let filter = mail::filter(&incoming.query()?)?;
    Ok(shown(&mail::list(&shell.authority, &listing, filter).await?, None))
}

pub const RETRY: Operation = Operation {
    id: "retryMail",
    summary: "Tries a mail now that waits for its next attempt",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404, 409],
};

pub async fn retry(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    mail::retry(&shell.authority, id(incoming.part("id"))?).await?;
    Ok(done())
}
