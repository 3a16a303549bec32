//! An admin who signed out reads who was told of it; nobody else does.

use serde_json::json;

use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::receiver::{Manner, Receiver};
use crate::world::{World, on_both};

async fn signed_out(world: &World, username: &str) -> Answer {
    let browser = world.browser();
    browser.code("shop", username, "openid").await;
    browser.code("archive", username, "openid").await;
    let page = browser.get("/logout").await;
    browser.submit(&page, "/logout", &[]).await
}

/// The address of the report on this page.
fn report(page: &Answer) -> Option<String> {
    let (_, rest) = page
        .is(200)
        .body
        .split_once("href=\"/logout/report?receipt=")
        .or_else(|| page.body.split_once("href=\"&#x2f;logout&#x2f;report?receipt="))?;
    Some(format!("/logout/report?receipt={}", rest.split('"').next().unwrap()))
}

on_both! {
    async fn an_admin_reads_who_was_told(world) {
        let (shop, archive) = (Receiver::new(Manner::Status(200)).await, Receiver::new(Manner::Status(503)).await);
        for (id, receiver) in [("shop", &shop), ("archive", &archive)] {
            world.client(id, json!({"skip_consent": true, "backchannel_logout_uri": receiver.url})).await;
        }
        assert_eq!(report(&signed_out(world, "bob").await), None, "bob is no admin");
        let api = Api::of(world).await;
        let alice = id_of(&api, "alice").await;
        api.patch(&format!("/users/{alice}"), json!({"roles": ["admin"]})).await.is(200);
        let address = report(&signed_out(world, "alice").await).unwrap();
        let stranger = world.browser();
        stranger.get(&address).await.is(200);
        world.courier().run_out().await.unwrap();
        let page = stranger.get(&address).await;
        let body = &page.is(200).body;
        assert!(body.contains("shop") && body.contains("back channel: told at "), "{body}");
        assert!(body.contains("archive") && body.contains("not yet (status 503), again at "), "{body}");
        assert_eq!(body.matches("<li class=").count(), 2, "bob's are his own: {body}");
        world.advance(10 * 60);
        stranger.get(&address).await.error_page("access_denied");
        stranger.get("/logout/report?receipt=x").await.error_page("access_denied");
        stranger.get("/logout/report").await.error_page("invalid_request");
    }
}
