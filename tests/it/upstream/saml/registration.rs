//! SAML providers by the admin API: from metadata or member by member, and with a key of ours for each.

use serde_json::{Value, json};

use super::oracle::{EC_CERTIFICATE, IDP_CERTIFICATE};
use super::{IDP, join, our_certificate, round_trip};
use crate::upstream::api;
use crate::world::{World, on_both};

fn dense(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn described() -> String {
    let (metadata, dsig) = ("urn:oasis:names:tc:SAML:2.0:metadata", "http://www.w3.org/2000/09/xmldsig#");
    let at = |service: &str, path: &str| {
        format!(
            "<{service} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example/{path}\"/>"
        )
    };
    format!(
        "<?xml version=\"1.0\"?><!-- written by hand --><EntityDescriptor xmlns=\"{metadata}\" entityID=\"{IDP}\">\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor>\
         <KeyInfo xmlns=\"{dsig}\"><X509Data><X509Certificate>\n{}\n</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
         {}{}</IDPSSODescriptor></EntityDescriptor>",
        dense(IDP_CERTIFICATE),
        at("SingleLogoutService", "slo?a=b"),
        at("SingleSignOnService", "sso"),
    )
}

async fn refused(world: &World, more: Value, member: &str) {
    let mut asked = json!({"id": "corp", "kind": "saml", "metadata": described()});
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    let problem = api(world).await.post("/providers", asked).await.problem(400);
    assert_eq!(problem["errors"][0]["field"], member, "{problem}");
}

on_both! {
    async fn metadata_is_enough(world) {
        let api = api(world).await;
        let made = api.post("/providers", json!({"id": "corp", "kind": "saml", "metadata": described()})).await.is(201).json();
        let told = [&made["issuer"], &made["sso_url"], &made["slo_url"], &made["certificates"], &made["signed_assertions"]];
        let expected = [&json!(IDP), &json!("https://idp.example/sso"), &json!("https://idp.example/slo?a=b"), &json!([dense(IDP_CERTIFICATE)]), &json!(true)];
        assert_eq!(told, expected);
        assert_eq!((&made["metadata"], &made["redirect_uri"], &made["has_secret"]), (&Value::Null, &Value::Null, &json!(true)));
        assert_eq!(made["entity_id"], format!("{}/sso/corp/metadata", world.issuer));
        round_trip(world, &world.browser(), &[]).await.is(303);
        // A new key there: metadata again, or the certificate alone.
        let both = json!({"certificates": [dense(IDP_CERTIFICATE), EC_CERTIFICATE]});
        let changed = api.patch("/providers/corp", both).await.ok();
        assert_eq!(changed["certificates"].as_array().unwrap().len(), 2);
        let changed = api.patch("/providers/corp", json!({"metadata": described(), "name": "Corp"})).await.ok();
        assert_eq!((changed["certificates"].as_array().unwrap().len(), &changed["name"]), (1, &json!("Corp")));
    }

    async fn what_does_not_fit_is_named(world) {
        let small = include_str!("keys/small.crt");
        for (more, member) in [
            (json!({"metadata": "<x/>"}), "metadata"),
            (json!({"metadata": format!("<!DOCTYPE x>{}", described())}), "metadata"),
            (json!({"metadata": 5}), "metadata"),
            (json!({"metadata": ""}), "metadata"),
            (json!({"metadata": described() + &" ".repeat(50_000)}), "metadata"),
            (json!({"certificates": []}), "certificates"),
            (json!({"certificates": ["x"]}), "certificates"),
            (json!({"certificates": [small]}), "certificates"),
            (json!({"sso_url": "http://idp.example/sso"}), "sso_url"),
            (json!({"slo_url": "ftp://idp.example/"}), "slo_url"),
            (json!({"issuer": "no uri"}), "issuer"),
            (json!({"client_secret": "x"}), "client_secret"),
            (json!({"claims": {"sub": "mail"}}), "claims"),
            (json!({"scopes": ["openid"]}), "scopes"),
            (json!({"name_id_format": "transient"}), "name_id_format"),
            (json!({"prompt": "consent"}), "prompt"),
            (json!({"kind": "oidc"}), "client_id"),
            (json!({"metadata": null}), "issuer"),
        ] {
            refused(world, more, member).await;
        }
        let oidc = json!({"id": "x", "issuer": "https://id.example", "client_id": "x", "certificates": [IDP_CERTIFICATE]});
        let problem = api(world).await.post("/providers", oidc).await.problem(400);
        assert_eq!(problem["errors"][0]["field"], "certificates");
    }

    async fn each_provider_has_a_key_of_ours_which_an_admin_renews(world) {
        join(world, "corp", json!({})).await;
        join(world, "other", json!({"issuer": "urn:other"})).await;
        let first = our_certificate(world, "corp").await;
        assert_ne!(first, our_certificate(world, "other").await);
        let api = api(world).await;
        api.patch("/providers/corp", json!({"name": "Corp"})).await.is(200);
        assert_eq!(our_certificate(world, "corp").await, first, "it stays");
        let shown = api.patch("/providers/corp", json!({"client_secret": null})).await.ok();
        assert_eq!(shown["has_secret"], true);
        assert_ne!(our_certificate(world, "corp").await, first);
        round_trip(world, &world.browser(), &[]).await.is(303);
        // Who becomes a provider of another kind keeps none.
        let oidc = json!({"kind": "oidc", "issuer": "https://id.example", "client_id": "x", "certificates": [], "sso_url": null,
            "slo_url": null, "signed_assertions": false});
        assert_eq!(api.patch("/providers/corp", oidc).await.ok()["has_secret"], false);
    }

    async fn our_name_may_be_another(world) {
        let made = join(world, "corp", json!({"client_id": "urn:doorward"})).await;
        assert_eq!(made["entity_id"], "urn:doorward");
        let browser = world.browser();
        round_trip(world, &browser, &[(&format!("<saml:Audience>{}/sso/corp/metadata", world.issuer), "<saml:Audience>urn:doorward")]).await.is(303);
        round_trip(world, &world.browser(), &[]).await.is(502);
    }
}
