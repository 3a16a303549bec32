//! How errors look, word for word: whoever changes one sees it here.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::client::Client;
use crate::stage::Engine;
use crate::world::World;

/// What an answer shows of itself, without what differs from run to run.
fn shown(world: &World, answer: &Answer) -> Value {
    let header = |name| answer.header(name).map(|value| value.replace(&world.issuer, "<issuer>"));
    let body = answer.body.replace(&world.issuer, "<issuer>");
    let body = serde_json::from_str::<Value>(&body).unwrap_or_else(|_| json!(answer.element("error-code")));
    json!({
        "status": answer.status.as_u16(), "content-type": header("content-type"),
        "www-authenticate": header("www-authenticate"), "allow": header("allow"), "body": body,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_read_as_they_did() {
    let world = World::on(Engine::Sqlite).await;
    let (app, browser) = (world.app("app").await, world.browser());
    let backend = world.backend("backend").await;
    let wrong = Client { secret: Some("wrong".into()), ..backend.clone() };
    let (_, tokens) = world.signed_in(&app).await;
    let problem = async |method: Method, path: &str, token: &str| {
        let bearer = format!("Bearer {token}");
        browser.send(method, path, &[("authorization", &bearer)], None).await
    };
    let seen = [
        ("a code that is none", app.redeem("x").await),
        ("a refresh token that is none", app.refresh("x").await),
        ("a grant type that is none", app.token(&[("grant_type", "x")]).await),
        ("no grant type", app.token(&[]).await),
        ("a wrong secret", wrong.client_credentials(&[]).await),
        ("a grant that is not registered", app.client_credentials(&[]).await),
        ("no token at userinfo", app.get("/oauth2/userinfo", None).await),
        ("a token that is none", app.userinfo("x").await),
        ("a token for less", app.gateway("x").await),
        ("no token at the admin API", browser.get("/api/v1/users").await),
        ("a token for something else", problem(Method::GET, "/api/v1/users", &tokens.access).await),
        ("nothing there in the admin API", problem(Method::GET, "/api/v1/nowhere", &tokens.access).await),
        ("a method that is not there", browser.send(Method::DELETE, "/oauth2/token", &[], None).await),
        ("a client that is none", browser.get("/oauth2/authorize?client_id=x").await),
        ("a form from elsewhere", browser.post("/account/sessions/end", &[]).await),
    ];
    let all: serde_json::Map<_, _> =
        seen.iter().map(|(name, answer)| ((*name).to_owned(), shown(&world, answer))).collect();
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("errors", all);
    });
    world.finish().await;
}
