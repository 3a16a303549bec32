//! Rank 2: the words and signatures of SAML 2.0, as a service provider speaks it. Values and arithmetic only: nothing here
//! stores, fetches or waits.
//!
//! | file | holds |
//! |---|---|
//! | `xml` | documents read strictly, and texts written into them |
//! | `algorithm` | the algorithms that are taken, and no others |
//! | `certificate` | whose signatures are believed; our own key with its certificate |
//! | `signature` | signatures in documents: checked, then only what they cover is read; and made |
//! | `redirect` | the HTTP-Redirect binding: deflated, in a query, signed beside the document |
//! | `name` | who somebody is there |
//! | `request` | what we ask: `AuthnRequest` |
//! | `response` | what is answered: `Response`, and the rules for the one `Assertion` in it |
//! | `logout` | `LogoutRequest` and `LogoutResponse`, both ways |
//! | `metadata` | theirs read, ours written |
//!
//! The one idea: a signature names an element; that element is canonicalized and hashed, and *the canonical bytes are
//! parsed anew*. Claims are read from that tree alone, so that nothing which stands beside, around or inside the signed
//! element can speak for it, and no second parser can see something else.
//!
//! uppsala reads XML and bergshamra canonicalizes it; aws-lc checks and makes signatures; neither is named elsewhere.

pub mod algorithm;
pub mod certificate;
pub mod logout;
pub mod metadata;
pub mod name;
pub mod redirect;
pub mod request;
pub mod response;
pub mod signature;
pub mod xml;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod samples;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::entropy::{Entropy, draw};

/// How far clocks may differ.
pub const SKEW: Duration = Duration::seconds(10);

/// Namespaces.
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Bindings.
pub const BY_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
pub const BY_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Why something that came is not believed. For the log: whoever sent it learns only that it was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    #[error("no XML as it must be: {0}")]
    Xml(String),
    #[error("the signature: {0}")]
    Signature(&'static str),
    #[error("the algorithm {0} is not taken")]
    Algorithm(String),
    #[error("the encoding of the message: {0}")]
    Encoding(&'static str),
    #[error("{0} is missing, or there are several")]
    Missing(&'static str),
    #[error("{0} is {1}")]
    Wrong(&'static str, String),
    #[error("encrypted content is not supported")]
    Encrypted,
    /// The provider says so itself: the two words of its status.
    #[error("the provider refused: {0}")]
    Status(String),
}

impl Distrust {
    fn wrong(what: &'static str, found: impl AsRef<str>) -> Self {
        Self::Wrong(what, found.as_ref().chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

/// An identifier that nobody can guess (SAML Core section 1.3.4).
pub fn new_id(entropy: &dyn Entropy) -> String {
    use std::fmt::Write;
    draw::<16>(entropy).iter().fold("_".to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// A time in UTC, to the second (SAML Core section 1.3.3).
pub fn written(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time in UTC; one without `Z` or an offset is none (SAML Core section 1.3.3).
fn read_time(what: &'static str, text: &str) -> Result<Time, Distrust> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| Distrust::wrong(what, text))?;
    Ok(crate::base::clock::to_micros(time.with_timezone(&Utc)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;

    #[test]
    fn an_id_is_an_xml_name_of_128_bits() {
        let (one, other) = (new_id(&SeededEntropy::new(1)), new_id(&SeededEntropy::new(2)));
        assert!(one.len() == 33 && one.starts_with('_') && one != other);
    }

    #[test]
    fn times_say_their_zone() {
        let time = read_time("t", "2026-11-27T05:00:00.123Z").unwrap();
        assert_eq!(written(time), "2026-11-27T05:00:00Z");
        assert_eq!(read_time("t", "2026-11-27T06:00:00+01:00").map(written), Ok("2026-11-27T05:00:00Z".into()));
        for text in ["", "2026-11-27", "2026-11-27T05:00:00", "now"] {
            assert!(read_time("t", text).is_err(), "{text}");
        }
    }
}
