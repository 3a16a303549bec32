//! Links that were mailed.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::{ChangeId, CredentialId, UserId};
use crate::base::secret::Digest;
use crate::domain::link::{Errand, Link};

#[derive(sqlx::FromRow)]
struct LinkRow {
    user_id: Option<UserId>,
    purpose: String,
    password_id: Option<CredentialId>,
    address: Option<String>,
    change_id: Option<ChangeId>,
    created_at: Time,
    expires_at: Time,
    used_at: Option<Time>,
}

impl LinkRow {
    fn into_link(self, digest: Digest) -> Result<Link, Fault> {
        Ok(Link {
            digest,
            user: self.user_id,
            errand: Errand::named(&self.purpose).ok_or_else(|| Fault::contradiction("link", "unknown purpose"))?,
            password: self.password_id,
            address: self.address,
            change: self.change_id,
            created_at: self.created_at,
            expires_at: self.expires_at,
            used_at: self.used_at,
        })
    }
}

macro_rules! link_by_digest {
    () => {
        "SELECT user_id, purpose, password_id, address, change_id, created_at, expires_at, used_at FROM links
         WHERE digest = $1"
    };
}

pub async fn find(db: &Db, digest: Digest) -> Result<Option<Link>, Fault> {
    let row = db.read().await?.sql(link_by_digest!()).bind(digest).optional::<LinkRow>().await?;
    row.map(|row| row.into_link(digest)).transpose()
}

/// Marks a link as used, unless it is or its time is over; gives what it was for.
pub async fn spend(tx: &mut Tx, digest: Digest, now: Time) -> Result<Option<Link>, Fault> {
    let sql = "UPDATE links SET used_at = $2 WHERE digest = $1 AND used_at IS NULL AND expires_at > $2";
    if tx.sql(sql).bind(digest).bind(now).execute().await? == 0 {
        return Ok(None);
    }
    let link = tx.sql(link_by_digest!()).bind(digest).one::<LinkRow>().await?.into_link(digest)?;
    Ok(Some(Link { used_at: None, ..link }))
}

/// Writes a link in place of those of this person that are for the same and not used. The person must be held where two
/// such links at once would do harm. One of nobody takes the place of an older one of nobody: it costs as much.
pub async fn replace(tx: &mut Tx, link: &Link) -> Result<(), Fault> {
    let errand = link.errand.as_str();
    if let Some(user) = link.user {
        let sql = "DELETE FROM links WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL";
        tx.sql(sql).bind(user).bind(errand).execute().await?;
    } else {
        let sql = "DELETE FROM links WHERE digest IN (
                       SELECT digest FROM links WHERE user_id IS NULL AND purpose = $1 LIMIT 1)";
        tx.sql(sql).bind(errand).execute().await?;
    }
    tx.sql(
        "INSERT INTO links (digest, user_id, purpose, password_id, address, change_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(link.digest)
    .bind(link.user)
    .bind(link.errand.as_str())
    .bind(link.password)
    .bind(link.address.clone())
    .bind(link.change)
    .bind(link.created_at)
    .bind(link.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Deletes what a person has not yet said yes to of a change of address, so that it never happens. They must be held.
pub async fn stop_change(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    let sql = "DELETE FROM links WHERE user_id = $1 AND purpose IN ('leave', 'take') AND used_at IS NULL";
    tx.sql(sql).bind(user).execute().await?;
    Ok(())
}

/// Deletes every link of a person that was mailed and not used. They must be held.
pub async fn stop_mailed(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    let sql = "DELETE FROM links WHERE user_id = $1 AND purpose <> 'renew' AND used_at IS NULL";
    tx.sql(sql).bind(user).execute().await?;
    Ok(())
}

/// How many confirmations of a change are missing.
pub async fn missing(tx: &mut Tx, change: ChangeId) -> Result<i64, Fault> {
    tx.sql("SELECT COUNT(*) FROM links WHERE change_id = $1 AND used_at IS NULL").bind(change).scalar().await
}

/// The new address of a change.
pub async fn taken(tx: &mut Tx, change: ChangeId) -> Result<Option<String>, Fault> {
    let sql = "SELECT address FROM links WHERE change_id = $1 AND purpose = 'take'";
    Ok(tx.sql(sql).bind(change).optional::<(Option<String>,)>().await?.and_then(|(address,)| address))
}
