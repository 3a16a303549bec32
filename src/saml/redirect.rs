//! The HTTP-Redirect binding (SAML Bindings section 3.4): a document deflated into a query, the signature beside it, over the
//! octets as they were sent.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use url::form_urlencoded;

use super::Distrust;
use super::algorithm::RSA_SHA256;
use super::certificate::{Certificate, NoKey, OwnKey, decoded};
use super::signature::by_one_of;
use crate::base::secret::base64;

/// The longest document that comes out of a query, in bytes: what is deflated may grow a thousandfold.
const LONGEST: u64 = 64 * 1024;
/// The longest state that travels along, in bytes (section 3.4.3).
pub const LONGEST_RELAY_STATE: usize = 80;

/// Which of the two a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Request,
    Response,
}

impl Part {
    /// The parameter or form field that it travels in.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A document with where it goes.
pub struct Sent<'a> {
    pub endpoint: &'a str,
    pub part: Part,
    pub xml: &'a str,
    pub relay_state: Option<&'a str>,
}

/// The address to send the browser to.
pub fn address(sent: &Sent<'_>, key: &OwnKey) -> Result<String, NoKey> {
    let mut query = format!("{}={}", sent.part.name(), encoded(&base64(&deflated(sent.xml.as_bytes()))));
    if let Some(state) = sent.relay_state {
        query = format!("{query}&RelayState={}", encoded(state));
    }
    query = format!("{query}&SigAlg={}", encoded(RSA_SHA256));
    let signature = base64(&key.sign(query.as_bytes())?);
    let joint = if sent.endpoint.contains('?') { '&' } else { '?' };
    Ok(format!("{}{joint}{query}&Signature={}", sent.endpoint, encoded(&signature)))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A document that came by a query, once one of these keys is found to have signed it.
pub fn read(query: &str, part: Part, keys: &[Certificate]) -> Result<String, Distrust> {
    let raw = |name: &'static str| {
        let mut found = query.split('&').filter_map(|piece| piece.split_once('=')).filter(|(own, _)| *own == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Distrust::Missing(name)),
            (only, None) => Ok(only.map(|(_, value)| value)),
        }
    };
    let needed = |name| raw(name)?.ok_or(Distrust::Missing(name));
    let (message, algorithm, signature) = (needed(part.name())?, needed("SigAlg")?, needed("Signature")?);
    if raw("SAMLEncoding")?.is_some() {
        return Err(Distrust::Encoding("another than DEFLATE"));
    }
    let relay_state = raw("RelayState")?.map(|state| format!("&RelayState={state}")).unwrap_or_default();
    let input = format!("{}={message}{relay_state}&SigAlg={algorithm}", part.name());
    let signature = decoded(&plain(signature)?).ok_or(Distrust::Encoding("the signature is no base64"))?;
    by_one_of(keys, &plain(algorithm)?, input.as_bytes(), &signature)?;
    inflated(&plain(message)?)
}

/// A value of a query, percent-decoded.
fn plain(value: &str) -> Result<String, Distrust> {
    let pair = format!("x={value}");
    let found = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
    found.ok_or(Distrust::Encoding("no value"))
}

/// A document as it travels in a query.
fn inflated(text: &str) -> Result<String, Distrust> {
    let deflated = STANDARD.decode(text).map_err(|_| Distrust::Encoding("no base64"))?;
    let bytes = inflate(&deflated).ok_or(Distrust::Encoding("does not inflate, or to more than 64 KiB"))?;
    String::from_utf8(bytes).map_err(|_| Distrust::Encoding("not UTF-8"))
}

/// A document as it travels in a form (SAML Bindings section 3.5.4).
pub fn posted(field: &str) -> Result<String, Distrust> {
    let bytes = decoded(field).ok_or(Distrust::Encoding("no base64"))?;
    String::from_utf8(bytes).map_err(|_| Distrust::Encoding("not UTF-8"))
}

/// Raw DEFLATE (RFC 1951).
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// What was deflated; `None` where it is nothing of the kind, or longer than 64 KiB.
pub fn inflate(deflated: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(deflated).take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LONGEST).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::samples::{certificate, key, other_certificate};

    fn sent(relay_state: Option<&str>) -> String {
        let sent = Sent { endpoint: "https://idp.example/slo", part: Part::Request, xml: "<a> ö </a>", relay_state };
        let address = address(&sent, key()).unwrap();
        address.strip_prefix("https://idp.example/slo?").unwrap().to_owned()
    }

    #[test]
    fn what_is_sent_reads_the_same() {
        for state in [None, Some("a b&c=d/+")] {
            assert_eq!(read(&sent(state), Part::Request, &[certificate()]).as_deref(), Ok("<a> ö </a>"));
        }
        let several = [other_certificate(), certificate()];
        assert!(read(&sent(None), Part::Request, &several).is_ok(), "whichever of the keys it is");
    }

    #[test]
    fn whatever_is_touched_is_refused() {
        let query = sent(Some("state"));
        let refused = |query: &str| read(query, Part::Request, &[certificate()]).is_err();
        assert!(!refused(&query));
        for (what, query) in [
            ("another state", query.replace("RelayState=state", "RelayState=other")),
            ("no state", query.replace("&RelayState=state", "")),
            ("another algorithm", query.replace("rsa-sha256", "rsa-sha512")),
            (
                "a weak algorithm",
                query.replace("2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1"),
            ),
            ("no algorithm", query.split("&SigAlg").next().unwrap().to_owned()),
            ("no signature", query.split("&Signature").next().unwrap().to_owned()),
            ("two messages", format!("{query}&SAMLRequest=x")),
            ("two signatures", format!("{query}&Signature=x")),
            ("a response", query.replace("SAMLRequest", "SAMLResponse")),
        ] {
            assert!(refused(&query), "{what}");
        }
        assert!(read(&query, Part::Request, &[other_certificate()]).is_err());
        assert!(read(&query, Part::Request, &[]).is_err());
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let bomb = deflated(&vec![b'x'; 10_000_000]);
        assert!(bomb.len() < 20_000 && inflate(&bomb).is_none());
        assert_eq!(inflate(&deflated(b"x")).as_deref(), Some(&b"x"[..]));
        assert!(inflate(&[7, 7, 7]).is_none() && inflated("no base64").is_err() && posted("\u{e4}").is_err());
    }
}
