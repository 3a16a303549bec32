//! The two sources of settings, file and environment, gathered into one map of texts that remembers where each was written.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};
use super::settings::{self, Kind, PREFIX};

/// A configuration file that was read: the name it is called by in messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// What somebody wrote for one setting: one text, or as many as the list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub place: Place,
    pub texts: Vec<String>,
}

/// Everything written, by key; the environment wins over the file.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub entries: BTreeMap<String, Entry>,
    pub problems: Vec<Problem>,
    /// The file could not be read as TOML, so what it would have set is unknown.
    pub unread: bool,
}

impl Sources {
    pub fn gather(file: Option<File<'_>>, environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut sources = Self::default();
        if let Some(file) = file {
            sources.take_file(file);
        }
        for (variable, text) in environment.filter(|(variable, _)| variable.starts_with(PREFIX)) {
            sources.take_variable(variable, &text);
        }
        sources
    }

    fn take_file(&mut self, file: File<'_>) {
        match DeTable::parse(file.text) {
            Ok(table) => self.take_table(file, "", table.get_ref()),
            Err(error) => {
                let place = place(file, error.span().map_or(0, |span| span.start));
                self.problems.push(Problem { place, text: format!("is not TOML: {}", error.message()) });
                self.unread = true;
            }
        }
    }

    fn take_table(&mut self, file: File<'_>, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key =
                if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
            let place = place(file, name.span().start);
            match (settings::find(&key), value.get_ref()) {
                (Some(setting), value) => self.take_value(key, setting.kind, (place, value)),
                (None, DeValue::Table(table)) if settings::is_section(&key) || !table.is_empty() => {
                    self.take_table(file, &key, table);
                }
                (None, _) => self.problems.push(Problem { place, text: unknown(&key) }),
            }
        }
    }

    fn take_value(&mut self, key: String, kind: Kind, (place, value): (Place, &DeValue<'_>)) {
        let text = match texts(kind, value) {
            Err(found) => format!("{key}: {found} stands where {} is wanted", wanted(kind)),
            Ok(_) if self.entries.contains_key(&key) => format!("{key} is set twice"),
            Ok(texts) => {
                self.entries.insert(key, Entry { place, texts });
                return;
            }
        };
        self.problems.push(Problem { place, text });
    }

    fn take_variable(&mut self, variable: String, text: &str) {
        let Some((setting, key)) = settings::find_variable(&variable) else {
            let meant = settings::nearest_variable(&variable).variable();
            let text = format!("is not a setting; did you mean {meant}?");
            self.problems.push(Problem { place: Place::Environment(variable), text });
            return;
        };
        let texts = if setting.kind.is_list() {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        } else {
            vec![text.to_owned()]
        };
        self.entries.insert(key, Entry { place: Place::Environment(variable), texts });
    }
}

fn unknown(key: &str) -> String {
    let shown = key.escape_debug();
    if settings::is_section(key) {
        let inside = settings::SETTINGS.iter().find(|setting| setting.section().starts_with(key));
        return format!("{shown} is a section; did you mean {}?", inside.map_or(key, |setting| setting.key));
    }
    format!("{shown} is not a setting; did you mean {}?", settings::nearest(key).key)
}

/// The texts of a value that has the TOML type its kind wants; what it is instead otherwise.
fn texts(kind: Kind, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    match (kind, value) {
        (kind, DeValue::Array(items)) if kind.is_list() => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                _ => Err("a list with something else than strings"),
            })
            .collect(),
        (Kind::Count(_), DeValue::Integer(number)) => {
            let parsed = i128::from_str_radix(number.as_str(), number.radix());
            Ok(vec![parsed.map_or_else(|_| number.to_string(), |number| number.to_string())])
        }
        (Kind::Switch, DeValue::Boolean(on)) => Ok(vec![on.to_string()]),
        (kind, DeValue::String(text)) if !kind.is_list() && !matches!(kind, Kind::Count(_) | Kind::Switch) => {
            Ok(vec![text.to_string()])
        }
        (_, DeValue::String(_)) => Err("a string"),
        (_, DeValue::Integer(_)) => Err("an integer"),
        (_, DeValue::Float(_)) => Err("a float"),
        (_, DeValue::Boolean(_)) => Err("a boolean"),
        (_, DeValue::Datetime(_)) => Err("a date"),
        (_, DeValue::Array(_)) => Err("a list"),
        (_, DeValue::Table(_)) => Err("a section"),
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Count(_) => "a whole number such as 4",
        Kind::Span(..) => "a duration such as \"15m\"",
        Kind::Switch => "true or false",
        Kind::Networks => "a list such as [\"10.0.0.0/8\"]",
        Kind::Endpoints => "a list such as [\"idp.internal:8443\"]",
        Kind::Routes => "a list such as [\"/notifications\"]",
        Kind::Levels => "a list such as [\"urn:doorward:acr:password\"]",
        Kind::Texts => "a list such as [\"email=mail\"]",
        _ => "a string",
    }
}

fn place(file: File<'_>, offset: usize) -> Place {
    let line = 1 + file.text.char_indices().take_while(|&(at, _)| at < offset).filter(|&(_, c)| c == '\n').count();
    Place::Line(file.name.to_owned(), line)
}
