//! Scope: a set of words in the order asked (RFC 6749 section 3.3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{Code, Refusal};

pub const OPENID: &str = "openid";
pub const PROFILE: &str = "profile";
pub const EMAIL: &str = "email";
pub const ADDRESS: &str = "address";
pub const PHONE: &str = "phone";
pub const ROLES: &str = "roles";
pub const OFFLINE_ACCESS: &str = "offline_access";
/// Everything below the admin API.
pub const ADMIN: &str = "admin";
/// What only looks, below the admin API.
pub const ADMIN_READ: &str = "admin.read";

/// Longest scope that is read; longer ones are refused before any work is done on them.
const LONGEST: usize = 2_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn is_within(&self, wider: &Self) -> bool {
        self.words().all(|word| wider.contains(word))
    }

    /// The words of both, this one's first.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let new = other.0.iter().filter(|word| !self.contains(word));
        Self(self.0.iter().chain(new).cloned().collect())
    }

    /// The words that `keep` wants.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.words().filter(|word| keep(word)).map(str::to_owned).collect())
    }
}

impl FromStr for Scope {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::new(Code::InvalidScope, "scope is too long"));
        }
        let mut words = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            // scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
            if !word.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
                return Err(Refusal::new(Code::InvalidScope, "scope holds a character that no scope may hold"));
            }
            if !words.contains(word) {
                words.0.push(word.to_owned());
            }
        }
        Ok(words)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(|refusal: Refusal| serde::de::Error::custom(refusal.description))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        text.parse().unwrap()
    }

    #[test]
    fn is_a_set_that_keeps_its_order() {
        assert_eq!(scope(" openid  email openid").to_string(), "openid email");
        assert!(scope("a").is_within(&scope("b a")));
        assert!(!scope("a b").is_within(&scope("a")));
        assert_eq!(scope("a b").with(&scope("b c")).to_string(), "a b c");
        assert_eq!(scope("a b c").only(|word| word != "b").to_string(), "a c");
        assert!(scope("").is_within(&scope("")));
    }

    #[test]
    fn refuses_other_characters_and_endless_texts() {
        for text in ["a\"b", "a\\b", "é", "a\tb", "a\nb"] {
            assert_eq!(text.parse::<Scope>().unwrap_err().code, Code::InvalidScope, "{text}");
        }
        assert!("a".repeat(2_001).parse::<Scope>().is_err());
    }
}
