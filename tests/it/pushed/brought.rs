//! What becomes of a pushed request when a browser brings it (RFC 9126 section 4).

use futures_util::future::join_all;
use serde_json::json;

use super::{URN, bringing, push, signed_in, told};
use crate::client::{Client, Tokens, claims};
use crate::stage::{HOME, PASSWORD, form};
use crate::world::on_both;

on_both! {
    async fn nothing_that_stands_beside_it_counts(world) {
        let client = world.app("app").await;
        let uri = push(&client, &[]).await;
        let more = [
            ("request_uri", uri.as_str()), ("state", "other"), ("scope", "openid phone"), ("nonce", "other"),
            ("redirect_uri", "https://evil.example/"), ("response_type", "token"), ("prompt", "none"), ("request", "x"),
        ];
        let answer = signed_in(world).await.authorize("app", &more).await.home(HOME);
        assert_eq!(answer["state"], "pushed");
        let tokens = client.tokens(&answer["code"]).await;
        assert_eq!(tokens.whole["scope"], "openid email");
        assert_eq!(claims(&tokens.id)["nonce"], "n");
    }

    async fn is_answered_once(world) {
        let client = world.app("app").await;
        let browser = signed_in(world).await;
        let uri = push(&client, &[]).await;
        assert!(told(&browser, "app", &uri).await.contains_key("code"));
        let again = told(&browser, "app", &uri).await;
        assert_eq!((again["error"].as_str(), again["state"].as_str()), ("invalid_request_uri", "pushed"));
        assert_eq!(told(&world.browser(), "app", &uri).await["error"], "invalid_request_uri", "nobody is asked to sign in");
    }

    async fn looking_at_its_pages_does_not_spend_it(world) {
        let client = world.client("shop", json!({})).await;
        let uri = push(&client, &[]).await;
        let browser = world.browser();
        for _ in 0..3 {
            assert_eq!(browser.open(&bringing("shop", &uri)).await.is(200).url.path(), "/login");
        }
        let page = browser.open(&bringing("shop", &uri)).await;
        let consent = browser.log_in(&page, "alice", PASSWORD).await;
        let consent = browser.follow(consent).await;
        assert_eq!(consent.url.path(), "/consent");
        // The same page twice, as a second click or a reload sends it: one code.
        let first = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.home(HOME);
        let second = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.home(HOME);
        assert!(first.contains_key("code"), "{first:?}");
        assert_eq!(second["error"], "invalid_request_uri");
        client.tokens(&first["code"]).await;
        // Nor is it forgotten while one of its pages could still be answered.
        for _ in 0..2 {
            world.advance(29 * 60);
            world.jobs().await;
            browser.get("/account").await.is(200);
        }
        let late = browser.submit(&consent, "/consent", &[("decision", "allow")]).await.home(HOME);
        assert_eq!((late["error"].as_str(), late["error_description"].as_str()), ("invalid_request_uri", "the pushed request was answered before"));
    }

    async fn a_refusal_by_the_person_is_no_answer_that_spends_it(world) {
        world.client("shop", json!({})).await;
        let client = Client { http: world.http(), issuer: world.issuer.clone(), id: "shop".into(), secret: None };
        let uri = push(&client, &[]).await;
        let browser = signed_in(world).await;
        let consent = browser.open(&bringing("shop", &uri)).await;
        let denied = browser.submit(&consent, "/consent", &[("decision", "deny")]).await.home(HOME);
        assert_eq!((denied["error"].as_str(), denied["state"].as_str()), ("access_denied", "pushed"));
        let consent = browser.open(&bringing("shop", &uri)).await;
        assert!(browser.submit(&consent, "/consent", &[("decision", "allow")]).await.home(HOME).contains_key("code"));
    }

    async fn nobody_gives_a_session_up_for_one_that_is_expired(world) {
        let limits = json!({"skip_consent": true, "session_limit": 1, "session_limit_action": "ask"});
        let client = world.client("app", limits).await;
        let (inside, outside) = (signed_in(world).await, signed_in(world).await);
        let tokens = client.tokens(&told(&inside, "app", &push(&client, &[]).await).await["code"]).await;
        let page = outside.open(&bringing("app", &push(&client, &[]).await)).await;
        assert_eq!(page.url.path(), "/limit");
        let mut refresh = tokens.refresh;
        for _ in 0..2 {
            world.advance(30 * 60);
            outside.get("/account").await.is(200);
            refresh = Tokens::of(client.refresh(&refresh).await.ok()).refresh;
        }
        let sid = claims(&tokens.access)["sid"].as_str().unwrap().to_owned();
        let refusal = outside.submit(&page, "/limit", &[("end", &sid)]).await.home(HOME);
        assert_eq!(refusal["error"], "invalid_request_uri");
        client.refresh(&refresh).await.ok();
    }

    async fn of_many_browsers_at_once_one_gets_a_code(world) {
        let client = world.app("app").await;
        let uri = push(&client, &[]).await;
        let browsers = join_all((0..8).map(|_| signed_in(world))).await;
        let answers = (0..64).map(|n| told(&browsers[n % browsers.len()], "app", &uri));
        let answers = join_all(answers).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.contains_key("code"));
        assert_eq!(won.len(), 1);
        assert!(lost.iter().all(|answer| answer["error"] == "invalid_request_uri"));
    }

    async fn lives_for_a_minute_and_its_pages_for_an_hour(world) {
        let client = world.app("app").await;
        let browser = signed_in(world).await;
        let (late, punctual) = (push(&client, &[]).await, push(&client, &[]).await);
        let waiting = world.browser();
        let page = waiting.open(&bringing("app", &push(&client, &[]).await)).await;
        let forgotten = world.browser();
        let forgotten_page = forgotten.open(&bringing("app", &push(&client, &[]).await)).await;
        world.advance(59);
        assert!(told(&browser, "app", &punctual).await.contains_key("code"));
        world.advance(1);
        let refusal = told(&browser, "app", &late).await;
        assert_eq!((refusal["error"].as_str(), refusal["state"].as_str()), ("invalid_request_uri", "pushed"));
        world.advance(3_539);
        let answer = waiting.log_in(&page, "alice", PASSWORD).await;
        assert!(waiting.follow(answer).await.home(HOME).contains_key("code"), "a person may take their time");
        world.advance(1);
        let answer = forgotten.log_in(&forgotten_page, "alice", PASSWORD).await;
        assert_eq!(forgotten.follow(answer).await.home(HOME)["error"], "invalid_request_uri");
        // What was answered is remembered at least as long as a page of it could be.
        assert_eq!(told(&browser, "app", &punctual).await["error"], "invalid_request_uri");
    }

    async fn is_of_the_client_that_pushed_it(world) {
        let mine = world.app("mine").await;
        world.client("theirs", json!({"redirect_uris": ["https://theirs.example/"]})).await;
        let browser = signed_in(world).await;
        let uri = push(&mine, &[]).await;
        let refusal = browser.open(&bringing("theirs", &uri)).await.home("https://theirs.example/");
        assert_eq!(refusal["error"], "invalid_request_uri");
        browser.open(&bringing("nobody", &uri)).await.error_page("invalid_request");
        browser.open(&format!("/oauth2/authorize?{}", form(&[("request_uri", uri.as_str())]))).await.error_page("invalid_request");
        assert!(told(&browser, "mine", &uri).await.contains_key("code"), "nobody else spent it");
    }

    async fn a_changed_one_is_none(world) {
        let client = world.app("app").await;
        let browser = signed_in(world).await;
        let uri = push(&client, &[]).await;
        let page = world.browser().open(&bringing("app", &push(&client, &[]).await)).await;
        let (_, handle) = page.url.query_pairs().find(|(name, _)| name == "request").unwrap();
        let tail = uri.strip_prefix(URN).unwrap();
        for strange in ["", "x", &tail[1..], &format!("{tail}A"), &tail.to_lowercase(), &handle] {
            let refusal = told(&browser, "app", &format!("{URN}{strange}")).await;
            assert_eq!(refusal["error"], "invalid_request_uri", "{strange:.40}");
        }
        // And a request_uri is no handle of a page.
        browser.get(&format!("/login?{}", form(&[("request", tail)]))).await.error_page("invalid_request");
    }

    async fn is_looked_at_anew_when_it_is_brought(world) {
        let browser = signed_in(world).await;
        let api = crate::admin::Api::of(world).await;
        for (change, error) in [
            (json!({"redirect_uris": ["https://app.example/other"]}), "invalid_request"),
            (json!({"disabled": true}), "unauthorized_client"),
            (json!({"scope": "profile"}), "invalid_scope"),
            (json!({"response_types": [], "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic"}), "unauthorized_client"),
        ] {
            let id = format!("app-{error}-{}", change.as_object().unwrap().keys().next().unwrap());
            let client = world.app(&id).await;
            let uri = push(&client, &[]).await;
            api.patch(&format!("/clients/{id}"), change.clone()).await.is(200);
            let answer = browser.open(&bringing(&id, &uri)).await;
            // Nothing is sent to an address that is the client's no more, or to a client that is disabled.
            if change.get("redirect_uris").is_some() || change.get("disabled").is_some() {
                answer.error_page(error);
            } else {
                assert_eq!(answer.home(HOME)["error"], error, "{change}");
            }
        }
    }
}
