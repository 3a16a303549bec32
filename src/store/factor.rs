//! What people prove themselves with beside the password.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::domain::factor::{Authenticator, Kind, Use};

#[derive(sqlx::FromRow)]
struct AuthenticatorRow {
    id: CredentialId,
    user_id: UserId,
    kind: String,
    name: String,
    sealed: Option<Vec<u8>>,
    passkey_id: Option<String>,
    device_bound: bool,
    counter: Option<i64>,
    disabled: bool,
    address: Option<String>,
    created_at: Time,
    last_used_at: Option<Time>,
}

impl AuthenticatorRow {
    /// `None` for a kind that a newer version wrote.
    fn into_authenticator(self) -> Option<Authenticator> {
        let kind = Kind::named(&self.kind)?;
        let Self { id, user_id: user, name, sealed, passkey_id, device_bound, counter, disabled, address, .. } = self;
        let (created_at, last_used_at) = (self.created_at, self.last_used_at);
        Some(Authenticator {
            id,
            user,
            kind,
            name,
            sealed,
            passkey_id,
            device_bound,
            counter,
            disabled,
            address,
            created_at,
            last_used_at,
        })
    }
}

macro_rules! columns {
    () => {
        "id, user_id, kind, name, sealed, passkey_id, device_bound, counter, disabled, address, created_at, last_used_at"
    };
}

/// What a person holds, oldest first.
pub async fn of_user(db: &Db, user: UserId) -> Result<Vec<Authenticator>, Fault> {
    let sql =
        concat!("SELECT ", columns!(), " FROM authenticators WHERE user_id = $1 AND removed_at IS NULL ORDER BY id");
    let rows = db.read().await?.sql(sql).bind(user).all::<AuthenticatorRow>().await?;
    Ok(rows.into_iter().filter_map(AuthenticatorRow::into_authenticator).collect())
}

/// As [`of_user`], in a write that holds the person.
pub async fn held_by(tx: &mut Tx, user: UserId) -> Result<Vec<Authenticator>, Fault> {
    let sql =
        concat!("SELECT ", columns!(), " FROM authenticators WHERE user_id = $1 AND removed_at IS NULL ORDER BY id");
    let rows = tx.sql(sql).bind(user).all::<AuthenticatorRow>().await?;
    Ok(rows.into_iter().filter_map(AuthenticatorRow::into_authenticator).collect())
}

/// The passkey of this name.
pub async fn passkey(db: &Db, passkey_id: &str) -> Result<Option<Authenticator>, Fault> {
    let sql = concat!("SELECT ", columns!(), " FROM authenticators WHERE passkey_id = $1 AND removed_at IS NULL");
    let row = db.read().await?.sql(sql).bind(passkey_id).optional::<AuthenticatorRow>().await?;
    Ok(row.and_then(AuthenticatorRow::into_authenticator))
}

const CODES_LEFT: &str = "SELECT COUNT(*) FROM recovery_codes c JOIN authenticators a ON a.id = c.authenticator_id
                          WHERE a.user_id = $1 AND a.removed_at IS NULL AND c.used_at IS NULL";

/// How many recovery codes of a person are left.
pub async fn codes_left(db: &Db, user: UserId) -> Result<i64, Fault> {
    db.read().await?.sql(CODES_LEFT).bind(user).scalar::<i64>().await
}

/// As [`codes_left`], in a write.
pub async fn left_of(tx: &mut Tx, user: UserId) -> Result<i64, Fault> {
    tx.sql(CODES_LEFT).bind(user).scalar::<i64>().await
}

/// Whether this is a recovery code of the set that is left.
pub async fn knows_code(db: &Db, id: CredentialId, digest: &[u8; 32]) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM recovery_codes WHERE authenticator_id = $1 AND digest = $2 AND used_at IS NULL";
    Ok(db.read().await?.sql(sql).bind(id).bind(&digest[..]).scalar::<i64>().await? == 1)
}

/// Writes a new one; false when there is a passkey of this name already.
pub async fn insert(tx: &mut Tx, own: &Authenticator) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "INSERT INTO authenticators (id, user_id, kind, name, sealed, passkey_id, device_bound, counter, disabled,
                                         address, created_at, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
        )
        .bind(own.id)
        .bind(own.user)
        .bind(own.kind.as_str())
        .bind(own.name.clone())
        .bind(own.sealed.clone())
        .bind(own.passkey_id.clone())
        .bind(own.device_bound)
        .bind(own.counter)
        .bind(own.disabled)
        .bind(own.address.clone())
        .bind(own.created_at)
        .bind(own.last_used_at)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Writes the codes of a set.
pub async fn insert_codes(tx: &mut Tx, id: CredentialId, digests: &[[u8; 32]]) -> Result<(), Fault> {
    for digest in digests {
        let sql = "INSERT INTO recovery_codes (digest, authenticator_id) VALUES ($1, $2)";
        tx.sql(sql).bind(&digest[..]).bind(id).execute().await?;
    }
    Ok(())
}

/// How many codes of a set are left, in a write that used one up.
pub async fn left_in(tx: &mut Tx, id: CredentialId) -> Result<i64, Fault> {
    let sql = "SELECT COUNT(*) FROM recovery_codes WHERE authenticator_id = $1 AND used_at IS NULL";
    tx.sql(sql).bind(id).scalar::<i64>().await
}

/// How many of a kind a person has, in a write that holds the person.
pub async fn count(tx: &mut Tx, user: UserId, kind: Kind) -> Result<i64, Fault> {
    let sql = "SELECT COUNT(*) FROM authenticators WHERE user_id = $1 AND kind = $2 AND removed_at IS NULL";
    tx.sql(sql).bind(user).bind(kind.as_str()).scalar::<i64>().await
}

/// Takes away what a person has of a kind; gives what that was.
pub async fn remove_kind(tx: &mut Tx, user: UserId, kind: Kind, now: Time) -> Result<Vec<CredentialId>, Fault> {
    let sql = "SELECT id FROM authenticators WHERE user_id = $1 AND kind = $2 AND removed_at IS NULL";
    let ids = tx.sql(sql).bind(user).bind(kind.as_str()).all::<(CredentialId,)>().await?;
    for (id,) in &ids {
        remove(tx, user, *id, now).await?;
    }
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// Takes one away, with what it was good for; false when the person has none of this id.
pub async fn remove(tx: &mut Tx, user: UserId, id: CredentialId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE authenticators SET removed_at = $3, sealed = NULL, passkey_id = NULL
               WHERE id = $1 AND user_id = $2 AND removed_at IS NULL";
    let removed = tx.sql(sql).bind(id).bind(user).bind(now).execute().await? == 1;
    if removed {
        tx.sql("DELETE FROM recovery_codes WHERE authenticator_id = $1").bind(id).execute().await?;
    }
    Ok(removed)
}

/// Gives one another name; false when the person has none of this id.
pub async fn rename(tx: &mut Tx, user: UserId, id: CredentialId, name: &str) -> Result<bool, Fault> {
    let sql = "UPDATE authenticators SET name = $3 WHERE id = $1 AND user_id = $2 AND removed_at IS NULL";
    Ok(tx.sql(sql).bind(id).bind(user).bind(name).execute().await? == 1)
}

/// Puts one out of use, after too many failures; gives whose it is and what it is called, unless it was before.
pub async fn disable(tx: &mut Tx, id: CredentialId) -> Result<Option<(UserId, String)>, Fault> {
    let sql = "UPDATE authenticators SET disabled = TRUE WHERE id = $1 AND disabled = FALSE RETURNING user_id, name";
    tx.sql(sql).bind(id).optional::<(UserId, String)>().await
}

/// Uses something up; false when it was used before, or what it belongs to is gone or out of use.
pub async fn spend(tx: &mut Tx, used: &Use, now: Time) -> Result<bool, Fault> {
    match used {
        Use::Step { id, step } => grow(tx, *id, *step, now).await,
        Use::Challenge { id, digest, count, until } => {
            let sql = "INSERT INTO spent_challenges (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            let first = tx.sql(sql).bind(&digest[..]).bind(*until).execute().await? == 1;
            Ok(first && grow(tx, *id, i64::from(*count), now).await?)
        }
        Use::Code { id, digest } => {
            let sql =
                "UPDATE authenticators SET last_used_at = $2 WHERE id = $1 AND removed_at IS NULL AND disabled = FALSE";
            let live = tx.sql(sql).bind(*id).bind(now).execute().await? == 1;
            let sql = "UPDATE recovery_codes SET used_at = $3
                       WHERE authenticator_id = $1 AND digest = $2 AND used_at IS NULL";
            Ok(live && tx.sql(sql).bind(*id).bind(&digest[..]).bind(now).execute().await? == 1)
        }
    }
}

/// Moves a counter on: it grows, but for a passkey that counts nothing.
async fn grow(tx: &mut Tx, id: CredentialId, to: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE authenticators SET counter = $2, last_used_at = $3
               WHERE id = $1 AND removed_at IS NULL AND disabled = FALSE
                 AND (counter IS NULL OR counter < $2 OR (counter = 0 AND $2 = 0))";
    Ok(tx.sql(sql).bind(id).bind(to).bind(now).execute().await? == 1)
}

/// Whether each of these still is something the person proves themselves with: the password, what was added, or who they are
/// elsewhere.
pub async fn are_good(tx: &mut Tx, user: UserId, credentials: &[CredentialId]) -> Result<bool, Fault> {
    for id in credentials {
        let sql = "SELECT (SELECT COUNT(*) FROM users WHERE id = $1 AND password_disabled = FALSE
                           AND password_hash IS NOT NULL AND must_change_password = FALSE AND COALESCE(password_id, id) = $2)
                        + (SELECT COUNT(*) FROM authenticators WHERE user_id = $1 AND id = $2
                           AND removed_at IS NULL AND disabled = FALSE)
                        + (SELECT COUNT(*) FROM identities WHERE user_id = $1 AND id = $2)";
        if tx.sql(sql).bind(user).bind(*id).scalar::<i64>().await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
