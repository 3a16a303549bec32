//! Sessions, rows in and values out.

use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use super::proof::{read_credentials, read_proof, write_credentials};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::{CredentialId, DeviceId, SessionId, UserId};
use crate::base::secret::Digest;
use crate::domain::filter::address_key;
use crate::domain::lifetime::{PolicyName, Stay};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::domain::session::{Kind, Session, Source, Subject, Upstream};
use crate::domain::watch::{Mark, Watch};

/// The columns of [`SessionRow`], for statements in which sessions are called `s`.
macro_rules! session_columns {
    () => {
        "s.id AS s_id, s.kind AS s_kind, s.user_id AS s_user_id, s.client_id AS s_client_id, \
         s.created_at AS s_created_at, s.last_active_at AS s_last_active_at, s.idle_seconds AS s_idle_seconds, \
         s.absolute_end AS s_absolute_end, s.auth_time AS s_auth_time, s.acr AS s_acr, s.amr AS s_amr, \
         s.credentials AS s_credentials, s.address AS s_address, s.user_agent AS s_user_agent, s.device AS s_device, \
         s.network AS s_network, s.country AS s_country, s.upstream_provider AS s_upstream_provider, \
         s.upstream_subject AS s_upstream_subject, s.upstream_session AS s_upstream_session, \
         s.idle_policy AS s_idle_policy, s.absolute_policy AS s_absolute_policy, s.remembered AS s_remembered, \
         s.origin AS s_origin, s.ended_at AS s_ended_at, \
         s.end_reason AS s_end_reason, s.end_initiator AS s_end_initiator, s.mark AS s_mark, \
         s.moved_at AS s_moved_at, s.new_device AS s_new_device"
    };
}
pub(super) use session_columns;

/// What [`Session::is_open`] means in SQL: `open_at!("s.", "$2")` for sessions called `s` at the time `$2`.
macro_rules! open_at {
    ($sessions:literal, $now:literal) => {
        concat!(
            "(",
            $sessions,
            "ended_at IS NULL AND ",
            $sessions,
            "absolute_end > ",
            $now,
            " AND (",
            $sessions,
            "idle_end IS NULL OR ",
            $sessions,
            "idle_end > ",
            $now,
            "))"
        )
    };
}
pub(super) use open_at;

/// A session as it is kept.
#[derive(sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "the prefix keeps the columns of joined tables apart")]
pub(super) struct SessionRow {
    s_id: SessionId,
    s_kind: String,
    s_user_id: Option<UserId>,
    s_client_id: Option<String>,
    s_created_at: Time,
    s_last_active_at: Time,
    s_idle_seconds: Option<i64>,
    s_absolute_end: Time,
    s_auth_time: Option<Time>,
    s_acr: Option<String>,
    s_amr: Json<Vec<String>>,
    s_credentials: Option<String>,
    s_address: Option<String>,
    s_user_agent: Option<String>,
    s_device: Option<DeviceId>,
    s_network: Option<String>,
    s_country: Option<String>,
    s_upstream_provider: Option<String>,
    s_upstream_subject: Option<String>,
    s_upstream_session: Option<String>,
    s_idle_policy: Option<String>,
    s_absolute_policy: Option<String>,
    s_remembered: bool,
    s_origin: Option<SessionId>,
    s_ended_at: Option<Time>,
    s_end_reason: Option<String>,
    s_end_initiator: Option<String>,
    s_mark: Option<String>,
    s_moved_at: Option<Time>,
    s_new_device: bool,
}

impl SessionRow {
    pub(super) fn into_session(self) -> Result<Session, Fault> {
        let wrong = |what| Fault::contradiction("session", format!("{}: {what}", self.s_id));
        let kind = Kind::named(&self.s_kind).ok_or_else(|| wrong("unknown kind"))?;
        let subject = match (kind, self.s_user_id, self.s_client_id) {
            (Kind::Machine, None, Some(client_id)) => Subject::Machine(client_id),
            (Kind::Person | Kind::Offline, Some(user), None) => Subject::Person(user),
            _ => return Err(wrong("the subject does not fit the kind")),
        };
        let credentials = read_credentials("session", self.s_credentials.as_deref())?;
        let authentication = read_proof("session", (self.s_auth_time, self.s_acr, self.s_amr.0, credentials))?;
        let upstream = match (self.s_upstream_provider, self.s_upstream_subject) {
            (Some(provider), Some(subject)) => Some(Upstream { provider, subject, session: self.s_upstream_session }),
            (None, None) => None,
            _ => return Err(wrong("half an upstream session")),
        };
        let recorded_end = match (self.s_ended_at, self.s_end_reason, self.s_end_initiator) {
            (None, None, None) => None,
            (Some(at), Some(reason), Some(initiator)) => Some(End {
                at,
                reason: EndReason::named(&reason).ok_or_else(|| wrong("unknown end reason"))?,
                initiator: Initiator::named(&initiator).ok_or_else(|| wrong("unknown initiator"))?,
            }),
            _ => return Err(wrong("half an end")),
        };
        let idle = match self.s_idle_seconds.map(u32::try_from) {
            None => None,
            Some(Ok(seconds)) => Some(Duration::seconds(seconds)),
            Some(Err(_)) => return Err(wrong("idle time out of range")),
        };
        let mark = self.s_mark.map(|mark| Mark::named(&mark).ok_or_else(|| wrong("unknown mark"))).transpose()?;
        Ok(Session {
            id: self.s_id,
            kind,
            subject,
            authentication,
            source: Source {
                address: self.s_address,
                user_agent: self.s_user_agent,
                device: self.s_device,
                network: self.s_network,
                country: self.s_country,
                language: None,
            },
            upstream,
            origin: self.s_origin,
            created_at: self.s_created_at,
            last_active_at: self.s_last_active_at,
            idle,
            absolute_end: self.s_absolute_end,
            idle_policy: self.s_idle_policy.map(PolicyName::kept),
            absolute_policy: self.s_absolute_policy.map(PolicyName::kept),
            stay: if self.s_remembered { Stay::Remembered } else { Stay::Visit },
            recorded_end,
            watch: Watch { mark, moved_at: self.s_moved_at, new_device: self.s_new_device },
        })
    }
}

pub async fn by_id(db: &Db, id: SessionId) -> Result<Option<Session>, Fault> {
    let sql = concat!("SELECT ", session_columns!(), " FROM sessions s WHERE s.id = $1");
    let row = db.read().await?.sql(sql).bind(id).optional::<SessionRow>().await?;
    row.map(SessionRow::into_session).transpose()
}

/// The open sessions of a person, newest first.
pub async fn open_of_user(db: &Db, user: UserId, now: Time) -> Result<Vec<Session>, Fault> {
    let sql = concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions s WHERE s.user_id = $1 AND ",
        open_at!("s.", "$2"),
        " ORDER BY s.id DESC"
    );
    let rows = db.read().await?.sql(sql).bind(user).bind(now).all::<SessionRow>().await?;
    rows.into_iter().map(SessionRow::into_session).collect()
}

/// Writes a new session. A person's has a secret, the others have none.
pub async fn insert(tx: &mut Tx, session: &Session, secret: Option<Digest>) -> Result<(), Fault> {
    let (user, client_id) = match &session.subject {
        Subject::Person(user) => (Some(*user), None),
        Subject::Machine(client_id) => (None, Some(client_id.clone())),
    };
    let proof = session.authentication.as_ref();
    tx.sql(
        "INSERT INTO sessions (id, kind, user_id, client_id, secret_digest, created_at, last_active_at, idle_seconds,
                               idle_end, absolute_end, auth_time, acr, amr, address, user_agent, origin, credentials,
                               device, network, country, upstream_provider, upstream_subject, upstream_session,
                               idle_policy, absolute_policy, remembered, new_device, address_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26, $27, $28)",
    )
    .bind(session.id)
    .bind(session.kind.as_str())
    .bind(user)
    .bind(client_id)
    .bind(secret)
    .bind(session.created_at)
    .bind(session.last_active_at)
    .bind(session.idle.map(Duration::as_seconds))
    .bind(session.idle_end())
    .bind(session.absolute_end)
    .bind(proof.map(|proof| proof.at))
    .bind(proof.map(|proof| proof.acr.clone()))
    .bind(Json(proof.map(|proof| proof.amr.clone()).unwrap_or_default()))
    .bind(session.source.address.clone())
    .bind(session.source.user_agent.clone())
    .bind(session.origin)
    .bind(write_credentials(proof))
    .bind(session.source.device)
    .bind(session.source.network.clone())
    .bind(session.source.country.clone())
    .bind(session.upstream.as_ref().map(|upstream| upstream.provider.clone()))
    .bind(session.upstream.as_ref().map(|upstream| upstream.subject.clone()))
    .bind(session.upstream.as_ref().and_then(|upstream| upstream.session.clone()))
    .bind(session.idle_policy.as_ref().map(PolicyName::text))
    .bind(session.absolute_policy.as_ref().map(PolicyName::text))
    .bind(session.stay == Stay::Remembered)
    .bind(session.watch.new_device)
    .bind(session.source.address.as_deref().and_then(address_key).map(Vec::from))
    .execute()
    .await?;
    Ok(())
}

/// Whether the session was not ended; it stays so until this write is over.
pub async fn secure(tx: &mut Tx, id: SessionId) -> Result<bool, Fault> {
    let held = tx.sql("UPDATE sessions SET kind = kind WHERE id = $1 AND ended_at IS NULL").bind(id).execute().await?;
    Ok(held == 1)
}

/// The session as it is, unless it was ended; held so until this write is over.
pub async fn hold(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, Fault> {
    if !secure(tx, id).await? {
        return Ok(None);
    }
    let sql = concat!("SELECT ", session_columns!(), " FROM sessions s WHERE s.id = $1");
    tx.sql(sql).bind(id).one::<SessionRow>().await?.into_session().map(Some)
}

/// Gives a session that is held a new secret and the proof and activity it has now. What was noticed about it is settled.
pub async fn renew(tx: &mut Tx, session: &Session, secret: Digest, now: Time) -> Result<(), Fault> {
    let proof = session.authentication.as_ref();
    tx.sql(
        "UPDATE sessions SET previous_digest = secret_digest, renewed_at = $9, secret_used = FALSE, stale_digest = NULL,
                             mark = NULL, secret_digest = $2, auth_time = $3, acr = $4, amr = $5, last_active_at = $6, idle_end = $7,
                             credentials = $8
         WHERE id = $1",
    )
    .bind(session.id)
    .bind(secret)
    .bind(proof.map(|proof| proof.at))
    .bind(proof.map(|proof| proof.acr.clone()))
    .bind(Json(proof.map(|proof| proof.amr.clone()).unwrap_or_default()))
    .bind(session.last_active_at)
    .bind(session.idle_end())
    .bind(write_credentials(proof))
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// Writes where a session that is held comes from now, and the end that follows from it.
pub async fn root(tx: &mut Tx, session: &Session) -> Result<(), Fault> {
    let upstream = session.upstream.as_ref();
    tx.sql(
        "UPDATE sessions SET upstream_provider = $2, upstream_subject = $3, upstream_session = $4, absolute_end = $5,
                             absolute_policy = $6, idle_end = $7
         WHERE id = $1",
    )
    .bind(session.id)
    .bind(upstream.map(|upstream| upstream.provider.clone()))
    .bind(upstream.map(|upstream| upstream.subject.clone()))
    .bind(upstream.and_then(|upstream| upstream.session.clone()))
    .bind(session.absolute_end)
    .bind(session.absolute_policy.as_ref().map(PolicyName::text))
    .bind(session.idle_end())
    .execute()
    .await?;
    Ok(())
}

/// Lets the open sessions of a person, with their grants, come from a credential that took another one's place: what ends
/// with it later ends them too.
pub async fn pass_on(tx: &mut Tx, user: UserId, old: CredentialId, new: CredentialId) -> Result<(), Fault> {
    let statements = [
        "UPDATE grants SET credentials = REPLACE(credentials, $2, $3)
         WHERE credentials IS NOT NULL
           AND session_id IN (SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL)",
        "UPDATE sessions SET credentials = REPLACE(credentials, $2, $3)
         WHERE user_id = $1 AND ended_at IS NULL AND credentials IS NOT NULL",
    ];
    for sql in statements {
        tx.sql(sql).bind(user).bind(old.to_string()).bind(new.to_string()).execute().await?;
    }
    Ok(())
}

// What the clock ended is found by two ranges, each of its own index: asked with OR, SQLite goes through all that lives.

pub(super) const END_EXPIRED: &str = "UPDATE sessions SET
         ended_at = CASE WHEN idle_end < absolute_end THEN idle_end ELSE absolute_end END,
         end_reason = CASE WHEN idle_end < absolute_end THEN 'idle' ELSE 'absolute' END,
         end_initiator = 'system'
     WHERE ended_at IS NULL AND (absolute_end <= $1 OR idle_end <= $1) AND id IN (
         SELECT id FROM sessions WHERE ended_at IS NULL AND absolute_end <= $1
         UNION ALL SELECT id FROM sessions WHERE ended_at IS NULL AND idle_end <= $1 AND absolute_end > $1 LIMIT $2)
     RETURNING id, ended_at, end_reason";

pub(super) const OLDEST_UNTOLD: &str = "SELECT MIN(at) FROM (
         SELECT MIN(absolute_end) AS at FROM sessions WHERE ended_at IS NULL AND absolute_end <= $1
         UNION ALL SELECT MIN(idle_end) FROM sessions WHERE ended_at IS NULL AND idle_end <= $1) untold";

/// Writes down the ends that the clock made, a few at a time; gives the sessions with the time and the reason.
pub async fn end_expired(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<(SessionId, Time, EndReason)>, Fault> {
    let rows = tx.sql(END_EXPIRED).bind(now).bind(limit).all::<(SessionId, Time, String)>().await?;
    let reason =
        |text: &str| EndReason::named(text).ok_or_else(|| Fault::contradiction("session", "unknown end reason"));
    rows.into_iter().map(|(id, at, text)| Ok((id, at, reason(&text)?))).collect()
}

/// The earliest end that the clock made by now and nobody has written down yet.
pub async fn oldest_untold_end(db: &Db, now: Time) -> Result<Option<Time>, Fault> {
    db.read().await?.sql(OLDEST_UNTOLD).bind(now).scalar::<Option<Time>>().await
}

/// The open sessions of a person, held until this write is over.
pub async fn hold_of_user(tx: &mut Tx, user: UserId, now: Time) -> Result<Vec<SessionId>, Fault> {
    let sql = concat!("UPDATE sessions SET kind = kind WHERE user_id = $1 AND ", open_at!("", "$2"), " RETURNING id");
    Ok(tx.sql(sql).bind(user).bind(now).all::<(SessionId,)>().await?.into_iter().map(|(id,)| id).collect())
}
