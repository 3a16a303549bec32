//! The session frame (OpenID Connect Session Management 1.0): there only where the operator lets it be.

use serde_json::{Value, json};

use super::relying_party::RelyingParty;
use crate::chromium::Chromium;
use crate::raw::request;
use crate::stage::{Engine, HOME, PASSWORD, form};
use crate::world::{Setting, World};

fn on() -> Setting {
    Setting { change: |policy| policy.session_frame = true, ..Setting::default() }
}

async fn worlds() -> [World; 2] {
    [World::with(Engine::Sqlite, on()).await, World::with(Engine::Postgres, on()).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_is_there_unless_it_is_wanted() {
    let world = World::on(Engine::Sqlite).await;
    world.app("app").await;
    let browser = world.browser();
    let answer = browser.answer_to("app", "alice", &[]).await;
    assert!(answer.contains_key("code") && !answer.contains_key("session_state"));
    assert!(browser.cookie("doorward-state").is_none());
    browser.get("/oauth2/session-frame").await.is(404);
    let document = browser.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["check_session_iframe"], Value::Null);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_is_another_after_every_sign_in_and_none_after_the_end() {
    for world in worlds().await {
        world.app("app").await;
        let browser = world.browser();
        let silent = browser.answer_to("app", "alice", &[("prompt", "none")]).await;
        assert_eq!((silent["error"].as_str(), silent["session_state"].len()), ("login_required", 66));
        let mut seen = vec![String::new()];
        for prompt in ["", "login"] {
            world.advance(1);
            let answer = browser.answer_to("app", "alice", &[("prompt", prompt)]).await;
            assert_eq!(answer["session_state"].len(), 66, "{answer:?}");
            let state = browser.cookie("doorward-state").unwrap();
            assert!(state.len() == 43 && !seen.contains(&state), "{seen:?} {state}");
            seen.push(state);
        }
        browser.answer_to("app", "alice", &[("prompt", "none")]).await;
        assert_eq!(browser.cookie("doorward-state").as_ref(), seen.last(), "the same person, the same state");
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        assert_eq!(browser.cookie("doorward-state"), None);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_follows_an_end_elsewhere_but_no_foreign_request() {
    for world in worlds().await {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let state = browser.cookie("doorward-state").unwrap();
        // What comes from another site brings this cookie alone.
        let foreign = world.browser();
        foreign.set_cookie("doorward-state", &state);
        foreign.answer_to("app", "alice", &[("prompt", "none")]).await;
        assert_eq!(foreign.cookie("doorward-state"), Some(state));
        world.browser().get(&super::request(&[("id_token_hint", &tokens.id)])).await.is(200);
        let silent = browser.answer_to("app", "alice", &[("prompt", "none")]).await;
        assert_eq!((silent["error"].as_str(), browser.cookie("doorward-state")), ("login_required", None));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_page_may_be_embedded_and_only_its_script_runs() {
    let config = &[("SERVER__TRUSTED_PROXIES", "127.0.0.1/32")];
    let world = World::with(Engine::Sqlite, Setting { issuer: "https://id.example", config, ..on() }).await;
    let get = async |path: &str| request(world.port, &format!("GET {path}"), &["Host: id.example"], b"").await;
    let frame = get("/oauth2/session-frame").await;
    let policy = frame.header("content-security-policy").unwrap();
    let nonce = frame.body.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors *"
        )
    );
    assert!(nonce.len() == 43 && !get("/oauth2/session-frame").await.body.contains(nonce));
    assert_eq!(frame.header("x-frame-options"), None);
    assert_eq!(frame.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(frame.header("cache-control"), Some("no-store"));
    assert!(frame.header("set-cookie").is_none() && frame.body.contains("data-cookie=\"__Host-doorward-state\""));
    assert_eq!(get("/login").await.header("x-frame-options"), Some("DENY"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_can_be_read_in_frames_of_other_sites_and_opens_nothing() {
    let world = World::with(Engine::Sqlite, on()).await;
    let browser = world.browser();
    let page = browser.open("/login").await;
    let answer = browser.log_in(&page, "alice", PASSWORD).await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let state = cookies.iter().find(|cookie| cookie.starts_with("doorward-state=")).unwrap();
    assert!(state.contains("SameSite=None") && state.contains("Secure") && !state.contains("HttpOnly"), "{state}");
    let thief = world.browser();
    let value = state.split(['=', ';']).nth(1).unwrap();
    for name in ["doorward-state", "doorward-session", "doorward-browser"] {
        thief.set_cookie(name, value);
    }
    assert_eq!(thief.get("/account").await.location().path(), "/login");
    world.finish().await;
}

/// The client's page: it embeds the frame of the issuer and can ask it.
fn page(issuer: &str) -> String {
    format!(
        "<!doctype html><html lang=en><title>App</title><h1>App</h1><iframe src=\"{issuer}/oauth2/session-frame\"></iframe>
         <script>
         const frame = document.querySelector('iframe');
         const loaded = new Promise((done) => frame.addEventListener('load', done));
         const ask = async (text) => {{
             await loaded;
             return new Promise((done) => {{
                 addEventListener('message', (event) => done(`${{event.origin}} ${{event.data}}`), {{ once: true }});
                 frame.contentWindow.postMessage(text, '{issuer}');
             }});
         }};
         </script>"
    )
}

async fn ask(browser: &Chromium, text: &str) -> String {
    let script = "const done = arguments[1]; ask(arguments[0]).then(done, (problem) => done(String(problem)))";
    let said = browser.client.execute_async(script, vec![json!(text)]).await.unwrap();
    said.as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// Alice signs in to the client at this site by a real browser; gives the state that the client is told.
async fn signed_in(world: &World, browser: &Chromium, site: &str) -> String {
    let address = format!("{site}/cb");
    let metadata = json!({
        "skip_consent": true, "redirect_uris": [HOME, address], "require_pkce": false,
        "token_endpoint_auth_method": "client_secret_basic",
    });
    world.client("app", metadata).await;
    let asked = [("client_id", "app"), ("redirect_uri", &address), ("response_type", "code"), ("scope", "openid")];
    browser.goto(&format!("{}/oauth2/authorize?{}", world.issuer, form(&asked))).await;
    browser.sign_in("alice", PASSWORD).await;
    let home = browser.wait_at(|url| url.starts_with(&address)).await;
    let home = url::Url::parse(&home).unwrap();
    home.query_pairs().find(|(name, _)| name == "session_state").unwrap().1.into_owned()
}

/// The page, still open, hears that Alice signed out in another window.
async fn unchanged_then_changed(world: &World, browser: &Chromium, state: &str) {
    let says = |word: &str| format!("{} {word}", world.issuer);
    assert_eq!(ask(browser, &format!("app {state}")).await, says("unchanged"));
    assert_eq!(ask(browser, &format!("other {state}")).await, says("changed"));
    for broken in ["", "app", "app x.y", state, &format!("app {state}x")] {
        assert_eq!(ask(browser, broken).await, says("error"), "{broken}");
    }
    let here = browser.client.window().await.unwrap();
    let other = browser.client.new_window(false).await.unwrap();
    browser.client.switch_to_window(other.handle).await.unwrap();
    browser.goto(&format!("{}/logout", world.issuer)).await;
    browser.click("#logout").await;
    browser.wait_for("h1", |said| said.contains("signed out")).await;
    browser.client.switch_to_window(here).await.unwrap();
    assert_eq!(ask(browser, &format!("app {state}")).await, says("changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_says_unchanged_then_changed() {
    let world = World::with(Engine::Sqlite, on()).await;
    let site = RelyingParty::with(page(&world.issuer)).await;
    let browser = Chromium::trusting().await;
    let state = signed_in(&world, &browser, &site.origin).await;
    unchanged_then_changed(&world, &browser, &state).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_on_the_same_site_needs_no_foreign_cookies() {
    let world = World::with(Engine::Sqlite, on()).await;
    let site = RelyingParty::with(page(&world.issuer)).await;
    let browser = Chromium::open().await;
    let neighbour = site.origin.replace("127.0.0.1", "localhost");
    let state = signed_in(&world, &browser, &neighbour).await;
    unchanged_then_changed(&world, &browser, &state).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_hides_the_cookie_makes_nobody_ask_for_ever() {
    let world = World::with(Engine::Sqlite, on()).await;
    let site = RelyingParty::with(page(&world.issuer)).await;
    let browser = Chromium::open().await;
    let state = signed_in(&world, &browser, &site.origin).await;
    assert_eq!(ask(&browser, &format!("app {state}")).await, format!("{} error", world.issuer));
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_origin_cannot_use_the_state_of_a_client() {
    let world = World::with(Engine::Sqlite, on()).await;
    let site = RelyingParty::with(page(&world.issuer)).await;
    let thief = RelyingParty::with(page(&world.issuer)).await;
    let browser = Chromium::trusting().await;
    let state = signed_in(&world, &browser, &site.origin).await;
    browser.goto(&thief.at("/")).await;
    assert_eq!(ask(&browser, &format!("app {state}")).await, format!("{} changed", world.issuer));
    browser.close().await;
    world.finish().await;
}
