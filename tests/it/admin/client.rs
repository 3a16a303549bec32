//! `/api/v1/clients`.

use reqwest::Method;
use serde_json::json;

use super::{Api, column, fields};
use crate::client::Client;
use crate::world::{World, on_both};

const URI: &str = "https://app.example/callback";

fn machine(world: &World, id: &str, secret: &str) -> Client {
    Client { http: world.http(), issuer: world.issuer.clone(), id: id.into(), secret: Some(secret.into()) }
}

on_both! {
    async fn a_client_is_made_and_shown_its_secret_once(world) {
        let api = Api::of(world).await;
        let answer = api.post("/clients", json!({"grant_types": ["client_credentials"], "scope": "read"})).await;
        let made = answer.is(201).json();
        let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
        assert_eq!((made["client_secret_expires_at"].as_i64(), secret.len()), (Some(0), 43));
        assert!(made["client_id_issued_at"].as_i64().unwrap() > 1_700_000_000);
        assert_eq!(answer.header("location").unwrap(), format!("/api/v1/clients/{id}"));
        let answer = api.get(&format!("/clients/{id}")).await;
        let found = answer.ok();
        assert!(answer.header("etag").is_some() && !answer.body.contains(secret));
        assert_eq!((found.get("client_secret"), &found["scope"]), (None, &json!("read")));
        machine(world, id, secret).client_credentials(&[]).await.ok();
    }

    async fn a_client_may_have_a_chosen_id(world) {
        let api = Api::of(world).await;
        let body = json!({"client_id": "my.app-1", "redirect_uris": [URI], "token_endpoint_auth_method": "none"});
        let made = api.post("/clients", body.clone()).await.is(201).json();
        assert_eq!((made["client_id"].as_str(), made.get("client_secret")), (Some("my.app-1"), None));
        assert_eq!(fields(&api.post("/clients", body).await, 409), ["client_id"]);
        assert!(column(&api.get("/clients").await.ok(), "client_id").contains(&"my.app-1".to_owned()));
    }

    async fn a_client_that_cannot_be_is_named(world) {
        let api = Api::of(world).await;
        let private = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "x"}]});
        for (body, wrong) in [
            (json!({}), "redirect_uris"),
            (json!({"redirect_uris": URI}), "redirect_uris"),
            (json!({"redirect_uris": [URI, 5]}), "redirect_uris.1"),
            (json!({"redirect_uris": ["http://app.example/"]}), "redirect_uris"),
            (json!({"redirect_uris": ["javascript:alert(1)"]}), "redirect_uris"),
            (json!({"redirect_uris": ["https://app.example/#x"]}), "redirect_uris"),
            (json!({"redirect_uris": [URI], "client_id": "a b"}), "client_id"),
            (json!({"redirect_uris": [URI], "client_id": ""}), "client_id"),
            (json!({"redirect_uris": [URI], "client_id": "00000000-0000-7000-8000-000000000000"}), "client_id"),
            (json!({"redirect_uris": [URI], "client_secret": "x"}), "client_secret"),
            (json!({"redirect_uris": [URI], "jwks_uri": "http://app.example/jwks"}), "jwks_uri"),
            (json!({"redirect_uris": [URI], "token_endpoint_auth_method": "magic"}), "token_endpoint_auth_method"),
            (json!({"redirect_uris": [URI], "token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
            (json!({"redirect_uris": [URI], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}}), "jwks"),
            (json!({"redirect_uris": [URI], "jwks": private}), "jwks"),
            (json!({"redirect_uris": [URI], "grant_types": ["password"]}), "grant_types"),
            (json!({"redirect_uris": [URI], "session_idle": "1 week"}), "session_idle"),
            (json!({"redirect_uris": [URI], "default_max_age": -1}), "default_max_age"),
            (json!({"redirect_uris": [URI], "scope": ["a"]}), "scope"),
            (json!({"redirect_uris": [URI], "client_name": "x\u{7}"}), "client_name"),
            (json!({"redirect_uris": [URI], "client_name": "\0"}), "client_name"),
            (json!({"redirect_uris": [URI], "skip_consent": "yes"}), "skip_consent"),
            (json!({"redirect_uris": [URI], "disabled": 1}), "disabled"),
        ] {
            assert_eq!(fields(&api.post("/clients", body.clone()).await, 400), [wrong], "{body}");
        }
    }

    async fn a_patch_is_merged_and_checked_as_a_whole(world) {
        let api = Api::of(world).await;
        world.app("app").await;
        let answer = api.patch("/clients/app", json!({"client_name": "New", "session_idle": "15m"})).await;
        let changed = answer.ok();
        assert_eq!((&changed["client_name"], &changed["session_idle"]), (&json!("New"), &json!("15m")));
        assert_eq!((changed.get("client_secret"), answer.header("etag")), (None, Some("\"2\"")));
        let answer = api.patch("/clients/app", json!({"session_idle": null})).await;
        assert_eq!((answer.ok().get("session_idle"), answer.header("etag")), (None, Some("\"3\"")));
        for (body, wrong) in [
            (json!({"redirect_uris": []}), "redirect_uris"),
            (json!({"redirect_uris": null}), "redirect_uris"),
            (json!({"client_id": "other"}), "client_id"),
            (json!({"created_at": "x"}), "created_at"),
            (json!({"grant_types": ["client_credentials"]}), "grant_types"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
            (json!({"planet": "earth"}), "planet"),
        ] {
            assert_eq!(fields(&api.patch("/clients/app", body.clone()).await, 400), [wrong], "{body}");
        }
        assert_eq!(api.get("/clients/app").await.header("etag"), Some("\"3\""), "a refusal changes nothing");
        for stale in ["\"2\"", "W/\"3\"", ""] {
            let body = Some(json!({"client_name": "x"}));
            api.call(Method::PATCH, "/clients/app", Some(stale), body).await.problem(412);
            api.call(Method::DELETE, "/clients/app", Some(stale), None).await.problem(412);
        }
        api.call(Method::PATCH, "/clients/app", Some("\"3\""), Some(json!({"client_name": "x"}))).await.ok();
        api.patch("/clients/nobody", json!({})).await.problem(404);
        api.call(Method::DELETE, "/clients/app", Some("*"), None).await.is(204);
    }

    async fn a_client_gets_and_loses_its_secret_with_its_method(world) {
        let api = Api::of(world).await;
        let made = world.backend("app").await;
        let old = made.secret.unwrap();
        let method = |method: &str| json!({"token_endpoint_auth_method": method});
        let same = api.patch("/clients/app", method("client_secret_post")).await.ok();
        assert_eq!(same.get("client_secret"), None, "a secret stays one by any way");
        api.patch("/clients/app", method("none")).await.ok();
        api.post("/clients/app/secrets", json!({})).await.problem(409);
        let again = api.patch("/clients/app", method("client_secret_basic")).await.ok();
        let new = again["client_secret"].as_str().unwrap();
        assert_ne!(new, old);
        machine(world, "app", &old).revoke("x").await.refused("invalid_client");
        machine(world, "app", new).revoke("x").await.is(200);
    }

    async fn an_old_secret_lives_for_the_overlap(world) {
        let api = Api::of(world).await;
        let old = world.machine("robot", json!({})).await;
        let answer = api.post("/clients/robot/secrets", json!({})).await.is(201).json();
        assert_eq!(answer["client_secret_expires_at"], 0);
        let new = machine(world, "robot", answer["client_secret"].as_str().unwrap());
        let end = (doorward::base::clock::Clock::now(&world.clock) + chrono::TimeDelta::hours(24)).to_rfc3339();
        let told: chrono::DateTime<chrono::Utc> = answer["previous_expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(told.to_rfc3339(), end);
        world.advance(86_399);
        old.client_credentials(&[]).await.ok();
        new.client_credentials(&[]).await.ok();
        world.advance(1);
        old.client_credentials(&[]).await.refused("invalid_client");
        new.client_credentials(&[]).await.ok();
    }

    async fn the_end_of_a_client_reaches_everything_it_had(world) {
        let (api, app) = (Api::of(world).await, world.client("app", json!({"scope": "openid offline_access"})).await);
        let other = world.app("other").await;
        let robot = world.machine("robot", json!({})).await;
        let browser = world.browser();
        let offline = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let online = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let kept = other.tokens(&browser.code("other", "alice", "openid").await).await;
        let own = robot.client_credentials(&[]).await.ok()["access_token"].as_str().unwrap().to_owned();
        for id in ["app", "robot", "app", "nobody"] {
            assert_eq!(api.delete(&format!("/clients/{id}")).await.is(204).body, "");
        }
        api.get("/clients/app").await.problem(404);
        app.refresh(&offline.refresh).await.refused("invalid_client");
        for token in [&offline.access, &online.access, &own] {
            app.userinfo(token).await.refused("invalid_token");
        }
        other.refresh(&kept.refresh).await.ok();
        let page = api.get("/sessions?state=ended").await.ok();
        let reasons = column(&page, "end_reason");
        assert_eq!((reasons.len(), reasons.iter().all(|reason| reason == "client_removed")), (2, true), "{page}");
        world.client("app", json!({"scope": "openid offline_access"})).await;
        app.refresh(&offline.refresh).await.refused("invalid_grant");
        app.refresh(&online.refresh).await.refused("invalid_grant");
    }

    async fn a_disabled_client_gets_nothing_and_loses_what_it_had(world) {
        let (api, app) = (Api::of(world).await, world.client("app", json!({"scope": "openid offline_access"})).await);
        let (other, robot) = (world.app("other").await, world.machine("robot", json!({})).await);
        let browser = world.browser();
        let offline = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let online = app.tokens(&browser.code("app", "alice", "openid").await).await;
        let kept = other.tokens(&browser.code("other", "alice", "openid").await).await;
        let waiting = browser.code("app", "alice", "openid").await;
        let own = robot.client_credentials(&[]).await.ok()["access_token"].as_str().unwrap().to_owned();
        for id in ["app", "robot"] {
            let told = api.post("/revocations/preview", json!({"scope": "client", "client_id": id})).await.ok();
            assert!(told["sessions"].as_u64() == Some(1), "{told}");
            let changed = api.patch(&format!("/clients/{id}"), json!({"disabled": true})).await.ok();
            assert_eq!(changed["disabled"], true);
        }
        app.redeem(&waiting).await.refused("invalid_client");
        app.refresh(&offline.refresh).await.refused("invalid_client");
        robot.client_credentials(&[]).await.refused("invalid_client");
        for token in [&offline.access, &online.access, &own] {
            app.userinfo(token).await.refused("invalid_token");
        }
        browser.authorize("app", &[]).await.error_page("unauthorized_client");
        other.refresh(&kept.refresh).await.ok();
        let reasons = column(&api.get("/sessions?state=ended").await.ok(), "end_reason");
        assert_eq!(reasons, ["admin", "admin"]);

        for id in ["app", "robot"] {
            api.patch(&format!("/clients/{id}"), json!({"disabled": false})).await.ok();
        }
        app.refresh(&offline.refresh).await.refused("invalid_grant");
        app.refresh(&online.refresh).await.refused("invalid_grant");
        robot.client_credentials(&[]).await.ok();
        app.tokens(&browser.code("app", "alice", "openid").await).await;
    }
}
