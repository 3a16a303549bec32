//! Two Doorwards, one the other's upstream: sign-in, attributes and roles, and sign-out in both directions.

use serde_json::{Value, json};

use super::{Traveller, api, company, is_signed_in, joined, way};
use crate::admin::id_of;
use crate::client::claims;
use crate::stage::HOME;
use crate::world::{World, on_both};

/// Alice signs in to an app here, as the company knows her; gives the ID token's claims.
async fn sign_in(traveller: &Traveller<'_>, world: &World, app: &crate::client::Client) -> Value {
    let page =
        traveller.open(&crate::browser::authorization(&app.id, &[("scope", "openid profile email roles")])).await;
    assert!(page.url.as_str().starts_with(&world.issuer), "{}", page.url);
    let answer = traveller.sign_in_there(&page, "alice").await;
    let code = answer.home(HOME)["code"].clone();
    claims(&app.tokens(&code).await.id)
}

async fn session(world: &World, sid: &Value) -> Value {
    api(world).await.get(&format!("/sessions/{}", sid.as_str().unwrap())).await.ok()
}

on_both! {
    async fn a_person_of_the_company_is_a_person_here(world) {
        let company = company().await;
        let (here, there) = (world.browser(), company.browser());
        joined(world, &company, json!({"trust_email": true, "scopes": "openid profile email roles",
            "claims": {"roles": "roles"}, "role_map": {"reader": ["employee"]}})).await;
        let app = world.app("app").await;
        let traveller = Traveller::new((world, &here), (&company, &there));
        let id_token = sign_in(&traveller, world, &app).await;
        let theirs = id_of(&api(&company).await, "alice").await;
        assert_ne!(id_token["sub"], theirs.as_str());
        assert_eq!((&id_token["acr"], &id_token["amr"]), (&json!("urn:doorward:acr:password"), &json!(["pwd"])));
        let found = session(world, &id_token["sid"]).await;
        assert_eq!((&found["upstream"]["provider"], &found["upstream"]["subject"]), (&json!("company"), &json!(theirs)));
        let admin = api(world).await;
        let person = admin.get(&format!("/users/{}", id_token["sub"].as_str().unwrap())).await.ok();
        // Alice's name is taken here, by somebody else.
        assert_eq!(person["username"], "alice@example.com");
        let told = [&person["email"], &person["email_verified"], &person["name"], &person["roles"]];
        assert_eq!(told, [&json!("alice@example.com"), &json!(true), &json!("alice"), &json!(["employee"])]);
        // The second time it is the same person, and nobody is asked anything there.
        let again = world.browser();
        let traveller = Traveller::new((world, &again), (&company, &there));
        let page = traveller.open(&crate::browser::authorization(&app.id, &[])).await;
        let home = traveller.open(&way(&page, "company")).await.home(HOME);
        assert_eq!(claims(&app.tokens(&home["code"]).await.id)["sub"], id_token["sub"]);
        company.finish().await;
    }

    async fn what_changes_there_changes_here_at_the_next_sign_in(world) {
        let company = company().await;
        joined(world, &company, json!({"scopes": "openid profile email roles", "claims": {"roles": "roles"},
            "role_map": {"reader": ["employee"], "chief": ["boss"]}})).await;
        let app = world.app("app").await;
        let (here, there) = (world.browser(), company.browser());
        let traveller = Traveller::new((world, &here), (&company, &there));
        let sub = sign_in(&traveller, world, &app).await["sub"].as_str().unwrap().to_owned();
        let (ours, theirs) = (api(world).await, api(&company).await);
        ours.patch(&format!("/users/{sub}"), json!({"roles": ["employee", "own"]})).await.is(200);
        let alice = id_of(&theirs, "alice").await;
        theirs.patch(&format!("/users/{alice}"), json!({"roles": ["chief"], "name": "Alice L."})).await.is(200);
        let here = world.browser();
        let traveller = Traveller::new((world, &here), (&company, &there));
        sign_in(&traveller, world, &app).await;
        let person = ours.get(&format!("/users/{sub}")).await.ok();
        assert_eq!((&person["roles"], &person["name"]), (&json!(["own", "boss"]), &json!("Alice L.")));
        company.finish().await;
    }

    async fn signing_out_here_signs_out_there(world) {
        let company = company().await;
        joined(world, &company, json!({})).await;
        let app = world.app("app").await;
        let (here, there) = (world.browser(), company.browser());
        let traveller = Traveller::new((world, &here), (&company, &there));
        sign_in(&traveller, world, &app).await;
        assert!(is_signed_in(&here).await && is_signed_in(&there).await);
        let page = here.get("/logout").await;
        assert!(!page.header("content-security-policy").unwrap().contains("form-action"), "the way out leads there");
        let answer = here.submit(&page, "/logout", &[("scope", "browser")]).await;
        assert!(answer.is(303).location().as_str().starts_with(&company.issuer), "{}", answer.location());
        let end = traveller.follow(answer).await;
        assert_eq!(end.is(200).url.path(), "/sso/company/signed-out");
        assert!(end.body.contains("You are signed out") && !is_signed_in(&here).await && !is_signed_in(&there).await);
        company.finish().await;
    }

    async fn a_client_that_signs_out_gets_its_browser_back(world) {
        let company = company().await;
        joined(world, &company, json!({})).await;
        let app = world.app("app").await;
        let (here, there) = (world.browser(), company.browser());
        let traveller = Traveller::new((world, &here), (&company, &there));
        let page = traveller.open(&crate::browser::authorization(&app.id, &[])).await;
        let code = traveller.sign_in_there(&page, "alice").await.home(HOME)["code"].clone();
        let hint = app.tokens(&code).await.id;
        let back = "https://app.example/bye";
        let target = format!("/oauth2/logout?id_token_hint={hint}&post_logout_redirect_uri={back}&state=s");
        let end = traveller.open(&target).await;
        assert_eq!(end.is(303).location().as_str(), format!("{back}?state=s"));
        assert!(!is_signed_in(&here).await && !is_signed_in(&there).await);
        company.finish().await;
    }

    async fn signing_out_there_ends_what_came_from_it_here(world) {
        let company = company().await;
        joined(world, &company, json!({})).await;
        let app = world.app("app").await;
        let (here, there) = (world.browser(), company.browser());
        let traveller = Traveller::new((world, &here), (&company, &there));
        let sid = sign_in(&traveller, world, &app).await["sid"].clone();
        // The same person in another browser, by another session there.
        let (phone, company_phone) = (world.browser(), company.browser());
        sign_in(&Traveller::new((world, &phone), (&company, &company_phone)), world, &app).await;
        // And somebody who signed in by a password.
        let bob = world.browser();
        bob.sign_in("bob").await;
        let page = there.get("/logout").await;
        there.submit(&page, "/logout", &[("scope", "browser")]).await.is(200);
        company.courier().run_out().await.unwrap();
        let found = session(world, &sid).await;
        let end = [&found["state"], &found["end_reason"], &found["end_initiator"]];
        assert_eq!(end, [&json!("ended"), &json!("upstream_logout"), &json!("system")]);
        assert!(!is_signed_in(&here).await && is_signed_in(&phone).await && is_signed_in(&bob).await);
        let report = api(&company).await.get("/deliveries?client_id=doorward").await.ok();
        assert_eq!(report["items"][0]["state"], "delivered", "{report}");
        company.finish().await;
    }

    async fn a_session_ends_when_the_one_there_must(world) {
        let company = company().await;
        joined(world, &company, json!({})).await;
        let app = world.app("app").await;
        let (here, there) = (world.browser(), company.browser());
        there.sign_in("alice").await;
        // It began there hours ago.
        for _ in 0..46 {
            company.advance(1_799);
            world.advance(1_799);
            assert!(is_signed_in(&there).await);
        }
        let traveller = Traveller::new((world, &here), (&company, &there));
        let id_token = sign_in(&traveller, world, &app).await;
        let found = session(world, &id_token["sid"]).await;
        assert_eq!(id_token["session_expiry"], claims_of_company_end(&company).await);
        assert_eq!(found["absolute_policy"], "provider:company", "{found}");
        // Where policy does not follow it, ours lasts as long as any.
        api(world).await.patch("/providers/company", json!({"follow_session_end": false})).await.is(200);
        let again = world.browser();
        let id_token = sign_in(&Traveller::new((world, &again), (&company, &there)), world, &app).await;
        assert_eq!(session(world, &id_token["sid"]).await["absolute_policy"], "default");
        company.finish().await;
    }

    async fn who_proves_it_again_there_may_go_on_here(world) {
        let company = company().await;
        joined(world, &company, json!({})).await;
        let app = world.client("app", json!({})).await;
        let (here, there) = (world.browser(), company.browser());
        let traveller = Traveller::new((world, &here), (&company, &there));
        let page = traveller.open(&crate::browser::authorization(&app.id, &[])).await;
        let consent = traveller.sign_in_there(&page, "alice").await;
        here.submit(&consent, "/consent", &[("decision", "allow")]).await.is(303);
        world.advance(400);
        company.advance(400);
        let page = here.get("/account/apps").await;
        let detour = here.submit(&page, "/account/apps/app/revoke", &[]).await;
        let login = here.follow(detour).await;
        assert!(login.body.contains("Confirm it is you"));
        let there_page = traveller.open(&way(&login, "company")).await;
        assert!(there_page.url.as_str().starts_with(&format!("{}/login", company.issuer)), "asked again: {}", there_page.url);
        let answer = there.log_in(&there_page, "alice", crate::stage::PASSWORD).await;
        let back = traveller.follow(answer).await;
        assert_eq!(back.is(200).url.path(), "/account/apps");
        let page = here.get("/account/apps").await;
        assert_eq!(here.submit(&page, "/account/apps/app/revoke", &[]).await.is(303).location().path(), "/account/apps");
        company.finish().await;
    }

    async fn a_provider_that_is_off_or_gone_lets_nobody_in_and_keeps_nobody(world) {
        let company = company().await;
        joined(world, &company, json!({})).await;
        let admin = api(world).await;
        let app = world.app("app").await;
        let mut sub = Value::Null;
        for way_out in ["off", "gone"] {
            let (here, there) = (world.browser(), company.browser());
            let traveller = Traveller::new((world, &here), (&company, &there));
            let id_token = sign_in(&traveller, world, &app).await;
            if way_out == "off" {
                admin.patch("/providers/company", json!({"enabled": false})).await.is(200);
            } else {
                admin.delete("/providers/company").await.is(204);
            }
            let found = session(world, &id_token["sid"]).await;
            assert_eq!((&found["state"], &found["end_reason"]), (&json!("ended"), &json!("credential_removed")), "{way_out}");
            assert!(!is_signed_in(&here).await && !here.get("/login").await.body.contains("/sso/company/"));
            here.get("/sso/company/start").await.error_page("invalid_request");
            assert!(sub == Value::Null || sub == id_token["sub"], "the same person as before");
            sub = id_token["sub"].clone();
            if way_out == "off" {
                admin.patch("/providers/company", json!({"enabled": true})).await.is(200);
            }
        }
        company.finish().await;
    }
}

/// When the newest session of the company's alice ends there.
async fn claims_of_company_end(company: &World) -> Value {
    let admin = api(company).await;
    let alice = id_of(&admin, "alice").await;
    let sessions = admin.get(&format!("/users/{alice}/sessions")).await.ok();
    let end = sessions["items"][0]["absolute_end"].as_str().unwrap().to_owned();
    json!(chrono::DateTime::parse_from_rfc3339(&end).unwrap().timestamp())
}
