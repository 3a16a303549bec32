//! Consent: asked for once, remembered, and taken back (OpenID Connect Core 1.0 section 3.1.2.4).

use serde_json::json;

use crate::stage::{HOME, PASSWORD, form};
use crate::world::on_both;

on_both! {
    async fn is_asked_once_and_again_for_more(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[("scope", "openid email")]).await;
        assert_eq!(page.is(200).url.path(), "/consent");
        for word in ["app", "app.example", "alice", "See your e-mail address"] {
            assert!(page.body.contains(word), "{word}");
        }
        let answer = browser.submit(&page, "/consent", &[("decision", "allow")]).await;
        assert!(answer.home(HOME).contains_key("code"));
        for scope in ["openid", "email openid"] {
            assert!(browser.authorize("app", &[("scope", scope)]).await.home(HOME).contains_key("code"), "{scope}");
        }
        let wider = browser.authorize("app", &[("scope", "openid email profile")]).await;
        assert_eq!(wider.url.path(), "/consent");
        world.advance(1);
        let again = browser.authorize("app", &[("scope", "openid"), ("prompt", "consent")]).await;
        assert_eq!(again.url.path(), "/consent");
    }

    async fn shows_what_the_client_says_of_itself(world) {
        let links = json!({"logo_uri": "https://cdn.example:8443/a;b/logo.png", "policy_uri": "https://app.example/privacy", "tos_uri": "https://app.example/terms"});
        world.client("app", links).await;
        world.client("plain", json!({"logo_uri": "http://localhost/logo.png"})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[]).await;
        let policy = |page: &crate::answer::Answer| page.header("content-security-policy").unwrap().to_owned();
        assert!(policy(&page).contains("img-src 'self' data: https://cdn.example:8443;"), "{}", policy(&page));
        let tags: Vec<&str> = page.body.split('<').filter(|tag| tag.contains("id=\"client-")).collect();
        assert_eq!(tags.len(), 3, "{}", page.body);
        assert!(tags[0].starts_with("img ") && tags[0].contains("alt=\"\"") && tags[0].contains("referrerpolicy=\"no-referrer\""), "{}", tags[0]);
        assert!(tags[1..].iter().all(|tag| tag.starts_with("a ") && tag.contains("rel=\"noopener noreferrer\"")), "{tags:?}");
        let plain = browser.authorize("plain", &[]).await;
        assert!(policy(&plain).contains("img-src 'self' data:;") && !plain.body.contains("client-logo"));
    }

    async fn a_no_goes_to_the_client_and_is_not_remembered(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        for _ in 0..2 {
            let page = browser.authorize("app", &[("state", "s")]).await;
            let answer = browser.submit(&page, "/consent", &[("decision", "deny")]).await.home(HOME);
            assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("access_denied", "s"));
        }
    }

    async fn belongs_to_the_person_and_the_client(world) {
        world.client("app", json!({})).await;
        world.client("other", json!({})).await;
        let browser = world.browser();
        browser.code("app", "alice", "openid").await;
        assert_eq!(browser.authorize("other", &[]).await.url.path(), "/consent");
        let page = browser.get("/login?switch=1").await;
        browser.log_in(&page, "bob", PASSWORD).await;
        assert_eq!(browser.authorize("app", &[]).await.url.path(), "/consent");
    }

    async fn a_decision_from_elsewhere_decides_nothing(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[]).await;
        let fields = page.form("/consent");
        let request = fields.iter().find(|(name, _)| name == "request").unwrap().1.as_str();
        let csrf = fields.iter().find(|(name, _)| name == "csrf").unwrap().1.as_str();
        let others = world.browser();
        others.sign_in("bob").await;
        let foreign = others.authorize("app", &[]).await.form("/consent");
        let foreign = foreign.iter().find(|(name, _)| name == "csrf").unwrap().1.as_str();
        for csrf in ["", "x", foreign] {
            let answer = browser.post("/consent", &[("csrf", csrf), ("request", request), ("decision", "allow")]).await;
            answer.is(403).error_page("access_denied");
        }
        let evil = [("origin", "https://evil.example")];
        let body = form(&[("csrf", csrf), ("request", request), ("decision", "allow")]);
        browser.send(reqwest::Method::POST, "/consent", &evil, Some(body)).await.error_page("access_denied");
        let odd = browser.post("/consent", &[("csrf", csrf), ("request", request), ("decision", "maybe")]).await;
        odd.error_page("invalid_request");
        assert_eq!(browser.authorize("app", &[]).await.url.path(), "/consent", "still asked");
    }

    async fn is_taken_back_on_the_account_page(world) {
        let app = world.client("app", json!({})).await;
        let (browser, tokens) = world.signed_in(&app).await;
        let offline = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let page = browser.get("/account/apps").await;
        browser.submit(&page, "/account/apps/app/revoke", &[]).await.is(303);
        for tokens in [&tokens, &offline] {
            app.refresh(&tokens.refresh).await.refused("invalid_grant");
            app.userinfo(&tokens.access).await.refused("invalid_token");
        }
        browser.get("/account").await.is(200);
        assert_eq!(browser.authorize("app", &[]).await.url.path(), "/consent", "asked anew");
    }

    async fn a_session_that_ended_meanwhile_starts_over(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[("state", "s")]).await;
        world.advance(2 * 3600);
        let answer = browser.submit(&page, "/consent", &[("decision", "allow")]).await;
        let login = browser.follow(answer).await;
        assert_eq!(login.url.path(), "/login");
        let answer = browser.log_in(&login, "alice", PASSWORD).await;
        assert_eq!(browser.follow(answer).await.url.path(), "/consent");
    }

    async fn offline_access_is_told(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[("scope", "openid offline_access")]).await;
        assert!(page.body.contains("while you are away"), "{}", page.body);
    }
}
