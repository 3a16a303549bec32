//! Back-channel logout received from a provider (OpenID Connect Back-Channel Logout 1.0 section 2.6; OWASP ASVS 5.0 10.5.5).

use std::collections::BTreeMap;

use doorward::base::secret::base64url;
use serde_json::{Value, json};

use super::impostor::Impostor;
use super::is_signed_in;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::stage::form;
use crate::world::{World, on_both};

async fn signed_in(world: &World, impostor: &Impostor) -> Browser {
    let browser = world.browser();
    impostor.round_trip(&browser).await.is(303);
    browser
}

pub async fn tell(world: &World, provider: &str, token: &str) -> Answer {
    let request = world.http().post(format!("{}/sso/{provider}/backchannel-logout", world.issuer));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(form(&[("logout_token", token)])).send().await.unwrap()).await
}

on_both! {
    async fn a_good_logout_token_ends_what_came_from_there(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        for (jti, changes) in [
            ("one", vec![]),
            ("two", vec![("sid", Value::Null)]),
            ("three", vec![("sub", Value::Null)]),
            ("four", vec![("exp", Value::Null)]),
            ("five", vec![("aud", json!(["doorward"]))]),
        ] {
            let browser = signed_in(world, &impostor).await;
            let answer = tell(world, "idp", &impostor.logout_token(jti, &BTreeMap::new(), &changes)).await;
            assert_eq!((answer.is(200).body.as_str(), answer.header("cache-control")), ("", Some("no-store")));
            assert!(!is_signed_in(&browser).await, "{jti}");
        }
        // Of another session there, or another person: nobody is touched, and the provider hears the same.
        let browser = signed_in(world, &impostor).await;
        for (jti, changes) in [
            ("six", vec![("sid", json!("another"))]),
            ("seven", vec![("sub", json!("another"))]),
            ("eight", vec![("sub", json!("another")), ("sid", Value::Null)]),
        ] {
            tell(world, "idp", &impostor.logout_token(jti, &BTreeMap::new(), &changes)).await.is(200);
            assert!(is_signed_in(&browser).await, "{jti}");
        }
    }

    async fn every_defect_of_a_logout_token_is_refused(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let other = Impostor::join(world, "other", json!({})).await;
        let browser = signed_in(world, &impostor).await;
        let plain = BTreeMap::new();
        let header = |name: &'static str, value: Value| BTreeMap::from([(name, value)]);
        let event = "http://schemas.openid.net/event/backchannel-logout";
        let unsigned = format!(
            "{}.{}.",
            base64url(json!({"alg": "none", "typ": "logout+jwt"}).to_string().as_bytes()),
            impostor.logout_token("a", &plain, &[]).split('.').nth(1).unwrap()
        );
        let mut refused = vec![
            ("unsigned".to_owned(), unsigned),
            ("another's".into(), other.logout_token("b", &plain, &[("iss", json!(impostor.issuer))])),
            ("typ JWT".into(), impostor.logout_token("c", &header("typ", json!("JWT")), &[])),
            ("no typ".into(), impostor.logout_token("d", &header("typ", Value::Null), &[])),
            ("an extension".into(), impostor.logout_token("e", &header("crit", json!(["x"])), &[])),
            ("HS256".into(), impostor.logout_token("f", &header("alg", json!("HS256")), &[])),
            ("nothing".into(), String::new()),
            ("no token".into(), "x.y.z".into()),
        ];
        for (at, (name, value)) in [
            ("iss", json!("https://id.example")),
            ("aud", json!("other")),
            ("aud", json!(["doorward", "other"])),
            ("iat", impostor.at(-301)),
            ("iat", impostor.at(11)),
            ("iat", Value::Null),
            ("exp", impostor.at(-10)),
            ("events", Value::Null),
            ("events", json!({"http://schemas.openid.net/event/other": {}})),
            ("events", json!({event: "x"})),
            ("nonce", json!("n")),
            ("jti", Value::Null),
            ("sub", json!(5)),
        ]
        .into_iter()
        .enumerate()
        {
            let token = impostor.logout_token(&format!("g{at}"), &plain, &[(name, value.clone())]);
            refused.push((format!("{name} {value}"), token));
        }
        refused.push(("nobody".into(), impostor.logout_token("h", &plain, &[("sub", Value::Null), ("sid", Value::Null)])));
        for (what, token) in refused {
            let answer = tell(world, "idp", &token).await;
            answer.refused("invalid_request");
            assert!(is_signed_in(&browser).await, "{what}");
        }
        tell(world, "nobody", "x").await.refused("invalid_request");
    }

    async fn a_logout_token_is_taken_once(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let token = impostor.logout_token("once", &BTreeMap::new(), &[]);
        tell(world, "idp", &token).await.is(200);
        let browser = signed_in(world, &impostor).await;
        tell(world, "idp", &token).await.refused("invalid_request");
        // Another token under the same name is the same token.
        let changed = impostor.logout_token("once", &BTreeMap::new(), &[("sid", Value::Null)]);
        tell(world, "idp", &changed).await.refused("invalid_request");
        assert!(is_signed_in(&browser).await);
    }
}
