//! What a person proves themselves with beside the password, as an admin sees and removes it; never what it is known by.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;

use super::user::find;
use super::{AdminOutcome, AdminRefusal};
use crate::base::id::{CredentialId, UserId};
use crate::domain::factor::{Authenticator, Kind};
use crate::domain::revocation::Initiator;
use crate::flows::Authority;
use crate::flows::authenticator::{self, Removal, Removed, Sessions};
use crate::protocol::admin::Page;
use crate::store;

/// An authenticator.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Authenticator")]
pub struct AuthenticatorView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: CredentialId,
    pub kind: Kind,
    pub name: String,
    /// A passkey that, by its own word, never leaves its device.
    pub device_bound: bool,
    /// Out of use after 100 failures, until it is removed or another takes its place.
    pub disabled: bool,
    /// Recovery codes that are left; null for what is no set of them.
    pub left: Option<i64>,
    /// From where it was added.
    pub address: Option<String>,
    pub created_at: chrono::DateTime<Utc>,
    pub last_used_at: Option<chrono::DateTime<Utc>>,
}

impl AuthenticatorView {
    fn of(own: Authenticator, codes: i64) -> Self {
        let Authenticator { id, kind, name, device_bound, disabled, address, created_at, last_used_at, .. } = own;
        let left = (kind == Kind::Recovery).then_some(codes);
        Self { id, kind, name, device_bound, disabled, left, address, created_at, last_used_at }
    }
}

const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("authenticator");

/// Reads the id of an authenticator out of a path.
pub fn id(text: &str) -> AdminOutcome<CredentialId> {
    text.parse().map_err(|_| NOT_FOUND)
}

/// All of them, oldest first: a person has few.
pub async fn list(authority: &Authority, user: UserId) -> AdminOutcome<Page<AuthenticatorView>> {
    find(authority, user).await?;
    let codes = store::factor::codes_left(&authority.db, user).await?;
    let own = store::factor::of_user(&authority.db, user).await?;
    Ok(Page { items: own.into_iter().map(|own| AuthenticatorView::of(own, codes)).collect(), next: None })
}

/// Removes one and ends what came from it; what is gone already stays gone.
pub async fn remove(authority: &Authority, user: UserId, id: CredentialId) -> AdminOutcome<()> {
    find(authority, user).await?;
    let removal = Removal { user, id, by: Initiator::Admin, sessions: Sessions::End, session: None };
    match authenticator::remove(authority, removal).await? {
        Removed::Yes | Removed::Nothing | Removed::Needed => Ok(()),
    }
}
