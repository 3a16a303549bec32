//! Watching: where a session is used from, what is noticed about that, and what policy does.

use doorward::domain::policy::Policy;
use doorward::domain::watch::OnMark;
use reqwest::Method;
use serde_json::Value;

use crate::answer::Answer;
use crate::browser::{Browser, authorization};
use crate::mmdb;
use crate::stage::{Engine, HOME, PASSWORD, form};
use crate::world::{Setting, World};

const BERLIN: &str = "192.0.2.7";
const BERLIN_V6: &str = "2001:db8:1::7";
const MUNICH: &str = "198.51.100.7";
const SYDNEY: &str = "203.0.113.7";

/// A world behind a proxy that says where everybody is, on either engine.
async fn worlds(change: fn(&mut Policy), geo: fn() -> doorward::remote::geo::Geo) -> [World; 2] {
    let config = &[("SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let world = async |engine| World::knowing(engine, Setting { config, change, ..Setting::default() }, geo()).await;
    [world(Engine::Sqlite).await, world(Engine::Postgres).await]
}

async fn get_from(browser: &Browser, address: &str, target: &str) -> Answer {
    browser.send(Method::GET, target, &[("x-forwarded-for", address)], None).await
}

/// Signs in from this address, at the page that is open or a new one.
async fn sign_in_from(browser: &Browser, address: &str) -> Answer {
    let page = get_from(browser, address, "/login").await;
    let mut fields = page.form("/login");
    fields.extend([("username".into(), "alice".into()), ("password".into(), PASSWORD.into())]);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.send(Method::POST, "/login", &[("x-forwarded-for", address)], Some(form(&fields))).await
}

/// The newest session as an admin sees it.
async fn session(world: &World) -> Value {
    let sql = "SELECT id FROM sessions ORDER BY id DESC LIMIT 1";
    let (id,) = world.db().read().await.unwrap().sql(sql).one::<(doorward::base::id::SessionId,)>().await.unwrap();
    let shown = doorward::flows::admin::session::show(&world.authority, id).await;
    serde_json::to_value(shown.ok().unwrap()).unwrap()
}

fn entries(session: &Value, event: &str) -> Vec<Value> {
    session["timeline"].as_array().unwrap().iter().filter(|entry| entry["event"] == event).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_files_another_network_is_a_move_and_no_more() {
    for world in worlds(|_| {}, doorward::remote::geo::Geo::default).await {
        let browser = world.browser();
        sign_in_from(&browser, BERLIN).await.is(303);
        get_from(&browser, "192.0.2.200", "/account").await.is(200);
        assert_eq!(entries(&session(&world).await, "moved").len(), 0, "the same neighbourhood");
        get_from(&browser, SYDNEY, "/account").await.is(200);
        let seen = session(&world).await;
        assert_eq!((&seen["address"], &seen["mark"]), (&SYDNEY.into(), &Value::Null));
        assert_eq!(entries(&seen, "moved")[0]["address"], SYDNEY);
        // To and fro: the row follows once a minute, the timeline once an hour.
        for _ in 0..5 {
            for address in [BERLIN, SYDNEY] {
                world.advance(61);
                get_from(&browser, address, "/account").await.is(200);
                assert_eq!(session(&world).await["address"], address);
            }
        }
        assert_eq!(entries(&session(&world).await, "moved").len(), 1);
        world.advance(3_000);
        get_from(&browser, BERLIN, "/account").await.is(200);
        assert_eq!(entries(&session(&world).await, "moved").len(), 2);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_is_noted_with_names_and_a_jump_with_a_mark() {
    for world in worlds(|_| {}, mmdb::world).await {
        let browser = world.browser();
        sign_in_from(&browser, BERLIN).await.is(303);
        let seen = session(&world).await;
        assert_eq!((&seen["country"], &seen["network"]), (&"DE".into(), &"Mobile AG".into()));
        let page = get_from(&browser, BERLIN_V6, "/account").await;
        assert!(page.is(200).body.contains("Berlin, Germany"), "{}", page.body);
        assert_eq!(entries(&session(&world).await, "moved").len(), 0, "the same network, whatever the address");

        world.advance(3_500);
        get_from(&browser, MUNICH, "/account").await.is(200);
        let seen = session(&world).await;
        assert_eq!((&seen["network"], &seen["mark"]), (&"Cable GmbH".into(), &Value::Null), "by train");
        world.advance(120);
        let page = get_from(&browser, SYDNEY, "/account").await;
        assert!(page.is(200).body.contains("Impossible journey") && page.body.contains("Sydney, Australia"));
        let seen = session(&world).await;
        assert_eq!((&seen["mark"], &seen["country"]), (&"impossible_travel".into(), &"AU".into()));
        let marked = entries(&seen, "marked");
        assert_eq!((&marked[0]["mark"], &marked[0]["country"]), (&"impossible_travel".into(), &"AU".into()));
        // A new proof settles it.
        let page = get_from(&browser, SYDNEY, "/login?switch=1").await;
        let mut fields = page.form("/login");
        fields.extend([("username".into(), "alice".into()), ("password".into(), PASSWORD.into())]);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.send(Method::POST, "/login", &[("x-forwarded-for", SYDNEY)], Some(form(&fields))).await.is(303);
        assert_eq!(session(&world).await["mark"], Value::Null);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_may_ask_for_a_proof() {
    for world in worlds(|policy| policy.watching.on_mark = OnMark::StepUp, mmdb::world).await {
        world.app("app").await;
        let browser = world.browser();
        sign_in_from(&browser, BERLIN).await.is(303);
        let sid = session(&world).await["sid"].clone();
        world.advance(60);
        assert_eq!(get_from(&browser, SYDNEY, "/account").await.is(303).location().path(), "/login");
        let page = get_from(&browser, SYDNEY, "/login").await;
        assert!(page.is(200).body.contains("Sign in once more to show that it is you"), "{}", page.body);
        let silent = get_from(&browser, SYDNEY, &authorization("app", &[("prompt", "none")])).await.home(HOME);
        assert_eq!(silent["error"], "login_required");
        let asked = get_from(&browser, SYDNEY, &authorization("app", &[])).await;
        assert_eq!(asked.is(303).location().path(), "/login");
        let answer = get_from(&browser, SYDNEY, "/gateway/check").await;
        let told = answer.is(401).header("www-authenticate").unwrap().to_owned();
        assert!(told.contains("error=\"insufficient_user_authentication\""), "{told}");
        // Nothing may be ended meanwhile, but signing out may.
        get_from(&browser, SYDNEY, "/logout").await.is(200);
        sign_in_from(&browser, SYDNEY).await.is(303);
        get_from(&browser, SYDNEY, "/account").await.is(200);
        get_from(&browser, SYDNEY, "/gateway/check").await.is(200);
        assert_eq!(session(&world).await["sid"], sid, "the same session");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_may_end_it() {
    for world in worlds(|policy| policy.watching.on_mark = OnMark::End, mmdb::world).await {
        let app = world.app("app").await;
        let browser = world.browser();
        sign_in_from(&browser, BERLIN).await.is(303);
        let tokens = app.tokens(&code_from(&browser, BERLIN).await).await;
        world.advance(20 * 3_600 / 24);
        // The gateway passes on where the person is.
        let answer = get_from(&browser, SYDNEY, "/gateway/check").await;
        assert!(answer.is(401).header("www-authenticate").unwrap().contains("session ended: policy"));
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: policy");
        let page = get_from(&browser, BERLIN, "/login").await;
        assert!(page.body.contains("nobody travels between so fast"), "{}", page.body);
        world.finish().await;
    }
}

async fn code_from(browser: &Browser, address: &str) -> String {
    get_from(browser, address, &authorization("app", &[])).await.home(HOME)["code"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_passes_nothing_on_moves_nobody() {
    for world in worlds(|_| {}, mmdb::world).await {
        let app = world.app("app").await;
        let browser = world.browser();
        sign_in_from(&browser, BERLIN).await.is(303);
        let tokens = app.tokens(&code_from(&browser, BERLIN).await).await;
        browser.send(Method::GET, "/gateway/check", &[], None).await.is(200);
        // An application's own server is nowhere near its people.
        app.refresh(&tokens.refresh).await.ok();
        let seen = session(&world).await;
        assert_eq!((&seen["address"], entries(&seen, "moved").len()), (&BERLIN.into(), 0));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_new_once() {
    for world in worlds(|_| {}, mmdb::world).await {
        let browser = world.browser();
        sign_in_from(&browser, BERLIN).await.is(303);
        let seen = session(&world).await;
        assert_eq!((&seen["new_device"], entries(&seen, "new_device").len()), (&true.into(), 1));
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await.is(200);
        world.advance(1);
        sign_in_from(&browser, BERLIN).await.is(303);
        let seen = session(&world).await;
        assert_eq!((&seen["new_device"], entries(&seen, "new_device").len()), (&false.into(), 0));
        world.advance(1);
        let other = world.browser();
        sign_in_from(&other, BERLIN).await.is(303);
        assert_eq!(session(&world).await["new_device"], true);
        let page = browser.get("/account").await;
        assert!(page.body.contains("New browser") && page.body.contains("First time in this browser"));
        world.finish().await;
    }
}
