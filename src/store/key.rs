//! Signing keys, sealed.

use serde_json::Value;
use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::jose::algorithm::Algorithm;
use crate::jose::jwk::Jwk;
use crate::jose::keyring::KeyRecord;

#[derive(sqlx::FromRow)]
struct KeyRow {
    kid: String,
    algorithm: String,
    public_jwk: Json<Value>,
    sealed_private: Vec<u8>,
    created_at: Time,
    active_from: Time,
}

impl KeyRow {
    fn into_record(self) -> Result<KeyRecord, Fault> {
        let wrong = |what: String| Fault::contradiction("signing key", format!("{}: {what}", self.kid));
        let algorithm: Algorithm = self.algorithm.parse().map_err(|_| wrong("unknown algorithm".into()))?;
        let public = Jwk::parse(&self.public_jwk.0).map_err(|cause| wrong(cause.to_string()))?;
        let Self { kid, sealed_private, created_at, active_from, .. } = self;
        Ok(KeyRecord { kid, algorithm, public, sealed_private, created_at, active_from })
    }
}

pub async fn all(db: &Db) -> Result<Vec<KeyRecord>, Fault> {
    let sql = "SELECT kid, algorithm, public_jwk, sealed_private, created_at, active_from FROM signing_keys ORDER BY active_from";
    let rows = db.read().await?.sql(sql).all::<KeyRow>().await?;
    rows.into_iter().map(KeyRow::into_record).collect()
}

/// How many keys there are, seen inside a write.
pub async fn count(tx: &mut Tx) -> Result<i64, Fault> {
    tx.sql("SELECT COUNT(*) FROM signing_keys").scalar().await
}

pub async fn insert(tx: &mut Tx, key: &KeyRecord) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private, created_at, active_from)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(key.kid.clone())
    .bind(key.algorithm.name())
    .bind(key.public.to_value())
    .bind(key.sealed_private.clone())
    .bind(key.created_at)
    .bind(key.active_from)
    .execute()
    .await?;
    Ok(())
}

/// Lets a key that waits become active earlier; false when it is active already or gone.
pub async fn activate(tx: &mut Tx, kid: &str, at: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql("UPDATE signing_keys SET active_from = $2 WHERE kid = $1 AND active_from > $2")
        .bind(kid)
        .bind(at)
        .execute()
        .await?;
    Ok(changed == 1)
}

pub async fn delete(tx: &mut Tx, kid: &str) -> Result<(), Fault> {
    tx.sql("DELETE FROM signing_keys WHERE kid = $1").bind(kid).execute().await?;
    Ok(())
}
