//! The authorization endpoint (RFC 6749 section 4.1; OpenID Connect Core 1.0 section 3.1.2; RFC 9207).

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::browser::authorization;
use crate::client::claims;
use crate::stage::{HOME, PASSWORD};
use crate::world::{World, on_both};

on_both! {
    async fn answers_with_code_state_and_issuer(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let state = "a b&c=d/ü\"<";
        let answer = browser.answer_to("app", "alice", &[("state", state), ("nonce", "n-1")]).await;
        assert_eq!(answer["state"], state);
        assert_eq!(answer["iss"], world.issuer);
        assert_eq!(answer.len(), 3);
        let tokens = app.tokens(&answer["code"]).await;
        assert_eq!(claims(&tokens.id)["nonce"], "n-1");
    }

    async fn answers_by_form_post(world) {
        world.app("app").await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.authorize("app", &[("response_mode", "form_post"), ("state", "s\"><script>")]).await;
        page.is(200);
        let fields = page.form(HOME);
        let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["code", "state", "iss"]);
        assert_eq!(fields[1].1, "s\"><script>");
        assert!(!page.body.contains("<script>"), "{}", page.body);
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("form-action"), "the client may redirect wherever it wants: {policy}");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.body.contains(&format!("<script nonce=\"{nonce}\">")));
    }

    async fn takes_the_request_by_post_too(world) {
        world.app("app").await;
        let browser = world.browser();
        let fields = authorization("app", &[("state", "s")]);
        let fields: Vec<(String, String)> =
            url::form_urlencoded::parse(fields.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = browser.follow(browser.post("/oauth2/authorize", &fields).await).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        assert_eq!(answer.home(HOME)["state"], "s");
    }

    async fn silence_is_kept_or_refused(world) {
        world.client("app", json!({})).await;
        let browser = world.browser();
        let silent = [("prompt", "none"), ("state", "s")];
        let refusal = browser.authorize("app", &silent).await.home(HOME);
        assert_eq!((refusal["error"].as_str(), refusal["state"].as_str()), ("login_required", "s"));
        assert_eq!(refusal["iss"], world.issuer);
        browser.sign_in("alice").await;
        assert_eq!(browser.authorize("app", &silent).await.home(HOME)["error"], "consent_required");
        browser.code("app", "alice", "openid").await;
        assert!(browser.authorize("app", &silent).await.home(HOME).contains_key("code"));
    }

    async fn prompt_and_max_age_ask_for_a_new_proof(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let first = app.tokens(&browser.code("app", "alice", "openid").await).await;
        world.advance(100);
        for more in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "99"), ("max_age", "0")] {
            let page = browser.authorize("app", &[more]).await;
            assert_eq!(page.url.path(), "/login", "{more:?}");
            assert!(page.is(200).body.contains("password"));
            let answer = browser.log_in(&page, "alice", PASSWORD).await;
            let code = browser.follow(answer).await.home(HOME)["code"].clone();
            let tokens = app.tokens(&code).await;
            let (old, new) = (claims(&first.id), claims(&tokens.id));
            assert!(new["auth_time"].as_i64() > old["auth_time"].as_i64(), "{more:?}");
            assert_eq!(new["sid"], old["sid"], "the same person stays in the same session");
            world.advance(100);
        }
        assert!(browser.authorize("app", &[("max_age", "101")]).await.home(HOME).contains_key("code"));
    }

    async fn hints_are_heeded(world) {
        let app = world.app("app").await;
        let alices = world.signed_in(&app).await.1;
        let browser = world.browser();
        let page = browser.authorize("app", &[("login_hint", "bob\"><b>")]).await;
        assert!(page.body.contains("value=\"bob&quot;&gt;&lt;b&gt;\""), "{}", page.body);
        browser.sign_in("bob").await;
        let hint = [("id_token_hint", alices.id.as_str()), ("prompt", "none")];
        assert_eq!(browser.authorize("app", &hint).await.home(HOME)["error"], "login_required");
        let forged = [("id_token_hint", "a.b.c")];
        assert_eq!(browser.authorize("app", &forged).await.home(HOME)["error"], "invalid_request");
        world.app("other").await;
        assert_eq!(browser.authorize("other", &hint).await.home(HOME)["error"], "invalid_request");
    }

    async fn a_resource_becomes_the_audience(world) {
        let resources = json!({"allowed_resources": ["https://api.example/a", "https://api.example/b"], "skip_consent": true});
        let app = world.client("app", resources).await;
        let browser = world.browser();
        let audience = async |more: &[(&str, &str)]| {
            let answer = browser.answer_to("app", "alice", more).await;
            claims(&app.tokens(&answer["code"]).await.access)["aud"].clone()
        };
        assert_eq!(audience(&[]).await, "https://api.example/a");
        assert_eq!(audience(&[("resource", "https://api.example/b")]).await, "https://api.example/b");
        let both = [("resource", "https://api.example/a"), ("resource", "https://api.example/b")];
        assert_eq!(audience(&both).await, json!(["https://api.example/a", "https://api.example/b"]));
        let refusal = browser.authorize("app", &[("resource", "https://other.example/")]).await.home(HOME);
        assert_eq!(refusal["error"], "invalid_target");
    }

    async fn refuses_to_the_client_once_its_address_is_proven(world) {
        world.app("app").await;
        world.client("lax", json!({"token_endpoint_auth_method": "client_secret_basic", "require_pkce": false})).await;
        let browser = world.browser();
        for (more, code) in [
            (&[("response_type", "")][..], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code id_token"), ("nonce", "n")], "unauthorized_client"),
            (&[("response_mode", "jwt")], "invalid_request"),
            (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge", "short")], "invalid_request"),
            (&[("scope", "openid nonsense")], "invalid_scope"),
            (&[("scope", "\"")], "invalid_scope"),
            (&[("prompt", "none login")], "invalid_request"),
            (&[("max_age", "-1")], "invalid_request"),
            (&[("request", "e30.e30.")], "invalid_request_object"),
            (&[("request_uri", "https://app.example/r")], "invalid_request_uri"),
            (&[("nonce", "a"), ("nonce", "b")], "invalid_request"),
            (&[("unknown", "a"), ("unknown", "b")], "invalid_request"),
        ] {
            let refusal = browser.authorize("app", &[more, &[("state", "s")]].concat()).await.home(HOME);
            assert_eq!(refusal["error"], code, "{more:?}");
            assert_eq!((refusal["state"].as_str(), refusal["iss"].as_str()), ("s", world.issuer.as_str()), "{more:?}");
            assert!(!refusal.contains_key("code"));
        }
        let ignored = browser.authorize("app", &[("unknown", "is ignored")]).await;
        assert_eq!(ignored.url.path(), "/login");
        let bare = [("code_challenge", ""), ("code_challenge_method", "")];
        assert!(browser.answer_to("lax", "alice", &bare).await.contains_key("code"), "a setting of confidential clients");
    }

    async fn an_unproven_address_gets_a_page_and_no_redirect(world) {
        let two = json!({"redirect_uris": [HOME, "https://app.example/other"]});
        world.app("app").await;
        world.client("two", two).await;
        world.client("native", json!({"redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb"]})).await;
        let browser = world.browser();
        for (client, address) in [
            ("nobody", HOME),
            ("", HOME),
            ("app", "https://evil.example/callback"),
            ("app", "https://app.example/callback/"),
            ("app", "https://app.example/callback?x=1"),
            ("app", "https://app.example/callback#x"),
            ("app", "https://app.example/CALLBACK"),
            ("app", "https://app.example:443/callback"),
            ("app", "http://app.example/callback"),
            ("app", "https://app.example@evil.example/callback"),
            ("app", "https://app.example/callback/../x"),
            ("app", "https://app.example/callback%2e"),
            ("app", "javascript:alert(1)"),
            ("app", "//app.example/callback"),
            ("two", ""),
            ("native", "http://127.0.0.2/cb"),
            ("native", "http://localhost/cb"),
            ("native", "http://127.0.0.1:1/other"),
        ] {
            let answer = browser.get(&authorization(client, &[("client_id", client), ("redirect_uri", address)])).await;
            answer.is(400).error_page("invalid_request");
        }
        let loopback = browser.get(&authorization("native", &[("redirect_uri", "http://127.0.0.1:49152/cb")])).await;
        assert_eq!(loopback.is(303).location().path(), "/login", "RFC 8252 section 7.3: any port");
    }

    async fn duplicated_essentials_get_a_page(world) {
        world.app("app").await;
        let browser = world.browser();
        for name in ["client_id", "redirect_uri"] {
            let target = format!("{}&{name}=x", authorization("app", &[]));
            browser.get(&target).await.error_page("invalid_request");
        }
    }

    async fn strangers_write_no_row(world) {
        world.app("app").await;
        let count = async || -> i64 {
            let sql = "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM grants) + (SELECT COUNT(*) FROM codes)
                 + (SELECT COUNT(*) FROM session_events) + (SELECT COUNT(*) FROM throttles) + (SELECT COUNT(*) FROM consents)";
            world.db().read().await.unwrap().sql(sql).scalar().await.unwrap()
        };
        let before = count().await;
        for _ in 0..20 {
            world.browser().authorize("app", &[("state", "s")]).await.is(200);
        }
        assert_eq!(count().await, before);
    }

    async fn a_page_left_open_starts_over_by_itself(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let page = browser.authorize("app", &[("state", "s")]).await;
        world.advance(3 * 24 * 3600);
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let answer = browser.follow(answer).await.home(HOME);
        assert_eq!(answer["state"], "s");
        app.redeem(&answer["code"]).await.ok();
    }

    async fn a_handle_that_is_not_ours_opens_nothing(world) {
        world.app("app").await;
        let browser = world.browser();
        let page = browser.authorize("app", &[]).await;
        let handle = page.url.query_pairs().next().unwrap().1.into_owned();
        let turned: String = handle.chars().rev().collect();
        for forged in [&handle[..handle.len() - 2], "x", &format!("{handle}AA"), &turned] {
            for path in ["/login", "/consent"] {
                browser.get(&format!("{path}?request={forged}")).await.error_page("invalid_request");
            }
        }
    }
}

/// How often 400 browsers without a session, that ask without a pause for two seconds, were sent to sign in, and how long that
/// was. More would have to wait for longer than anybody does: they are told to come later.
async fn crowd(world: &World) -> (u32, f64) {
    let started = Instant::now();
    let asking = (0..400).map(async |_| {
        let (browser, mut answers) = (world.browser(), 0);
        while started.elapsed() < Duration::from_secs(2) {
            let answer = browser.get(&authorization("app", &[])).await;
            if answer.status == 303 {
                answers += 1;
            } else {
                assert_eq!(answer.is(429).header("retry-after"), Some("1"));
            }
        }
        answers
    });
    let answers = join_all(asking).await.into_iter().sum();
    (answers, started.elapsed().as_secs_f64())
}

on_both! {
    async fn strangers_take_turns_and_who_is_signed_in_does_not_wait_with_them(world) {
        world.app("app").await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let ((answers, seconds), ()) = join(crowd(world), async {
            for _ in 0..20 {
                browser.code("app", "alice", "openid").await;
            }
        }).await;
        // 250 a second, and what a source that was away may make up for at once.
        let most = 101.0 + 250.0 * seconds;
        assert!(f64::from(answers) <= most, "{answers} in {seconds} s");
    }
}
