//! Metadata (SAML Metadata): a provider's as an admin gives it, and ours, signed.

use super::certificate::{NoKey, OwnKey};
use super::signature::signed;
use super::xml::{Element, Remarks, escaped};
use super::{BY_POST, BY_REDIRECT, DSIG, Distrust, METADATA, PROTOCOL, read_time};
use crate::base::clock::Time;
use crate::protocol::provider::{NameIdFormat, SloBinding};

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub entity: String,
    pub sso_url: String,
    pub slo_url: Option<String>,
    pub slo_response_url: Option<String>,
    pub slo_binding: SloBinding,
    /// DER in base64, as they stand there.
    pub certificates: Vec<String>,
}

/// Reads the description of an identity provider. Its own signature is not looked at: whoever gives it to us vouches for it.
pub fn read(text: &str, now: Time) -> Result<Described, Distrust> {
    let root = Element::root(text, Remarks::Allowed)?;
    let entity = match root.name.as_str() {
        "EntitiesDescriptor" if root.namespace == METADATA => sole(&root)?,
        "EntityDescriptor" if root.namespace == METADATA => &root,
        _ => return Err(Distrust::Missing("EntityDescriptor")),
    };
    for part in [&root, entity] {
        let until = part.attribute("validUntil").map(|text| read_time("validUntil", text)).transpose()?;
        if until.is_some_and(|until| until <= now) {
            return Err(Distrust::wrong("validUntil", "over"));
        }
    }
    let role = entity.one(METADATA, "IDPSSODescriptor")?;
    let spoken = role.demand("protocolSupportEnumeration")?;
    if !spoken.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL) {
        return Err(Distrust::wrong("protocolSupportEnumeration", spoken));
    }
    let sso = endpoint(role, "SingleSignOnService", BY_REDIRECT);
    let sso = sso.ok_or(Distrust::Missing("a SingleSignOnService by HTTP-Redirect"))?;
    let by_redirect = endpoint(role, "SingleLogoutService", BY_REDIRECT);
    let slo_binding = if by_redirect.is_some() { SloBinding::Redirect } else { SloBinding::Post };
    let slo = by_redirect.or_else(|| endpoint(role, "SingleLogoutService", BY_POST));
    let location = |endpoint: &Element| endpoint.demand("Location").map(str::to_owned);
    Ok(Described {
        entity: entity.demand("entityID")?.to_owned(),
        sso_url: location(sso)?,
        slo_url: slo.map(location).transpose()?,
        slo_response_url: slo.and_then(|slo| slo.attribute("ResponseLocation")).map(str::to_owned),
        slo_binding: if slo.is_some() { slo_binding } else { SloBinding::Redirect },
        certificates: certificates(role)?,
    })
}

/// The only identity provider of many entities.
fn sole(root: &Element) -> Result<&Element, Distrust> {
    let mut found = root.all(METADATA, "EntityDescriptor").filter(|own| own.holds(METADATA, "IDPSSODescriptor"));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Distrust::Missing("the one identity provider")),
    }
}

fn endpoint<'a>(role: &'a Element, name: &'a str, binding: &str) -> Option<&'a Element> {
    role.all(METADATA, name).find(|own| own.attribute("Binding") == Some(binding))
}

/// The certificates that it signs with.
fn certificates(role: &Element) -> Result<Vec<String>, Distrust> {
    let mut found = Vec::new();
    for descriptor in role.all(METADATA, "KeyDescriptor").filter(|own| own.attribute("use") != Some("encryption")) {
        for data in descriptor.one(DSIG, "KeyInfo")?.all(DSIG, "X509Data") {
            for certificate in data.all(DSIG, "X509Certificate") {
                let dense: String = certificate.text()?.split_ascii_whitespace().collect();
                if !found.contains(&dense) {
                    found.push(dense);
                }
            }
        }
    }
    if found.is_empty() { Err(Distrust::Missing("a certificate for signing")) } else { Ok(found) }
}

/// What a provider must know of us.
pub struct Ours<'a> {
    pub id: &'a str,
    pub entity: &'a str,
    pub acs: &'a str,
    pub slo: &'a str,
    pub format: NameIdFormat,
    pub valid_until: Time,
}

impl Ours<'_> {
    /// The signed document.
    pub fn xml(&self, key: &OwnKey) -> Result<String, NoKey> {
        let (acs, slo) = (escaped(self.acs), escaped(self.slo));
        let certificate = key.certificate();
        let role = format!(
            "<md:SPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\" AuthnRequestsSigned=\"true\" \
             WantAssertionsSigned=\"true\"><md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{DSIG}\"><ds:X509Data>\
             <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
             <md:SingleLogoutService Binding=\"{BY_REDIRECT}\" Location=\"{slo}\"></md:SingleLogoutService>\
             <md:SingleLogoutService Binding=\"{BY_POST}\" Location=\"{slo}\"></md:SingleLogoutService>\
             <md:NameIDFormat>{}</md:NameIDFormat>\
             <md:AssertionConsumerService Binding=\"{BY_POST}\" Location=\"{acs}\" index=\"0\" isDefault=\"true\">\
             </md:AssertionConsumerService></md:SPSSODescriptor>",
            self.format.uri()
        );
        let until = super::written(self.valid_until);
        let build = |signature: &str| {
            format!(
                "<md:EntityDescriptor xmlns:md=\"{METADATA}\" ID=\"{}\" entityID=\"{}\" validUntil=\"{until}\">\
                 {signature}{role}</md:EntityDescriptor>",
                escaped(self.id),
                escaped(self.entity),
            )
        };
        signed(build, self.id, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::samples::{EC_CERTIFICATE, SMALL_CERTIFICATE, certificate, changed, key, now};
    use crate::saml::signature::{Covered, verified};

    fn theirs() -> String {
        let key = |purpose: &str, certificate: &str| {
            format!(
                "<KeyDescriptor {purpose}><KeyInfo xmlns=\"{DSIG}\"><X509Data><X509Certificate>\n{certificate}\n\
                 </X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            )
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- ours -->\n<EntityDescriptor xmlns=\"{METADATA}\" \
             entityID=\"https://idp.example/metadata\" validUntil=\"2036-01-01T00:00:00Z\">\
             <IDPSSODescriptor protocolSupportEnumeration=\"urn:x {PROTOCOL}\">{}{}{}\
             <SingleLogoutService Binding=\"{BY_POST}\" Location=\"https://idp.example/slo/post\"/>\
             <SingleLogoutService Binding=\"{BY_REDIRECT}\" Location=\"https://idp.example/slo\" \
             ResponseLocation=\"https://idp.example/slo/done\"/>\
             <SingleSignOnService Binding=\"{BY_POST}\" Location=\"https://idp.example/sso/post\"/>\
             <SingleSignOnService Binding=\"{BY_REDIRECT}\" Location=\"https://idp.example/sso\"/>\
             </IDPSSODescriptor></EntityDescriptor>",
            key("use=\"signing\"", EC_CERTIFICATE),
            key("", EC_CERTIFICATE),
            key("use=\"encryption\"", SMALL_CERTIFICATE),
        )
    }

    #[test]
    fn a_provider_is_described_by_its_metadata() {
        let found = read(&theirs(), now()).unwrap();
        assert_eq!(
            (found.entity.as_str(), found.sso_url.as_str()),
            ("https://idp.example/metadata", "https://idp.example/sso")
        );
        assert_eq!(found.slo_url.as_deref(), Some("https://idp.example/slo"));
        assert_eq!(found.slo_response_url.as_deref(), Some("https://idp.example/slo/done"));
        assert_eq!((found.slo_binding, found.certificates), (SloBinding::Redirect, vec![EC_CERTIFICATE.to_owned()]));
        let by_post =
            changed(&theirs(), &[("HTTP-Redirect\" Location=\"https://idp.example/slo\"", "SOAP\" Location=\"x\"")]);
        let found = read(&by_post, now()).unwrap();
        assert_eq!(
            (found.slo_binding, found.slo_url.as_deref()),
            (SloBinding::Post, Some("https://idp.example/slo/post"))
        );
    }

    #[test]
    fn metadata_that_describes_no_provider_is_refused() {
        for (what, from, to) in [
            ("over", "2036", "2016"),
            ("another protocol", "urn:x urn", "urn:x-urn"),
            ("a service provider", "IDPSSODescriptor ", "SPSSODescriptor "),
            ("no redirect", "HTTP-Redirect\" Location=\"https://idp.example/sso\"", "SOAP\" Location=\"x\""),
            ("no name", "entityID=", "other="),
        ] {
            let text = changed(&theirs(), &[(from, to)]).replace(
                "</IDPSSODescriptor>",
                if to.starts_with("SPSSO") { "</SPSSODescriptor>" } else { "</IDPSSODescriptor>" },
            );
            assert!(read(&text, now()).is_err(), "{what}");
        }
        assert!(read(&theirs().replace("X509Certificate", "Other"), now()).is_err(), "no certificate");
        let many = |inside: &str| format!("<EntitiesDescriptor xmlns=\"{METADATA}\">{inside}</EntitiesDescriptor>");
        let one = theirs().split("<!-- ours -->").nth(1).unwrap().to_owned();
        assert!(read(&many(&one), now()).is_ok());
        assert!(read(&many(&format!("{one}{one}")), now()).is_err(), "two providers");
    }

    #[test]
    fn ours_is_signed() {
        let ours = Ours {
            id: "_1",
            entity: "https://id.example/sso/corp/metadata",
            acs: "https://id.example/sso/corp/acs",
            slo: "https://id.example/sso/corp/slo",
            format: NameIdFormat::Persistent,
            valid_until: now(),
        };
        let xml = ours.xml(key()).unwrap();
        let read = verified(&xml, Covered::Root, &[certificate()]).unwrap();
        let role = read.one(METADATA, "SPSSODescriptor").unwrap();
        assert_eq!(role.one(METADATA, "AssertionConsumerService").unwrap().attribute("Location"), Some(ours.acs));
        assert_eq!(role.attribute("AuthnRequestsSigned"), Some("true"));
    }
}
