//! Providers that people sign in through.

use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::domain::identity::Realm;
use crate::domain::provider::Provider;
use crate::protocol::provider::Settings;

#[derive(sqlx::FromRow)]
struct ProviderRow {
    id: String,
    settings: Json<Settings>,
    sealed_secret: Option<Vec<u8>>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<ProviderRow> for Provider {
    fn from(row: ProviderRow) -> Self {
        let ProviderRow { id, settings, sealed_secret, version, created_at, updated_at } = row;
        Self { id, settings: settings.0, sealed_secret, version, created_at, updated_at }
    }
}

macro_rules! provider_columns {
    () => {
        "id, settings, sealed_secret, version, created_at, updated_at"
    };
}

pub async fn find(db: &Db, id: &str) -> Result<Option<Provider>, Fault> {
    let sql = concat!("SELECT ", provider_columns!(), " FROM providers WHERE id = $1");
    Ok(db.read().await?.sql(sql).bind(id.to_owned()).optional::<ProviderRow>().await?.map(Provider::from))
}

/// One page by id, of providers after `after`.
pub async fn page(db: &Db, after: Option<&str>, limit: i64) -> Result<Vec<Provider>, Fault> {
    let sql =
        concat!("SELECT ", provider_columns!(), " FROM providers WHERE ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2");
    let rows = db.read().await?.sql(sql).bind(after.map(str::to_owned)).bind(limit).all::<ProviderRow>().await?;
    Ok(rows.into_iter().map(Provider::from).collect())
}

/// Every provider, by id.
pub async fn all(db: &Db) -> Result<Vec<Provider>, Fault> {
    let sql = concat!("SELECT ", provider_columns!(), " FROM providers ORDER BY id");
    Ok(db.read().await?.sql(sql).all::<ProviderRow>().await?.into_iter().map(Provider::from).collect())
}

/// The realms of those that let people in now, in a write.
pub async fn enabled_realms(tx: &mut Tx) -> Result<Vec<Realm>, Fault> {
    let rows = tx.sql("SELECT settings FROM providers").all::<(Json<Settings>,)>().await?;
    Ok(rows.into_iter().filter(|(settings,)| settings.enabled).map(|(settings,)| Realm::of(&settings)).collect())
}

/// False when the id is taken.
pub async fn insert(tx: &mut Tx, provider: &Provider) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "INSERT INTO providers (id, settings, sealed_secret, version, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(provider.id.clone())
        .bind(Json(provider.settings.clone()))
        .bind(provider.sealed_secret.clone())
        .bind(provider.version)
        .bind(provider.created_at)
        .bind(provider.updated_at)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Writes what can be changed, if the row still has the version `before`.
pub async fn update(tx: &mut Tx, provider: &Provider, before: i64) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE providers SET settings = $3, sealed_secret = $4, version = $5, updated_at = $6
             WHERE id = $1 AND version = $2",
        )
        .bind(provider.id.clone())
        .bind(before)
        .bind(Json(provider.settings.clone()))
        .bind(provider.sealed_secret.clone())
        .bind(provider.version)
        .bind(provider.updated_at)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// False when it is not there in this version, any if none is given.
pub async fn delete(tx: &mut Tx, id: &str, version: Option<i64>) -> Result<bool, Fault> {
    let sql = "DELETE FROM providers WHERE id = $1 AND ($2 IS NULL OR version = $2)";
    Ok(tx.sql(sql).bind(id.to_owned()).bind(version).execute().await? == 1)
}

/// The provider as it is, held so until this write is over: a sign-in that comes while it is switched off sees it.
pub async fn hold(tx: &mut Tx, id: &str) -> Result<Option<Provider>, Fault> {
    let held = tx.sql("UPDATE providers SET version = version WHERE id = $1").bind(id.to_owned()).execute().await?;
    if held == 0 {
        return Ok(None);
    }
    let sql = concat!("SELECT ", provider_columns!(), " FROM providers WHERE id = $1");
    Ok(tx.sql(sql).bind(id.to_owned()).optional::<ProviderRow>().await?.map(Provider::from))
}
