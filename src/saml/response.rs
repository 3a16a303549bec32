//! What a provider answers: a `Response` with one `Assertion` (SAML Core sections 2 and 3.3; SAML Profiles section 4.1.4).
//!
//! The signature comes first. Whatever decides is read from the element that it covers; the unsigned rest of an envelope is
//! only held against it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::certificate::Certificate;
use super::name::{Between, NameId};
use super::signature::{Covered, is_signed, verified};
use super::xml::Element;
use super::{ASSERTION, Distrust, PROTOCOL, SKEW, read_time};
use crate::base::clock::Time;
use crate::protocol::provider::NameIdFormat;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Which attributes are taken at most, and how long the longest text in one is, in bytes.
const MOST: usize = 200;
const LONGEST: usize = 4_000;

/// What must be signed of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The assertion itself; a signature around it counts besides, never instead.
    Assertion,
    /// The assertion or the whole answer.
    Either,
}

/// What an answer must fit.
pub struct Expected<'a> {
    pub between: Between<'a>,
    pub keys: &'a [Certificate],
    pub signed: Signed,
    /// Where it was sent to.
    pub acs: &'a str,
    /// The request that it answers.
    pub request: &'a str,
    pub format: NameIdFormat,
    pub now: Time,
}

/// What an assertion says, once it is believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Testimony {
    pub id: String,
    /// Until when nobody may bring it again.
    pub good_until: Time,
    pub name: NameId,
    pub auth_time: Time,
    pub class: Option<String>,
    /// `SessionIndex`.
    pub session: Option<String>,
    pub session_ends: Option<Time>,
    /// By name and, where that is no other's name, by friendly name; several values are a list.
    pub attributes: Map<String, Value>,
}

/// Reads an answer.
pub fn read(text: &str, expected: &Expected<'_>) -> Result<Testimony, Distrust> {
    let envelope = Element::message(text)?;
    envelope_fits(&envelope, expected)?;
    if envelope.holds(ASSERTION, "EncryptedAssertion") {
        return Err(Distrust::Encrypted);
    }
    let whole = if is_signed(&envelope) { Some(verified(text, Covered::Root, expected.keys)?) } else { None };
    let inner = envelope.one(ASSERTION, "Assertion")?;
    let alone = is_signed(inner) || expected.signed == Signed::Assertion || whole.is_none();
    let assertion = match whole {
        Some(whole) if !alone => {
            envelope_fits(&whole, expected)?;
            whole.one(ASSERTION, "Assertion")?.clone()
        }
        _ => verified(text, Covered::Child(ASSERTION, "Assertion"), expected.keys)?,
    };
    testimony(&assertion, expected)
}

/// What a status says that is none of success, for the log: its codes from the outside in.
fn refusal(status: &Element) -> Option<String> {
    let code = status.one(PROTOCOL, "StatusCode").ok()?;
    let word = |code: &Element| {
        let value = code.attribute("Value").unwrap_or_default();
        value
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(60)
            .collect::<String>()
    };
    if code.attribute("Value") == Some(SUCCESS) {
        return None;
    }
    let inner = code.all(PROTOCOL, "StatusCode").next().map(|inner| format!(" {}", word(inner)));
    Some(word(code) + &inner.unwrap_or_default())
}

/// Whether a status is one of success.
pub(super) fn succeeded(message: &Element) -> Result<(), Distrust> {
    let status = message.one(PROTOCOL, "Status")?;
    status.one(PROTOCOL, "StatusCode")?.demand("Value")?;
    refusal(status).map_or(Ok(()), |words| Err(Distrust::Status(words)))
}

/// Whether an issuer is the provider.
pub(super) fn issued_by(issuer: &Element, provider: &str) -> Result<(), Distrust> {
    if issuer.attribute("Format").is_some_and(|format| format != ENTITY) || issuer.text()? != provider {
        return Err(Distrust::wrong("Issuer", issuer.text()?));
    }
    Ok(())
}

pub(super) fn is_version_2(element: &Element) -> Result<(), Distrust> {
    if element.attribute("Version") == Some("2.0") { Ok(()) } else { Err(Distrust::Missing("Version 2.0")) }
}

fn envelope_fits(envelope: &Element, expected: &Expected<'_>) -> Result<(), Distrust> {
    if !envelope.is(PROTOCOL, "Response") {
        return Err(Distrust::wrong("the message", &envelope.name));
    }
    is_version_2(envelope)?;
    for (name, own) in [("Destination", expected.acs), ("InResponseTo", expected.request)] {
        let found = envelope.demand(name)?;
        if found != own {
            return Err(Distrust::wrong(name, found));
        }
    }
    if let Some(issuer) = envelope.at_most_one(ASSERTION, "Issuer")? {
        issued_by(issuer, expected.between.provider)?;
    }
    succeeded(envelope)
}

fn testimony(assertion: &Element, expected: &Expected<'_>) -> Result<Testimony, Distrust> {
    if !assertion.is(ASSERTION, "Assertion") {
        return Err(Distrust::wrong("what is signed", &assertion.name));
    }
    is_version_2(assertion)?;
    issued_by(assertion.one(ASSERTION, "Issuer")?, expected.between.provider)?;
    let issued = read_time("IssueInstant", assertion.demand("IssueInstant")?)?;
    if issued > expected.now + SKEW.delta() {
        return Err(Distrust::wrong("IssueInstant", "in the future"));
    }
    let subject = assertion.one(ASSERTION, "Subject")?;
    let name = NameId::read(subject, expected.between)?;
    name.must_be(expected.format)?;
    let good_until = confirmed(subject, expected)?;
    conditions(assertion.one(ASSERTION, "Conditions")?, expected)?;
    let statement = assertion.one(ASSERTION, "AuthnStatement")?;
    let context = statement.one(ASSERTION, "AuthnContext")?;
    let class = context.at_most_one(ASSERTION, "AuthnContextClassRef")?.map(Element::text).transpose()?;
    let ends = statement.attribute("SessionNotOnOrAfter").map(|text| read_time("SessionNotOnOrAfter", text));
    let session_ends = ends.transpose()?;
    if session_ends.is_some_and(|end| end <= expected.now) {
        return Err(Distrust::wrong("SessionNotOnOrAfter", "over"));
    }
    let session = statement.attribute("SessionIndex");
    if session.is_some_and(|index| index.len() > 500) {
        // Without it the provider could not end what it began.
        return Err(Distrust::wrong("SessionIndex", "longer than 500 bytes"));
    }
    Ok(Testimony {
        id: assertion.demand("ID")?.to_owned(),
        good_until: good_until + SKEW.delta(),
        name,
        auth_time: read_time("AuthnInstant", statement.demand("AuthnInstant")?)?,
        class: class.filter(|class| class.len() <= 500).map(str::to_owned),
        session: session.map(str::to_owned),
        session_ends,
        attributes: attributes(assertion)?,
    })
}

/// Until when somebody may bring it who merely has it (SAML Profiles section 4.1.4.2).
fn confirmed(subject: &Element, expected: &Expected<'_>) -> Result<Time, Distrust> {
    let mut verdict = Err(Distrust::Missing("a bearer SubjectConfirmation"));
    let by_bearer = |own: &&Element| own.attribute("Method") == Some(BEARER);
    for confirmation in subject.all(ASSERTION, "SubjectConfirmation").filter(by_bearer) {
        verdict = confirmation.one(ASSERTION, "SubjectConfirmationData").and_then(|data| bearer(data, expected));
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

fn bearer(data: &Element, expected: &Expected<'_>) -> Result<Time, Distrust> {
    for (name, own) in [("Recipient", expected.acs), ("InResponseTo", expected.request)] {
        let found = data.demand(name)?;
        if found != own {
            return Err(Distrust::wrong(name, found));
        }
    }
    if data.attribute("NotBefore").is_some() {
        return Err(Distrust::wrong("NotBefore", "where it may not be"));
    }
    let until = read_time("NotOnOrAfter", data.demand("NotOnOrAfter")?)?;
    if until <= expected.now - SKEW.delta() {
        return Err(Distrust::wrong("the SubjectConfirmation", "over"));
    }
    Ok(until)
}

/// Holds the conditions. One that nobody knows is one that nobody can hold (SAML Core section 2.5.1.1).
fn conditions(conditions: &Element, expected: &Expected<'_>) -> Result<(), Distrust> {
    let time = |name: &'static str| conditions.attribute(name).map(|text| read_time(name, text)).transpose();
    if time("NotBefore")?.is_some_and(|from| from > expected.now + SKEW.delta()) {
        return Err(Distrust::wrong("NotBefore", "in the future"));
    }
    if time("NotOnOrAfter")?.is_some_and(|until| until <= expected.now - SKEW.delta()) {
        return Err(Distrust::wrong("the Assertion", "over"));
    }
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let strange = |own: &&Element| own.namespace != ASSERTION || !known.contains(&own.name.as_str());
    if let Some(strange) = conditions.children.iter().find(strange) {
        return Err(Distrust::wrong("a condition", &strange.name));
    }
    let mut named = false;
    for restriction in conditions.all(ASSERTION, "AudienceRestriction") {
        named = true;
        let us = |audience: &Element| audience.text() == Ok(expected.between.us);
        if !restriction.all(ASSERTION, "Audience").any(us) {
            return Err(Distrust::wrong("Audience", "somebody else"));
        }
    }
    if named { Ok(()) } else { Err(Distrust::Missing("AudienceRestriction")) }
}

/// What is said of the person; values that are no text are left. Some providers say each role in an attribute of its own,
/// all of one name: together they are one.
fn attributes(assertion: &Element) -> Result<Map<String, Value>, Distrust> {
    let (mut named, mut friendly): (BTreeMap<&str, Vec<Value>>, BTreeMap<&str, &str>) = Default::default();
    for statement in assertion.all(ASSERTION, "AttributeStatement") {
        for attribute in statement.all(ASSERTION, "Attribute") {
            let text = |value: &Element| value.text().ok().filter(|text| text.len() <= LONGEST).map(Value::from);
            let name = attribute.demand("Name")?;
            if !named.contains_key(name) && named.len() == MOST {
                return Err(Distrust::wrong("an Attribute", name));
            }
            let values = named.entry(name).or_default();
            let left = MOST - values.len();
            values.extend(attribute.all(ASSERTION, "AttributeValue").filter_map(text).take(left));
            if let Some(short) = attribute.attribute("FriendlyName") {
                friendly.entry(short).or_insert(name);
            }
        }
    }
    let said = |name: &str| match named.get(name).map(Vec::as_slice).unwrap_or_default() {
        [only] => only.clone(),
        values => Value::Array(values.to_vec()),
    };
    let mut all: Map<String, Value> =
        friendly.into_iter().map(|(short, name)| (short.to_owned(), said(name))).collect();
    all.extend(named.keys().map(|name| ((*name).to_owned(), said(name))));
    Ok(all)
}
