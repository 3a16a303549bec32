//! What commands say: a table or a list for people, or exactly the shapes of the admin API as JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::CliError;
use crate::flows::admin::AdminRefusal;
use crate::protocol::admin::Page;

impl From<AdminRefusal> for CliError {
    fn from(refusal: AdminRefusal) -> Self {
        Self::Said(refusal.to_string())
    }
}

/// Writes a value as JSON.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Said(error.to_string()))?;
    say(&text);
    Ok(())
}

/// Writes one line, or several; nobody is told when nobody reads them.
pub fn say(text: &str) {
    drop(writeln!(io::stdout(), "{text}"));
}

/// Writes one resource, as JSON or member by member.
pub fn one(resource: &impl Serialize, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return json(resource);
    }
    let value = serde_json::to_value(resource).map_err(|error| CliError::Said(error.to_string()))?;
    say(&described(&value));
    Ok(())
}

/// Writes a page of a list, as JSON or in columns.
pub fn many<T: Serialize, const N: usize>(
    page: &Page<T>,
    as_json: bool,
    columns: [&str; N],
    row: impl Fn(&T) -> [String; N],
) -> Result<(), CliError> {
    if as_json {
        return json(page);
    }
    let rows: Vec<_> = page.items.iter().map(row).collect();
    say(&table(&columns.map(str::to_owned), &rows));
    if let Some(next) = &page.next {
        say(&format!("There is more: --cursor {next}"));
    }
    Ok(())
}

fn table<const N: usize>(columns: &[String; N], rows: &[[String; N]]) -> String {
    let lines: Vec<[String; N]> =
        std::iter::once(columns).chain(rows).map(|line| line.clone().map(|cell| plain(&cell))).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let padded = |line: &[String; N]| {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

/// One line per member; what has members of its own is written as JSON.
fn described(value: &Value) -> String {
    let Some(members) = value.as_object() else { return text(value) };
    let width = members.keys().map(String::len).max().unwrap_or(0);
    let lines = members.iter().filter(|(_, value)| !value.is_null()).flat_map(|(name, value)| match value {
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let indented = items.iter().map(|item| format!("  {}", text(item)));
            std::iter::once(name.clone()).chain(indented).collect::<Vec<_>>()
        }
        _ => vec![format!("{name:width$}  {}", text(value)).trim_end().to_owned()],
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
            items.iter().map(text).collect::<Vec<_>>().join(" ")
        }
        Value::Null => String::new(),
        other => plain(&other.to_string()),
    }
}

/// Texts come from strangers: what would steer a terminal is shown as a mark.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up_and_strangers_steer_nothing() {
        let rows = [["a".to_owned(), "long one".to_owned()], ["bcd\u{1b}[2J".to_owned(), "é".to_owned()]];
        let shown = table(&["ID".to_owned(), "NAME".to_owned()], &rows);
        assert_eq!(shown, "ID       NAME\na        long one\nbcd\u{fffd}[2J  é");
    }

    #[test]
    fn a_resource_is_a_line_per_member() {
        let shown = described(&json!({"id": "x", "roles": ["a", "b"], "none": null, "on": true, "grants": [{"k": 1}]}));
        let mut lines: Vec<_> = shown.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["  {\"k\":1}", "grants", "id      x", "on      true", "roles   a b"]);
    }
}
