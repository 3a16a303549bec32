//! `/api/v1/users`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, fields, id_of};
use crate::stage::PASSWORD;
use crate::world::on_both;

const NOBODY: &str = "/users/00000000-0000-7000-8000-000000000000";
const NEW_PASSWORD: &str = "another horse battery";

on_both! {
    async fn a_person_is_made_and_can_sign_in(world) {
        let api = Api::of(world).await;
        let answer = api.post("/users", json!({
            "username": "Carol", "password": PASSWORD, "roles": ["reader"],
            "email": "carol@example.com", "email_verified": true, "address": {"country": "Norway"},
        })).await;
        let made = answer.is(201).json();
        assert_eq!(answer.header("location").unwrap(), format!("/api/v1/users/{}", made["id"].as_str().unwrap()));
        assert_eq!(answer.header("etag"), Some("\"1\""));
        assert_eq!(made.get("password"), None);
        assert_eq!((&made["disabled"], &made["roles"], &made["address"]["country"]), (&json!(false), &json!(["reader"]), &json!("Norway")));
        assert!(made["created_at"].as_str().unwrap().ends_with('Z'));
        let answer = api.get(&format!("/users/{}", made["id"].as_str().unwrap())).await;
        assert_eq!((answer.ok(), answer.header("etag")), (made, Some("\"1\"")));
        world.browser().sign_in("carol").await;
    }

    async fn a_person_that_cannot_be_is_named(world) {
        let api = Api::of(world).await;
        for (body, wrong) in [
            (json!({}), "username"),
            (json!({"username": null}), "username"),
            (json!({"username": 5}), "username"),
            (json!({"username": ""}), "username"),
            (json!({"username": "x".repeat(201)}), "username"),
            (json!({"username": "x\ny"}), "username"),
            (json!({"username": "x", "password": "short"}), "password"),
            (json!({"username": "x", "password": 5}), "password"),
            (json!({"username": "x", "password": "passwordpassword"}), "password"),
            (json!({"username": "x", "password": "é".repeat(129)}), "password"),
            (json!({"username": "x", "roles": [5]}), "roles"),
            (json!({"username": "x", "roles": [""]}), "roles"),
            (json!({"username": "x", "disabled": "true"}), "disabled"),
            (json!({"username": "x", "email": ""}), "email"),
            (json!({"username": "x", "email_verified": "true"}), "email_verified"),
            (json!({"username": "x", "address": {"planet": "earth"}}), "address"),
            (json!({"username": "x", "sub": "y"}), "sub"),
            (json!({"username": "x", "id": "y"}), "id"),
            (json!({"username": "x", "updated_at": 5}), "updated_at"),
            (json!({"username": "x", "name": "a\0b"}), "name"),
        ] {
            assert_eq!(fields(&api.post("/users", body.clone()).await, 400), [wrong], "{body}");
        }
        for name in ["alice", "ALICE", "Ａlice"] {
            assert_eq!(fields(&api.post("/users", json!({"username": name})).await, 409), ["username"]);
        }
    }

    async fn a_patch_is_merged(world) {
        let api = Api::of(world).await;
        let path = format!("/users/{}", id_of(&api, "alice").await);
        let answer = api.patch(&path, json!({"name": null, "nickname": "Al", "username": "alicia", "address": {"country": "x", "region": "y"}})).await;
        let changed = answer.ok();
        assert_eq!((changed.get("name"), &changed["nickname"], &changed["username"]), (None, &json!("Al"), &json!("alicia")));
        assert_eq!(changed["email"], "alice@example.com", "what is not named stays");
        assert_eq!(answer.header("etag"), Some("\"2\""));
        let answer = api.patch(&path, json!({"address": {"country": null}})).await;
        assert_eq!(answer.ok()["address"], json!({"region": "y"}));
        let answer = api.patch(&path, json!({"nickname": "Al"})).await;
        assert_eq!((answer.ok()["username"].as_str(), answer.header("etag")), (Some("alicia"), Some("\"3\"")), "nothing changed");
        world.browser().sign_in("alicia").await;
        for (body, wrong) in [
            (json!({"username": null}), "username"),
            (json!({"password": NEW_PASSWORD}), "password"),
            (json!({"id": "x"}), "id"),
            (json!({"created_at": null}), "created_at"),
            (json!({"email": 5}), "email"),
            (json!({"roles": ["a b"]}), "roles"),
            (json!({"planet": "x"}), "planet"),
            (json!({"planet": null}), "planet"),
            (json!({"updated_at": null}), "updated_at"),
        ] {
            assert_eq!(fields(&api.patch(&path, body.clone()).await, 400), [wrong], "{body}");
        }
        assert_eq!(fields(&api.patch(&path, json!({"username": "bob"})).await, 409), ["username"]);
        assert_eq!(api.patch(&path, json!({"zoneinfo": null})).await.ok()["nickname"], "Al", "removing nothing is nothing");
        api.patch(NOBODY, json!({})).await.problem(404);
    }

    async fn whoever_is_disabled_loses_every_session(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (browser, tokens) = world.signed_in(&app).await;
        let path = format!("/users/{}", id_of(&api, "alice").await);
        assert_eq!(api.patch(&path, json!({"disabled": true})).await.ok()["disabled"], true);
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: user_disabled");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        browser.get("/account").await.is(303);
        let page = world.browser().open("/login").await;
        assert_ne!(browser.log_in(&page, "alice", PASSWORD).await.status, 303);
        api.patch(&path, json!({"disabled": null})).await.ok();
        world.browser().sign_in("alice").await;
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
    }

    async fn a_new_password_ends_what_began_with_the_old_one(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (_, tokens) = world.signed_in(&app).await;
        let path = format!("/users/{}/password", id_of(&api, "alice").await);
        for (body, wrong) in [
            (json!({}), "password"),
            (json!({"password": "short"}), "password"),
            (json!({"password": "alicealicealice1"}), "password"),
            (json!({"password": NEW_PASSWORD, "old": "x"}), "old"),
        ] {
            assert_eq!(fields(&api.put(&path, body.clone()).await, 400), [wrong], "{body}");
        }
        app.refresh(&tokens.refresh).await.ok();
        let answer = api.put(&path, json!({"password": NEW_PASSWORD})).await;
        assert_eq!(answer.is(204).body, "");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        let browser = world.browser();
        let page = browser.open("/login").await;
        assert_ne!(browser.log_in(&page, "alice", PASSWORD).await.status, 303);
        let page = browser.open("/login").await;
        browser.log_in(&page, "alice", NEW_PASSWORD).await.is(303);
        api.put(&format!("{NOBODY}/password"), json!({"password": NEW_PASSWORD})).await.problem(404);
    }

    async fn whoever_is_removed_is_gone(world) {
        let (api, app) = (Api::of(world).await, world.app("app").await);
        let (_, tokens) = world.signed_in(&app).await;
        let path = format!("/users/{}", id_of(&api, "alice").await);
        for _ in 0..2 {
            assert_eq!(api.delete(&path).await.is(204).body, "");
        }
        api.get(&path).await.problem(404);
        api.get(&format!("{path}/sessions")).await.problem(404);
        api.delete(&format!("{path}/sessions")).await.problem(404);
        app.userinfo(&tokens.access).await.refused("invalid_token");
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: user_deleted");
        api.delete(NOBODY).await.is(204);
        api.delete("/users/x").await.problem(404);
    }

    async fn a_change_can_be_for_one_version_only(world) {
        let api = Api::of(world).await;
        let path = format!("/users/{}", id_of(&api, "alice").await);
        let password = format!("{path}/password");
        let body = || Some(json!({"password": NEW_PASSWORD}));
        for stale in ["\"0\"", "\"2\"", "W/\"1\"", "1", "\"1"] {
            api.call(Method::PATCH, &path, Some(stale), Some(json!({"name": "x"}))).await.problem(412);
            api.call(Method::PUT, &password, Some(stale), body()).await.problem(412);
            api.call(Method::DELETE, &path, Some(stale), None).await.problem(412);
        }
        let answer = api.call(Method::PATCH, &path, Some("\"9\""), Some(json!({"name": 5}))).await;
        assert_eq!(fields(&answer, 400), ["name"], "what is wrong in itself comes first");
        api.call(Method::PATCH, &path, Some("\"7\", \"1\""), Some(json!({"name": "x"}))).await.ok();
        api.call(Method::PUT, &password, Some("\"2\""), body()).await.is(204);
        api.call(Method::PUT, &password, Some("*"), body()).await.is(204);
        assert_eq!(api.get(&path).await.header("etag"), Some("\"4\""));
        api.call(Method::DELETE, &path, Some("\"4\""), None).await.is(204);
    }

    async fn changes_at_once_all_count(world) {
        let api = &Api::of(world).await;
        let path = &format!("/users/{}", id_of(api, "alice").await);
        let members = ["name", "nickname", "given_name"];
        let changes = members.map(|member| api.patch(path, json!({member: "changed"})));
        for answer in join_all(changes).await {
            answer.ok();
        }
        let found: Value = api.get(path).await.ok();
        assert!(members.iter().all(|member| found[*member] == "changed"), "{found}");
    }
}
