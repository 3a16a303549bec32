//! Machines (RFC 6749 section 4.4): one session for all their tokens, so that issuing one writes nothing.

use serde_json::json;

use crate::admin::Api;
use crate::client::{Tokens, claims};
use crate::world::on_both;

on_both! {
    async fn tokens_of_a_machine_hang_on_one_session(world) {
        let machine = world.machine("machine", json!({"scope": "read write"})).await;
        let tokens: Vec<_> = futures_util::future::join_all((0..16).map(|_| machine.client_credentials(&[]))).await;
        let sessions: std::collections::BTreeSet<String> = tokens
            .iter()
            .map(|answer| claims(&Tokens::of(answer.ok()).access)["sid"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        let claims = claims(&Tokens::of(tokens[0].ok()).access);
        assert_eq!((&claims["sub"], &claims["client_id"], &claims["scope"]), (&json!("machine"), &json!("machine"), &json!("read write")));
        assert!(claims.get("auth_time").is_none() && claims.get("acr").is_none());
        assert!(tokens[0].ok().get("refresh_token").is_none() && tokens[0].ok().get("id_token").is_none());
    }

    async fn a_session_of_a_machine_is_followed_by_the_next(world) {
        let machine = world.machine("machine", json!({})).await;
        let first = Tokens::of(machine.client_credentials(&[]).await.ok());
        world.advance(30 * 24 * 3600 - 10);
        let last = Tokens::of(machine.client_credentials(&[]).await.ok());
        assert_eq!(last.whole["expires_in"], 10, "no token outlives its session");
        world.advance(10);
        let next = Tokens::of(machine.client_credentials(&[]).await.ok());
        assert_ne!(claims(&first.access)["sid"], claims(&next.access)["sid"]);
        world.jobs().await;
    }

    /// Remembered or not: what this server ends counts for the very next token.
    async fn an_end_counts_at_once(world) {
        let (machine, api) = (world.machine("machine", json!({})).await, Api::of(world).await);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let token = Tokens::of(machine.client_credentials(&[]).await.ok()).access;
            assert_eq!(machine.introspect(&token).await["active"], true);
            let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
            api.delete(&format!("/sessions/{sid}")).await.is(204);
            assert_eq!(machine.introspect(&token).await["active"], false);
            assert!(seen.insert(sid), "a token on a session that had ended");
        }
    }

    async fn gives_only_what_is_registered(world) {
        let metadata = json!({"scope": "read", "allowed_resources": ["https://api.example"]});
        let machine = world.machine("machine", metadata).await;
        let app = world.app("app").await;
        machine.client_credentials(&[("scope", "read write")]).await.refused("invalid_scope");
        machine.client_credentials(&[("resource", "https://other.example")]).await.refused("invalid_target");
        machine.client_credentials(&[("resource", "https://api.example#x")]).await.refused("invalid_target");
        let token = Tokens::of(machine.client_credentials(&[("scope", "read")]).await.ok());
        assert_eq!(claims(&token.access)["aud"], "https://api.example");
        app.client_credentials(&[]).await.refused("unauthorized_client");
        machine.token(&[("grant_type", "authorization_code"), ("code", "x")]).await.refused("unauthorized_client");
        machine.token(&[("grant_type", "refresh_token"), ("refresh_token", "x")]).await.refused("unauthorized_client");
        for kind in ["password", "urn:ietf:params:oauth:grant-type:saml2-bearer", "CLIENT_CREDENTIALS"] {
            machine.token(&[("grant_type", kind)]).await.refused("unsupported_grant_type");
        }
        machine.token(&[]).await.refused("invalid_request");
        machine.token(&[("grant_type", "")]).await.refused("invalid_request");
    }

    async fn an_opaque_token_says_nothing_and_works_alike(world) {
        let machine = world.machine("machine", json!({"access_token_format": "opaque"})).await;
        let token = Tokens::of(machine.client_credentials(&[]).await.ok()).access;
        assert!(token.starts_with("dwat_") && !token.contains('.'), "{token}");
        let seen = machine.introspect(&token).await;
        assert_eq!((&seen["active"], &seen["client_id"]), (&json!(true), &json!("machine")));
        assert_eq!(machine.introspect(&token[..token.len() - 1]).await["active"], false);
        assert_eq!(machine.introspect(&format!("{token}A")).await["active"], false);
        assert_eq!(machine.introspect("dwat_").await["active"], false);
        machine.gateway(&token).await.is(200);
        world.advance(300);
        assert_eq!(machine.introspect(&token).await["active"], false);
    }
}
