//! Sign-in through SAML providers: one that says what a test tells it to, signed by `xmlsec1`, and one that nobody here wrote.

mod answers;
mod hostile;
mod logout;
mod node;
mod oracle;
mod registration;

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::base::secret::base64;
use doorward::saml::redirect::{Part, read};
use doorward::saml::xml::Element;
use doorward::saml::{ASSERTION, PROTOCOL, certificate::Certificate, written};
use serde_json::{Value, json};
use url::Url;

use self::oracle::{IDP_CERTIFICATE, IDP_KEY, sign, template};
use super::{api, parameter};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::world::World;

pub const IDP: &str = "https://idp.example/metadata";
pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// A provider under this id; `more` is what the admin says besides.
pub async fn join(world: &World, id: &str, more: Value) -> Value {
    let mut asked = json!({
        "id": id, "kind": "saml", "issuer": IDP, "sso_url": "https://idp.example/sso",
        "slo_url": "https://idp.example/slo?a=b", "certificates": [IDP_CERTIFICATE],
    });
    for (member, value) in more.as_object().unwrap() {
        asked[member] = value.clone();
    }
    api(world).await.post("/providers", asked).await.is(201).json()
}

/// Our certificate for a provider, from our metadata.
pub async fn our_certificate(world: &World, id: &str) -> Certificate {
    let metadata = world.browser().get(&format!("/sso/{id}/metadata")).await;
    let (_, rest) = metadata.is(200).body.split_once("<ds:X509Certificate>").unwrap();
    Certificate::read(rest.split('<').next().unwrap()).unwrap()
}

/// What a provider was asked.
pub struct Asked {
    pub provider: String,
    pub id: String,
    pub relay_state: String,
    pub request: Element,
}

impl Asked {
    /// Reads the address that a browser is sent to.
    pub async fn read(world: &World, provider: &str, address: &Url) -> Self {
        assert!(address.as_str().starts_with("https://idp.example/sso?"), "{address}");
        let keys = [our_certificate(world, provider).await];
        let request = Element::message(&read(address.query().unwrap(), Part::Request, &keys).unwrap()).unwrap();
        let relay_state = parameter(address, "RelayState");
        assert!(relay_state.len() <= 80);
        Self { provider: provider.into(), id: request.attribute("ID").unwrap().to_owned(), relay_state, request }
    }

    fn acs(&self, world: &World) -> String {
        format!("{}/sso/{}/acs", world.issuer, self.provider)
    }

    /// An assertion about Ann that holds, with room for a signature.
    pub fn assertion(&self, world: &World) -> String {
        let at = |seconds| written(world.clock.now() + TimeDelta::seconds(seconds));
        let attribute = |name: &str, values: &[&str]| {
            let value = |value: &&str| {
                format!(
                    "<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">{value}</saml:AttributeValue>"
                )
            };
            let values: String = values.iter().map(value).collect();
            format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
        };
        format!(
            "<saml:Assertion xmlns:saml=\"{ASSERTION}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"_of{id}\" \
             Version=\"2.0\" IssueInstant=\"{now}\"><saml:Issuer>{IDP}</saml:Issuer><!--signature-->\
             <saml:Subject><saml:NameID Format=\"{PERSISTENT}\">ann-there</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData InResponseTo=\"{id}\" Recipient=\"{acs}\" NotOnOrAfter=\"{soon}\"/>\
             </saml:SubjectConfirmation></saml:Subject>\
             <saml:Conditions NotBefore=\"{now}\" NotOnOrAfter=\"{soon}\"><saml:AudienceRestriction>\
             <saml:Audience>{us}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
             <saml:AuthnStatement AuthnInstant=\"{now}\" SessionIndex=\"_session\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:gold</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement>{mail}{name}{groups}</saml:AttributeStatement></saml:Assertion>",
            id = self.id,
            now = at(0),
            soon = at(300),
            acs = self.acs(world),
            us = self.acs(world).replace("/acs", "/metadata"),
            mail = attribute("urn:oid:0.9.2342.19200300.100.1.3", &["ann@corp.example"]),
            name = attribute("name", &["Ann of Corp"]),
            groups = attribute("groups", &["staff", "ops"]),
        )
    }

    /// A response around an assertion, with room for a signature.
    pub fn response(&self, world: &World, assertion: &str) -> String {
        format!(
            "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" ID=\"_response-to{id}\" Version=\"2.0\" IssueInstant=\"{now}\" \
             Destination=\"{acs}\" InResponseTo=\"{id}\"><saml:Issuer xmlns:saml=\"{ASSERTION}\">{IDP}</saml:Issuer>\
             <!--around--><samlp:Status><samlp:StatusCode Value=\"{SUCCESS}\"/></samlp:Status>{assertion}</samlp:Response>",
            id = self.id,
            now = written(world.clock.now()),
            acs = self.acs(world),
        )
    }

    /// The answer of an honest provider after these changes to what it signs.
    pub fn answer(&self, world: &World, changes: &[(&str, &str)]) -> String {
        let assertion = changed(&self.assertion(world), changes);
        let unsigned = assertion.replace("<!--signature-->", &template(&format!("_of{}", self.id), "rsa-sha256"));
        let signed = sign(world.folder(), &unsigned, (ASSERTION, "Assertion"), IDP_KEY);
        self.response(world, &signed).replace("<!--around-->", "")
    }
}

/// A text after changes, each of which must find its place.
#[track_caller]
pub fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from} in {text}");
        text.replacen(from, to, 1)
    })
}

/// Sets out from a page here.
pub async fn set_out(world: &World, browser: &Browser, provider: &str) -> Asked {
    set_out_by(world, browser, (provider, &format!("/sso/{provider}/start"))).await
}

pub async fn set_out_by(world: &World, browser: &Browser, (provider, way): (&str, &str)) -> Asked {
    let answer = browser.get(way).await;
    Asked::read(world, provider, &answer.is(303).location()).await
}

/// Brings an answer as the provider's page does.
pub async fn bring(browser: &Browser, asked: &Asked, response: &str) -> Answer {
    let fields = [("SAMLResponse", base64(response.as_bytes())), ("RelayState", asked.relay_state.clone())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser.post(&format!("/sso/{}/acs", asked.provider), &fields).await
}

/// Goes there and comes back with a good answer.
pub async fn round_trip(world: &World, browser: &Browser, changes: &[(&str, &str)]) -> Answer {
    let asked = set_out(world, browser, "corp").await;
    bring(browser, &asked, &asked.answer(world, changes)).await
}
