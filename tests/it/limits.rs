//! Limits of sessions, per person and per client, and the person's choice of what gives way.

use std::collections::BTreeSet;
use std::sync::Arc;

use doorward::base::secret::Typed;
use doorward::domain::lifetime::{RoleRule, Stay};
use doorward::domain::limit::{Action, SessionLimit};
use doorward::domain::policy::Policy;
use doorward::domain::session::{Session, Source};
use doorward::flows::Authority;
use doorward::flows::authorize::{self, Step};
use doorward::flows::login::{Aim, Attempt, SignIn, sign_in};
use doorward::protocol::acr;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::claims;
use crate::stage::{CHALLENGE, Engine, HOME, PASSWORD, Stage, params, policy};
use crate::world::{Setting, World, on_both};

async fn asking(engine: Engine) -> World {
    let change: fn(&mut Policy) = |policy| policy.limit = Some(SessionLimit { most: 2, action: Action::Ask });
    World::with(engine, Setting { change, ..Setting::default() }).await
}

/// What can be chosen on the page that asks.
pub fn choices(page: &Answer) -> Vec<String> {
    let boxes = page.body.split("type=\"checkbox\" name=\"end\" value=\"").skip(1);
    boxes.map(|text| text.split('"').next().unwrap().to_owned()).collect()
}

/// A third device at the page that asks.
async fn third(world: &World) -> (Vec<Browser>, Browser, Answer) {
    let browsers = vec![world.browser(), world.browser()];
    for browser in &browsers {
        browser.sign_in("alice").await;
        world.advance(70);
    }
    let browser = world.browser();
    let page = browser.open("/login").await;
    let answer = browser.log_in(&page, "alice", PASSWORD).await;
    assert_eq!(answer.is(303).location().path(), "/limit");
    assert!(browser.cookie("doorward-session").is_none(), "nobody is signed in before there is room");
    let page = browser.follow(answer).await;
    (browsers, browser, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_chooses_which_device_gives_way() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = asking(engine).await;
        let api = Api::of(&world).await;
        let (browsers, browser, page) = third(&world).await;
        assert!(page.is(200).body.contains("too many devices"));
        let offered = choices(&page);
        assert_eq!(offered.len(), 2);
        let nothing = browser.submit(&page, "/limit", &[]).await;
        assert!(nothing.is(409).body.contains("choose more"));
        let elsewhere = browser.submit(&nothing, "/limit", &[("end", "00000000-0000-7000-8000-000000000000")]).await;
        let answer = browser.submit(elsewhere.is(409), "/limit", &[("end", &offered[0])]).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        browser.get("/account").await.is(200);
        browsers[0].get("/account").await.is(200);
        assert_eq!(browsers[1].get("/account").await.location().path(), "/login");
        let ended = api.get(&format!("/sessions/{}", offered[0])).await.ok();
        assert_eq!((&ended["end_reason"], &ended["end_initiator"]), (&json!("limit"), &json!("user")));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_waits_is_good_once_here_and_now() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = asking(engine).await;
        let app = world.app("app").await;
        let (_, browser, page) = third(&world).await;
        let offered = choices(&page);

        // Another browser can do nothing with its address.
        let stranger = world.browser();
        stranger.open("/login").await;
        assert_eq!(stranger.get(page.url.as_str()).await.is(303).location().path(), "/login");
        let fields = page.form("/limit");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        stranger.post("/limit", &[fields.as_slice(), &[("end", &offered[0])]].concat()).await.is(403);

        // Once.
        browser.submit(&page, "/limit", &[("end", &offered[0])]).await.is(303);
        browser.get("/account").await.is(200);
        let spent = browser.submit(&page, "/limit", &[("end", &offered[1])]).await;
        assert_eq!(spent.is(303).location().path(), "/login");
        browser.get("/account").await.is(200);

        // Minutes, and on the way to a client.
        let late = world.browser();
        let page = late.authorize("app", &[("state", "s")]).await;
        let answer = late.log_in(&page, "alice", PASSWORD).await;
        let page = late.follow(answer).await;
        let one = choices(&page).remove(0);
        world.advance(300);
        let answer = late.submit(&page, "/limit", &[("end", &one)]).await;
        let page = late.follow(answer).await;
        assert_eq!(page.is(200).url.path(), "/login", "the request is still there");
        let answer = late.log_in(&page, "alice", PASSWORD).await;
        let page = late.follow(answer).await;
        let answer = late.submit(&page, "/limit", &[("end", &choices(&page)[0])]).await;
        assert_eq!(answer.home(HOME)["state"], "s");
        app.tokens(&answer.home(HOME)["code"]).await;

        // A password that was changed meanwhile proves nothing.
        let last = world.browser();
        let page = last.open("/login").await;
        let answer = last.log_in(&page, "alice", PASSWORD).await;
        let page = last.follow(answer).await;
        let one = choices(&page).remove(0);
        let api = Api::of(&world).await;
        let alice = id_of(&api, "alice").await;
        api.put(&format!("/users/{alice}/password"), json!({"password": "a different battery horse"})).await.is(204);
        assert_eq!(last.submit(&page, "/limit", &[("end", &one)]).await.is(303).location().path(), "/login");
        assert!(last.cookie("doorward-session").is_none());
        world.finish().await;
    }
}

/// What the sign-in was for is where it ends, and what it needs is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_asks_keeps_what_it_is_for_and_asks_what_is_needed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = asking(engine).await;
        let own = world.browser();
        own.sign_in("bob").await;
        for _ in 0..2 {
            world.browser().sign_in("alice").await;
        }
        world.advance(301);
        let page = own.open("/account/password").await;
        assert!(page.is(200).url.as_str().contains("/login?errand="));
        let answer = own.log_in(&page, "alice", PASSWORD).await;
        assert_eq!(answer.is(303).location().path(), "/limit");
        let page = own.follow(answer).await;
        let page = own.submit(&page, "/limit", &[]).await;
        let answer = own.submit(page.is(409), "/limit", &[("end", &choices(&page)[0])]).await;
        assert_eq!(answer.is(303).location().path(), "/account/password");
        // Whoever needs more by now starts over, for the same.
        let late = world.browser();
        late.sign_in("bob").await;
        world.advance(301);
        let page = late.open("/account/password").await;
        let answer = late.log_in(&page, "alice", PASSWORD).await;
        let page = late.follow(answer).await;
        let api = Api::of(&world).await;
        api.patch(&format!("/users/{}", id_of(&api, "alice").await), json!({"required_acr": acr::MFA})).await.ok();
        let answer = late.submit(&page, "/limit", &[("end", &choices(&page)[0])]).await;
        let start = answer.is(303).location();
        assert!(start.path() == "/login" && start.query().unwrap().starts_with("errand="), "{start}");
        assert!(!late.get("/account").await.body.contains("alice"));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_limits_the_sessions_of_its_people() {
    let change: fn(&mut Policy) = |policy| {
        policy.lifetimes.roles.insert("reader".into(), RoleRule { most: Some(1), ..RoleRule::default() });
    };
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = World::with(engine, Setting { change, ..Setting::default() }).await;
        let (one, two) = (world.browser(), world.browser());
        one.sign_in("alice").await;
        two.sign_in("alice").await;
        assert_eq!(one.get("/account").await.status, 303);
        two.get("/account").await.is(200);
        world.finish().await;
    }
}

/// Three devices want into a client that may be in two.
async fn crowded(world: &World, action: &str) -> (Vec<(Browser, Value)>, Browser, Answer) {
    let metadata = json!({"skip_consent": true, "session_limit": 2, "session_limit_action": action});
    let app = world.client("app", metadata).await;
    let mut inside = Vec::new();
    for _ in 0..2 {
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid").await).await;
        // Once more in the same session is not once more.
        browser.code("app", "alice", "openid").await;
        inside.push((browser, json!({"refresh": tokens.refresh, "sid": claims(&tokens.access)["sid"]})));
        world.advance(70);
    }
    let browser = world.browser();
    browser.sign_in("alice").await;
    let answer = browser.authorize("app", &[("state", "s")]).await;
    (inside, browser, answer)
}

on_both! {
    async fn a_client_denies_what_is_too_many(world) {
        let (inside, browser, answer) = crowded(world, "deny").await;
        assert_eq!(answer.home(HOME)["error"], "access_denied");
        world.browser().code("app", "bob", "openid").await;
        let page = inside[0].0.get("/logout").await;
        inside[0].0.submit(&page, "/logout", &[]).await;
        assert!(browser.authorize("app", &[]).await.home(HOME).contains_key("code"), "there is room again");
    }

    async fn a_client_leaves_the_longest_idle_session(world) {
        let (inside, browser, answer) = crowded(world, "end_oldest").await;
        let app = crate::client::Client { http: world.http(), issuer: world.issuer.clone(), id: "app".into(), secret: None };
        app.tokens(&answer.home(HOME)["code"]).await;
        let told = app.refresh(inside[0].1["refresh"].as_str().unwrap()).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "grant ended: limit");
        inside[0].0.get("/account").await.is(200);
        app.refresh(inside[1].1["refresh"].as_str().unwrap()).await.ok();
        browser.get("/account").await.is(200);
    }

    async fn a_client_asks_which_session_it_leaves(world) {
        let (inside, browser, page) = crowded(world, "ask").await;
        let app = crate::client::Client { http: world.http(), issuer: world.issuer.clone(), id: "app".into(), secret: None };
        assert_eq!(page.is(200).url.path(), "/limit");
        let offered = choices(&page);
        let sids: BTreeSet<_> = inside.iter().map(|(_, held)| held["sid"].as_str().unwrap().to_owned()).collect();
        assert_eq!(offered.iter().cloned().collect::<BTreeSet<_>>(), sids);
        assert_eq!(browser.authorize("app", &[("prompt", "none")]).await.home(HOME)["error"], "interaction_required");
        assert!(browser.submit(&page, "/limit", &[]).await.is(409).body.contains("choose more"));
        let foreign = world.browser();
        foreign.sign_in("bob").await;
        let fields = page.form("/limit");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        foreign.post("/limit", &[fields.as_slice(), &[("end", &offered[0])]].concat()).await.is(403);
        let cancelled = browser.submit(&page, "/limit", &[("decision", "cancel")]).await;
        assert_eq!(cancelled.home(HOME)["error"], "access_denied");
        let oldest = inside[0].1["sid"].as_str().unwrap();
        let answer = browser.submit(&page, "/limit", &[("end", oldest)]).await;
        assert_eq!(answer.home(HOME)["state"], "s");
        app.tokens(&answer.home(HOME)["code"]).await;
        app.refresh(inside[0].1["refresh"].as_str().unwrap()).await.refused("invalid_grant");
        app.refresh(inside[1].1["refresh"].as_str().unwrap()).await.ok();
        inside[0].0.get("/account").await.is(200);
    }

    async fn what_is_left_to_a_client_sits_with_the_session_it_came_from(world) {
        let metadata = json!({"skip_consent": true, "session_limit": 1, "session_limit_action": "end_oldest"});
        let app = world.client("app", metadata).await;
        let browser = world.browser();
        let first = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let first = crate::client::Tokens::of(app.refresh(&first.refresh).await.ok());
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        let first = crate::client::Tokens::of(app.refresh(&first.refresh).await.ok());
        world.advance(1);
        world.browser().code("app", "alice", "openid").await;
        let told = app.refresh(&first.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "grant ended: limit");
    }

    async fn strangers_find_nothing_to_choose(world) {
        let browser = world.browser();
        for path in ["/limit", "/limit?ticket=x", "/limit?ticket=x&request="] {
            assert_eq!(browser.get(path).await.is(303).location().path(), "/login", "{path}");
        }
        browser.get("/limit?request=x").await.error_page("invalid_request");
        browser.post("/limit", &[("ticket", "x")]).await.error_page("access_denied");
        let page = browser.open("/login").await;
        let csrf = page.form("/login")[0].1.clone();
        let answer = browser.post("/limit", &[("csrf", &csrf), ("ticket", "x")]).await;
        assert_eq!(answer.is(303).location().path(), "/login");
        browser.send(Method::POST, "/limit", &[], Some("x".into())).await.is(303);
    }
}

/// One node, or two where the database allows it.
async fn nodes(stage: &Stage, engine: Engine) -> Vec<Arc<Authority>> {
    match engine {
        Engine::Sqlite => vec![Arc::clone(&stage.authority)],
        Engine::Postgres => vec![Arc::clone(&stage.authority), stage.twin().await],
    }
}

async fn enter(node: Arc<Authority>) -> Option<Session> {
    let attempt = Attempt {
        username: "alice".into(),
        password: Typed::new(PASSWORD.into()),
        source: Source::default(),
        stay: Stay::Visit,
        aim: Aim::default(),
    };
    match sign_in(&node, attempt, None).await.unwrap() {
        SignIn::Done { session, .. } => Some(*session),
        _ => None,
    }
}

async fn count(stage: &Stage, sql: &'static str) -> i64 {
    stage.db().read().await.unwrap().sql(sql).scalar().await.unwrap()
}

const OPEN: &str = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL";

/// A hundred sign-ins at once, on two nodes where there can be two: the limit holds at every moment that anybody looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_never_exceed_the_limit() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for (most, action) in [(1, Action::Deny), (3, Action::EndOldest), (7, Action::Ask)] {
            let rules = Policy { limit: Some(SessionLimit { most, action }), ..policy("http://localhost:8080") };
            let stage = Stage::with(engine, rules).await;
            stage.person("alice").await;
            let nodes = nodes(&stage, engine).await;
            let crowd = (0..100).map(|at| tokio::spawn(enter(Arc::clone(&nodes[at % nodes.len()]))));
            let crowd = tokio::spawn(join_all(crowd.collect::<Vec<_>>()));
            let most = i64::try_from(most).unwrap();
            while !crowd.is_finished() {
                assert!(count(&stage, OPEN).await <= most, "{engine:?} {action:?}");
            }
            let entered = crowd.await.unwrap().into_iter().filter_map(Result::unwrap).count();
            assert_eq!(count(&stage, OPEN).await, most, "{engine:?} {action:?}");
            assert_eq!(entered == 100, action == Action::EndOldest, "{engine:?} {action:?}: {entered} entered");
            stage.verify().await;
        }
    }
}

/// The same for a client: forty sessions of one person ask for it at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_never_in_more_sessions_than_it_may_be() {
    const INSIDE: &str = "SELECT COUNT(DISTINCT g.session_id) FROM grants g JOIN sessions s ON s.id = g.session_id
                          WHERE g.ended_at IS NULL AND s.ended_at IS NULL";
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for action in ["deny", "end_oldest", "ask"] {
            let stage = Stage::on(engine).await;
            stage.person("alice").await;
            let limits = json!({"skip_consent": true, "token_endpoint_auth_method": "none",
                                "session_limit": 3, "session_limit_action": action});
            stage.client("app", limits).await;
            let nodes = nodes(&stage, engine).await;
            let mut sessions = Vec::new();
            for _ in 0..40 {
                sessions.push(stage.sign_in("alice").await);
            }
            let crowd = sessions.into_iter().enumerate().map(|(at, session)| {
                let node = Arc::clone(&nodes[at % nodes.len()]);
                tokio::spawn(async move {
                    let asked = params(&[
                        ("client_id", "app"),
                        ("redirect_uri", HOME),
                        ("response_type", "code"),
                        ("scope", "openid"),
                        ("code_challenge", CHALLENGE),
                        ("code_challenge_method", "S256"),
                    ]);
                    let step = authorize::begin(&node, &asked, Some(session)).await.unwrap();
                    matches!(step, Step::Answer(answer) if answer.fields.iter().any(|(name, _)| *name == "code"))
                })
            });
            let crowd = tokio::spawn(join_all(crowd.collect::<Vec<_>>()));
            while !crowd.is_finished() {
                assert!(count(&stage, INSIDE).await <= 3, "{engine:?} {action}");
            }
            let let_in = crowd.await.unwrap().into_iter().map(Result::unwrap).filter(|done| *done).count();
            assert_eq!(count(&stage, INSIDE).await, 3, "{engine:?} {action}");
            assert_eq!(let_in, if action == "end_oldest" { 40 } else { 3 }, "{engine:?} {action}");
            stage.verify().await;
        }
    }
}
