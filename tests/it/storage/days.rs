//! Forty-five days in the life of a server, in a minute: people and machines come and go in every way there is, the jobs
//! run, and the tables come back to their level; then nobody comes any more, and they come back to nothing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use doorward::base::duration::Duration;
use doorward::base::secret::{Digest, Typed};
use doorward::domain::lifetime::Stay;
use doorward::domain::session::{Session, Source};
use doorward::flows::login::{self, Attempt, SignIn};
use doorward::protocol::token::TokenAnswer;
use doorward::store;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{bytes, rows};
use crate::admin::{Api, administration, id_of, token};
use crate::browser::Browser;
use crate::client::Client;
use crate::stage::{Engine, PASSWORD};
use crate::world::{Setting, World};

/// On this day every period that began with the first one is over: sessions end within a day, offline ones within two,
/// and stay for thirty more.
const LEVEL: usize = 35;
const LAST: usize = 45;
const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];

struct Life {
    world: World,
    one: Client,
    two: Client,
    brief: Client,
    machine: Client,
    asking: Client,
}

impl Life {
    async fn on(engine: Engine) -> Self {
        let setting = Setting { change: |policy| policy.offline = Duration::days(2), ..Setting::default() };
        let world = World::with(engine, setting).await;
        for username in &PEOPLE[2..] {
            world.person(username).await;
        }
        let (one, two) = (world.app("one").await, world.app("two").await);
        let brief = world.client("brief", json!({"skip_consent": true, "session_absolute": "50m"})).await;
        let asking = world.client("asking", json!({})).await;
        let machine = administration(&world, "machine").await;
        world.machine("rolled", json!({})).await;
        Self { world, one, two, brief, machine, asking }
    }

    /// What a session gives a client.
    async fn granted(&self, client: &Client, session: &Session, scope: &str) -> TokenAnswer {
        let code = Box::pin(self.world.code(&client.id, session, scope)).await;
        Box::pin(self.world.redeem(&client.id, &code)).await.unwrap()
    }

    async fn api(&self) -> Api {
        Api::with(&self.world, &token(&self.machine, "admin").await)
    }

    fn pass(&self, minutes: i64) {
        self.world.advance(minutes * 60);
    }

    /// From midnight to midnight. What can happen at the same moment does, as it would.
    async fn day(&self, day: usize) {
        Box::pin(self.morning(day)).await;
        self.world.jobs().await;
        let (noon, temporary) = (Box::pin(self.noon()), Box::pin(self.temporary(day)));
        let (token, ..) = tokio::join!(noon, temporary, Box::pin(self.visitor()), Box::pin(self.strangers(day)));
        self.pass(59);
        assert_eq!(self.world.refresh("brief", &token).await.err(), Some("invalid_grant"), "an absolute end");
        self.pass(24 * 60 - 180);
        self.world.jobs().await;
    }

    /// A session in two applications, and the refresh tokens that it gave them.
    async fn at_work(&self, username: &str) -> (Session, [String; 2]) {
        let session = Box::pin(self.world.sign_in(username)).await;
        let (one, two) = tokio::join!(
            self.granted(&self.one, &session, "openid"),
            self.granted(&self.two, &session, "openid profile")
        );
        (session, [one, two].map(|tokens| tokens.refresh_token.unwrap()))
    }

    async fn refreshed(&self, client: &Client, token: &str) -> String {
        Box::pin(self.world.refresh(&client.id, token)).await.unwrap().refresh_token.unwrap()
    }

    /// 121 min: everybody signs in, works in two applications and goes away in their own way.
    async fn morning(&self, day: usize) {
        let mut at_work = join_all(PEOPLE.map(|username| Box::pin(self.at_work(username)))).await;
        for _ in 0..2 {
            self.pass(30);
            join_all(at_work.iter_mut().map(async |(_, [one, two])| {
                (*one, *two) = tokio::join!(self.refreshed(&self.one, one), self.refreshed(&self.two, two));
            }))
            .await;
        }
        let [(alice, _), (_, bob), (carol, stolen), _] = at_work.try_into().unwrap_or_else(|_| unreachable!());
        let (api, path) = (self.api().await, format!("/sessions/{}", alice.id));
        let reason = ["admin", "theft", "policy"][day % 3];
        let ended = api.call(Method::DELETE, &path, None, Some(json!({ "reason": reason })));
        let (ended, revoked) = tokio::join!(ended, self.one.revoke(&bob[0]));
        ended.is(204);
        revoked.is(200);
        let next = self.refreshed(&self.one, &stolen[0]).await;
        self.refreshed(&self.one, &next).await;
        self.pass(1);
        assert_eq!(self.world.refresh("one", &stolen[0]).await.err(), Some("invalid_grant"), "{}: reuse", carol.id);
        self.pass(60);
    }

    /// Codes that nobody wants and that two want, tokens revoked alone, offline access, and a refresh token that is about to
    /// be too old.
    async fn noon(&self) -> String {
        let (session, left) = tokio::join!(self.world.sign_in("bob"), self.world.sign_in("dave"));
        let (tokens, _, code, fresh, offline) = tokio::join!(
            self.granted(&self.brief, &session, "openid"),
            self.world.code("one", &session, "openid"),
            self.world.code("two", &session, "openid"),
            self.granted(&self.one, &left, "openid offline_access"),
            self.granted(&self.two, &left, "openid offline_access"),
        );
        let spent = self.world.redeem("two", &code).await.unwrap();
        assert_eq!(self.world.redeem("two", &code).await.err(), Some("invalid_grant"), "a code works once");
        let (lonely, ended) = (fresh.access_token, offline.refresh_token.unwrap());
        let revoked = tokio::join!(
            self.two.revoke(&spent.access_token),
            self.brief.revoke(&tokens.access_token),
            self.one.revoke(&lonely),
            self.two.revoke(&ended),
        );
        for answer in [revoked.0, revoked.1, revoked.2, revoked.3] {
            answer.is(200);
        }
        self.refreshed(&self.brief, &tokens.refresh_token.unwrap()).await
    }

    /// A browser, a consent and its withdrawal.
    async fn visitor(&self) {
        let browser = self.world.browser();
        let code = browser.code("asking", "carol", "openid offline_access").await;
        self.asking.tokens(&code).await;
        let page = browser.get("/account/apps").await;
        browser.submit(&page, "/account/apps/asking/revoke", &[]).await.is(303);
        self.sign_out(&browser).await;
    }

    /// Somebody who is hired and leaves, an application for a day, and a secret that is renewed.
    async fn temporary(&self, day: usize) {
        let (api, name) = (self.api().await, format!("temp-{day}"));
        let person = json!({"username": name, "password": PASSWORD, "email": "temp@example.com"});
        api.post("/users", person).await.is(201);
        let client = self.world.app(&name).await;
        let session = self.world.sign_in(&name).await;
        self.granted(&client, &session, "openid offline_access").await;
        let id = id_of(&api, &name).await;
        api.put(&format!("/users/{id}/password"), json!({"password": format!("{PASSWORD} {day}")})).await.is(204);
        api.delete(&format!("/clients/{name}")).await.is(204);
        api.delete(&format!("/users/{id}")).await.is(204);
        api.post("/clients/rolled/secrets", json!({})).await.is(201);
    }

    async fn sign_out(&self, browser: &Browser) {
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
    }

    /// Failures on names that are there and that are not, from everywhere, and the proofs of a machine.
    async fn strangers(&self, day: usize) {
        for username in ["alice".to_owned(), format!("nobody-{day}")] {
            let source = Source { address: Some(format!("192.0.2.{day}")), ..Source::default() };
            let attempt = Attempt {
                username,
                password: Typed::new("a wrong password".into()),
                source,
                stay: Stay::Visit,
                aim: doorward::flows::login::Aim::default(),
            };
            let answer = login::sign_in(&self.world.authority, attempt, None).await.unwrap();
            assert!(matches!(answer, SignIn::Refused));
        }
        let until = self.world.authority.now() + TimeDelta::minutes(5);
        let proof = Digest::of(&format!("assertion {day}"));
        let spent = self.world.db().write(async move |tx| store::client::spend_assertion(tx, proof, until).await);
        assert!(spent.await.unwrap());
    }

    /// Rows of each table, and the bytes of all.
    async fn level(&self) -> (BTreeMap<String, i64>, i64) {
        (rows(self.world.db()).await.into_iter().collect(), bytes(self.world.db()).await)
    }
}

async fn forty_five_days(engine: Engine) {
    let life = Life::on(engine).await;
    let (mut at_start, _) = life.level().await;
    let mut levels = Vec::new();
    for day in 1..=LAST {
        life.day(day).await;
        if [15, LEVEL, LAST].contains(&day) {
            life.world.verify_after_the_jobs().await;
            levels.push(life.level().await);
        }
    }
    let [(early, _), (level, size), (last, size_at_last)] = levels.try_into().unwrap_or_else(|_| unreachable!());
    for table in ["sessions", "session_events", "grants", "refresh_families", "throttles"] {
        assert!(early[table] < level[table], "{table} does not even grow: {early:?} {level:?}");
    }
    for (table, rows) in &last {
        // A machine's session may have been followed by the next one.
        let before = level[table];
        assert!((rows - before).abs() <= before / 100 + 1, "{table} went from {before} rows to {rows} in ten days");
    }
    // Freed room is used again. PostgreSQL comes to it when autovacuum does, which ten days of this test do not wait for.
    if engine == Engine::Sqlite {
        assert!(size_at_last <= size + size / 10, "from {size} to {size_at_last} bytes in ten days");
    }

    // Nobody comes any more: the last ends, and the periods after them.
    for _ in 0..3 {
        life.pass(31 * 24 * 60);
        life.world.jobs().await;
    }
    let (mut at_end, _) = life.level().await;
    // A lease for each name of a job, and keys by the clock: their number is no matter of who came.
    for table in ["leases", "signing_keys"] {
        at_start.remove(table);
        at_end.remove(table);
    }
    assert_eq!(at_end, at_start, "something stays for ever");
    life.world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_five_days_leave_no_more_than_thirty_five_on_sqlite() {
    Box::pin(forty_five_days(Engine::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_five_days_leave_no_more_than_thirty_five_on_postgres() {
    Box::pin(forty_five_days(Engine::Postgres)).await;
}
