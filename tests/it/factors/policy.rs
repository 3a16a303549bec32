//! Which level a sign-in needs, and that no way leads around it (OWASP ASVS 5.0 6.3.3, 6.3.4, 6.4.4; NIST SP 800-63B-4
//! section 2.2).

use std::collections::BTreeMap;

use doorward::domain::lifetime::RoleRule;
use doorward::domain::policy::Policy;
use doorward::protocol::acr::{MFA, PASSKEY, PASSWORD as LEVEL};
use serde_json::json;

use super::softkey::{Manner, SoftKey};
use super::{App, SESSION, add_app, add_passkey, enter, half_way, is_in, options, origin, prove, signed_in};
use crate::admin::{Api, id_of};
use crate::client::claims;
use crate::stage::{HOME, PASSWORD};
use crate::world::{World, on_both, on_both_with};

fn essential(level: &str) -> String {
    json!({"id_token": {"acr": {"essential": true, "value": level}}}).to_string()
}

/// Adds an app on the page that a sign-in led to.
async fn enrol(
    world: &World,
    browser: &crate::browser::Browser,
    page: &crate::answer::Answer,
) -> (App, crate::answer::Answer) {
    let app = App::typed(&page.element("totp-secret").unwrap());
    let handle = page.body.split("name=\"handle\" value=\"").last().unwrap().split('"').next().unwrap().to_owned();
    let mut fields = page.form("/login/enrol");
    fields.retain(|(name, _)| name != "handle");
    fields.push(("handle".into(), handle));
    fields.push(("code".into(), app.code(world)));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.post("/login/enrol", &fields).await;
    world.advance(30);
    (app, answer)
}

on_both! {
    async fn a_client_that_needs_more_gets_it_or_nothing(world) {
        let app = world.client("app", json!({"skip_consent": true, "required_acr": MFA})).await;
        let easy = world.app("easy").await;
        let (browser, _) = world.signed_in(&easy).await;
        let silent = browser.authorize("app", &[("prompt", "none")]).await.home(HOME);
        assert_eq!(silent["error"], "login_required");
        // Whoever holds nothing that reaches it is asked for the password once more, and to add something.
        let page = browser.authorize("app", &[("state", "s")]).await;
        assert_eq!(page.is(200).url.path(), "/login");
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.is(200).url.path(), "/login/enrol");
        assert!(page.body.contains("id=\"passkey-add\"") && page.body.contains("id=\"totp-secret\""));
        let (_, answer) = enrol(world, &browser, &page).await;
        let home = browser.follow(answer).await.home(HOME);
        assert_eq!(home["state"], "s");
        let told = claims(&app.tokens(&home["code"]).await.id);
        assert_eq!((&told["acr"], &told["amr"]), (&json!(MFA), &json!(["pwd", "otp", "mfa"])));
        assert!(browser.get("/account").await.body.contains("Added an authenticator app"));
        assert!(browser.authorize("app", &[("prompt", "none")]).await.home(HOME).contains_key("code"));
    }

    async fn the_page_asks_only_for_what_is_missing(world) {
        let app = world.app("app").await;
        let (browser, before) = world.signed_in(&app).await;
        let other = signed_in(world, "alice").await;
        let phone = add_app(world, &other).await;
        let secret = browser.cookie(SESSION).unwrap();
        let page = browser.authorize("app", &[("claims", &essential(MFA))]).await;
        assert_eq!(page.is(200).url.path(), "/login/factor", "the password was enough for the password");
        assert!(!page.body.contains("name=\"password\""));
        enter(&browser, &page, "000000").await.is(401);
        assert_eq!(browser.cookie(SESSION).unwrap(), secret);
        let answer = enter(&browser, &page, &phone.code(world)).await;
        let after = app.tokens(&browser.follow(answer).await.home(HOME)["code"]).await;
        assert_ne!(browser.cookie(SESSION).unwrap(), secret, "a rise renews the secret");
        let (before, after) = (claims(&before.id), claims(&after.id));
        assert_eq!((&after["sid"], &after["acr"]), (&before["sid"], &json!(MFA)));
        assert!(after["auth_time"].as_i64() > before["auth_time"].as_i64());
        assert!(browser.get("/account").await.body.contains("You proved with more that it is you"));
        world.advance(1);
        let page = browser.authorize("app", &[("prompt", "login")]).await;
        assert!(page.url.path() == "/login" && page.body.contains("name=\"password\""), "asked for everything anew");
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        assert_eq!(browser.follow(answer).await.url.path(), "/login/factor");
    }

    async fn a_request_gets_the_level_that_can_be_had(world) {
        let app = world.app("app").await;
        let browser = signed_in(world, "alice").await;
        let phone = add_app(world, &browser).await;
        let mut key = add_passkey(world, &browser, "key").await;
        let browser = world.browser();
        let page = browser.authorize("app", &[("claims", &essential(PASSKEY))]).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let page = browser.follow(answer).await;
        assert!(!page.body.contains("name=\"code\""), "a code would not reach it");
        enter(&browser, &page, &phone.code(world)).await;
        assert!(!is_in(&browser).await, "sent all the same it leads no further than to the same question");
        let answer = prove(world, &browser, &mut key, (&page, "/login/factor")).await;
        assert!(browser.follow(answer).await.home(HOME).contains_key("code"));
        // Nobody is bothered for what they do not hold: the client hears that it is not reached.
        let browser = world.browser();
        let page = browser.authorize("app", &[("claims", &essential(MFA))]).await;
        let answer = browser.log_in(&page, "bob", PASSWORD).await;
        assert_eq!(browser.follow(answer).await.home(HOME)["error"], "unmet_authentication_requirements");
        let page = world.browser().authorize("app", &[("acr_values", MFA)]).await;
        assert_eq!(page.url.path(), "/login");
        drop(app);
    }

    async fn a_person_needs_what_an_admin_says(world) {
        let api = Api::of(world).await;
        let id = id_of(&api, "alice").await;
        api.patch(&format!("/users/{id}"), json!({"required_acr": "gold"})).await.problem(400);
        let changed = api.patch(&format!("/users/{id}"), json!({"required_acr": PASSKEY})).await.ok();
        assert_eq!(changed["required_acr"], PASSKEY);
        let browser = world.browser();
        let page = browser.open("/login").await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.is(200).url.path(), "/login/enrol");
        assert!(browser.cookie(SESSION).is_none() && !page.body.contains("totp-secret"), "an app would not reach it");
        let made = Manner::honest(&origin(world), "webauthn.create");
        let (mut key, answer) = SoftKey::create(&options(&page, "/login/enrol"), &made);
        let answer = browser.submit(&page, "/login/enrol", &[("answer", &answer)]).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        assert!(is_in(&browser).await);
        let browser = world.browser();
        let page = browser.open("/login").await;
        prove(world, &browser, &mut key, (&page, "/login/passkey")).await.is(303);
        // What is needed cannot be taken away by its owner.
        let page = browser.get("/account/passkeys").await;
        let (_, rest) = page.body.split_once("/account/authenticators/").unwrap();
        let path = format!("/account/authenticators/{}/remove", rest.split('/').next().unwrap());
        let csrf = page.form("/account/passkeys")[0].1.clone();
        browser.post(&path, &[("csrf", &csrf)]).await.is(403);
        api.patch(&format!("/users/{id}"), json!({"required_acr": null})).await.is(200);
        browser.post(&path, &[("csrf", &csrf)]).await.is(303);
        world.browser().sign_in("alice").await;
    }

    async fn half_a_sign_in_is_good_here_and_now(world) {
        let phone = add_app(world, &signed_in(world, "alice").await).await;
        let (browser, page) = half_way(world, "alice").await;
        let ticket = page.form("/login/factor").into_iter().find(|(name, _)| name == "ticket").unwrap().1;
        let thief = world.browser();
        let csrf = thief.open("/login").await.form("/login")[0].1.clone();
        let code = phone.code(world);
        let answer = thief.post("/login/factor", &[("csrf", &csrf), ("ticket", &ticket), ("code", &code)]).await;
        assert_eq!(answer.is(303).location().path(), "/login");
        assert!(!is_in(&thief).await, "not in another browser");
        for fields in [
            vec![("code", code.as_str())],
            vec![("ticket", "x"), ("code", code.as_str())],
            vec![("ticket", &ticket)],
            vec![("ticket", &ticket), ("code", "")],
            vec![("ticket", &ticket), ("code", " ")],
            vec![("ticket", &ticket), ("answer", "{}")],
            vec![("ticket", &ticket), ("username", "alice"), ("password", PASSWORD)],
        ] {
            let csrf = page.form("/login/factor")[0].1.clone();
            browser.post("/login/factor", &[&[("csrf", csrf.as_str())], &fields[..]].concat()).await;
            assert!(!is_in(&browser).await, "{fields:?}");
        }
        world.advance(601);
        enter(&browser, &page, &phone.code(world)).await.is(303);
        assert!(!is_in(&browser).await, "not after ten minutes");
    }

    async fn what_happens_meanwhile_counts(world) {
        let api = Api::of(world).await;
        let id = id_of(&api, "alice").await;
        let phone = add_app(world, &signed_in(world, "alice").await).await;
        let (browser, page) = half_way(world, "alice").await;
        api.put(&format!("/users/{id}/password"), json!({"password": "another long password"})).await.is(204);
        enter(&browser, &page, &phone.code(world)).await.is(401);
        assert!(!is_in(&browser).await, "the password is another one now");
        api.put(&format!("/users/{id}/password"), json!({"password": PASSWORD})).await.is(204);
        world.advance(30);
        let (browser, page) = half_way(world, "alice").await;
        api.patch(&format!("/users/{id}"), json!({"disabled": true})).await.is(200);
        enter(&browser, &page, &phone.code(world)).await.is(401);
        assert!(!is_in(&browser).await, "nobody is let in who is disabled");
        api.patch(&format!("/users/{id}"), json!({"disabled": false})).await.is(200);
        // A step up dies with its session.
        let app = world.app("app").await;
        let browser = signed_in(world, "bob").await;
        let other = signed_in(world, "bob").await;
        let phone = add_app(world, &other).await;
        let page = browser.authorize("app", &[("claims", &essential(MFA))]).await;
        let account = browser.get("/account").await;
        browser.submit(&account, "/account/sessions/end", &[]).await.is(303);
        enter(&browser, &page, &phone.code(world)).await.is(401);
        assert!(!is_in(&browser).await, "it died with its session");
        drop(app);
    }

    /// What is added outlives the sign-in it was added in: one that rests on a password of yesterday plants nothing.
    async fn nothing_is_added_on_a_password_that_was_replaced(world) {
        let api = Api::of(world).await;
        let id = id_of(&api, "alice").await;
        api.patch(&format!("/users/{id}"), json!({"required_acr": MFA})).await.ok();
        let browser = world.browser();
        let page = browser.open("/login").await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.is(200).url.path(), "/login/enrol");
        api.put(&format!("/users/{id}/password"), json!({"password": "another long password"})).await.is(204);
        let made = Manner::honest(&origin(world), "webauthn.create");
        let (mut key, answer) = SoftKey::create(&options(&page, "/login/enrol"), &made);
        browser.submit(&page, "/login/enrol", &[("answer", &answer)]).await.is(401);
        let (_, answer) = enrol(world, &browser, &page).await;
        answer.is(401);
        let rows = "SELECT COUNT(*) FROM authenticators";
        assert_eq!(world.db().read().await.unwrap().sql(rows).scalar::<i64>().await.unwrap(), 0);
        let thief = world.browser();
        let page = thief.open("/login").await;
        prove(world, &thief, &mut key, (&page, "/login/passkey")).await.is(401);
        assert!(!is_in(&browser).await && !is_in(&thief).await);
        // A sign-in with the password of today adds what is needed.
        let page = browser.open("/login").await;
        let answer = browser.log_in(&page, "alice", "another long password").await;
        let page = browser.follow(answer).await;
        enrol(world, &browser, &page).await.1.is(303);
        assert!(is_in(&browser).await);
    }

    async fn a_factor_that_is_out_of_use_protects_all_the_same(world) {
        let phone = add_app(world, &signed_in(world, "alice").await).await;
        let off = "UPDATE authenticators SET disabled = TRUE";
        world.db().write(async move |tx| tx.sql(off).execute().await).await.unwrap();
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &phone.code(world)).await.is(401);
        assert!(!is_in(&browser).await);
    }
}

pub fn demanding(policy: &mut Policy) {
    let rule = RoleRule { acr: Some(MFA), ..RoleRule::default() };
    policy.lifetimes.roles = BTreeMap::from([("reader".to_owned(), rule)]);
}

on_both_with! {
    crate::world::Setting { change: crate::factors::policy::demanding, ..crate::world::Setting::default() };

    async fn a_role_needs_two_factors_on_every_way(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let page = browser.authorize("app", &[]).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        assert!(browser.cookie(SESSION).is_none(), "no session before there is a second factor");
        let page = browser.follow(answer).await;
        assert_eq!(page.is(200).url.path(), "/login/enrol");
        for path in ["/account", "/account/totp", "/account/passkeys", "/account/security", "/consent"] {
            assert!(browser.get(path).await.status != 200, "{path}");
        }
        let wrong = browser.submit(&page, "/login/enrol", &[("code", "000000")]).await;
        assert!(wrong.is(401).body.contains(&page.element("totp-secret").unwrap()) || wrong.body.contains("totp-secret"));
        assert!(!is_in(&browser).await);
        let (phone, answer) = enrol(world, &browser, &page).await;
        let code = browser.follow(answer).await.home(HOME)["code"].clone();
        assert_eq!(claims(&app.tokens(&code).await.id)["acr"], MFA);
        // The ticket for adding is worth nothing to whoever holds something by now.
        let late = world.browser();
        let page = late.open("/login").await;
        let answer = late.log_in(&page, "alice", PASSWORD).await;
        let page = late.follow(answer).await;
        assert_eq!(page.is(200).url.path(), "/login/factor");
        enter(&late, &page, &phone.code(world)).await.is(303);
        assert!(is_in(&late).await);
    }
}

#[test]
fn what_is_typed_by_hand_is_never_called_safe_from_phishing() {
    use doorward::protocol::acr::{BOUND, LEVELS, is_at_least};
    assert_eq!(LEVELS, [LEVEL, MFA, PASSKEY, BOUND]);
    assert!(!is_at_least(MFA, PASSKEY));
}
