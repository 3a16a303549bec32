//! Sign-in by a code that is mailed: the lowest level, never a second factor.

use doorward::protocol::acr;
use doorward::store;
use serde_json::json;

use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::mail::mailed;
use crate::world::{Setting, World, on_both, on_both_with};

pub fn offered() -> Setting {
    Setting { change: |policy| policy.mail_sign_in = true, ..Setting::default() }
}

async fn ask(browser: &Browser, username: &str) -> Answer {
    let page = browser.open("/login/code").await;
    browser.submit(&page, "/login/code", &[("username", username)]).await
}

/// The newest code that alice was mailed.
async fn code(world: &World) -> Option<String> {
    let mails = mailed(world, "alice@example.com").await;
    let mail = mails.iter().find(|mail| mail["subject"] == "Your code to sign in")?;
    let text = mail["text"].as_str().unwrap();
    text.lines()
        .map(str::trim)
        .find(|line| line.len() == 8 && line.bytes().all(|c| c.is_ascii_digit()))
        .map(str::to_owned)
}

async fn enter(browser: &Browser, page: &Answer, code: &str) -> Answer {
    browser.submit(page, "/login/code", &[("code", code)]).await
}

on_both_with! {
    crate::mail_code::offered();

    async fn is_the_lowest_level_and_no_second_factor(world) {
        let browser = world.browser();
        assert!(browser.open("/login").await.body.contains("Sign in by mail"));
        let page = ask(&browser, "Alice").await;
        let answer = enter(&browser, &page, &code(world).await.unwrap()).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        let alice = store::user::by_username(world.db(), "alice").await.unwrap().unwrap();
        let sessions = store::session::open_of_user(world.db(), alice.id, world.authority.now()).await.unwrap();
        let proof = sessions[0].authentication.clone().unwrap();
        assert_eq!((proof.acr.as_str(), proof.amr), (acr::MAIL, vec!["otp".to_owned()]));
        assert!(acr::LEVELS.iter().all(|level| !acr::is_at_least(acr::MAIL, level)), "below every level");
    }

    /// Somebody for whom policy needs a level does not reach it by mail.
    async fn reaches_nothing_that_policy_needs(world) {
        world.client("bank", json!({"skip_consent": true, "required_acr": acr::PASSWORD})).await;
        let browser = world.browser();
        let page = ask(&browser, "alice").await;
        enter(&browser, &page, &code(world).await.unwrap()).await.is(303);
        let answer = browser.authorize("bank", &[]).await;
        assert!(answer.status == 200 && answer.url.path() == "/login", "{}", answer.url);
    }

    /// Whoever reads somebody's mail adds no second factor on that, in the sign-in or after it.
    async fn adds_nothing(world) {
        world.client("bank", json!({"skip_consent": true, "required_acr": acr::MFA})).await;
        let browser = world.browser();
        let page = browser.authorize("bank", &[]).await;
        assert_eq!(page.is(200).url.path(), "/login");
        let page = browser.open(&format!("/login/code?{}", page.url.query().unwrap())).await;
        let page = browser.submit(&page, "/login/code", &[("username", "alice")]).await;
        enter(&browser, &page, &code(world).await.unwrap()).await.is(401);
        world.advance(1);
        assert!(browser.cookie("doorward-session").is_none());
        let page = ask(&browser, "alice").await;
        enter(&browser, &page, &code(world).await.unwrap()).await.is(303);
        for path in ["/account/totp", "/account/passkeys", "/account/recovery-codes"] {
            browser.get(path).await.is(403);
        }
        world.advance(1);
        let api = Api::of(world).await;
        let id = id_of(&api, "alice").await;
        api.patch(&format!("/users/{id}"), json!({"required_acr": acr::MFA})).await.ok();
        let browser = world.browser();
        let page = ask(&browser, "alice").await;
        enter(&browser, &page, &code(world).await.unwrap()).await.is(401);
        let rows = "SELECT COUNT(*) FROM authenticators";
        assert_eq!(world.db().read().await.unwrap().sql(rows).scalar::<i64>().await.unwrap(), 0);
    }

    async fn is_good_in_its_browser_for_ten_minutes_once(world) {
        let browser = world.browser();
        let page = ask(&browser, "alice").await;
        let mailed = code(world).await.unwrap();
        let other = world.browser();
        let foreign = ask(&other, "bob").await;
        enter(&other, &foreign, &mailed).await.is(401);
        enter(&browser, &page, &mailed).await.is(303);
        let again = world.browser();
        let second = ask(&again, "alice").await;
        enter(&again, &second, &mailed).await.is(401);
        let own = code(world).await.unwrap();
        world.advance(600);
        assert_eq!(enter(&again, &second, &own).await.is(303).location().path(), "/login/code");
    }

    /// What was mailed to an address opens nothing once the person has another one, or the same again.
    async fn ends_with_the_address_it_was_mailed_to(world) {
        let browser = world.browser();
        let page = ask(&browser, "alice").await;
        let mailed_code = code(world).await.unwrap();
        let forgot = world.browser();
        let form = forgot.open("/password/forgot").await;
        forgot.submit(&form, "/password/forgot", &[("email", "alice@example.com")]).await.is(200);
        let mails = mailed(world, "alice@example.com").await;
        let reset = mails.iter().find(|mail| mail["subject"] == "Set a new password").unwrap();
        let reset = crate::mail::link(reset, &world.issuer);
        let api = Api::of(world).await;
        let at = format!("/users/{}", id_of(&api, "alice").await);
        for email in ["new@example.org", "alice@example.com"] {
            api.patch(&at, json!({"email": email})).await.ok();
            enter(&browser, &page, &mailed_code).await.is(401);
            forgot.open(&reset).await.is(410);
        }
    }

    async fn another_code_does_not_reset_the_count(world) {
        let browser = world.browser();
        for _ in 0..2 {
            let page = ask(&browser, "alice").await;
            enter(&browser, &page, "00000000").await.is(401);
            enter(&browser, &page, "").await.is(401);
        }
        let page = ask(&browser, "alice").await;
        enter(&browser, &page, "00000000").await.is(401);
        let right = code(world).await.unwrap();
        assert!(enter(&browser, &page, &right).await.is(429).header("retry-after").is_some());
    }

    async fn nobody_learns_who_is_here(world) {
        let known = ask(&world.browser(), "alice").await;
        let unknown = ask(&world.browser(), "nobody").await;
        let plain = |answer: &Answer| {
            let hidden = answer.form("/login/code");
            hidden.iter().fold(answer.body.clone(), |body, (_, value)| body.replace(value, ""))
        };
        assert_eq!((known.status, plain(&known)), (unknown.status, plain(&unknown)));
        let browser = world.browser();
        let page = ask(&browser, "nobody").await;
        enter(&browser, &page, "12345678").await.is(401);
    }
}

on_both! {
    async fn is_not_there_unless_the_operator_wants_it(world) {
        let browser = world.browser();
        assert!(!browser.open("/login").await.body.contains("Sign in by mail"));
        assert_eq!(browser.get("/login/code").await.is(303).location().path(), "/login");
        browser.post("/login/code", &[("username", "alice")]).await.is(303);
        assert!(mailed(world, "alice@example.com").await.is_empty());
    }
}
