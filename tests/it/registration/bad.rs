//! What a client may not say of itself, member by member.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Registered, refused, register};
use crate::answer::Answer;
use crate::stage::HOME;
use crate::world::{World, on_both_with};

const METADATA: &str = "invalid_client_metadata";
const REDIRECT: &str = "invalid_redirect_uri";

/// Every member of RFC 7591 section 2 and of OpenID Connect Registration 1.0 section 2 with a value that it cannot have.
fn table() -> Vec<(Value, &'static str, &'static str)> {
    let private = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "x"}]});
    let long = "x".repeat(2_000);
    let mut rows = vec![
        (json!({"redirect_uris": []}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": null}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": HOME}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": [HOME, 5]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": ["https://app.example/#x"]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": ["http://app.example/"]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": ["javascript:alert(1)"]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": ["https://*.example/"]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": ["https://a@app.example/"]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": ["relative"]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": [format!("https://app.example/{long}")]}), REDIRECT, "redirect_uris"),
        (json!({"redirect_uris": vec![HOME; 101]}), REDIRECT, "redirect_uris"),
        (json!({"token_endpoint_auth_method": "magic"}), METADATA, "token_endpoint_auth_method"),
        (json!({"token_endpoint_auth_method": 5}), METADATA, "token_endpoint_auth_method"),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), METADATA, "jwks"),
        (json!({"token_endpoint_auth_signing_alg": "none"}), METADATA, "token_endpoint_auth_signing_alg"),
        (
            json!({"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "HS512"}),
            METADATA,
            "token_endpoint_auth_signing_alg",
        ),
        (
            json!({"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256"}),
            METADATA,
            "token_endpoint_auth_signing_alg",
        ),
        (json!({"grant_types": ["implicit"], "response_types": ["id_token"]}), METADATA, "grant_types"),
        (json!({"response_types": ["code id_token"]}), METADATA, "response_types"),
        (json!({"request_object_signing_alg": "none"}), METADATA, "request_object_signing_alg"),
        (json!({"request_uris": ["http://app.example/r"]}), METADATA, "request_uris"),
        (json!({"require_signed_request_object": 1}), METADATA, "require_signed_request_object"),
        (json!({"grant_types": ["password"]}), METADATA, "grant_types"),
        (json!({"grant_types": "authorization_code"}), METADATA, "grant_types"),
        (json!({"grant_types": ["client_credentials"]}), METADATA, "grant_types"),
        (json!({"grant_types": ["refresh_token"]}), METADATA, "grant_types"),
        (json!({"response_types": ["magic"]}), METADATA, "response_types"),
        (json!({"response_types": []}), METADATA, "response_types"),
        (json!({"client_name": ""}), METADATA, "client_name"),
        (json!({"client_name": "a\nb"}), METADATA, "client_name"),
        (json!({"client_name": 5}), METADATA, "client_name"),
        (json!({"client_name": long}), METADATA, "client_name"),
        (json!({"scope": "openid admin"}), METADATA, "scope"),
        (json!({"scope": "a\"b"}), METADATA, "scope"),
        (json!({"scope": ["openid"]}), METADATA, "scope"),
        (json!({"contacts": "me@app.example"}), METADATA, "contacts"),
        (json!({"contacts": [""]}), METADATA, "contacts"),
        (json!({"contacts": [5]}), METADATA, "contacts"),
        (json!({"jwks": []}), METADATA, "jwks"),
        (json!({"jwks": {"keys": [1]}}), METADATA, "jwks"),
        (json!({"jwks": private}), METADATA, "jwks"),
        (json!({"jwks": {"keys": []}, "jwks_uri": "https://app.example/jwks"}), METADATA, "jwks_uri"),
        (json!({"software_id": ""}), METADATA, "software_id"),
        (json!({"software_version": 2}), METADATA, "software_version"),
        (json!({"application_type": "mainframe"}), METADATA, "application_type"),
        (json!({"subject_type": "secret"}), METADATA, "subject_type"),
        (json!({"id_token_signed_response_alg": "none"}), METADATA, "id_token_signed_response_alg"),
        (json!({"id_token_signed_response_alg": "HS256"}), METADATA, "id_token_signed_response_alg"),
        (json!({"id_token_encrypted_response_alg": "RSA1_5"}), METADATA, "id_token_encrypted_response_alg"),
        (json!({"id_token_encrypted_response_alg": "RSA-OAEP"}), METADATA, "jwks"),
        (json!({"id_token_encrypted_response_enc": "A128GCM"}), METADATA, "id_token_encrypted_response_enc"),
        (json!({"userinfo_signed_response_alg": "none"}), METADATA, "userinfo_signed_response_alg"),
        (json!({"userinfo_encrypted_response_alg": "dir"}), METADATA, "userinfo_encrypted_response_alg"),
        (json!({"userinfo_encrypted_response_enc": "A128GCM"}), METADATA, "userinfo_encrypted_response_enc"),
        (json!({"default_max_age": -1}), METADATA, "default_max_age"),
        (json!({"require_auth_time": "yes"}), METADATA, "require_auth_time"),
        (json!({"initiate_login_uri": "http://localhost/start"}), METADATA, "initiate_login_uri"),
        (json!({"post_logout_redirect_uris": ["http://app.example/"]}), METADATA, "post_logout_redirect_uris"),
        (json!({"backchannel_logout_session_required": 1}), METADATA, "backchannel_logout_session_required"),
        (json!({"frontchannel_logout_session_required": 1}), METADATA, "frontchannel_logout_session_required"),
        (json!({"access_token_format": "paper"}), METADATA, "access_token_format"),
        (json!({"software_statement": 5}), "invalid_software_statement", "software_statement"),
        (json!({"software_statement": "x"}), "invalid_software_statement", "software_statement"),
        (json!({"software_statement": "e30.e30.e30"}), "unapproved_software_statement", "software_statement"),
    ];
    let links = [
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "jwks_uri",
        "initiate_login_uri",
        "backchannel_logout_uri",
        "frontchannel_logout_uri",
    ];
    for member in links {
        for value in [
            json!("http://app.example/x"),
            json!("ftp://app.example/"),
            json!("x"),
            json!(5),
            json!("https://a@b.example/"),
            json!("javascript:x"),
        ] {
            rows.push((json!({member: value}), METADATA, member));
        }
    }
    rows
}

async fn asks(world: &World, changes: &Value) -> Answer {
    let mut body = json!({"redirect_uris": [HOME]});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    register(world, body).await
}

async fn count(world: &World) -> i64 {
    world.db().read().await.unwrap().sql("SELECT COUNT(*) FROM clients").scalar().await.unwrap()
}

on_both_with! {
    crate::registration::open();

    async fn every_member_that_is_wrong_is_named(world) {
        for (changes, code, member) in table() {
            refused(&asks(world, &changes).await, code, member);
        }
        assert_eq!(count(world).await, 0);
    }

    async fn a_client_gives_itself_no_power(world) {
        for (changes, member) in [
            (json!({"disabled": false}), "disabled"),
            (json!({"session_limit": 1}), "session_limit"),
            (json!({"session_limit_action": "deny"}), "session_limit_action"),
            (json!({"required_acr": "urn:doorward:acr:password"}), "required_acr"),
            (json!({"skip_consent": true}), "skip_consent"),
            (json!({"skip_consent": false}), "skip_consent"),
            (json!({"allowed_resources": [format!("{}/api/v1", world.issuer)]}), "allowed_resources"),
            (json!({"session_idle": "1m"}), "session_idle"),
            (json!({"session_absolute": "1m"}), "session_absolute"),
            (json!({"legacy_aud": true}), "legacy_aud"),
            (json!({"require_pkce": false}), "require_pkce"),
            (json!({"scope": "openid admin.read"}), "scope"),
            (json!({"scope": "openid roles"}), "scope"),
            (json!({"scope": "payments"}), "scope"),
            (json!({"grant_types": ["authorization_code", "client_credentials"]}), "grant_types"),
        ] {
            refused(&asks(world, &changes).await, METADATA, member);
        }
        assert_eq!(count(world).await, 0);
        // What the server chooses is chosen by it, whatever was said.
        let made = Registered::new(world, json!({"redirect_uris": [HOME], "client_id": "admin-client", "client_secret": "x",
            "registration_access_token": "x", "client_id_issued_at": 1, "client_name": null})).await;
        assert!(made.text("client_id") != "admin-client" && made.text("client_secret") != "x");
    }

    async fn a_body_is_one_json_object(world) {
        let place = format!("{}/oauth2/register", world.issuer);
        for body in ["", "{", "[]", "\"x\"", r#"{"redirect_uris":[],"redirect_uris":[]}"#, r#"{"client_name":"\u0000"}"#] {
            let request = world.http().post(&place).header("content-type", "application/json").body(body);
            Answer::of(request.send().await.unwrap()).await.refused(METADATA);
        }
        let form = world.http().post(&place).header("content-type", "application/x-www-form-urlencoded").body("a=b");
        Answer::of(form.send().await.unwrap()).await.refused("invalid_request");
        let large = json!({"redirect_uris": [HOME], "x": "y".repeat(70_000)});
        register(world, large).await.is(413);
        crate::registration::send(world, Method::GET, "", None, None).await.is(405);
    }
}
