//! Initial access tokens: made, listed and removed; each is shown once.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AdminOutcome, AdminRefusal, one_more, page, position};
use crate::base::id::RegistrationTokenId;
use crate::base::secret::Secret;
use crate::domain::registration::RegistrationToken;
use crate::flows::Authority;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::registration::NewToken;
use crate::protocol::admin::{FieldError, Page};
use crate::store;

/// An initial access token as an admin sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "RegistrationToken")]
pub struct TokenView {
    pub id: String,
    pub label: Option<String>,
    /// The token itself; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How many clients it still lets register.
    pub uses_left: i64,
    pub created_at: chrono::DateTime<Utc>,
    pub expires_at: chrono::DateTime<Utc>,
}

impl TokenView {
    fn of(token: RegistrationToken, secret: Option<&Secret>) -> Self {
        let RegistrationToken { id, label, uses_left, created_at, expires_at, .. } = token;
        Self { id: id.to_string(), label, token: secret.map(Secret::reveal), uses_left, created_at, expires_at }
    }
}

const LIST: &str = "registration tokens";

pub async fn create(authority: &Authority, members: Map<String, Value>) -> AdminOutcome<TokenView> {
    let NewToken { label, uses, lifetime } = NewToken::read(members)?;
    let (now, secret) = (authority.now(), Secret::new(authority.dice()));
    let token = RegistrationToken {
        id: RegistrationTokenId::new(now, authority.dice()),
        digest: secret.digest(),
        label,
        uses_left: uses.into(),
        created_at: now,
        expires_at: now + lifetime.delta(),
    };
    let written = token.clone();
    authority.db.write(async move |tx| store::registration::insert_token(tx, &written).await).await?;
    Ok(TokenView::of(token, Some(&secret)))
}

/// Oldest first.
pub async fn list(authority: &Authority, listing: &Listing) -> AdminOutcome<Page<TokenView>> {
    let after = position(authority, LIST, listing)?;
    let after = after.map(|last| last.parse().map_err(|_| FieldError::new("cursor", "is broken"))).transpose()?;
    let rows = store::registration::tokens(&authority.db, after, one_more(listing)).await?;
    let rows = rows.into_iter().map(|token| TokenView::of(token, None)).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |token: &TokenView| token.id.clone())))
}

/// What is gone already stays gone.
pub async fn delete(authority: &Authority, id: RegistrationTokenId) -> AdminOutcome<()> {
    Ok(authority.db.write(async move |tx| store::registration::delete_token(tx, id).await).await?)
}

/// An id from an address.
pub fn id(text: &str) -> AdminOutcome<RegistrationTokenId> {
    text.parse().map_err(|_| AdminRefusal::NotFound("initial access token"))
}
