//! `/api/v1/sessions`.

use actix_web::HttpResponse;
use chrono::Utc;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::operation::{Gives, Operation, Parameter, Shape, Takes, uuid};
use super::{body_if_any, done, listing, shown};
use crate::domain::revocation::EndReason;
use crate::domain::session::State;
use crate::domain::statistics::MOST_HOURS;
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::filter::{self, NAMES};
use crate::flows::admin::session::{self, EndRequest, SessionView, id};
use crate::flows::admin::statistics::{self, StatisticsView, USUAL_HOURS};
use crate::protocol::admin::{FieldError, Page};
use crate::web::admin::openapi::{CURSOR, LIMIT};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const LIST: Operation = Operation {
    id: "listSessions",
    summary: "Lists sessions, newest first",
    query: &[
        LIMIT,
        CURSOR,
        Parameter { name: NAMES[0], says: "Only those of this person", schema: uuid },
        Parameter { name: NAMES[1], says: "Only those that this client takes part in", schema: text },
        Parameter { name: NAMES[2], says: "Only those in this state", schema: SchemaGenerator::subschema_for::<State> },
        Parameter {
            name: NAMES[3],
            says: "Only those from this address, from addresses by prefix (`192.0.2.0/24`), or from the network of this name",
            schema: text,
        },
        Parameter { name: NAMES[4], says: "Only those from this country (ISO 3166-1, two letters)", schema: country },
        Parameter { name: NAMES[5], says: "Only those of this browser", schema: uuid },
        Parameter { name: NAMES[6], says: "Only those that began then or later", schema: time },
        Parameter { name: NAMES[7], says: "Only those that began earlier", schema: time },
        Parameter { name: NAMES[8], says: "Only those that were last active then or later", schema: time },
        Parameter { name: NAMES[9], says: "Only those that were last active earlier", schema: time },
        Parameter {
            name: NAMES[10],
            says: "Only those that ended for this reason",
            schema: SchemaGenerator::subschema_for::<EndReason>,
        },
    ],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<SessionView>>()),
    refuses: &[],
};

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 200 })
}

fn country(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Z]{2}$" })
}

fn time(pen: &mut SchemaGenerator) -> Schema {
    pen.subschema_for::<chrono::DateTime<Utc>>()
}

fn hours(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST_HOURS, "default": USUAL_HOURS })
}

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let listing = listing(incoming, &NAMES)?;
    let query = incoming.query()?;
    let filter = filter::read(|name| query.first(name).map(str::to_owned))?;
    Ok(shown(&session::list(&shell.authority, &listing, filter).await?, None))
}

pub const STATISTICS: Operation = Operation {
    id: "getSessionStatistics",
    summary: "Counts the sessions that live now, and those that began and ended in each of the last hours",
    query: &[Parameter { name: "hours", says: "How many hours back, this one included", schema: hours }],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<StatisticsView>()),
    refuses: &[],
};

pub async fn statistics(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    listing(incoming, &["hours"])?;
    let query = incoming.query()?;
    if let Some(name) = ["limit", "cursor"].into_iter().find(|name| query.first(name).is_some()) {
        return Err(FieldError::new(name, "is not a parameter of this call").into());
    }
    let hours = statistics::hours(query.first("hours"))?;
    Ok(shown(&statistics::show(&shell.authority, hours).await?, None))
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
