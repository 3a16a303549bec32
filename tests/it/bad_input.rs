//! Bad input, endpoint by endpoint: size, type, encoding, repetition, hosts and proxies.

use doorward::web::{Dress, Profile, TABLE};
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::raw::{Wire, request, send};
use crate::stage::{Engine, PASSWORD, form};
use crate::world::{Setting, World, on_both};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Pages that send a form which is not theirs to the way by address, or to where one starts over.
const STARTS_OVER: [&str; 9] = [
    "/oauth2/logout",
    "/logout",
    "/limit",
    "/login/code",
    "/login/factor",
    "/login/enrol",
    "/email/confirm",
    "/password/forgot",
    "/password/reset",
];

/// The routes that read a form.
fn forms() -> Vec<&'static str> {
    let posts = TABLE.iter().filter(|route| route.method == Method::POST.as_str() && route.dress != Dress::Problem);
    posts.map(|route| route.path).filter(|path| !path.contains('{')).collect()
}

fn host(world: &World) -> String {
    format!("Host: localhost:{}", world.port)
}

async fn post(world: &World, path: &str, headers: &[&str], body: &[u8]) -> Wire {
    let host = host(world);
    request(world.port, &format!("POST {path}"), &[&[host.as_str()], headers].concat(), body).await
}

#[track_caller]
fn refused_calmly(place: &str, answer: &Wire) {
    assert!((400..500).contains(&answer.status), "{place}: {answer:?}");
    for word in ["panicked", "src/", "sqlx", "SELECT"] {
        assert!(!answer.body.contains(word), "{place}: {answer:?}");
    }
}

on_both! {
    async fn large_bodies_are_413_everywhere(world) {
        let large = format!("x={}", "a".repeat(64 * 1024));
        let body = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
        for route in TABLE.iter() {
            let path = route.path.replace("{name}", "x").replace("{sid}", "x").replace("{client_id}", "x").replace("{id}", "x");
            let first = format!("{} {path}", route.method);
            let host = host(world);
            let announced = request(world.port, &first, &[&host, FORM], large.as_bytes()).await;
            assert_eq!(announced.status, 413, "{first}: {announced:?}");
            let chunked = format!("{first} HTTP/1.1\r\n{host}\r\n{FORM}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            let chunked = send(world.port, chunked.as_bytes()).await.unwrap();
            assert_eq!(chunked.status, 413, "{first}: {chunked:?}");
        }
        let fits = format!("x={}", "a".repeat(64 * 1024 - 2));
        assert_ne!(post(world, "/oauth2/token", &[FORM], fits.as_bytes()).await.status, 413);
    }

    async fn what_is_no_form_is_refused(world) {
        for path in forms() {
            for (headers, body) in [
                (&["Content-Type: application/json"][..], &b"{}"[..]),
                (&["Content-Type: multipart/form-data; boundary=x"], b"--x--"),
                (&["Content-Type: text/plain"], b"a=b"),
                (&[], b"a=b"),
                (&[FORM], b"a=%ff"),
                (&[FORM], b"a=\xff\xfe"),
                (&[FORM], b"a=%zz"),
                (&[FORM], b"a=%"),
                (&[FORM], b"a=%00"),
                (&[FORM], b"a=1&a=2"),
                (&[FORM], b""),
                (&[FORM], b"&&&==="),
                (&["Content-Type: application/x-www-form-urlencoded; charset=utf-16"], b"a=b"),
            ] {
                let answer = post(world, path, headers, body).await;
                if STARTS_OVER.contains(&path) && answer.status == 303 {
                    continue;
                }
                refused_calmly(&format!("{path} {headers:?} {}", String::from_utf8_lossy(body)), &answer);
            }
            let many = (0..200).map(|at| format!("p{at}=x")).collect::<Vec<_>>().join("&");
            let answer = post(world, path, &[FORM], many.as_bytes()).await;
            if !STARTS_OVER.contains(&path) || answer.status != 303 {
                refused_calmly(path, &answer);
            }
        }
    }

    async fn the_registered_word_is_said(world) {
        for (body, code) in [
            (&b"client_id=x&grant_type=client_credentials&grant_type=client_credentials"[..], "invalid_request"),
            (b"client_id=x&client_id=x&grant_type=client_credentials", "invalid_request"),
            (b"client_id=x&x=1&x=1&grant_type=client_credentials", "invalid_request"),
            (b"client_id=x&grant_type=%ff", "invalid_request"),
            (b"client_id=x&grant_type=nonsense", "unsupported_grant_type"),
            (b"client_id=x&scope=%22&grant_type=client_credentials", "invalid_scope"),
            (b"client_id=x", "invalid_request"),
            (b"client_id=x&grant_type=authorization_code", "invalid_request"),
            (b"client_id=x&grant_type=refresh_token", "invalid_request"),
            (b"client_id=nobody&grant_type=client_credentials", "invalid_client"),
        ] {
            let answer = post(world, "/oauth2/token", &[FORM], body).await;
            let said: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(said["error"], code, "{}", String::from_utf8_lossy(body));
            assert_eq!(answer.status, if code == "invalid_client" { 401 } else { 400 });
        }
    }

    async fn methods_that_are_not_there_say_which_are(world) {
        let browser = world.browser();
        for (method, path, allow) in [
            (Method::GET, "/oauth2/token", "POST"),
            (Method::PUT, "/oauth2/authorize", "GET, HEAD, POST"),
            (Method::DELETE, "/login", "GET, HEAD, POST"),
            (Method::POST, "/oauth2/jwks", "GET, HEAD"),
            (Method::TRACE, "/oauth2/token", "POST"),
            (Method::PATCH, "/account", "GET, HEAD"),
        ] {
            let answer = browser.send(method.clone(), path, &[], None).await;
            assert_eq!(answer.is(405).header("allow"), Some(allow), "{method} {path}");
        }
        for path in ["/", "/login", "/account", "/nowhere", "/oauth2/token"] {
            let answer = request(world.port, &format!("TRACE {path}"), &[&host(world), "X-Secret: shibboleth"], b"").await;
            assert!(answer.status == 405 && !answer.body.contains("shibboleth"), "{path}: {answer:?}");
        }
        browser.send(Method::HEAD, "/login", &[], None).await.is(200);
    }

    async fn odd_paths_lead_nowhere(world) {
        let host = host(world);
        for path in ["//login", "/login/", "/./login", "/x/../login", "/LOGIN", "/login;x", "/assets/../../Cargo.toml",
            "/assets/..%2f..%2fCargo.toml", "/assets/%2e%2e/x", "/demo/%2e%2e%2fdemo.js", "/%", "/%ff", "/login%00"] {
            let answer = request(world.port, &format!("GET {path}"), &[&host], b"").await;
            refused_calmly(path, &answer);
            assert!(!answer.body.contains("[package]") && !answer.body.contains("password"), "{path}");
        }
        let long = format!("GET /login?{}", "a".repeat(100_000));
        refused_calmly("a long address", &request(world.port, &long, &[&host], b"").await);
        let heavy = format!("X-Heavy: {}", "a".repeat(300_000));
        let answer = send(world.port, format!("GET / HTTP/1.1\r\n{host}\r\n{heavy}\r\n\r\n").as_bytes()).await;
        assert!(answer.is_none_or(|answer| (400..500).contains(&answer.status)));
    }

    async fn a_host_that_is_not_ours_gets_no_answer(world) {
        let own = format!("localhost:{}", world.port);
        for host in ["evil.example", "localhost.evil.example", &format!("evil.example:{}", world.port), "", "user@localhost",
            &format!("{own}@evil.example"), &format!("{own}, evil.example"), "127.0.0.1.evil.example"] {
            for first in ["GET /login", "GET /oauth2/authorize?client_id=app", "GET /.well-known/openid-configuration", "POST /oauth2/token"] {
                let answer = request(world.port, first, &[&format!("Host: {host}")], b"").await;
                assert!([400, 421].contains(&answer.status), "{first} {host}: {answer:?}");
                assert!(!answer.body.contains("evil") && !answer.head.contains("evil"), "{answer:?}");
            }
        }
        for lines in [
            format!("GET /login HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
            format!("GET http://evil.example/login HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n"),
            format!("GET http://{own}/login HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
            "GET /login HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        ] {
            let answer = send(world.port, lines.as_bytes()).await.unwrap();
            assert!([400, 421].contains(&answer.status), "{lines}: {answer:?}");
        }
        for name in ["X-Forwarded-Host: evil.example", "Forwarded: host=evil.example;proto=https", "X-Forwarded-Proto: https",
            "X-Original-Url: /account", "X-Rewrite-Url: /account", "X-Http-Method-Override: DELETE", "X_Forwarded_Host: evil.example"] {
            let answer = request(world.port, "GET /.well-known/openid-configuration", &[&format!("Host: {own}"), name], b"").await;
            let document: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(document["issuer"], json!(world.issuer), "{name}");
        }
        let probe = request(world.port, "GET /healthz", &["Host: 10.0.0.1"], b"").await;
        assert_eq!(probe.status, 200, "probes use addresses");
    }

    async fn absolute_targets_of_our_own_are_fine(world) {
        let own = format!("localhost:{}", world.port);
        let answer = request(world.port, &format!("GET http://{own}/login"), &[&format!("Host: {own}")], b"").await;
        assert_eq!(answer.status, 200, "RFC 9112 section 3.2.2: a server must take it");
    }

    async fn a_request_smuggled_behind_another_is_not_answered(world) {
        let host = host(world);
        let inner = format!("GET /healthz HTTP/1.1\r\n{host}\r\n\r\n");
        for lengths in ["Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: 4\r\nContent-Length: 5", "Transfer-Encoding: xchunked", "Content-Length: +4"] {
            let bytes = format!("POST /oauth2/token HTTP/1.1\r\n{host}\r\n{FORM}\r\n{lengths}\r\n\r\n0\r\n\r\n{inner}");
            let answer = send(world.port, bytes.as_bytes()).await;
            let whole = answer.map(|answer| format!("{} {}", answer.head, answer.body)).unwrap_or_default();
            assert!(!whole.contains("alive"), "{lengths}: {whole}");
        }
    }
}

/// The address that the last sign-in was seen from.
async fn seen(world: &World, forwarded: &[(&str, &str)]) -> String {
    // Ids sort by birth, to the millisecond.
    world.advance(1);
    let browser = world.browser();
    let page = browser.get("/login").await;
    let body = form(&[("csrf", &page.form("/login")[0].1), ("username", "alice"), ("password", PASSWORD)]);
    let answer: Answer = browser.send(Method::POST, "/login", forwarded, Some(body)).await;
    answer.is(303);
    let sql = "SELECT address FROM sessions ORDER BY id DESC LIMIT 1";
    world.db().read().await.unwrap().sql(sql).scalar().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_headers_count_only_from_proxies_we_trust() {
    let behind = Setting { config: &[("SERVER__TRUSTED_PROXIES", "127.0.0.1/32,10.0.0.0/8")], ..Setting::default() };
    for (setting, expected) in [
        (Setting::default(), ["127.0.0.1", "127.0.0.1", "127.0.0.1"]),
        (behind, ["203.0.113.9", "203.0.113.9", "127.0.0.1"]),
    ] {
        let world = World::with(Engine::Sqlite, setting).await;
        let cases = ["6.6.6.6, 203.0.113.9", "6.6.6.6, 203.0.113.9, 10.1.1.1", "6.6.6.6, nonsense"];
        for (forwarded, expected) in cases.into_iter().zip(expected) {
            assert_eq!(seen(&world, &[("x-forwarded-for", forwarded)]).await, expected, "{forwarded}");
        }
        for name in ["x_forwarded_for", "x-real-ip", "client-ip", "true-client-ip"] {
            assert_eq!(seen(&world, &[(name, "6.6.6.6")]).await, "127.0.0.1", "{name}");
        }
        world.finish().await;
    }
}

#[test]
fn forms_are_found() {
    assert!(forms().len() >= 8 && TABLE.iter().any(|route| route.profile == Profile::Development));
}
