//! Levels of authentication, and a fresh proof where one is demanded (OpenID Connect Core 1.0 sections 3.1.2.1 and 5.5.1.1;
//! OpenID Connect Core Unmet Authentication Requirements 1.0; RFC 9470; OWASP ASVS 5.0 7.2.4, 7.5.1, 10.3.4).

use doorward::domain::policy::Policy;
use doorward::protocol::acr::PASSWORD as LEVEL;
use doorward::protocol::step_up::Demand;
use serde_json::{Value, json};

use crate::admin::{Api, administration, id_of, token};
use crate::answer::Answer;
use crate::client::claims;
use crate::stage::{Engine, HOME, PASSWORD};
use crate::world::{Setting, World, on_both};

const SESSION: &str = "doorward-session";

fn essential(levels: &[&str]) -> String {
    json!({"id_token": {"acr": {"essential": true, "values": levels}}}).to_string()
}

/// Every session is of a level below all others.
async fn lower_all(world: &World) {
    let lower = "UPDATE sessions SET acr = 'urn:example:none' WHERE kind = 'person'";
    world.db().write(async move |tx| tx.sql(lower).execute().await).await.unwrap();
}

/// The events of the session behind a token.
async fn events(api: &Api, token: &str) -> Vec<String> {
    let sid = claims(token)["sid"].as_str().unwrap().to_owned();
    let found = api.get(&format!("/sessions/{sid}")).await.ok();
    found["timeline"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn challenged(answer: &Answer, expected: &str) {
    let challenge = answer.is(401).header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.ends_with(expected), "{challenge}");
}

on_both! {
    async fn a_level_that_must_be_reached_is_or_nothing_is_given(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let code = browser.answer_to("app", "alice", &[("claims", &essential(&["urn:other", LEVEL]))]).await;
        let tokens = app.tokens(&code["code"]).await;
        assert_eq!(claims(&tokens.id)["acr"], LEVEL);
        // Nobody types a password for a level that is not to be had here.
        let unknown = essential(&["urn:other"]);
        let answer = browser.authorize("app", &[("claims", &unknown), ("state", "s")]).await.home(HOME);
        assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("unmet_authentication_requirements", "s"));
        let answer = browser.authorize("app", &[("claims", &unknown), ("prompt", "none")]).await.home(HOME);
        assert_eq!(answer["error"], "unmet_authentication_requirements");
        let stranger = world.browser();
        let answer = stranger.authorize("app", &[("claims", &unknown), ("prompt", "none")]).await.home(HOME);
        assert_eq!(answer["error"], "login_required");
        let page = stranger.authorize("app", &[("claims", &unknown)]).await;
        let answer = stranger.log_in(&page, "alice", PASSWORD).await;
        assert_eq!(stranger.follow(answer).await.home(HOME)["error"], "unmet_authentication_requirements");
    }

    async fn a_rise_renews_the_secret_and_keeps_the_session(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (browser, before) = world.signed_in(&app).await;
        let secret = browser.cookie(SESSION).unwrap();
        lower_all(world).await;
        world.advance(1);
        let silent = [("claims", essential(&[LEVEL])), ("prompt", "none".into())];
        let silent = silent.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.authorize("app", &silent).await.home(HOME)["error"], "login_required");
        let page = browser.authorize("app", &[("claims", &essential(&[LEVEL]))]).await;
        assert_eq!(page.is(200).url.path(), "/login");
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let after = app.tokens(&browser.follow(answer).await.home(HOME)["code"]).await;
        assert_eq!((&claims(&after.id)["acr"], &claims(&after.id)["sid"]), (&json!(LEVEL), &claims(&before.id)["sid"]));
        assert_ne!(browser.cookie(SESSION).unwrap(), secret);
        assert!(events(&api, &after.access).await.contains(&"stepped_up".to_owned()));
        world.advance(1);
        let page = browser.authorize("app", &[("prompt", "login")]).await;
        browser.log_in(&page, "alice", PASSWORD).await.is(303);
        assert!(events(&api, &after.access).await.contains(&"reauthenticated".to_owned()), "the same level again");
    }

    async fn a_level_that_may_be_reached_is_tried_and_told_as_it_is(world) {
        let app = world.app("app").await;
        world.client("careful", json!({"skip_consent": true, "default_acr_values": [LEVEL]})).await;
        let (browser, _) = world.signed_in(&app).await;
        lower_all(world).await;
        world.advance(1);
        for unreachable in ["", "urn:other"] {
            let answer = browser.authorize("app", &[("acr_values", unreachable)]).await.home(HOME);
            let tokens = app.tokens(&answer["code"]).await;
            assert_eq!(claims(&tokens.id)["acr"], "urn:example:none", "{unreachable}: never silently another");
        }
        for (client, more) in [("app", [("acr_values", LEVEL)]), ("careful", [("acr_values", "")])] {
            assert_eq!(browser.authorize(client, &more).await.is(200).url.path(), "/login", "{client}");
            let silent = [more[0], ("prompt", "none")];
            assert!(browser.authorize(client, &silent).await.home(HOME).contains_key("code"), "{client}");
        }
        let voluntary = json!({"id_token": {"acr": {"value": LEVEL}}}).to_string();
        assert_eq!(browser.authorize("app", &[("claims", &voluntary)]).await.url.path(), "/login");
    }

    async fn the_gateway_demands_what_it_is_asked_to(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        world.advance(100);
        for (query, fits) in [
            ("max_age=100", true),
            ("max_age=99", false),
            (&format!("acr_values={LEVEL}"), true),
            (&format!("acr_values=urn:other+{LEVEL}&max_age=100"), true),
            ("acr_values=urn:other", false),
        ] {
            let path = format!("/gateway/check?{query}");
            for answer in [browser.get(&path).await, app.get(&path, Some(&tokens.access)).await] {
                assert_eq!(answer.status == 200, fits, "{query}: {}", answer.body);
            }
        }
        challenged(&browser.get("/gateway/check?max_age=5&acr_values=urn:a+urn:b").await, ", acr_values=\"urn:a urn:b\", max_age=\"5\"");
        assert_eq!(browser.get("/gateway/check?max_age=soon").await.status, 400);
        assert_eq!(world.browser().get("/gateway/check?max_age=5").await.header("www-authenticate").unwrap().matches("error").count(), 0);
    }

    async fn introspection_tells_level_and_time(world) {
        let app = world.backend("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let told = app.introspect(&tokens.access).await;
        assert_eq!((&told["acr"], &told["auth_time"]), (&json!(LEVEL), &claims(&tokens.id)["auth_time"]));
    }

    async fn what_is_sensitive_wants_a_fresh_proof_and_nothing_is_lost(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        browser.code("app", "alice", "openid").await;
        let (page, withdraw) = (browser.get("/account/apps").await, "/account/apps/app/revoke");
        let secret = browser.cookie(SESSION).unwrap();
        world.advance(301);
        let answer = browser.submit(&page, withdraw, &[]).await;
        assert_eq!(answer.is(303).location().path(), "/login");
        let page = browser.follow(answer).await;
        assert!(page.is(200).body.contains("Confirm it is you") && page.body.contains("nothing was changed yet"));
        assert!(page.body.contains("value=\"alice\""));
        let wrong = browser.log_in(&page, "alice", "wrong").await;
        assert!(wrong.is(401).body.contains("Confirm it is you"), "the way back is kept");
        let answer = browser.log_in(&wrong, "alice", PASSWORD).await;
        assert_eq!(answer.is(303).location().path(), "/account/apps");
        assert_ne!(browser.cookie(SESSION).unwrap(), secret);
        let again = browser.get(page.url.as_str()).await;
        assert_eq!(again.is(303).location().path(), "/account/apps", "it was proved already");
        let account = browser.get("/account/apps").await;
        assert!(account.body.contains(withdraw), "nothing was changed");
        world.advance(300);
        assert_eq!(browser.submit(&account, withdraw, &[]).await.is(303).location().path(), "/account/apps");
        assert!(!browser.get("/account/apps").await.body.contains(withdraw));
    }

    async fn what_protects_needs_no_fresh_proof(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.get("/account").await;
        world.advance(3_000);
        let answer = browser.submit(&page, "/account/sessions/end", &[]).await;
        assert_eq!(answer.is(303).location().path(), "/login");
        assert_eq!(browser.get("/account").await.status, 303, "signed out everywhere");
    }
}

fn demanding(policy: &mut Policy) {
    policy.admin_demand = Demand { acr_values: vec![LEVEL.into()], max_age: Some(600) };
    policy.userinfo_demand = Demand { acr_values: vec![], max_age: Some(900) };
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_resources_challenge_and_a_new_sign_in_answers() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let change: fn(&mut Policy) = demanding;
        let world = World::with(engine, Setting { change, ..Setting::default() }).await;
        let machine = administration(&world, "administration").await;
        let api = Api::with(&world, &token(&machine, "admin").await);
        let audience = world.authority.policy.admin_audience();
        let console = json!({"skip_consent": true, "scope": "openid admin", "allowed_resources": [audience]});
        let console = world.client("console", console).await;
        let alice = id_of(&api, "alice").await;
        api.patch(&format!("/users/{alice}"), json!({"roles": ["admin"]})).await.is(200);
        let browser = world.browser();
        let mut tokens = console.tokens(&browser.code("console", "alice", "openid admin").await).await;
        Api::with(&world, &tokens.access).get("/users").await.is(200);
        console.userinfo(&tokens.access).await.is(200);
        world.advance(601);
        tokens = crate::client::Tokens::of(console.refresh(&tokens.refresh).await.ok());
        let refused = Api::with(&world, &tokens.access).get("/users").await;
        let problem: Value = refused.problem(401);
        assert!(problem["detail"].as_str().is_some_and(|text| text.contains("more recent")), "{problem}");
        challenged(&refused, &format!(", acr_values=\"{LEVEL}\", max_age=\"600\""));
        console.userinfo(&tokens.access).await.is(200);
        world.advance(300);
        tokens = crate::client::Tokens::of(console.refresh(&tokens.refresh).await.ok());
        challenged(&console.userinfo(&tokens.access).await, ", max_age=\"900\"");
        let machine = Api::with(&world, &token(&machine, "admin").await);
        machine.get("/users").await.is(200);

        // What the challenge says is what the client asks for.
        let page =
            browser.authorize("console", &[("scope", "openid admin"), ("max_age", "600"), ("acr_values", LEVEL)]).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let fresh = console.tokens(&browser.follow(answer).await.home(HOME)["code"]).await;
        Api::with(&world, &fresh.access).get("/users").await.is(200);
        console.userinfo(&fresh.access).await.is(200);
        challenged(&console.userinfo(&tokens.access).await, ", max_age=\"900\"");
        world.finish().await;
    }
}
