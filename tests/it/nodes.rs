//! Two nodes on one PostgreSQL, started at the same moment, and how a node stops.

use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::binary::Home;
use crate::browser::Browser;
use crate::client::{Client, Tokens, jose_header};
use crate::postgres::cluster;
use crate::world::http;

/// The same client at another node: tokens name the issuer, whoever answers.
fn at(client: &Client, port: u16) -> Client {
    Client { http: http(), issuer: format!("http://localhost:{port}"), ..client.clone() }
}

/// Keys that are ready to follow are made after the start, by one node for both; the other hears of them.
async fn agree_on_keys(here: &Client, there: &Client) {
    let published = async |node: &Client| node.get("/oauth2/jwks", None).await.json();
    until("two nodes publish the same keys", async || published(here).await == published(there).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_start_at_once_are_one_server() {
    let database = cluster().empty().await;
    let first = Home::new(&[("DATABASE__URL", &database)]);
    let keys = first.path().join("keys").display().to_string();
    let issuer = first.issuer.clone();
    let second = Home::new(&[("DATABASE__URL", &database), ("KEYS__DIRECTORY", &keys), ("ISSUER", &issuer)]);
    let (one, two) = tokio::join!(first.serve(), second.serve());

    // Whichever came first seeded, and the other did not.
    let told = [&first, &second].into_iter().find(|home| home.path().join("data/first-run.json").exists()).unwrap();
    let service = told.client("demo_service");
    let (here, there) = (at(&service, first.port), at(&service, second.port));
    let token = Tokens::of(here.client_credentials(&[]).await.ok()).access;
    assert_eq!(there.introspect(&token).await["active"], true, "signed there, known here");
    agree_on_keys(&here, &there).await;

    // A browser that both nodes see.
    let person = &told.first_run()["demo_user"];
    let browser = Browser::new(http(), &issuer);
    let page = browser.open("/login").await;
    browser.log_in(&page, person["username"].as_str().unwrap(), person["password"].as_str().unwrap()).await.is(303);
    let other = format!("http://localhost:{}", second.port);
    browser.get(&format!("{other}/account")).await.is(200);
    let page = browser.get("/logout").await;
    browser.submit(&page, "/logout", &[]).await;
    assert_eq!(browser.get(&format!("{other}/gateway/check")).await.status, 401, "an end is heard at once");
    here.revoke(&token).await.is(200);
    assert_eq!(there.introspect(&token).await["active"], false);
    assert!(one.stop().await.success() && two.stop().await.success());
    for home in [&first, &second] {
        assert!(!home.said().contains("ERROR") && !home.said().contains("panicked"), "{}", home.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_hears_of_keys_and_clients_that_the_other_changes() {
    let database = cluster().empty().await;
    let first = Home::new(&[("DATABASE__URL", &database)]);
    let one = first.serve().await;
    let keys = first.path().join("keys").display().to_string();
    let second = Home::new(&[("DATABASE__URL", &database), ("KEYS__DIRECTORY", &keys), ("ISSUER", &first.issuer)]);
    let two = second.serve().await;
    let service = first.client("demo_service");
    let (here, there) = (at(&service, first.port), at(&service, second.port));
    agree_on_keys(&here, &there).await;

    let signs = async |node: &Client| {
        let token = Tokens::of(node.client_credentials(&[]).await.ok()).access;
        jose_header(&token)["kid"].clone()
    };
    let before = signs(&there).await;
    one.admin(Method::POST, "/keys/rotate", None).await;
    let after = signs(&here).await;
    assert_ne!(after, before);
    until("the other node signs with the key of the rotation", async || signs(&there).await == after).await;

    let path = format!("/clients/{}", service.id);
    one.admin(Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    here.client_credentials(&[]).await.refused("invalid_client");
    until("the other node refuses the client", async || there.client_credentials(&[]).await.status == 401).await;
    assert!(one.stop().await.success() && two.stop().await.success());
}

/// Waits for no longer than the jobs that would find out by themselves.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..300 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never held that {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_finished_before_the_server_stops() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let body = "grant_type=client_credentials&client_id=nobody";
    let mut slow = TcpStream::connect(("127.0.0.1", home.port)).await.unwrap();
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        home.port,
        body.len(),
        &body[..10]
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(asked.success());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(TcpStream::connect(("127.0.0.1", home.port)).await.is_err(), "it takes nobody new");
    slow.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid_client"), "{answer}");
    assert!(server.ended().await.success());
}
