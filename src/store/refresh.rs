//! Refresh families.

use super::db::{Db, Fault, Tx};
use super::grant::{GrantRow, grant_columns};
use super::session::{SessionRow, session_columns};
use crate::base::clock::Time;
use crate::base::id::{FamilyId, GrantId};
use crate::domain::refresh::{Family, Found};
use crate::domain::revocation::EndReason;

#[derive(sqlx::FromRow)]
struct Joined {
    id: FamilyId,
    grant_id: GrantId,
    generation: i64,
    previous: Option<i64>,
    rotated_at: Time,
    created_at: Time,
    expires_at: Time,
    end_reason: Option<String>,
    #[sqlx(flatten)]
    grant: GrantRow,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// The family with what it hangs on, in one read.
pub async fn presented(db: &Db, id: FamilyId) -> Result<Option<Found>, Fault> {
    let sql = concat!(
        "SELECT f.id, f.grant_id, f.generation, f.previous, f.rotated_at, f.created_at, f.expires_at, f.end_reason, ",
        grant_columns!(),
        ", ",
        session_columns!(),
        " FROM refresh_families f JOIN grants g ON g.id = f.grant_id JOIN sessions s ON s.id = g.session_id WHERE f.id = $1"
    );
    let Some(row) = db.read().await?.sql(sql).bind(id).optional::<Joined>().await? else { return Ok(None) };
    let ended = row.end_reason.map(|text| {
        EndReason::named(&text)
            .ok_or_else(|| Fault::contradiction("refresh family", format!("{}: unknown end reason", row.id)))
    });
    let family = Family {
        id: row.id,
        grant: row.grant_id,
        generation: row.generation,
        previous: row.previous,
        rotated_at: row.rotated_at,
        created_at: row.created_at,
        expires_at: row.expires_at,
        ended: ended.transpose()?,
    };
    Ok(Some(Found { family, grant: row.grant.into_grant()?, session: row.session.into_session()? }))
}

pub async fn insert(tx: &mut Tx, family: &Family) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO refresh_families (id, grant_id, generation, previous, rotated_at, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(family.id)
    .bind(family.grant)
    .bind(family.generation)
    .bind(family.previous)
    .bind(family.rotated_at)
    .bind(family.created_at)
    .bind(family.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Makes `next` the good generation, made by the use of `used`; false when the family is no longer as it was found, or
/// what it hangs on ended meanwhile.
pub async fn advance(tx: &mut Tx, found: &Family, used: i64, next: i64, now: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE refresh_families SET generation = $3, previous = $4, rotated_at = $5
             WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND EXISTS (
                 SELECT 1 FROM grants g JOIN sessions s ON s.id = g.session_id
                 WHERE g.id = refresh_families.grant_id AND g.ended_at IS NULL AND s.ended_at IS NULL)",
        )
        .bind(found.id)
        .bind(found.generation)
        .bind(next)
        .bind(used)
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}
