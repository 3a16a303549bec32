//! What the standards demand, and the test that proves it. A clause whose test is gone fails here.
//!
//! Names: RFC and section; `ASVS` ids of OWASP ASVS 5.0; and vulnerabilities of others that we were measured against.

use std::fs;

use crate::tools::root;

/// The table: each clause with the tests that prove it.
fn clauses() -> Vec<(&'static str, Vec<&'static str>)> {
    let rows = include_str!("clauses.md").lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let parts = rows.filter_map(|row| row.rsplit_once(" | ")).filter(|(clause, _)| *clause != "clause");
    parts.map(|(clause, tests)| (clause, tests.split('`').filter(|name| name.contains("::")).collect())).collect()
}

/// Where a test stands, if it does.
fn stands(name: &str) -> bool {
    let Some((file, test)) = name.rsplit_once("::") else { return false };
    let file = if file.starts_with("src/") { format!("{file}.rs") } else { format!("tests/it/{file}.rs") };
    let Ok(source) = fs::read_to_string(root().join(file)) else { return false };
    let named =
        |line: &str| line.trim().strip_prefix("async ").unwrap_or(line.trim()).starts_with(&format!("fn {test}("));
    let lines: Vec<&str> = source.lines().collect();
    lines.iter().enumerate().any(|(at, line)| named(line) && is_test(&lines, at))
}

/// Whether the function at this line is one that runs: by its attribute, by `on_both!`, or by `on_each_engine!`.
fn is_test(lines: &[&str], at: usize) -> bool {
    let attribute =
        lines[..at].iter().rev().take_while(|line| line.trim().starts_with("#[")).any(|line| line.contains("test"));
    let name = lines[at].split("fn ").nth(1).unwrap().split('(').next().unwrap();
    let listed = lines.iter().skip_while(|line| !line.starts_with("on_each_engine! {")).any(|line| line.trim() == name);
    attribute || lines[at].contains("(world)") || listed
}

#[test]
fn every_clause_has_its_test() {
    let clauses = clauses();
    assert!(clauses.len() > 100 && clauses.iter().all(|(_, tests)| !tests.is_empty()));
    let claims = clauses.iter().flat_map(|(clause, tests)| tests.iter().map(move |test| (clause, test)));
    let missing: Vec<_> =
        claims.filter(|(_, test)| !stands(test)).map(|(clause, test)| format!("{clause}: {test}")).collect();
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
}

#[test]
fn a_name_is_not_enough() {
    assert!(stands("refresh::rotates_and_keeps_the_session") && stands("races::one_code_from_many_hands"));
    for name in
        ["refresh::no_such_test", "nowhere::x", "races::storm", "stage::policy", "src/domain/refresh::decide", "x"]
    {
        assert!(!stands(name), "{name}");
    }
}

/// The session chapters that are covered row by row, a test or a reason for each: OWASP ASVS 5.0 V7 and NIST SP 800-63B-4
/// section 5, whose statements are numbered from 53 to 70.
#[test]
fn every_row_about_sessions_is_there() {
    let text = include_str!("clauses.md");
    let asvs = [(1, 3), (2, 4), (3, 2), (4, 5), (5, 3), (6, 2)];
    let asvs = asvs.into_iter().flat_map(|(part, last)| (1..=last).map(move |row| format!("7.{part}.{row}")));
    let nist = (53..=70).map(|row| format!("N{row}"));
    is_complete(text, asvs.chain(nist));
}

/// The chapters about people that are covered row by row: OWASP ASVS 5.0 V6, NIST SP 800-63B-4 sections 2 to 4, whose
/// statements are numbered up to 52, and what others got wrong about federation, recovery, factors and enumeration, from
/// 143 to 198.
#[test]
fn every_row_about_people_is_there() {
    let asvs = [(1, 12, 2), (1, 8, 3), (1, 6, 4), (1, 8, 5), (1, 3, 6), (1, 2, 7), (1, 2, 8), (4, 4, 8)];
    let asvs =
        asvs.into_iter().flat_map(|(first, last, part)| (first..=last).map(move |row| format!("6.{part}.{row}")));
    let nist = (1..=52).map(|row| format!("N{row:02}"));
    let others = (143..=198).map(|row| format!("X{row}"));
    is_complete(include_str!("clauses.md"), asvs.chain(nist).chain(others));
}

fn is_complete(text: &str, rows: impl Iterator<Item = String>) {
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_digit());
    let missing: Vec<_> = rows.filter(|row| !text.split(row.as_str()).skip(1).any(ends)).collect();
    assert!(missing.is_empty(), "neither a test nor a reason: {missing:?}");
}
