//! The main job, end to end and with nothing replaced: the real program on its first run, the demo application in real
//! Chromium, a person who signs in, and an admin who signs them out.

use reqwest::Method;
use serde_json::json;

use crate::binary::{Home, Process};
use crate::chromium::Chromium;

async fn sign_in(browser: &Chromium, home: &Home) {
    let person = &home.first_run()["demo_user"];
    browser.click("#sign-in").await;
    browser.sign_in(person["username"].as_str().unwrap(), person["password"].as_str().unwrap()).await;
    browser.wait_for("#status", |said| said == "signed in").await;
}

async fn end_by_admin(server: &Process<'_>, sid: &str) {
    let found = server.admin(Method::GET, "/sessions?state=live", None).await.is(200).json();
    let sessions = found["items"].as_array().unwrap();
    assert!(sessions.iter().any(|session| session["sid"] == sid && session["kind"] == "person"), "{sid}: {found}");
    server.admin(Method::DELETE, &format!("/sessions/{sid}"), Some(json!({"reason": "admin"}))).await.is(204);
    let ended = server.admin(Method::GET, &format!("/sessions/{sid}"), None).await.is(200).json();
    assert_eq!(
        (&ended["state"], &ended["end_reason"], &ended["end_initiator"]),
        (&json!("ended"), &json!("admin"), &json!("admin"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_is_signed_out_by_an_admin() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let browser = Chromium::open().await;
    browser.goto(&format!("{}/demo/", home.issuer)).await;
    browser.wait_for("#status", |said| said == "signed out").await;
    browser.no_violations().await;

    sign_in(&browser, &home).await;
    assert!(browser.url().await.ends_with("/demo/"), "the code is gone from the address");
    browser.click("#call").await;
    browser.wait_for("#resource-result", |said| said.contains("Your access token is good.")).await;
    let first = browser.text("#access-token-claims").await;
    browser.click("#refresh").await;
    browser.wait_for("#refresh-count", |said| said == "1").await;
    assert_ne!(browser.text("#access-token-claims").await, first);
    browser.no_violations().await;

    let sid = browser.text("#sid").await;
    end_by_admin(&server, &sid).await;
    browser.wait_for("#signed-out-reason", |said| said.contains("ended")).await;
    assert_eq!(browser.text("#status").await, "signed out");
    browser.goto(&format!("{}/account", home.issuer)).await;
    browser.wait_at(|url| url.contains("/login")).await;

    browser.goto(&format!("{}/demo/", home.issuer)).await;
    sign_in(&browser, &home).await;
    assert_ne!(browser.text("#sid").await, sid);
    browser.click("#sign-out").await;
    browser.wait_for("#status", |said| said == "signed out").await;
    assert!(browser.url().await.contains("/demo/"), "and comes back to the app");
    browser.close().await;
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_button_does_no_harm() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let browser = Chromium::open().await;
    browser.goto(&format!("{}/demo/", home.issuer)).await;
    sign_in(&browser, &home).await;
    let sid = browser.text("#sid").await;
    // Back to the login page: it goes on by itself, the person is signed in.
    browser.client.back().await.unwrap();
    browser.wait_for("#status", |said| said == "signed in").await;
    assert_eq!(browser.text("#sid").await, sid);
    assert!(!browser.find("#error").await.is_displayed().await.unwrap(), "{}", browser.body().await);

    browser.click("#sign-out").await;
    browser.wait_for("#status", |said| said == "signed out").await;
    // Back to the page that showed tokens: it shows none.
    browser.client.back().await.unwrap();
    browser.wait_for("#status, #username", |_| true).await;
    let body = browser.body().await;
    assert!(!body.contains(&sid), "{body}");
    browser.goto(&format!("{}/account", home.issuer)).await;
    browser.wait_at(|url| url.contains("/login")).await;
    browser.close().await;
    assert!(server.stop().await.success());
}
