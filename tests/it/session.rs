//! The session as the root: its clocks, and that every path hears of its end at once (OWASP ASVS 5.0 V7).

use doorward::base::id::UserId;
use doorward::domain::limit::{Action, SessionLimit};
use doorward::domain::policy::Policy;
use doorward::domain::revocation::{EndReason, Initiator, Target};
use doorward::flows::ending;
use futures_util::future::join_all;
use serde_json::json;

use crate::browser::Browser;
use crate::client::{Client, Tokens, claims};
use crate::stage::{Engine, PASSWORD};
use crate::world::{Setting, World, on_both};

/// Which of the paths still let this session in.
async fn open_paths(app: &Client, browser: &Browser, tokens: &Tokens) -> Vec<&'static str> {
    let mut open = Vec::new();
    let mut note = |path, is_open: bool| open.extend(is_open.then_some(path));
    note("introspection", app.introspect(&tokens.access).await["active"] == true);
    note("refresh introspection", app.introspect(&tokens.refresh).await["active"] == true);
    note("userinfo", app.userinfo(&tokens.access).await.status == 200);
    note("gateway by token", app.gateway(&tokens.access).await.status == 200);
    let background = [("doorward-activity", "background")];
    note(
        "gateway by cookie",
        browser.send(reqwest::Method::GET, "/gateway/check", &background, None).await.status == 200,
    );
    let silent = [("prompt", "none")];
    note("single sign-on", browser.authorize(&app.id, &silent).await.home(crate::stage::HOME).contains_key("code"));
    open
}

async fn closed(app: &Client, browser: &Browser, tokens: &Tokens, reason: &str) {
    assert_eq!(open_paths(app, browser, tokens).await, Vec::<&str>::new(), "{reason}");
    let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
    assert_eq!(told["error_description"], format!("session ended: {reason}"));
}

/// Signs in; the tokens shall outlast the clocks that are tried.
async fn begun(world: &World, id: &str, metadata: serde_json::Value) -> (Client, Browser, Tokens) {
    let mut whole = json!({"skip_consent": true, "token_endpoint_auth_method": "client_secret_basic"});
    for (member, value) in metadata.as_object().unwrap() {
        whole[member] = value.clone();
    }
    let app = world.client(id, whole).await;
    let (browser, tokens) = world.signed_in(&app).await;
    (app, browser, tokens)
}

on_both! {
    async fn an_end_reaches_every_path_at_once(world) {
        let (app, browser, tokens) = begun(world, "app", json!({})).await;
        assert_eq!(open_paths(&app, &browser, &tokens).await.len(), 6, "all of them before");
        let thief = browser.stolen();
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        closed(&app, &thief, &tokens, "logout").await;
    }

    async fn idle_ends_at_its_very_second_on_every_path(world) {
        let (app, browser, tokens) = begun(world, "app", json!({"session_idle": "4m"})).await;
        world.advance(239);
        let silent = [("doorward-activity", "background")];
        browser.send(reqwest::Method::GET, "/gateway/check", &silent, None).await.is(200);
        world.advance(1);
        closed(&app, &browser, &tokens, "idle").await;
        world.jobs().await;
        closed(&app, &browser, &tokens, "idle").await;
    }

    async fn no_activity_moves_the_absolute_end(world) {
        let (app, browser, mut tokens) = begun(world, "app", json!({"session_absolute": "2h"})).await;
        for _ in 0..11 {
            world.advance(600);
            tokens = Tokens::of(app.refresh(&tokens.refresh).await.ok());
            browser.get("/account").await.is(200);
        }
        world.advance(590);
        tokens = Tokens::of(app.refresh(&tokens.refresh).await.ok());
        assert_eq!(tokens.whole["expires_in"], 10, "no token outlives the session");
        assert_eq!(claims(&tokens.id)["session_expiry"], claims(&tokens.access)["exp"]);
        world.advance(10);
        closed(&app, &browser, &tokens, "absolute").await;
    }

    async fn one_client_can_only_shorten_for_all(world) {
        let (long, browser, tokens) = begun(world, "long", json!({"session_idle": "9h"})).await;
        world.client("short", json!({"skip_consent": true, "session_idle": "15m"})).await;
        browser.code("short", "alice", "openid").await;
        world.advance(15 * 60);
        closed(&long, &browser, &tokens, "idle").await;
    }
}

/// Sixteen browsers sign in at once where two may be signed in.
async fn crowd(engine: Engine, change: fn(&mut Policy)) -> (World, usize) {
    let world = World::with(engine, Setting { change, ..Setting::default() }).await;
    let browsers: Vec<_> = (0..16).map(|_| world.browser()).collect();
    join_all(browsers.iter().map(|browser| async {
        let page = browser.get("/login").await;
        browser.log_in(&page, "alice", PASSWORD).await
    }))
    .await;
    let mut signed_in = 0;
    for browser in &browsers {
        signed_in += usize::from(browser.get("/account").await.status == 200);
    }
    (world, signed_in)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_however_many_come_at_once() {
    let deny: fn(&mut Policy) = |policy| policy.limit = Some(SessionLimit { most: 2, action: Action::Deny });
    let replace: fn(&mut Policy) = |policy| policy.limit = Some(SessionLimit { most: 2, action: Action::EndOldest });
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for change in [deny, replace] {
            let (world, signed_in) = crowd(engine, change).await;
            assert_eq!(signed_in, 2, "{engine:?}");
            world.browser().sign_in("bob").await;
            world.finish().await;
        }
    }
}

on_both! {
    async fn an_end_finds_what_is_being_born(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let user: UserId = claims(&tokens.access)["sub"].as_str().unwrap().parse().unwrap();
        for round in 0..20 {
            let code = world.browser().code("app", "alice", "openid offline_access").await;
            let everything = Target::User(user, None);
            let (given, ended) = tokio::join!(
                app.redeem(&code),
                ending::revoke(&world.authority, everything, EndReason::UserDisabled, Initiator::Admin)
            );
            ended.unwrap();
            let open = "SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL";
            let left: i64 = world.db().read().await.unwrap().sql(open).bind(user).scalar().await.unwrap();
            assert_eq!(left, 0, "round {round}: {}", given.body);
        }
    }
}
