//! Authorization codes at the token endpoint (RFC 6749 section 4.1.3; RFC 7636; RFC 9700 section 2.1.1).

use serde_json::json;

use crate::client::{Client, Tokens, claims, jose_header};
use crate::stage::VERIFIER;
use crate::world::on_both;

on_both! {
    async fn gives_tokens_as_they_should_be(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let code = browser.code("app", "alice", "openid email roles").await;
        let tokens = app.tokens(&code).await;
        assert_eq!((&tokens.whole["token_type"], &tokens.whole["expires_in"]), (&json!("Bearer"), &json!(300)));
        let (access, id) = (claims(&tokens.access), claims(&tokens.id));
        assert_eq!(jose_header(&tokens.access)["typ"], "at+jwt");
        assert_eq!(jose_header(&tokens.access)["alg"], "ES256");
        assert_eq!(jose_header(&tokens.id)["alg"], "RS256", "the default of OpenID Connect registration");
        assert_eq!((&access["aud"], &access["client_id"], &access["scope"]), (&json!(world.issuer), &json!("app"), &json!("openid email roles")));
        assert_eq!(access["roles"], json!(["reader"]));
        for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "auth_time", "acr", "amr"] {
            assert!(access.get(name).is_some(), "{name}: {access}");
        }
        for name in ["iss", "sub", "aud", "exp", "iat", "sid", "auth_time", "acr", "amr", "session_expiry", "at_hash"] {
            assert!(id.get(name).is_some(), "{name}: {id}");
        }
        assert_eq!((&id["sub"], &id["sid"]), (&access["sub"], &access["sid"]));
        assert_ne!(access["sub"], "alice");
    }

    async fn a_second_use_ends_what_the_first_gave(world) {
        let app = world.app("app").await;
        let (browser, _) = world.signed_in(&app).await;
        for scope in ["openid", "openid offline_access"] {
            let code = browser.code("app", "alice", scope).await;
            let tokens = app.tokens(&code).await;
            let tokens = Tokens::of(app.refresh(&tokens.refresh).await.ok());
            app.redeem(&code).await.refused("invalid_grant");
            app.refresh(&tokens.refresh).await.refused("invalid_grant");
            app.userinfo(&tokens.access).await.refused("invalid_token");
        }
        let fresh = browser.code("app", "alice", "openid").await;
        app.redeem(&fresh).await.ok();
    }

    async fn is_bound_to_client_address_and_verifier(world) {
        let (app, other) = (world.app("app").await, world.app("other").await);
        let browser = world.browser();
        let code = browser.code("app", "alice", "openid").await;
        other.redeem(&code).await.refused("invalid_grant");
        for more in [
            ("redirect_uri", "https://app.example/other"),
            ("redirect_uri", "https://app.example/callback/"),
            ("redirect_uri", ""),
            ("code_verifier", ""),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"),
            ("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ] {
            app.redeem_with(&code, &[more]).await.refused("invalid_grant");
        }
        app.redeem(&code).await.ok();
    }

    async fn a_verifier_without_a_challenge_is_a_downgrade(world) {
        let metadata = json!({"token_endpoint_auth_method": "client_secret_basic", "require_pkce": false, "skip_consent": true});
        let lax = world.client("lax", metadata).await;
        let bare = [("code_challenge", ""), ("code_challenge_method", "")];
        let browser = world.browser();
        let code = browser.answer_to("lax", "alice", &bare).await["code"].clone();
        lax.redeem_with(&code, &[("code_verifier", VERIFIER)]).await.refused("invalid_grant");
        lax.redeem_with(&code, &[("code_verifier", "")]).await.ok();
    }

    async fn lives_a_minute(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let (late, early) = (browser.code("app", "alice", "openid").await, browser.code("app", "alice", "openid").await);
        world.advance(59);
        app.redeem(&early).await.ok();
        world.advance(1);
        app.redeem(&late).await.refused("invalid_grant");
    }

    async fn a_failed_proof_spends_nothing(world) {
        let backend = world.backend("backend").await;
        let browser = world.browser();
        let code = browser.code("backend", "alice", "openid").await;
        let wrong = Client { secret: Some("wrong".into()), ..backend.clone() };
        wrong.redeem(&code).await.refused("invalid_client");
        let silent = Client { secret: None, ..backend.clone() };
        silent.redeem(&code).await.refused("invalid_client");
        // A much-used library tries Basic with an empty secret first, then its parameters.
        let empty = Client { secret: Some(String::new()), ..backend.clone() };
        for _ in 0..20 {
            empty.redeem(&code).await.refused("invalid_client");
        }
        let secret = backend.secret.clone().unwrap();
        silent.redeem_with(&code, &[("client_secret", &secret)]).await.ok();
    }

    async fn dies_with_its_session(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let code = browser.code("app", "alice", "openid").await;
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        let told = app.redeem(&code).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: logout");
    }

    async fn forged_codes_are_nothing(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let code = browser.code("app", "alice", "openid").await;
        for forged in ["x", &code[1..], &format!("{code}A"), &code.to_uppercase(), &"A".repeat(43)] {
            app.redeem(forged).await.refused("invalid_grant");
        }
        app.redeem("\u{0}").await.refused("invalid_request");
        app.redeem_with("", &[("code", "")]).await.refused("invalid_request");
        app.redeem(&code).await.ok();
    }

    async fn without_openid_there_is_no_id_token(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "profile").await).await;
        assert!(tokens.whole.get("id_token").is_none());
        app.userinfo(&tokens.access).await.refused("insufficient_scope");
    }

    async fn a_client_without_refresh_gets_none(world) {
        let app = world.client("app", json!({"grant_types": ["authorization_code"], "skip_consent": true})).await;
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        assert!(tokens.whole.get("refresh_token").is_none());
        assert_eq!(tokens.whole["scope"], "openid");
    }
}
