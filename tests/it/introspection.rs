//! Introspection and revocation (RFC 7662; RFC 7009): what is said of a token, and how a client ends its own.

use serde_json::json;

use crate::client::{Client, Tokens, claims};
use crate::world::on_both;

on_both! {
    async fn tells_what_a_live_token_is_worth(world) {
        let backend = world.backend("backend").await;
        let (_, tokens) = world.signed_in(&backend).await;
        let seen = backend.introspect(&tokens.access).await;
        let claims = claims(&tokens.access);
        assert_eq!(seen["active"], true);
        assert_eq!(seen["username"], "alice");
        assert_eq!(seen["token_type"], "Bearer");
        for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "auth_time", "acr"] {
            assert_eq!(seen[name], claims[name], "{name}");
        }
        let refresh = backend.introspect(&tokens.refresh).await;
        assert_eq!((&refresh["active"], &refresh["sid"]), (&json!(true), &claims["sid"]));
        assert_eq!(backend.introspect(&tokens.id).await, json!({"active": false}), "an ID token is no access token");
    }

    async fn everything_else_is_not_active_and_nothing_more(world) {
        let backend = world.backend("backend").await;
        let (browser, tokens) = world.signed_in(&backend).await;
        let inactive = json!({"active": false});
        let token = &tokens.access;
        let (body, signature) = token.rsplit_once('.').unwrap();
        for forged in ["x", "a.b.c", body, &format!("{body}."), &format!("{body}.{}", &signature[1..]), &"x".repeat(9_999)] {
            assert_eq!(backend.introspect(forged).await, inactive, "{forged}");
        }
        let next = Tokens::of(backend.refresh(&tokens.refresh).await.ok());
        assert_eq!(backend.introspect(&tokens.refresh).await, inactive, "spent");
        world.advance(300);
        assert_eq!(backend.introspect(token).await, inactive, "expired");
        let next = Tokens::of(backend.refresh(&next.refresh).await.ok());
        assert_eq!(backend.introspect(&next.access).await["active"], true);
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        assert_eq!(backend.introspect(&next.access).await, inactive, "the session ended");
        assert_eq!(backend.introspect(&next.refresh).await, inactive);
    }

    async fn only_for_those_it_concerns(world) {
        let apis = json!({"skip_consent": true, "token_endpoint_auth_method": "client_secret_basic", "allowed_resources": ["https://api.example"]});
        let shop = world.client("shop", apis).await;
        let api = world.machine("api", json!({"allowed_resources": ["https://api.example"]})).await;
        let stranger = world.machine("stranger", json!({"allowed_resources": ["https://other.example"]})).await;
        let (_, tokens) = world.signed_in(&shop).await;
        assert_eq!(api.introspect(&tokens.access).await["active"], true, "the resource it serves");
        assert_eq!(stranger.introspect(&tokens.access).await, json!({"active": false}));
        assert_eq!(api.introspect(&tokens.refresh).await, json!({"active": false}), "a refresh token is its client's alone");
        let app = world.app("app").await;
        app.post("/oauth2/introspect", &[("token", &tokens.access)]).await.refused("invalid_client");
        let wrong = Client { secret: Some("wrong".into()), ..api.clone() };
        wrong.post("/oauth2/introspect", &[("token", &tokens.access)]).await.refused("invalid_client");
        api.post("/oauth2/introspect", &[]).await.refused("invalid_request");
        api.post("/oauth2/introspect", &[("token", "a"), ("token", "b")]).await.refused("invalid_request");
    }

    async fn a_revoked_access_token_is_dead_at_once_and_alone(world) {
        let backend = world.backend("backend").await;
        let (_, tokens) = world.signed_in(&backend).await;
        let answer = backend.revoke(&tokens.access).await;
        assert_eq!(answer.is(200).header("content-type"), None, "{:?}", answer.headers);
        assert_eq!(answer.body, "");
        assert_eq!(backend.introspect(&tokens.access).await["active"], false);
        backend.userinfo(&tokens.access).await.refused("invalid_token");
        backend.gateway(&tokens.access).await.is(401);
        let next = Tokens::of(backend.refresh(&tokens.refresh).await.ok());
        backend.userinfo(&next.access).await.ok();
        backend.revoke(&tokens.access).await.is(200);
    }

    async fn a_revoked_refresh_token_takes_its_grant_along(world) {
        for kind in ["jwt", "opaque"] {
            let id = format!("app-{kind}");
            let app = world.client(&id, json!({"skip_consent": true, "access_token_format": kind})).await;
            let (browser, tokens) = world.signed_in(&app).await;
            let next = Tokens::of(app.refresh(&tokens.refresh).await.ok());
            app.revoke(&tokens.refresh).await.is(200);
            for tokens in [&tokens, &next] {
                app.refresh(&tokens.refresh).await.refused("invalid_grant");
                app.userinfo(&tokens.access).await.refused("invalid_token");
            }
            browser.get("/account").await.is(200);
            app.tokens(&browser.code(&id, "alice", "openid").await).await;
        }
    }

    async fn a_revoked_offline_token_ends_what_was_left_behind(world) {
        let app = world.client("app", json!({})).await;
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        app.revoke(&tokens.refresh).await.is(200);
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        let sql = "SELECT COUNT(*) FROM sessions WHERE kind = 'offline' AND ended_at IS NULL";
        let open: i64 = world.db().read().await.unwrap().sql(sql).scalar().await.unwrap();
        assert_eq!(open, 0);
    }

    async fn nobody_revokes_what_is_anothers(world) {
        let (app, other) = (world.app("app").await, world.app("other").await);
        let (_, tokens) = world.signed_in(&app).await;
        for token in [&tokens.access, &tokens.refresh, &tokens.id, "x", "a.b.c", "dwat_x"] {
            other.revoke(token).await.is(200);
        }
        app.userinfo(&tokens.access).await.ok();
        app.refresh(&tokens.refresh).await.ok();
        let wrong = Client { id: "nobody".into(), ..app.clone() };
        wrong.revoke(&tokens.access).await.refused("invalid_client");
        app.post("/oauth2/revoke", &[]).await.refused("invalid_request");
        app.post("/oauth2/revoke", &[("token", "x"), ("token_type_hint", "whatever")]).await.is(200);
    }
}
