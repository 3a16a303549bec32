//! `/api/v1/users`.

use actix_web::HttpResponse;
use schemars::SchemaGenerator;

use super::operation::{Gives, Operation, Parameter, Shape, Takes};
use super::{body, body_if_any, created, done, listing, precondition, shown};
use crate::flows::admin::AdminOutcome;
use crate::flows::admin::session::{self, EndAllRequest, SessionView};
use crate::flows::admin::user::{self, UserView, id};
use crate::protocol::admin::Page;
use crate::protocol::admin::user::{NewPassword, NewUser, UserPatch};
use crate::web::admin::openapi::{CURSOR, LIMIT, PAGING};
use crate::web::request::Incoming;
use crate::web::shell::Shell;

pub const CREATE: Operation = Operation {
    id: "createUser",
    summary: "Makes a person",
    query: &[],
    takes: Takes::Json(Shape::of::<NewUser>()),
    gives: Gives::Created(Shape::of::<UserView>()),
    refuses: &[409, 503],
};

pub async fn create(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let user = user::create(&shell.authority, body(incoming)?).await?;
    Ok(created(shell, &format!("/api/v1/users/{}", user.id), &user, user.version))
}

pub const LIST: Operation = Operation {
    id: "listUsers",
    summary: "Lists people, oldest first",
    query: &[
        LIMIT,
        CURSOR,
        Parameter {
            name: "username",
            says: "Only the one of this name",
            schema: SchemaGenerator::subschema_for::<String>,
        },
    ],
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<UserView>>()),
    refuses: &[],
};

pub async fn list(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let listing = listing(incoming, &["username"])?;
    let query = incoming.query()?;
    Ok(shown(&user::list(&shell.authority, &listing, query.first("username")).await?, None))
}

pub const SHOW: Operation = Operation {
    id: "getUser",
    summary: "Shows a person",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Tagged(Shape::of::<UserView>()),
    refuses: &[404],
};

pub async fn show(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let user = user::show(&shell.authority, id(incoming.part("id"))?).await?;
    Ok(shown(&user, Some(user.version)))
}

pub const CHANGE: Operation = Operation {
    id: "updateUser",
    summary: "Changes members of a person; who is disabled loses every session",
    query: &[],
    takes: Takes::Patch(Shape::of::<UserPatch>()),
    gives: Gives::Tagged(Shape::of::<UserView>()),
    refuses: &[404, 409, 412],
};

pub async fn change(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, patch) = (id(incoming.part("id"))?, body(incoming)?);
    let user = user::change(&shell.authority, id, patch, &precondition(incoming)).await?;
    Ok(shown(&user, Some(user.version)))
}

pub const DELETE: Operation = Operation {
    id: "deleteUser",
    summary: "Removes a person and ends their sessions",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404, 412],
};

pub async fn delete(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    user::delete(&shell.authority, id(incoming.part("id"))?, &precondition(incoming)).await?;
    Ok(done())
}

pub const SET_PASSWORD: Operation = Operation {
    id: "setUserPassword",
    summary: "Sets a password and ends every session that began with another one",
    query: &[],
    takes: Takes::Json(Shape::of::<NewPassword>()),
    gives: Gives::Nothing,
    refuses: &[404, 412, 503],
};

pub async fn set_password(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, members) = (id(incoming.part("id"))?, body(incoming)?);
    user::set_password(&shell.authority, id, members, &precondition(incoming)).await?;
    Ok(done())
}

pub const INVITE: Operation = Operation {
    id: "inviteUser",
    summary: "Mails a person who has no password a link to choose one, good for 7 days; an earlier one is of no more use",
    query: &[],
    takes: Takes::Nothing,
    gives: Gives::Nothing,
    refuses: &[404, 409],
};

pub async fn invite(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    user::invite(&shell.authority, id(incoming.part("id"))?).await?;
    Ok(done())
}

pub const LIST_SESSIONS: Operation = Operation {
    id: "listUserSessions",
    summary: "Lists the sessions of a person, newest first",
    query: &PAGING,
    takes: Takes::Nothing,
    gives: Gives::Ok(Shape::of::<Page<SessionView>>()),
    refuses: &[404],
};

pub async fn list_sessions(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, listing) = (id(incoming.part("id"))?, listing(incoming, &[])?);
    Ok(shown(&session::list_of_user(&shell.authority, id, &listing).await?, None))
}

pub const END_SESSIONS: Operation = Operation {
    id: "endUserSessions",
    summary: "Ends every session of a person",
    query: &[],
    takes: Takes::Perhaps(Shape::of::<EndAllRequest>()),
    gives: Gives::Nothing,
    refuses: &[404],
};

pub async fn end_sessions(shell: &Shell, incoming: &Incoming) -> AdminOutcome<HttpResponse> {
    let (id, request) = (id(incoming.part("id"))?, EndAllRequest::read(body_if_any(incoming)?)?);
    session::end_all(&shell.authority, id, request).await?;
    Ok(done())
}
