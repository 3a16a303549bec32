//! A directory that keeps people's passwords: where it is, how somebody is found in it, and what is taken of them (RFC 4511,
//! RFC 4513 section 5.1). A name that somebody typed stands in a DN or a filter as a value alone (RFC 4514 section 2.4,
//! RFC 4515 section 3).

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::base::duration::Duration;
use crate::base::secret::Typed;

/// How the way there is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// TLS from the first byte.
    Tls,
    /// In plain until StartTLS, without which nothing is said (RFC 4511 section 4.14).
    StartTls,
    /// In plain, for a directory on this machine.
    None,
}

/// Where a directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; one of IPv6 in brackets.
    pub host: String,
    pub port: u16,
    pub privacy: Privacy,
}

/// How the entry of somebody is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The DN, made of the name.
    Dn(String),
    /// The one entry below a base that fits a filter with the name in it.
    Search(Search),
}

/// A base, and a filter in which `{username}` stands for the name, and `{dn}` for a DN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub base: String,
    pub filter: String,
}

/// Which groups somebody is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The attribute of the person that names them.
    pub attribute: Option<String>,
    /// The entries of groups that name the person.
    pub search: Option<Search>,
}

/// A directory, and what is taken of it.
#[derive(Clone, Debug)]
pub struct Directory {
    /// With the stable id it names a person.
    pub name: String,
    pub address: Address,
    /// Who we are there while we look for people; nobody where there is none.
    pub bind: Option<(String, Typed)>,
    pub lookup: Lookup,
    /// The attribute that never changes and is never given to another person.
    pub id: String,
    /// A claim of a person here, or `username`, and the attribute there.
    pub claims: Vec<(String, String)>,
    pub groups: Groups,
    /// A role here, and the group there whose people have it: a DN, or the name that a DN begins with.
    pub roles: Vec<(String, String)>,
    /// Whether its addresses of mail count as confirmed.
    pub trust_email: bool,
    /// Where people change the password that it keeps.
    pub password_url: Option<String>,
    /// For one step with it.
    pub timeout: Duration,
    /// When a bind that it refuses is answered, after it began: longer than it takes, so that no answer's time tells who is there.
    pub refuse_after: std::time::Duration,
    /// Conversations at the same time, at least 1.
    pub connections: usize,
}

/// Somebody as they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What never changes.
    pub id: String,
    /// Values by the names that were asked for.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// DNs, or names.
    pub groups: Vec<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.privacy == Privacy::Tls { "ldaps" } else { "ldap" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Directory {
    /// The attribute that says what somebody is called there.
    pub fn username(&self) -> Option<&str> {
        self.claims.iter().find(|(claim, _)| claim == "username").map(|(_, attribute)| attribute.as_str())
    }
}

/// What somebody who typed this is called there: of several names, which have no order, the one that was typed, else one that
/// says anything; as it was typed where there is none.
pub fn called<'a>(names: &'a [String], typed: &'a str) -> &'a str {
    let same = names.iter().find(|name| name.to_lowercase() == typed.to_lowercase());
    same.or_else(|| names.iter().find(|name| !name.trim().is_empty())).map_or(typed, String::as_str)
}

/// The template with each `{name}` replaced by its value, in one pass: what a value holds is never replaced again.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let hit = values.iter().find_map(|(name, value)| {
            let end = from.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
            Some((*value, end))
        });
        let (value, after) = hit.unwrap_or_else(|| from.split_at(1));
        text.push_str(value);
        rest = after;
    }
    text + rest
}

/// A text as a value in a filter (RFC 4515 section 3).
pub fn in_filter(text: &str) -> String {
    escaped(text, |_, byte| byte.is_ascii_control() || b"\\*()".contains(&byte))
}

/// A text as a value in a DN (RFC 4514 section 2.4).
pub fn in_dn(text: &str) -> String {
    let last = text.len().saturating_sub(1);
    escaped(text, |at, byte| {
        let edge = at == 0 && byte == b'#' || (at == 0 || at == last) && byte == b' ';
        edge || byte.is_ascii_control() || b"\"+,;<=>\\".contains(&byte)
    })
}

/// The text with the bytes that need it written as a backslash and two digits of hexadecimal.
fn escaped(text: &str, needs: impl Fn(usize, u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        match u8::try_from(letter) {
            Ok(byte) if byte.is_ascii() && needs(at, byte) => drop(write!(out, "\\{byte:02x}")),
            _ => out.push(letter),
        }
    }
    out
}

/// The parts of a DN, outermost last, in a form in which equal ones are equal: in lower case, and without spaces around what
/// divides it.
pub fn dn_key(dn: &str) -> String {
    let parts = split(dn, ',');
    let parts = parts.iter().map(|part| {
        let pair = part.split_once('=').map(|(kind, value)| format!("{}={}", kind.trim(), value.trim()));
        pair.unwrap_or_else(|| part.trim().to_owned()).to_lowercase()
    });
    parts.collect::<Vec<_>>().join(",")
}

/// The value that a DN begins with, in lower case and without escapes: `staff` of `cn=Staff,ou=groups`. A text that is no DN
/// is its own.
pub fn first_value(dn: &str) -> String {
    let first = split(dn, ',').remove(0);
    let value = first.split_once('=').map_or(first.as_str(), |(_, value)| value);
    unescaped(value.trim()).to_lowercase()
}

/// Cuts where the divider stands unescaped; at least one part.
fn split(text: &str, divider: char) -> Vec<String> {
    let (mut parts, mut part, mut letters) = (Vec::new(), String::new(), text.chars());
    while let Some(letter) = letters.next() {
        if letter == divider {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        part.push(letter);
        if letter == '\\' {
            part.extend(letters.next());
        }
    }
    parts.push(part);
    parts
}

fn unescaped(value: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), value.bytes().peekable());
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        let Some(first) = escaped else {
            bytes.push(byte);
            continue;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (digit(first), rest.peek().copied().and_then(digit)) {
            (Some(high), Some(low)) => {
                rest.next();
                bytes.push(high * 16 + low);
            }
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_value_and_nothing_else() {
        for (name, filter, dn) in [
            ("alice", "alice", "alice"),
            ("*", "\\2a", "*"),
            ("*)(uid=*", "\\2a\\29\\28uid=\\2a", "*)(uid\\3d*"),
            ("a\\b", "a\\5cb", "a\\5cb"),
            ("a\0b", "a\\00b", "a\\00b"),
            ("a,ou=x", "a,ou=x", "a\\2cou\\3dx"),
            (" a b ", " a b ", "\\20a b\\20"),
            ("#a#", "#a#", "\\23a#"),
            ("a+b;c<d>\"", "a+b;c<d>\"", "a\\2bb\\3bc\\3cd\\3e\\22"),
            ("jürgen", "jürgen", "jürgen"),
            ("", "", ""),
        ] {
            assert_eq!((in_filter(name).as_str(), in_dn(name).as_str()), (filter, dn), "{name:?}");
        }
    }

    #[test]
    fn of_several_names_the_typed_one_counts() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (own, typed, name) in [
            (&["ann", "anna"][..], "ANNA", "anna"),
            (&["ann", "anna"], "ann@x.example", "ann"),
            (&[" ", "ann"], "ann@x.example", "ann"),
            (&[], "ann@x.example", "ann@x.example"),
        ] {
            assert_eq!(called(&names(own), typed), name, "{own:?} {typed}");
        }
    }

    #[test]
    fn what_was_filled_in_is_not_filled_again() {
        let filled = |template| fill(template, &[("username", "{dn}"), ("dn", "{username}")]);
        assert_eq!(filled("(&(uid={username})(member={dn}){other}{"), "(&(uid={dn})(member={username}){other}{");
        assert_eq!(fill("uid={username},dc=x", &[("username", "a")]), "uid=a,dc=x");
    }

    #[test]
    fn a_dn_is_compared_part_by_part() {
        assert_eq!(dn_key("CN=Staff , OU = groups,dc=X"), "cn=staff,ou=groups,dc=x");
        assert_ne!(dn_key("cn=a\\, b,dc=x"), dn_key("cn=a,b,dc=x"));
        assert_ne!(dn_key("cn=staff,ou=other"), dn_key("cn=staff,ou=groups"));
    }

    #[test]
    fn a_group_is_called_what_its_dn_begins_with() {
        for (dn, name) in [
            ("cn=Staff,ou=groups", "staff"),
            ("cn=a\\, b,dc=x", "a, b"),
            ("cn=J\\c3\\bcrgen,dc=x", "jürgen"),
            ("cn=a\\2cb,dc=x", "a,b"),
            ("staff", "staff"),
            ("", ""),
        ] {
            assert_eq!(first_value(dn), name, "{dn}");
        }
    }
}
