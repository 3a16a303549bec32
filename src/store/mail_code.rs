//! Codes that were mailed for a sign-in.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::{MailCodeId, UserId};

/// A code as it is kept.
pub struct MailCode {
    pub id: MailCodeId,
    /// `None` for one that was never sent to anybody.
    pub user: Option<UserId>,
    /// A PHC string.
    pub hash: String,
    pub expires_at: Time,
}

pub async fn insert(tx: &mut Tx, code: &MailCode) -> Result<(), Fault> {
    tx.sql("INSERT INTO mail_codes (id, user_id, code_hash, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(code.id)
        .bind(code.user)
        .bind(code.hash.clone())
        .bind(code.expires_at)
        .execute()
        .await?;
    Ok(())
}

/// The person and the hash of a code that can be used now.
pub async fn usable(db: &Db, id: MailCodeId, now: Time) -> Result<Option<(UserId, String)>, Fault> {
    let sql = "SELECT user_id, code_hash FROM mail_codes
               WHERE id = $1 AND user_id IS NOT NULL AND used_at IS NULL AND expires_at > $2";
    db.read().await?.sql(sql).bind(id).bind(now).optional::<(UserId, String)>().await
}

/// Deletes every code of a person that was not used. They must be held.
pub async fn stop(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    tx.sql("DELETE FROM mail_codes WHERE user_id = $1 AND used_at IS NULL").bind(user).execute().await?;
    Ok(())
}

/// Marks a code as used; false when it was used before, or its time is over.
pub async fn spend(tx: &mut Tx, id: MailCodeId, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE mail_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
    Ok(tx.sql(sql).bind(id).bind(now).execute().await? == 1)
}
