//! What stands on every answer, whatever it answers (OWASP ASVS 5.0 section 3.4).

use reqwest::Method;

use crate::world::on_both;

on_both! {
    async fn every_answer_is_hardened(world) {
        let browser = world.browser();
        for (method, path) in [
            (Method::GET, "/login"),
            (Method::GET, "/healthz"),
            (Method::GET, "/oauth2/jwks"),
            (Method::GET, "/assets/doorward.css"),
            (Method::GET, "/gateway/check"),
            (Method::GET, "/nowhere"),
            (Method::POST, "/oauth2/token"),
            (Method::DELETE, "/login"),
            (Method::TRACE, "/login"),
        ] {
            let answer = browser.send(method.clone(), path, &[], None).await;
            for (name, expected) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), Some(expected), "{name} of {method} {path}");
            }
            let policy = answer.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{method} {path}: {policy}");
        }
    }
}
