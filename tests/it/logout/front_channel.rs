//! Clients are told of a logout through the browser (OpenID Connect Front-Channel Logout 1.0).

use std::time::Instant;

use serde_json::{Value, json};
use url::Url;

use super::relying_party::RelyingParty;
use super::{BYE, request};
use crate::answer::Answer;
use crate::chromium::Chromium;
use crate::client::claims;
use crate::stage::{Engine, PASSWORD, form};
use crate::world::{World, on_both};

fn listening() -> Value {
    json!({"skip_consent": true, "frontchannel_logout_uri": "https://app.example/out?a=b"})
}

/// The addresses of the frames on a page.
fn frames(page: &Answer) -> Vec<Url> {
    let tags = page.body.split("<iframe src=\"").skip(1).map(|tag| tag.split('"').next().unwrap());
    tags.map(|url| Url::parse(&url.replace("&amp;", "&").replace("&#x2f;", "/")).unwrap()).collect()
}

on_both! {
    async fn every_client_of_the_session_has_a_frame(world) {
        let app = world.client("app", listening()).await;
        let other = json!({"skip_consent": true, "redirect_uris": ["https://app.example/callback", "https://other.example:8443/cb"],
            "frontchannel_logout_uri": "https://other.example:8443/out", "frontchannel_logout_session_required": true});
        world.client("other", other).await;
        world.client("elsewhere", listening()).await;
        world.app("deaf").await;
        let (browser, tokens) = world.signed_in(&app).await;
        for client in ["other", "deaf", "app"] {
            browser.code(client, "alice", "openid").await;
        }
        let page = browser.get("/logout").await;
        let page = browser.submit(&page, "/logout", &[]).await;
        let sid = claims(&tokens.id)["sid"].as_str().unwrap().to_owned();
        let told = form(&[("iss", &world.issuer), ("sid", &sid)]);
        let expected = [format!("https://app.example/out?a=b&{told}"), format!("https://other.example:8443/out?{told}")];
        assert_eq!(frames(&page).iter().map(Url::as_str).collect::<Vec<_>>(), expected, "{}", page.body);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.ends_with("; frame-src https://app.example https://other.example:8443"), "{policy}");
        assert!(page.is(200).body.contains("You are signed out") && !page.body.contains("<script"));
        assert!(browser.cookie("doorward-session").is_none());
    }

    async fn goes_on_when_the_frames_are_there(world) {
        let app = world.client("app", listening()).await;
        let (browser, tokens) = world.signed_in(&app).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "\"><x>")];
        let page = browser.get(&request(&asked)).await;
        assert_eq!(frames(page.is(200)).len(), 1);
        let onwards = format!("{BYE}?{}", form(&[("state", "\"><x>")]));
        let body = page.body.replace("&#x2f;", "/");
        assert!(body.contains(&format!("<meta http-equiv=\"refresh\" content=\"3;url={onwards}\">")), "{body}");
        assert!(body.contains(&format!("id=\"onwards\" href=\"{onwards}\"")), "{body}");
        let policy = page.header("content-security-policy").unwrap();
        let nonce = body.split("<script nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(policy.contains(&format!("script-src 'nonce-{nonce}'")), "{policy}");
        assert!(!policy.contains('*') && policy.contains("frame-ancestors 'none'"), "{policy}");
    }

    async fn whoever_left_one_app_tells_it_alone_and_once(world) {
        let app = world.client("app", listening()).await;
        world.client("other", listening()).await;
        let (browser, _) = world.signed_in(&app).await;
        browser.code("other", "alice", "openid").await;
        let page = browser.get(&request(&[("client_id", "app")])).await;
        assert_eq!(frames(&browser.submit(&page, "/logout", &[("scope", "app")]).await).len(), 1);
        let page = browser.get("/logout").await;
        assert_eq!(frames(&browser.submit(&page, "/logout", &[("scope", "everywhere")]).await).len(), 1, "the other's");
    }

    async fn offline_access_is_told_of_the_browser_too(world) {
        let app = world.client("app", json!({"frontchannel_logout_uri": "https://app.example/out"})).await;
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let page = browser.get(&request(&[("id_token_hint", &tokens.id)])).await;
        let sid = frames(&page)[0].query_pairs().find(|(name, _)| name == "sid").unwrap().1.into_owned();
        assert_eq!(sid, claims(&tokens.id)["sid"]);
        app.refresh(&tokens.refresh).await.ok();
    }

    async fn a_holder_of_an_id_token_learns_of_no_other_client(world) {
        let app = world.client("app", listening()).await;
        world.client("secret", listening()).await;
        let (browser, tokens) = world.signed_in(&app).await;
        browser.code("secret", "alice", "openid").await;
        let page = world.browser().get(&request(&[("id_token_hint", &tokens.id)])).await;
        assert_eq!(frames(page.is(200)).len(), 1);
        assert_eq!(browser.get("/account").await.location().path(), "/login");
    }

    async fn only_so_many_frames_are_shown(world) {
        let browser = world.browser();
        for number in 0..22 {
            let id = format!("app{number}");
            world.client(&id, listening()).await;
            browser.code(&id, "alice", "openid").await;
        }
        let page = browser.get("/logout").await;
        assert_eq!(frames(&browser.submit(&page, "/logout", &[]).await).len(), 20);
    }
}

/// A client on another site, where Alice has signed in by a real browser.
async fn real_client(world: &World, browser: &Chromium, out: &str) -> RelyingParty {
    let site = RelyingParty::with("<!doctype html><html lang=en><title>App</title><h1>App</h1>").await;
    let metadata = json!({
        "skip_consent": true, "redirect_uris": [site.at("/cb")], "post_logout_redirect_uris": [site.at("/bye")],
        "frontchannel_logout_uri": site.at(out), "require_pkce": false,
        "token_endpoint_auth_method": "client_secret_basic",
    });
    world.client("app", metadata).await;
    let asked = form(&[
        ("client_id", "app"),
        ("redirect_uri", &site.at("/cb")),
        ("response_type", "code"),
        ("scope", "openid"),
    ]);
    browser.goto(&format!("{}/oauth2/authorize?{asked}", world.issuer)).await;
    browser.sign_in("alice", PASSWORD).await;
    browser.wait_at(|url| url.starts_with(&site.at("/cb?code="))).await;
    site
}

/// Signs out by the page, on the client's behalf, and gives the seconds until the browser is back at the client.
async fn sign_out(world: &World, browser: &Chromium, site: &RelyingParty) -> u64 {
    let asked = form(&[("client_id", "app"), ("post_logout_redirect_uri", &site.at("/bye")), ("state", "s")]);
    browser.goto(&format!("{}/oauth2/logout?{asked}", world.issuer)).await;
    browser.find("input[value=app]").await;
    let start = Instant::now();
    browser.click("#logout").await;
    browser.wait_at(|url| url == site.at("/bye?state=s")).await;
    start.elapsed().as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_tells_the_client_and_goes_on() {
    let world = World::on(Engine::Sqlite).await;
    let browser = Chromium::open().await;
    let site = real_client(&world, &browser, "/out").await;
    sign_out(&world, &browser, &site).await;
    let told = site.asked("/out?");
    assert_eq!(told.len(), 1, "{told:?}");
    let told = Url::parse(&site.at(&told[0])).unwrap();
    let told: Vec<_> = told.query_pairs().into_owned().collect();
    assert_eq!(told[0], ("iss".to_owned(), world.issuer.clone()));
    assert_eq!((told[1].0.as_str(), told[1].1.len()), ("sid", 36));
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_answer_is_not_waited_for() {
    let world = World::on(Engine::Sqlite).await;
    let browser = Chromium::open().await;
    let site = real_client(&world, &browser, "/silent").await;
    assert!((2..15).contains(&sign_out(&world, &browser, &site).await), "about three seconds");
    assert_eq!(site.asked("/silent?").len(), 1);
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_page_goes_on_too() {
    let world = World::on(Engine::Sqlite).await;
    let browser = Chromium::phone_without_scripts().await;
    let site = real_client(&world, &browser, "/out").await;
    sign_out(&world, &browser, &site).await;
    assert_eq!(site.asked("/out?").len(), 1);
    browser.close().await;
    world.finish().await;
}
