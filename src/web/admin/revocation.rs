//! `/api/v1/revocations`.

use actix_web::HttpResponse;

use super::operation::{Gives, Operation, Shape, Takes};
use super::{body, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::revocation::{self, RevocationBody, RevocationRequest, RevocationView};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const PREVIEW: Operation = Operation {
    id: "previewRevocation",
    summary: "Shows what an end would touch now, and ends nothing",
    query: &[],
    takes: Takes::Json(Shape::of::<RevocationBody>()),
    gives: Gives::Ok(Shape::of::<RevocationView>()),
    refuses: &[404],
};

pub async fn preview(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let request = RevocationRequest::read(body(incoming)?)?;
    Ok(shown(&revocation::preview(&shell.authority, &request).await?, None))
}

pub const REVOKE: Operation = Operation {
    id: "revoke",
    summary: "Ends what comes from a person, a client, a credential, a session, a grant, a browser or another provider",
    query: &[],
    takes: Takes::Json(Shape::of::<RevocationBody>()),
    gives: Gives::Ok(Shape::of::<RevocationView>()),
    refuses: &[404],
};

pub async fn revoke(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let request = RevocationRequest::read(body(incoming)?)?;
    Ok(shown(&revocation::revoke(&shell.authority, &request).await?, None))
}
