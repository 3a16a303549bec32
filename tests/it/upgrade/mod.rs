//! Upgrade: the databases of earlier releases open with everything alive in them, and a node of the release before goes on
//! beside nodes of this one. `tests/fixtures/README.md` says how such a database is made.

mod alive;
mod fixture;
mod making;
mod statements;

use std::collections::BTreeMap;
use std::fs;

use doorward::store::db::Db;
use sqlx::{Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use self::fixture::{Fixture, folder_of, releases};
use crate::engines::Folder;
use crate::postgres::cluster;
use crate::stage::Engine;
use crate::storage::tables;
use crate::tools::root;

/// The columns of each table with what is said of them: their type, and whether a row may leave them out.
type Columns = BTreeMap<(String, String), (String, bool)>;

async fn columns(db: &Db) -> Columns {
    let sql = match db.engine_name() {
        "SQLite" => {
            "SELECT t.name, c.name, c.type, CAST(c.\"notnull\" = 0 OR c.dflt_value IS NOT NULL AS BOOLEAN)
             FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        }
        _ => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT),
                    is_nullable = 'YES' OR column_default IS NOT NULL
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let rows = db.read().await.unwrap().sql(sql).all::<(String, String, String, bool)>().await.unwrap();
    rows.into_iter().map(|(table, column, kind, free)| ((table, column), (kind, free))).collect()
}

async fn run(url: &str, script: String) {
    let script = sqlx::raw_sql(sqlx::AssertSqlSafe(script));
    if url.starts_with("sqlite:") {
        let mut on = SqliteConnection::connect(url).await.unwrap();
        on.execute(script).await.unwrap();
        on.close().await.unwrap();
    } else {
        let mut on = PgConnection::connect(url).await.unwrap();
        on.execute(script).await.unwrap();
        on.close().await.unwrap();
    }
}

/// Writes every row anew as a node of the earlier release writes it: with the columns that it knows.
async fn rewrite(url: &str, known: &Columns) {
    let mut of_table = BTreeMap::<&str, Vec<&str>>::new();
    for (table, column) in known.keys().filter(|(table, _)| table != "_sqlx_migrations" && !table.starts_with("sqlite"))
    {
        of_table.entry(table).or_default().push(column);
    }
    let unbound =
        if url.starts_with("sqlite:") { "PRAGMA foreign_keys = OFF" } else { "SET session_replication_role = replica" };
    let mut script = format!("{unbound};\n");
    for (table, columns) in of_table {
        let columns = columns.join(", ");
        let anew = format!(
            "CREATE TEMP TABLE kept_{table} AS SELECT {columns} FROM {table}; DELETE FROM {table};
             INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table};\n"
        );
        script.push_str(&anew);
    }
    run(url, script).await;
}

/// A statement that does not ask whether its values are there: PostgreSQL takes their type from what it reads first.
fn without_absence(text: &str) -> String {
    let values = (1..30).rev();
    values.fold(text.to_owned(), |text, value| {
        text.replace(&format!("${value} IS NULL"), "TRUE").replace(&format!("${value} IS NOT NULL"), "TRUE")
    })
}

/// What is refused of these statements, with the reason.
async fn refusals(url: &str, statements: &[String]) -> Vec<String> {
    let mut refused = Vec::new();
    let mut note = |text: &str, error: sqlx::Error| {
        // A value of which the rest of the statement does not say the type: whoever runs it says so.
        let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        if code.as_deref() != Some("42P18") {
            refused.push(format!("{error}: {text}"));
        }
    };
    let sql = |text: &str| sqlx::AssertSqlSafe(text.to_owned()).into_sql_str();
    if url.starts_with("sqlite:") {
        let mut on = SqliteConnection::connect(url).await.unwrap();
        for text in statements {
            drop(on.prepare(sql(text)).await.map_err(|error| note(text, error)));
        }
    } else {
        let mut on = PgConnection::connect(url).await.unwrap();
        for text in statements {
            drop(on.prepare(sql(&without_absence(text))).await.map_err(|error| note(text, error)));
        }
    }
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_each_release_opens_with_all_that_is_alive_in_it() {
    let releases = releases();
    assert!(!releases.is_empty());
    for release in releases {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let opened = Fixture::copy(&folder_of(&release), engine).await.open().await;
            alive::check(&opened).await;
            opened.finish().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_of_the_release_before_writes_reads_well() {
    let release = releases().pop().unwrap();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let fixture = Fixture::copy(&folder_of(&release), engine).await;
        let before = Db::open(&fixture.url).await.unwrap();
        let known = columns(&before).await;
        before.close().await;
        fixture.migrated().await.close().await;
        rewrite(&fixture.url, &known).await;
        let opened = fixture.open().await;
        alive::check(&opened).await;
        opened.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_the_release_before_still_runs() {
    let folder = folder_of(&releases().pop().unwrap());
    let kept = fs::read_to_string(folder.join("statements.sql")).unwrap();
    let statements: Vec<_> = kept.split(";\n").filter(|text| !text.is_empty()).map(str::to_owned).collect();
    assert!(statements.len() > 60, "{} statements are not all", statements.len());
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let fixture = Fixture::copy(&folder, engine).await;
        fixture.migrated().await.close().await;
        assert_eq!(refusals(&fixture.url, &statements).await, Vec::<String>::new(), "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_this_build_runs_on_both() {
    let statements = statements::of_sources(&root().join("src/store"));
    assert!(statements.len() > 60, "{} statements are not all", statements.len());
    let folder = Folder::new();
    for url in [folder.url(), cluster().empty().await] {
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        assert_eq!(refusals(&url, &statements).await, Vec::<String>::new());
        let wrong = ["SELECT nothing FROM sessions".to_owned()];
        assert_eq!(refusals(&url, &wrong).await.len(), 1, "and what is wrong is refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_since_may_be_left_out() {
    let release = releases().pop().unwrap();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let fixture = Fixture::copy(&folder_of(&release), engine).await;
        let db = Db::open(&fixture.url).await.unwrap();
        let (before, old_tables) = (columns(&db).await, tables(&db).await);
        db.close().await;
        let after = columns(&fixture.migrated().await).await;
        for (column, (kind, _)) in &before {
            assert_eq!(after.get(column).map(|(kind, _)| kind), Some(kind), "{column:?} is gone or another");
        }
        let new = after.iter().filter(|(column, _)| !before.contains_key(column) && old_tables.contains(&column.0));
        let bound: Vec<_> = new.filter(|(_, (_, free))| !free).map(|(column, _)| column).collect();
        assert!(bound.is_empty(), "a node of the release before cannot fill these: {bound:?}");
    }
}
