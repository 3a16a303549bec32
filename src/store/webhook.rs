//! Webhooks.

use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::WebhookId;
use crate::domain::revocation::What;
use crate::domain::webhook::Webhook;

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: WebhookId,
    url: String,
    events: Json<Vec<String>>,
    enabled: bool,
    sealed_secret: Vec<u8>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl WebhookRow {
    fn into_webhook(self) -> Result<Webhook, Fault> {
        let Self { id, url, events, enabled, sealed_secret, version, created_at, updated_at } = self;
        let events = events.0.iter().map(|name| What::named(name)).collect::<Option<_>>();
        let events = events.ok_or_else(|| Fault::contradiction("webhook", format!("{id}: unknown event")))?;
        Ok(Webhook { id, url, events, enabled, sealed_secret, version, created_at, updated_at })
    }
}

fn names(events: &[What]) -> Json<Vec<&'static str>> {
    Json(events.iter().map(|what| what.as_str()).collect())
}

pub async fn find(db: &Db, id: WebhookId) -> Result<Option<Webhook>, Fault> {
    let sql =
        "SELECT id, url, events, enabled, sealed_secret, version, created_at, updated_at FROM webhooks WHERE id = $1";
    let row = db.read().await?.sql(sql).bind(id).optional::<WebhookRow>().await?;
    row.map(WebhookRow::into_webhook).transpose()
}

/// One page, oldest first, of webhooks after `after`.
pub async fn page(db: &Db, after: Option<WebhookId>, limit: i64) -> Result<Vec<Webhook>, Fault> {
    let sql = "SELECT id, url, events, enabled, sealed_secret, version, created_at, updated_at FROM webhooks
               WHERE ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2";
    let rows = db.read().await?.sql(sql).bind(after).bind(limit).all::<WebhookRow>().await?;
    rows.into_iter().map(WebhookRow::into_webhook).collect()
}

/// Those that are switched on.
pub async fn enabled(db: &Db) -> Result<Vec<Webhook>, Fault> {
    let sql = "SELECT id, url, events, enabled, sealed_secret, version, created_at, updated_at FROM webhooks
               WHERE enabled ORDER BY id";
    let rows = db.read().await?.sql(sql).all::<WebhookRow>().await?;
    rows.into_iter().map(WebhookRow::into_webhook).collect()
}

pub async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO webhooks (id, url, events, enabled, sealed_secret, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(webhook.id)
    .bind(webhook.url.clone())
    .bind(names(&webhook.events))
    .bind(webhook.enabled)
    .bind(webhook.sealed_secret.clone())
    .bind(webhook.version)
    .bind(webhook.created_at)
    .bind(webhook.updated_at)
    .execute()
    .await?;
    Ok(())
}

/// Writes what can be changed, if the row still has the version before `webhook.version`.
pub async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE webhooks SET url = $3, events = $4, enabled = $5, version = $2, updated_at = $6
             WHERE id = $1 AND version = $2 - 1",
        )
        .bind(webhook.id)
        .bind(webhook.version)
        .bind(webhook.url.clone())
        .bind(names(&webhook.events))
        .bind(webhook.enabled)
        .bind(webhook.updated_at)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// False when it is not there in this version, any if none is given.
pub async fn delete(tx: &mut Tx, id: WebhookId, version: Option<i64>) -> Result<bool, Fault> {
    let sql = "DELETE FROM webhooks WHERE id = $1 AND ($2 IS NULL OR version = $2)";
    Ok(tx.sql(sql).bind(id).bind(version).execute().await? == 1)
}
