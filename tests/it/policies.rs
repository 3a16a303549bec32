//! Whose policy ends a session, what keeps it alive, and that neither end is ever off by more than is said
//! (OWASP ASVS 5.0 7.3.1, 7.3.2; NIST SP 800-63B-4 section 5.2).

use std::time::{Duration as Wait, Instant};

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::base::duration::Duration;
use doorward::base::entropy::{Entropy, SeededEntropy, draw};
use doorward::base::id::SessionId;
use doorward::domain::background::Route;
use doorward::domain::lifetime::{Narrowing, PolicyName, Preset, RoleRule};
use doorward::domain::policy::{Limits, Policy};
use doorward::domain::session::Session;
use doorward::flows::{Activity, inspect};
use doorward::store;
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin::{Api, administration, id_of, token};
use crate::binary::Home;
use crate::browser::Browser;
use crate::client::{Tokens, claims};
use crate::postgres::cluster;
use crate::stage::{Engine, HOME, PASSWORD, Stage, policy};
use crate::world::{Setting, World, http, on_both};

fn role(policy: &mut Policy, name: &str, idle: Option<Duration>, absolute: Option<Duration>) {
    policy.lifetimes.roles.insert(name.into(), RoleRule { idle, absolute, ..RoleRule::default() });
}

fn remembering(policy: &mut Policy) {
    policy.lifetimes.remember = Some(Limits { idle: Duration::days(7), absolute: Duration::days(30) });
}

async fn session(world: &World, api: &Api, token: &str) -> Value {
    let sid = claims(token)["sid"].as_str().unwrap().to_owned();
    assert!(world.clock.now() > chrono::DateTime::UNIX_EPOCH);
    api.get(&format!("/sessions/{sid}")).await.ok()
}

fn names(session: &Value) -> (&str, &str) {
    (session["idle_policy"].as_str().unwrap_or("none"), session["absolute_policy"].as_str().unwrap_or("none"))
}

/// How many seconds a session lives, idle and at most.
fn lives(session: &Value) -> (i64, i64) {
    let time = |name: &str| chrono::DateTime::parse_from_rfc3339(session[name].as_str().unwrap()).unwrap();
    let from = |begin: &str, end: &str| (time(end) - time(begin)).num_seconds();
    (from("last_active_at", "idle_end"), from("created_at", "absolute_end"))
}

/// Signs in with the box ticked.
async fn stay(browser: &Browser, username: &str) -> crate::answer::Answer {
    let page = browser.open("/login").await;
    assert!(page.body.contains("Stay signed in on this device"), "{}", page.body);
    browser.submit(&page, "/login", &[("username", username), ("password", PASSWORD), ("stay", "yes")]).await
}

on_both! {
    async fn a_session_says_which_policy_ends_it(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let strict = world.client("strict", json!({"skip_consent": true, "session_idle": "10m"})).await;
        let (browser, tokens) = world.signed_in(&app).await;
        let found = session(world, &api, &tokens.access).await;
        assert_eq!((names(&found), lives(&found)), (("default", "default"), (3_600, 86_400)));
        strict.tokens(&browser.code("strict", "alice", "openid").await).await;
        let found = session(world, &api, &tokens.access).await;
        assert_eq!((names(&found), lives(&found)), (("client:strict", "default"), (600, 86_400)));
        let keeper = world.client("keeper", json!({"skip_consent": true})).await;
        let left = keeper.tokens(&browser.code("keeper", "alice", "openid offline_access").await).await;
        assert_eq!(names(&session(world, &api, &left.access).await), ("none", "offline"));
        let machine = api.get("/sessions?client_id=administration").await.ok();
        assert_eq!(names(&machine["items"][0]), ("none", "machine"));
    }

    async fn nobody_is_asked_to_stay_where_nobody_may(world) {
        let browser = world.browser();
        let page = browser.open("/login").await;
        assert!(!page.body.contains("name=\"stay\""));
        let fields = [("username", "alice"), ("password", PASSWORD), ("stay", "yes")];
        let answer = browser.submit(&page, "/login", &fields).await;
        let cookie = answer.is(303).header("set-cookie").unwrap();
        assert!(!cookie.contains("Max-Age"), "{cookie}");
        world.advance(3_600);
        assert_eq!(browser.get("/account").await.location().path(), "/login");
    }
}

async fn with(engine: Engine, change: fn(&mut Policy)) -> World {
    World::with(engine, Setting { change, ..Setting::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_browser_stays_and_stricter_policies_still_cut() {
    let change: fn(&mut Policy) = |policy| {
        remembering(policy);
        role(policy, "admin", Some(Duration::minutes(20)), Some(Duration::days(2)));
    };
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = with(engine, change).await;
        let (machine, app) = (administration(&world, "administration").await, world.app("app").await);
        let browser = world.browser();
        let cookie = stay(&browser, "alice").await.is(303).header("set-cookie").unwrap().to_owned();
        assert!(cookie.contains("Max-Age=2592000"), "{cookie}");
        world.advance(6 * 86_400);
        let api = Api::with(&world, &token(&machine, "admin").await);
        let tokens = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let found = session(&world, &api, &tokens.access).await;
        assert_eq!((names(&found), lives(&found)), (("remember_me", "remember_me"), (7 * 86_400, 30 * 86_400)));

        // A new proof renews the secret, and the cookie is kept as long as it was to be.
        let page = browser.authorize("app", &[("prompt", "login")]).await;
        assert!(!page.body.contains("name=\"stay\""), "it was chosen when the session began");
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains(&format!("Max-Age={}", 24 * 86_400)), "{cookie}");

        // Without the box everything is as usual.
        let visit = world.browser();
        visit.sign_in("bob").await;
        world.advance(3_600);
        assert_eq!(visit.get("/account").await.location().path(), "/login");

        // A role cuts what is remembered.
        let api = Api::with(&world, &token(&machine, "admin").await);
        browser.get("/account").await.is(200);
        let alice = id_of(&api, "alice").await;
        api.patch(&format!("/users/{alice}"), json!({"roles": ["admin"]})).await.is(200);
        let found = session(&world, &api, &tokens.access).await;
        assert_eq!((names(&found), lives(&found).0), (("role:admin", "role:admin"), 1_200));
        let other = world.browser();
        stay(&other, "alice").await.is(303);
        let tokens = app.tokens(&other.code("app", "alice", "openid").await).await;
        let found = session(&world, &api, &tokens.access).await;
        assert_eq!((names(&found), lives(&found)), (("role:admin", "role:admin"), (1_200, 2 * 86_400)));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_given_ends_what_is_over_by_it() {
    let change: fn(&mut Policy) = |policy| role(policy, "admin", Some(Duration::minutes(10)), None);
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = with(engine, change).await;
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        world.advance(700);
        let api = Api::of(&world).await;
        let alice = id_of(&api, "alice").await;
        api.patch(&format!("/users/{alice}"), json!({"roles": ["admin"]})).await.is(200);
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: policy");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_ends_sessions_by_its_name() {
    let change: fn(&mut Policy) = |policy| {
        policy.lifetimes.preset = Some(Preset::Aal3);
        policy.session = Preset::Aal3.limits();
    };
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = with(engine, change).await;
        let (api, app) = (Api::of(&world).await, world.app("app").await);
        let (_, tokens) = world.signed_in(&app).await;
        let found = session(&world, &api, &tokens.access).await;
        assert_eq!((names(&found), lives(&found)), (("aal3", "aal3"), (900, 43_200)));
        world.finish().await;
    }
}

/// When a session was last active, as far as anybody knows.
async fn last_active(stage: &Stage, id: SessionId) -> chrono::DateTime<chrono::Utc> {
    store::session::by_id(stage.db(), id).await.unwrap().unwrap().last_active_at
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_being_there_keeps_a_session_alive_and_no_polling_does() {
    let change: fn(&mut Policy) = |policy| {
        policy.background_routes =
            vec![Route::parse("/app/*/poll").unwrap(), Route::parse("/oauth2/userinfo").unwrap()];
    };
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = with(engine, change).await;
        let app = world.backend("app").await;
        let (browser, mut tokens) = world.signed_in(&app).await;
        let id: SessionId = claims(&tokens.access)["sid"].as_str().unwrap().parse().unwrap();
        let gateway = async |headers: &[(&str, &str)]| {
            browser.send(Method::GET, "/gateway/check", headers, None).await.is(200);
        };
        for way in
            ["page", "refresh", "introspection", "refresh introspection", "gateway", "gateway route", "logout page"]
        {
            world.advance(61);
            match way {
                "page" => drop(browser.get("/account").await.is(200)),
                "refresh" => tokens = Tokens::of(app.refresh(&tokens.refresh).await.ok()),
                "introspection" => assert_eq!(app.introspect(&tokens.access).await["active"], true),
                "refresh introspection" => assert_eq!(app.introspect(&tokens.refresh).await["active"], true),
                "gateway route" => gateway(&[("x-forwarded-uri", "/app/shop/orders")]).await,
                "logout page" => drop(browser.get("/logout").await.is(200)),
                _ => gateway(&[]).await,
            }
            assert_eq!(last_active(&world, id).await, world.clock.now(), "{way} does not count");
        }
        let before = world.clock.now();
        let background = [("doorward-activity", "background")];
        for way in ["page", "refresh", "gateway", "nginx", "traefik", "own route", "single sign-on", "silent", "hidden"]
        {
            world.advance(61);
            match way {
                "page" => drop(browser.send(Method::GET, "/account", &background, None).await.is(200)),
                "refresh" => {
                    let body =
                        crate::stage::form(&[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)]);
                    let basic = crate::client::basic("app", app.secret.as_ref().unwrap());
                    let headers = [background[0], ("authorization", &basic)];
                    tokens = Tokens::of(browser.send(Method::POST, "/oauth2/token", &headers, Some(body)).await.ok());
                }
                "gateway" => gateway(&background).await,
                "nginx" => gateway(&[("x-original-uri", "/app/shop/poll?since=3")]).await,
                "traefik" => gateway(&[("x-forwarded-uri", "/app/shop/poll")]).await,
                "own route" => drop(app.userinfo(&tokens.access).await.is(200)),
                "silent" => drop(browser.authorize("app", &[("prompt", "none")]).await.home(HOME)),
                _ => {
                    let target = crate::browser::authorization("app", &[]);
                    drop(browser.send(Method::GET, &target, &background, None).await.home(HOME));
                }
            }
            assert_eq!(last_active(&world, id).await, before, "{way} counts");
        }
        world.finish().await;
    }
}

/// Whatever happens in whatever order: the idle end that is known is at most one interval before the true one, never after
/// it, and the absolute end stands still.
#[tokio::test(flavor = "multi_thread")]
async fn the_idle_end_is_never_off_by_more_than_an_interval() {
    for (engine, idle, interval) in [
        (Engine::Sqlite, Duration::hours(1), 60),
        (Engine::Postgres, Duration::hours(1), 60),
        (Engine::Sqlite, Duration::seconds(200), 20),
        (Engine::Postgres, Duration::seconds(200), 20),
    ] {
        let mut rules = policy("http://localhost:8080");
        rules.session = Limits { idle, absolute: Duration::hours(24) };
        let stage = Stage::with(engine, rules).await;
        stage.person("alice").await;
        stage.app("app").await;
        for seed in 0..6 {
            let begun = stage.sign_in("alice").await;
            walk(&stage, &begun, &SeededEntropy::new(seed), (idle, interval)).await;
        }
        stage.verify().await;
    }
}

async fn walk(stage: &Stage, begun: &Session, dice: &dyn Entropy, (idle, interval): (Duration, i64)) {
    let code = stage.code("app", begun, "profile").await;
    let mut token = stage.redeem("app", &code).await.unwrap().refresh_token.unwrap();
    let mut truth = stage.clock.now();
    for step in 0..60 {
        let [gap, far, way] = draw::<3>(dice).map(i64::from);
        stage.advance(if far < 16 { gap * idle.as_seconds() / 200 } else { gap * interval / 128 });
        let now = stage.clock.now();
        let found = store::session::by_id(stage.db(), begun.id).await.unwrap().unwrap();
        assert_eq!(found.absolute_end, begun.absolute_end, "step {step}: the absolute end moved");
        let (known, true_end) = (found.last_active_at + idle.delta(), truth + idle.delta());
        assert!(
            known <= true_end && true_end - known < TimeDelta::seconds(interval),
            "step {step}: {known} for {true_end}"
        );
        assert!(
            found.is_open(now) || true_end - now < TimeDelta::seconds(interval) || now >= found.absolute_end,
            "step {step}"
        );
        if !found.is_open(now) {
            return;
        }
        match way % 4 {
            0 => inspect::note(&stage.authority, &found, Activity::Background, now).await.unwrap(),
            1 => {
                token = stage.refresh("app", &token).await.unwrap().refresh_token.unwrap();
                truth = now;
            }
            _ => {
                // Several nodes at once.
                let note = || inspect::note(&stage.authority, &found, Activity::Person, now);
                let (one, two, three) = tokio::join!(note(), note(), note());
                one.and(two).and(three).unwrap();
                truth = now;
            }
        }
    }
}

/// Activity that one node notes while another narrows the session is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn activity_counts_under_the_limits_of_its_moment() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let stage = Stage::on(engine).await;
        stage.person("alice").await;
        let begun = stage.sign_in("alice").await;
        stage.advance(840);
        let narrowing = Narrowing { by: PolicyName::client("app"), idle: Some(Duration::minutes(15)), absolute: None };
        let narrowed = begun.narrowed(&narrowing);
        stage.db().write(async move |tx| store::lifetime::keep(tx, &narrowed).await).await.unwrap();
        // Read before, written after.
        inspect::note(&stage.authority, &begun, Activity::Person, stage.clock.now()).await.unwrap();
        let found = store::session::by_id(stage.db(), begun.id).await.unwrap().unwrap();
        assert_eq!(found.idle_end(), Some(stage.clock.now() + TimeDelta::minutes(15)), "{engine:?}");
        stage.verify().await;
    }
}

/// A gateway check by the browser's cookie.
async fn passes(browser: &Browser, headers: &[(&str, &str)]) -> bool {
    browser.send(Method::GET, "/gateway/check", headers, None).await.status == 200
}

/// Activity that was answered is known after `kill -9`: the idle end is where it was, no more than an interval early.
async fn outlives_a_kill(home: Home) {
    let mut server = home.serve().await;
    let person = home.first_run()["demo_user"].clone();
    let browser = Browser::new(http(), &home.issuer);
    let page = browser.open("/login").await;
    browser.log_in(&page, person["username"].as_str().unwrap(), person["password"].as_str().unwrap()).await.is(303);
    tokio::time::sleep(Wait::from_secs(8)).await;
    let active = Instant::now();
    assert!(passes(&browser, &[]).await);
    server.kill();
    server = home.serve().await;
    // The idle end of the sign-in is over, that of the check is not.
    tokio::time::sleep_until((active + Wait::from_millis(16_500)).into()).await;
    let background = [("doorward-activity", "background")];
    let browser = browser.through(http());
    assert!(passes(&browser, &background).await, "what was answered is forgotten");
    tokio::time::sleep_until((active + Wait::from_millis(20_500)).into()).await;
    assert!(!passes(&browser, &background).await, "the session outlived its idle end");
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_end_is_where_it_was_after_kill_9() {
    let idle = ("SESSION__IDLE", "20s");
    let database = cluster().empty().await;
    tokio::join!(
        outlives_a_kill(Home::new(&[idle])),
        outlives_a_kill(Home::new(&[idle, ("DATABASE__URL", &database)]))
    );
}
