//! When the database is gone: everything says so calmly, nothing says more, and nothing is reported as done.

use reqwest::Method;

use crate::stage::{Engine, PASSWORD};
use crate::world::World;

async fn without_a_database(engine: Engine) {
    let world = World::on(engine).await;
    let backend = world.backend("backend").await;
    let (browser, tokens) = world.signed_in(&backend).await;
    let code = browser.code("backend", "alice", "openid").await;
    let page = browser.get("/login?switch=1").await;
    let account = browser.get("/account").await;
    world.db().close().await;

    for answer in [
        backend.redeem(&code).await,
        backend.refresh(&tokens.refresh).await,
        backend.revoke(&tokens.access).await,
        backend.revoke(&tokens.refresh).await,
        backend.post("/oauth2/introspect", &[("token", &tokens.access)]).await,
        backend.userinfo(&tokens.access).await,
        backend.gateway(&tokens.access).await,
    ] {
        let said = answer.is(500).json();
        assert_eq!(said["error"], "server_error", "{}", answer.url);
        answer.tells_nothing_internal();
    }
    let csrf = account.form("/account/sessions/end")[0].1.clone();
    for answer in [
        browser.log_in(&page, "alice", PASSWORD).await,
        browser.get("/account").await,
        browser.post("/account/sessions/end", &[("csrf", &csrf)]).await,
        browser.authorize("backend", &[]).await,
    ] {
        assert_eq!(answer.is(500).element("error-code").as_deref(), Some("server_error"), "{}", answer.url);
        answer.tells_nothing_internal();
        assert!(answer.body.contains("Reference"), "the log has more: {}", answer.body);
    }
    let bearer = format!("Bearer {}", tokens.access);
    browser.send(Method::GET, "/api/v1/users", &[("authorization", &bearer)], None).await.problem(500);
    assert_eq!(browser.get("/readyz").await.is(503).json()["database"], "failed");
    browser.get("/healthz").await.is(200);
    browser.get("/oauth2/jwks").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_told_and_nothing_else_on_sqlite() {
    without_a_database(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_told_and_nothing_else_on_postgres() {
    without_a_database(Engine::Postgres).await;
}
