//! Tokens straight from the authorization endpoint, for clients that are registered for it, and claims asked for one by one
//! (OpenID Connect Core 1.0 sections 3.2, 3.3 and 5.5; OAuth 2.0 Multiple Response Types).

use doorward::base::secret::{base64url, sha256};
use serde_json::json;

use crate::client::{Tokens, claims};
use crate::stage::HOME;
use crate::world::{World, on_both};

const KINDS: [&str; 5] = ["id_token", "id_token token", "code id_token", "code token", "code id_token token"];

async fn app(world: &World) -> crate::client::Client {
    let metadata = json!({
        "skip_consent": true, "token_endpoint_auth_method": "client_secret_basic", "require_pkce": false,
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"],
    });
    world.client("app", metadata).await
}

fn half_hash(token: &str) -> String {
    base64url(&sha256(token.as_bytes())[..16])
}

on_both! {
    async fn gives_what_is_asked_for_and_ties_it_together(world) {
        let app = app(world).await;
        for kind in KINDS {
            let browser = world.browser();
            let asked = [("response_type", kind), ("nonce", "n-1"), ("state", "s"), ("scope", "openid email")];
            let answer = browser.answer_to("app", "alice", &asked).await;
            let words: Vec<_> = kind.split(' ').collect();
            assert_eq!(answer.contains_key("code"), words.contains(&"code"), "{kind}");
            assert_eq!(answer.contains_key("access_token"), words.contains(&"token"), "{kind}");
            assert_eq!(answer.contains_key("id_token"), words.contains(&"id_token"), "{kind}");
            assert_eq!((answer["state"].as_str(), answer["iss"].as_str()), ("s", world.issuer.as_str()));
            if let Some(id_token) = answer.get("id_token") {
                let told = claims(id_token);
                assert_eq!(told["nonce"], "n-1");
                assert_eq!(told["at_hash"].as_str(), answer.get("access_token").map(|token| half_hash(token)).as_deref());
                assert_eq!(told["s_hash"], half_hash("s"));
                assert_eq!(told["c_hash"].as_str(), answer.get("code").map(|code| half_hash(code)).as_deref());
                // Core 1.0 section 5.4: where nothing opens userinfo, the ID token itself tells what the scope shows.
                assert_eq!(told.get("email").is_some(), kind == "id_token", "{kind}");
            }
            if let Some(token) = answer.get("access_token") {
                assert_eq!((answer["token_type"].as_str(), answer["expires_in"].as_str()), ("Bearer", "300"));
                assert_eq!(app.userinfo(token).await.ok()["email"], "alice@example.com");
            }
            if let Some(code) = answer.get("code") {
                let tokens = app.tokens(code).await;
                assert_eq!(claims(&tokens.id)["sub"].as_str(), Some(claims(&tokens.access)["sub"].as_str().unwrap()));
            }
        }
    }

    async fn ends_with_its_session(world) {
        let app = app(world).await;
        let browser = world.browser();
        let asked = [("response_type", "id_token token"), ("nonce", "n")];
        let token = browser.answer_to("app", "alice", &asked).await["access_token"].clone();
        assert_eq!(app.introspect(&token).await["active"], true);
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        assert_eq!(app.introspect(&token).await["active"], false);
        app.userinfo(&token).await.is(401);
    }

    async fn travels_in_the_fragment_or_a_form_and_never_in_a_query(world) {
        app(world).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let asked = [("response_type", "id_token"), ("nonce", "n")];
        let location = browser.authorize("app", &asked).await.location();
        assert!(location.query().is_none() && location.fragment().unwrap().contains("id_token="), "{location}");
        let page = browser.authorize("app", &[&asked[..], &[("response_mode", "form_post")]].concat()).await;
        assert_eq!(page.is(200).form(HOME)[0].0, "id_token");
        let location = browser.authorize("app", &[&asked[..], &[("response_mode", "query")]].concat()).await.location();
        assert!(location.query().is_none(), "{location}");
        assert!(location.fragment().unwrap().contains("error=invalid_request"), "{location}");
        let location = browser.authorize("app", &[("response_mode", "fragment")]).await.location();
        assert!(location.fragment().unwrap().contains("code="), "{location}");
    }

    async fn is_only_for_clients_that_are_registered_for_it(world) {
        world.app("plain").await;
        app(world).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        for (client, asked, error) in [
            ("plain", &[("response_type", "id_token"), ("nonce", "n")][..], "unauthorized_client"),
            ("plain", &[("response_type", "code token")], "unauthorized_client"),
            ("app", &[("response_type", "token")], "unsupported_response_type"),
            ("app", &[("response_type", "code id_token")], "invalid_request"),
            ("app", &[("response_type", "id_token"), ("nonce", "n"), ("scope", "email")], "invalid_request"),
        ] {
            let refusal = browser.authorize(client, asked).await.home(HOME);
            assert_eq!(refusal["error"], error, "{client} {asked:?}");
        }
    }

    async fn silence_is_refused_in_the_fragment_too(world) {
        app(world).await;
        let asked = [("response_type", "id_token token"), ("nonce", "n"), ("prompt", "none"), ("state", "s")];
        let location = world.browser().authorize("app", &asked).await.location();
        assert!(location.query().is_none(), "{location}");
        assert!(location.fragment().unwrap().starts_with("error=login_required"), "{location}");
    }

    async fn claims_are_told_where_they_were_asked_for(world) {
        let app = app(world).await;
        let wanted = json!({
            "userinfo": {"name": {"essential": true}, "birthdate": null, "unknown": null},
            "id_token": {"email": null, "auth_time": {"essential": true}}
        });
        let wanted = wanted.to_string();
        let answer = world.browser().answer_to("app", "alice", &[("claims", &wanted), ("code_challenge", ""),
            ("code_challenge_method", "")]).await;
        let tokens = Tokens::of(app.redeem_with(&answer["code"], &[("code_verifier", "")]).await.ok());
        let told = claims(&tokens.id);
        assert_eq!((told["email"].as_str(), told.get("name")), (Some("alice@example.com"), None));
        let info = app.userinfo(&tokens.access).await.ok();
        assert_eq!((info["name"].as_str(), info.get("email"), info.get("birthdate")), (Some("alice"), None, None));
        let again = Tokens::of(app.refresh(&tokens.refresh).await.ok());
        assert_eq!(claims(&again.id)["email"], "alice@example.com");
        assert_eq!(app.userinfo(&again.access).await.ok()["name"], "alice");
    }

    async fn a_claim_needs_a_consent_of_its_own(world) {
        world.client("shop", json!({})).await;
        let browser = world.browser();
        browser.code("shop", "alice", "openid").await;
        let asked = [("claims", r#"{"userinfo":{"phone_number":null}}"#)];
        let page = browser.authorize("shop", &asked).await;
        assert_eq!(page.url.path(), "/consent");
        assert!(page.body.contains("phone number"), "{}", page.body);
        let answer = browser.submit(&page, "/consent", &[("decision", "allow")]).await;
        assert!(browser.follow(answer).await.home(HOME).contains_key("code"));
        assert!(browser.authorize("shop", &asked).await.home(HOME).contains_key("code"), "it is remembered");
        let more = [("claims", r#"{"id_token":{"email":null}}"#)];
        assert_eq!(browser.authorize("shop", &more).await.url.path(), "/consent");
    }

    async fn another_subject_than_demanded_is_refused(world) {
        app(world).await;
        let browser = world.browser();
        let asked = [("response_type", "id_token"), ("nonce", "n")];
        let own = claims(&browser.answer_to("app", "alice", &asked).await["id_token"])["sub"].clone();
        for (sub, given) in [(own, true), (json!("00000000-0000-7000-8000-000000000000"), false), (json!("x"), false)] {
            let wanted = json!({"id_token": {"sub": {"value": sub}}}).to_string();
            let more = [("claims", wanted.as_str()), ("prompt", "none")];
            let answer = browser.authorize("app", &[&asked[..], &more].concat()).await.home(HOME);
            assert_eq!(answer.contains_key("id_token"), given, "{answer:?}");
            assert_eq!(answer.get("error").map(String::as_str), (!given).then_some("login_required"));
        }
    }

    async fn broken_claims_are_refused(world) {
        world.app("app").await;
        for wanted in ["x", "[]", r#"{"userinfo":1}"#, r#"{"id_token":{"name":"yes"}}"#] {
            let refusal = world.browser().authorize("app", &[("claims", wanted)]).await.home(HOME);
            assert_eq!(refusal["error"], "invalid_request", "{wanted}");
        }
    }
}
