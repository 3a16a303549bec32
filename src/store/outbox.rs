//! The outbox: what ended, in the order in which it was committed, and how far each projection has read.

use super::db::{Db, Fault, Tx};
use super::grant::read_scope;
use super::lease;
use crate::base::clock::Time;
use crate::base::id::{GrantId, RevocationId, SessionId, UserId};
use crate::domain::delivery::{Member, Projection, Stand};
use crate::domain::revocation::{End, EndReason, Initiator, Recorded, Revocation, Revoked, Scope, What};
use crate::domain::session::Kind;
use crate::protocol::scope::OPENID;

/// The columns of [`OutboxRow`], for statements in which the outbox is called `o`.
macro_rules! outbox_columns {
    () => {
        "o.id AS o_id, o.position AS o_position, o.recorded_at AS o_recorded_at, o.at AS o_at, o.what AS o_what, \
         o.scope AS o_scope, o.session_id AS o_session_id, o.grant_id AS o_grant_id, o.user_id AS o_user_id, \
         o.client_id AS o_client_id, o.jti AS o_jti, o.reason AS o_reason, o.initiator AS o_initiator"
    };
}
pub(super) use outbox_columns;

/// A row of the outbox that has its position.
#[derive(sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "the prefix keeps the columns of joined tables apart")]
pub(super) struct OutboxRow {
    o_id: RevocationId,
    o_position: i64,
    o_recorded_at: Time,
    o_at: Time,
    o_what: String,
    o_scope: String,
    o_session_id: SessionId,
    o_grant_id: Option<GrantId>,
    o_user_id: Option<UserId>,
    o_client_id: Option<String>,
    o_jti: Option<String>,
    o_reason: String,
    o_initiator: String,
}

impl OutboxRow {
    pub(super) fn into_recorded(self) -> Result<Recorded, Fault> {
        let wrong = |what| Fault::contradiction("outbox", format!("{}: {what}", self.o_id));
        let session = self.o_session_id;
        let what = What::named(&self.o_what).ok_or_else(|| wrong("unknown kind"))?;
        let revoked = match (what, self.o_grant_id, self.o_client_id.clone(), self.o_jti) {
            (What::SessionEnded, None, _, None) => Revoked::Session(session),
            (What::GrantEnded, Some(grant), Some(client_id), None) => Revoked::Grant { session, grant, client_id },
            (What::TokenRevoked, None, Some(client_id), Some(jti)) => Revoked::Token { session, client_id, jti },
            _ => return Err(wrong("the columns do not fit the kind")),
        };
        let end = End {
            at: self.o_at,
            reason: EndReason::named(&self.o_reason).ok_or_else(|| wrong("unknown reason"))?,
            initiator: Initiator::named(&self.o_initiator).ok_or_else(|| wrong("unknown initiator"))?,
        };
        let scope = Scope::named(&self.o_scope).ok_or_else(|| wrong("unknown scope"))?;
        let revocation = Revocation { id: self.o_id, recorded_at: self.o_recorded_at, revoked, scope, end };
        Ok(Recorded { position: self.o_position, revocation, user: self.o_user_id, client_id: self.o_client_id })
    }
}

/// Writes down that something ended, in the write that ends it; those who tell others are woken once it is committed.
/// Whose it was is taken from the session.
pub async fn record(tx: &mut Tx, revocation: &Revocation) -> Result<(), Fault> {
    let (grant, client_id, jti) = match &revocation.revoked {
        Revoked::Session(_) => (None, None, None),
        Revoked::Grant { grant, client_id, .. } => (Some(*grant), Some(client_id.clone()), None),
        Revoked::Token { client_id, jti, .. } => (None, Some(client_id.clone()), Some(jti.clone())),
    };
    tx.sql(
        "INSERT INTO outbox (id, recorded_at, at, what, scope, session_id, grant_id, user_id, client_id, jti, reason,
                             initiator)
         SELECT $1, $2, $3, $4, $5, s.id, $7, s.user_id, COALESCE($8, s.client_id), $9, $10, $11
         FROM sessions s WHERE s.id = $6",
    )
    .bind(revocation.id)
    .bind(revocation.recorded_at)
    .bind(revocation.end.at)
    .bind(revocation.revoked.what().as_str())
    .bind(revocation.scope.as_str())
    .bind(revocation.revoked.session())
    .bind(grant)
    .bind(client_id)
    .bind(jti)
    .bind(revocation.end.reason.as_str())
    .bind(revocation.end.initiator.as_str())
    .execute()
    .await?;
    tx.ring();
    Ok(())
}

/// Whether rows wait for their position.
pub async fn has_unplaced(db: &Db) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE position IS NULL LIMIT 1) AS one";
    Ok(db.read().await?.sql(sql).scalar::<i64>().await? > 0)
}

/// Gives positions to committed rows that have none, at most `limit`, above every position that was ever given. One node
/// does so at a time.
pub async fn place(tx: &mut Tx, now: Time, limit: i64) -> Result<u64, Fault> {
    lease::take(tx, "outbox", now, now).await?;
    let last = "SELECT COALESCE(MAX(position), 0) FROM outbox";
    let last: i64 = tx.sql(last).scalar().await?;
    // Rows that everybody has read may be gone.
    let read = "SELECT COALESCE(MAX(cursor), 0) FROM projections";
    let read: i64 = tx.sql(read).scalar().await?;
    let sql = "UPDATE outbox SET position = $1 + placed.turn
               FROM (SELECT id AS row_id, ROW_NUMBER() OVER (ORDER BY at, what, id) AS turn FROM
                         (SELECT id, at, what FROM outbox WHERE position IS NULL ORDER BY id LIMIT $2) AS unplaced) AS placed
               WHERE outbox.id = placed.row_id";
    tx.sql(sql).bind(last.max(read)).bind(limit).execute().await
}

/// How far a projection has read.
pub async fn cursor(db: &Db, projection: Projection) -> Result<i64, Fault> {
    let sql = "SELECT cursor FROM projections WHERE name = $1";
    db.read().await?.sql(sql).bind(projection.as_str()).scalar().await
}

/// Moves a projection on; false when somebody else has moved it meanwhile. Held until the write is over.
pub async fn advance(tx: &mut Tx, projection: Projection, from: i64, to: i64) -> Result<bool, Fault> {
    let sql = "UPDATE projections SET cursor = $3 WHERE name = $1 AND cursor = $2";
    Ok(tx.sql(sql).bind(projection.as_str()).bind(from).bind(to).execute().await? == 1)
}

/// What comes after a position, in order.
pub async fn after(db: &Db, position: i64, limit: i64) -> Result<Vec<Recorded>, Fault> {
    let sql =
        concat!("SELECT ", outbox_columns!(), " FROM outbox o WHERE o.position > $1 ORDER BY o.position LIMIT $2");
    let rows = db.read().await?.sql(sql).bind(position).bind(limit).all::<OutboxRow>().await?;
    rows.into_iter().map(OutboxRow::into_recorded).collect()
}

/// When the oldest row that a projection has not read was written.
pub async fn oldest_unread(db: &Db, projection: Projection) -> Result<Option<Time>, Fault> {
    let sql = "SELECT MIN(recorded_at) FROM outbox
               WHERE position IS NULL OR position > (SELECT cursor FROM projections WHERE name = $1)";
    db.read().await?.sql(sql).bind(projection.as_str()).scalar::<Option<Time>>().await
}

#[derive(sqlx::FromRow)]
struct StandRow {
    kind: String,
    ended_at: Option<Time>,
    origin: Option<SessionId>,
    origin_ended_at: Option<Time>,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    id: GrantId,
    client_id: String,
    scope: String,
    ended_at: Option<Time>,
}

/// A session as it stands; `None` when its row is gone.
pub async fn stand(db: &Db, session: SessionId) -> Result<Option<Stand>, Fault> {
    let sql = "SELECT s.kind, s.ended_at, s.origin, b.ended_at AS origin_ended_at
               FROM sessions s LEFT JOIN sessions b ON b.id = s.origin WHERE s.id = $1";
    let row = db.read().await?.sql(sql).bind(session).optional::<StandRow>().await?;
    let stand = |StandRow { kind, ended_at, origin, origin_ended_at }| {
        let kind = Kind::named(&kind).ok_or_else(|| Fault::contradiction("session", "unknown kind"))?;
        Ok(Stand { kind, ended_at, origin, origin_ended_at })
    };
    row.map(stand).transpose()
}

/// Every grant that a session gave.
pub async fn members(db: &Db, session: SessionId) -> Result<Vec<Member>, Fault> {
    let sql = "SELECT id, client_id, scope, ended_at FROM grants WHERE session_id = $1 ORDER BY id";
    let rows = db.read().await?.sql(sql).bind(session).all::<MemberRow>().await?;
    let member = |MemberRow { id, client_id, scope, ended_at }| {
        let openid = read_scope("grant", &scope)?.contains(OPENID);
        Ok(Member { grant: id, client_id, openid, ended_at })
    };
    rows.into_iter().map(member).collect()
}
