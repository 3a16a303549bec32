//! Every table has a stated period and a job that keeps it: in the schema, in the code, and in `docs/retention.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use doorward::base::duration::Duration;
use doorward::jobs::clean::period;
use doorward::store::cleaning::Leftover;

use super::tables;
use crate::tools::root;
use crate::world::on_both;

/// Tables that no cleaning looks at: a row lives as long as what owns it, and why that is bounded.
const OWNED: &[(&str, &str, &str)] = &[
    ("users", "an admin", "as many as there are people, not as many as there were sign-ins"),
    ("clients", "an admin", "as many as there are applications"),
    ("client_origins", "clients", "written with the metadata of its client, and goes with it"),
    ("registrations", "clients", "one for each client that registered itself, and goes with it"),
    ("providers", "an admin", "as many as somebody set up"),
    ("identities", "users", "one for each person and provider, and goes with the person"),
    ("upstream_hints", "sessions", "one for each session that came from a provider, and goes with it"),
    ("consents", "users", "at most one for each person and client, and goes with either"),
    ("session_events", "sessions", "the timeline goes with its session"),
    ("grants", "sessions", "goes with its session"),
    ("refresh_families", "sessions", "one for each grant, never one for each rotation, and goes with it"),
    ("recovery_codes", "authenticators", "ten for each set, which goes when another takes its place or it is removed"),
    ("signing_keys", "the job `keys`", "two for each algorithm, and those whose tokens are still alive"),
    ("revocations", "the job `revoke`", "an end under way; the row goes with its last write"),
    ("session_counts", "the job `count`", "a few for each hour of a week"),
    ("webhooks", "an admin", "as many as somebody set up"),
    ("projections", "nobody", "one for each of a few names"),
    ("leases", "nobody", "one for each of a few names"),
    ("_sqlx_migrations", "nobody", "one for each migration"),
];

/// The rows of the table in the documentation: each table with the rest of its row.
fn documented() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs/retention.md")).unwrap();
    let (table, _) = text.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let named = |(names, rest): (&str, &str)| {
        let names = names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>();
        names.into_iter().map(move |name| (name, rest.to_owned())).collect::<Vec<_>>()
    };
    rows.flat_map(|row| named((row.0, row.1))).collect()
}

/// A period as the documentation writes it.
fn written(period: Duration) -> String {
    let seconds = period.as_seconds();
    let (unit, name) = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds % unit == 0)
        .unwrap();
    match (seconds / unit, name) {
        (1, "d") => "24 h".into(),
        (number, name) => format!("{number} {name}"),
    }
}

on_both! {
    async fn every_table_has_a_period_and_a_job(world) {
        let cleaned: BTreeSet<_> = Leftover::ALL.into_iter().map(Leftover::table).collect();
        let owned: BTreeSet<_> = OWNED.iter().map(|(table, _, _)| *table).collect();
        let twice: Vec<_> = cleaned.intersection(&owned).collect();
        assert!(twice.is_empty() && OWNED.len() == owned.len(), "named twice: {twice:?}");
        let tables = tables(world.db()).await;
        let stray: Vec<_> =
            tables.iter().filter(|name| !cleaned.contains(name.as_str()) && !owned.contains(name.as_str())).collect();
        assert!(
            stray.is_empty(),
            "these tables have no stated period: {stray:?}. Clean them (src/store/cleaning.rs), or say in \
             tests/it/storage/periods.rs whose rows they live with"
        );
        let gone: Vec<_> = cleaned.union(&owned).filter(|name| !tables.iter().any(|table| table == **name)).collect();
        assert!(gone.is_empty(), "no such tables: {gone:?}");
    }
}

#[test]
fn the_page_of_periods_names_every_table_and_tells_the_truth() {
    let documented = documented();
    let known = Leftover::ALL.into_iter().map(Leftover::table).chain(OWNED.iter().map(|(table, _, _)| *table));
    let known: BTreeSet<_> = known.map(str::to_owned).collect();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), known, "docs/retention.md has other tables");
    for what in Leftover::ALL {
        let row = &documented[what.table()];
        assert!(row.contains("`clean`"), "{what:?} is cleaned, says the code, but not: {row}");
        // Such a row says itself until when it is kept.
        if period(what) == Duration::ZERO {
            continue;
        }
        let period = written(period(what));
        assert!(row.contains(&period), "{what:?} is kept for {period}, says the code, but not: {row}");
    }
    for (table, owner, why) in OWNED {
        let row = &documented[*table];
        assert!(!row.contains("`clean`"), "{table} is not cleaned: {row}");
        assert!(!owner.is_empty() && !why.is_empty());
    }
}
