//! One connection to a directory, and what is said on it.

use std::fmt::Write;
use std::time::Duration;

use ldap3::{DerefAliases, Ldap, LdapError, LdapResult, Scope, SearchEntry, SearchOptions};

use super::Away;
use crate::base::secret::Typed;

/// Result codes of RFC 4511 appendix A.2.
const SUCCESS: u32 = 0;
const SIZE_LIMIT_EXCEEDED: u32 = 4;
const NO_SUCH_OBJECT: u32 = 32;
/// Those by which a directory says that this name and password are not good: `referral`, `constraintViolation`,
/// `noSuchObject`, `invalidDNSyntax`, `inappropriateAuthentication`, `invalidCredentials`, `insufficientAccessRights`,
/// `unwillingToPerform`. Another server that knows better is not asked.
const REFUSALS: [u32; 8] = [10, 19, 32, 34, 48, 49, 50, 53];

/// The most groups of a person that are read.
const MOST_GROUPS: i32 = 1_000;

pub(super) struct Line {
    ldap: Ldap,
    patience: Duration,
}

/// An entry as it was sent.
pub(super) struct Entry {
    pub dn: String,
    /// By the names that the directory has for them.
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Line {
    pub fn new(ldap: Ldap, patience: Duration) -> Self {
        Self { ldap, patience }
    }

    /// Binds as ourselves, or as nobody where we have no name.
    pub async fn bind_as_us(&mut self, own: Option<&(String, Typed)>) -> Result<(), Away> {
        let (dn, password) = own.map_or(("", ""), |(dn, password)| (dn.as_str(), password.expose()));
        let result = self.ldap.simple_bind(dn, password).await?;
        if result.rc == SUCCESS { Ok(()) } else { Err(Away::Locked(said(&result))) }
    }

    /// Whether the directory takes this name and password. The password is not empty.
    pub async fn bind_as_them(&mut self, dn: &str, password: &Typed) -> Result<bool, Away> {
        let result = self.ldap.simple_bind(dn, password.expose()).await?;
        match result.rc {
            SUCCESS => Ok(true),
            code if REFUSALS.contains(&code) => Ok(false),
            _ => Err(Away::Unwilling(said(&result))),
        }
    }

    /// The one entry that fits; `None` where there is none, or not just one.
    pub async fn find_one(&mut self, base: &str, filter: &str, wanted: &[&str]) -> Result<Option<Entry>, Away> {
        let (mut entries, result) = self.search((base, Scope::Subtree, filter), wanted, 2).await?;
        if entries.len() > 1 || result.rc == SIZE_LIMIT_EXCEEDED {
            tracing::warn!("more than one entry of the directory fits a name: none of them is let in");
            return Ok(None);
        }
        if result.rc == SUCCESS { Ok(entries.pop()) } else { Err(Away::Unwilling(said(&result))) }
    }

    /// Whether any entry fits.
    pub async fn has(&mut self, base: &str, filter: &str) -> Result<bool, Away> {
        let (entries, result) = self.search((base, Scope::Subtree, filter), &["1.1"], 1).await?;
        match result.rc {
            SUCCESS | SIZE_LIMIT_EXCEEDED => Ok(!entries.is_empty()),
            _ => Err(Away::Unwilling(said(&result))),
        }
    }

    /// One entry by its DN.
    pub async fn read(&mut self, dn: &str, wanted: &[&str]) -> Result<Option<Entry>, Away> {
        let (mut entries, result) = self.search((dn, Scope::Base, "(objectClass=*)"), wanted, 1).await?;
        match result.rc {
            SUCCESS => Ok(entries.pop()),
            NO_SUCH_OBJECT => Ok(None),
            _ => Err(Away::Unwilling(said(&result))),
        }
    }

    /// The DNs of what fits.
    pub async fn names(&mut self, base: &str, filter: &str) -> Result<Vec<String>, Away> {
        let (entries, result) = self.search((base, Scope::Subtree, filter), &["1.1"], MOST_GROUPS).await?;
        match result.rc {
            SUCCESS => {}
            SIZE_LIMIT_EXCEEDED => tracing::warn!(MOST_GROUPS, "a person is in more groups than are read"),
            _ => return Err(Away::Unwilling(said(&result))),
        }
        Ok(entries.into_iter().map(|entry| entry.dn).collect())
    }

    /// What fits, references to other servers left out.
    async fn search(
        &mut self,
        (base, scope, filter): (&str, Scope, &str),
        wanted: &[&str],
        most: i32,
    ) -> Result<(Vec<Entry>, LdapResult), Away> {
        let seconds = i32::try_from(self.patience.as_secs()).unwrap_or(i32::MAX);
        let options = SearchOptions::new().deref(DerefAliases::Never).sizelimit(most).timelimit(seconds);
        let search = self.ldap.with_search_options(options).search(base, scope, filter, wanted);
        let found = search.await?;
        let entries = found.0.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
        Ok((entries.map(SearchEntry::construct).map(Entry::from).collect(), found.1))
    }
}

impl From<SearchEntry> for Entry {
    fn from(entry: SearchEntry) -> Self {
        let texts =
            entry.attrs.into_iter().map(|(name, values)| (name, values.into_iter().map(String::into_bytes).collect()));
        Self { dn: entry.dn, attributes: texts.chain(entry.bin_attrs).collect() }
    }
}

impl Entry {
    /// The values of an attribute that are texts. Names of attributes are read in any case (RFC 4512 section 2.5).
    pub fn values(&self, name: &str) -> Vec<String> {
        self.bytes(name).filter_map(|value| String::from_utf8(value.clone()).ok()).collect()
    }

    /// The one value of the attribute that never changes, in hexadecimal where it is no plain text.
    pub fn id(&self, name: &str) -> Option<String> {
        let mut values = self.bytes(name);
        let value = values.next().filter(|value| !value.is_empty())?;
        if values.next().is_some() {
            return None;
        }
        let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
        let id = text.map_or_else(|| in_hexadecimal(value), str::to_owned);
        (id.len() <= 255).then_some(id)
    }

    fn bytes(&self, name: &str) -> impl Iterator<Item = &Vec<u8>> {
        let own = self.attributes.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        own.flat_map(|(_, values)| values)
    }
}

fn in_hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl From<LdapError> for Away {
    fn from(error: LdapError) -> Self {
        Self::Unreachable(one_line(&error.to_string()))
    }
}

/// A result in words; the directory's own are for the log.
fn said(result: &LdapResult) -> String {
    format!("{} ({})", result.rc, one_line(&result.text))
}

/// What somebody else wrote, fit for the log.
fn one_line(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(values: &[&[u8]]) -> Entry {
        let values = values.iter().map(|value| value.to_vec()).collect();
        Entry { dn: String::new(), attributes: vec![("objectGUID".into(), values)] }
    }

    #[test]
    fn an_id_is_one_value_in_one_spelling() {
        for (values, id) in [
            (&[&b"a-1"[..]][..], Some("a-1")),
            (&[&[0xff, 0x00, 0x41]], Some("ff0041")),
            (&[b"a b"], Some("612062")),
            (&[b""], None),
            (&[], None),
            (&[b"a", b"b"], None),
        ] {
            assert_eq!(entry(values).id("objectguid").as_deref(), id, "{values:?}");
        }
        assert_eq!(entry(&[b"a"]).id("entryUUID"), None);
    }
}
