//! Passkeys: made, proved with first and second, told apart from lies, removed (W3C Web Authentication Level 3 sections 7.1
//! and 7.2; OWASP ASVS 5.0 6.5.6, 6.5.7, 6.7.1, 6.7.2; NIST SP 800-63B-4 sections 2.3.2, 3.1.6, 3.2.5).

use doorward::protocol::acr::{BOUND, PASSKEY};
use serde_json::{Value, json};

use super::softkey::{Manner, SoftKey};
use super::{SESSION, add_app, add_passkey, enter, half_way, is_in, options, origin, prove, signed_in};
use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::claims;
use crate::stage::HOME;
use crate::world::{World, on_both};

const PAGE: &str = "/account/passkeys";
const LOGIN: &str = "/login/passkey";

async fn login_page(world: &World) -> (Browser, Answer) {
    let browser = world.browser();
    let page = browser.open("/login").await;
    (browser, page)
}

/// The form that removes the first thing on a page.
fn removal(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("action=\"/account/authenticators/").unwrap();
    let id = rest.split('/').next().unwrap();
    format!("/account/authenticators/{id}/remove")
}

on_both! {
    async fn a_passkey_signs_in_alone(world) {
        let app = world.app("app").await;
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "My key").await;
        let browser = world.browser();
        let page = browser.authorize("app", &[("state", "s")]).await;
        let answer = prove(world, &browser, &mut key, (&page, LOGIN)).await;
        let home = browser.follow(answer).await.home(HOME);
        assert_eq!(home["state"], "s");
        let told = claims(&app.tokens(&home["code"]).await.id);
        assert_eq!((&told["acr"], &told["amr"]), (&json!(BOUND), &json!(["hwk", "user", "mfa"])));
        assert!(browser.get("/account").await.body.contains("alice"));
    }

    async fn the_page_asks_as_it_should(world) {
        let browser = signed_in(world, "alice").await;
        let page = browser.get(PAGE).await;
        let asked = options(page.is(200), PAGE);
        let wish = &asked["authenticatorSelection"];
        assert_eq!((&wish["residentKey"], &wish["userVerification"]), (&json!("required"), &json!("required")));
        assert_eq!(asked["rp"]["id"], "localhost");
        let policy = page.header("content-security-policy").unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.body.contains(&format!("nonce=\"{nonce}\"")) && !policy.contains("unsafe"), "{policy}");
        let (_, page) = login_page(world).await;
        let (one, two) = (options(&page, LOGIN), options(&login_page(world).await.1, LOGIN));
        assert_eq!(one["userVerification"], "required");
        assert!(one["challenge"].as_str().unwrap().len() >= 43 && one["challenge"] != two["challenge"]);
        assert!(page.body.contains("autocomplete=\"username webauthn\""));
        let script = browser.get("/assets/passkey.js").await;
        assert!(script.is(200).header("content-type").unwrap().starts_with("text/javascript"));
    }

    async fn several_have_names_and_each_is_known(world) {
        let browser = signed_in(world, "alice").await;
        let mut one = add_passkey(world, &browser, "<One>").await;
        let mut two = add_passkey(world, &browser, "").await;
        let page = browser.get(PAGE).await;
        assert!(page.body.contains("&lt;One&gt;") && page.body.contains("Passkey"));
        let known = options(&page, PAGE)["excludeCredentials"].as_array().unwrap().len();
        assert_eq!(known, 2, "no device holds two");
        let rename = removal(&page).replace("/remove", "/name");
        browser.submit(&page, &rename, &[("name", " Office\n key ")]).await;
        for key in [&mut one, &mut two] {
            let (browser, page) = login_page(world).await;
            prove(world, &browser, key, (&page, LOGIN)).await.is(303);
        }
        let stranger = signed_in(world, "bob").await;
        let own = stranger.get(PAGE).await;
        let csrf = own.form(PAGE)[0].1.clone();
        for path in [rename.clone(), removal(&page)] {
            stranger.post(&path, &[("csrf", &csrf), ("name", "x")]).await.is(403);
        }
        let (browser, page) = login_page(world).await;
        prove(world, &browser, &mut one, (&page, LOGIN)).await.is(303);
    }

    async fn it_is_a_second_factor_too(world) {
        let app = world.app("app").await;
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        let mut other = add_passkey(world, &signed_in(world, "bob").await, "key").await;
        let (browser, page) = half_way(world, "alice").await;
        assert!(!page.body.contains("name=\"code\""), "only what she holds is asked for");
        prove(world, &browser, &mut other, (&page, "/login/factor")).await.is(401);
        assert!(!is_in(&browser).await, "somebody else's is none of hers");
        prove(world, &browser, &mut key, (&page, "/login/factor")).await.is(303);
        let code = browser.authorize("app", &[]).await.home(HOME)["code"].clone();
        let told = claims(&app.tokens(&code).await.id);
        assert_eq!((&told["acr"], &told["amr"]), (&json!(BOUND), &json!(["pwd", "hwk", "user", "mfa"])));
    }

    async fn no_lie_opens_anything(world) {
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        let honest = Manner::honest(&origin(world), "webauthn.get");
        let port = origin(world).rsplit(':').next().unwrap().to_owned();
        let lies = [
            ("another origin", Manner { origin: "https://evil.example".into(), ..honest.clone() }),
            ("an origin with ours at its end", Manner { origin: format!("http://evil-localhost:{port}"), ..honest.clone() }),
            ("a host below ours", Manner { origin: format!("http://sub.localhost:{port}"), ..honest.clone() }),
            ("another scheme", Manner { origin: format!("https://localhost:{port}"), ..honest.clone() }),
            ("another port", Manner { origin: "http://localhost:1".into(), ..honest.clone() }),
            ("another party", Manner { party: "evil.example".into(), ..honest.clone() }),
            ("a proof of another kind", Manner { kind: "webauthn.create", ..honest.clone() }),
            ("another challenge", Manner { challenge: Some("A".repeat(43)), ..honest.clone() }),
            ("nobody touched it", Manner { present: false, ..honest.clone() }),
            ("nobody unlocked it", Manner { verified: false, ..honest.clone() }),
            ("a forged signature", Manner { forged: true, ..honest.clone() }),
        ];
        for (what, manner) in lies {
            // Each from a new day, so that no count of failures stands before the next lie.
            world.advance(3_601);
            let (browser, page) = login_page(world).await;
            let answer = key.get(&options(&page, LOGIN), &manner);
            let refused = browser.submit(&page, LOGIN, &[("answer", &answer)]).await;
            assert_eq!(refused.status, 401, "{what}");
            assert!(browser.cookie(SESSION).is_none(), "{what}");
        }
        world.advance(3_601);
        for answer in ["", "{}", "null", "[1]", "\"x\""] {
            let (browser, page) = login_page(world).await;
            browser.submit(&page, LOGIN, &[("answer", answer)]).await.is(401);
        }
        let (browser, page) = login_page(world).await;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(303);
    }

    async fn nobody_is_somebody_else(world) {
        let api = Api::of(world).await;
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        key.claim(id_of(&api, "bob").await.parse().unwrap());
        let (browser, page) = login_page(world).await;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(401);
        assert!(!is_in(&browser).await);
    }

    async fn a_proof_is_good_once_here_and_for_a_while(world) {
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        let honest = Manner::honest(&origin(world), "webauthn.get");
        let (browser, page) = login_page(world).await;
        let answer = key.get(&options(&page, LOGIN), &honest);
        let thief = world.browser();
        let foreign = thief.open("/login").await;
        let handle = page.form(LOGIN).into_iter().find(|(name, _)| name == "handle").unwrap().1;
        let csrf = foreign.form(LOGIN)[0].1.clone();
        thief.post(LOGIN, &[("csrf", &csrf), ("handle", &handle), ("answer", &answer)]).await.is(401);
        browser.submit(&page, LOGIN, &[("answer", &answer)]).await.is(303);
        browser.forget(SESSION);
        browser.submit(&page, LOGIN, &[("answer", &answer)]).await.is(401);
        assert!(!is_in(&browser).await, "captured and sent again");
        // The challenge is spent, whatever a device would sign it with.
        let again = key.get(&options(&page, LOGIN), &honest);
        browser.submit(&page, LOGIN, &[("answer", &again)]).await.is(401);
        let page = browser.open("/login").await;
        world.advance(3_601);
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(401);
    }

    async fn a_copy_that_counts_backwards_is_refused(world) {
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        let (browser, page) = login_page(world).await;
        key.count = 10;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(303);
        for count in [10, 5, 0] {
            key.count = count;
            let (browser, page) = login_page(world).await;
            prove(world, &browser, &mut key, (&page, LOGIN)).await.is(401);
        }
        key.count = 11;
        let (browser, page) = login_page(world).await;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(303);
    }

    async fn one_that_is_copied_is_not_bound_to_a_device(world) {
        let app = world.app("app").await;
        let browser = signed_in(world, "alice").await;
        let page = browser.get(PAGE).await;
        let made = Manner::honest(&origin(world), "webauthn.create");
        let (mut key, answer) = SoftKey::create_synced(&options(&page, PAGE), &made);
        browser.submit(&page, PAGE, &[("answer", &answer)]).await.is(303);
        let browser = world.browser();
        let essential = |level: &str| json!({"id_token": {"acr": {"essential": true, "value": level}}}).to_string();
        let page = browser.authorize("app", &[("claims", &essential(PASSKEY))]).await;
        let answer = prove(world, &browser, &mut key, (&page, LOGIN)).await;
        let told = claims(&app.tokens(&browser.follow(answer).await.home(HOME)["code"]).await.id);
        assert_eq!((&told["acr"], &told["amr"]), (&json!(PASSKEY), &json!(["swk", "user", "mfa"])));
        let browser = world.browser();
        let page = browser.authorize("app", &[("claims", &essential(BOUND))]).await;
        let answer = prove(world, &browser, &mut key, (&page, LOGIN)).await;
        assert_eq!(browser.follow(answer).await.home(HOME)["error"], "unmet_authentication_requirements");
    }

    async fn lies_make_no_passkey(world) {
        let browser = signed_in(world, "alice").await;
        let honest = Manner::honest(&origin(world), "webauthn.create");
        for manner in [
            Manner { origin: "https://evil.example".into(), ..honest.clone() },
            Manner { party: "evil.example".into(), ..honest.clone() },
            Manner { kind: "webauthn.get", ..honest.clone() },
            Manner { challenge: Some("A".repeat(43)), ..honest.clone() },
            Manner { verified: false, ..honest.clone() },
            Manner { present: false, ..honest.clone() },
        ] {
            let page = browser.get(PAGE).await;
            let (_, answer) = SoftKey::create(&options(&page, PAGE), &manner);
            browser.submit(&page, PAGE, &[("answer", &answer)]).await.is(422);
        }
        // What was asked of one person makes nothing for another.
        let page = browser.get(PAGE).await;
        let handle = page.form(PAGE).into_iter().find(|(name, _)| name == "handle").unwrap().1;
        let (_, answer) = SoftKey::create(&options(&page, PAGE), &honest);
        let other = browser.get("/login?switch=1").await;
        browser.log_in(&other, "bob", crate::stage::PASSWORD).await.is(303);
        let csrf = browser.get(PAGE).await.form(PAGE)[0].1.clone();
        browser.post(PAGE, &[("csrf", &csrf), ("handle", &handle), ("answer", &answer)]).await.is(422);
        let sql = "SELECT COUNT(*) FROM authenticators";
        assert_eq!(world.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap(), 0);
    }

    async fn a_key_at_rest_that_was_changed_opens_nothing(world) {
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        let sql = "SELECT sealed FROM authenticators";
        let mut sealed: Vec<u8> = world.db().read().await.unwrap().sql(sql).scalar().await.unwrap();
        let middle = sealed.len() / 2;
        sealed[middle] ^= 1;
        let put = "UPDATE authenticators SET sealed = $1";
        world.db().write(async move |tx| tx.sql(put).bind(sealed).execute().await).await.unwrap();
        let (browser, page) = login_page(world).await;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(401);
        assert!(!is_in(&browser).await);
    }

    async fn what_came_from_one_that_is_removed_ends_when_the_person_says_so(world) {
        let api = Api::of(world).await;
        let browser = signed_in(world, "alice").await;
        let mut key = add_passkey(world, &browser, "key").await;
        let phone = add_app(world, &browser).await;
        for end in [false, true] {
            let (elsewhere, page) = login_page(world).await;
            prove(world, &elsewhere, &mut key, (&page, LOGIN)).await.is(303);
            let (here, page) = half_way(world, "alice").await;
            world.advance(30);
            enter(&here, &page, &phone.code(world)).await.is(303);
            let page = here.get(PAGE).await;
            // This browser's session, and the one in which it was added.
            assert!(page.is(200).body.contains("Sign out the "), "{}", page.body);
            let answers: &[(&str, &str)] = if end { &[("sessions", "end")] } else { &[] };
            here.submit(&page, &removal(&page), answers).await.is(303);
            assert!(is_in(&here).await);
            assert_eq!(is_in(&elsewhere).await, !end);
            assert!(here.get("/account").await.body.contains("Removed a passkey"));
            let (thief, page) = login_page(world).await;
            prove(world, &thief, &mut key, (&page, LOGIN)).await.is(401);
            assert!(!is_in(&thief).await, "gone at once");
            if !end {
                key = add_passkey(world, &here, "key").await;
            }
        }
        let alice = id_of(&api, "alice").await;
        let ended = api.get(&format!("/sessions?user_id={alice}&state=ended")).await.ok();
        let reasons: Vec<&Value> = ended["items"].as_array().unwrap().iter().map(|item| &item["end_reason"]).collect();
        assert!(!reasons.is_empty() && reasons.iter().all(|reason| **reason == "credential_removed"), "{reasons:?}");
    }

    async fn whoever_has_a_factor_changes_nothing_on_one_alone(world) {
        let early = signed_in(world, "alice").await;
        let page = early.get(PAGE).await;
        let browser = signed_in(world, "alice").await;
        add_passkey(world, &browser, "key").await;
        // A thief who has the password alone, and has just entered it.
        let made = Manner::honest(&origin(world), "webauthn.create");
        let (_, answer) = SoftKey::create(&options(&page, PAGE), &made);
        let sent = early.submit(&page, PAGE, &[("answer", &answer)]).await;
        assert_eq!(sent.is(303).location().path(), "/login/factor");
        for path in ["/account/totp", "/account/passkeys", "/account/recovery-codes"] {
            assert_eq!(early.get(path).await.is(303).location().path(), "/login/factor", "{path}");
        }
        let sql = "SELECT COUNT(*) FROM authenticators";
        assert_eq!(world.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap(), 1);
        world.advance(301);
        for path in ["/account/totp", "/account/passkeys", "/account/recovery-codes"] {
            assert_eq!(browser.get(path).await.is(303).location().path(), "/login", "{path}: the proof is old");
        }
    }
}
