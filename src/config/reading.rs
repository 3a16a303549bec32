//! Texts into typed values: each setting is read by its key, once, and everything wrong is collected on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Place, Problem};
use super::settings::{self, Kind, Otherwise, Setting};
use super::source::{Entry, Sources};
use super::value::{self, Choice};
use crate::base::duration::Duration;

/// A reading under way. A value that was refused is replaced by its default, and its key is remembered as broken.
pub(super) struct Reading {
    entries: BTreeMap<String, Entry>,
    broken: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Reading {
    pub fn of(sources: Sources) -> Self {
        Self { entries: sources.entries, broken: BTreeSet::new(), problems: sources.problems }
    }

    /// Everything found wrong.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Whether somebody wrote the key, rightly or wrongly.
    pub fn is_set(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A setting that has a default.
    pub fn one<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        self.many(key, &parse).pop().unwrap_or_else(|| default(setting(key), parse))
    }

    /// A setting that may stay unset; an empty text leaves it so.
    pub fn optional<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        if self.entries.get(key).is_some_and(|entry| entry.texts.iter().all(String::is_empty)) {
            self.entries.remove(key);
        }
        self.many(key, parse).pop()
    }

    /// A setting that is a list; what is refused is left out.
    pub fn many<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let setting = setting(key);
        let Some(entry) = self.entries.get(key) else { return Vec::new() };
        let mut values = Vec::with_capacity(entry.texts.len());
        for text in &entry.texts {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(reason) => {
                    self.broken.insert(key.to_owned());
                    let text = refusal((key, setting.kind), entry, text, &reason);
                    self.problems.push(Problem { place: entry.place.clone(), text });
                }
            }
        }
        values
    }

    pub fn choice<T: Choice>(&mut self, key: &str) -> T {
        self.one(key, T::parse)
    }

    /// A duration within the bounds of the table.
    pub fn span(&mut self, key: &str) -> Duration {
        self.one(key, within_bounds(key))
    }

    /// A duration within the bounds of the table, or none.
    pub fn span_if_any(&mut self, key: &str) -> Option<Duration> {
        self.optional(key, within_bounds(key))
    }

    /// `true` or `false`.
    pub fn switch(&mut self, key: &'static str) -> bool {
        self.one(key, |text| text.parse().map_err(|_| "is not true or false".to_owned()))
    }

    /// A whole number within the bound of the table.
    pub fn count(&mut self, key: &str) -> u32 {
        self.one(key, |text| value::count(text, most(key)))
    }

    /// A whole number within the bound of the table, or none.
    pub fn count_if_any(&mut self, key: &str) -> Option<u32> {
        self.optional(key, |text| value::count(text, most(key)))
    }

    /// What stands for the free part in the keys that begin so: `session.roles.` gives every role that was named.
    pub fn named_below(&self, beginning: &str) -> BTreeSet<String> {
        let named = |key: &String| Some(key.strip_prefix(beginning)?.rsplit_once('.')?.0.to_owned());
        self.entries.keys().filter_map(named).collect()
    }

    /// Notes that settings, each right by itself, contradict each other; placed at the first that somebody wrote. Says
    /// nothing when one of them is broken anyway.
    pub fn contradict(&mut self, keys: &[&str], text: String) {
        if keys.iter().any(|key| self.broken.contains(*key)) {
            return;
        }
        let written = keys.iter().find_map(|key| self.entries.get(*key));
        let place = written.map_or_else(|| Place::File("defaults".into()), |entry| entry.place.clone());
        self.problems.push(Problem { place, text });
    }
}

/// How a duration of this setting is read.
fn within_bounds(key: &str) -> impl Fn(&str) -> Result<Duration, String> + use<> {
    let (least, most) = match setting(key).kind {
        Kind::Span(least, most) => (least, most),
        _ => (Duration::ZERO, Duration::ZERO),
    };
    move |text| {
        let span: Duration = text.parse().map_err(|reason| format!("{reason}"))?;
        let within = (least..=most).contains(&span);
        if within { Ok(span) } else { Err(format!("is not between {least} and {most}")) }
    }
}

/// The largest number that this setting takes.
fn most(key: &str) -> u32 {
    if let Kind::Count(most) = setting(key).kind { most } else { 0 }
}

/// The environment's place already names the key; a file's line does not.
fn refusal((key, kind): (&str, Kind), entry: &Entry, text: &str, reason: &str) -> String {
    let shown = if kind.is_secret() { "the value".to_owned() } else { format!("{text:?}") };
    match entry.place {
        Place::Environment(_) => format!("{shown} {reason}"),
        Place::File(_) | Place::Line(..) => format!("{key}: {shown} {reason}"),
    }
}

#[expect(clippy::expect_used, reason = "keys are literals in this module's parent, and a test reads every one of them")]
fn setting(key: &str) -> &'static Setting {
    settings::find(key).expect("a key of the table")
}

#[expect(clippy::expect_used, reason = "defaults are literals of the table, and a test reads every one of them")]
fn default<T>(setting: &Setting, parse: impl Fn(&str) -> Result<T, String>) -> T {
    let Otherwise::Value(text) = setting.otherwise else { unreachable!("{} has no default", setting.key) };
    parse(text).expect("a default that its own rule accepts")
}
