//! People who come by a SAML provider (SAML Profiles section 4.1; SAML Core sections 2 and 3.4).

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::saml::{ASSERTION, METADATA, PROTOCOL, written};
use serde_json::{Value, json};

use super::oracle::{EC_CERTIFICATE, EC_KEY, IDP_KEY, sign, template, verifies};
use super::{Asked, PERSISTENT, bring, changed, join, our_certificate, round_trip, set_out, set_out_by};
use crate::browser::Browser;
use crate::client::claims;
use crate::stage::HOME;
use crate::upstream::linking::{ask, removal};
use crate::upstream::{api, is_signed_in, way};
use crate::world::{World, on_both};

const SILVER: &str = "urn:doorward:acr:mfa";

async fn people(world: &World) -> usize {
    api(world).await.get("/users").await.ok()["items"].as_array().unwrap().len()
}

/// From the login page of a client's request to the provider.
async fn asked_by_client(world: &World, browser: &Browser, more: &[(&str, &str)]) -> Asked {
    let page = browser.authorize("app", more).await;
    set_out_by(world, browser, ("corp", &way(&page, "corp"))).await
}

on_both! {
    async fn a_person_comes_with_what_the_provider_says_of_them(world) {
        let mapped = json!({
            "claims": {"email": "urn:oid:0.9.2342.19200300.100.1.3", "username": "NameID", "roles": "groups"},
            "role_map": {"staff": ["employee"]}, "trust_email": true,
        });
        join(world, "corp", mapped).await;
        let app = world.app("app").await;
        let browser = world.browser();
        let asked = asked_by_client(world, &browser, &[("scope", "openid profile email roles")]).await;
        assert_eq!(asked.request.attribute("ForceAuthn"), None);
        assert_eq!(asked.request.attribute("AssertionConsumerServiceURL"), Some(&*format!("{}/sso/corp/acs", world.issuer)));
        let policy = asked.request.one(PROTOCOL, "NameIDPolicy").unwrap();
        assert_eq!(policy.attribute("Format"), Some(PERSISTENT));
        let answer = bring(&browser, &asked, &asked.answer(world, &[])).await;
        let home = browser.follow(answer).await.home(HOME);
        let id_token = claims(&app.tokens(&home["code"]).await.id);
        assert_eq!(id_token["auth_time"], world.clock.now().timestamp());
        let path = format!("/users/{}", id_token["sub"].as_str().unwrap());
        let person = api(world).await.get(&path).await.ok();
        let told = [&person["username"], &person["email"], &person["email_verified"], &person["name"], &person["roles"]];
        let expected = [&json!("ann-there"), &json!("ann@corp.example"), &json!(true), &json!("Ann of Corp"), &json!(["employee"])];
        assert_eq!(told, expected);
        // Again, with another name: the same person, brought up to date.
        let before = people(world).await;
        round_trip(world, &world.browser(), &[("Ann of Corp", "Ann Elsewhere")]).await.is(303);
        assert_eq!(people(world).await, before);
        assert_eq!(api(world).await.get(&path).await.ok()["name"], "Ann Elsewhere");
        // The same name at another provider is somebody else.
        join(world, "other", json!({"issuer": "https://other.example/metadata"})).await;
        let browser = world.browser();
        let asked = set_out(world, &browser, "other").await;
        let theirs = asked.answer(world, &[("https://idp.example/metadata", "https://other.example/metadata")]);
        bring(&browser, &asked, &theirs.replace(super::IDP, "https://other.example/metadata")).await.is(303);
        assert_eq!(people(world).await, before + 1);
    }

    async fn a_form_of_another_site_is_sent_once_more_from_here(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let asked = set_out(world, &browser, "corp").await;
        let response = asked.answer(world, &[]);
        // As a browser sends what a page of another site posts: without cookies that are SameSite=Lax.
        let page = bring(&world.browser(), &asked, &response).await;
        assert!(page.is(200).body.contains("document.forms[0].submit()"));
        assert!(page.header("set-cookie").is_none(), "nothing begins by a form of another site");
        let fields = page.form("/sso/corp/acs");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = browser.post("/sso/corp/acs", &fields).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        assert!(is_signed_in(&browser).await);
        assert!(browser.cookies().keys().all(|name| !name.contains("doorward-way")), "what was kept is gone");
        // Who has no such cookie is not asked a third time.
        world.browser().post("/sso/corp/acs", &fields).await.is(403);
    }

    async fn a_sign_in_anew_and_a_level_are_asked_for_and_held_to(world) {
        join(world, "corp", json!({"levels": {"urn:gold": SILVER}})).await;
        let app = world.app("app").await;
        for more in [("prompt", "login"), ("max_age", "300")] {
            let browser = world.browser();
            let asked = asked_by_client(world, &browser, &[more]).await;
            assert_eq!(asked.request.attribute("ForceAuthn"), Some("true"), "{more:?}");
            let instant = format!("AuthnInstant=\"{}\"", written(world.clock.now()));
            let old = format!("AuthnInstant=\"{}\"", written(world.clock.now() - TimeDelta::seconds(400)));
            bring(&browser, &asked, &asked.answer(world, &[(&instant, &old)])).await.is(403);
            assert!(!is_signed_in(&browser).await);
        }
        let browser = world.browser();
        let asked = asked_by_client(world, &browser, &[("acr_values", SILVER)]).await;
        let context = asked.request.one(PROTOCOL, "RequestedAuthnContext").unwrap();
        assert_eq!(context.one(ASSERTION, "AuthnContextClassRef").unwrap().text(), Ok("urn:gold"));
        let answer = bring(&browser, &asked, &asked.answer(world, &[])).await;
        let home = browser.follow(answer).await.home(HOME);
        assert_eq!(claims(&app.tokens(&home["code"]).await.id)["acr"], SILVER);
        // A level that the admin demands.
        join(world, "strict", json!({"acr_values": ["urn:platinum"]})).await;
        let asked = set_out(world, &browser, "strict").await;
        bring(&browser, &asked, &asked.answer(world, &[])).await.is(403);
    }

    async fn a_session_ends_when_the_one_there_must(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let end = written(world.clock.now() + TimeDelta::seconds(600));
        round_trip(world, &browser, &[("SessionIndex", &format!("SessionNotOnOrAfter=\"{end}\" SessionIndex"))]).await.is(303);
        world.advance(599);
        assert!(is_signed_in(&browser).await);
        world.advance(2);
        assert!(!is_signed_in(&browser).await);
    }

    async fn a_person_who_is_here_links_an_account_there(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let asked = Asked::read(world, "corp", &ask(&browser, "corp").await.is(303).location()).await;
        let before = people(world).await;
        let answer = bring(&browser, &asked, &asked.answer(world, &[])).await;
        assert_eq!(answer.is(303).location().path(), "/account/identities");
        // From now on it lets her in.
        let another = world.browser();
        round_trip(world, &another, &[]).await.is(303);
        assert!(another.get("/account").await.is(200).body.contains("alice"));
        assert_eq!(people(world).await, before);
    }

    async fn the_last_way_in_stays(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        round_trip(world, &browser, &[]).await.is(303);
        let page = browser.get("/account/identities").await;
        let refused = browser.submit(&page, &removal(&page), &[]).await;
        assert!(refused.is(409).body.contains("only way you can sign in"), "{}", refused.body);
    }

    async fn roles_in_attributes_of_one_name_are_all_heard(world) {
        let roles = json!({"role_map": {"staff": ["employee"], "audit": ["auditor"]}, "claims": {"roles": "groups"}});
        join(world, "corp", roles).await;
        let again = "<saml:Attribute Name=\"groups\"><saml:AttributeValue>audit</saml:AttributeValue></saml:Attribute>\
                     </saml:AttributeStatement>";
        round_trip(world, &world.browser(), &[("</saml:AttributeStatement>", again)]).await.is(303);
        let people = api(world).await.get("/users").await.ok();
        let has = |user: &Value, role: &str| user["roles"].as_array().is_some_and(|roles| roles.contains(&json!(role)));
        let people = people["items"].as_array().unwrap();
        assert!(people.iter().any(|user| has(user, "employee") && has(user, "auditor")), "{people:?}");
    }

    async fn whoever_signs_as_it_may_is_believed(world) {
        join(world, "corp", json!({"certificates": [super::oracle::OTHER_CERTIFICATE, EC_CERTIFICATE, super::IDP_CERTIFICATE]})).await;
        for (algorithm, key) in [("rsa-sha256", IDP_KEY), ("rsa-sha512", IDP_KEY), ("ecdsa-sha256", EC_KEY)] {
            let browser = world.browser();
            let asked = set_out(world, &browser, "corp").await;
            let assertion = asked.assertion(world).replace("<!--signature-->", &template(&format!("_of{}", asked.id), algorithm));
            let signed = sign(world.folder(), &assertion, (ASSERTION, "Assertion"), key);
            bring(&browser, &asked, &asked.response(world, &signed).replace("<!--around-->", "")).await.is(303);
            assert!(is_signed_in(&browser).await, "{algorithm}");
        }
    }

    async fn a_signature_around_is_enough_where_the_admin_says_so(world) {
        join(world, "corp", json!({})).await;
        join(world, "around", json!({"signed_assertions": false})).await;
        for (provider, status) in [("corp", 502), ("around", 303)] {
            let browser = world.browser();
            let asked = set_out(world, &browser, provider).await;
            let response = asked.response(world, &asked.assertion(world).replace("<!--signature-->", ""));
            let response = response.replace("<!--around-->", &template(&format!("_response-to{}", asked.id), "rsa-sha256"));
            let signed = sign(world.folder(), &response, (PROTOCOL, "Response"), IDP_KEY);
            let touched = changed(&signed, &[(">ann-there<", ">root<")]);
            bring(&browser, &asked, &touched).await.is(502);
            bring(&browser, &asked, &signed).await.is(status);
        }
    }

    async fn our_metadata_is_signed_and_says_where_we_are(world) {
        let made = join(world, "corp", json!({})).await;
        let metadata = world.browser().get("/sso/corp/metadata").await;
        assert_eq!(metadata.is(200).header("content-type"), Some("application/samlmetadata+xml"));
        let ours = our_certificate(world, "corp").await;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", ours.text());
        let element = (METADATA, "EntityDescriptor");
        assert!(verifies(world.folder(), &metadata.body, element, &pem));
        assert!(!verifies(world.folder(), &metadata.body.replacen("/acs", "/abs", 1), element, &pem));
        for member in ["entity_id", "acs_uri", "single_logout_uri"] {
            assert!(metadata.body.contains(&format!("\"{}\"", made[member].as_str().unwrap())), "{member}");
        }
        assert_eq!(made["metadata_uri"], format!("{}/sso/corp/metadata", world.issuer));
        // Nobody else's is shown.
        world.browser().get("/sso/nobody/metadata").await.is(400);
    }

    async fn a_request_that_no_cookie_holds_says_so(world) {
        join(world, "corp", json!({})).await;
        world.app("app").await;
        let browser = world.browser();
        let long = "x".repeat(2_048);
        let page = browser.authorize("app", &[("state", &long), ("nonce", &long)]).await;
        browser.get(&way(&page, "corp")).await.error_page("invalid_request");
        let page = browser.authorize("app", &[("state", &"x".repeat(1_000))]).await;
        browser.get(&way(&page, "corp")).await.is(303);
    }

    async fn what_a_browser_keeps_stays_small(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        for _ in 0..20 {
            set_out(world, &browser, "corp").await;
        }
        let kept: usize = browser.cookies().values().map(String::len).sum();
        assert!(kept < 6_500, "{kept}");
        round_trip(world, &browser, &[]).await.is(303);
    }

    async fn tabs_do_not_disturb_each_other(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let (one, two) = (set_out(world, &browser, "corp").await, set_out(world, &browser, "corp").await);
        bring(&browser, &two, &two.answer(world, &[])).await.is(303);
        bring(&browser, &one, &one.answer(world, &[])).await.is(303);
        assert!(is_signed_in(&browser).await);
    }
}
