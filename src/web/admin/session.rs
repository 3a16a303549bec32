//! `/api/v1/sessions`.

use actix_web::HttpResponse;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::operation::{Gives, Operation, Parameter, Shape, Takes};
use super::{body_if_any, done, listing, shown};
use crate::domain::session::State;
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::session::{self, EndRequest, FILTERS, SessionView, id};
use crate::protocol::admin::Page;
use crate::web::admin::openapi::{CURSOR, LIMIT};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const LIST: Operation = Operation {
    id: "listSessions",
    summary: "Lists sessions, newest first",
    query: &[
        LIMIT,
        CURSOR,
        Parameter { name: FILTERS[0], says: "Only those of this person", schema: uuid },
        Parameter {
            name: FILTERS[1],
            says: "Only those that this client takes part in",
            schema: SchemaGenerator::subschema_for::<String>,
        },
        Parameter {
            name: FILTERS[2],
            says: "Only those in this state",
            schema: SchemaGenerator::subschema_for::<State>,
        },
    ],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<SessionView>>()),
    refuses: &[],
};

fn uuid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uuid" })
}

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let listing = listing(incoming, &FILTERS)?;
    let filter = session::filter(&incoming.query()?)?;
    Ok(shown(&session::list(&shell.authority, &listing, filter).await?, None))
}

pub const SHOW: Operation = Operation {
    id: "getSession",
    summary: "Shows a session with its grants and its timeline",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<SessionView>()),
    refuses: &[404],
};

pub async fn show(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    Ok(shown(&session::show(&shell.authority, id(incoming.part("sid"))?).await?, None))
}

pub const END: Operation = Operation {
    id: "endSession",
    summary: "Ends a session, and with it every token that hangs on it",
    query: &[],
    takes: Takes::Perhaps(Shape::of::<EndRequest>()),
    gives: Gives::Nothing,
    refuses: &[404],
};

pub async fn end(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (sid, request) = (id(incoming.part("sid"))?, EndRequest::read(body_if_any(incoming)?)?);
    session::end(&shell.authority, sid, request).await?;
    Ok(done())
}
