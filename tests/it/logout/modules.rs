//! The eleven modules of the official plan for RP-Initiated Logout, each by its name: what they ask for holds here.

use doorward::base::secret::base64url;
use serde_json::Value;

use super::{BYE, request};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::{Client, Tokens, claims};
use crate::world::{World, on_both};

/// Longer than what libraries make.
const STATE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

async fn begin(world: &World) -> (Client, Browser, Tokens) {
    let app = world.app("app").await;
    let (browser, tokens) = world.signed_in(&app).await;
    (app, browser, tokens)
}

/// Nobody is signed in any more: a silent request says so.
async fn signed_out(browser: &Browser) {
    let silent = browser.answer_to("app", "alice", &[("prompt", "none")]).await;
    assert_eq!(silent["error"], "login_required");
}

/// An error page, and nothing has happened.
async fn refused(browser: &Browser, answer: &Answer) {
    answer.error_page("invalid_request");
    browser.get("/account").await.is(200);
}

/// A page that asks, whose button ends the session and leads to a page here.
async fn asks_and_stays(browser: &Browser, page: &Answer) {
    assert!(page.is(200).body.contains("id=\"logout\""));
    let done = browser.submit(page, "/logout", &[]).await;
    assert!(done.is(200).body.contains("You are signed out"));
    signed_out(browser).await;
}

on_both! {
    // oidcc-rp-initiated-logout-, oidcc-frontchannel-logout- and oidcc-backchannel-logout-discovery-endpoint-verification
    async fn discovery_endpoint_verification(world) {
        let document = world.browser().get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["end_session_endpoint"], format!("{}/oauth2/logout", world.issuer));
        for channel in ["frontchannel", "backchannel"] {
            assert_eq!(document[format!("{channel}_logout_supported")], true);
            assert_eq!(document[format!("{channel}_logout_session_supported")], true);
        }
        assert_eq!(document["check_session_iframe"], Value::Null);
    }

    // oidcc-rp-initiated-logout
    async fn with_everything(world) {
        let (_, browser, tokens) = begin(world).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", STATE)];
        let home = browser.get(&request(&asked)).await.home(BYE);
        assert_eq!(home.into_iter().collect::<Vec<_>>(), [("state".to_owned(), STATE.to_owned())]);
        signed_out(&browser).await;
    }

    // oidcc-rp-initiated-logout-no-state
    async fn no_state(world) {
        let (_, browser, tokens) = begin(world).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", BYE)];
        assert_eq!(browser.get(&request(&asked)).await.is(303).location().as_str(), BYE);
        signed_out(&browser).await;
    }

    // oidcc-rp-initiated-logout-bad-post-logout-redirect-uri
    async fn bad_post_logout_redirect_uri(world) {
        let (_, browser, tokens) = begin(world).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", "https://app.example/bye/XYZ")];
        refused(&browser, &browser.get(&request(&asked)).await).await;
    }

    // oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri
    async fn query_added_to_post_logout_redirect_uri(world) {
        let (_, browser, tokens) = begin(world).await;
        let asked = [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", "https://app.example/bye?foo=bar")];
        refused(&browser, &browser.get(&request(&asked)).await).await;
    }

    // oidcc-rp-initiated-logout-modified-id-token-hint
    async fn modified_id_token_hint(world) {
        let (_, browser, tokens) = begin(world).await;
        let mut told = claims(&tokens.id);
        for sub in [told["sub"].as_str().unwrap().to_owned(), "someone else".into()] {
            told["sub"] = sub.into();
            let [head, body] = [br#"{"alg":"none"}"#.as_slice(), told.to_string().as_bytes()].map(base64url);
            let asked = format!("{head}.{body}.");
            let asked = [("id_token_hint", asked.as_str()), ("post_logout_redirect_uri", BYE), ("state", STATE)];
            refused(&browser, &browser.get(&request(&asked)).await).await;
        }
    }

    // oidcc-rp-initiated-logout-bad-id-token-hint
    async fn bad_id_token_hint(world) {
        let (_, browser, tokens) = begin(world).await;
        let (signed, _) = tokens.id.rsplit_once('.').unwrap();
        let foreign = format!("{signed}.{}", base64url(&[7; 256]));
        let asked = [("id_token_hint", foreign.as_str()), ("post_logout_redirect_uri", BYE), ("state", STATE)];
        refused(&browser, &browser.get(&request(&asked)).await).await;
    }

    // oidcc-rp-initiated-logout-no-id-token-hint
    async fn no_id_token_hint(world) {
        let (_, browser, _) = begin(world).await;
        refused(&browser, &browser.get(&request(&[("post_logout_redirect_uri", BYE), ("state", STATE)])).await).await;
    }

    // oidcc-rp-initiated-logout-no-params
    async fn no_params(world) {
        let (_, browser, _) = begin(world).await;
        let page = browser.get("/oauth2/logout").await;
        asks_and_stays(&browser, &page).await;
    }

    // oidcc-rp-initiated-logout-only-state
    async fn only_state(world) {
        let (_, browser, _) = begin(world).await;
        let page = browser.get(&request(&[("state", STATE)])).await;
        asks_and_stays(&browser, &page).await;
    }

    // oidcc-rp-initiated-logout-no-post-logout-redirect-uri
    async fn no_post_logout_redirect_uri(world) {
        let (_, browser, tokens) = begin(world).await;
        let page = browser.get(&request(&[("id_token_hint", &tokens.id), ("state", STATE)])).await;
        assert!(page.is(200).body.contains("You are signed out"));
        signed_out(&browser).await;
    }
}
