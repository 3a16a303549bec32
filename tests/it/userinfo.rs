//! Userinfo (OpenID Connect Core 1.0 section 5.3; RFC 6750) and the question of gateways.

use serde_json::json;

use crate::answer::Answer;
use crate::client::claims;
use crate::world::on_both;

on_both! {
    async fn tells_what_the_scope_covers(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let tell = async |scope: &str| {
            let tokens = app.tokens(&browser.code("app", "alice", scope).await).await;
            let mut seen = app.userinfo(&tokens.access).await.ok();
            assert_eq!(seen["sub"], claims(&tokens.id)["sub"]);
            seen.as_object_mut().unwrap().remove("sub");
            seen
        };
        assert_eq!(tell("openid").await, json!({}));
        assert_eq!(tell("openid email").await, json!({"email": "alice@example.com", "email_verified": true}));
        let profile = tell("openid profile").await;
        assert_eq!((&profile["name"], profile.get("email")), (&json!("alice"), None));
        assert_eq!(tell("openid roles").await, json!({"roles": ["reader"]}));
    }

    async fn every_standard_claim_has_its_scope_and_its_type(world) {
        let api = crate::admin::Api::of(world).await;
        let texts = ["name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
                     "website", "gender", "birthdate", "zoneinfo", "locale"];
        let mut body = json!({"email": "a@example.com", "email_verified": true, "phone_number": "+1 555 0100",
            "phone_number_verified": false, "address": {"street_address": "Main St 1", "country": "XX"}});
        for name in texts {
            body[name] = format!("some {name}").into();
        }
        let id = crate::admin::id_of(&api, "alice").await;
        api.patch(&format!("/users/{id}"), body.clone()).await.ok();
        let app = world.app("app").await;
        let tokens = app.tokens(&world.browser().code("app", "alice", "openid profile email address phone").await).await;
        let mut seen = app.userinfo(&tokens.access).await.ok();
        assert!(seen["updated_at"].is_i64(), "{seen}");
        for own in ["sub", "updated_at"] {
            seen.as_object_mut().unwrap().remove(own);
        }
        assert_eq!(seen, body);
        assert_eq!(claims(&tokens.id).get("name"), None, "the ID token stays lean");
    }

    async fn takes_the_token_by_header_or_form_but_not_from_the_address(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let url = format!("{}/oauth2/userinfo", world.issuer);
        let token = tokens.access.as_str();
        let http = world.http();
        let send = async |request: reqwest::RequestBuilder| Answer::of(request.send().await.unwrap()).await;
        send(http.post(&url).bearer_auth(token)).await.ok();
        send(http.post(&url).form(&[("access_token", token)])).await.ok();
        send(http.get(&url).header("authorization", format!("bearer {token}"))).await.ok();
        let both = send(http.post(&url).bearer_auth(token).form(&[("access_token", token)])).await;
        both.refused("invalid_request");
        for bare in [send(http.get(format!("{url}?access_token={token}"))).await, send(http.get(&url)).await] {
            assert_eq!(bare.is(401).header("www-authenticate"), Some(&*format!("Bearer realm=\"{}\"", world.issuer)));
        }
        for authorization in ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", &format!("Basic {token}"), &format!("Bearer {token}x")] {
            let answer = send(http.get(&url).header("authorization", authorization)).await;
            let challenge = answer.is(401).header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{authorization}: {challenge}");
        }
        send(http.get(&url).bearer_auth(token).bearer_auth(token)).await.refused("invalid_request");
    }

    async fn a_token_for_somebody_else_opens_nothing_here(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let machine = world.machine("machine", json!({"scope": "openid"})).await;
        let token = machine.client_credentials(&[]).await.ok()["access_token"].as_str().unwrap().to_owned();
        machine.userinfo(&token).await.refused("invalid_token");
        app.userinfo(&tokens.id).await.refused("invalid_token");
        app.userinfo(&tokens.refresh).await.refused("invalid_token");
    }

    async fn a_gateway_hears_who_is_there(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let claims = claims(&tokens.access);
        for (answer, scope) in [
            (app.gateway(&tokens.access).await, "openid profile email"),
            (browser.get("/gateway/check").await, ""),
        ] {
            answer.is(200);
            assert_eq!(answer.header("x-auth-subject"), claims["sub"].as_str());
            assert_eq!(answer.header("x-auth-session"), claims["sid"].as_str());
            assert_eq!(answer.header("x-auth-scope"), Some(scope));
        }
        world.browser().get("/gateway/check").await.is(401);
        let bad = browser.send(reqwest::Method::GET, "/gateway/check", &[("authorization", "Bearer x")], None).await;
        bad.is(401);
        assert!(bad.header("x-auth-subject").is_none(), "a bad token is not saved by a good cookie");
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        browser.get("/gateway/check").await.is(401);
        app.gateway(&tokens.access).await.is(401);
    }

    async fn a_gateway_keeps_the_session_alive_unless_it_says_background(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for _ in 0..3 {
            world.advance(50 * 60);
            browser.get("/gateway/check").await.is(200);
        }
        world.advance(50 * 60);
        let background = [("doorward-activity", "background")];
        browser.send(reqwest::Method::GET, "/gateway/check", &background, None).await.is(200);
        world.advance(11 * 60);
        browser.get("/gateway/check").await.is(401);
    }


    async fn openid_opens_it_whatever_resource_a_token_is_for(world) {
        let more = json!({"skip_consent": true, "allowed_resources": ["https://pay.example"]});
        let app = world.client("app", more).await;
        let (_, tokens) = world.signed_in(&app).await;
        assert_eq!(claims(&tokens.access)["aud"], "https://pay.example");
        app.userinfo(&tokens.access).await.ok();
    }
}
