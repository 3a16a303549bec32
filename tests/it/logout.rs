//! Logout (OpenID Connect RP-Initiated Logout 1.0) and the person's own way out.

mod departure;
mod front_channel;
mod modules;
mod relying_party;
mod report;
mod session_frame;

use serde_json::json;

use crate::answer::Answer;
use crate::client::claims;
use crate::stage::{HOME, form};
use crate::world::on_both;

const BYE: &str = "https://app.example/bye";

fn request(fields: &[(&str, &str)]) -> String {
    format!("/oauth2/logout?{}", form(fields))
}

on_both! {
    async fn a_hint_ends_the_session_and_sends_home(world) {
        let (app, other) = (world.app("app").await, world.app("other").await);
        let (browser, tokens) = world.signed_in(&app).await;
        let others = other.tokens(&browser.code("other", "alice", "openid").await).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s&\"")];
        let home = browser.get(&request(&asked)).await.home(BYE);
        assert_eq!(home["state"], "s&\"");
        assert!(browser.cookie("doorward-session").is_none());
        assert_eq!(browser.get("/account").await.location().path(), "/login");
        for (client, tokens) in [(&app, &tokens), (&other, &others)] {
            let told = client.refresh(&tokens.refresh).await.refused("invalid_grant");
            assert_eq!(told["error_description"], "session ended: logout");
            client.userinfo(&tokens.access).await.refused("invalid_token");
        }
    }

    async fn an_expired_hint_still_counts(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        world.advance(40 * 60);
        browser.get("/account").await.is(200);
        world.advance(40 * 60);
        browser.get(&request(&[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", BYE)])).await.home(BYE);
        assert_eq!(browser.get("/account").await.location().path(), "/login");
    }

    async fn without_a_hint_the_person_is_asked(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let page = browser.get(&request(&[("client_id", "app"), ("post_logout_redirect_uri", BYE), ("state", "s")])).await;
        assert!(page.is(200).body.contains("id=\"logout\""));
        browser.get("/account").await.is(200);
        app.userinfo(&tokens.access).await.ok();
        let home = browser.submit(&page, "/logout", &[("scope", "browser")]).await.home(BYE);
        assert_eq!(home["state"], "s");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
    }

    async fn a_hint_at_another_session_asks_too(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let bob = world.browser();
        bob.sign_in("bob").await;
        let page = bob.get(&request(&[("id_token_hint", &tokens.id)])).await;
        assert!(page.is(200).body.contains("id=\"logout\"") && page.body.contains("bob"));
        bob.get("/account").await.is(200);
    }

    async fn nobody_signed_in_is_no_error(world) {
        let app = world.app("app").await;
        let stranger = world.browser();
        assert!(stranger.get("/oauth2/logout").await.is(200).body.contains("signed out"));
        assert!(stranger.get("/logout").await.is(200).body.contains("signed out"));
        let (_, tokens) = world.signed_in(&app).await;
        stranger.get(&request(&[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", BYE)])).await.home(BYE);
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
    }

    async fn an_unproven_address_is_never_followed(world) {
        let app = world.app("app").await;
        world.app("other").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let hint = ("id_token_hint", tokens.id.as_str());
        let forged = format!("{}x", tokens.id);
        for asked in [
            &[hint, ("post_logout_redirect_uri", "https://evil.example/")][..],
            &[hint, ("post_logout_redirect_uri", "https://app.example/bye/")],
            &[hint, ("post_logout_redirect_uri", HOME)],
            &[("post_logout_redirect_uri", BYE)],
            &[("client_id", "nobody"), ("post_logout_redirect_uri", BYE)],
            &[hint, ("client_id", "other"), ("post_logout_redirect_uri", BYE)],
            &[("id_token_hint", "a.b.c"), ("post_logout_redirect_uri", BYE)],
            &[("id_token_hint", &forged), ("post_logout_redirect_uri", BYE)],
            &[("id_token_hint", &tokens.access)],
            &[hint, hint],
        ] {
            browser.get(&request(asked)).await.error_page("invalid_request");
        }
        browser.get("/account").await.is(200);
    }

    async fn may_come_by_post(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", BYE)];
        browser.post("/oauth2/logout", &asked).await.home(BYE);
    }

    async fn no_foreign_page_can_confirm(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.get("/logout").await;
        browser.post("/logout", &[]).await.error_page("access_denied");
        browser.post("/logout", &[("csrf", "x")]).await.error_page("access_denied");
        let evil = [("origin", "https://evil.example")];
        let body = form(&[("csrf", page.form("/logout")[0].1.as_str())]);
        browser.send(reqwest::Method::POST, "/logout", &evil, Some(body)).await.error_page("access_denied");
        browser.get("/account").await.is(200);
    }

    async fn leaves_offline_access_alive_and_the_timeline_says_why(world) {
        let app = world.client("app", json!({})).await;
        let browser = world.browser();
        let offline = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let online = app.tokens(&browser.code("app", "alice", "openid").await).await;
        assert_ne!(claims(&offline.access)["sid"], claims(&online.access)["sid"]);
        assert_eq!(claims(&offline.id)["sid"], claims(&online.id)["sid"], "the browser's");
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        app.refresh(&online.refresh).await.refused("invalid_grant");
        app.refresh(&offline.refresh).await.ok();
        let sql = "SELECT COUNT(*) FROM session_events WHERE event = 'ended' AND reason = 'logout'";
        let told: i64 = world.db().read().await.unwrap().sql(sql).scalar().await.unwrap();
        assert_eq!(told, 1);
    }

    async fn another_site_signs_nobody_out(world) {
        let app = world.app("app").await;
        let (browser, _) = world.signed_in(&app).await;
        // What SameSite=Lax leaves of another site's form: it comes without our cookies.
        for (path, onward) in [("/logout", "/logout"), ("/oauth2/logout", "/oauth2/logout?state=s")] {
            let form = world.http().post(format!("{}{path}", world.issuer)).form(&[("state", "s")]);
            let answer = Answer::of(form.send().await.unwrap()).await;
            assert!(answer.header("set-cookie").is_none(), "{path} clears a cookie that it did not see");
            let location = answer.is(303).header("location").unwrap().to_owned();
            assert_eq!(location, onward);
            assert!(browser.get(&location).await.is(200).body.contains("id=\"logout\""), "the person is asked");
        }
        browser.get("/account").await.is(200);
    }
}
