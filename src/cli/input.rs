//! What commands are told: members by `--set` or as JSON, pages of lists, and passwords, which never stand among the arguments.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

use clap::Args;
use serde_json::{Map, Value};

use super::CliError;
use crate::base::secret::Typed;
use crate::flows::admin::body;
use crate::protocol::admin::listing::{Listing, MOST, USUAL};

/// Members of a resource, as in the admin API.
#[derive(Args, Debug, Default)]
pub struct Members {
    /// A member and its value; the value is JSON, or a text when it is none. May be repeated
    #[arg(long, value_name = "MEMBER=VALUE")]
    set: Vec<String>,
    /// A member that goes back to its default. May be repeated
    #[arg(long, value_name = "MEMBER")]
    unset: Vec<String>,
    /// A file with a JSON object of members; - is standard input
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
}

impl Members {
    /// The object that was described; later words win over the file.
    pub fn read(&self) -> Result<Map<String, Value>, CliError> {
        let mut members = match self.file.as_deref() {
            None => Map::new(),
            Some(path) => body(&bytes(path)?)?,
        };
        for pair in &self.set {
            let Some((name, text)) = pair.split_once('=') else {
                return Err(CliError::Said(format!("--set {pair:?} is not MEMBER=VALUE")));
            };
            if matches!(name, "password" | "client_secret") {
                return Err(CliError::Said("a secret never stands among the arguments, where others see it".into()));
            }
            members.insert(name.to_owned(), value(text));
        }
        members.extend(self.unset.iter().map(|name| (name.clone(), Value::Null)));
        Ok(members)
    }
}

/// JSON where it is some, else the text itself.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn bytes(path: &str) -> Result<Vec<u8>, CliError> {
    let read = if path == "-" {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map(|_| text)
    } else {
        fs::read(path)
    };
    read.map_err(|error| CliError::Said(format!("{path} cannot be read: {error}")))
}

/// Which page of a list.
#[derive(Args, Debug)]
pub struct Page {
    /// Items on the page
    #[arg(long, default_value_t = USUAL, value_parser = limit)]
    limit: usize,
    /// Goes on where an earlier page ended
    #[arg(long)]
    cursor: Option<String>,
}

fn limit(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| format!("must be a number from 1 to {MOST}"))
}

impl From<Page> for Listing {
    fn from(Page { limit, cursor }: Page) -> Self {
        Self { limit, cursor }
    }
}

/// Asks for a password on a terminal, twice and unseen; elsewhere reads the first line of standard input.
pub fn password() -> Result<Typed, CliError> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let first = ask("Password: ")?;
    let second = ask("The same again: ")?;
    if first.expose() == second.expose() { Ok(first) } else { Err(CliError::Said("the two passwords differ".into())) }
}

/// Asks for a secret on a terminal, once and unseen; elsewhere reads the first line of standard input.
pub fn secret() -> Result<Typed, CliError> {
    if io::stdin().is_terminal() { ask("Secret: ") } else { line() }
}

fn ask(question: &str) -> Result<Typed, CliError> {
    let mut terminal = io::stderr();
    let asked = terminal.write_all(question.as_bytes()).and_then(|()| terminal.flush());
    asked.map_err(|error| CliError::Said(format!("the terminal cannot be written: {error}")))?;
    echo("-echo");
    let answer = line();
    echo("echo");
    drop(terminal.write_all(b"\n"));
    answer
}

/// Switches the echo of the terminal; where there is no `stty` the password is seen, which is better than no password.
fn echo(word: &str) {
    drop(Command::new("stty").arg(word).stdin(Stdio::inherit()).stderr(Stdio::null()).status());
}

fn line() -> Result<Typed, CliError> {
    let mut text = String::new();
    let read = io::stdin().lock().read_line(&mut text);
    read.map_err(|error| CliError::Said(format!("standard input cannot be read: {error}")))?;
    let bare = text.strip_suffix('\n').unwrap_or(&text);
    let bare = bare.strip_suffix('\r').unwrap_or(bare).to_owned();
    drop(Typed::new(text));
    if bare.is_empty() { Err(CliError::Said("nothing on standard input".into())) } else { Ok(Typed::new(bare)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(set: &[&str], unset: &[&str]) -> Result<Value, CliError> {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Members { set: own(set), unset: own(unset), file: None }.read().map(Value::Object)
    }

    #[test]
    fn values_are_json_or_texts() {
        let read = members(&["a=x y", "b=[\"z\"]", "c=true", "d=", "e=1=2", "f=\"true\""], &["g"]).unwrap();
        assert_eq!(read, json!({"a": "x y", "b": ["z"], "c": true, "d": "", "e": "1=2", "f": "true", "g": null}));
        assert!(members(&["a"], &[]).is_err());
        assert!(members(&["password=x"], &[]).is_err() && members(&["client_secret=x"], &[]).is_err());
    }

    #[test]
    fn pages_have_a_size() {
        assert_eq!(limit("200"), Ok(200));
        for text in ["0", "201", "-1", "x", ""] {
            assert!(limit(text).is_err(), "{text}");
        }
    }
}
