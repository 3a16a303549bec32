//! The walls of the house: which layer a file may name, where the big crates are at home, and how a file looks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tools::root;

/// Each layer with those it may name. What is not named here may not be named there.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("protocol", &["base"]),
    ("domain", &["base", "protocol"]),
    ("jose", &["base", "protocol"]),
    ("saml", &["base", "protocol"]),
    ("store", &["base", "protocol", "domain", "jose"]),
    ("remote", &["base", "protocol", "jose"]),
    ("flows", &["base", "protocol", "domain", "jose", "saml", "store", "remote"]),
    ("web", &["base", "protocol", "domain", "flows"]),
    ("config", &["base", "protocol", "domain"]),
    ("jobs", &["base", "protocol", "domain", "jose", "store", "remote", "flows", "config"]),
    ("app", &["base", "protocol", "domain", "jose", "store", "remote", "flows", "web", "config", "jobs"]),
    ("cli", &["base", "protocol", "domain", "jose", "store", "remote", "flows", "web", "config", "jobs", "app"]),
];

/// The big crates and where they are at home.
const HOMES: &[(&str, &[&str])] = &[
    ("actix_web", &["web", "app"]),
    ("minijinja", &["web", "flows"]),
    ("lettre", &["remote"]),
    ("fluent_bundle", &["domain"]),
    ("fluent_syntax", &["domain"]),
    ("sqlx", &["store"]),
    ("sqlx_core", &["store"]),
    ("rusqlite", &["store"]),
    ("josekit", &["jose"]),
    ("openssl", &["jose"]),
    ("aws_lc_rs", &["base", "jose", "saml"]),
    ("uppsala", &["saml"]),
    ("bergshamra_c14n", &["saml"]),
    ("bergshamra_xml", &["saml"]),
    ("x509_parser", &["saml"]),
    ("rcgen", &["saml"]),
    ("flate2", &["saml"]),
    ("argon2", &["domain"]),
    ("clap", &["cli", "main.rs"]),
    ("reqwest", &["remote"]),
    ("openidconnect", &["remote"]),
    ("maxminddb", &["remote"]),
    ("ldap3", &["remote"]),
    ("rustls", &["remote", "app", "cli", "main.rs"]),
];

/// The one folder that knows two engines, and how their types begin.
const ENGINES_HOME: &str = "store/db";
const ENGINES: &[&str] = &["Sqlite", "Pg", "sqlx::postgres", "sqlx::sqlite", "sqlx::Postgres"];

const LONGEST: usize = 400;

struct Source {
    /// Below `src/`.
    path: String,
    /// The code without its comments.
    code: String,
    whole: String,
}

impl Source {
    fn read(file: &Path, below: &Path) -> Self {
        let whole = fs::read_to_string(file).unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code = whole.lines().filter(is_code).collect::<Vec<_>>().join("\n");
        Self { path: file.strip_prefix(below).unwrap().display().to_string(), code, whole }
    }

    /// The folder below `src/`, or the file's own name there: `app.rs` is of the layer `app`.
    fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        if LAYERS.iter().any(|(layer, _)| first == format!("{layer}.rs")) {
            first.trim_end_matches(".rs")
        } else {
            first
        }
    }

    /// Tests may set up whatever they need.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
    }

    /// What follows these words wherever they stand as whole words and begin a path.
    fn after(&self, words: &str) -> Vec<&str> {
        let begins =
            |at: usize| !self.code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before));
        self.code
            .match_indices(words)
            .filter(|(at, _)| begins(*at))
            .map(|(at, _)| &self.code[at + words.len()..])
            .collect()
    }
}

fn word(text: &str) -> &str {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

fn below(folder: &str) -> Vec<Source> {
    let (folder, mut found) = (root().join(folder), Vec::new());
    files(&folder, &mut found);
    found.sort();
    found.iter().map(|file| Source::read(file, &folder)).collect()
}

/// The layers that a file names although it may not.
fn trespasses(source: &Source) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    let Some((_, may)) = LAYERS.iter().find(|(layer, _)| *layer == source.layer()) else { return Vec::new() };
    let named = source.after("crate::").into_iter().chain(source.after("doorward::")).map(word);
    let strange = |name: &&str| *name != source.layer() && !may.contains(name);
    named.filter(strange).map(|name| format!("src/{} names crate::{name}", source.path)).collect()
}

fn strays(source: &Source) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    let home = |(name, homes): &&(&str, &[&str])| {
        !homes.contains(&source.layer()) && !source.after(&format!("{name}::")).is_empty()
    };
    let mut found: Vec<_> =
        HOMES.iter().filter(home).map(|(name, _)| format!("src/{} names {name}", source.path)).collect();
    if !source.path.starts_with(ENGINES_HOME) {
        let typed = |begin: &&&str| {
            source
                .after(begin)
                .iter()
                .any(|rest| !begin.contains("::") && rest.starts_with(char::is_uppercase) || begin.contains("::"))
        };
        found.extend(ENGINES.iter().filter(typed).map(|begin| format!("src/{} names an engine: {begin}", source.path)));
    }
    found
}

#[test]
fn layers_name_only_what_lies_below_them() {
    let found: Vec<_> = below("src").iter().flat_map(trespasses).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_folder_is_a_layer() {
    for source in below("src") {
        let known = LAYERS.iter().any(|(layer, _)| *layer == source.layer());
        assert!(known || ["lib.rs", "main.rs"].contains(&source.path.as_str()), "src/{} is in no layer", source.path);
    }
}

#[test]
fn big_crates_stay_at_home() {
    let found: Vec<_> = below("src").iter().flat_map(strays).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_holds_and_is_short() {
    for folder in ["src", "tests/it"] {
        for Source { path, whole, .. } in below(folder) {
            assert!(whole.starts_with("//! ") || path == "main.rs", "{folder}/{path} does not begin with //!");
            let lines = whole.lines().count();
            assert!(lines <= LONGEST, "{folder}/{path} has {lines} lines");
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for Source { path, whole, .. } in below("src") {
        for mark in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!("] {
            assert!(!whole.contains(mark), "src/{path} holds a {mark}");
        }
    }
}

#[test]
fn the_walls_are_walls() {
    let source = |path: &str, code: &str| Source { path: path.into(), code: code.into(), whole: code.into() };
    let named = |path: &str, code: &str| trespasses(&source(path, code)).len() + strays(&source(path, code)).len();
    for (path, code) in [
        ("base/clock.rs", "use crate::protocol::scope;"),
        ("domain/login.rs", "crate::store::user::by_id()"),
        ("jose/jws.rs", "use crate::domain::client::Client;"),
        ("web/token.rs", "use crate::config::Config;"),
        ("flows/login.rs", "use crate::config::Config;"),
        ("flows/login.rs", "use actix_web::HttpRequest;"),
        ("domain/session.rs", "#[derive(sqlx::FromRow)]"),
        ("store/session.rs", "fn a(on: &mut PgConnection)"),
        ("store/session.rs", "let pool = SqlitePool::connect()"),
        ("store/session.rs", "use sqlx::postgres::Any;"),
    ] {
        assert!(named(path, code) > 0, "{path}: {code}");
    }
    for (path, code) in [
        ("store/key.rs", "use crate::jose::keyring::KeyRecord;"),
        ("store/db/open.rs", "use sqlx::sqlite::SqlitePool;"),
        ("web/token.rs", "use crate::flows::token; use crate::web::answer;"),
        ("domain/session.rs", "let Page { .. } = page; subcrate::store::x"),
    ] {
        assert_eq!(named(path, code), 0, "{path}: {code}");
    }
}
