//! Webhooks: who hears of every end. Their secrets are shown once.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AdminOutcome, AdminRefusal, TRIES, one_more, page, position};
use crate::base::entropy::draw;
use crate::base::id::WebhookId;
use crate::domain::revocation::What;
use crate::domain::webhook::Webhook;
use crate::flows::Authority;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::precondition::Precondition;
use crate::protocol::admin::webhook::NewWebhook;
use crate::protocol::admin::{FieldError, Page};
use crate::protocol::webhook::shown;
use crate::store;

/// A webhook as an admin sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub struct WebhookView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: WebhookId,
    pub url: String,
    pub events: Vec<What>,
    pub enabled: bool,
    /// Only in the answer that made it: `whsec_` and base64, as the libraries of Standard Webhooks take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub created_at: chrono::DateTime<Utc>,
    pub updated_at: chrono::DateTime<Utc>,
    /// For the entity tag.
    #[serde(skip)]
    pub version: i64,
}

impl WebhookView {
    fn of(webhook: Webhook, secret: Option<String>) -> Self {
        let Webhook { id, url, events, enabled, version, created_at, updated_at, .. } = webhook;
        Self { id, url, events, enabled, secret, created_at, updated_at, version }
    }
}

const LIST: &str = "webhooks";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("webhook");

/// Reads the id of a webhook out of a path.
pub fn id(text: &str) -> AdminOutcome<WebhookId> {
    text.parse().map_err(|_| NOT_FOUND)
}

fn known() -> Vec<&'static str> {
    What::ALL.iter().map(|what| what.as_str()).collect()
}

/// Names that were checked, each once.
fn events(asked: &NewWebhook) -> Vec<What> {
    What::ALL.iter().copied().filter(|what| asked.events.iter().any(|name| name == what.as_str())).collect()
}

pub async fn create(authority: &Authority, members: Map<String, Value>) -> AdminOutcome<WebhookView> {
    let asked = NewWebhook::read(members, &known())?;
    let now = authority.now();
    let id = WebhookId::new(now, authority.dice());
    let secret = draw::<32>(authority.dice());
    let webhook = Webhook {
        id,
        events: events(&asked),
        url: asked.url,
        enabled: asked.enabled,
        sealed_secret: authority.secrets.webhook.seal(&id.to_string(), &secret, authority.dice()),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let written = webhook.clone();
    authority.db.write(async move |tx| store::webhook::insert(tx, &written).await).await?;
    Ok(WebhookView::of(webhook, Some(shown(&secret))))
}

/// Oldest first.
pub async fn list(authority: &Authority, listing: &Listing) -> AdminOutcome<Page<WebhookView>> {
    let after = position(authority, LIST, listing)?;
    let after = after.map(|last| last.parse().map_err(|_| FieldError::new("cursor", "is broken"))).transpose()?;
    let rows = store::webhook::page(&authority.db, after, one_more(listing)).await?;
    let rows = rows.into_iter().map(|webhook| WebhookView::of(webhook, None)).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |webhook: &WebhookView| webhook.id.to_string())))
}

pub async fn show(authority: &Authority, id: WebhookId) -> AdminOutcome<WebhookView> {
    Ok(WebhookView::of(find(authority, id).await?, None))
}

/// Puts a merge patch over it. The secret stays.
pub async fn change(
    authority: &Authority,
    id: WebhookId,
    patch: Map<String, Value>,
    precondition: &Precondition,
) -> AdminOutcome<WebhookView> {
    for _ in 0..TRIES {
        let found = find(authority, id).await?;
        let names = found.events.iter().map(|what| what.as_str().to_owned()).collect();
        let own = NewWebhook { url: found.url.clone(), events: names, enabled: found.enabled };
        let asked = own.patched(patch.clone(), &known())?;
        if !precondition.admits(found.version) {
            return Err(AdminRefusal::Stale);
        }
        let (events, now) = (events(&asked), authority.now());
        let NewWebhook { url, enabled, .. } = asked;
        if (&url, &events, enabled) == (&found.url, &found.events, found.enabled) {
            return Ok(WebhookView::of(found, None));
        }
        let webhook = Webhook { url, events, enabled, version: found.version + 1, updated_at: now, ..found };
        let written = webhook.clone();
        if authority.db.write(async move |tx| store::webhook::update(tx, &written).await).await? {
            return Ok(WebhookView::of(webhook, None));
        }
    }
    Err(AdminRefusal::Contended)
}

/// What waits for it is given up; what is gone already stays gone.
pub async fn delete(authority: &Authority, id: WebhookId, precondition: &Precondition) -> AdminOutcome<()> {
    let Some(found) = store::webhook::find(&authority.db, id).await? else { return Ok(()) };
    if !precondition.admits(found.version) {
        return Err(AdminRefusal::Stale);
    }
    let version = matches!(precondition, Precondition::OneOf(_)).then_some(found.version);
    let gone = authority.db.write(async move |tx| store::webhook::delete(tx, id, version).await).await?;
    if !gone && version.is_some() && store::webhook::find(&authority.db, id).await?.is_some() {
        return Err(AdminRefusal::Stale);
    }
    Ok(())
}

async fn find(authority: &Authority, id: WebhookId) -> AdminOutcome<Webhook> {
    store::webhook::find(&authority.db, id).await?.ok_or(NOT_FOUND)
}
