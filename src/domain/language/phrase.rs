//! Something to be said in whatever language the reader has: the name of a message, with what it speaks of.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

type Name = Cow<'static, str>;

/// A message of the catalogues, or a text that has no language, such as a name that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Phrase {
    Text(String),
    Message {
        /// The message's name, with the attribute behind a point: `reason-idle`, `reason-idle.within`.
        key: Name,
        #[serde(default)]
        args: BTreeMap<Name, Argument>,
    },
}

/// What a message speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    Number(i64),
    Phrase(Phrase),
}

impl Phrase {
    /// A message of this name.
    pub const fn of(key: &'static str) -> Self {
        Self::Message { key: Cow::Borrowed(key), args: BTreeMap::new() }
    }

    /// The same, speaking of this too.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Argument>) -> Self {
        if let Self::Message { args, .. } = &mut self {
            args.insert(Cow::Borrowed(name), value.into());
        }
        self
    }
}

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Argument {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<Phrase> for Argument {
    fn from(phrase: Phrase) -> Self {
        Self::Phrase(phrase)
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Phrase(Phrase::Text(text))
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Phrase(Phrase::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_as_json() {
        let phrase = Phrase::of("a").with("n", 3_u32).with("who", "Ann").with("when", Phrase::of("b"));
        let json = serde_json::to_value(&phrase).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "key": "a", "args": { "n": 3, "who": "Ann", "when": { "key": "b", "args": {} } } })
        );
        assert_eq!(serde_json::from_value::<Phrase>(json).unwrap(), phrase);
        assert_eq!(serde_json::from_str::<Phrase>("\"Ann\"").unwrap(), Phrase::Text("Ann".into()));
    }
}
