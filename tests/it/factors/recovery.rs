//! Recovery codes: shown once, used once, counted (OWASP ASVS 5.0 6.5.1, 6.5.2, 6.5.4; NIST SP 800-63B-4 section 3.1.2).

use doorward::protocol::acr::{MFA, PASSKEY};
use serde_json::json;

use super::{add_app, enter, half_way, is_in, signed_in};
use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::claims;
use crate::mail::mailed;
use crate::stage::{HOME, PASSWORD};
use crate::world::on_both;

const PAGE: &str = "/account/recovery-codes";

/// The codes that a page shows.
pub fn shown(page: &Answer) -> Vec<String> {
    let parts = page.body.split("class=\"recovery-code\">").skip(1);
    parts.map(|part| part.split('<').next().unwrap().to_owned()).collect()
}

async fn make(browser: &Browser) -> Vec<String> {
    let page = browser.open(PAGE).await;
    shown(browser.submit(page.is(200), PAGE, &[]).await.is(200))
}

on_both! {
    async fn codes_are_shown_once_and_each_works_once(world) {
        let app = world.app("app").await;
        let browser = signed_in(world, "alice").await;
        add_app(world, &browser).await;
        let page = browser.open(PAGE).await;
        assert!(shown(page.is(200)).is_empty());
        let made = browser.submit(&page, PAGE, &[]).await;
        let codes = shown(made.is(200));
        assert_eq!((codes.len(), made.header("cache-control")), (10, Some("no-store")));
        assert_eq!(made.element("codes-left").as_deref(), Some("10"));
        let page = browser.get(PAGE).await;
        assert!(shown(&page).is_empty(), "shown once");
        for (typed, left) in [(codes[0].clone(), "9"), (codes[1].to_lowercase().replace('-', " "), "8")] {
            let (browser, page) = half_way(world, "alice").await;
            enter(&browser, &page, &typed).await.is(303);
            let page = browser.get(PAGE).await;
            assert_eq!(page.is(200).element("codes-left").as_deref(), Some(left));
            assert!(browser.get("/account").await.body.contains("Used a recovery code"));
            let (again, page) = half_way(world, "alice").await;
            enter(&again, &page, &typed).await.is(401);
            assert!(!is_in(&again).await);
        }
        let browser = world.browser();
        let page = browser.authorize("app", &[]).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let page = browser.follow(answer).await;
        let answer = enter(&browser, &page, &codes[2]).await;
        let tokens = app.tokens(&browser.follow(answer).await.home(HOME)["code"]).await;
        assert_eq!((&claims(&tokens.id)["acr"], &claims(&tokens.id)["amr"]), (&json!(MFA), &json!(["pwd", "otp", "mfa"])));
    }

    /// A code that led to the question for yet more is spent, and its owner hears of it though nobody is signed in.
    async fn a_code_on_the_way_to_more_is_told(world) {
        let browser = signed_in(world, "alice").await;
        add_app(world, &browser).await;
        let codes = make(&browser).await;
        let api = Api::of(world).await;
        let id = id_of(&api, "alice").await;
        api.patch(&format!("/users/{id}"), json!({"required_acr": PASSKEY})).await.ok();
        let told = async || {
            let mails = mailed(world, "alice@example.com").await;
            mails.iter().filter(|mail| mail["subject"] == "A recovery code was used").count()
        };
        assert_eq!(told().await, 0);
        let (browser, page) = half_way(world, "alice").await;
        let answer = enter(&browser, &page, &codes[0]).await;
        assert_eq!(answer.is(303).location().path(), "/login/enrol");
        assert!(!is_in(&browser).await);
        assert_eq!(told().await, 1);
        enter(&browser, &page, &codes[0]).await.is(401);
        assert_eq!(told().await, 1, "once");
    }

    async fn a_new_set_takes_the_place_of_the_old_one(world) {
        let browser = signed_in(world, "alice").await;
        add_app(world, &browser).await;
        let old = make(&browser).await;
        let new = make(&browser).await;
        assert!(old.iter().all(|code| !new.contains(code)));
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &old[0]).await.is(401);
        enter(&browser, &page, &new[0]).await.is(303);
    }

    async fn they_stand_in_for_a_factor_that_must_be_there(world) {
        let browser = signed_in(world, "alice").await;
        let page = browser.open(PAGE).await;
        assert!(page.is(200).body.contains("Add a passkey or an authenticator app first"));
        let csrf = browser.get("/account/totp").await.form("/account/totp")[0].1.clone();
        browser.post(PAGE, &[("csrf", &csrf)]).await.is(403);
        let phone = add_app(world, &signed_in(world, "alice").await).await;
        // A session of one factor sees and makes none, whatever it sends.
        let answer = browser.post(PAGE, &[("csrf", &csrf)]).await;
        assert_eq!(answer.is(303).location().path(), "/login/factor");
        assert!(shown(&answer).is_empty());
        let page = browser.follow(answer).await;
        enter(&browser, &page, &phone.code(world)).await.is(303);
        assert_eq!(make(&browser).await.len(), 10);
    }

    async fn the_database_holds_nothing_that_works(world) {
        let browser = signed_in(world, "alice").await;
        add_app(world, &browser).await;
        let codes = make(&browser).await;
        let sql = "SELECT digest FROM recovery_codes";
        let digests = world.db().read().await.unwrap().sql(sql).all::<(Vec<u8>,)>().await.unwrap();
        assert_eq!(digests.len(), 10);
        for code in &codes {
            let plain = code.replace('-', "");
            let digest = doorward::base::secret::sha256(plain.as_bytes());
            assert!(digests.iter().all(|(kept,)| kept.as_slice() != digest), "the digest is keyed");
        }
    }

    async fn failures_count_for_the_set_alone(world) {
        let browser = signed_in(world, "alice").await;
        let phone = add_app(world, &browser).await;
        let codes = make(&browser).await;
        world.advance(30);
        let (browser, page) = half_way(world, "alice").await;
        for _ in 0..5 {
            enter(&browser, &page, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA").await.is(401);
        }
        let refused = enter(&browser, &page, &codes[0]).await;
        assert!(refused.is(429).header("retry-after").is_some());
        enter(&browser, &page, &phone.code(world)).await.is(303);
        assert!(is_in(&browser).await, "the app is not concerned");
    }
}
