//! Grants.

use std::collections::HashMap;
use std::sync::LazyLock;

use sqlx::types::Json;

use super::db::{Db, Fault, Tx};
use super::lot;
use super::proof::{read_credentials, read_proof, write_credentials};
use super::session::{SessionRow, open_at, session_columns};
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::domain::grant::Grant;
use crate::domain::revocation::EndReason;
use crate::domain::session::Session;
use crate::protocol::claims_request::ClaimNames;
use crate::protocol::scope::Scope;

/// The columns of [`GrantRow`], for statements in which grants are called `g`.
macro_rules! grant_columns {
    () => {
        "g.id AS g_id, g.session_id AS g_session_id, g.client_id AS g_client_id, g.scope AS g_scope, \
         g.resources AS g_resources, g.claims AS g_claims, g.auth_time AS g_auth_time, g.acr AS g_acr, g.amr AS g_amr, \
         g.credentials AS g_credentials, g.created_at AS g_created_at, g.end_reason AS g_end_reason"
    };
}
pub(super) use grant_columns;

#[derive(sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "the prefix keeps the columns of joined tables apart")]
pub(super) struct GrantRow {
    g_id: GrantId,
    g_session_id: SessionId,
    g_client_id: String,
    g_scope: String,
    g_resources: Json<Vec<String>>,
    g_claims: Option<Json<ClaimNames>>,
    g_auth_time: Option<Time>,
    g_acr: Option<String>,
    g_amr: Json<Vec<String>>,
    g_credentials: Option<String>,
    g_created_at: Time,
    g_end_reason: Option<String>,
}

impl GrantRow {
    pub(super) fn into_grant(self) -> Result<Grant, Fault> {
        let wrong = |what| Fault::contradiction("grant", format!("{}: {what}", self.g_id));
        let ended = self.g_end_reason.map(|text| EndReason::named(&text).ok_or_else(|| wrong("unknown end reason")));
        let credentials = read_credentials("grant", self.g_credentials.as_deref())?;
        Ok(Grant {
            id: self.g_id,
            session: self.g_session_id,
            client_id: self.g_client_id,
            scope: read_scope("grant", &self.g_scope)?,
            resources: self.g_resources.0,
            claims: self.g_claims.map(|claims| claims.0).unwrap_or_default(),
            authentication: read_proof("grant", (self.g_auth_time, self.g_acr, self.g_amr.0, credentials))?,
            created_at: self.g_created_at,
            ended: ended.transpose()?,
        })
    }
}

/// A scope that was valid when it was written.
pub(super) fn read_scope(noun: &'static str, text: &str) -> Result<Scope, Fault> {
    text.parse().map_err(|_| Fault::contradiction(noun, "its scope is none"))
}

#[derive(sqlx::FromRow)]
pub(super) struct Joined {
    #[sqlx(flatten)]
    grant: GrantRow,
    #[sqlx(flatten)]
    session: SessionRow,
}

impl Joined {
    pub(super) fn into_pair(self) -> Result<(Grant, Session), Fault> {
        Ok((self.grant.into_grant()?, self.session.into_session()?))
    }
}

/// The last thousand grants of a session, oldest first.
pub async fn of_session(db: &Db, session: SessionId) -> Result<Vec<Grant>, Fault> {
    let sql =
        concat!("SELECT ", grant_columns!(), " FROM grants g WHERE g.session_id = $1 ORDER BY g.id DESC LIMIT 1000");
    let rows = db.read().await?.sql(sql).bind(session).all::<GrantRow>().await?;
    rows.into_iter().rev().map(GrantRow::into_grant).collect()
}

/// The clients that each of these sessions let in, ended grants included, first come first.
pub async fn clients_of_sessions(db: &Db, sessions: &[SessionId]) -> Result<Vec<Vec<String>>, Fault> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT session_id, client_id FROM grants WHERE session_id IN ({})
             GROUP BY session_id, client_id ORDER BY MIN(created_at), client_id",
            lot::places(1)
        )
    });
    let mut reader = db.read().await?;
    let mut clients: HashMap<SessionId, Vec<String>> = HashMap::new();
    for lot in sessions.chunks(lot::SIZE) {
        for (session, client_id) in lot::bind(reader.sql(&SQL), lot).all::<(SessionId, String)>().await? {
            clients.entry(session).or_default().push(client_id);
        }
    }
    Ok(sessions.iter().map(|session| clients.remove(session).unwrap_or_default()).collect())
}

/// The clients that a browser's session let in and that it has not been taken from, those it left something to among them;
/// first come first.
pub async fn apps(db: &Db, session: SessionId) -> Result<Vec<String>, Fault> {
    let sql = "SELECT g.client_id FROM sessions s JOIN grants g ON g.session_id = s.id
               WHERE (s.id = $1 OR s.origin = $1) AND g.ended_at IS NULL
               GROUP BY g.client_id ORDER BY MIN(g.created_at), g.client_id";
    let rows = db.read().await?.sql(sql).bind(session).all::<(String,)>().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether a session let this client in.
pub async fn took_part(db: &Db, session: SessionId, client_id: &str) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM grants WHERE session_id = $1 AND client_id = $2";
    Ok(db.read().await?.sql(sql).bind(session).bind(client_id).scalar::<i64>().await? > 0)
}

pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), Fault> {
    let proof = grant.authentication.as_ref();
    tx.sql(
        "INSERT INTO grants (id, session_id, client_id, scope, resources, created_at, auth_time, acr, amr, credentials, claims)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(grant.id)
    .bind(grant.session)
    .bind(grant.client_id.clone())
    .bind(grant.scope.to_string())
    .bind(Json(grant.resources.clone()))
    .bind(grant.created_at)
    .bind(proof.map(|proof| proof.at))
    .bind(proof.map(|proof| proof.acr.clone()))
    .bind(Json(proof.map(|proof| proof.amr.clone()).unwrap_or_default()))
    .bind(write_credentials(proof))
    .bind((!grant.claims.is_empty()).then(|| Json(grant.claims.clone())))
    .execute()
    .await?;
    Ok(())
}

/// The grant that a client has for itself, with its open session.
pub async fn of_machine(db: &Db, client_id: &str, now: Time) -> Result<Option<(Grant, Session)>, Fault> {
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        session_columns!(),
        " FROM sessions s JOIN grants g ON g.session_id = s.id",
        " WHERE s.kind = 'machine' AND s.client_id = $1 AND g.ended_at IS NULL AND ",
        open_at!("s.", "$2"),
        " ORDER BY s.id DESC LIMIT 1"
    );
    let row = db.read().await?.sql(sql).bind(client_id).bind(now).optional::<Joined>().await?;
    row.map(Joined::into_pair).transpose()
}

/// Whether this machine is registered and has no live grant. Until the write is over nobody else is told so.
pub async fn machine_may_begin(tx: &mut Tx, client_id: &str, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE clients SET version = version WHERE client_id = $1";
    let held = tx.sql(sql).bind(client_id).execute().await?;
    let live: i64 = tx
        .sql(concat!(
            "SELECT COUNT(*) FROM sessions s JOIN grants g ON g.session_id = s.id",
            " WHERE s.kind = 'machine' AND s.client_id = $1 AND g.ended_at IS NULL AND ",
            open_at!("s.", "$2")
        ))
        .bind(client_id)
        .bind(now)
        .scalar()
        .await?;
    Ok(held == 1 && live == 0)
}
