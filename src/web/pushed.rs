//! The pushed authorization request endpoint (RFC 9126 section 2).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::builder;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::client_auth::authenticate;
use crate::flows::{Failure, pushed};
use crate::protocol::client_auth::Presented;

/// Who proves nothing waits for a turn, as browsers without a session do.
pub async fn push(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    let presented = Presented::parse(incoming.authorization()?, &form)?;
    if let Presented::None { .. } = presented {
        shell.strangers.turn(incoming.source(shell)).await?;
    }
    let client = authenticate(&shell.authority, presented, shell.authority.now()).await?;
    let answer = pushed::push(&shell.authority, &client, &form).await?;
    Ok(builder(StatusCode::CREATED).json(answer))
}
