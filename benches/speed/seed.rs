//! Live sessions in great number, written as fast as the database takes them: rows made by the database itself, each session
//! with a grant, a family of refresh tokens and a first entry in its timeline, every fourth with a person.

use chrono::{SecondsFormat, TimeDelta};
use doorward::base::clock::{Clock, SystemClock, Time};
use doorward::base::secret::sha256;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use std::time::Duration;
use uuid::Uuid;

use crate::outcome::Outcome;

/// Sessions in one transaction.
const CHUNK: u64 = 25_000;

/// In the order in which one refers to the other; `{…}` is what the engines say differently.
const STATEMENTS: [&str; 5] = [
    "INSERT INTO users (id, username, username_key, password_disabled, disabled, roles, claims, version, created_at,
                        updated_at)
     SELECT {user}, {name}, {name}, FALSE, FALSE, '[]', '{\"name\":\"Seeded\"}', 1, {now}, {now} FROM n
     WHERE i % 4 = 0",
    "INSERT INTO sessions (id, kind, user_id, secret_digest, created_at, last_active_at, idle_seconds, idle_end,
                           absolute_end, auth_time, acr, amr, address, user_agent)
     SELECT {session}, 'person', {user}, {digest}, {now}, {now}, 2592000, {end}, {end}, {now}, 'urn:doorward:acr:pwd',
            '[\"pwd\"]', '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' FROM n",
    "INSERT INTO grants (id, session_id, client_id, scope, resources, auth_time, acr, amr, created_at)
     SELECT {grant}, {session}, '{client}', 'openid', '[]', {now}, 'urn:doorward:acr:pwd', '[\"pwd\"]', {now} FROM n",
    "INSERT INTO refresh_families (id, grant_id, generation, rotated_at, created_at, expires_at)
     SELECT {family}, {grant}, 1, {now}, {now}, {end} FROM n",
    "INSERT INTO session_events (id, session_id, at, event) SELECT {event}, {session}, {now}, 'created' FROM n",
];

/// What the sessions are.
pub struct Kind {
    /// The client that takes part in them.
    pub client_id: String,
}

/// What one filling has in common.
struct Lot {
    at: Time,
    /// 16 bits that no other filling has, within the variant of a UUID (RFC 9562).
    mark: u16,
    kind: Kind,
}

/// Writes this many sessions beside whatever is there; gives their ids.
pub async fn fill(url: &str, count: u64, kind: Kind) -> Outcome<Vec<Uuid>> {
    let at = SystemClock.now();
    let [high, low, ..] = sha256(at.to_rfc3339_opts(SecondsFormat::Nanos, true).as_bytes());
    let lot = Lot { at, mark: 0x8000 | (u16::from_be_bytes([high, low]) & 0x3fff), kind };
    match url.strip_prefix("sqlite:") {
        Some(path) => lot.fill_sqlite(path, count).await?,
        None => lot.fill_postgres(url, count).await?,
    }
    Ok((0..count).map(|i| lot.session(i)).collect())
}

/// The size of a PostgreSQL database in bytes.
pub async fn postgres_size(url: &str) -> Outcome<u64> {
    let mut on = PgConnection::connect(url).await?;
    let size: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(&mut on).await?;
    on.close().await?;
    Ok(u64::try_from(size)?)
}

/// Brings what the planner knows up to date, as the database's own housekeeping would in time.
pub async fn settle(url: &str) -> Outcome<()> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let mut on = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await?;
        on.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        on.close().await?;
    } else {
        let mut on = PgConnection::connect(url).await?;
        on.execute("VACUUM ANALYZE").await?;
        on.execute("CHECKPOINT").await?;
        on.close().await?;
    }
    Ok(())
}

impl Lot {
    async fn fill_sqlite(&self, path: &str, count: u64) -> Outcome<()> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .foreign_keys(false)
            .busy_timeout(Duration::from_mins(1))
            .pragma("cache_size", "-262144");
        let mut on = SqliteConnection::connect_with(&options).await?;
        let id = |kind: u16| {
            let mark = self.mark;
            format!("unhex(printf('%012x7%03x{mark:04x}%012x', {} + i / 100, {kind}, i))", self.milliseconds())
        };
        for from in (0..count).step_by(usize::try_from(CHUNK)?) {
            let mut tx = on.begin_with("BEGIN IMMEDIATE").await?;
            for text in self.statements(from, count, id, "randomblob(32)") {
                tx.execute(AssertSqlSafe(text)).await?;
            }
            tx.commit().await?;
        }
        Ok(on.close().await?)
    }

    async fn fill_postgres(&self, url: &str, count: u64) -> Outcome<()> {
        let mut on = PgConnection::connect(url).await?;
        on.execute("SET synchronous_commit = off").await?;
        let id = |kind: u16| {
            let (mark, ms) = (self.mark, self.milliseconds());
            format!(
                "CAST(lpad(to_hex({ms} + i / 100), 12, '0') || '7{kind:03x}{mark:04x}' || lpad(to_hex(i), 12, '0') AS UUID)"
            )
        };
        let digest = format!("sha256(CAST('{:x} ' || i AS BYTEA))", self.mark);
        for from in (0..count).step_by(usize::try_from(CHUNK)?) {
            let mut tx = on.begin().await?;
            for text in self.statements(from, count, id, &digest) {
                tx.execute(AssertSqlSafe(text)).await?;
            }
            tx.commit().await?;
        }
        Ok(on.close().await?)
    }

    /// The statements for one chunk.
    fn statements(&self, from: u64, count: u64, id: impl Fn(u16) -> String, digest: &str) -> Vec<String> {
        let time = |time: Time| format!("'{}'", time.to_rfc3339_opts(SecondsFormat::Micros, true));
        let to = count.min(from + CHUNK) - 1;
        let person = id(1).replace("i / 100", "(i - i % 4) / 100");
        let person = person.replace(", i)", ", i - i % 4)").replace("to_hex(i)", "to_hex(i - i % 4)");
        let words = [
            ("{user}", person),
            ("{session}", id(2)),
            ("{grant}", id(3)),
            ("{family}", id(4)),
            ("{event}", id(5)),
            ("{name}", format!("'seeded-{:x}-' || i", self.mark)),
            ("{digest}", digest.to_owned()),
            ("{client}", self.kind.client_id.clone()),
            ("{now}", time(self.at)),
            ("{end}", time(self.at + TimeDelta::days(30))),
        ];
        let filled = |text: &&str| words.iter().fold((*text).to_owned(), |text, (word, by)| text.replace(word, by));
        let rows = format!(
            "WITH RECURSIVE n(i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {to}) "
        );
        STATEMENTS.iter().map(|text| rows.clone() + &filled(text)).collect()
    }

    fn milliseconds(&self) -> i64 {
        self.at.timestamp_millis()
    }

    /// The id that the database gave to the session at this place.
    fn session(&self, i: u64) -> Uuid {
        let milliseconds = u64::try_from(self.milliseconds()).unwrap_or_default() + i / 100;
        let high = (milliseconds << 16) | 0x7002;
        Uuid::from_u64_pair(high, (u64::from(self.mark) << 48) | i)
    }
}
