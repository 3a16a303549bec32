//! Discovery, keys and cross-origin reads (RFC 8414; OpenID Connect Discovery 1.0; RFC 7517; WHATWG Fetch).

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::stage::Engine;
use crate::world::{Setting, World, on_both};

const DOCUMENT: &str = "/.well-known/openid-configuration";

/// No member is null, empty, or an address that does not answer.
async fn looked_over(world: &World, document: &Value) {
    for (name, value) in document.as_object().unwrap() {
        assert!(!value.is_null() && value != &json!([]) && value != "", "{name}: {value}");
        if let Some(url) = value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") {
            assert!(url.starts_with(&world.issuer), "{name}: {url}");
            let answer = Answer::of(world.http().get(url).send().await.unwrap()).await;
            assert_ne!(answer.status, 404, "{name}: {url}");
        }
    }
}

on_both! {
    async fn tells_the_truth(world) {
        let browser = world.browser();
        let document = browser.get(DOCUMENT).await.is(200).json();
        assert_eq!(browser.get("/.well-known/oauth-authorization-server").await.json(), document);
        looked_over(world, &document).await;
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            let shown = document.to_string().replace(&world.issuer, "<issuer>");
            insta::assert_json_snapshot!("discovery", serde_json::from_str::<Value>(&shown).unwrap());
        });
    }

    async fn publishes_public_keys_alone(world) {
        let answer = world.browser().get("/oauth2/jwks").await;
        assert_eq!(answer.is(200).header("content-type"), Some("application/jwk-set+json"));
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        let algorithms: std::collections::BTreeSet<_> = keys.iter().map(|key| key["alg"].as_str().unwrap()).collect();
        assert_eq!(algorithms.into_iter().collect::<Vec<_>>(), ["ES256", "EdDSA", "PS256", "RS256"]);
        for key in &keys {
            assert!(key["kid"].as_str().is_some_and(|kid| kid.len() == 43), "{key}");
            assert_eq!(key["use"], "sig");
            for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
                assert!(key.get(private).is_none(), "{private} of {}", key["kid"]);
            }
        }
    }

    async fn can_be_kept_for_a_while(world) {
        let browser = world.browser();
        for path in [DOCUMENT, "/oauth2/jwks"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
            let tag = answer.header("etag").unwrap();
            browser.send(Method::GET, path, &[("if-none-match", tag)], None).await.is(304);
            browser.send(Method::GET, path, &[("if-none-match", "\"other\"")], None).await.is(200);
        }
    }

    async fn registered_origins_may_read_and_no_others(world) {
        world.app("app").await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let open = [DOCUMENT, "/.well-known/oauth-authorization-server", "/oauth2/jwks", "/oauth2/token", "/oauth2/revoke", "/oauth2/userinfo"];
        let closed = ["/oauth2/introspect", "/oauth2/authorize", "/oauth2/logout", "/login", "/account", "/consent", "/gateway/check", "/healthz"];
        let ours = "https://app.example";
        for (paths, origin, allowed) in [
            (&open[..], ours, true),
            (&open, "https://evil.example", false),
            (&open, "https://app.example.evil.example", false),
            (&open, "http://app.example", false),
            (&open, "https://app.example:444", false),
            (&open, "null", false),
            (&closed, ours, false),
        ] {
            for path in paths {
                for method in [Method::GET, Method::POST, Method::OPTIONS] {
                    let headers = [("origin", origin), ("access-control-request-method", "POST")];
                    let answer = browser.send(method.clone(), path, &headers, None).await;
                    let told = answer.header("access-control-allow-origin");
                    // A method that is not there answers nobody.
                    if answer.status != 405 {
                        assert_eq!(told, allowed.then_some(origin), "{method} {path} from {origin}");
                    }
                    assert!(told != Some("*") && answer.header("access-control-allow-credentials").is_none());
                    if allowed && answer.status != 405 {
                        assert!(answer.header("vary").unwrap().to_lowercase().contains("origin"), "{method} {path}");
                    }
                }
            }
        }
        let headers = [("origin", ours), ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
        let preflight = browser.send(Method::OPTIONS, "/oauth2/token", &headers, None).await;
        assert_eq!(preflight.is(204).header("access-control-allow-methods"), Some("POST"));
        assert!(preflight.header("access-control-allow-headers").unwrap().contains("authorization"));
        let refused = browser.send(Method::POST, "/oauth2/token", &[("origin", ours)], Some(String::new())).await;
        assert_eq!(refused.is(401).header("access-control-allow-origin"), Some(ours), "a refusal can be read too");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_path_has_every_form_of_address() {
    let setting = Setting { issuer: "http://localhost:{port}/auth/one", ..Setting::default() };
    let world = World::with(Engine::Sqlite, setting).await;
    let host = world.issuer.strip_suffix("/auth/one").unwrap().to_owned();
    let browser = world.browser();
    let document = browser.get(DOCUMENT).await.is(200).json();
    assert_eq!(document["issuer"], world.issuer);
    looked_over(&world, &document).await;
    for inserted in ["/.well-known/oauth-authorization-server/auth/one", "/.well-known/openid-configuration/auth/one"] {
        assert_eq!(browser.get(&format!("{host}{inserted}")).await.is(200).json(), document);
    }
    browser.get(&format!("{host}/oauth2/jwks")).await.is(404);
    let app = world.app("app").await;
    let page = browser.get("/login").await.form("/auth/one/login");
    assert_eq!(page[0].0, "csrf");
    drop(app);
    world.finish().await;
}
