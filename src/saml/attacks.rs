//! Answers that lie: every one is refused. The wrapping variants are those of Somorovsky et al., "On Breaking SAML: Be Whoever
//! You Want to Be" (2012), in the order of the usual corpus.

use proptest::prelude::*;

use super::Distrust;
use super::certificate::OwnKey;
use super::response::{Expected, Signed, Testimony, read};
use super::samples::*;
use super::signature::signed;

/// What an attacker makes of a signature.
type Alteration = fn(String) -> String;

fn honest() -> String {
    response("", &signed_assertion(&[], key()))
}

fn heard(text: &str, signed: Signed) -> Result<Testimony, Distrust> {
    let keys = [certificate()];
    read(text, &Expected { signed, ..expected(&keys) })
}

#[track_caller]
fn is_refused(text: &str, what: &str) {
    for signed in [Signed::Assertion, Signed::Either] {
        assert!(heard(text, signed).is_err(), "{what}, {signed:?}");
    }
}

/// The same for somebody else, without a signature.
fn evil(id: &str, signature: &str) -> String {
    changed(&assertion(signature), &[(">ann<", ">root<"), ("_honest", id)])
}

/// The signature in a signed document.
fn signature_of(text: &str) -> String {
    let (start, end) = (text.find("<ds:Signature ").unwrap(), text.find("</ds:Signature>").unwrap());
    text[start..end + "</ds:Signature>".len()].to_owned()
}

#[test]
fn an_honest_answer_is_heard() {
    for kind in [Signed::Assertion, Signed::Either] {
        let told = heard(&honest(), kind).unwrap();
        let words = (told.name.value.as_str(), told.class.as_deref(), told.session.as_deref(), told.id.as_str());
        assert_eq!(words, ("ann", Some("urn:gold"), Some("_session"), "_honest"));
        assert_eq!(told.attributes["mail"], "ann@idp.example");
        assert_eq!(told.attributes["urn:oid:1"], "ann@idp.example");
        assert_eq!(told.attributes["groups"], serde_json::json!(["staff", "ops"]));
        assert_eq!((told.auth_time, told.session_ends), (now(), None));
    }
    let whole = signed(|signature| response(signature, &assertion("")), "_answer", key()).unwrap();
    assert!(heard(&whole, Signed::Either).is_ok());
    assert!(heard(&whole, Signed::Assertion).is_err(), "the assertion itself must be signed");
    let both = signed(|signature| response(signature, &signed_assertion(&[], key())), "_answer", key()).unwrap();
    assert!(heard(&both, Signed::Assertion).is_ok() && heard(&both, Signed::Either).is_ok());
}

#[test]
fn a_wrapped_answer_is_refused() {
    let whole = signed(|signature| response(signature, &assertion("")), "_answer", key()).unwrap();
    let whole_signature = signature_of(&whole);
    let bare = whole.replace(&whole_signature, "");
    let object = |content: &str| {
        whole_signature.replace("</ds:Signature>", &format!("<ds:Object>{content}</ds:Object></ds:Signature>"))
    };
    for id in ["_answer", "_evil"] {
        let root = |signature: &str| response(signature, &evil("_evil-assertion", "")).replacen("_answer", id, 1);
        is_refused(&root(&object(&bare)), "XSW1: the signed answer inside its own signature");
        is_refused(&root(&format!("{bare}{whole_signature}")), "XSW2: the signed answer before its signature");
        is_refused(&root(&format!("{whole_signature}{bare}")), "XSW2: and behind it");
    }
    let inner = signed_assertion(&[], key());
    let inner_signature = signature_of(&inner);
    let plain = inner.replace(&inner_signature, "");
    let object = |content: &str| {
        inner_signature.replace("</ds:Signature>", &format!("<ds:Object>{content}</ds:Object></ds:Signature>"))
    };
    for id in ["_honest", "_evil"] {
        let wrapped = |content: &str| response("", content);
        is_refused(&wrapped(&format!("{}{inner}", evil(id, ""))), "XSW3: another assertion before");
        is_refused(&wrapped(&format!("{inner}{}", evil(id, ""))), "XSW3: another assertion behind");
        is_refused(
            &wrapped(&evil(id, "").replace("</saml:Assertion>", &format!("{inner}</saml:Assertion>"))),
            "XSW4: another assertion around",
        );
        is_refused(
            &wrapped(&format!("{}{plain}", evil(id, &inner_signature))),
            "XSW5: the signature in another assertion",
        );
        is_refused(&wrapped(&evil(id, &object(&plain))), "XSW6: the signed assertion inside the signature of another");
        let extension = format!("<samlp:Extensions>{}</samlp:Extensions>", evil(id, ""));
        is_refused(&wrapped(&format!("{extension}{inner}")), "XSW7: another assertion among the extensions");
        is_refused(
            &wrapped(&evil(id, &object(&inner))),
            "XSW8: the signed assertion whole inside the signature of another",
        );
    }
}

#[test]
fn a_touched_answer_is_refused() {
    let honest = honest();
    for (what, from, to) in [
        ("another person", ">ann<", ">root<"),
        ("a comment in the name", ">ann<", ">ann<!-- -->.evil<"),
        ("a comment in the signature", "<ds:SignedInfo>", "<!-- --><ds:SignedInfo>"),
        ("a processing instruction", ">ann<", "><?x?>ann<"),
        ("another algorithm", "rsa-sha256", "rsa-sha512"),
        ("a weak algorithm", "2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1"),
        ("a shared secret", "rsa-sha256", "hmac-sha256"),
        ("another canonicalization", "xml-exc-c14n#\"></ds:Can", "xml-exc-c14n#WithComments\"></ds:Can"),
        ("another reference", "URI=\"#_honest\"", "URI=\"#_answer\""),
        ("an empty reference", "URI=\"#_honest\"", "URI=\"\""),
        ("no signature", "<ds:Signature ", "<ds:Other "),
        ("another issuer", "<saml:Issuer>https://idp", "<saml:Issuer>https://evil"),
        (
            "another namespace",
            "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_h",
            "xmlns:saml=\"urn:x\" ID=\"_h",
        ),
        ("another root", "samlp:Response ", "samlp:Answer "),
        ("another version", "Version=\"2.0\"", "Version=\"1.1\""),
        ("sent elsewhere", "Destination=\"https://id.", "Destination=\"https://evil."),
        ("to another request", "InResponseTo=\"_asked\"", "InResponseTo=\"_other\""),
        ("a refusal", "status:Success", "status:Responder"),
        ("an entity", "<samlp:Response", "<!DOCTYPE x [<!ENTITY x \"y\">]><samlp:Response"),
        ("a document type", "<samlp:Response", "<!DOCTYPE x SYSTEM \"http://127.0.0.1/x\"><samlp:Response"),
        ("something encrypted", "<saml:Assertion", "<saml:EncryptedAssertion/><saml:Assertion"),
    ] {
        let touched = if what == "no signature" {
            honest.replace(&signature_of(&honest), "")
        } else {
            changed(&honest, &[(from, to)]).replace(
                "</samlp:Response>",
                if what == "another root" { "</samlp:Answer>" } else { "</samlp:Response>" },
            )
        };
        is_refused(&touched, what);
    }
    is_refused("", "nothing");
    is_refused(&response("", ""), "no assertion");
    is_refused(&signed_assertion(&[], key()), "an assertion without an answer around");
}

#[test]
fn a_signed_lie_is_refused() {
    let late = at(-11);
    let early = at(11);
    for (what, from, to) in [
        ("another audience", "<saml:Audience>https://id.", "<saml:Audience>https://other."),
        ("no audience", "<saml:AudienceRestriction>", "<saml:OneTimeUse/><saml:ProxyRestriction>"),
        ("another recipient", "Recipient=\"https://id.", "Recipient=\"https://other."),
        ("no recipient", "Recipient=", "Address="),
        ("another request", "InResponseTo=\"_asked\"", "InResponseTo=\"_other\""),
        ("no request", "InResponseTo=\"_asked\" ", ""),
        ("no end", &format!(" NotOnOrAfter=\"{}\"/>", at(300)), "/>"),
        ("over", &format!("NotOnOrAfter=\"{}\"/>", at(300)), &format!("NotOnOrAfter=\"{late}\"/>")),
        ("conditions over", &format!("NotOnOrAfter=\"{}\"><", at(300)), &format!("NotOnOrAfter=\"{late}\"><")),
        ("not yet", &format!("NotBefore=\"{}\"", at(0)), &format!("NotBefore=\"{early}\"")),
        ("from the future", &format!("IssueInstant=\"{}\"", at(0)), &format!("IssueInstant=\"{early}\"")),
        ("NotBefore at the confirmation", "Data Recipient", "Data NotBefore=\"2020-01-01T00:00:00Z\" Recipient"),
        ("another confirmation", "cm:bearer", "cm:sender-vouches"),
        ("an unknown condition", "<saml:AudienceRestriction>", "<saml:Condition/><saml:AudienceRestriction>"),
        ("a transient name", "format:persistent", "format:transient"),
        ("a name of another kind", "2.0:nameid-format:persistent", "1.1:nameid-format:emailAddress"),
        ("a name of another realm", "<saml:NameID ", "<saml:NameID NameQualifier=\"https://other.example\" "),
        ("a name for another", "<saml:NameID ", "<saml:NameID SPNameQualifier=\"https://other.example\" "),
        ("an empty name", ">ann<", "> <"),
        ("a name in parts", ">ann<", ">ann<b/>.evil<"),
        ("an encrypted name", "<saml:Subject>", "<saml:Subject><saml:EncryptedID/>"),
        ("two names", "<saml:Subject>", "<saml:Subject><saml:NameID>root</saml:NameID>"),
        ("another issuer", "<saml:Issuer>https://idp", "<saml:Issuer>https://evil"),
        ("another version", "Version=\"2.0\"", "Version=\"1.1\""),
        ("an endless session index", "SessionIndex=\"", &format!("SessionIndex=\"{}", "x".repeat(500))),
        ("a session that is over", "SessionIndex", &format!("SessionNotOnOrAfter=\"{}\" SessionIndex", at(0))),
        ("no time zone", &format!("AuthnInstant=\"{}\"", at(0)), "AuthnInstant=\"2026-11-27T05:00:00\""),
        ("nobody signed in", "<saml:AuthnStatement ", "<saml:Statement "),
    ] {
        let mut changes = vec![(from, to)];
        if what == "no audience" {
            let gone = "<saml:Audience>https://id.example/sso/corp/metadata</saml:Audience></saml:AudienceRestriction>";
            changes.push((gone, "</saml:ProxyRestriction>"));
        }
        if what == "nobody signed in" {
            changes.push(("</saml:AuthnStatement>", "</saml:Statement>"));
        }
        is_refused(&response("", &signed_assertion(&changes, key())), what);
    }
    is_refused(&response("", &signed_assertion(&[], other_key())), "another key, with its certificate in KeyInfo");
}

#[test]
fn clocks_may_differ_by_ten_seconds() {
    let (late, early) = (at(-9), at(9));
    for (from, to) in [
        (format!("NotOnOrAfter=\"{}\"/>", at(300)), format!("NotOnOrAfter=\"{late}\"/>")),
        (format!("NotBefore=\"{}\"", at(0)), format!("NotBefore=\"{early}\"")),
    ] {
        let text = response("", &signed_assertion(&[(&from, &to)], key()));
        assert!(heard(&text, Signed::Assertion).is_ok(), "{to}");
    }
}

#[test]
fn either_of_two_keys_may_sign_while_one_replaces_the_other() {
    let keys = [other_certificate(), certificate()];
    assert!(read(&honest(), &expected(&keys)).is_ok());
    assert!(read(&honest(), &expected(&keys[..1])).is_err() && read(&honest(), &expected(&[])).is_err());
}

#[test]
fn a_refusal_says_its_words() {
    let status = "status:Success\"/>";
    let said = |to: &str| heard(&changed(&honest(), &[(status, to)]), Signed::Assertion).unwrap_err();
    let inner = "status:Responder\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext\"/></samlp:StatusCode>";
    assert_eq!(said(inner), Distrust::Status("Responder NoAuthnContext".into()));
    assert_eq!(said("status:Requester\"/>"), Distrust::Status("Requester".into()));
}

#[test]
fn transforms_and_references_are_counted() {
    let build = |alter: Alteration, key: &OwnKey| {
        let inner = signed_assertion(&[], key);
        let signature = signature_of(&inner);
        inner.replace(&signature, &alter(signature.clone()))
    };
    let alterations: [(&str, Alteration); 4] = [
        ("two references", |text| text.replace("</ds:SignedInfo>", "<ds:Reference URI=\"#x\"/></ds:SignedInfo>")),
        ("a transform more", |text| {
            text.replace("</ds:Transforms>", "<ds:Transform Algorithm=\"x\"/></ds:Transforms>")
        }),
        ("no transforms", |text| {
            text.replace("<ds:Transforms>", "<ds:Others>").replace("</ds:Transforms>", "</ds:Others>")
        }),
        ("two signatures", |text| format!("{text}{text}")),
    ];
    for (what, alter) in alterations {
        is_refused(&response("", &build(alter, key())), what);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is changed anywhere, the answer is refused or says the same.
    #[test]
    fn no_change_says_something_else(at in any::<prop::sample::Index>(), cut in 0..40_usize, put in "[ -~]{0,12}") {
        let honest = honest();
        let from = at.index(honest.len());
        let to = (from + cut).min(honest.len());
        let touched = format!("{}{put}{}", &honest[..from], &honest[to..]);
        let told = heard(&honest, Signed::Assertion).unwrap();
        for signed in [Signed::Assertion, Signed::Either] {
            if let Ok(other) = heard(&touched, signed) {
                prop_assert_eq!(&other, &told);
            }
        }
    }
}
