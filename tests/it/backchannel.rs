//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): who is told, what the token says, and how long it is tried.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::domain::delivery::MOST_ATTEMPTS;
use doorward::jobs::Shift;
use doorward::jobs::deliver::Courier;
use doorward::jobs::tally::Tally;
use serde_json::{Value, json};

use crate::admin::{Api, id_of};
use crate::client::{Client, claims, jose_header};
use crate::receiver::{Heard, Manner, Receiver};
use crate::tools;
use crate::world::{World, on_both};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A client that is told at this address.
async fn told(world: &World, id: &str, receiver: &Receiver) -> Client {
    world.client(id, json!({"skip_consent": true, "backchannel_logout_uri": receiver.url})).await
}

async fn log_out(browser: &crate::browser::Browser) {
    let page = browser.get("/logout").await;
    browser.submit(&page, "/logout", &[("scope", "browser")]).await;
}

async fn deliver(world: &World) {
    world.courier().run_out().await.unwrap();
}

/// What a library that nobody here wrote reads in the token.
async fn read_by_jose(world: &World, token: &str, audience: &str) -> Value {
    let jwks = world.http().get(format!("{}/oauth2/jwks", world.issuer)).send().await.unwrap().text().await.unwrap();
    let now = world.clock.now().timestamp().to_string();
    let environment = [
        ("NOW", now.as_str()),
        ("LOGOUT_TOKEN", token),
        ("JWKS", jwks.as_str()),
        ("ISSUER", world.issuer.as_str()),
        ("AUDIENCE", audience),
    ];
    tools::node("listener.mjs", &environment).await
}

fn sid(heard: &Heard) -> Value {
    claims(&heard.logout_token())["sid"].clone()
}

/// The deliveries for a client, newest first.
async fn deliveries(api: &Api, client_id: &str) -> Vec<Value> {
    let page = api.get(&format!("/deliveries?client_id={client_id}")).await.ok();
    page["items"].as_array().unwrap().clone()
}

on_both! {
    async fn a_client_hears_once_and_exactly_what_the_standard_says(world) {
        for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
            let receiver = Receiver::new(Manner::Status(200)).await;
            let metadata = json!({
                "skip_consent": true, "backchannel_logout_uri": receiver.url, "id_token_signed_response_alg": algorithm,
            });
            let app = world.client(&format!("app-{algorithm}"), metadata).await;
            let (browser, tokens) = world.signed_in(&app).await;
            log_out(&browser).await;
            deliver(world).await;
            deliver(world).await;
            let token = receiver.only().logout_token();
            let seen = read_by_jose(world, &token, &app.id).await;
            assert_eq!(seen["header"], json!({"alg": algorithm, "kid": jose_header(&tokens.id)["kid"], "typ": "logout+jwt"}));
            let (found, id_token, now) = (&seen["claims"], claims(&tokens.id), world.clock.now().timestamp());
            let names: BTreeSet<_> = found.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, BTreeSet::from(["iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"]));
            assert_eq!((&found["sub"], &found["sid"], &found["aud"]), (&id_token["sub"], &id_token["sid"], &json!(app.id)));
            assert_eq!((&found["iat"], &found["exp"]), (&json!(now), &json!(now + 120)));
            assert_eq!(found["events"], json!({EVENT: {}}));
            // It is good for nothing else here.
            app.userinfo(&token).await.refused("invalid_token");
            browser.get(&format!("/oauth2/logout?id_token_hint={token}")).await.error_page("invalid_request");
        }
    }

    async fn everybody_in_the_session_hears_and_nobody_else(world) {
        let (one, two, out) =
            (Receiver::new(Manner::Status(200)).await, Receiver::new(Manner::Status(204)).await, Receiver::new(Manner::Status(200)).await);
        told(world, "one", &one).await;
        let two_app = told(world, "two", &two).await;
        let stranger = told(world, "stranger", &out).await;
        world.app("deaf").await;
        let browser = world.browser();
        for client in ["one", "two", "deaf"] {
            browser.code(client, "alice", "openid").await;
        }
        // No ID token: nobody is signed in there.
        world.client("plain", json!({"skip_consent": true, "scope": "profile", "backchannel_logout_uri": out.url})).await;
        browser.code("plain", "alice", "profile").await;
        let bob = stranger.tokens(&world.browser().code("stranger", "bob", "openid").await).await;
        log_out(&browser).await;
        deliver(world).await;
        assert_eq!(sid(&one.only()), sid(&two.only()));
        assert!(out.heard().is_empty());
        stranger.userinfo(&bob.access).await.ok();
        let api = Api::of(world).await;
        assert_eq!(deliveries(&api, &two_app.id).await[0]["state"], "delivered", "204 will do");
        let session = sid(&one.only()).as_str().unwrap().to_owned();
        let report = api.get(&format!("/sessions/{session}/deliveries")).await.ok();
        let mut clients = crate::admin::column(&report, "client_id");
        clients.sort();
        assert_eq!(clients, ["one", "two"]);
        let told = doorward::flows::delivery::report(&world.authority, session.parse().unwrap()).await.unwrap();
        let mut told: Vec<_> = told.iter().map(|(delivery, name)| (name.as_str(), delivery.state.as_str())).collect();
        told.sort_unstable();
        assert_eq!(told, [("one", "delivered"), ("two", "delivered")]);
    }

    async fn what_fails_is_tried_again_with_a_new_token(world) {
        let receiver = Receiver::new(Manner::Status(400)).await;
        let app = told(world, "app", &receiver).await;
        let (browser, _) = world.signed_in(&app).await;
        log_out(&browser).await;
        deliver(world).await;
        let api = Api::of(world).await;
        let found = &deliveries(&api, "app").await[0];
        assert_eq!((&found["state"], &found["attempts"], &found["last_error"]), (&json!("pending"), &json!(1), &json!("status 400")));
        assert!(found["next_attempt_at"].is_string() && found["settled_at"].is_null(), "{found}");
        deliver(world).await;
        assert_eq!(receiver.heard().len(), 1, "not before its time");
        receiver.answers(Manner::Status(200));
        world.advance(2);
        deliver(world).await;
        world.advance(200);
        deliver(world).await;
        let heard = receiver.heard();
        assert_eq!(heard.len(), 2);
        let [first, second] = [&heard[0], &heard[1]].map(|heard| claims(&heard.logout_token()));
        assert_ne!(first["jti"], second["jti"]);
        assert_eq!(second["iat"].as_i64().unwrap() - first["iat"].as_i64().unwrap(), 2);
        assert_eq!(deliveries(&api, "app").await[0]["state"], "delivered");
    }

    async fn what_never_works_dies_and_can_be_revived(world) {
        let receiver = Receiver::new(Manner::Status(503)).await;
        let app = told(world, "app", &receiver).await;
        let (browser, _) = world.signed_in(&app).await;
        log_out(&browser).await;
        deliver(world).await;
        for _ in 1..MOST_ATTEMPTS {
            world.clock.advance(TimeDelta::minutes(73));
            deliver(world).await;
        }
        world.clock.advance(TimeDelta::days(1));
        deliver(world).await;
        assert_eq!(receiver.heard().len(), usize::try_from(MOST_ATTEMPTS).unwrap());
        let api = Api::of(world).await;
        let dead = api.get("/deliveries?state=dead&client_id=app").await.ok();
        let dead = &dead["items"][0];
        assert_eq!((&dead["attempts"], &dead["last_error"]), (&json!(MOST_ATTEMPTS), &json!("status 503")));
        assert!(dead["next_attempt_at"].is_null() && dead["settled_at"].is_string(), "{dead}");

        receiver.answers(Manner::Status(200));
        let path = format!("/deliveries/{}/retry", dead["id"].as_str().unwrap());
        api.post(&path, json!({})).await.is(204);
        deliver(world).await;
        assert_eq!(receiver.taken().len(), 1);
        assert_eq!(deliveries(&api, "app").await[0]["state"], "delivered");
        api.post(&path, json!({})).await.problem(409);
        for path in ["/deliveries/x/retry", "/deliveries/00000000-0000-7000-8000-000000000000/retry"] {
            api.post(path, json!({})).await.problem(404);
        }
    }

    async fn when_everything_of_a_person_ended_no_session_is_named(world) {
        let (loose, strict) = (Receiver::new(Manner::Status(500)).await, Receiver::new(Manner::Status(200)).await);
        let app = told(world, "loose", &loose).await;
        let metadata = json!({
            "skip_consent": true, "backchannel_logout_uri": strict.url, "backchannel_logout_session_required": true,
        });
        world.client("strict", metadata).await;
        let (browser, tokens) = world.signed_in(&app).await;
        browser.code("strict", "alice", "openid").await;
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        api.delete(&format!("/users/{alice}/sessions")).await.is(204);
        deliver(world).await;
        assert_eq!(sid(&strict.only()), claims(&tokens.id)["sid"]);
        let everything = claims(&loose.only().logout_token());
        assert_eq!((&everything["sub"], everything.get("sid")), (&json!(alice), None));

        // Somebody who signed in again meanwhile is not signed out by a token that comes late.
        world.browser().code("loose", "alice", "openid").await;
        loose.answers(Manner::Status(200));
        world.advance(10);
        deliver(world).await;
        assert_eq!(sid(&loose.taken()[0]), claims(&tokens.id)["sid"]);
    }

    async fn the_end_of_one_grant_is_told_to_its_client_unless_it_wanted_that(world) {
        let receiver = Receiver::new(Manner::Status(200)).await;
        let app = told(world, "app", &receiver).await;
        let (browser, tokens) = world.signed_in(&app).await;
        app.revoke(&tokens.refresh).await.is(200);
        app.revoke(&tokens.access).await.is(200);
        deliver(world).await;
        assert!(receiver.heard().is_empty(), "it revoked its own tokens");

        // A code that was used twice.
        let code = browser.code("app", "alice", "openid").await;
        app.tokens(&code).await;
        app.redeem(&code).await.refused("invalid_grant");
        deliver(world).await;
        assert_eq!(sid(&receiver.only()), claims(&tokens.id)["sid"]);
        browser.get("/account").await.is(200);
        world.advance(1);
        log_out(&browser).await;
        deliver(world).await;
        assert_eq!(receiver.heard().len(), 1, "nothing of it was left");
    }

    async fn the_clock_is_told_too(world) {
        let receiver = Receiver::new(Manner::Status(200)).await;
        let app = told(world, "app", &receiver).await;
        world.signed_in(&app).await;
        world.advance(3_601);
        world.jobs().await;
        assert!(sid(&receiver.only()).is_string());
    }

    async fn an_offline_session_that_an_admin_ends_is_told_with_the_sid_of_the_browser(world) {
        let receiver = Receiver::new(Manner::Status(200)).await;
        let app = told(world, "app", &receiver).await;
        let browser = world.browser();
        let tokens = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        log_out(&browser).await;
        deliver(world).await;
        assert_eq!(sid(&receiver.only()), claims(&tokens.id)["sid"]);
        world.advance(1);
        let tokens = crate::client::Tokens::of(app.refresh(&tokens.refresh).await.ok());
        let offline = claims(&tokens.access)["sid"].as_str().unwrap().to_owned();
        Api::of(world).await.delete(&format!("/sessions/{offline}")).await.is(204);
        deliver(world).await;
        assert_eq!(receiver.heard().len(), 2);
        assert_eq!(sid(&receiver.heard()[1]), claims(&tokens.id)["sid"]);
    }

    async fn one_that_never_answers_delays_nobody(world) {
        let (deaf, good) = (Receiver::new(Manner::Silence).await, Receiver::new(Manner::Status(200)).await);
        let app = told(world, "deaf", &deaf).await;
        told(world, "good", &good).await;
        let shift = Shift::new(Arc::clone(&world.authority), Tally::default());
        let over = shift.over.clone();
        let running = tokio::spawn(Courier::new(shift).run());
        for count in 1..=4 {
            let (browser, _) = world.signed_in(&app).await;
            browser.code("good", "alice", "openid").await;
            log_out(&browser).await;
            // It is woken, so this takes milliseconds; whoever had to wait for the deaf one would wait 5 s.
            good.hears(count, Duration::from_secs(4)).await;
            deaf.hears(count, Duration::from_secs(4)).await;
        }
        over.cancel();
        running.await.unwrap();
    }

    async fn an_address_that_must_not_be_called_is_not(world) {
        let app = world.client("app", json!({"skip_consent": true, "backchannel_logout_uri": "https://10.0.0.1/told"})).await;
        let (browser, _) = world.signed_in(&app).await;
        log_out(&browser).await;
        deliver(world).await;
        let api = Api::of(world).await;
        assert_eq!(deliveries(&api, "app").await[0]["last_error"], "blocked");
        // A client that is gone is told nothing, and not tried again.
        api.delete("/clients/app").await.is(204);
        world.advance(10);
        deliver(world).await;
        let found = api.get("/deliveries?client_id=app&state=dead").await.ok();
        assert_eq!(found["items"][0]["last_error"], "gone");
    }
}
