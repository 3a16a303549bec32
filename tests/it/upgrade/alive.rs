//! What must still be alive in the database of an earlier release, tried one by one.

use super::fixture::Upgraded;
use crate::browser::Browser;
use crate::client::Tokens;
use crate::stage::HOME;

/// Every proof of it; nothing here waits, because the clock stands where the database was left.
pub async fn check(there: &Upgraded) {
    let browser = there.browser();
    for (name, value) in there.told["cookies"].as_object().unwrap() {
        browser.set_cookie(name, value.as_str().unwrap());
    }
    tokens(there, &browser).await;
    people(there, &browser).await;
    admins(there, &browser).await;
}

async fn tokens(there: &Upgraded, browser: &Browser) {
    let (app, opaque) = (there.client("app"), there.client("opaque"));
    let got = app.tokens(there.text("/code")).await;
    assert!(!got.refresh.is_empty() && !got.id.is_empty(), "a code that was waiting");
    app.userinfo(there.text("/app/access")).await.ok();
    opaque.userinfo(there.text("/opaque/access")).await.ok();
    assert_eq!(opaque.introspect(there.text("/opaque/access")).await["active"], true, "an opaque access token");
    let machine = there.client("demo-service");
    assert_eq!(machine.introspect(there.text("/machine")).await["active"], true, "a machine's access token");
    for held in ["app", "offline", "asking", "opaque"] {
        let client = there.client(if held == "offline" { "app" } else { held });
        let first = there.text(&format!("/{held}/refresh"));
        let next = Tokens::of(client.refresh(first).await.ok());
        assert_ne!(next.refresh, first, "{held}");
        let again = Tokens::of(client.refresh(first).await.ok());
        assert_eq!(again.refresh, next.refresh, "{held}: a lost answer is given again");
        client.refresh(&next.refresh).await.ok();
        client.userinfo(&next.access).await.ok();
    }
    let told = app.refresh(there.text("/ended/refresh")).await.refused("invalid_grant");
    assert!(told["error_description"].as_str().unwrap().contains("logout"), "what had ended stays ended: {told}");
    assert_ne!(app.userinfo(there.text("/revoked")).await.status, 200, "what was revoked stays revoked");
    browser.get("/gateway/check").await.is(200);
}

async fn people(there: &Upgraded, browser: &Browser) {
    browser.get("/account").await.is(200);
    let silent = [("prompt", "none"), ("scope", "openid email")];
    let answer = browser.authorize("asking", &silent).await.home(HOME);
    assert!(answer.contains_key("code"), "consent is remembered: {answer:?}");
    there.browser().sign_in("alice").await;
    let demo = there.browser();
    let page = demo.open("/login").await;
    let (name, password) = (there.text("/first_run/demo_user/username"), there.text("/first_run/demo_user/password"));
    demo.log_in(&page, name, password).await.is(303);
    // A login page that somebody had open.
    let waiting = there.browser();
    let page = waiting.open(there.text("/waiting")).await;
    let filled = waiting.log_in(&page, "alice", there.text("/password")).await;
    let answer = waiting.follow(filled).await.home(HOME);
    assert_eq!(answer["state"], "waiting");
    let page = waiting.get("/logout").await;
    waiting.submit(&page, "/logout", &[]).await;
    assert_ne!(waiting.get("/gateway/check").await.status, 200);
}

async fn admins(there: &Upgraded, browser: &Browser) {
    let admin = there.client("admin-client");
    let token = Tokens::of(admin.client_credentials(&[]).await.ok()).access;
    let people = admin.get("/api/v1/users?username=alice", Some(&token)).await.json();
    let id = people["items"][0]["id"].as_str().unwrap();
    let sessions = admin.get(&format!("/api/v1/users/{id}/sessions"), Some(&token)).await.is(200).json();
    assert!(sessions["items"].as_array().unwrap().len() >= 4, "{sessions}");
    for session in sessions["items"].as_array().unwrap() {
        let path = format!("/api/v1/sessions/{}", session["sid"].as_str().unwrap());
        admin.get(&path, Some(&token)).await.is(200);
    }
    let everything = admin.http.delete(format!("{}/api/v1/users/{id}/sessions", admin.issuer)).bearer_auth(&token);
    assert_eq!(everything.send().await.unwrap().status(), 204);
    assert_ne!(browser.get("/gateway/check").await.status, 200, "and what is old ends like everything else");
    there.client("app").refresh(there.text("/offline/refresh")).await.refused("invalid_grant");
}
