//! The jobs on a database, with a clock that is moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::clean::period;
use super::deliver::Courier;
use super::tally::Tally;
use super::{Jobs, Shift, clean, expire, overdue};
use crate::app::tests::Folder;
use crate::app::{App, Listeners};
use crate::base::clock::{Clock, HandClock, Time};
use crate::base::duration::Duration;
use crate::base::entropy::SeededEntropy;
use crate::base::id::{
    ClientSecretId, CredentialId, FamilyId, GrantId, MailCodeId, RegistrationTokenId, SessionId, UserId, WebhookId,
};
use crate::base::secret::Digest;
use crate::config::{Config, File};
use crate::domain::client::ClientSecret;
use crate::domain::event::EventName;
use crate::domain::link::{Errand, Link};
use crate::domain::login::Counted;
use crate::domain::password::Cost;
use crate::domain::policy::Limits;
use crate::domain::registration::RegistrationToken;
use crate::domain::revocation::{End, EndReason, Initiator, What};
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::webhook::Webhook;
use crate::flows::first_run::DEMO_SERVICE;
use crate::flows::{Sources, keys};
use crate::store;
use crate::store::cleaning::{self, Leftover};
use crate::store::mail_code::MailCode;

const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

/// Hands that move by so many milliseconds whenever somebody looks at them.
#[derive(Clone)]
struct Ticking(HandClock, Arc<AtomicI64>);

impl Clock for Ticking {
    fn now(&self) -> Time {
        self.0.advance(TimeDelta::milliseconds(self.1.load(Ordering::Relaxed)));
        self.0.now()
    }
}

struct World {
    shift: Shift,
    clock: HandClock,
    tick: Arc<AtomicI64>,
    dice: SeededEntropy,
    _folder: Folder,
}

impl World {
    async fn open() -> Self {
        let folder = Folder::new();
        let path = folder.path().display();
        let text = format!("database.url = 'sqlite:{path}/data/it.db'\nkeys.directory = '{path}/keys'");
        let config = Config::read(Some(File { name: "test", text: &text }), []).unwrap();
        let clock = HandClock::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let tick = Arc::new(AtomicI64::new(0));
        let ticking = Arc::new(Ticking(clock.clone(), Arc::clone(&tick)));
        let sources = Sources { clock: ticking, entropy: Arc::new(SeededEntropy::new(1)) };
        let app = App::open(config, sources, CHEAP).await.unwrap();
        assert!(app.seeded);
        let shift = Shift::new(app.authority, Tally::default());
        Self { shift, clock, tick, dice: SeededEntropy::new(2), _folder: folder }
    }

    /// A session that began now, idle for an hour and a day long at most.
    async fn session(&self) -> Session {
        let now = self.clock.now();
        let proof = Authentication { at: now, acr: "a".into(), amr: vec!["pwd".into()], credentials: vec![] };
        let limits = Limits { idle: Duration::hours(1), absolute: Duration::hours(24) };
        let (id, user) = (SessionId::new(now, &self.dice), UserId::new(now, &self.dice));
        let session = Session::begin(id, user, proof, Source::default(), limits);
        let (written, secret) = (session.clone(), Digest::of(&id.to_string()));
        let insert = async move |tx: &mut store::db::Tx| store::session::insert(tx, &written, Some(secret)).await;
        self.shift.authority.db.write(insert).await.unwrap();
        session
    }

    async fn found(&self, session: &Session) -> Option<Session> {
        store::session::by_id(&self.shift.authority.db, session.id).await.unwrap()
    }

    async fn expire(&self) {
        expire::run(self.shift.clone(), self.clock.now() + TimeDelta::hours(1)).await.unwrap();
    }

    async fn clean(&self) {
        clean::run(self.shift.clone(), self.clock.now() + TimeDelta::hours(1)).await.unwrap();
    }

    /// What the metrics say of how far behind this job is with this table.
    async fn overdue(&self, job: &str, table: &str) -> i64 {
        overdue::run(self.shift.clone()).await.unwrap();
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.shift.tally.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        let name = format!("oldest_overdue_seconds{{job=\"{job}\",table=\"{table}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.shift.authority.db.read().await.unwrap().sql(sql).scalar().await.unwrap()
    }
}

#[tokio::test]
async fn ends_that_the_clock_made_are_told_with_their_own_time() {
    let world = World::open().await;
    let session = world.session().await;
    world.clock.advance(TimeDelta::minutes(59));
    world.expire().await;
    assert!(world.found(&session).await.unwrap().recorded_end.is_none());
    world.clock.advance(TimeDelta::minutes(5));
    world.expire().await;
    let end = world.found(&session).await.unwrap().recorded_end.unwrap();
    let hour = session.created_at + TimeDelta::hours(1);
    assert_eq!(end.clone(), End { at: hour, reason: EndReason::Idle, initiator: Initiator::System });
    let digest = Digest::of(&session.id.to_string());
    let (by_cookie, _) = store::cookie::presented(&world.shift.authority.db, digest).await.unwrap().unwrap();
    assert_eq!(by_cookie.recorded_end, Some(end), "the browser can still be told why");
    let timeline = store::event::of_session(&world.shift.authority.db, session.id).await.unwrap();
    let told: Vec<_> = timeline.iter().map(|event| (event.name, event.at, event.reason)).collect();
    assert_eq!(told, [(EventName::Ended, hour, Some(EndReason::Idle))]);
}

#[tokio::test]
async fn more_sessions_than_one_write_takes_all_end_once() {
    let world = World::open().await;
    for _ in 0..450 {
        world.session().await;
    }
    world.clock.advance(TimeDelta::hours(25));
    world.expire().await;
    world.expire().await;
    assert_eq!(world.count("SELECT COUNT(*) FROM sessions WHERE end_reason = 'idle'").await, 450);
    assert_eq!(world.count("SELECT COUNT(*) FROM session_events").await, 450);
}

#[tokio::test]
async fn an_ended_session_goes_with_all_that_hangs_on_it() {
    let world = World::open().await;
    let (old, young) = (world.session().await, world.session().await);
    let (now, db) = (world.clock.now(), &world.shift.authority.db);
    let (grant, family) = (GrantId::new(now, &world.dice), FamilyId::new(now, &world.dice));
    let id = old.id;
    let hang = async move |tx: &mut store::db::Tx| {
        tx.sql("INSERT INTO grants (id, session_id, client_id, scope, resources, amr, created_at) VALUES ($1, $2, 'a', '', $3, $3, $4)")
            .bind(grant)
            .bind(id)
            .bind(serde_json::json!([]))
            .bind(now)
            .execute()
            .await?;
        tx.sql("INSERT INTO codes (digest, grant_id, redirect_uri, redirect_named, expires_at) VALUES ($1, $2, 'a', $3, $4)")
            .bind(Digest::of("code"))
            .bind(grant)
            .bind(true)
            .bind(now)
            .execute()
            .await?;
        tx.sql("INSERT INTO refresh_families (id, grant_id, generation, rotated_at, created_at, expires_at) VALUES ($1, $2, $3, $4, $4, $4)")
            .bind(family)
            .bind(grant)
            .bind(0)
            .bind(now)
            .execute()
            .await
    };
    db.write(hang).await.unwrap();
    world.clock.advance(TimeDelta::hours(2));
    world.expire().await;
    world.clock.advance(period(Leftover::Sessions).delta() - TimeDelta::hours(1) - TimeDelta::microseconds(1));
    let newest = world.session().await;
    world.clean().await;
    assert!(world.found(&old).await.is_some(), "its period is not over yet");
    assert_eq!(world.count("SELECT COUNT(*) FROM codes").await, 0, "codes go earlier");
    world.clock.advance(TimeDelta::microseconds(1));
    world.clean().await;
    for gone in [&old, &young] {
        assert!(world.found(gone).await.is_none());
    }
    assert!(world.found(&newest).await.is_some());
    let left = "SELECT (SELECT COUNT(*) FROM grants) + (SELECT COUNT(*) FROM refresh_families) + (SELECT COUNT(*) FROM session_events)";
    assert_eq!(world.count(left).await, 0);
}

/// Puts one row into the table, whose time is `at`.
async fn leave(world: &World, what: Leftover, at: Time) {
    let key = Digest::of(what.table());
    let secret = ClientSecret {
        id: ClientSecretId::new(at, &world.dice),
        digest: key,
        sealed: None,
        created_at: at,
        expires_at: Some(at),
    };
    let id = RegistrationTokenId::new(at, &world.dice);
    let token = RegistrationToken { id, digest: key, label: None, uses_left: 0, created_at: at, expires_at: at };
    let link = Link {
        digest: key,
        user: None,
        errand: Errand::Reset,
        password: None,
        address: None,
        change: None,
        created_at: at,
        expires_at: at,
        used_at: None,
    };
    let code = MailCode { id: MailCodeId::new(at, &world.dice), user: None, hash: String::new(), expires_at: at };
    let put = async move |tx: &mut store::db::Tx| match what {
        // They hang on others, and are tried with them.
        Leftover::Sessions | Leftover::Codes | Leftover::Deliveries | Leftover::Outbox | Leftover::Mails => Ok(()),
        Leftover::Links => store::link::replace(tx, &link).await,
        Leftover::MailCodes => store::mail_code::insert(tx, &code).await,
        Leftover::SpentRequests => store::pushed::spend(tx, key, at).await.map(drop),
        Leftover::RevokedTokens => store::token::revoke(tx, "jti", at).await.map(drop),
        Leftover::ClientAssertions => store::client::spend_assertion(tx, key, at).await.map(drop),
        Leftover::ClientSecrets => store::client::insert_secret(tx, DEMO_SERVICE, &secret).await,
        Leftover::RegistrationTokens => store::registration::insert_token(tx, &token).await,
        Leftover::UpstreamWords => store::upstream::take(tx, key, at).await.map(drop),
        Leftover::Authenticators => {
            let sql = "INSERT INTO authenticators (id, user_id, kind, name, created_at, removed_at)
                       SELECT $1, id, 'totp', 'app', $2, $2 FROM users LIMIT 1";
            tx.sql(sql).bind(CredentialId::new(at, &SeededEntropy::new(9))).bind(at).execute().await.map(drop)
        }
        Leftover::SpentChallenges => {
            let sql = "INSERT INTO spent_challenges (digest, expires_at) VALUES ($1, $2)";
            tx.sql(sql).bind(key).bind(at).execute().await.map(drop)
        }
        Leftover::Throttles => {
            let held = store::throttle::hold(tx, key, at).await?;
            store::throttle::set(tx, key, held.after_failure(Counted::Account, at)).await
        }
    };
    world.shift.authority.db.write(put).await.unwrap();
}

#[tokio::test]
async fn what_expired_goes_after_its_period_and_not_before() {
    let world = World::open().await;
    let rows = [
        (Leftover::RevokedTokens, "SELECT COUNT(*) FROM revoked_tokens", 0),
        (Leftover::ClientAssertions, "SELECT COUNT(*) FROM client_assertions", 0),
        // Those that never expire stay: two clients have one each.
        (Leftover::ClientSecrets, "SELECT COUNT(*) FROM client_secrets", 2),
        (Leftover::RegistrationTokens, "SELECT COUNT(*) FROM registration_tokens", 0),
        (Leftover::UpstreamWords, "SELECT COUNT(*) FROM upstream_words", 0),
        (Leftover::Authenticators, "SELECT COUNT(*) FROM authenticators", 0),
        (Leftover::SpentChallenges, "SELECT COUNT(*) FROM spent_challenges", 0),
        (Leftover::Throttles, "SELECT COUNT(*) FROM throttles", 0),
        (Leftover::Links, "SELECT COUNT(*) FROM links", 0),
        (Leftover::SpentRequests, "SELECT COUNT(*) FROM spent_requests", 0),
        (Leftover::MailCodes, "SELECT COUNT(*) FROM mail_codes", 0),
    ];
    for (what, count, kept) in rows {
        let born = world.clock.now();
        let late = born + TimeDelta::seconds(7);
        leave(&world, what, born).await;
        world.clock.advance(period(what).delta() - TimeDelta::microseconds(1));
        world.clean().await;
        assert_eq!(world.count(count).await, kept + 1, "{what:?} before its time");
        assert_eq!(cleaning::oldest(&world.shift.authority.db, what, late).await.unwrap(), Some(born), "{what:?}");
        world.clock.advance(TimeDelta::microseconds(1));
        world.clean().await;
        assert_eq!(world.count(count).await, kept, "{what:?} at its time");
        assert_eq!(cleaning::oldest(&world.shift.authority.db, what, late).await.unwrap(), None, "{what:?}");
    }
}

#[tokio::test]
async fn a_table_that_fills_as_fast_as_it_is_cleaned_keeps_no_other_waiting() {
    let world = World::open().await;
    let at = world.clock.now();
    let fill = async move |tx: &mut store::db::Tx| {
        for row in 0..2_500 {
            store::token::revoke(tx, &format!("jti {row}"), at).await?;
        }
        store::client::spend_assertion(tx, Digest::of("assertion"), at).await.map(drop)
    };
    world.shift.authority.db.write(fill).await.unwrap();
    leave(&world, Leftover::Throttles, at).await;
    world.clock.advance(period(Leftover::Throttles).delta());
    // Time for eight writes: less than the fullest table needs.
    world.tick.store(5, Ordering::Relaxed);
    let deadline = world.clock.now() + TimeDelta::milliseconds(8 * 15);
    clean::run(world.shift.clone(), deadline).await.unwrap();
    world.tick.store(0, Ordering::Relaxed);
    let left = world.count("SELECT COUNT(*) FROM revoked_tokens").await;
    assert!((1..2_500).contains(&left), "{left} left: it was to be too much for the time");
    assert_eq!(world.count("SELECT COUNT(*) FROM client_assertions").await, 0);
    assert_eq!(world.count("SELECT COUNT(*) FROM throttles").await, 0);
    assert!(world.overdue("clean", "revoked_tokens").await > 29 * 24 * 3_600, "and the metric says so");
    assert_eq!(world.overdue("clean", "throttles").await, 0);
    world.clean().await;
    assert_eq!(world.overdue("clean", "revoked_tokens").await, 0);
}

#[tokio::test]
async fn every_node_says_how_far_behind_the_jobs_are_whoever_does_them() {
    let world = World::open().await;
    world.session().await;
    assert_eq!(world.overdue("expire", "sessions").await, 0, "it is alive");
    world.clock.advance(TimeDelta::hours(1) + TimeDelta::seconds(90));
    assert_eq!(world.overdue("expire", "sessions").await, 90, "nobody wrote its end down");
    world.expire().await;
    assert_eq!(world.overdue("expire", "sessions").await, 0);
    world.clock.advance(period(Leftover::Sessions).delta());
    assert_eq!(world.overdue("clean", "sessions").await, 90);
    let other = Shift::new(Arc::clone(&world.shift.authority), Tally::default());
    clean::run(other, world.clock.now() + TimeDelta::hours(1)).await.unwrap();
    assert_eq!(world.overdue("clean", "sessions").await, 0, "another node cleaned it");
}

#[tokio::test]
async fn what_ended_is_kept_until_everybody_was_told_and_a_while_longer() {
    let world = World::open().await;
    let (webhook, authority) = (WebhookId::new(world.clock.now(), &world.dice), &world.shift.authority);
    let dead_end = Webhook {
        id: webhook,
        url: "https://10.0.0.1/".into(),
        events: What::ALL.to_vec(),
        enabled: true,
        sealed_secret: authority.secrets.webhook.seal(&webhook.to_string(), b"secret", &world.dice),
        version: 1,
        created_at: world.clock.now(),
        updated_at: world.clock.now(),
    };
    let made = dead_end.clone();
    authority.db.write(async move |tx| store::webhook::insert(tx, &made).await).await.unwrap();
    world.session().await;
    world.clock.advance(TimeDelta::minutes(61));
    world.expire().await;
    let counts = async || {
        (world.count("SELECT COUNT(*) FROM outbox").await, world.count("SELECT COUNT(*) FROM deliveries").await)
    };
    world.clock.advance(period(Leftover::Outbox).delta());
    world.clean().await;
    assert_eq!(counts().await, (1, 0), "nobody has read it");
    let mut courier = Courier::new(world.shift.clone());
    courier.run_out().await.unwrap();
    world.clock.advance(TimeDelta::days(8));
    world.clean().await;
    assert_eq!(counts().await, (1, 1), "somebody is still to be told");
    let gone = async move |tx: &mut store::db::Tx| store::webhook::delete(tx, webhook, None).await;
    authority.db.write(gone).await.unwrap();
    courier.run_out().await.unwrap();
    world.clock.advance(TimeDelta::days(30) - TimeDelta::microseconds(1));
    world.clean().await;
    assert_eq!(counts().await, (1, 1), "it was given up a moment less than 30 days ago");
    world.clock.advance(TimeDelta::microseconds(1));
    world.clean().await;
    assert_eq!(counts().await, (0, 0));
    // Positions go on above those that are gone.
    world.session().await;
    world.clock.advance(TimeDelta::minutes(61));
    world.expire().await;
    courier.run_out().await.unwrap();
    assert_eq!(world.count("SELECT position FROM outbox").await, 2);
}

#[tokio::test]
async fn the_jobs_begin_at_once_and_stop_when_asked() {
    let world = World::open().await;
    let authority = &world.shift.authority;
    assert_eq!(keys::list(authority).await.unwrap().len(), 2, "those that are made in no time");
    let jobs = Jobs::start(&world.shift);
    keys::complete(authority).await.unwrap();
    jobs.stop().await;
    assert_eq!(keys::list(authority).await.unwrap().len(), 8, "one that signs and the next, of each algorithm");
}

#[tokio::test]
async fn a_server_in_process_answers_and_stops() {
    let folder = Folder::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (path, address) = (folder.path().display(), listener.local_addr().unwrap());
    let text = format!(
        "issuer = 'http://{address}'\ndatabase.url = 'sqlite:{path}/it.db'\nkeys.directory = '{path}'\nserver.workers = 1"
    );
    let config = Config::read(Some(File { name: "test", text: &text }), []).unwrap();
    let app = App::open(config, Sources::system(), CHEAP).await.unwrap();
    let running = app.serve(Listeners::on(listener)).unwrap();
    assert_eq!(running.address, address);
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(format!("http://{address}/readyz"));
    assert_eq!(answer.send().await.unwrap().status(), 200);
    running.stop().await;
    assert!(std::net::TcpStream::connect(address).is_err());
}
