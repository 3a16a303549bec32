//! Mails as an admin sees them: what kind of mail went to whom, when, and what became of it. What they say and to which
//! address they go is sealed, and shown to nobody.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;

use super::{AdminOutcome, AdminRefusal, one_more, page, position};
use crate::base::id::{MailId, UserId};
use crate::domain::mail::MailState;
use crate::flows::Authority;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::{FieldError, Page};
use crate::protocol::params::Params;
use crate::store;
use crate::store::mail::{Fate, Filter};

/// A mail, without what it says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Mail")]
pub struct MailView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: MailId,
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub user_id: UserId,
    /// What it is about, such as `reset_link`, `code` or `password_changed`.
    pub kind: String,
    pub state: MailState,
    pub attempts: i64,
    /// Why the last attempt failed that did, in the words of the mail server.
    pub last_error: Option<String>,
    pub created_at: chrono::DateTime<Utc>,
    /// Null once it is sent or dead.
    pub next_attempt_at: Option<chrono::DateTime<Utc>>,
    /// When it was sent or given up.
    pub settled_at: Option<chrono::DateTime<Utc>>,
}

impl From<Fate> for MailView {
    fn from(fate: Fate) -> Self {
        let Fate { id, user, kind, state, attempts, last_error, created_at, due_at, settled_at } = fate;
        Self { id, user_id: user, kind, state, attempts, last_error, created_at, next_attempt_at: due_at, settled_at }
    }
}

const LIST: &str = "mails";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("mail");

/// Reads the id of a mail out of a path.
pub fn id(text: &str) -> AdminOutcome<MailId> {
    text.parse().map_err(|_| NOT_FOUND)
}

/// The names of what a list of mails can be narrowed by.
pub const FILTERS: [&str; 2] = ["state", "user_id"];

/// Reads the filters of a query.
pub fn filter(query: &Params) -> AdminOutcome<Filter> {
    let state = query.first("state").map(|text| MailState::named(text).ok_or(text)).transpose();
    let state = state.map_err(|_| FieldError::new("state", "must be pending, sent or dead"))?;
    let user = query.first("user_id").map(str::parse).transpose();
    let user = user.map_err(|_| FieldError::new("user_id", "must be a UUID"))?;
    Ok(Filter { state, user })
}

/// Newest first. What was never for anybody is left out.
pub async fn list(authority: &Authority, listing: &Listing, filter: Filter) -> AdminOutcome<Page<MailView>> {
    let after = position(authority, LIST, listing)?;
    let after = after.map(|last| last.parse().map_err(|_| FieldError::new("cursor", "is broken"))).transpose()?;
    let rows = store::mail::page(&authority.db, filter, after, one_more(listing)).await?;
    let rows = rows.into_iter().map(MailView::from).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |row: &MailView| row.id.to_string())))
}

/// Tries one now that waits for its next attempt. One that is sent or given up has no text any more.
pub async fn retry(authority: &Authority, id: MailId) -> AdminOutcome<()> {
    let now = authority.now();
    let hurried = authority.db.write(async move |tx| store::mail::hurry(tx, id, now).await).await?;
    match hurried {
        None => Err(NOT_FOUND),
        Some(MailState::Pending) => Ok(()),
        Some(MailState::Sent) => Err(AdminRefusal::Conflict(FieldError::new("state", "is sent"))),
        Some(MailState::Dead) => {
            Err(AdminRefusal::Conflict(FieldError::new("state", "is dead, and its text is gone; ask for another one")))
        }
    }
}
