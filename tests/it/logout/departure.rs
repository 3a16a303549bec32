//! How far a logout goes: the app that asks, this browser, everywhere.

use reqwest::Method;
use serde_json::json;

use super::{BYE, request};
use crate::client::claims;
use crate::stage::form;
use crate::world::on_both;

const ASKED: [(&str, &str); 2] = [("client_id", "app"), ("post_logout_redirect_uri", BYE)];

on_both! {
    async fn the_app_alone_may_be_left(world) {
        let (app, other) = (world.app("app").await, world.app("other").await);
        let (browser, tokens) = world.signed_in(&app).await;
        let again = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let others = other.tokens(&browser.code("other", "alice", "openid").await).await;
        let page = browser.get(&request(&ASKED)).await;
        browser.submit(&page, "/logout", &[("scope", "app")]).await.home(BYE);
        for gone in [&tokens, &again] {
            let told = app.refresh(&gone.refresh).await.refused("invalid_grant");
            assert_eq!(told["error_description"], "grant ended: logout");
            app.userinfo(&gone.access).await.refused("invalid_token");
        }
        other.refresh(&others.refresh).await.ok();
        browser.get("/account").await.is(200);
        let sql = "SELECT COUNT(*) FROM session_events WHERE event = 'revoked' AND reason = 'logout' AND client_id = 'app'";
        let told: i64 = world.db().read().await.unwrap().sql(sql).scalar().await.unwrap();
        assert_eq!(told, 1);
        // There is nothing of it left to leave.
        let page = browser.get(&request(&ASKED)).await;
        assert!(!page.is(200).body.contains("value=\"app\"") && page.body.contains("value=\"browser\" checked"));
    }

    async fn the_page_says_what_goes_on(world) {
        let app = world.app("app").await;
        let (browser, _) = world.signed_in(&app).await;
        let page = browser.get(&request(&[("client_id", "app")])).await;
        let page = browser.submit(&page, "/logout", &[("scope", "app")]).await;
        assert!(page.is(200).body.contains("You are still signed in here"), "{}", page.body);
        browser.get("/account").await.is(200);
    }

    async fn everywhere_is_every_device_and_what_was_left_behind(world) {
        let app = world.client("app", json!({})).await;
        let browser = world.browser();
        let offline = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let (elsewhere, tokens) = world.signed_in(&app).await;
        let bob = world.browser();
        bob.sign_in("bob").await;
        let page = browser.get("/logout").await;
        let page = browser.submit(&page, "/logout", &[("scope", "everywhere")]).await;
        assert!(page.is(200).body.contains("signed out everywhere"));
        app.refresh(&offline.refresh).await.refused("invalid_grant");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(elsewhere.get("/account").await.location().path(), "/login");
        bob.get("/account").await.is(200);
    }

    async fn the_app_needs_a_page_of_its_own(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let page = browser.get("/logout").await;
        assert!(!page.is(200).body.contains("value=\"app\""));
        browser.submit(&page, "/logout", &[("scope", "app")]).await.error_page("invalid_request");
        browser.submit(&page, "/logout", &[("scope", "galaxy")]).await.error_page("invalid_request");
        let page = browser.get(&request(&ASKED)).await;
        world.advance(59 * 60);
        browser.get("/account").await.is(200);
        world.advance(2 * 60);
        browser.submit(&page, "/logout", &[("scope", "app")]).await.error_page("invalid_request");
        app.refresh(&tokens.refresh).await.ok();
    }

    async fn a_hint_at_somebody_else_asks_first(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let hint = ("id_token_hint", tokens.id.as_str());
        for other in ["bob", "alice@", "nobody", &tokens.access] {
            let page = browser.get(&request(&[hint, ("logout_hint", other), ("post_logout_redirect_uri", BYE)])).await;
            assert!(page.is(200).body.contains("The app meant somebody else") && page.body.contains("id=\"logout\""));
            assert!(!page.body.contains("nobody"), "what others wrote is not shown");
            browser.get("/account").await.is(200);
        }
        app.userinfo(&tokens.access).await.ok();
    }

    async fn a_hint_at_this_person_is_by_any_of_their_names(world) {
        let app = world.app("app").await;
        for name in ["username", "sub", "sid"] {
            let (browser, tokens) = world.signed_in(&app).await;
            let claims = claims(&tokens.id);
            let own = claims[name].as_str().unwrap_or("ALICE");
            let asked = [("id_token_hint", tokens.id.as_str()), ("logout_hint", own), ("ui_locales", "de fr")];
            assert!(browser.get(&request(&asked)).await.is(200).body.contains("Sie sind abgemeldet"), "{name}");
            app.refresh(&tokens.refresh).await.refused("invalid_grant");
            let page = world.signed_in(&app).await.0.get(&request(&[("logout_hint", "alice")])).await;
            assert!(page.is(200).body.contains("id=\"logout\"") && !page.body.contains("somebody else"));
        }
    }

    async fn a_form_of_another_site_comes_again_with_its_cookies(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let fields = form(&[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", BYE)]);
        let stranger = world.browser();
        let navigates = [("origin", "https://app.example"), ("sec-fetch-mode", "navigate")];
        let answer = stranger.send(Method::POST, "/oauth2/logout", &navigates, Some(fields.clone())).await;
        let onward = answer.is(303).header("location").unwrap().to_owned();
        assert!(onward.starts_with("/oauth2/logout?id_token_hint="), "{onward}");
        app.userinfo(&tokens.access).await.ok();
        browser.get(&onward).await.home(BYE);
        assert!(browser.cookie("doorward-session").is_none());
        // A server that calls for itself follows nothing.
        let (_, tokens) = world.signed_in(&app).await;
        let fields = form(&[("id_token_hint", &tokens.id)]);
        assert_eq!(stranger.send(Method::POST, "/oauth2/logout", &[], Some(fields)).await.status, 200);
        app.userinfo(&tokens.access).await.refused("invalid_token");
    }
}
