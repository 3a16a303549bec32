//! Remembered consents.

use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use super::grant::read_scope;
use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::domain::consent::Consent;

#[derive(sqlx::FromRow)]
struct ConsentRow {
    user_id: UserId,
    client_id: String,
    scope: String,
    resources: Json<Vec<String>>,
    claims: Option<Json<Vec<String>>>,
    granted_at: Time,
}

impl ConsentRow {
    fn into_consent(self) -> Result<Consent, Fault> {
        let scope = read_scope("consent", &self.scope)?;
        let Self { user_id, client_id, resources, claims, granted_at, .. } = self;
        let claims = claims.map(|claims| claims.0).unwrap_or_default();
        Ok(Consent { user: user_id, client_id, scope, resources: resources.0, claims, granted_at })
    }
}

pub async fn find(db: &Db, user: UserId, client_id: &str) -> Result<Option<Consent>, Fault> {
    let sql = "SELECT user_id, client_id, scope, resources, claims, granted_at FROM consents
         WHERE user_id = $1 AND client_id = $2";
    let row = db.read().await?.sql(sql).bind(user).bind(client_id).optional::<ConsentRow>().await?;
    row.map(ConsentRow::into_consent).transpose()
}

pub async fn of_user(db: &Db, user: UserId) -> Result<Vec<Consent>, Fault> {
    let sql = "SELECT user_id, client_id, scope, resources, claims, granted_at FROM consents
         WHERE user_id = $1 ORDER BY client_id";
    let rows = db.read().await?.sql(sql).bind(user).all::<ConsentRow>().await?;
    rows.into_iter().map(ConsentRow::into_consent).collect()
}

pub async fn remember(tx: &mut Tx, consent: &Consent) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO consents (user_id, client_id, scope, resources, claims, granted_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (user_id, client_id) DO UPDATE
         SET scope = excluded.scope, resources = excluded.resources, claims = excluded.claims,
             granted_at = excluded.granted_at",
    )
    .bind(consent.user)
    .bind(consent.client_id.clone())
    .bind(consent.scope.to_string())
    .bind(Json(consent.resources.clone()))
    .bind(Json(consent.claims.clone()))
    .bind(consent.granted_at)
    .execute()
    .await?;
    Ok(())
}

pub async fn forget(tx: &mut Tx, user: UserId, client_id: &str) -> Result<bool, Fault> {
    let changed = tx
        .sql("DELETE FROM consents WHERE user_id = $1 AND client_id = $2")
        .bind(user)
        .bind(client_id)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Whether there is a consent, seen inside a write.
pub async fn is_remembered(tx: &mut Tx, user: UserId, client_id: &str) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM consents WHERE user_id = $1 AND client_id = $2";
    Ok(tx.sql(sql).bind(user).bind(client_id).scalar::<i64>().await? > 0)
}
