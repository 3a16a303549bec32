//! What every call goes through: tokens, bodies, methods, and the document that describes them.

use doorward::web::admin::BASE;
use doorward::web::{Callers, TABLE};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use serde_json::json;

use super::{Api, administration, column, fields, id_of, token};
use crate::client::Tokens;
use crate::world::on_both;

/// Every guarded call, with ids that name nothing.
fn calls() -> Vec<(Method, String)> {
    let guarded = TABLE.iter().filter(|route| route.callers == Callers::Admin);
    let path = |path: &str| path.replace("{client_id}", "nobody").replace("{id}", "x").replace("{sid}", "x");
    let calls: Vec<_> = guarded
        .map(|route| (route.method.as_str().parse().unwrap(), path(route.path.strip_prefix("/api/v1").unwrap())))
        .collect();
    assert!(calls.len() >= 19, "{calls:?}");
    calls
}

on_both! {
    async fn nobody_gets_in_without_a_token_that_is_meant_for_it(world) {
        let machine = administration(world, "administration").await;
        let api = Api::with(world, &token(&machine, "admin").await);
        let elsewhere = machine.client_credentials(&[("resource", "https://other.example")]).await.ok();
        let refused = [
            ("", "Bearer realm="),
            ("Basic YTpi", "Bearer realm="),
            ("Bearer ", "Bearer realm="),
            ("Bearer nonsense", "error=\"invalid_token\""),
            (&format!("Bearer {}", elsewhere["access_token"].as_str().unwrap()), "error=\"invalid_token\""),
        ];
        for (method, path) in calls() {
            for (authorization, challenge) in &refused {
                let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization.parse().unwrap())]);
                let answer = api.raw(method.clone(), &path, headers, Vec::new()).await;
                answer.problem(401);
                let told = answer.header("www-authenticate").unwrap();
                assert!(told.starts_with("Bearer realm=") && told.contains(challenge), "{method} {path}: {told}");
            }
        }
        let page = world.http().get(format!("{}/api/v1/users", world.issuer)).send().await.unwrap();
        assert_eq!(page.status(), 401);
    }

    async fn a_scope_that_looks_changes_nothing(world) {
        let machine = administration(world, "administration").await;
        let looking = Api::with(world, &token(&machine, "admin.read").await);
        let other = Api::with(world, &token(&machine, "other").await);
        for (method, path) in calls() {
            let empty = || Vec::new();
            let answer = other.raw(method.clone(), &path, HeaderMap::new(), empty()).await;
            answer.problem(403);
            assert!(answer.header("www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
            let answer = looking.raw(method.clone(), &path, HeaderMap::new(), empty()).await;
            if method == Method::GET {
                assert!([200, 404].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
            } else {
                answer.problem(403);
            }
        }
    }

    async fn tokens_die_with_their_time_and_their_session(world) {
        let machine = administration(world, "administration").await;
        let api = Api::with(world, &token(&machine, "admin").await);
        let sid = column(&api.get("/sessions").await.ok(), "sid").pop().unwrap();
        api.delete(&format!("/sessions/{sid}")).await.is(204);
        api.get("/users").await.problem(401);
        let again = Api::with(world, &token(&machine, "admin").await);
        again.get("/users").await.ok();
        world.advance(301);
        again.get("/users").await.problem(401);
    }

    async fn a_persons_token_counts_while_they_are_an_admin(world) {
        let api = Api::of(world).await;
        let audience = world.authority.policy.admin_audience();
        let console = world.client("console", json!({"skip_consent": true, "scope": "openid admin", "allowed_resources": [audience]})).await;
        let code = world.browser().code("console", "alice", "openid admin").await;
        let alice = Api::with(world, &Tokens::of(console.redeem(&code).await.ok()).access);
        alice.get("/users").await.problem(403);
        let path = format!("/users/{}", id_of(&api, "alice").await);
        api.patch(&path, json!({"roles": ["admin"]})).await.ok();
        alice.get("/users").await.ok();
        alice.patch(&path, json!({"name": "Alice"})).await.ok();
        api.patch(&path, json!({"roles": []})).await.ok();
        alice.get("/users").await.problem(403);
    }

    async fn a_body_is_one_json_object_of_the_right_type_and_size(world) {
        let api = Api::of(world).await;
        let json_type = Some("application/json");
        let long = format!("{{\"username\": \"{}\"}}", "x".repeat(65_536)).into_bytes();
        for (content_type, body, status) in [
            (None, &b"{\"username\":\"x\"}"[..], 415),
            (None, b"", 415),
            (Some("text/plain"), b"{}", 415),
            (Some("application/x-www-form-urlencoded"), b"username=x", 415),
            (Some("application/merge-patch+json"), b"{}", 415),
            (json_type, b"", 400),
            (json_type, b"{", 400),
            (json_type, b"[]", 400),
            (json_type, b"null", 400),
            (json_type, b"\"x\"", 400),
            (json_type, b"{\"username\":\"x\",\"username\":\"y\"}", 400),
            (json_type, b"{\"username\":\"\xff\"}", 400),
            (json_type, b"{\"username\":\"\\ud800\"}", 400),
            (json_type, b"{\"username\":\"x\"} {}", 400),
            (json_type, b"{\"username\":\"x\",\"name\":\"\\u0000\"}", 400),
            (json_type, &long, 413),
            (Some("application/json; charset=utf-8"), b"{\"username\":\"typed\"}", 201),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(content_type) = content_type {
                headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
            }
            let answer = api.raw(Method::POST, "/users", headers, body.to_vec()).await;
            answer.is(status);
            if status != 201 {
                answer.problem(status);
            }
        }
        let deep = format!("{{\"username\": \"x\", \"address\": {}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())]);
        api.raw(Method::POST, "/users", headers, deep.into_bytes()).await.problem(400);
    }

    async fn what_is_not_there_is_a_problem_too(world) {
        let api = Api::of(world).await;
        for path in ["/nothing", "/users/x/y", "/users/x", "/clients/%00", "/clients/..", "/sessions/%20", "/clients/a%2Fb"] {
            api.get(path).await.problem(404);
        }
        for (method, path, allow) in [
            (Method::PUT, "/users", "GET"),
            (Method::POST, "/users/x", "PATCH"),
            (Method::GET, "/keys/rotate", "POST"),
            (Method::TRACE, "/users", "GET"),
        ] {
            let answer = api.raw(method, path, HeaderMap::new(), Vec::new()).await;
            answer.problem(405);
            assert!(answer.header("allow").unwrap().contains(allow));
        }
    }

    async fn the_document_describes_every_call(world) {
        let answer = world.http().get(format!("{}/api/v1/openapi.json", world.issuer)).send().await.unwrap();
        let document: serde_json::Value = crate::answer::Answer::of(answer).await.ok();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["servers"][0]["url"], world.issuer.as_str());
        for route in TABLE.iter().filter(|route| route.callers == Callers::Admin) {
            let call = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            assert!(route.path.starts_with(BASE) && call["operationId"].is_string(), "{} {}", route.method, route.path);
            for status in ["400", "401", "403"] {
                let content = &call["responses"][status]["content"];
                assert_eq!(content["application/problem+json"]["schema"]["$ref"], "#/components/schemas/Problem");
            }
        }
    }

    async fn a_problem_names_every_field(world) {
        let api = Api::of(world).await;
        let answer = api.post("/users", json!({"password": "short", "roles": "x", "planet": "earth", "email": 5})).await;
        assert_eq!(fields(&answer, 400), ["roles", "username"], "types first");
        let answer = api.post("/users", json!({"username": " x", "password": "short", "roles": ["a b"], "planet": "earth"})).await;
        assert_eq!(fields(&answer, 400), ["password", "planet", "roles", "username"]);
    }
}
