//! Who somebody is at a provider (SAML Core sections 2.2.2 and 8.3).

use serde::{Deserialize, Serialize};

use super::xml::{Element, escaped};
use super::{ASSERTION, Distrust};
use crate::protocol::provider::NameIdFormat;

/// The longest name that is taken, in bytes (SAML Core section 8.3.7).
const LONGEST: usize = 256;

impl NameIdFormat {
    /// The URI of this format (SAML Core section 8.3).
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Persistent => "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            Self::EmailAddress => "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            Self::Unspecified => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        }
    }
}

/// A name, as it must be sent back to sign somebody out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameId {
    pub value: String,
    pub format: Option<String>,
    pub name_qualifier: Option<String>,
    pub sp_name_qualifier: Option<String>,
}

/// Between whom a name means somebody: the entity identifiers of the provider and of us.
#[derive(Clone, Copy, Debug)]
pub struct Between<'a> {
    pub provider: &'a str,
    pub us: &'a str,
}

impl NameId {
    /// The one name in an element.
    pub fn read(parent: &Element, between: Between<'_>) -> Result<Self, Distrust> {
        if parent.all(ASSERTION, "EncryptedID").next().is_some() {
            return Err(Distrust::Encrypted);
        }
        let element = parent.one(ASSERTION, "NameID")?;
        let value = element.text()?;
        if !(1..=LONGEST).contains(&value.len()) || value.chars().any(char::is_control) {
            return Err(Distrust::wrong("NameID", "empty, too long or no line of text"));
        }
        let own = |name: &str| element.attribute(name).map(str::to_owned);
        let name = Self {
            value: value.to_owned(),
            format: own("Format"),
            name_qualifier: own("NameQualifier"),
            sp_name_qualifier: own("SPNameQualifier"),
        };
        // A name of another realm is another person's.
        for (what, found, expected) in [
            ("NameQualifier", &name.name_qualifier, between.provider),
            ("SPNameQualifier", &name.sp_name_qualifier, between.us),
        ] {
            if let Some(found) = found.as_ref().filter(|found| found.as_str() != expected) {
                return Err(Distrust::wrong(what, found));
            }
        }
        Ok(name)
    }

    /// Whether it is of the format that people are known by. Names of another may mean others, and a transient one nobody.
    pub fn must_be(&self, format: NameIdFormat) -> Result<(), Distrust> {
        let found = self.format.as_deref().unwrap_or(NameIdFormat::Unspecified.uri());
        if found == format.uri() { Ok(()) } else { Err(Distrust::wrong("the format of NameID", found)) }
    }

    pub fn xml(&self) -> String {
        let attributes = [
            ("Format", &self.format),
            ("NameQualifier", &self.name_qualifier),
            ("SPNameQualifier", &self.sp_name_qualifier),
        ];
        let written = attributes.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let written: Vec<_> = written.map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
        format!("<saml:NameID{}>{}</saml:NameID>", written.concat(), escaped(&self.value))
    }
}
