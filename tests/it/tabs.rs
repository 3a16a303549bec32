//! Two tabs of one real browser: each is its own transaction and goes on to its own target.

use serde_json::json;

use crate::browser::authorization;
use crate::chromium::Chromium;
use crate::stage::{Engine, PASSWORD};
use crate::world::World;

/// A client that is answered at an address of this server, where a browser can go.
async fn app(world: &World, id: &str) -> String {
    let home = format!("{}/healthz?app={id}", world.issuer);
    let metadata = json!({"redirect_uris": [home], "application_type": "native", "skip_consent": id != "shop"});
    world.client(id, metadata).await;
    format!("{}{}", world.issuer, authorization(id, &[("redirect_uri", &home), ("state", id)]))
}

fn home_of(id: &str) -> impl Fn(&str) -> bool {
    let state = format!("state={id}");
    move |url| url.contains("/healthz?app=") && url.contains(&state) && url.contains("code=")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tab_goes_on_to_its_own_target() {
    let world = World::on(Engine::Sqlite).await;
    let (one, two) = (app(&world, "one").await, app(&world, "two").await);
    let browser = Chromium::open().await;
    browser.goto(&one).await;
    browser.find("#username").await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    browser.client.switch_to_window(second.clone()).await.unwrap();
    browser.goto(&two).await;
    browser.sign_in("alice", PASSWORD).await;
    browser.wait_at(home_of("two")).await;

    // The first tab still shows its form. Its sign-in works, and so does reloading it.
    browser.client.switch_to_window(first).await.unwrap();
    browser.sign_in("alice", PASSWORD).await;
    browser.wait_at(home_of("one")).await;
    browser.client.back().await.unwrap();
    browser.wait_at(home_of("one")).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_left_open_restarts_itself() {
    let world = World::on(Engine::Postgres).await;
    let shop = app(&world, "shop").await;
    let browser = Chromium::open().await;
    browser.goto(&shop).await;
    browser.find("#username").await;
    world.advance(2 * 24 * 3600);
    browser.client.refresh().await.unwrap();
    let notice = browser.text("[role=status]").await;
    assert!(notice.contains("open for too long"), "{notice}");
    browser.no_violations().await;
    browser.sign_in("alice", "wrong").await;
    browser.find("#error").await;
    browser.no_violations().await;
    world.advance(2 * 3600);
    browser.sign_in("alice", PASSWORD).await;
    browser.find("#allow").await;
    browser.no_violations().await;
    browser.click("#allow").await;
    browser.wait_at(home_of("shop")).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_javascript_and_with_a_phone_gets_along() {
    let world = World::on(Engine::Sqlite).await;
    let shop = app(&world, "shop").await;
    let browser = Chromium::phone_without_scripts().await;
    browser.goto(&format!("{}/demo/", world.issuer)).await;
    browser.wait_for("noscript", |said| said.contains("needs JavaScript")).await;
    browser.goto(&shop).await;
    browser.sign_in("alice", PASSWORD).await;
    browser.click("#allow").await;
    browser.wait_at(home_of("shop")).await;
    for path in ["/account", "/logout"] {
        browser.goto(&format!("{}{path}", world.issuer)).await;
        browser.find("main h1").await;
        let wide = browser
            .client
            .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![])
            .await
            .unwrap();
        assert_eq!(wide, 0, "{path} is wider than a phone");
    }
    browser.click("#logout").await;
    browser.wait_for("h1", |said| said.contains("signed out")).await;
    browser.close().await;
    world.finish().await;
}
