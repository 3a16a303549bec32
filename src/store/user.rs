//! People.

use serde_json::{Map, Value};
use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::domain::mail::address_key;
use crate::domain::session::Session;
use crate::domain::user::{Password, User, username_key};

#[derive(sqlx::FromRow)]
struct UserRow {
    id: UserId,
    username: String,
    password_hash: Option<String>,
    password_id: Option<CredentialId>,
    password_disabled: bool,
    must_change_password: bool,
    disabled: bool,
    roles: Json<Vec<String>>,
    required_acr: Option<String>,
    claims: Json<Map<String, Value>>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow { id, username, password_disabled, must_change_password, disabled, required_acr, .. } = row;
        let version = row.version;
        let (roles, claims) = (row.roles.0, row.claims.0);
        let (created_at, updated_at) = (row.created_at, row.updated_at);
        // The first password of a person may be older than the ids of passwords.
        let password_id = row.password_id.unwrap_or(CredentialId(id.0));
        Self {
            id,
            username,
            password: row.password_hash.map(|hash| Password { id: password_id, hash }),
            password_disabled,
            must_change_password,
            disabled,
            roles,
            required_acr,
            claims,
            version,
            created_at,
            updated_at,
        }
    }
}

macro_rules! user_columns {
    () => {
        "id, username, password_hash, password_id, password_disabled, must_change_password, disabled, roles, claims, \
         version, created_at, updated_at, required_acr"
    };
}

pub async fn by_id(db: &Db, id: UserId) -> Result<Option<User>, Fault> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");
    Ok(db.read().await?.sql(sql).bind(id).optional::<UserRow>().await?.map(User::from))
}

/// As [`by_id`], in a write.
pub async fn read(tx: &mut Tx, id: UserId) -> Result<Option<User>, Fault> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");
    Ok(tx.sql(sql).bind(id).optional::<UserRow>().await?.map(User::from))
}

/// The person behind a session; `None` for a machine's, and when the person is gone.
pub async fn of_session(db: &Db, session: &Session) -> Result<Option<User>, Fault> {
    match session.subject.person() {
        Some(user) => by_id(db, user).await,
        None => Ok(None),
    }
}

/// Names that differ only in case or compatibility form are one name.
pub async fn by_username(db: &Db, username: &str) -> Result<Option<User>, Fault> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE username_key = $1");
    Ok(db.read().await?.sql(sql).bind(username_key(username)).optional::<UserRow>().await?.map(User::from))
}

/// The people who may recover their account by this address, at most `limit`. Whoever may not has no key when they are
/// written, so that they crowd nobody out; older rows have one, so ask each.
pub async fn by_email(db: &Db, address: &str, limit: i64) -> Result<Vec<User>, Fault> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE email_key = $1 ORDER BY id LIMIT $2");
    let rows = db.read().await?.sql(sql).bind(address_key(address)).bind(limit).all::<UserRow>().await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// One page, oldest first, of people younger than `after`.
pub async fn page(db: &Db, username: Option<&str>, after: Option<UserId>, limit: i64) -> Result<Vec<User>, Fault> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE ($1 IS NULL OR id > $1) AND ($2 IS NULL OR username_key = $2) ORDER BY id LIMIT $3"
    );
    let rows =
        db.read().await?.sql(sql).bind(after).bind(username.map(username_key)).bind(limit).all::<UserRow>().await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// Writes a new person; false when the name is taken.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "INSERT INTO users (id, username, username_key, password_hash, password_disabled, disabled, roles, claims,
                                version, created_at, updated_at, password_id, required_acr, must_change_password, email_key)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
        )
        .bind(user.id)
        .bind(user.username.clone())
        .bind(username_key(&user.username))
        .bind(user.password.as_ref().map(|password| password.hash.clone()))
        .bind(user.password_disabled)
        .bind(user.disabled)
        .bind(Json(user.roles.clone()))
        .bind(Json(user.claims.clone()))
        .bind(user.version)
        .bind(user.created_at)
        .bind(user.password.as_ref().map(|password| password.id))
        .bind(user.required_acr.clone())
        .bind(user.must_change_password)
        .bind(user.recovery_address().map(address_key))
        .execute()
        .await?;
    Ok(changed == 1)
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    Done,
    /// Somebody changed or removed the row since it was read.
    Stale,
    /// Another person has that name.
    Taken,
}

/// Writes everything but the password, if the row still has the version before `user.version`.
pub async fn update(tx: &mut Tx, user: &User) -> Result<Update, Fault> {
    let key = username_key(&user.username);
    let sql = "SELECT COUNT(*) FROM users WHERE username_key = $1 AND id <> $2";
    if tx.sql(sql).bind(key.clone()).bind(user.id).scalar::<i64>().await? > 0 {
        return Ok(Update::Taken);
    }
    let changed = tx
        .sql(
            "UPDATE users SET username = $3, username_key = $4, disabled = $5, roles = $6, claims = $7, version = $2,
                              updated_at = $8, required_acr = $9, must_change_password = $10, email_key = $11
             WHERE id = $1 AND version = $2 - 1",
        )
        .bind(user.id)
        .bind(user.version)
        .bind(user.username.clone())
        .bind(key)
        .bind(user.disabled)
        .bind(Json(user.roles.clone()))
        .bind(Json(user.claims.clone()))
        .bind(user.updated_at)
        .bind(user.required_acr.clone())
        .bind(user.must_change_password)
        .bind(user.recovery_address().map(address_key))
        .execute()
        .await?;
    Ok(if changed == 1 { Update::Done } else { Update::Stale })
}

/// What became of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordSet {
    /// The one it took the place of, if there was one.
    Done(Option<CredentialId>),
    /// There is no such person in this version, any if none is given.
    Stale,
}

/// Sets a new password.
pub async fn set_password(
    tx: &mut Tx,
    id: UserId,
    password: &Password,
    version: Option<i64>,
    now: Time,
) -> Result<PasswordSet, Fault> {
    // Held before it is read: of two who change it at once the second takes the first one's place.
    let sql = "UPDATE users SET version = version WHERE id = $1 AND ($2 IS NULL OR version = $2)";
    if tx.sql(sql).bind(id).bind(version).execute().await? == 0 {
        return Ok(PasswordSet::Stale);
    }
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");
    let replaced = User::from(tx.sql(sql).bind(id).one::<UserRow>().await?).password;
    tx.sql(
        "UPDATE users SET password_hash = $2, password_id = $4, password_disabled = FALSE,
                          must_change_password = FALSE, version = version + 1, updated_at = $3
             WHERE id = $1",
    )
    .bind(id)
    .bind(password.hash.clone())
    .bind(now)
    .bind(password.id)
    .execute()
    .await?;
    Ok(PasswordSet::Done(replaced.map(|password| password.id)))
}

/// Notes that a person's address is theirs; false when they have another one than this.
pub async fn verify_email(tx: &mut Tx, id: UserId, address: Option<&str>, now: Time) -> Result<bool, Fault> {
    let Some(user) = read(tx, id).await?.filter(|user| address.is_some() && user.email() == address) else {
        return Ok(false);
    };
    if user.claims.get("email_verified") == Some(&Value::Bool(true)) {
        return Ok(true);
    }
    let mut claims = user.claims.clone();
    claims.insert("email_verified".into(), true.into());
    let changed = User { claims, version: user.version + 1, updated_at: now, ..user };
    Ok(update(tx, &changed).await? == Update::Done)
}

/// Gives a person another address, which was confirmed; false when they are gone.
pub async fn change_email(tx: &mut Tx, id: UserId, address: &str, now: Time) -> Result<bool, Fault> {
    let Some(user) = read(tx, id).await? else { return Ok(false) };
    let mut claims = user.claims.clone();
    claims.insert("email".into(), address.into());
    claims.insert("email_verified".into(), true.into());
    let changed = User { claims, version: user.version + 1, updated_at: now, ..user };
    Ok(update(tx, &changed).await? == Update::Done)
}

/// Removes a person with their consents; false when they are not there in this version, any if none is given.
pub async fn delete(tx: &mut Tx, id: UserId, version: Option<i64>) -> Result<bool, Fault> {
    let sql = "DELETE FROM users WHERE id = $1 AND ($2 IS NULL OR version = $2)";
    let deleted = tx.sql(sql).bind(id).bind(version).execute().await? == 1;
    if deleted {
        tx.sql("DELETE FROM links WHERE user_id = $1").bind(id).execute().await?;
    }
    Ok(deleted)
}

/// Whether the person may begin a session, held so until this write is over: sign-ins of one person wait for each other,
/// and one that comes while the person is disabled or removed, or the password changed, sees it.
pub async fn hold_for_sign_in(tx: &mut Tx, id: UserId) -> Result<bool, Fault> {
    let sql = "UPDATE users SET version = version WHERE id = $1 AND disabled = FALSE";
    Ok(tx.sql(sql).bind(id).execute().await? == 1)
}

/// The roles of a person who is held.
pub async fn roles(tx: &mut Tx, id: UserId) -> Result<Vec<String>, Fault> {
    Ok(tx.sql("SELECT roles FROM users WHERE id = $1").bind(id).one::<(Json<Vec<String>>,)>().await?.0.0)
}

/// Holds a person until this write is over, so that whatever is counted per person is counted once at a time; always
/// before any of their sessions is held.
pub async fn hold(tx: &mut Tx, id: UserId) -> Result<(), Fault> {
    tx.sql("UPDATE users SET version = version WHERE id = $1").bind(id).execute().await?;
    Ok(())
}

/// Puts the password out of use until a new one is set; false when it was before.
pub async fn disable_password(tx: &mut Tx, id: UserId) -> Result<bool, Fault> {
    let sql = "UPDATE users SET password_disabled = TRUE WHERE id = $1 AND password_disabled = FALSE";
    Ok(tx.sql(sql).bind(id).execute().await? == 1)
}
