//! A provider that knows OAuth 2.0 and nothing more, as GitHub does: who somebody is says an endpoint of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::impostor::{Impostor, Says};
use super::linking::ask;
use super::{api, is_signed_in, parameter};
use crate::client::claims;
use crate::world::{World, on_both};

/// A provider of the kind `oauth2`, at the endpoints of one that could do more.
async fn git(world: &World, more: Value) -> Impostor {
    let impostor = Impostor::open(world, "git").await;
    let at = |path: &str| format!("{}/{path}", impostor.issuer);
    let mut asked = json!({
        "id": "git", "kind": "oauth2", "name": "Git Example", "issuer": impostor.issuer, "client_id": "doorward",
        "client_secret": "a secret", "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"), "scopes": ["read:user", "user:email"],
        "claims": {"sub": "id", "preferred_username": "login", "name": "name", "email": "email", "picture": "avatar_url"},
    });
    for (member, value) in more.as_object().unwrap() {
        asked[member] = value.clone();
    }
    api(world).await.post("/providers", asked).await.is(201);
    impostor.says(Says { userinfo: octo(583_231), ..Says::default() });
    impostor
}

fn octo(id: i64) -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("sub", Value::Null),
        ("id", json!(id)),
        ("login", json!("octocat")),
        ("name", json!("Mona")),
        ("email", Value::Null),
        ("avatar_url", json!("https://git.example/octocat.png")),
    ])
}

/// Through the provider; an ID token's nonce is nothing that it knows.
async fn round_trip(browser: &crate::browser::Browser, impostor: &Impostor) -> crate::answer::Answer {
    let address = browser.get("/sso/git/start").await.is(303).location();
    assert_eq!(parameter(&address, "scope"), "read:user user:email");
    let answer = impostor.come_back(browser, &parameter(&address, "state")).await;
    impostor.knows_verifier_of(&address);
    answer
}

/// How many ID tokens are kept for the way out.
async fn hints(world: &World) -> i64 {
    world.db().read().await.unwrap().sql("SELECT COUNT(*) FROM upstream_hints").scalar::<i64>().await.unwrap()
}

on_both! {
    async fn a_person_comes_by_a_claims_mapping(world) {
        let impostor = git(world, json!({})).await;
        let browser = world.browser();
        round_trip(&browser, &impostor).await.is(303);
        assert!(is_signed_in(&browser).await);
        let app = world.app("app").await;
        let tokens = app.tokens(&browser.code("app", "nobody", "openid profile email").await).await;
        let told = app.userinfo(&tokens.access).await.ok();
        assert_eq!((&told["preferred_username"], &told["name"]), (&json!("octocat"), &json!("Mona")));
        assert_eq!((&told["picture"], &told["email"]), (&json!("https://git.example/octocat.png"), &Value::Null));
        // Another number is another person, under whatever name.
        impostor.says(Says { userinfo: octo(7), ..Says::default() });
        let other = world.browser();
        round_trip(&other, &impostor).await.is(303);
        let tokens = app.tokens(&other.code("app", "nobody", "openid").await).await;
        assert_ne!(claims(&tokens.id)["sub"], told["sub"]);
    }

    async fn who_is_named_by_nothing_is_nobody(world) {
        let impostor = git(world, json!({})).await;
        for id in [Value::Null, json!(""), json!({"a": 1}), json!(1.5), json!(true)] {
            let mut userinfo = octo(1);
            userinfo.insert("id", id.clone());
            impostor.says(Says { userinfo, ..Says::default() });
            let browser = world.browser();
            round_trip(&browser, &impostor).await.is(502);
            assert!(!is_signed_in(&browser).await, "{id}");
        }
    }

    async fn it_cannot_show_that_anybody_just_signed_in(world) {
        let impostor = git(world, json!({})).await;
        let app = world.app("app").await;
        let browser = world.browser();
        for (asked, value) in [("prompt", "login"), ("max_age", "60")] {
            let page = browser.authorize(&app.id, &[(asked, value)]).await;
            let address = browser.get(&super::way(&page, "git")).await.is(303).location();
            let answer = impostor.come_back(&browser, &parameter(&address, "state")).await;
            assert!(answer.is(403).body.contains("signed in just now"));
        }
        // An ordinary sign-in counts as one of some time ago.
        round_trip(&browser, &impostor).await.is(303);
        let tokens = app.tokens(&browser.code("app", "nobody", "openid").await).await;
        let (told, now) = (claims(&tokens.id), impostor.at(0).as_i64().unwrap());
        assert_eq!(told["auth_time"], now - 301);
    }

    async fn no_token_of_another_provider_goes_along_to_sign_out(world) {
        let idp = Impostor::join(world, "idp", json!({})).await;
        let git = git(world, json!({})).await;
        let browser = world.browser();
        idp.round_trip(&browser).await.is(303);
        assert_eq!(hints(world).await, 1, "the ID token is kept");
        let address = ask(&browser, "git").await.is(303).location();
        git.come_back(&browser, &parameter(&address, "state")).await.is(303);
        assert_eq!(hints(world).await, 1, "to be known there too changes nothing");
        round_trip(&browser, &git).await.is(303);
        assert_eq!(hints(world).await, 0, "the session comes from there now");
    }
}
