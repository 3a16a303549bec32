//! Subjects that differ from sector to sector (OpenID Connect Core 1.0 section 8; Registration 1.0 section 5).

use doorward::base::secret::from_base64url;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Registered, refused, register};
use crate::client::claims;
use crate::client_keys::{Publisher, document};
use crate::receiver::{Manner, Receiver};
use crate::stage::HOME;
use crate::world::{World, on_both_with};

const OTHER: &str = "https://other.example/callback";

async fn pairwise(world: &World, id: &str, more: Value) -> crate::client::Client {
    let mut metadata =
        json!({"skip_consent": true, "subject_type": "pairwise", "token_endpoint_auth_method": "client_secret_basic"});
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    world.client(id, metadata).await
}

on_both_with! {
    crate::registration::open();

    async fn everything_a_client_reads_uses_one_name(world) {
        let app = pairwise(world, "app", json!({})).await;
        let (browser, tokens) = world.signed_in(&app).await;
        let sub = claims(&tokens.id)["sub"].as_str().unwrap().to_owned();
        assert_eq!(from_base64url(&sub).map(|bytes| bytes.len()), Some(32), "{sub}");
        assert_eq!(claims(&tokens.access)["sub"], sub);
        assert_eq!(app.userinfo(&tokens.access).await.ok()["sub"], sub);
        let introspected = app.introspect(&tokens.access).await;
        assert_eq!((&introspected["sub"], introspected.get("username")), (&json!(sub), None));
        assert_eq!(app.introspect(&tokens.refresh).await["sub"], sub);
        assert_eq!(claims(app.refresh(&tokens.refresh).await.ok()["id_token"].as_str().unwrap())["sub"], sub);
        // The person keeps it, and nobody else gets it.
        let again = app.tokens(&world.browser().code("app", "alice", "openid").await).await;
        assert_eq!(claims(&again.id)["sub"], sub);
        let bob = app.tokens(&world.browser().code("app", "bob", "openid").await).await;
        assert_ne!(claims(&bob.id)["sub"], sub);
        drop(browser);
    }

    async fn sectors_do_not_recognise_each_other(world) {
        let own = async |id: &str, more: Value| {
            let app = pairwise(world, id, more).await;
            claims(&world.signed_in(&app).await.1.id)["sub"].as_str().unwrap().to_owned()
        };
        let (one, same) = (own("one", json!({})).await, own("same", json!({"redirect_uris": [HOME, "https://app.example/x"]})).await);
        let sector = json!({"sector_identifier_uri": "https://sector.example/uris.json"});
        let (listed, too) = (own("listed", sector.clone()).await, own("too", sector).await);
        assert_eq!((&one, &listed), (&same, &too));
        assert_ne!(one, listed);
        let public = world.app("public").await;
        assert_ne!(claims(&world.signed_in(&public).await.1.id)["sub"], one);
    }

    async fn a_hint_names_the_person_by_the_name_the_client_knows(world) {
        let app = pairwise(world, "app", json!({})).await;
        let (alice, tokens) = world.signed_in(&app).await;
        let bob = world.browser();
        bob.sign_in("bob").await;
        let hint = [("prompt", "none"), ("id_token_hint", tokens.id.as_str())];
        assert!(alice.authorize("app", &hint).await.home(HOME).contains_key("code"));
        assert_eq!(bob.authorize("app", &hint).await.home(HOME)["error"], "login_required");
        let logout = format!("/oauth2/logout?id_token_hint={}", tokens.id);
        alice.get(&logout).await;
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
    }

    async fn the_end_is_told_by_the_same_name(world) {
        let receiver = Receiver::new(Manner::Status(200)).await;
        let app = pairwise(world, "app", json!({"backchannel_logout_uri": receiver.url})).await;
        let (browser, tokens) = world.signed_in(&app).await;
        browser.get(&format!("/oauth2/logout?id_token_hint={}", tokens.id)).await;
        world.courier().run_out().await.unwrap();
        assert_eq!(claims(&receiver.only().logout_token())["sub"], claims(&tokens.id)["sub"]);
    }

    async fn a_sector_lists_its_redirect_uris(world) {
        let list = Publisher::new(&document(&json!([HOME, OTHER, "https://third.example/"]).to_string())).await;
        let body = json!({"redirect_uris": [HOME, OTHER], "subject_type": "pairwise", "sector_identifier_uri": list.address});
        let made = Registered::new(world, body.clone()).await;
        assert_eq!((&made.whole["subject_type"], list.asked()), (&json!("pairwise"), 1));
        let mut same = body.clone();
        same["client_id"] = made.text("client_id").into();
        made.manage(world, Method::PUT, Some(&same)).await.ok();
        assert_eq!(list.asked(), 1, "what is known is not asked about again");
        same["redirect_uris"] = json!([HOME, "https://fourth.example/"]);
        refused(&made.manage(world, Method::PUT, Some(&same)).await, "invalid_client_metadata", "sector_identifier_uri");
        for says in [document("[]"), document(&json!([HOME]).to_string()), document("{}"), document("no json"),
                     document(&json!([HOME, OTHER, 5]).to_string()), document(&format!("{}{}", json!([HOME, OTHER]), " ".repeat(70_000))),
                     "HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into(), String::new()] {
            list.says(says);
            refused(&register(world, body.clone()).await, "invalid_client_metadata", "sector_identifier_uri");
        }
    }

    async fn without_a_list_all_addresses_have_one_host(world) {
        for uris in [json!([HOME, OTHER]), json!(["com.example.app:/cb"])] {
            let body = json!({"redirect_uris": uris, "subject_type": "pairwise"});
            refused(&register(world, body).await, "invalid_client_metadata", "sector_identifier_uri");
        }
        Registered::new(world, json!({"redirect_uris": [HOME, "https://app.example/x"], "subject_type": "pairwise"})).await;
    }
}
