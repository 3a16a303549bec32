//! From what somebody wrote to the setting that was meant: by key, by environment variable, or by likeness.

use strsim::damerau_levenshtein;

use super::{FREE, PREFIX, SETTINGS, Setting};

/// The setting of that very key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.has(key))
}

/// The setting of that very environment variable, with the key it sets.
pub fn find_variable(name: &str) -> Option<(&'static Setting, String)> {
    SETTINGS.iter().find_map(|setting| Some((setting, setting.key_of(name)?)))
}

/// Whether some setting's key goes on below this one.
pub fn is_section(key: &str) -> bool {
    let goes_on = |setting: &Setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    let is_free = |setting: &Setting| {
        let (before, _) = setting.ends()?;
        key.strip_prefix(before).map(|free| !free.is_empty() && !free.contains('.'))
    };
    SETTINGS.iter().any(|setting| goes_on(setting) || is_free(setting) == Some(true))
}

/// The setting whose key is nearest to a wrong one: by spelling, or by its last part when only the section is wrong.
pub fn nearest(wrong: &str) -> &'static Setting {
    let wrong = general(&wrong.to_ascii_lowercase());
    let (section, name) = split(&wrong);
    let distance = |setting: &Setting| {
        let misplaced = damerau_levenshtein(setting.name(), name) + 2;
        let misspelt = damerau_levenshtein(setting.key, &wrong);
        (misspelt.min(misplaced), setting.section() != section)
    };
    SETTINGS.iter().min_by_key(|setting| distance(setting)).unwrap_or(&SETTINGS[0])
}

/// The key with the free part, where it has one, as the table writes it.
fn general(key: &str) -> String {
    let generalised = |setting: &Setting| {
        let (before, _) = setting.ends()?;
        let (_, name) = key.strip_prefix(before)?.rsplit_once('.')?;
        Some(format!("{before}{FREE}.{name}"))
    };
    SETTINGS.iter().find_map(generalised).unwrap_or_else(|| key.to_owned())
}

/// The setting whose variable is nearest to a wrong one.
pub fn nearest_variable(wrong: &str) -> &'static Setting {
    nearest(&wrong.strip_prefix(PREFIX).unwrap_or(wrong).replace("__", "."))
}

/// Section and name of a key.
pub(super) fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

/// How the environment spells a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// What stands between a beginning and an end; never nothing.
pub(super) fn within<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after).filter(|free| !free.is_empty())
}
