//! A SAML provider that lies, an attacker who rearranges its words, a thief with somebody's answer: nobody gets in.
//!
//! The wrapping attacks are those of Somorovsky et al., "On Breaking SAML" (2012), XSW1 to XSW8; the others are what broke
//! others since: CVE-2017-11427 and its kin (comments), CVE-2025-25291 (two parsers), CVE-2022-39299 (several roots).

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::saml::{ASSERTION, PROTOCOL, written};
use serde_json::json;

use super::oracle::{IDP_KEY, OTHER_CERTIFICATE, OTHER_KEY, sign, template};
use super::{Asked, bring, changed, join, round_trip, set_out};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::upstream::is_signed_in;
use crate::world::{World, on_both};

/// What an attacker makes of an honest answer.
type Alteration = fn(&Honest) -> String;

/// What an attacker holds.
struct Honest {
    asked: Asked,
    /// Signed at the assertion, and as a whole.
    inner: String,
    whole: String,
    /// The assertion alone, signed; its signature; and the same without it.
    assertion: String,
    signature: String,
    plain: String,
    /// An assertion about somebody else, without a signature.
    evil: String,
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap();
    &text[from..from + text[from..].find(end).unwrap() + end.len()]
}

impl Honest {
    async fn new(world: &World, browser: &Browser) -> Self {
        let asked = set_out(world, browser, "corp").await;
        let inner = asked.answer(world, &[]);
        let response = asked.response(world, &asked.assertion(world).replace("<!--signature-->", ""));
        let around = template(&format!("_response-to{}", asked.id), "rsa-sha256");
        let whole = sign(world.folder(), &response.replace("<!--around-->", &around), (PROTOCOL, "Response"), IDP_KEY);
        let assertion = between(&inner, "<saml:Assertion", "</saml:Assertion>").to_owned();
        let signature = between(&inner, "<ds:Signature ", "</ds:Signature>").to_owned();
        let plain = assertion.replace(&signature, "");
        let evil = changed(&plain, &[("ann-there", "root"), ("ID=\"_of", "ID=\"_evil")]);
        Self { asked, inner, whole, assertion, signature, plain, evil }
    }

    fn around(&self, content: &str) -> String {
        self.inner.replace(&self.assertion, content)
    }

    /// The assertion of the attacker with something behind its issuer.
    fn evil_with(&self, signature: &str) -> String {
        self.evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    }

    /// The whole answer about somebody else, with this behind its issuer.
    fn evil_root(&self, signature: impl Fn(&str, &str) -> String) -> String {
        let own = between(&self.whole, "<ds:Signature ", "</ds:Signature>");
        let bare = self.whole.replace(own, "");
        let evil = changed(&bare, &[("ann-there", "root"), ("ID=\"_response", "ID=\"_evil")]);
        evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{}", signature(own, &bare)), 1)
    }
}

/// A signature with something in an object of its own.
fn holding(signature: &str, content: &str) -> String {
    signature.replace("</ds:Signature>", &format!("<ds:Object>{content}</ds:Object></ds:Signature>"))
}

const WRAPPED: &[(&str, Alteration)] = &[
    ("XSW1", |honest| honest.evil_root(holding)),
    ("XSW2", |honest| honest.evil_root(|own, bare| format!("{bare}{own}"))),
    ("XSW3", |honest| honest.around(&format!("{}{}", honest.evil, honest.assertion))),
    ("XSW3, behind", |honest| honest.around(&format!("{}{}", honest.assertion, honest.evil))),
    ("XSW4", |honest| {
        honest.around(&honest.evil.replace("</saml:Assertion>", &format!("{}</saml:Assertion>", honest.assertion)))
    }),
    ("XSW5", |honest| honest.around(&format!("{}{}", honest.evil_with(&honest.signature), honest.plain))),
    ("XSW6", |honest| honest.around(&honest.evil_with(&holding(&honest.signature, &honest.plain)))),
    ("XSW7", |honest| {
        honest.around(&format!("<samlp:Extensions>{}</samlp:Extensions>{}", honest.evil, honest.assertion))
    }),
    ("XSW8", |honest| honest.around(&honest.evil_with(&holding(&honest.signature, &honest.assertion)))),
    ("XSW8, by the same name", |honest| {
        let evil = honest.evil_with(&holding(&honest.signature, &honest.assertion));
        honest.around(&evil.replacen("ID=\"_evil", "ID=\"_of", 1))
    }),
    ("a wrapper in another namespace", |honest| {
        honest.around(&format!("<x xmlns=\"urn:x\">{}</x>{}", honest.assertion, honest.evil))
    }),
    ("two roots", |honest| format!("{}{}", honest.inner, honest.around(&honest.evil))),
];

const TOUCHED: &[(&str, Alteration)] = &[
    ("unsigned", |honest| honest.around(&honest.plain)),
    ("another person", |honest| honest.inner.replace("ann-there", "root")),
    ("a comment in the name", |honest| honest.inner.replace("ann-there", "ann-there<!-- -->.evil.example")),
    ("a comment that signing left out", |honest| honest.inner.replace("ann-there", "ann<!-- -->-there")),
    ("a processing instruction in the name", |honest| honest.inner.replace("ann-there", "ann<?x?>-there")),
    ("a document type", |honest| format!("<!DOCTYPE x>{}", honest.inner)),
    ("entities that grow", |honest| {
        let entities = "<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">";
        format!("<!DOCTYPE x [{entities}]>{}", honest.inner.replace("ann-there", "&b;"))
    }),
    ("an external entity", |honest| {
        let entity = "<!ENTITY a SYSTEM \"file:///etc/passwd\">";
        format!("<!DOCTYPE x [{entity}]>{}", honest.inner.replace("ann-there", "&a;"))
    }),
    ("an empty reference", |honest| honest.inner.replace(&format!("URI=\"#_of{}\"", honest.asked.id), "URI=\"\"")),
    ("no reference", |honest| honest.inner.replace(&format!(" URI=\"#_of{}\"", honest.asked.id), "")),
    ("no signature method", |honest| {
        honest.inner.replace("<ds:SignatureMethod Algorithm", "<ds:SignatureMethod Other")
    }),
    ("a shared secret", |honest| honest.inner.replace("#rsa-sha256", "#hmac-sha256")),
    ("something encrypted", |honest| honest.around(&format!("<saml:EncryptedAssertion xmlns:saml=\"{ASSERTION}\"/>"))),
    ("sent elsewhere", |honest| honest.inner.replace("Destination=\"http", "Destination=\"https")),
    ("to another request", |honest| honest.inner.replacen("InResponseTo=\"_", "InResponseTo=\"_0", 1)),
    ("no success", |honest| honest.inner.replace("status:Success", "status:Requester")),
    ("another encoding", |honest| format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{}", honest.inner)),
    ("an undeclared prefix", |honest| honest.inner.replace("<samlp:Status>", "<x:y/><samlp:Status>")),
    ("no XML", |_| "{}".to_owned()),
    ("an assertion alone", |honest| honest.assertion.clone()),
];

#[track_caller]
fn shows_a_page(answer: &Answer, what: &str) {
    assert!(answer.status.is_client_error() || answer.status == 502, "{what}: {} {}", answer.status, answer.body);
    answer.tells_nothing_internal();
}

async fn is_turned_away(browser: &Browser, asked: &Asked, response: &str, what: &str) {
    let answer = bring(browser, asked, response).await;
    shows_a_page(&answer, what);
    assert!(!is_signed_in(browser).await, "{what}");
}

/// What the provider signs although it is not so: the changes to the assertion.
fn lies(world: &World) -> Vec<(&'static str, String, String)> {
    let at = |seconds: i64| written(world.clock.now() + TimeDelta::seconds(seconds));
    let mut lies: Vec<(&'static str, String, String)> = [
        ("another audience", "<saml:Audience>http", "<saml:Audience>urn:http"),
        ("another recipient", "Recipient=\"http", "Recipient=\"urn:http"),
        ("another request", "InResponseTo=\"_", "InResponseTo=\"_0"),
        ("another issuer", "<saml:Issuer>https://idp", "<saml:Issuer>https://evil"),
        ("a transient name", "nameid-format:persistent", "nameid-format:transient"),
        ("a name of another realm", "<saml:NameID ", "<saml:NameID NameQualifier=\"https://evil.example\" "),
        ("a name in two parts", "ann-there", "ann<b/>-there"),
        ("no audience", "<saml:AudienceRestriction>", "<saml:OneTimeUse/><saml:AudienceRestriction>"),
        ("another way to confirm", "cm:bearer", "cm:holder-of-key"),
        ("an unknown condition", "<saml:AudienceRestriction>", "<saml:Condition/><saml:AudienceRestriction>"),
        ("another version", "Version=\"2.0\"", "Version=\"1.1\""),
    ]
    .map(|(what, from, to)| (what, from.to_owned(), to.to_owned()))
    .into();
    let (now, soon) = (at(0), at(300));
    lies.extend([
        ("over", format!("NotOnOrAfter=\"{soon}\"/>"), format!("NotOnOrAfter=\"{}\"/>", at(-11))),
        ("over by its conditions", format!("NotOnOrAfter=\"{soon}\"><"), format!("NotOnOrAfter=\"{}\"><", at(-11))),
        ("not yet", format!("NotBefore=\"{now}\""), format!("NotBefore=\"{}\"", at(20))),
        ("signed in tomorrow", format!("AuthnInstant=\"{now}\""), format!("AuthnInstant=\"{}\"", at(86_400))),
        ("signed out already", "SessionIndex".into(), format!("SessionNotOnOrAfter=\"{}\" SessionIndex", at(-60))),
    ]);
    lies
}

on_both! {
    async fn a_wrapped_answer_opens_nothing(world) {
        join(world, "corp", json!({"signed_assertions": false})).await;
        let browser = world.browser();
        let honest = Honest::new(world, &browser).await;
        for (what, alter) in WRAPPED {
            is_turned_away(&browser, &honest.asked, &alter(&honest), what).await;
        }
        // After all of that the honest one is still good, once.
        bring(&browser, &honest.asked, &honest.inner).await.is(303);
    }

    async fn a_touched_answer_opens_nothing(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let honest = Honest::new(world, &browser).await;
        for (what, alter) in TOUCHED {
            is_turned_away(&browser, &honest.asked, &alter(&honest), what).await;
        }
        bring(&browser, &honest.asked, &honest.inner).await.is(303);
    }

    async fn a_signed_lie_opens_nothing(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let asked = set_out(world, &browser, "corp").await;
        for (what, from, to) in lies(world) {
            let gone = format!("<saml:AudienceRestriction><saml:Audience>{0}/sso/corp/metadata</saml:Audience></saml:AudienceRestriction>", world.issuer);
            let mut changes = vec![(from.as_str(), to.as_str())];
            if what == "no audience" {
                changes = vec![(gone.as_str(), "<saml:OneTimeUse/>")];
            }
            is_turned_away(&browser, &asked, &asked.answer(world, &changes), what).await;
        }
        round_trip(world, &browser, &[]).await.is(303);
    }

    async fn another_key_or_a_weak_algorithm_opens_nothing(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let asked = set_out(world, &browser, "corp").await;
        let certificate = OTHER_CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let named = format!("<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
        for (what, algorithm, key) in [("another key, named in the answer", "rsa-sha256", OTHER_KEY), ("SHA-1", "rsa-sha1", IDP_KEY)] {
            let empty = template(&format!("_of{}", asked.id), algorithm);
            let assertion = asked.assertion(world).replace("<!--signature-->", &empty);
            let signed = sign(world.folder(), &assertion, (ASSERTION, "Assertion"), key);
            let response = asked.response(world, &signed.replace("</ds:Signature>", &named)).replace("<!--around-->", "");
            is_turned_away(&browser, &asked, &response, what).await;
        }
    }

    async fn an_answer_is_good_once_in_one_browser_at_one_provider(world) {
        join(world, "corp", json!({})).await;
        join(world, "twin", json!({})).await;
        let browser = world.browser();
        let asked = set_out(world, &browser, "corp").await;
        let response = asked.answer(world, &[]);
        // At another provider of the same name.
        let elsewhere = Asked { provider: "twin".into(), id: asked.id.clone(), relay_state: asked.relay_state.clone(), request: asked.request.clone() };
        is_turned_away(&browser, &elsewhere, &response, "another provider").await;
        // In a thief's browser, which has a journey of its own.
        let thief = world.browser();
        let own = set_out(world, &thief, "corp").await;
        is_turned_away(&thief, &own, &response, "the answer to another request").await;
        let cookies = browser.cookies();
        let (name, value) = cookies.iter().find(|(name, _)| name.contains(&asked.relay_state)).unwrap();
        thief.set_cookie(name, value);
        is_turned_away(&thief, &asked, &response, "somebody else's cookie").await;
        // Twice.
        let again = browser.stolen();
        bring(&browser, &asked, &response).await.is(303);
        browser.get("/logout").await;
        shows_a_page(&bring(&again, &asked, &response).await, "twice");
        assert!(!is_signed_in(&again).await);
        // The same assertion for another request of the same browser.
        let next = set_out(world, &again, "corp").await;
        let twin = next.answer(world, &[(&format!("ID=\"_of{}\"", next.id), &format!("ID=\"_of{}\"", next.id))]);
        bring(&again, &next, &twin).await.is(303);
    }

    async fn an_identifier_is_used_once_whatever_request_it_answers(world) {
        join(world, "corp", json!({})).await;
        let sign_in = async |browser: &Browser| {
            let asked = set_out(world, browser, "corp").await;
            let assertion = asked.assertion(world).replace(&format!("ID=\"_of{}\"", asked.id), "ID=\"_always\"");
            let assertion = assertion.replace("<!--signature-->", &template("_always", "rsa-sha256"));
            let signed = sign(world.folder(), &assertion, (ASSERTION, "Assertion"), IDP_KEY);
            bring(browser, &asked, &asked.response(world, &signed).replace("<!--around-->", "")).await
        };
        sign_in(&world.browser()).await.is(303);
        let browser = world.browser();
        shows_a_page(&sign_in(&browser).await, "the same identifier");
        assert!(!is_signed_in(&browser).await);
    }

    async fn an_answer_that_nobody_asked_for_opens_nothing(world) {
        join(world, "corp", json!({})).await;
        let browser = world.browser();
        let asked = set_out(world, &browser, "corp").await;
        let response = asked.answer(world, &[]);
        for state in ["", "x", "https://evil.example/", "AAAAAAAAAAAAAAAAAAAAAA"] {
            let own = Asked { provider: "corp".into(), id: String::new(), relay_state: state.into(), request: asked.request.clone() };
            let answer = bring(&browser, &own, &response).await;
            if state.len() == 22 {
                // It might be a form of another site; sent from here it is refused.
                let fields = answer.is(200).form("/sso/corp/acs");
                let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                browser.post("/sso/corp/acs", &fields).await.is(403);
            } else {
                answer.is(403);
            }
            assert!(!is_signed_in(&browser).await, "{state}");
        }
        // Too late.
        world.advance(1_801);
        let late = asked.answer(world, &[]);
        shows_a_page(&bring(&browser, &asked, &late).await, "too late");
        assert!(!is_signed_in(&browser).await);
    }

    async fn a_provider_that_is_off_lets_nobody_in(world) {
        join(world, "corp", json!({})).await;
        let inside = world.browser();
        round_trip(world, &inside, &[]).await.is(303);
        let browser = world.browser();
        let asked = set_out(world, &browser, "corp").await;
        crate::upstream::api(world).await.patch("/providers/corp", json!({"enabled": false})).await.is(200);
        is_turned_away(&browser, &asked, &asked.answer(world, &[]), "off").await;
        assert!(!is_signed_in(&inside).await);
        for path in ["start", "metadata", "slo?SAMLRequest=x"] {
            browser.get(&format!("/sso/corp/{path}")).await.is(400);
        }
    }
}
