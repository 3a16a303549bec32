//! What the tests of this layer share: keys, a moment, and answers as an honest provider gives them.

use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta};

use super::certificate::{Certificate, OwnKey};
use super::name::Between;
use super::response::{Expected, Signed};
use super::signature::signed;
use super::{ASSERTION, PROTOCOL, written};
use crate::base::clock::Time;
use crate::base::entropy::SeededEntropy;
use crate::protocol::provider::NameIdFormat;

/// P-256.
pub const EC_CERTIFICATE: &str = "MIIBcDCCARWgAwIBAgIUDDregbOBFV7fsmzBWsN4yvVsjiUwCgYIKoZIzj0EAwIwDTELMAkGA1UEAwwCZWMwHhcNMjYxMTI3MDUzMjA2WhcNMzYxMTI0MDUzMjA2WjANMQswCQYDVQQDDAJlYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFH7b83wz9hJR/HJZc5RfhakYlI2UluGTi5TNZZthUfvtd57aqSlDyBUu6Keh1gHY490ZYgGAy296U9YM/GH1SGjUzBRMB0GA1UdDgQWBBQ78ZsJZyR2mkRwju4gfucZfjdtkTAfBgNVHSMEGDAWgBQ78ZsJZyR2mkRwju4gfucZfjdtkTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCe178tvExQxAM6TtZQUg34nGiB4yXNjZF01+GVc2SsKwIhAMKKMIClsoOSwHsxYEHq9W3RVENPf0Q0OLJT4VHCXheI";
/// RSA of 1024 bits.
pub const SMALL_CERTIFICATE: &str = "MIIB/DCCAWWgAwIBAgIUFy4KVmQK6fUkUmEU7GPGi/uB11cwDQYJKoZIhvcNAQELBQAwEDEOMAwGA1UEAwwFc21hbGwwHhcNMjYxMTI3MDUzMjA2WhcNMzYxMTI0MDUzMjA2WjAQMQ4wDAYDVQQDDAVzbWFsbDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAphzWdzDcBet1cDCBT8HRXhiOnk0soxQ/aWss/Zi8cL9iJw1i2NffSynVq4HuwBlF+r/64315QgBy+OTxHCLQo5CDDRESjL1HPnwBk4ABUDhregI2f53Tlz4VG8fOve7M/yU4F8n5GIPtrfDMo/bn8w0j+h7S3UjRRIRw/ehdtxkCAwEAAaNTMFEwHQYDVR0OBBYEFHwlvuXMCJ6C7cJM4AomzSVoXrv8MB8GA1UdIwQYMBaAFHwlvuXMCJ6C7cJM4AomzSVoXrv8MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAaZ+rDNuVJiLQUKemw+/JFNns3zTjce76KXQSTIFlryTW0QL0YrHhR/qjVIgnpKKHBPXqOBb9x2iMjZl2hKHft5+lgTGAanlaxJsmJpZmuNnzaYZAaZiD0W+ZMC7JZbaIZ0pvTiGeRSyuNalpsBLND9cGCWN3xrVuf5nQW9xa5tw=";

pub const IDP: &str = "https://idp.example/metadata";
pub const US: &str = "https://id.example/sso/corp/metadata";
pub const ACS: &str = "https://id.example/sso/corp/acs";
pub const REQUEST: &str = "_asked";

pub fn now() -> Time {
    DateTime::from_timestamp(1_795_755_600, 0).unwrap()
}

pub fn at(seconds: i64) -> String {
    written(now() + TimeDelta::seconds(seconds))
}

fn made(seed: u64) -> OwnKey {
    OwnKey::generate("id.example", now(), &SeededEntropy::new(seed)).unwrap()
}

pub fn key() -> &'static OwnKey {
    static KEY: OnceLock<OwnKey> = OnceLock::new();
    KEY.get_or_init(|| made(1))
}

pub fn other_key() -> &'static OwnKey {
    static KEY: OnceLock<OwnKey> = OnceLock::new();
    KEY.get_or_init(|| made(2))
}

pub fn certificate() -> Certificate {
    Certificate::read(&key().certificate()).unwrap()
}

pub fn other_certificate() -> Certificate {
    Certificate::read(&other_key().certificate()).unwrap()
}

pub fn between() -> Between<'static> {
    Between { provider: IDP, us: US }
}

pub fn expected(keys: &[Certificate]) -> Expected<'_> {
    Expected {
        between: between(),
        keys,
        signed: Signed::Assertion,
        acs: ACS,
        request: REQUEST,
        format: NameIdFormat::Persistent,
        now: now(),
    }
}

/// An assertion with room for a signature.
pub fn assertion(signature: &str) -> String {
    format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"_honest\" Version=\"2.0\" IssueInstant=\"{0}\">\
         <saml:Issuer>{IDP}</saml:Issuer>{signature}<saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">ann</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData Recipient=\"{ACS}\" InResponseTo=\"{REQUEST}\" NotOnOrAfter=\"{1}\"/>\
         </saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{0}\" NotOnOrAfter=\"{1}\"><saml:AudienceRestriction>\
         <saml:Audience>{US}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"{0}\" SessionIndex=\"_session\"><saml:AuthnContext>\
         <saml:AuthnContextClassRef>urn:gold</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement><saml:Attribute Name=\"urn:oid:1\" FriendlyName=\"mail\">\
         <saml:AttributeValue>ann@idp.example</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"groups\"><saml:AttributeValue>staff</saml:AttributeValue>\
         <saml:AttributeValue>ops</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>",
        at(0),
        at(300),
    )
}

/// A response around whatever it is given, with room for a signature.
pub fn response(signature: &str, content: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"_answer\" Version=\"2.0\" \
         IssueInstant=\"{}\" Destination=\"{ACS}\" InResponseTo=\"{REQUEST}\"><saml:Issuer>{IDP}</saml:Issuer>{signature}\
         <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         {content}</samlp:Response>",
        at(0),
    )
}

/// The assertion after these changes, signed by this key.
pub fn signed_assertion(changes: &[(&str, &str)], key: &OwnKey) -> String {
    signed(|signature| changed(&assertion(signature), changes), "_honest", key).unwrap()
}

/// A text after changes, each of which must find its place.
#[track_caller]
pub fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from} in {text}");
        text.replacen(from, to, 1)
    })
}
