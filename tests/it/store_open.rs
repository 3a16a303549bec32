//! How a database is opened, migrated, refused and shared, on both engines.

use doorward::store::db::Db;
use futures_util::future::join_all;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, Executor, PgConnection, SqlSafeStr};

use crate::engines::{Folder, TABLES, addresses, databases, mark, marks, migrations};
use crate::postgres::cluster;

#[tokio::test]
async fn many_may_open_and_migrate_at_once() {
    let folder = Folder::new();
    for url in addresses(&folder).await {
        let nodes = (0..8).map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let db = Db::open(&url).await.unwrap();
                db.migrate_by(&migrations(TABLES)).await.unwrap();
                db
            })
        });
        for (id, db) in (0..).zip(join_all(nodes).await) {
            assert_eq!(mark(&db.unwrap(), id).await.unwrap(), 1);
        }
        let db = Db::open(&url).await.unwrap();
        assert_eq!(marks(&db).await, [0, 1, 2, 3, 4, 5, 6, 7], "{}", db.engine_name());
    }
}

#[tokio::test]
async fn a_database_of_another_build_is_refused_in_one_line() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        let line = db.migrate_by(&migrations("CREATE TABLE other (id BIGINT)")).await.unwrap_err().to_string();
        assert!(line.starts_with("migration 1 of the database is not the one"), "{line}");
        let line = db.migrate_by(&Migrator::with_migrations(Vec::new())).await.unwrap_err().to_string();
        assert_eq!(line, "database is at migration 1, this doorward knows up to 0; start a newer doorward");
        db.migrate_by(&migrations(TABLES)).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_of_the_release_before_starts_on_a_database_that_a_newer_one_migrated() {
    let folder = Folder::new();
    let newer = |name: &'static str| {
        let mut all: Vec<_> = migrations(TABLES).iter().cloned().collect();
        let more = "ALTER TABLE things ADD COLUMN more TEXT".into_sql_str();
        all.push(Migration::new(2, name.into(), MigrationType::Simple, more, false));
        Migrator::with_migrations(all)
    };
    for db in databases(&folder).await {
        db.migrate_by(&newer("more")).await.unwrap();
        db.migrate_by(&migrations(TABLES)).await.unwrap();
        assert_eq!(mark(&db, 1).await.unwrap(), 1);
        let line = db.migrate_by(&migrations("CREATE TABLE other (id BIGINT)")).await.unwrap_err().to_string();
        assert!(line.contains("start a newer doorward") || line.starts_with("migration 1 of the database"), "{line}");
    }
    let other = Folder::new();
    for db in databases(&other).await {
        db.migrate_by(&newer("needs 0002 things")).await.unwrap();
        let line = db.migrate_by(&migrations(TABLES)).await.unwrap_err().to_string();
        assert_eq!(line, "database is at migration 2, this doorward knows up to 1; start a newer doorward");
    }
}

#[tokio::test]
async fn a_role_that_may_not_change_tables_serves_once_they_are_there() {
    let url = cluster().database().await;
    let mut on = PgConnection::connect(&url).await.unwrap();
    on.execute("CREATE ROLE plain LOGIN").await.unwrap();
    let plain = Db::open(&url.replace("postgres@", "plain@")).await.unwrap();
    let line = plain.migrate().await.unwrap_err().to_string();
    assert!(line.contains("permission denied for schema public"), "{line}");
    on.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain").await.unwrap();
    plain.migrate().await.unwrap();
    let line = plain.migrate_by(&migrations("CREATE TABLE other (id BIGINT)")).await.unwrap_err().to_string();
    assert!(line.contains("permission denied for schema public"), "{line}");
}

#[tokio::test]
async fn a_failing_migration_says_why_and_can_be_repeated() {
    let folder = Folder::new();
    for url in addresses(&folder).await {
        let db = Db::open(&url).await.unwrap();
        let broken = "CREATE TABLE half (id BIGINT); CREATE TABLE half (id BIGINT)";
        let line = db.migrate_by(&migrations(broken)).await.unwrap_err().to_string();
        assert!(line.starts_with("cannot migrate ") && line.contains("half") && !line.contains('\n'), "{line}");
        db.migrate_by(&migrations("CREATE TABLE half (id BIGINT)")).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_in_one_line() {
    let folder = Folder::new();
    let text = folder.0.join("notes.txt");
    std::fs::create_dir_all(folder.0.join("folder")).unwrap();
    std::fs::write(&text, "dear diary, today I was not a database. ".repeat(40)).unwrap();
    let wrong = cluster().url("locked", "postgres").replace("locked@", "locked:wr0ng@");
    let cases = [
        ("postgres://me:s3cret@127.0.0.1:1/doorward".to_owned(), "cannot reach PostgreSQL at 127.0.0.1:1: "),
        (wrong, "refused us: password authentication failed for user \"locked\""),
        (cluster().url("postgres", "nowhere"), "refused us: database \"nowhere\" does not exist"),
        (format!("sqlite:{}", text.display()), "notes.txt is not a database"),
        (format!("sqlite:{}/below/test.db", text.display()), "cannot open "),
        (format!("sqlite:{}", folder.0.join("folder").display()), "cannot open "),
        ("sqlite::memory:".into(), "database.url: expected sqlite: and the path of a file"),
        ("mysql://localhost/doorward".into(), "database.url: expected sqlite:PATH or postgres:"),
        ("postgres://localhost:port/doorward".into(), "database.url: "),
    ];
    for (url, expected) in cases {
        let line = Db::open(&url).await.err().unwrap().to_string();
        assert!(line.contains(expected) && !line.contains('\n'), "{url}: {line}");
        assert!(!line.contains("s3cret") && !line.contains("wr0ng"), "{line}");
    }
    let right = cluster().url("locked", "postgres").replace("locked@", "locked:right@");
    Db::open(&right).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_sqlite_file_has_one_server_and_any_number_of_commands() {
    let folder = Folder::new();
    let [server, postgres] = databases(&folder).await;
    server.own().unwrap();
    server.own().unwrap();
    let command = Db::open(&folder.url()).await.unwrap();
    let line = command.own().unwrap_err().to_string();
    assert!(line.contains("test.db is in use by another doorward server"), "{line}");
    let writes = (0..100).map(|id| mark(if id % 2 == 0 { &server } else { &command }, id));
    assert!(join_all(writes).await.into_iter().all(|changed| changed.unwrap() == 1));
    assert_eq!(marks(&server).await.len(), 100);
    drop(server);
    command.own().unwrap();
    postgres.own().unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_ours_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let [sqlite, _] = databases(&folder).await;
    mark(&sqlite, 1).await.unwrap();
    let deep = folder.0.join("deep");
    let cases = [(folder.0.clone(), 0o700), (deep.clone(), 0o700)].into_iter();
    let names = ["test.db", "test.db-wal", "test.db-setup"];
    for (path, expected) in cases.chain(names.map(|name| (deep.join(name), 0o600))) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{}", path.display());
    }
}

#[tokio::test]
async fn a_migrated_database_is_copied_for_each_test() {
    let (one, other) = (cluster().database().await, cluster().database().await);
    assert_ne!(one, other);
    Db::open(&one).await.unwrap().migrate().await.unwrap();
}
