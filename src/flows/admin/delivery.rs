//! Deliveries: who was told what, who was not and why, and the ones that were given up.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;

use super::{AdminOutcome, AdminRefusal, one_more, page, position};
use crate::base::id::{DeliveryId, RevocationId, SessionId};
use crate::domain::delivery::{Delivery, DeliveryState, Projection};
use crate::domain::revocation::{EndReason, Recorded, What};
use crate::flows::Authority;
use crate::protocol::admin::client::is_client_id;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::{FieldError, Page};
use crate::protocol::params::Params;
use crate::store;
use crate::store::delivery::Filter;

/// What one client or webhook has to be told, and what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub struct DeliveryView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: DeliveryId,
    pub projection: Projection,
    /// The `webhook-id` of messages.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub event_id: RevocationId,
    pub event: What,
    pub reason: EndReason,
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub sid: SessionId,
    /// Null for a webhook's.
    pub client_id: Option<String>,
    /// Null for a client's.
    pub webhook_id: Option<String>,
    pub state: DeliveryState,
    /// Since it was made, or last revived.
    pub attempts: i64,
    /// Why the last attempt failed that did: `status` with a number, `timeout`, `unreachable`, `blocked`, `unsigned`,
    /// `gone` or `disabled`.
    pub last_error: Option<String>,
    pub created_at: chrono::DateTime<Utc>,
    /// Null once it is delivered or dead.
    pub next_attempt_at: Option<chrono::DateTime<Utc>>,
    /// When it was delivered or given up.
    pub settled_at: Option<chrono::DateTime<Utc>>,
}

impl DeliveryView {
    fn of((delivery, recorded): (Delivery, Recorded)) -> Self {
        let (client_id, webhook_id) = match delivery.projection {
            Projection::BackchannelLogout => (Some(delivery.target), None),
            Projection::Webhooks => (None, Some(delivery.target)),
        };
        Self {
            id: delivery.id,
            projection: delivery.projection,
            event_id: delivery.revocation,
            event: recorded.revocation.revoked.what(),
            reason: recorded.revocation.end.reason,
            sid: delivery.session,
            client_id,
            webhook_id,
            state: delivery.state,
            attempts: delivery.attempts,
            last_error: delivery.last_error,
            created_at: delivery.created_at,
            next_attempt_at: delivery.due_at,
            settled_at: delivery.settled_at,
        }
    }
}

const LIST: &str = "deliveries";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("delivery");

/// Reads the id of a delivery out of a path.
pub fn id(text: &str) -> AdminOutcome<DeliveryId> {
    text.parse().map_err(|_| NOT_FOUND)
}

/// The names of what a list of deliveries can be narrowed by.
pub const FILTERS: [&str; 3] = ["state", "client_id", "webhook_id"];

/// Reads the filters of a query.
pub fn filter(query: &Params) -> AdminOutcome<Filter> {
    let state = query.first("state").map(|text| DeliveryState::named(text).ok_or(text)).transpose();
    let state = state.map_err(|_| FieldError::new("state", "must be pending, delivered or dead"))?;
    let (projection, target) = match (query.first("client_id"), query.first("webhook_id")) {
        (None, None) => (None, None),
        (Some(client_id), None) if is_client_id(client_id) => (Some(Projection::BackchannelLogout), Some(client_id)),
        (Some(_), None) => return Err(FieldError::new("client_id", "cannot be the id of a client").into()),
        (None, Some(id)) if id.parse::<SessionId>().is_ok() => (Some(Projection::Webhooks), Some(id)),
        (None, Some(_)) => return Err(FieldError::new("webhook_id", "must be a UUID").into()),
        (Some(_), Some(_)) => return Err(FieldError::new("webhook_id", "cannot stand beside client_id").into()),
    };
    let target = target.map(|id| if projection == Some(Projection::Webhooks) { id.to_lowercase() } else { id.into() });
    Ok(Filter { session: None, state, projection, target })
}

/// Newest first.
pub async fn list(authority: &Authority, listing: &Listing, filter: Filter) -> AdminOutcome<Page<DeliveryView>> {
    let after = position(authority, LIST, listing)?;
    let after = after.map(|last| last.parse().map_err(|_| FieldError::new("cursor", "is broken"))).transpose()?;
    let rows = store::delivery::page(&authority.db, filter, after, one_more(listing)).await?;
    let rows = rows.into_iter().map(DeliveryView::of).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |row: &DeliveryView| row.id.to_string())))
}

/// Who was told what about a session that is there.
pub async fn list_of_session(
    authority: &Authority,
    session: SessionId,
    listing: &Listing,
) -> AdminOutcome<Page<DeliveryView>> {
    let found = store::session::by_id(&authority.db, session).await?;
    found.ok_or(AdminRefusal::NotFound("session"))?;
    list(authority, listing, Filter { session: Some(session), ..Filter::default() }).await
}

/// Tries one again now that is dead or waits, as often as a new one.
pub async fn retry(authority: &Authority, id: DeliveryId) -> AdminOutcome<()> {
    let now = authority.now();
    let revived = authority.db.write(async move |tx| store::delivery::revive(tx, id, now).await).await?;
    if revived {
        return Ok(());
    }
    match store::delivery::find(&authority.db, id).await?.map(|delivery| delivery.state) {
        None => Err(NOT_FOUND),
        Some(DeliveryState::Delivered) => Err(AdminRefusal::Conflict(FieldError::new("state", "is delivered"))),
        // It is due anyway.
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_named_when_they_are_wrong() {
        let filter = |query: &str| {
            super::filter(&Params::parse(query.as_bytes()).unwrap())
                .map_err(|refusal| refusal.problem().unwrap().errors[0].field.clone())
        };
        assert!(filter("state=dead&client_id=app").is_ok_and(|found| found.target.as_deref() == Some("app")));
        let id = "0190163D-8694-739B-AEA5-966C26F8AD91";
        assert!(filter(&format!("webhook_id={id}")).is_ok_and(|found| found.target == Some(id.to_lowercase())));
        for (query, field) in [
            ("state=lost", "state"),
            ("client_id=%20", "client_id"),
            ("webhook_id=x", "webhook_id"),
            (&format!("client_id=a&webhook_id={id}"), "webhook_id"),
        ] {
            assert_eq!(filter(query).err().as_deref(), Some(field), "{query}");
        }
    }
}
