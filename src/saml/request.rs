//! What a provider is asked: `AuthnRequest` (SAML Core section 3.4.1).

use super::xml::escaped;
use super::{ASSERTION, BY_POST, PROTOCOL, written};
use crate::base::clock::Time;
use crate::protocol::provider::NameIdFormat;

/// Whether somebody must sign in anew there, whatever session they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    Yes,
    No,
}

pub struct AuthnRequest<'a> {
    pub id: &'a str,
    pub now: Time,
    /// Where it is sent.
    pub destination: &'a str,
    /// Who we are.
    pub issuer: &'a str,
    /// Where the answer goes.
    pub acs: &'a str,
    pub force: Force,
    pub format: NameIdFormat,
    /// Classes of sign-in there of which one is wanted; any when there are none.
    pub classes: &'a [String],
}

impl AuthnRequest<'_> {
    pub fn xml(&self) -> String {
        let force = match self.force {
            Force::Yes => " ForceAuthn=\"true\"",
            Force::No => "",
        };
        let class =
            |class: &String| format!("<saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef>", escaped(class));
        let classes: String = self.classes.iter().map(class).collect();
        let context = if classes.is_empty() {
            String::new()
        } else {
            format!("<samlp:RequestedAuthnContext Comparison=\"exact\">{classes}</samlp:RequestedAuthnContext>")
        };
        // Whoever has no name for us there yet may be given one.
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" Destination=\"{}\" AssertionConsumerServiceURL=\"{}\" ProtocolBinding=\"{BY_POST}\"{force}>\
             <saml:Issuer>{}</saml:Issuer>\
             <samlp:NameIDPolicy Format=\"{}\" AllowCreate=\"true\"></samlp:NameIDPolicy>{context}</samlp:AuthnRequest>",
            escaped(self.id),
            written(self.now),
            escaped(self.destination),
            escaped(self.acs),
            escaped(self.issuer),
            self.format.uri(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::samples::now;
    use crate::saml::xml::Element;

    #[test]
    fn says_what_is_wanted() {
        let mut asked = AuthnRequest {
            id: "_1",
            now: now(),
            destination: "https://idp.example/sso?a=1&b=2",
            issuer: "https://id.example/sso/corp/metadata",
            acs: "https://id.example/sso/corp/acs",
            force: Force::No,
            format: NameIdFormat::Persistent,
            classes: &[],
        };
        let read = Element::message(&asked.xml()).unwrap();
        assert!(read.is(PROTOCOL, "AuthnRequest"));
        assert_eq!(read.attribute("Destination"), Some("https://idp.example/sso?a=1&b=2"));
        assert_eq!(
            (read.attribute("ForceAuthn"), read.at_most_one(PROTOCOL, "RequestedAuthnContext")),
            (None, Ok(None))
        );
        asked.force = Force::Yes;
        let classes = ["urn:x".to_owned(), "urn:y".to_owned()];
        asked.classes = &classes;
        let read = Element::message(&asked.xml()).unwrap();
        let context = read.one(PROTOCOL, "RequestedAuthnContext").unwrap();
        assert_eq!((read.attribute("ForceAuthn"), context.children.len()), (Some("true"), 2));
    }
}
