//! The verifier tried on itself: every defect is planted in a sound database, and the verifier must name it.

use std::fs;

use doorward::base::clock::Clock;
use doorward::base::secret::Typed;
use doorward::domain::lifetime::Stay;
use doorward::domain::revocation::{EndReason, Initiator, Target};
use doorward::domain::session::Source;
use doorward::flows::ending::revoke;
use doorward::flows::login::{Aim, Attempt, SignIn, sign_in};
use doorward::jobs::Shift;
use doorward::jobs::deliver::Courier;
use doorward::jobs::tally::Tally;
use doorward::store::db::Db;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::engines::Folder;
use crate::postgres::cluster;
use crate::stage::{Engine, Stage};
use crate::verifier::{AFTER_THE_JOBS, NEVER, findings_after_the_jobs};

/// What is done to a sound database, and what the verifier must then say. `NEW` stands for an id that nothing has, `SECRET` for a digest.
const DEFECTS: &[(&str, &str)] = &[
    ("a grant without a session", "UPDATE grants SET session_id = NEW"),
    ("an event without a session", "UPDATE session_events SET session_id = NEW"),
    ("a code without a grant", "UPDATE codes SET grant_id = NEW"),
    ("a family without a grant", "UPDATE refresh_families SET grant_id = NEW"),
    ("a consent without a user", "DELETE FROM users"),
    ("a consent without a client", "DELETE FROM clients"),
    ("a secret without a client", "DELETE FROM clients"),
    (
        "a registration without a client",
        "INSERT INTO registrations (client_id, token_digest, registered_at) SELECT 'gone', SECRET, created_at FROM clients LIMIT 1",
    ),
    (
        "an identity of nobody",
        "INSERT INTO identities (id, issuer, subject, user_id, made_person, created_at, last_used_at)
         SELECT NEW, 'https://id.example', 'x', NEW, FALSE, created_at, created_at FROM clients LIMIT 1",
    ),
    (
        "a hint for a session that came from nowhere",
        "INSERT INTO upstream_hints (session_id, sealed) SELECT id, SECRET FROM sessions LIMIT 1",
    ),
    (
        "a registration token used too often",
        "INSERT INTO registration_tokens (id, digest, uses_left, created_at, expires_at)
         SELECT NEW, SECRET, -1, created_at, created_at FROM clients LIMIT 1",
    ),
    ("a spent code that gave nothing, or the reverse", "UPDATE codes SET used_at = NULL"),
    ("a spent code that gave nothing, or the reverse", "UPDATE codes SET gave_grant_id = NULL"),
    ("a code spent after its end", "UPDATE codes SET expires_at = used_at WHERE used_at IS NOT NULL"),
    (
        "a grant with two families",
        "INSERT INTO refresh_families (id, grant_id, generation, rotated_at, created_at, expires_at)
         SELECT NEW, grant_id, 1, rotated_at, created_at, expires_at FROM refresh_families LIMIT 1",
    ),
    (
        "a grant given by two codes",
        "UPDATE codes SET used_at = (SELECT MAX(used_at) FROM codes),
             gave_grant_id = (SELECT gave_grant_id FROM codes WHERE gave_grant_id IS NOT NULL LIMIT 1)",
    ),
    ("a grant with two codes", "UPDATE codes SET grant_id = (SELECT grant_id FROM codes LIMIT 1)"),
    ("a family of no generation", "UPDATE refresh_families SET generation = 0, previous = -1"),
    ("a family before its predecessor", "UPDATE refresh_families SET previous = generation"),
    ("a family that rotated from nothing", "UPDATE refresh_families SET previous = NULL, generation = 7"),
    ("a family rotated before it began", "UPDATE refresh_families SET expires_at = created_at"),
    ("half an end of a grant", "UPDATE grants SET end_reason = 'theft' WHERE ended_at IS NULL"),
    ("half an end of a family", "UPDATE refresh_families SET end_reason = 'theft' WHERE ended_at IS NULL"),
    ("half an end of a session", "UPDATE sessions SET end_reason = 'logout' WHERE ended_at IS NULL"),
    ("an end before the beginning", "UPDATE sessions SET created_at = absolute_end WHERE ended_at IS NOT NULL"),
    ("a renewal that is half remembered", "UPDATE sessions SET previous_digest = SECRET WHERE kind = 'person'"),
    ("a renewal that is half remembered", "UPDATE sessions SET stale_digest = SECRET WHERE kind = 'person'"),
    ("one secret in two places", "UPDATE sessions SET previous_digest = secret_digest, renewed_at = created_at"),
    ("a mark that the timeline does not tell", "UPDATE sessions SET mark = 'country_changed'"),
    (
        "a sampled entry that stands twice within an hour",
        "INSERT INTO session_events (id, session_id, at, event, client_id)
         SELECT NEW, session_id, at, event, client_id FROM session_events WHERE event = 'granted' LIMIT 1",
    ),
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
    ("a machine at a browser", "UPDATE sessions SET secret_digest = SECRET WHERE kind = 'machine'"),
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
    ("an end in the outbox that did not happen", "UPDATE outbox SET session_id = (SELECT id FROM sessions WHERE ended_at IS NULL LIMIT 1)"),
    (
        "an end in the outbox that did not happen",
        "UPDATE outbox SET what = 'grant.ended', grant_id = (SELECT id FROM grants WHERE ended_at IS NULL LIMIT 1)",
    ),
    (
        "an end in the outbox twice",
        "INSERT INTO outbox (id, position, recorded_at, at, what, scope, session_id, reason, initiator)
         SELECT NEW, NULL, recorded_at, at, what, scope, session_id, reason, initiator FROM outbox LIMIT 1",
    ),
    ("an end that the outbox does not hold", "DELETE FROM outbox"),
    ("a delivery of what nobody has read", "UPDATE projections SET cursor = 0"),
    ("a delivery of what nobody has read", "DELETE FROM outbox"),
    ("a delivery that is half settled", "UPDATE deliveries SET settled_at = due_at"),
    ("a delivery that is half settled", "UPDATE deliveries SET due_at = NULL"),
    (
        "a delivery that was never tried",
        "UPDATE deliveries SET state = 'dead', attempts = 0, settled_at = due_at, kept_until = due_at, due_at = NULL",
    ),
    ("an end that somebody has not read", "UPDATE outbox SET position = NULL"),
    ("an end that somebody has not read", "UPDATE projections SET cursor = 0"),
    ("a delivery that is due and was not tried", "UPDATE deliveries SET due_at = created_at"),
    (
        "a mail that is half settled",
        "INSERT INTO mails (id, kind, sealed, state, attempts, created_at) SELECT NEW, 'code', SECRET, 'pending', 0, created_at FROM users LIMIT 1",
    ),
    (
        "a mail that was never tried",
        "INSERT INTO mails (id, kind, state, attempts, created_at, settled_at, kept_until) SELECT NEW, 'code', 'sent', 0, created_at, created_at, created_at FROM users LIMIT 1",
    ),
    (
        "a mail that is due and was not tried",
        "INSERT INTO mails (id, kind, sealed, state, attempts, created_at, due_at) SELECT NEW, 'code', SECRET, 'pending', 0, created_at, created_at FROM users LIMIT 1",
    ),
    (
        "a removed authenticator that is still good for something",
        "INSERT INTO authenticators (id, user_id, kind, name, sealed, created_at, removed_at)
         SELECT NEW, id, 'totp', 'app', SECRET, created_at, created_at FROM users LIMIT 1",
    ),
    (
        "two apps, or two sets of recovery codes, of one person",
        "INSERT INTO authenticators (id, user_id, kind, name, created_at)
         SELECT NEW, id, 'totp', 'app', created_at FROM users WHERE username = 'alice'
         UNION ALL SELECT id, id, 'totp', 'app', created_at FROM users WHERE username = 'alice'",
    ),
    ("a counter of no failures", "UPDATE throttles SET failures = 0"),
    ("a session that cannot be read", "UPDATE sessions SET end_reason = 'boredom' WHERE ended_at IS NOT NULL"),
    ("an idle end that is none", "UPDATE sessions SET idle_end = created_at WHERE idle_end IS NOT NULL"),
    ("a session active before it began", "UPDATE sessions SET created_at = absolute_end"),
    ("a live grant that nobody consented to", "UPDATE consents SET scope = 'email'"),
    ("a live grant that nobody consented to", "DELETE FROM consents"),
    (
        "an end that nobody goes on with",
        "INSERT INTO revocations (id, target, at, reason, initiator, due_at)
         SELECT NEW, amr, created_at, 'admin', 'admin', created_at FROM sessions LIMIT 1",
    ),
    ("an expired session that is not ended", "UPDATE sessions SET absolute_end = created_at WHERE kind = 'machine'"),
];

/// A database in which everything has happened once.
async fn sound(engine: Engine) -> Stage {
    let stage = Stage::on(engine).await;
    stage.person("alice").await;
    // Nobody listens there.
    let address = "http://127.0.0.1:9/logout";
    stage.client("shop", json!({"token_endpoint_auth_method": "none", "backchannel_logout_uri": address})).await;
    let machine = json!({
        "redirect_uris": [], "response_types": [], "post_logout_redirect_uris": [],
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
    });
    let secret = stage.client("machine", machine).await.unwrap();
    let asked = [("grant_type", "client_credentials"), ("client_id", "machine"), ("client_secret", secret.as_str())];
    stage.token(&asked).await.unwrap();

    let ended = stage.sign_in("alice").await;
    stage.code("shop", &ended, "openid").await;
    let session = stage.sign_in("alice").await;
    let tokens = stage.redeem("shop", &stage.code("shop", &session, "openid").await).await.unwrap();
    stage.refresh("shop", &tokens.refresh_token.unwrap()).await.unwrap();
    let code = stage.code("shop", &session, "openid offline_access").await;
    stage.redeem("shop", &code).await.unwrap();
    stage.code("shop", &session, "openid").await;
    let (one, reason, by) = (Target::Session(ended.id), EndReason::Admin, Initiator::Admin);
    revoke(&stage.authority, one, reason, by).await.unwrap();
    let wrong = Attempt {
        username: "alice".into(),
        password: Typed::new("wrong".into()),
        source: Source::default(),
        stay: Stay::Visit,
        aim: Aim::default(),
    };
    assert!(matches!(sign_in(&stage.authority, wrong, None).await.unwrap(), SignIn::Refused));
    Courier::new(Shift::new(stage.authority.clone(), Tally::default())).run_out().await.unwrap();
    stage
}

/// A copy of the database at this address, with the defect written past every rule, foreign keys included.
async fn plant(engine: Engine, url: &str, defect: &str) -> (Folder, Db) {
    let folder = Folder::new();
    let defect = |new, secret| AssertSqlSafe(defect.replace("NEW", new).replace("SECRET", secret));
    let copy = match engine {
        Engine::Sqlite => {
            fs::create_dir_all(&folder.0).unwrap();
            let copy = folder.0.join("copy.db");
            fs::copy(url.strip_prefix("sqlite:").unwrap(), &copy).unwrap();
            let options = SqliteConnectOptions::new().filename(&copy).foreign_keys(false);
            let mut on = SqliteConnection::connect_with(&options).await.unwrap();
            on.execute(defect("randomblob(16)", "randomblob(32)")).await.unwrap();
            on.close().await.unwrap();
            format!("sqlite:{}", copy.display())
        }
        Engine::Postgres => {
            let name = url.split(['/', '?']).nth(3).unwrap();
            let copy = cluster().copy(name).await;
            let mut on = PgConnection::connect(&copy).await.unwrap();
            on.execute("SET session_replication_role = replica").await.unwrap();
            on.execute(defect("gen_random_uuid()", "uuid_send(gen_random_uuid())")).await.unwrap();
            on.close().await.unwrap();
            copy
        }
    };
    (folder, Db::open(&copy).await.unwrap())
}

async fn try_all(engine: Engine) {
    let original = Box::pin(sound(engine)).await;
    let now = original.clock.now();
    assert_eq!(findings_after_the_jobs(original.db(), now).await, Vec::<String>::new());
    original.db().close().await;
    let mut missed = Vec::new();
    for (finding, defect) in DEFECTS {
        let (_folder, db) = plant(engine, &original.url, defect).await;
        let found = findings_after_the_jobs(&db, now).await;
        if !found.iter().any(|found| found.starts_with(&format!("{finding}:"))) {
            missed.push(format!("{defect}\n  should give: {finding}\n  gives: {found:?}"));
        }
        db.close().await;
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_every_defect_on_sqlite() {
    try_all(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_every_defect_on_postgres() {
    try_all(Engine::Postgres).await;
}

#[test]
fn every_check_has_a_defect() {
    for (name, _) in NEVER.iter().chain(AFTER_THE_JOBS) {
        assert!(DEFECTS.iter().any(|(finding, _)| finding == name), "nothing tries the check for {name}");
    }
}
