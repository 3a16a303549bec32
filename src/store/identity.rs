//! Who people are at other providers.

use super::db::{Db, Fault, Tx};
use super::session::open_at;
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::domain::identity::{Identity, Realm};

#[derive(sqlx::FromRow)]
struct IdentityRow {
    id: CredentialId,
    issuer: String,
    subject: String,
    user_id: UserId,
    label: Option<String>,
    made_person: bool,
    created_at: Time,
    last_used_at: Time,
}

impl From<IdentityRow> for Identity {
    fn from(row: IdentityRow) -> Self {
        let IdentityRow { id, issuer, subject, user_id, label, made_person, created_at, last_used_at } = row;
        Self { id, realm: Realm::kept(issuer), subject, user: user_id, label, made_person, created_at, last_used_at }
    }
}

macro_rules! identity_columns {
    () => {
        "id, issuer, subject, user_id, label, made_person, created_at, last_used_at"
    };
}

/// By the one key there is.
pub async fn find(db: &Db, realm: &Realm, subject: &str) -> Result<Option<Identity>, Fault> {
    let sql = concat!("SELECT ", identity_columns!(), " FROM identities WHERE issuer = $1 AND subject = $2");
    let mut read = db.read().await?;
    let query = read.sql(sql).bind(realm.to_string()).bind(subject.to_owned());
    Ok(query.optional::<IdentityRow>().await?.map(Identity::from))
}

/// Those of a person, oldest first.
pub async fn of_user(db: &Db, user: UserId) -> Result<Vec<Identity>, Fault> {
    let sql = concat!("SELECT ", identity_columns!(), " FROM identities WHERE user_id = $1 ORDER BY id");
    Ok(db.read().await?.sql(sql).bind(user).all::<IdentityRow>().await?.into_iter().map(Identity::from).collect())
}

/// Whether a person is known in this realm.
pub async fn has(db: &Db, user: UserId, realm: &Realm) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM identities WHERE user_id = $1 AND issuer = $2";
    Ok(db.read().await?.sql(sql).bind(user).bind(realm.to_string()).scalar::<i64>().await? > 0)
}

/// Those of a realm whose people are signed in, by person, with their subject.
pub async fn signed_in(
    db: &Db,
    realm: &Realm,
    (after, now): (Option<UserId>, Time),
    limit: i64,
) -> Result<Vec<(UserId, String)>, Fault> {
    let sql = concat!(
        "SELECT i.user_id, i.subject FROM identities i
         WHERE ($1 IS NULL OR i.user_id > $1) AND i.issuer = $2 AND EXISTS (
             SELECT 1 FROM sessions s WHERE s.user_id = i.user_id AND ",
        open_at!("s.", "$3"),
        ") ORDER BY i.user_id, i.id LIMIT $4"
    );
    let mut read = db.read().await?;
    read.sql(sql).bind(after).bind(realm.to_string()).bind(now).bind(limit).all::<(UserId, String)>().await
}

/// False when somebody has it already.
pub async fn insert(tx: &mut Tx, identity: &Identity) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "INSERT INTO identities (id, issuer, subject, user_id, label, made_person, created_at, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(identity.id)
        .bind(identity.realm.to_string())
        .bind(identity.subject.clone())
        .bind(identity.user)
        .bind(identity.label.clone())
        .bind(identity.made_person)
        .bind(identity.created_at)
        .bind(identity.last_used_at)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Notes that it was used now, under this name.
pub async fn note_use(tx: &mut Tx, id: CredentialId, label: Option<String>, now: Time) -> Result<(), Fault> {
    let sql = "UPDATE identities SET last_used_at = $2, label = $3 WHERE id = $1";
    tx.sql(sql).bind(id).bind(now).bind(label).execute().await?;
    Ok(())
}

/// False when it is not that person's.
pub async fn delete(tx: &mut Tx, user: UserId, id: CredentialId) -> Result<bool, Fault> {
    let sql = "DELETE FROM identities WHERE id = $1 AND user_id = $2";
    Ok(tx.sql(sql).bind(id).bind(user).execute().await? == 1)
}

/// How many of those of a person are in realms that let people in now: those of the providers, and that of the directory.
pub async fn ways_in(tx: &mut Tx, user: UserId, directory: Option<&Realm>) -> Result<usize, Fault> {
    let sql = "SELECT issuer FROM identities WHERE user_id = $1";
    let known = tx.sql(sql).bind(user).all::<(String,)>().await?;
    let known: Vec<_> = known.into_iter().map(|(issuer,)| Realm::kept(issuer)).collect();
    let open = if known.is_empty() { Vec::new() } else { super::provider::enabled_realms(tx).await? };
    Ok(known.iter().filter(|realm| open.contains(realm) || directory == Some(realm)).count())
}
