//! What other providers said: words that count once, and the hints for the way out.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::base::secret::Digest;

/// Takes a word once; false when it was taken before.
pub async fn take(tx: &mut Tx, word: Digest, expires_at: Time) -> Result<bool, Fault> {
    let sql = "INSERT INTO upstream_words (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(tx.sql(sql).bind(word).bind(expires_at).execute().await? == 1)
}

/// Keeps the sealed hint of a session, in place of an earlier one, which may be of another provider.
pub async fn keep_hint(tx: &mut Tx, session: SessionId, sealed: Option<Vec<u8>>) -> Result<(), Fault> {
    let Some(sealed) = sealed else {
        tx.sql("DELETE FROM upstream_hints WHERE session_id = $1").bind(session).execute().await?;
        return Ok(());
    };
    let sql = "INSERT INTO upstream_hints (session_id, sealed) VALUES ($1, $2)
               ON CONFLICT (session_id) DO UPDATE SET sealed = EXCLUDED.sealed";
    tx.sql(sql).bind(session).bind(sealed).execute().await?;
    Ok(())
}

pub async fn hint(db: &Db, session: SessionId) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "SELECT sealed FROM upstream_hints WHERE session_id = $1";
    Ok(db.read().await?.sql(sql).bind(session).optional::<(Vec<u8>,)>().await?.map(|(sealed,)| sealed))
}
