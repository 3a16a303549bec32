//! Signing out there and here: `LogoutRequest` and `LogoutResponse` (SAML Core section 3.7; SAML Profiles section 4.4).

use super::certificate::{Certificate, NoKey, OwnKey};
use super::name::{Between, NameId};
use super::redirect::{self, Part};
use super::response::{is_version_2, issued_by, succeeded};
use super::signature::{Covered, signed, verified};
use super::xml::{Element, escaped};
use super::{ASSERTION, Distrust, PROTOCOL, SKEW, read_time, written};
use crate::base::clock::Time;
use crate::base::duration::Duration;

/// How old a request may be that does not say how long it is good, and the longest that one may be good for.
const LIFE: Duration = Duration::minutes(5);
const LONGEST_LIFE: Duration = Duration::hours(1);

/// How a message came. Either way it is signed as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Came<'a> {
    /// The query as it was sent.
    ByRedirect(&'a str),
    /// The form field.
    ByPost(&'a str),
}

/// What a message must fit.
pub struct Expected<'a> {
    pub between: Between<'a>,
    pub keys: &'a [Certificate],
    /// Where it was sent to.
    pub endpoint: &'a str,
    pub now: Time,
}

/// A provider says that somebody is signed out there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    pub id: String,
    pub name: NameId,
    /// The sessions that are over; all of that person's when there are none.
    pub sessions: Vec<String>,
    /// Until when nobody may send it again.
    pub good_until: Time,
}

/// The signed element of a message.
fn believed(came: Came<'_>, part: Part, keys: &[Certificate]) -> Result<Element, Distrust> {
    match came {
        Came::ByRedirect(query) => Element::message(&redirect::read(query, part, keys)?),
        Came::ByPost(field) => verified(&redirect::posted(field)?, Covered::Root, keys),
    }
}

fn fits(message: &Element, name: &str, expected: &Expected<'_>) -> Result<(), Distrust> {
    if !message.is(PROTOCOL, name) {
        return Err(Distrust::wrong("the message", &message.name));
    }
    is_version_2(message)?;
    issued_by(message.one(ASSERTION, "Issuer")?, expected.between.provider)?;
    let destination = message.demand("Destination")?;
    if destination != expected.endpoint {
        return Err(Distrust::wrong("Destination", destination));
    }
    Ok(())
}

/// Reads a request.
pub fn read_request(came: Came<'_>, expected: &Expected<'_>) -> Result<LogoutRequest, Distrust> {
    let message = believed(came, Part::Request, expected.keys)?;
    fits(&message, "LogoutRequest", expected)?;
    let issued = read_time("IssueInstant", message.demand("IssueInstant")?)?;
    let until = message.attribute("NotOnOrAfter").map(|text| read_time("NotOnOrAfter", text)).transpose()?;
    let until = until.unwrap_or(issued + LIFE.delta());
    let (now, skew) = (expected.now, SKEW.delta());
    if issued > now + skew || until <= now - skew || until > now + LONGEST_LIFE.delta() {
        return Err(Distrust::wrong("the LogoutRequest", "too old, or good for too long"));
    }
    let indexes = message.all(PROTOCOL, "SessionIndex").map(|index| index.text().map(str::to_owned));
    let sessions = indexes.collect::<Result<_, _>>()?;
    Ok(LogoutRequest {
        id: message.demand("ID")?.to_owned(),
        name: NameId::read(&message, expected.between)?,
        sessions,
        good_until: until + skew,
    })
}

/// Reads the answer to a request of ours.
pub fn read_response(came: Came<'_>, request: &str, expected: &Expected<'_>) -> Result<(), Distrust> {
    let message = believed(came, Part::Response, expected.keys)?;
    fits(&message, "LogoutResponse", expected)?;
    let answers = message.demand("InResponseTo")?;
    if answers != request {
        return Err(Distrust::wrong("InResponseTo", answers));
    }
    succeeded(&message)
}

/// What every message of ours begins with.
pub struct Head<'a> {
    pub id: &'a str,
    pub now: Time,
    pub destination: &'a str,
    pub issuer: &'a str,
}

impl Head<'_> {
    fn message(&self, name: &str, more: &str, signature: &str, content: &str) -> String {
        format!(
            "<samlp:{name} xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" Destination=\"{}\"{more}><saml:Issuer>{}</saml:Issuer>{signature}{content}</samlp:{name}>",
            escaped(self.id),
            written(self.now),
            escaped(self.destination),
            escaped(self.issuer),
        )
    }
}

/// What we send: written once, signed in the document for a form, or beside it in a query.
pub struct Message<'a> {
    head: Head<'a>,
    name: &'static str,
    more: String,
    content: String,
}

/// Asks the provider to sign somebody out.
pub fn request<'a>(head: Head<'a>, name: &NameId, session: Option<&str>) -> Message<'a> {
    let index = session.map(|own| format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", escaped(own)));
    let content = name.xml() + &index.unwrap_or_default();
    let more = format!(" NotOnOrAfter=\"{}\"", written(head.now + LIFE.delta()));
    Message { head, name: "LogoutRequest", more, content }
}

/// Tells the provider that what it asked for is done.
pub fn response<'a>(head: Head<'a>, request: &str) -> Message<'a> {
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let content = format!("<samlp:Status><samlp:StatusCode Value=\"{success}\"></samlp:StatusCode></samlp:Status>");
    Message { head, name: "LogoutResponse", more: format!(" InResponseTo=\"{}\"", escaped(request)), content }
}

impl Message<'_> {
    /// For a query, which is signed as a whole.
    pub fn bare(&self) -> String {
        self.head.message(self.name, &self.more, "", &self.content)
    }

    /// For a form.
    pub fn signed(&self, key: &OwnKey) -> Result<String, NoKey> {
        signed(|signature| self.head.message(self.name, &self.more, signature, &self.content), self.head.id, key)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::saml::redirect::Sent;
    use crate::saml::samples::{between, certificate, key, now, other_certificate};

    const ENDPOINT: &str = "https://id.example/sso/corp/slo";

    fn name() -> NameId {
        let format = Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned());
        NameId { value: "ann & bob".into(), format, name_qualifier: None, sp_name_qualifier: None }
    }

    fn head(destination: &str) -> Head<'_> {
        Head { id: "_1", now: now(), destination, issuer: between().provider }
    }

    fn expected(keys: &[Certificate]) -> Expected<'_> {
        Expected { between: between(), keys, endpoint: ENDPOINT, now: now() }
    }

    fn query(message: &Message<'_>, part: Part) -> String {
        let sent = Sent { endpoint: "https://x.example/", part, xml: &message.bare(), relay_state: Some("s") };
        redirect::address(&sent, key()).unwrap().split_once('?').unwrap().1.to_owned()
    }

    #[test]
    fn a_request_names_somebody_and_a_session() {
        let keys = [certificate()];
        let message = request(head(ENDPOINT), &name(), Some("_session"));
        let posted = crate::base::secret::base64(message.signed(key()).unwrap().as_bytes());
        let query = query(&message, Part::Request);
        for came in [Came::ByPost(&posted), Came::ByRedirect(&query)] {
            let read = read_request(came, &expected(&keys)).unwrap();
            assert_eq!((read.name, read.sessions, read.id.as_str()), (name(), vec!["_session".to_owned()], "_1"));
            assert!(read.good_until > now());
            assert!(read_request(came, &expected(&[other_certificate()])).is_err());
            let later = Expected { now: now() + TimeDelta::seconds(311), ..expected(&keys) };
            assert!(read_request(came, &later).is_err(), "too old");
            let elsewhere = Expected { endpoint: "https://id.example/sso/other/slo", ..expected(&keys) };
            assert!(read_request(came, &elsewhere).is_err(), "sent elsewhere");
            let of_another = Between { provider: "https://other.example", ..between() };
            assert!(read_request(came, &Expected { between: of_another, ..expected(&keys) }).is_err());
        }
        let unsigned = crate::base::secret::base64(message.bare().as_bytes());
        assert!(read_request(Came::ByPost(&unsigned), &expected(&keys)).is_err());
        assert!(read_response(Came::ByPost(&posted), "_1", &expected(&keys)).is_err(), "a request is no response");
    }

    #[test]
    fn a_response_answers_one_request() {
        let keys = [certificate()];
        let query = query(&response(head(ENDPOINT), "_asked"), Part::Response);
        assert_eq!(read_response(Came::ByRedirect(&query), "_asked", &expected(&keys)), Ok(()));
        assert!(read_response(Came::ByRedirect(&query), "_other", &expected(&keys)).is_err());
        assert!(read_request(Came::ByRedirect(&query), &expected(&keys)).is_err());
    }
}
