//! `/api/v1/keys`.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Api, administration, fields, token};
use crate::client::jose_header;
use crate::world::on_both;

/// The key of this algorithm that is in this state.
fn key<'a>(page: &'a Value, algorithm: &str, state: &str) -> &'a Value {
    let keys = page["items"].as_array().unwrap();
    let mut fitting = keys.iter().filter(|key| key["algorithm"] == algorithm && key["state"] == state);
    fitting.next_back().unwrap_or_else(|| panic!("no {state} key of {algorithm}: {page}"))
}

on_both! {
    async fn keys_are_shown_without_their_private_half(world) {
        let api = Api::of(world).await;
        let answer = api.get("/keys").await;
        let page = answer.ok();
        key(&page, "ES256", "current");
        for shown in page["items"].as_array().unwrap() {
            assert_eq!((&shown["jwk"]["kid"], &shown["jwk"]["alg"]), (&shown["kid"], &shown["algorithm"]));
            assert!(shown["jwk"].get("d").is_none() && shown["created_at"].is_string() && shown["active_from"].is_string());
        }
        for word in ["sealed", "private", "\"d\""] {
            assert!(!answer.body.contains(word), "{word}");
        }
        assert_eq!(page["next"], Value::Null);
    }

    async fn a_rotation_by_hand_keeps_what_was_signed(world) {
        let machine = administration(world, "administration").await;
        let first = token(&machine, "admin").await;
        let api = Api::with(world, &first);
        let before = api.get("/keys").await.ok();
        let current = key(&before, "ES256", "current")["kid"].clone();
        assert_eq!(jose_header(&first)["kid"], current);
        world.advance(1);
        let after = api.raw(Method::POST, "/keys/rotate", HeaderMap::new(), Vec::new()).await.ok();
        let now = &key(&after, "ES256", "current")["kid"];
        assert_ne!(*now, current);
        assert_eq!(key(&after, "ES256", "old")["kid"], current);
        assert!(key(&after, "ES256", "old")["retired_at"].is_string());
        assert!(key(&after, "ES256", "next")["active_from"].is_string(), "another stands ready");
        assert_eq!(jose_header(&token(&machine, "admin").await)["kid"], *now);
        assert_eq!(api.get("/keys").await.ok(), after, "the old token is still good");
    }

    async fn one_algorithm_may_be_rotated_alone(world) {
        let api = Api::of(world).await;
        // Which also makes the keys that take a moment.
        let before = api.post("/keys/rotate", json!({})).await.ok();
        world.advance(1);
        let after = api.post("/keys/rotate", json!({"algorithm": "RS256"})).await.ok();
        for (algorithm, is_same) in [("RS256", false), ("ES256", true), ("PS256", true), ("EdDSA", true)] {
            let kid = |page: &Value| key(page, algorithm, "current")["kid"].clone();
            assert_eq!(kid(&before) == kid(&after), is_same, "{algorithm}");
        }
        for wrong in [json!("HS256"), json!("none"), json!("ES384"), json!("es256"), json!(["RS256"]), json!(256)] {
            assert_eq!(fields(&api.post("/keys/rotate", json!({"algorithm": wrong})).await, 400), ["algorithm"]);
        }
        assert_eq!(fields(&api.post("/keys/rotate", json!({"alg": "RS256"})).await, 400), ["alg"]);
        assert_eq!(api.get("/keys").await.ok(), after, "nothing else was rotated");
    }
}
