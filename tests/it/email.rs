//! The mail address of a person: confirmed, and changed by two links.

use doorward::store;
use serde_json::json;

use crate::admin::Api;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::mail::{link, mailed};
use crate::password::{NEW, id};
use crate::world::{World, on_both};

async fn ask(browser: &Browser, email: &str) -> Answer {
    let page = browser.open("/account/email").await;
    browser.submit(&page, "/account/email", &[("email", email)]).await
}

async fn follow(world: &World, link: &str) -> Answer {
    let browser = world.browser();
    let page = browser.open(link).await;
    if page.status == 200 { browser.submit(&page, "/email/confirm", &[]).await } else { page }
}

/// The newest link to this address with this subject.
async fn newest(world: &World, to: &str, subject: &str) -> Option<String> {
    mailed(world, to).await.iter().find(|mail| mail["subject"] == subject).map(|mail| link(mail, &world.issuer))
}

const LEAVE: &str = "Your mail address is to be changed";
const TAKE: &str = "Confirm your new mail address";

async fn address(world: &World, username: &str) -> (String, bool) {
    let user = store::user::by_username(world.db(), username).await.unwrap().unwrap();
    let verified = user.claims.get("email_verified") == Some(&json!(true));
    (user.email().unwrap_or_default().to_owned(), verified)
}

on_both! {
    /// ASVS 6.3.7: it changes once both said yes, and the old one hears of it.
    async fn a_change_is_confirmed_on_both_addresses(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        assert!(ask(&browser, "new@example.org").await.is(200).body.contains("each of the two addresses"));
        let take = newest(world, "new@example.org", TAKE).await.unwrap();
        let leave = newest(world, "alice@example.com", LEAVE).await.unwrap();
        assert!(follow(world, &take).await.is(200).body.contains("One of two is done"));
        follow(world, &take).await.is(410);
        assert_eq!(address(world, "alice").await.0, "alice@example.com");
        world.advance(1);
        assert!(follow(world, &leave).await.is(200).body.contains("new@example.org"));
        assert_eq!(address(world, "alice").await, ("new@example.org".to_owned(), true));
        let told = mailed(world, "alice@example.com").await;
        assert_eq!(told[0]["subject"], "Your mail address was changed");
        assert!(!told[0]["text"].as_str().unwrap().contains("new@example.org"), "the old one does not hear the new one");
        follow(world, &leave).await.is(410);
    }

    /// Following a link does nothing: machines that look at mails follow links too.
    async fn a_link_that_is_only_looked_at_does_nothing(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        ask(&browser, "new@example.org").await.is(200);
        for (to, subject) in [("new@example.org", TAKE), ("alice@example.com", LEAVE)] {
            let link = newest(world, to, subject).await.unwrap();
            world.browser().open(&link).await.is(200);
            world.browser().open(&link).await.is(200);
        }
        assert_eq!(address(world, "alice").await.0, "alice@example.com");
    }

    /// X157: what is confirmed is what was mailed: a newer change ends an older one.
    async fn an_older_change_cannot_be_mixed_with_a_newer_one(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        ask(&browser, "eve@evil.example").await.is(200);
        let (eve, leave) = (newest(world, "eve@evil.example", TAKE).await.unwrap(), newest(world, "alice@example.com", LEAVE).await.unwrap());
        world.advance(1);
        ask(&browser, "new@example.org").await.is(200);
        follow(world, &eve).await.is(410);
        follow(world, &leave).await.is(410);
        let take = newest(world, "new@example.org", TAKE).await.unwrap();
        follow(world, &take).await.is(200);
        follow(world, &newest(world, "alice@example.com", LEAVE).await.unwrap()).await.is(200);
        assert_eq!(address(world, "alice").await.0, "new@example.org");
    }

    /// Of many that are asked for at once one is whole, and none can do without the old address.
    async fn changes_that_are_asked_for_at_once_leave_one(world) {
        let browsers = [world.browser(), world.browser(), world.browser()];
        for browser in &browsers {
            browser.sign_in("alice").await;
        }
        let asked = browsers.iter().enumerate().map(|(n, browser)| async move { ask(browser, &format!("eve{n}@evil.example")).await });
        futures_util::future::join_all(asked).await;
        for n in 0..browsers.len() {
            if let Some(take) = newest(world, &format!("eve{n}@evil.example"), TAKE).await {
                follow(world, &take).await;
            }
        }
        assert_eq!(address(world, "alice").await.0, "alice@example.com");
        let mut reader = world.db().read().await.unwrap();
        let left = "SELECT COUNT(*) FROM links WHERE purpose = 'leave' AND used_at IS NULL";
        assert_eq!(reader.sql(left).scalar::<i64>().await.unwrap(), 1);
    }

    /// A change that was under way does not go on over a newer address, or a password that was set by a link.
    async fn a_change_does_not_outlive_the_address_or_the_password(world) {
        let (api, id) = (Api::of(world).await, id(world, "alice").await);
        let browser = world.browser();
        browser.sign_in("alice").await;
        ask(&browser, "eve@evil.example").await.is(200);
        api.patch(&format!("/users/{id}"), json!({"email": "other@example.com"})).await.is(200);
        follow(world, &newest(world, "eve@evil.example", TAKE).await.unwrap()).await.is(410);
        follow(world, &newest(world, "alice@example.com", LEAVE).await.unwrap()).await.is(410);
        world.advance(1);
        ask(&browser, "eve@evil.example").await.is(200);
        let page = browser.open("/password/forgot").await;
        browser.submit(&page, "/password/forgot", &[("email", "other@example.com")]).await.is(200);
        let reset = newest(world, "other@example.com", "Set a new password").await.unwrap();
        let page = browser.open(&reset).await;
        browser.submit(&page, "/password/reset", &[("new_password", NEW)]).await.is(200);
        follow(world, &newest(world, "eve@evil.example", TAKE).await.unwrap()).await.is(410);
        assert_eq!(address(world, "alice").await.0, "other@example.com");
    }

    async fn an_address_that_was_not_confirmed_is(world) {
        let (api, id) = (Api::of(world).await, id(world, "alice").await);
        api.patch(&format!("/users/{id}"), json!({"email_verified": false})).await.is(200);
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.open("/account/email").await;
        assert!(page.body.contains("Not confirmed"));
        browser.submit(&page, "/account/email/verify", &[]).await.is(200);
        let link = newest(world, "alice@example.com", "Confirm your mail address").await.unwrap();
        api.patch(&format!("/users/{id}"), json!({"email": "other@example.com"})).await.is(200);
        follow(world, &link).await.is(410);
        assert_eq!(address(world, "alice").await, ("other@example.com".to_owned(), false));
        api.patch(&format!("/users/{id}"), json!({"email": "alice@example.com"})).await.is(200);
        follow(world, &link).await.is(410);
        world.advance(1);
        let page = browser.open("/account/email").await;
        browser.submit(&page, "/account/email/verify", &[]).await.is(200);
        let link = newest(world, "alice@example.com", "Confirm your mail address").await.unwrap();
        world.advance(86_399);
        follow(world, &link).await.is(200);
        assert_eq!(address(world, "alice").await, ("alice@example.com".to_owned(), true));
    }

    /// An address that is said not to be the person's has no say in the change.
    async fn an_unconfirmed_address_is_left_without_a_word(world) {
        let (api, id) = (Api::of(world).await, id(world, "alice").await);
        api.patch(&format!("/users/{id}"), json!({"email_verified": false})).await.is(200);
        let browser = world.browser();
        browser.sign_in("alice").await;
        assert!(ask(&browser, "new@example.org").await.is(200).body.contains("A mail with a link"));
        follow(world, &newest(world, "new@example.org", TAKE).await.unwrap()).await.is(200);
        assert_eq!(address(world, "alice").await, ("new@example.org".to_owned(), true));
    }

    /// ASVS 7.5.1.
    async fn wants_a_fresh_proof_and_an_address(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for typed in ["", "alice", "a@b", "a@b.co, c@d.ef", "a@b.co\r\nBcc: c@d.ef"] {
            assert!(ask(&browser, typed).await.is(400).body.contains("Enter a whole mail address"), "{typed:?}");
        }
        assert!(ask(&browser, "ALICE@example.com").await.is(400).body.contains("already"));
        let page = browser.open("/account/email").await;
        world.advance(301);
        let answer = browser.submit(&page, "/account/email", &[("email", "new@example.org")]).await;
        assert_eq!(answer.is(303).location().path(), "/login");
        assert!(mailed(world, "new@example.org").await.is_empty());
    }

    async fn nobody_is_flooded(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for _ in 0..3 {
            ask(&browser, "new@example.org").await.is(200);
        }
        ask(&browser, "new@example.org").await.is(429);
        ask(&browser, "victim@example.org").await.is(429);
        assert!(mailed(world, "victim@example.org").await.is_empty(), "the old address has had enough");
    }
}
