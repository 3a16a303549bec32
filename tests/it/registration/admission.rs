//! Who may register: nobody, whoever holds an initial access token, anybody, and each source only so often.

use doorward::domain::policy::Admission;
use reqwest::Method;
use serde_json::{Value, json};

use super::{register, send};
use crate::admin::{Api, column, fields};
use crate::answer::Answer;
use crate::stage::HOME;
use crate::world::{Setting, World, on_both, on_both_with};

pub fn limited() -> Setting {
    Setting {
        change: |policy| {
            policy.registration.admission = Admission::Open;
            policy.registration.limit = Some(2);
        },
        ..Setting::default()
    }
}

async fn with(world: &World, token: &str) -> Answer {
    send(world, Method::POST, "", Some(token), Some(&json!({"redirect_uris": [HOME]}))).await
}

async fn initial(api: &Api, body: Value) -> String {
    api.post("/registration-tokens", body).await.is(201).json()["token"].as_str().unwrap().to_owned()
}

on_both! {
    async fn registration_is_closed_unless_it_is_opened(world) {
        register(world, json!({"redirect_uris": [HOME]})).await.is(404);
        let document = world.browser().get("/.well-known/openid-configuration").await.json();
        assert_eq!(document.get("registration_endpoint"), None);
        let token = initial(&Api::of(world).await, json!({})).await;
        with(world, &token).await.is(404);
    }
}

on_both_with! {
    crate::registration::by_token();

    async fn a_token_lets_so_many_register(world) {
        let api = Api::of(world).await;
        let answer = register(world, json!({"redirect_uris": [HOME]})).await;
        answer.refused("invalid_token");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
        with(world, "wrong").await.refused("invalid_token");
        let token = initial(&api, json!({"uses": 2, "label": "partners"})).await;
        let bad = send(world, Method::POST, "", Some(&token), Some(&json!({"redirect_uris": []}))).await;
        bad.refused("invalid_redirect_uri");
        with(world, &token).await.is(201);
        assert_eq!(api.get("/registration-tokens").await.ok()["items"][0]["uses_left"], 1, "a refusal costs no use");
        with(world, &token).await.is(201);
        with(world, &token).await.refused("invalid_token");
    }

    async fn one_use_is_one_client_however_many_ask(world) {
        let token = initial(&Api::of(world).await, json!({})).await;
        let answers = futures_util::future::join_all((0..8).map(|_| with(world, &token))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(answers.iter().all(|answer| [201, 401].contains(&answer.status.as_u16())));
    }

    async fn a_token_has_an_end_and_can_be_removed(world) {
        let api = Api::of(world).await;
        let short = initial(&api, json!({"lifetime": "1m"})).await;
        world.advance(1);
        let long = initial(&api, json!({"uses": 5})).await;
        world.advance(59);
        with(world, &short).await.refused("invalid_token");
        with(world, &long).await.is(201);
        let id = column(&api.get("/registration-tokens").await.ok(), "id").pop().unwrap();
        for _ in 0..2 {
            api.delete(&format!("/registration-tokens/{id}")).await.is(204);
        }
        with(world, &long).await.refused("invalid_token");
        api.delete("/registration-tokens/x").await.problem(404);
    }

    async fn tokens_are_shown_once_and_listed(world) {
        let api = Api::of(world).await;
        let made = api.post("/registration-tokens", json!({"label": "partners", "uses": 3})).await.is(201).json();
        let listed = api.get("/registration-tokens?limit=1").await.ok();
        let item = &listed["items"][0];
        assert_eq!((item.get("token"), &item["label"], &item["uses_left"]), (None, &json!("partners"), &json!(3)));
        assert_eq!(item["id"], made["id"]);
        for (body, wrong) in [(json!({"uses": 0}), "uses"), (json!({"lifetime": "2"}), "lifetime"), (json!({"x": 1}), "x")] {
            assert_eq!(fields(&api.post("/registration-tokens", body).await, 400), [wrong]);
        }
    }
}

on_both_with! {
    crate::registration::admission::limited();

    async fn a_source_registers_only_so_often(world) {
        for _ in 0..3 {
            register(world, json!({"redirect_uris": ["http://a.example/"]})).await.refused("invalid_redirect_uri");
        }
        for _ in 0..2 {
            register(world, json!({"redirect_uris": [HOME]})).await.is(201);
        }
        let answer = register(world, json!({"redirect_uris": [HOME]})).await;
        assert_eq!(answer.is(503).header("retry-after"), Some("3600"));
        world.advance(3_600);
        register(world, json!({"redirect_uris": [HOME]})).await.is(201);
    }
}
