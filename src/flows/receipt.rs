//! Who was told of a logout, for the admin who signed out: a receipt that opens the delivery report of that one session for
//! some minutes, as the session that asked for it is over.

use serde::{Deserialize, Serialize};

use super::admin::ADMIN_ROLE;
use super::{Authority, Outcome, delivery};
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::base::secret::{base64url, from_base64url};
use crate::domain::delivery::Delivery;
use crate::domain::policy::FRESH;
use crate::domain::session::Session;
use crate::protocol::error::{Code, Refusal};
use crate::store;

const CONTEXT: &str = "logout receipt";

#[derive(Serialize, Deserialize)]
struct Receipt {
    session: String,
    born: Time,
}

/// The text that stands for the report in the address of a page; `None` where the person is no admin.
pub(super) async fn of(authority: &Authority, session: &Session) -> Outcome<Option<String>> {
    let user = store::user::of_session(&authority.db, session).await?;
    if !user.is_some_and(|user| user.roles.iter().any(|role| role == ADMIN_ROLE)) {
        return Ok(None);
    }
    let receipt = Receipt { session: session.id.to_string(), born: authority.now() };
    let plain = serde_json::to_vec(&receipt).unwrap_or_default();
    Ok(Some(base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))))
}

fn open(authority: &Authority, handle: &str) -> Option<SessionId> {
    let plain = authority.secrets.pending.open(CONTEXT, &from_base64url(handle)?)?;
    let receipt: Receipt = serde_json::from_slice(&plain).ok()?;
    let fresh = authority.now() - receipt.born < FRESH.delta();
    receipt.session.parse().ok().filter(|_| fresh)
}

/// What became of telling clients and webhooks so far, newest first, each with its name.
pub async fn report(authority: &Authority, handle: &str) -> Outcome<Vec<(Delivery, String)>> {
    let over =
        Refusal::new(Code::AccessDenied, "this report could be read for ten minutes; the admin API has it still")
            .told("refused-report");
    let session = open(authority, handle).ok_or(over)?;
    delivery::report(authority, session).await
}
