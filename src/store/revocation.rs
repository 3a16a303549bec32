//! What comes from what: which sessions and grants a target reaches. Each condition stands here once, for whoever counts
//! and for whoever ends. Also the ends that take more than one write.

use sqlx::types::Json;

use super::db::{Db, Fault, Query, Tx};
use super::filter::{self, Lead, fits};
use super::session::open_at;
use crate::base::clock::Time;
use crate::base::id::{CredentialId, GrantId, RevocationId, SessionId};
use crate::domain::revocation::{End, EndReason, Initiator, Target, Touched};

/// Sessions `s` that fit, open at `$1`, begun by `$2`, from `$3` on in the order of their ids, at most `$4`. Those of a
/// filter come in no order.
macro_rules! sessions {
    (none) => {
        "SELECT s.id AS session_id FROM sessions s WHERE FALSE"
    };
    ((filter $lead:ident)) => {
        concat!(
            "SELECT s.id AS session_id FROM sessions s WHERE ",
            fits!($lead),
            " AND ",
            open_at!("s.", "$1"),
            " AND s.created_at <= $2 AND ($3 IS NULL OR s.id >= $3) LIMIT $4"
        )
    };
    ($fits:literal) => {
        concat!(
            "SELECT s.id AS session_id FROM sessions s WHERE (",
            $fits,
            ") AND ",
            open_at!("s.", "$1"),
            " AND s.created_at <= $2 AND s.id >= $3 ORDER BY s.id LIMIT $4"
        )
    };
}

/// Grants `g` that fit and have not ended, in open sessions `s`: bounded as those, in the order of their sessions. Those of
/// many sessions are found by the grants, those of few by the sessions.
macro_rules! grants {
    (none) => {
        "SELECT g.id AS grant_id, g.session_id, 'person' AS kind FROM grants g WHERE FALSE"
    };
    ((many $fits:literal)) => {
        grants!(in $fits, "g.session_id")
    };
    ($fits:literal) => {
        grants!(in $fits, "s.id")
    };
    (in $fits:literal, $order:literal) => {
        concat!(
            "SELECT g.id AS grant_id, g.session_id, s.kind FROM sessions s JOIN grants g ON g.session_id = s.id WHERE (",
            $fits,
            ") AND g.ended_at IS NULL AND ",
            open_at!("s.", "$1"),
            " AND g.created_at <= $2 AND ",
            $order,
            " >= $3 ORDER BY ",
            $order,
            " LIMIT $4"
        )
    };
}

/// The same sessions and grants with all that goes with them: `ended` and `lost`.
macro_rules! touched {
    ($sessions:tt, $grants:tt) => {
        concat!(
            "WITH whole AS (",
            sessions!($sessions),
            "), part AS (",
            grants!($grants),
            "), ended AS (SELECT session_id FROM whole UNION SELECT session_id FROM part WHERE kind <> 'person'), ",
            "lost AS (SELECT g.id, g.session_id, g.client_id FROM ended e JOIN grants g ON g.session_id = e.session_id ",
            "WHERE g.ended_at IS NULL UNION ",
            "SELECT g.id, g.session_id, g.client_id FROM part p JOIN grants g ON g.id = p.grant_id) "
        )
    };
}

/// The statements about one kind of target. What the target names begins with `$5`.
pub(super) struct Reach {
    pub(super) sessions: Option<&'static str>,
    pub(super) grants: Option<&'static str>,
    count: &'static str,
    sids: &'static str,
}

macro_rules! perhaps {
    ($kind:ident none) => {
        None
    };
    ($kind:ident $fits:tt) => {
        Some($kind!($fits))
    };
}

macro_rules! reach {
    (sessions: $sessions:tt, grants: $grants:tt) => {
        Some(&Reach {
            sessions: perhaps!(sessions $sessions),
            grants: perhaps!(grants $grants),
            count: concat!(
                touched!($sessions, $grants),
                "SELECT (SELECT COUNT(*) FROM ended) AS sessions, (SELECT COUNT(*) FROM lost) AS grants, ",
                "(SELECT COUNT(*) FROM lost l JOIN refresh_families f ON f.grant_id = l.id WHERE f.ended_at IS NULL) AS families, ",
                "(SELECT COUNT(DISTINCT client_id) FROM lost) AS clients, ",
                "(SELECT COUNT(DISTINCT s.user_id) FROM sessions s WHERE s.id IN ",
                "(SELECT session_id FROM ended UNION SELECT session_id FROM lost)) AS people"
            ),
            sids: concat!(touched!($sessions, $grants), "SELECT session_id FROM ended ORDER BY session_id DESC LIMIT 50"),
        })
    };
}

impl Reach {
    /// `None` for a token, which is no row.
    pub(super) fn of(target: &Target) -> Option<&'static Self> {
        match target {
            Target::Token { .. } => None,
            Target::Family(_) => {
                reach!(sessions: none, grants: "g.id = (SELECT f.grant_id FROM refresh_families f WHERE f.id = $5)")
            }
            Target::Grant(_) => reach!(sessions: none, grants: "g.id = $5"),
            Target::Session(_) => reach!(sessions: "s.id = $5 OR s.origin = $6", grants: none),
            Target::Part(..) => reach!(sessions: none, grants: "s.id = $5 AND g.client_id = $6"),
            Target::App(..) => reach!(sessions: none, grants: "s.user_id = $5 AND g.client_id = $6"),
            Target::User(..) => reach!(sessions: "s.user_id = $5 AND ($6 IS NULL OR s.id <> $6)", grants: none),
            Target::Client(_) => reach!(sessions: "s.client_id = $5", grants: (many "g.client_id = $5")),
            Target::Credential(..) => reach!(
                sessions: "s.user_id = $5 AND (s.credentials IS NULL OR s.credentials LIKE $6)",
                grants: "s.user_id = $5 AND (g.credentials IS NULL OR g.credentials LIKE $6)"
            ),
            Target::Device(_) => reach!(sessions: "s.device = $5 AND (s.kind = 'person' OR $6)", grants: none),
            Target::Upstream { subject: Some(_), .. } => reach!(
                sessions: "s.upstream_provider = $5 AND s.upstream_subject = $6
                           AND ($7 IS NULL OR s.upstream_session = $7) AND (s.kind = 'person' OR $8)",
                grants: none
            ),
            Target::Filter(filter) => match Lead::of(filter) {
                Lead::User => reach!(sessions: (filter user), grants: none),
                Lead::Device => reach!(sessions: (filter device), grants: none),
                Lead::Addresses => reach!(sessions: (filter addresses), grants: none),
                Lead::Client => reach!(sessions: (filter client), grants: none),
                Lead::Live | Lead::All => reach!(sessions: (filter live), grants: none),
            },
            Target::Upstream { subject: None, session: None, .. } => {
                reach!(sessions: "s.upstream_provider = $5 AND (s.kind = 'person' OR $6)", grants: none)
            }
            Target::Upstream { subject: None, session: Some(_), .. } => reach!(
                sessions: "s.upstream_provider = $5 AND s.upstream_session = $6 AND (s.kind = 'person' OR $7)",
                grants: none
            ),
        }
    }
}

/// What is looked for, and by which end: how far it goes depends on that.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    pub target: &'a Target,
    pub end: &'a End,
    /// Only what began by then.
    pub begun_by: Time,
}

impl Search<'_> {
    fn bind<'c>(&self, query: Query<'c>, from: SessionId, limit: i64) -> Query<'c> {
        let query = query.bind(self.end.at).bind(self.begun_by).bind(from).bind(limit);
        let far = self.end.reaches_offline();
        match self.target {
            Target::Token { .. } => query,
            Target::Family(id) => query.bind(*id),
            Target::Grant(id) => query.bind(*id),
            Target::Session(id) => query.bind(*id).bind(far.then_some(*id)),
            Target::Part(session, client_id) => query.bind(*session).bind(client_id),
            Target::App(user, client_id) => query.bind(*user).bind(client_id),
            Target::User(user, spared) => query.bind(*user).bind(*spared),
            Target::Client(client_id) => query.bind(client_id),
            Target::Credential(user, id) => query.bind(*user).bind(named(*id)),
            Target::Device(id) => query.bind(*id).bind(far),
            Target::Filter(sought) => filter::bind(query, sought),
            Target::Upstream { provider, subject, session } => {
                let query = query.bind(provider);
                let query = if subject.is_some() { query.bind(subject) } else { query };
                let query = if subject.is_some() || session.is_some() { query.bind(session) } else { query };
                query.bind(far)
            }
        }
    }
}

/// The pattern of texts that name this credential; no id is a part of another.
fn named(credential: CredentialId) -> String {
    format!("%{credential}%")
}

/// The sessions that end as a whole, from this one on.
pub async fn sessions(tx: &mut Tx, search: Search<'_>, from: SessionId, limit: i64) -> Result<Vec<SessionId>, Fault> {
    let Some(sql) = Reach::of(search.target).and_then(|reach| reach.sessions) else { return Ok(Vec::new()) };
    let rows = search.bind(tx.sql(sql), from, limit).all::<(SessionId,)>().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// As [`sessions`], beside the writes and in no order: for searches that would hold them up.
pub async fn found(db: &Db, search: Search<'_>, limit: i64) -> Result<Vec<SessionId>, Fault> {
    let Some(sql) = Reach::of(search.target).and_then(|reach| reach.sessions) else { return Ok(Vec::new()) };
    let rows = search.bind(db.read_apart().await?.sql(sql), SessionId::FIRST, limit).all::<(SessionId,)>().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A grant that is to end, and where it hangs.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Part {
    pub grant_id: GrantId,
    pub session_id: SessionId,
    kind: String,
}

impl Part {
    /// Whether the session is there for this grant alone.
    pub fn is_all_of_it(&self) -> bool {
        self.kind != "person"
    }
}

/// The grants that end by themselves, from those of this session on.
pub async fn grants(tx: &mut Tx, search: Search<'_>, from: SessionId, limit: i64) -> Result<Vec<Part>, Fault> {
    let Some(sql) = Reach::of(search.target).and_then(|reach| reach.grants) else { return Ok(Vec::new()) };
    search.bind(tx.sql(sql), from, limit).all().await
}

#[derive(sqlx::FromRow)]
struct CountRow {
    sessions: i64,
    grants: i64,
    families: i64,
    clients: i64,
    people: i64,
}

/// What an end would touch, and the newest fifty of the sessions that it would end.
pub async fn count(db: &Db, search: Search<'_>) -> Result<(Touched, Vec<SessionId>), Fault> {
    let Some(reach) = Reach::of(search.target) else { return Ok((Touched::default(), Vec::new())) };
    let mut reader = db.read_long().await?;
    let row: CountRow = search.bind(reader.sql(reach.count), SessionId::FIRST, i64::MAX).one().await?;
    let sids = search.bind(reader.sql(reach.sids), SessionId::FIRST, i64::MAX).all::<(SessionId,)>().await?;
    let CountRow { sessions, grants, families, clients, people } = row;
    Ok((Touched { sessions, grants, families, clients, people }, sids.into_iter().map(|(id,)| id).collect()))
}

/// An end that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub id: RevocationId,
    pub target: Target,
    pub end: End,
}

#[derive(sqlx::FromRow)]
struct UnfinishedRow {
    id: RevocationId,
    target: Json<Target>,
    at: Time,
    reason: String,
    initiator: String,
}

impl UnfinishedRow {
    fn into_unfinished(self) -> Result<Unfinished, Fault> {
        let wrong = |what| Fault::contradiction("revocation", format!("{}: {what}", self.id));
        let end = End {
            at: self.at,
            reason: EndReason::named(&self.reason).ok_or_else(|| wrong("unknown reason"))?,
            initiator: Initiator::named(&self.initiator).ok_or_else(|| wrong("unknown initiator"))?,
        };
        Ok(Unfinished { id: self.id, target: self.target.0, end })
    }
}

/// Remembers an end that takes more writes; nobody else goes on with it before `due`.
pub async fn remember(tx: &mut Tx, what: &Unfinished, due: Time) -> Result<(), Fault> {
    tx.sql("INSERT INTO revocations (id, target, at, reason, initiator, due_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(what.id)
        .bind(Json(what.target.clone()))
        .bind(what.end.at)
        .bind(what.end.reason.as_str())
        .bind(what.end.initiator.as_str())
        .bind(due)
        .execute()
        .await?;
    Ok(())
}

/// Keeps an end for whoever is at it.
pub async fn put_off(tx: &mut Tx, id: RevocationId, due: Time) -> Result<(), Fault> {
    tx.sql("UPDATE revocations SET due_at = $2 WHERE id = $1").bind(id).bind(due).execute().await?;
    Ok(())
}

pub async fn forget(tx: &mut Tx, id: RevocationId) -> Result<(), Fault> {
    tx.sql("DELETE FROM revocations WHERE id = $1").bind(id).execute().await?;
    Ok(())
}

/// The oldest end that nobody is at any more, now kept for the one who asks.
pub async fn take_over(tx: &mut Tx, now: Time, due: Time) -> Result<Option<Unfinished>, Fault> {
    let row = tx
        .sql(
            "UPDATE revocations SET due_at = $2
             WHERE id = (SELECT id FROM revocations WHERE due_at <= $1 ORDER BY id LIMIT 1) AND due_at <= $1
             RETURNING id, target, at, reason, initiator",
        )
        .bind(now)
        .bind(due)
        .optional::<UnfinishedRow>()
        .await?;
    row.map(UnfinishedRow::into_unfinished).transpose()
}
