//! What every answer carries (OWASP ASVS 5.0 V3): crawled over the whole route table, in development and in production.

use doorward::web::{Profile, TABLE};

use crate::raw::{Wire, request};
use crate::stage::{Engine, PASSWORD, developer, form};
use crate::world::{Setting, World, on_both};

const PRODUCTION: Setting = Setting {
    issuer: "https://id.example",
    config: &[("SERVER__TRUSTED_PROXIES", "127.0.0.1/32")],
    change: |_| {},
    egress: developer,
    directory: || None,
};

/// Every address a browser could come by, and some where nothing is.
fn addresses(profile: Profile) -> Vec<(String, String)> {
    let routes = TABLE.iter().filter(|route| profile == Profile::Development || route.profile == Profile::Every);
    let filled = |path: &str| {
        path.replace("{name}", "doorward.css").replace("{sid}", "x").replace("{client_id}", "app").replace("{id}", "x")
    };
    let mut found: Vec<_> = routes.map(|route| (route.method.to_string(), filled(route.path))).collect();
    for (method, path) in [
        ("GET", "/nowhere"),
        ("GET", "/login?request=x"),
        ("GET", "/oauth2/authorize?client_id=x"),
        ("DELETE", "/login"),
        ("OPTIONS", "/oauth2/token"),
        ("HEAD", "/login"),
        ("TRACE", "/login"),
        ("GET", "/api/v1/nowhere"),
    ] {
        found.push((method.into(), path.into()));
    }
    found
}

fn judge(place: &str, answer: &Wire, https: bool) {
    let only = |name: &str| {
        let values = answer.headers(name);
        assert_eq!(values.len(), 1, "{place}: {name} {values:?}\n{}", answer.head);
        values[0].to_owned()
    };
    assert_eq!(only("x-content-type-options"), "nosniff", "{place}");
    assert_eq!(only("x-frame-options"), "DENY", "{place}");
    assert_eq!(only("referrer-policy"), "same-origin", "{place}");
    assert_eq!(only("cross-origin-opener-policy"), "same-origin", "{place}");
    assert_eq!(only("cross-origin-resource-policy"), "same-origin", "{place}");
    let hsts = answer.header("strict-transport-security");
    assert_eq!(hsts.is_some(), https, "{place}");
    assert!(hsts.is_none_or(|hsts| hsts.starts_with("max-age=63072000")), "{place}");
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(answer.header(name), None, "{place}: {name}");
    }
    let policy = only("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"] {
        assert!(policy.contains(part), "{place}: {policy}");
    }
    for bad in ["unsafe", "*", "http:", "https:", "script-src 'self' "] {
        assert!(!policy.contains(bad), "{place}: {policy}");
    }
    if !answer.body.is_empty() && answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        page(place, answer, &policy);
    }
    let cached = ["/assets/", "/.well-known/", "/oauth2/jwks", "/demo/", "/api/v1/openapi.json"];
    if !cached.iter().any(|path| place.contains(path)) && ![204, 405].contains(&answer.status) {
        assert_eq!(only("cache-control"), "no-store", "{place}");
    }
}

/// A page runs nothing that its policy does not know.
fn page(place: &str, answer: &Wire, policy: &str) {
    assert!(policy.contains("form-action 'self'"), "{place}: {policy}");
    let body = answer.body.to_lowercase();
    for tag in body.split('<') {
        assert!(!tag.starts_with("script") || tag.contains("src=") || tag.contains("nonce="), "{place}: <{tag}");
        assert!(!tag.starts_with("style") && !tag.contains(" style="), "{place}: <{tag}");
        let inline = [" onclick=", " onload=", " onerror=", " onsubmit=", "javascript:"];
        assert!(!inline.iter().any(|word| tag.contains(word)), "{place}: <{tag}");
    }
    assert!(body.starts_with("<!doctype html>") && body.contains("<html lang=\"en\">"), "{place}");
}

async fn crawl(world: &World, host: &str, profile: Profile, https: bool) {
    let host = format!("Host: {host}");
    for (method, path) in addresses(profile) {
        for accept in ["Accept: text/html", "Accept: application/json"] {
            let place = format!("{method} {path}");
            let answer = request(world.port, &place, &[&host, accept], b"").await;
            judge(&place, &answer, https);
        }
    }
}

on_both! {
    async fn are_on_every_answer_in_development(world) {
        crawl(world, &format!("localhost:{}", world.port), Profile::Development, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn are_on_every_answer_in_production() {
    let world = World::with(Engine::Sqlite, PRODUCTION).await;
    crawl(&world, "id.example", Profile::Every, true).await;
    for path in ["/demo/", "/demo/demo.js", "/demo/resource", "/demo/config.json"] {
        let answer = request(world.port, &format!("GET {path}"), &["Host: id.example"], b"").await;
        assert_eq!(answer.status, 404, "{path} is for development only");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_for_this_host_alone() {
    let world = World::with(Engine::Sqlite, PRODUCTION).await;
    let page = request(world.port, "GET /login", &["Host: id.example"], b"").await;
    let binding = page.header("set-cookie").unwrap();
    let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = form(&[("csrf", csrf), ("username", "alice"), ("password", PASSWORD)]);
    let cookie = format!("Cookie: {}", binding.split(';').next().unwrap());
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let headers = ["Host: id.example", &cookie, kind, "Origin: https://id.example"];
    let answer = request(world.port, "POST /login", &headers, fields.as_bytes()).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/account")));
    for (cookie, name) in
        [(binding, "__Host-doorward-browser="), (answer.header("set-cookie").unwrap(), "__Host-doorward-session=")]
    {
        assert!(cookie.starts_with(name), "{cookie}");
        for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.split("; ").any(|found| found == part), "{part}: {cookie}");
        }
        assert!(!cookie.contains("Domain") && cookie.split(['=', ';']).nth(1).unwrap().len() == 43, "{cookie}");
    }
    let bare = ["Host: id.example", &cookie, kind, "Origin: http://id.example"];
    assert_eq!(request(world.port, "POST /login", &bare, fields.as_bytes()).await.status, 403, "another scheme");
    world.finish().await;
}
