//! A provider that lies, an attacker between providers, a thief with somebody's answer: nobody gets in, and nothing is linked
//! (OWASP ASVS 5.0 6.8, 10.1.2, 10.2.2, 10.5; RFC 9207; RFC 9700 sections 4.4 and 4.5).

use std::collections::BTreeMap;

use doorward::base::secret::base64url;
use serde_json::{Value, json};

use super::impostor::{Impostor, Says, callback};
use super::{api, is_signed_in, parameter};
use crate::admin::id_of;
use crate::client::claims;
use crate::world::{World, on_both};

fn claim(name: &'static str, value: Value) -> Says {
    Says { claims: BTreeMap::from([(name, value)]), ..Says::default() }
}

fn header(name: &'static str, value: Value) -> Says {
    Says { header: BTreeMap::from([(name, value)]), ..Says::default() }
}

async fn people(world: &World) -> usize {
    api(world).await.get("/users").await.ok()["items"].as_array().unwrap().len()
}

/// Goes through the provider, which says this; the browser stays outside.
async fn is_turned_away(world: &World, impostor: &Impostor, says: Says, what: &str) {
    impostor.says(says);
    let browser = world.browser();
    let answer = impostor.round_trip(&browser).await;
    assert!(answer.status.is_client_error() || answer.status == 502, "{what}: {}", answer.status);
    assert!(answer.body.contains("role=\"alert\""), "{what}: {}", answer.body);
    answer.tells_nothing_internal();
    assert!(!is_signed_in(&browser).await, "{what}");
}

on_both! {
    async fn an_honest_provider_lets_in(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let browser = world.browser();
        let address = impostor.set_out(&browser, "/sso/idp/start").await;
        assert_eq!(parameter(&address, "scope"), "openid profile email");
        assert_eq!(parameter(&address, "redirect_uri"), format!("{}/sso/idp/callback", world.issuer));
        let answer = impostor.come_back(&browser, &parameter(&address, "state")).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        impostor.knows_verifier_of(&address);
        assert!(is_signed_in(&browser).await);
    }

    async fn an_id_token_with_any_defect_lets_nobody_in(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let before = people(world).await;
        let sign = |header: Value, claims: Value| {
            format!("{}.{}.", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()))
        };
        let unsigned = sign(json!({"alg": "none"}), json!({"iss": impostor.issuer, "aud": "doorward", "sub": "theirs"}));
        for (what, says) in [
            ("another issuer", claim("iss", json!("https://id.example"))),
            ("an issuer with a slash more", claim("iss", json!(format!("{}/", impostor.issuer)))),
            ("no issuer", claim("iss", Value::Null)),
            ("another audience", claim("aud", json!("other"))),
            ("a further audience", claim("aud", json!(["doorward", "other"]))),
            ("no audience", claim("aud", Value::Null)),
            ("another party", claim("azp", json!("other"))),
            ("another nonce", claim("nonce", json!("other"))),
            ("no nonce", claim("nonce", Value::Null)),
            ("expired", claim("exp", impostor.at(-11))),
            ("no end", claim("exp", Value::Null)),
            ("of tomorrow", claim("iat", impostor.at(86_400))),
            ("of yesterday", claim("iat", impostor.at(-86_400))),
            ("a sign-in of tomorrow", claim("auth_time", impostor.at(86_400))),
            ("no subject", claim("sub", Value::Null)),
            ("an endless subject", claim("sub", json!("x".repeat(256)))),
            ("another access token", claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
            ("alg none", Says { id_token: Some(unsigned), ..Says::default() }),
            ("a header that says none", header("alg", json!("none"))),
            ("a shared secret", header("alg", json!("HS256"))),
            ("an unknown extension", header("crit", json!(["x"]))),
            ("an access token for an ID token", header("typ", json!("at+jwt"))),
            ("a key in the header", Says { forged: true, ..header("jwk", json!({"kty": "EC"})) }),
            ("somebody else's key", Says { forged: true, ..Says::default() }),
            ("no token at all", Says { id_token: Some(String::new()), ..Says::default() }),
        ] {
            is_turned_away(world, &impostor, says, what).await;
        }
        assert_eq!(people(world).await, before);
        // The subject of both documents is one.
        let userinfo = BTreeMap::from([("sub", json!("somebody"))]);
        is_turned_away(world, &impostor, Says { userinfo, ..Says::default() }, "userinfo of another").await;
    }

    async fn metadata_of_another_issuer_is_not_taken(world) {
        for (what, issuer) in [("a slash", "/"), ("a letter", "x")] {
            let id = if what == "a slash" { "one" } else { "two" };
            let impostor = Impostor::join(world, id, json!({})).await;
            let other = json!(format!("{}{issuer}", impostor.issuer));
            impostor.says(Says { discovery: BTreeMap::from([("issuer", other)]), ..Says::default() });
            let answer = world.browser().get(&format!("/sso/{id}/start")).await;
            assert!(answer.is(502).body.contains("cannot be reached"), "{what}");
        }
    }

    async fn an_answer_that_names_another_issuer_is_a_mix_up(world) {
        let honest = Impostor::join(world, "honest", json!({})).await;
        let attacker = Impostor::join(world, "attacker", json!({})).await;
        let states = BTreeMap::from([("authorization_response_iss_parameter_supported", json!(true))]);
        attacker.says(Says { discovery: states, ..Says::default() });
        let browser = world.browser();
        let state = parameter(&attacker.set_out(&browser, "/sso/attacker/start").await, "state");
        // The attacker led the browser to the honest provider, whose code comes back to the attacker's address.
        for issuer in [Some(honest.issuer.as_str()), Some(""), None] {
            let mut fields = vec![("code", "code"), ("state", state.as_str())];
            fields.extend(issuer.map(|issuer| ("iss", issuer)));
            browser.get(&callback("attacker", &fields)).await.is(502);
        }
        // And the other way: the attacker's state at the honest provider's address, and the reverse.
        let own = [("code", "code"), ("state", state.as_str()), ("iss", honest.issuer.as_str())];
        browser.get(&callback("honest", &own)).await.error_page("access_denied");
        let state = parameter(&honest.set_out(&browser, "/sso/honest/start").await, "state");
        browser.get(&callback("attacker", &[("code", "code"), ("state", &state)])).await.error_page("access_denied");
        assert!(honest.heard("/token").is_empty() && attacker.heard("/token").is_empty(), "no code went anywhere");
        assert!(!is_signed_in(&browser).await);
    }

    async fn a_state_is_good_once_in_its_own_browser_and_for_half_an_hour(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let (victim, thief) = (world.browser(), world.browser());
        let state = parameter(&impostor.set_out(&victim, "/sso/idp/start").await, "state");
        // Somebody else's answer, in a browser that set out itself and in one that did not.
        impostor.come_back(&thief, &state).await.error_page("access_denied");
        thief.get("/login").await;
        impostor.come_back(&thief, &state).await.error_page("access_denied");
        assert!(!is_signed_in(&thief).await && impostor.heard("/token").is_empty());
        impostor.come_back(&victim, &state).await.is(303);
        // The provider would take the code again; the state is over.
        impostor.come_back(&victim, &state).await.error_page("access_denied");
        for broken in ["", "x", &state[..state.len() - 1], &format!("{state}x")] {
            impostor.come_back(&victim, broken).await.error_page("access_denied");
        }
        let late = world.browser();
        let state = parameter(&impostor.set_out(&late, "/sso/idp/start").await, "state");
        world.advance(1_800);
        impostor.come_back(&late, &state).await.error_page("access_denied");
        victim.get("/sso/idp/callback?state=a&state=b").await.error_page("invalid_request");
    }

    async fn the_state_of_another_tab_fits_no_other_answer(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let browser = world.browser();
        let one = impostor.set_out(&browser, "/sso/idp/start").await;
        let two = impostor.set_out(&browser, "/sso/idp/start").await;
        assert_ne!(parameter(&one, "code_challenge"), parameter(&two, "code_challenge"));
        // The provider answers the second; its token does not fit the first tab's nonce.
        let answer = impostor.come_back(&browser, &parameter(&one, "state")).await;
        answer.is(502);
        impostor.knows_verifier_of(&one);
        assert!(!is_signed_in(&browser).await);
        impostor.come_back(&browser, &parameter(&two, "state")).await.is(303);
        impostor.knows_verifier_of(&two);
    }

    async fn an_address_is_never_a_key(world) {
        let impostor = Impostor::join(world, "idp", json!({"trust_email": true})).await;
        let alice = id_of(&api(world).await, "alice").await;
        for verified in [false, true] {
            let mail = [("email", json!("alice@example.com")), ("email_verified", json!(verified))];
            let mut named = BTreeMap::from(mail);
            named.insert("preferred_username", json!("alice"));
            named.insert("sub", json!(format!("attacker-{verified}")));
            let userinfo = named.clone();
            impostor.says(Says { claims: named, userinfo, ..Says::default() });
            let browser = world.browser();
            impostor.round_trip(&browser).await.is(303);
            let app = world.app(&format!("app-{verified}")).await;
            let tokens = app.tokens(&browser.code(&app.id, "nobody", "openid profile email").await).await;
            let told = app.userinfo(&tokens.access).await.ok();
            assert_ne!(told["sub"], alice.as_str(), "verified: {verified}");
            assert_ne!(told["preferred_username"], "alice-of-old");
            assert_eq!(told["email_verified"], verified);
        }
    }

    async fn two_providers_with_one_subject_are_two_people(world) {
        let (one, two) = (Impostor::join(world, "one", json!({})).await, Impostor::join(world, "two", json!({})).await);
        let app = world.app("app").await;
        let mut subjects = Vec::new();
        for impostor in [&one, &two] {
            let browser = world.browser();
            impostor.round_trip(&browser).await.is(303);
            let tokens = app.tokens(&browser.code("app", "nobody", "openid").await).await;
            subjects.push(claims(&tokens.id)["sub"].clone());
        }
        assert_ne!(subjects[0], subjects[1]);
        // Whatever mail is claimed there, the person stays the one of the subject.
        two.says(Says { userinfo: BTreeMap::from([("email", json!("other@corp.example"))]), ..Says::default() });
        let browser = world.browser();
        two.round_trip(&browser).await.is(303);
        let tokens = app.tokens(&browser.code("app", "nobody", "openid").await).await;
        assert_eq!(claims(&tokens.id)["sub"], subjects[1]);
    }

    async fn a_provider_at_a_private_address_is_never_called(world) {
        let admin = api(world).await;
        for (id, issuer) in [("metadata", "https://169.254.169.254"), ("inner", "https://10.0.0.1:9/x"), ("six", "https://[fd00::1]")] {
            admin.post("/providers", json!({"id": id, "issuer": issuer, "client_id": "x"})).await.is(201);
            world.browser().get(&format!("/sso/{id}/start")).await.is(502);
        }
        for issuer in ["http://10.0.0.1", "file:///etc/passwd", "gopher://x", "https://u:p@id.example", "javascript:1"] {
            let asked = json!({"id": "bad", "issuer": issuer, "client_id": "x"});
            let problem = admin.post("/providers", asked).await.problem(400);
            assert_eq!(problem["errors"][0]["field"], "issuer", "{issuer}");
        }
        // Nor when a good discovery document leads there.
        let impostor = Impostor::open(world, "leads").await;
        let inwards = BTreeMap::from([("jwks_uri", json!("https://169.254.169.254/keys"))]);
        impostor.says(Says { discovery: inwards, ..Says::default() });
        admin.post("/providers", json!({"id": "leads", "issuer": impostor.issuer, "client_id": "x"})).await.is(201);
        world.browser().get("/sso/leads/start").await.is(502);
    }

    async fn a_fresh_sign_in_is_shown_or_refused(world) {
        let impostor = Impostor::join(world, "idp", json!({"max_age": 600, "acr_values": ["gold"]})).await;
        for (what, acr, auth_time, lets_in) in [
            ("fresh and strong", json!("gold"), impostor.at(0), true),
            ("old", json!("gold"), impostor.at(-700), false),
            ("of no age", json!("gold"), Value::Null, false),
            ("weak", json!("silver"), impostor.at(0), false),
            ("of no level", Value::Null, impostor.at(0), false),
        ] {
            let changes = BTreeMap::from([("acr", acr), ("auth_time", auth_time)]);
            let says = Says { claims: changes, ..Says::default() };
            if lets_in {
                impostor.says(says);
                let browser = world.browser();
                let address = impostor.set_out(&browser, "/sso/idp/start").await;
                assert_eq!((parameter(&address, "max_age"), parameter(&address, "acr_values")), ("600".into(), "gold".into()));
                impostor.come_back(&browser, &parameter(&address, "state")).await.is(303);
            } else {
                is_turned_away(world, &impostor, says, what).await;
            }
        }
    }

    async fn what_a_client_asks_for_is_asked_there_and_enforced(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let app = world.app("app").await;
        for (asked, sent, old) in [
            (("prompt", "login"), ("prompt", "login"), -60),
            (("prompt", "select_account"), ("prompt", "login select_account"), 0),
            (("max_age", "100"), ("max_age", "100"), -200),
        ] {
            let browser = world.browser();
            let page = browser.authorize(&app.id, &[asked]).await;
            let address = impostor.set_out(&browser, &super::way(&page, "idp")).await;
            assert_eq!(parameter(&address, sent.0), sent.1);
            if old < 0 {
                impostor.says(claim("auth_time", impostor.at(old)));
                impostor.come_back(&browser, &parameter(&address, "state")).await.is(403);
                assert!(!is_signed_in(&browser).await);
            }
            impostor.says(Says::default());
            let page = browser.authorize(&app.id, &[asked]).await;
            let address = impostor.set_out(&browser, &super::way(&page, "idp")).await;
            let answer = impostor.come_back(&browser, &parameter(&address, "state")).await;
            assert!(answer.home(crate::stage::HOME).contains_key("code"), "{asked:?}");
        }
    }
}
