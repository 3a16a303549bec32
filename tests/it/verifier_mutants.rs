//! The verifier tried on itself: every defect is planted in a sound database, and the verifier must name it.

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::engines::Folder;
use crate::stage::{Engine, Stage};
use crate::verifier::{AFTER_THE_JOBS, NEVER, findings, findings_after_the_jobs};

/// What is done to a sound database, and what the verifier must then say. `NEW` stands for an id that nothing has.
const DEFECTS: &[(&str, &str)] = &[
    ("a grant without a session", "UPDATE grants SET session_id = NEW"),
    ("an event without a session", "UPDATE session_events SET session_id = NEW"),
    ("a code without a grant", "UPDATE codes SET grant_id = NEW"),
    ("a family without a grant", "UPDATE refresh_families SET grant_id = NEW"),
    ("a consent without a user", "DELETE FROM users"),
    ("a consent without a client", "DELETE FROM clients"),
    ("a secret without a client", "DELETE FROM clients"),
    ("a spent code that gave nothing, or the reverse", "UPDATE codes SET used_at = NULL"),
    ("a spent code that gave nothing, or the reverse", "UPDATE codes SET gave_grant_id = NULL"),
    ("a code spent after its end", "UPDATE codes SET expires_at = used_at WHERE used_at IS NOT NULL"),
    (
        "a grant with two families",
        "INSERT INTO refresh_families (id, grant_id, generation, rotated_at, created_at, expires_at)
         SELECT NEW, grant_id, 1, rotated_at, created_at, expires_at FROM refresh_families LIMIT 1",
    ),
    ("a grant given by two codes", "UPDATE codes SET used_at = created_at, gave_grant_id = (SELECT MAX(gave) FROM (SELECT gave_grant_id AS gave FROM codes) c)"),
    ("a grant with two codes", "UPDATE codes SET grant_id = (SELECT grant_id FROM codes LIMIT 1)"),
    ("a family of no generation", "UPDATE refresh_families SET generation = 0, previous = -1"),
    ("a family before its predecessor", "UPDATE refresh_families SET previous = generation"),
    ("a family that rotated from nothing", "UPDATE refresh_families SET previous = NULL, generation = 7"),
    ("a family rotated before it began", "UPDATE refresh_families SET expires_at = created_at"),
    ("half an end of a grant", "UPDATE grants SET end_reason = 'theft' WHERE ended_at IS NULL"),
    ("half an end of a family", "UPDATE refresh_families SET end_reason = 'theft' WHERE ended_at IS NULL"),
    ("half an end of a session", "UPDATE sessions SET end_reason = 'logout' WHERE ended_at IS NULL"),
    ("an end before the beginning", "UPDATE sessions SET created_at = absolute_end WHERE ended_at IS NOT NULL"),
    ("an ended session with a secret", "UPDATE sessions SET secret_digest = CAST('x' AS BYTES) WHERE ended_at IS NOT NULL"),
    ("an end that the timeline does not tell, or tells wrongly", "DELETE FROM session_events WHERE event = 'ended'"),
    ("an end that the timeline does not tell, or tells wrongly", "UPDATE session_events SET event = 'ended'"),
    ("an end that the timeline does not tell, or tells wrongly", "UPDATE sessions SET end_reason = 'theft' WHERE ended_at IS NOT NULL"),
    (
        "a session whose end is told twice",
        "INSERT INTO session_events (id, session_id, at, event) SELECT NEW, session_id, at, event FROM session_events WHERE event = 'ended' LIMIT 1",
    ),
    ("a session that never began", "DELETE FROM session_events WHERE event = 'created'"),
    ("a grant that the timeline does not tell", "DELETE FROM session_events WHERE event = 'granted'"),
    ("an event before its session", "UPDATE sessions SET created_at = absolute_end"),
    ("an offline session that came from nowhere", "UPDATE sessions SET origin = NULL"),
    ("a machine at a browser", "UPDATE sessions SET secret_digest = CAST('x' AS BYTES) WHERE kind = 'machine'"),
    ("an open session of a person that nobody can present", "UPDATE sessions SET secret_digest = NULL"),
    (
        "two open sessions of one machine",
        "INSERT INTO sessions (id, kind, client_id, created_at, last_active_at, absolute_end, amr)
         SELECT NEW, kind, client_id, created_at, last_active_at, absolute_end, amr FROM sessions WHERE kind = 'machine'",
    ),
    ("an open session of nobody", "DELETE FROM users"),
    ("an open session of a disabled user", "UPDATE users SET disabled = TRUE"),
    ("an open session of a machine that is gone", "DELETE FROM clients"),
    ("a live grant of a client that is gone", "DELETE FROM clients"),
    ("a counter of no failures", "UPDATE throttles SET failures = 0"),
    ("a session that cannot be read", "UPDATE sessions SET end_reason = 'boredom' WHERE ended_at IS NOT NULL"),
    ("an idle end that is none", "UPDATE sessions SET idle_end = created_at WHERE idle_end IS NOT NULL"),
    ("a session active before it began", "UPDATE sessions SET created_at = absolute_end"),
    ("a live grant that nobody consented to", "UPDATE consents SET scope = 'email'"),
    ("a live grant that nobody consented to", "DELETE FROM consents"),
    ("an expired session that is not ended", "UPDATE sessions SET absolute_end = created_at WHERE kind = 'machine'"),
];

/// A database in which everything has happened once.
async fn sound(engine: Engine) -> Stage {
    let stage = Stage::on(engine).await;
    stage.person("alice").await;
    stage.client("shop", json!({"token_endpoint_auth_method": "none"})).await;
    let machine = json!({"redirect_uris": [], "response_types": [], "grant_types": ["client_credentials"]});
    let secret = stage.client("machine", json!({"token_endpoint_auth_method": "client_secret_post", ..machine_members(machine)})).await;
    let _ = secret;
    stage
}
