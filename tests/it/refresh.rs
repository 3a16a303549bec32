//! Refresh tokens (RFC 6749 section 6; RFC 9700 section 4.14).

use doorward::store;
use serde_json::json;

use crate::client::{Tokens, claims};
use crate::world::on_both;

on_both! {
    async fn rotates_and_keeps_the_session(world) {
        let app = world.app("app").await;
        let (_, first) = world.signed_in(&app).await;
        let second = Tokens::of(app.refresh(&first.refresh).await.ok());
        assert_ne!(first.refresh, second.refresh);
        assert_ne!(first.access, second.access);
        let (old, new) = (claims(&first.access), claims(&second.access));
        assert_eq!((&old["sid"], &old["sub"], &old["auth_time"]), (&new["sid"], &new["sub"], &new["auth_time"]));
        app.userinfo(&second.access).await.ok();
    }

    async fn a_lost_answer_is_given_again_within_the_window(world) {
        let app = world.app("app").await;
        let (_, first) = world.signed_in(&app).await;
        let second = Tokens::of(app.refresh(&first.refresh).await.ok());
        world.advance(9);
        let again = Tokens::of(app.refresh(&first.refresh).await.ok());
        assert_eq!(second.refresh, again.refresh, "no second branch");
        app.refresh(&again.refresh).await.ok();
    }

    async fn a_lost_answer_is_replaced_after_the_window(world) {
        let app = world.app("app").await;
        let (_, first) = world.signed_in(&app).await;
        let lost = Tokens::of(app.refresh(&first.refresh).await.ok());
        world.advance(11);
        let replaced = Tokens::of(app.refresh(&first.refresh).await.ok());
        assert_ne!(lost.refresh, replaced.refresh);
        app.refresh(&lost.refresh).await.refused("invalid_grant");
        app.refresh(&replaced.refresh).await.refused("invalid_grant");
    }

    async fn reuse_ends_the_family_and_its_access_tokens(world) {
        let app = world.app("app").await;
        let (_, first) = world.signed_in(&app).await;
        let second = Tokens::of(app.refresh(&first.refresh).await.ok());
        let third = Tokens::of(app.refresh(&second.refresh).await.ok());
        app.refresh(&first.refresh).await.refused("invalid_grant");
        let told = app.refresh(&third.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "grant ended: theft");
        app.userinfo(&third.access).await.refused("invalid_token");
    }

    async fn is_bound_to_its_client(world) {
        let (app, other) = (world.app("app").await, world.app("other").await);
        let (_, tokens) = world.signed_in(&app).await;
        other.refresh(&tokens.refresh).await.refused("invalid_grant");
        app.refresh(&tokens.refresh).await.ok();
    }

    async fn forged_and_truncated_tokens_touch_nothing(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let token = &tokens.refresh;
        let (body, tag) = token.rsplit_once('.').unwrap();
        let (rest, generation) = body.rsplit_once('.').unwrap();
        assert_eq!(generation, "1");
        let forged = [
            token[..token.len() - 1].to_owned(),
            format!("{token}A"),
            format!("{rest}.2.{tag}"),
            format!("{rest}.0.{tag}"),
            format!("{body}.{}", "A".repeat(43)),
            format!("{body}."),
            body.to_owned(),
            "x".to_owned(),
            "1.x.1.x".to_owned(),
            format!("{}.1.{tag}", "2.00000000000000000000000000000000"),
            "\u{1F480}".to_owned(),
        ];
        for token in &forged {
            app.refresh(token).await.refused("invalid_grant");
        }
        app.refresh(token).await.ok();
    }

    async fn may_only_ask_for_less(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let ask = async |scope: &str, token: &str| {
            app.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)]).await
        };
        ask("openid profile email roles", &tokens.refresh).await.refused("invalid_scope");
        let less = Tokens::of(ask("openid", &tokens.refresh).await.ok());
        assert_eq!(less.whole["scope"], "openid");
        // What was given up once can be had again: the grant is the measure (RFC 6749 section 6).
        let all = Tokens::of(app.refresh(&less.refresh).await.ok());
        assert_eq!(all.whole["scope"], "openid profile email");
    }

    async fn ends_with_the_session(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let page = browser.open("/logout").await;
        browser.submit(&page, "/logout", &[("scope", "browser")]).await;
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: logout");
    }

    async fn keeps_the_session_alive_unless_it_says_background(world) {
        let app = world.app("app").await;
        let (_, mut tokens) = world.signed_in(&app).await;
        for _ in 0..3 {
            world.advance(40 * 60);
            tokens = Tokens::of(app.refresh(&tokens.refresh).await.ok());
        }
        let silent = app.http.post(format!("{}/oauth2/token", world.issuer)).header("doorward-activity", "background");
        world.advance(40 * 60);
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("client_id", "app")];
        let answer = crate::answer::Answer::of(silent.form(&fields).send().await.unwrap()).await;
        tokens = Tokens::of(answer.ok());
        world.advance(21 * 60);
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: idle");
    }

    async fn offline_access_outlives_the_session(world) {
        let app = world.client("app", json!({})).await;
        let browser = world.browser();
        let code = browser.code("app", "alice", "openid offline_access").await;
        let tokens = app.tokens(&code).await;
        world.advance(25 * 3600);
        let tokens = Tokens::of(app.refresh(&tokens.refresh).await.ok());
        world.advance(29 * 24 * 3600);
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
    }


    async fn theft_ends_what_was_left_behind(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let first = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let second = Tokens::of(app.refresh(&first.refresh).await.ok());
        app.refresh(&second.refresh).await.ok();
        app.refresh(&first.refresh).await.refused("invalid_grant");
        let sql = "SELECT COUNT(*) FROM sessions WHERE kind = 'offline' AND end_reason = 'theft'";
        assert_eq!(world.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap(), 1);
        browser.get("/account").await.is(200);
    }

    async fn what_a_client_may_no_longer_have_goes_with_the_next_refresh(world) {
        let more = json!({"skip_consent": true, "scope": "openid pay", "allowed_resources": ["https://pay.example"]});
        let app = world.client("app", more).await;
        let tokens = app.tokens(&world.browser().code("app", "alice", "openid pay").await).await;
        let mut narrow = store::client::find(world.db(), "app").await.unwrap().unwrap();
        narrow.metadata.scope = Some("openid".parse().unwrap());
        narrow.metadata.allowed_resources.clear();
        narrow.version += 1;
        world.db().write(async move |tx| store::client::update(tx, &narrow).await).await.unwrap();
        let next = app.refresh(&tokens.refresh).await.ok();
        assert_eq!(next["scope"], "openid");
        assert_eq!(claims(next["access_token"].as_str().unwrap())["aud"], world.issuer);
    }

    async fn later_proofs_do_not_move_auth_time(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        world.advance(120);
        browser.answer_to("app", "alice", &[("prompt", "login")]).await;
        let next = Tokens::of(app.refresh(&tokens.refresh).await.ok());
        assert_eq!(claims(&next.id)["auth_time"], claims(&tokens.id)["auth_time"]);
    }
}
