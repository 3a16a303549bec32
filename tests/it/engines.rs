//! One database on each engine, with a few tables to try it on.

use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use doorward::store::db::{Db, Fault};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::postgres::cluster;

pub const TABLES: &str = "
    CREATE TABLE things (
        id UUID PRIMARY KEY, flag BOOLEAN, number BIGINT, words TEXT, bytes BYTEA, at TIMESTAMPTZ, document JSONB
    );
    CREATE TABLE families (id BIGINT PRIMARY KEY, generation BIGINT NOT NULL);
    CREATE TABLE marks (id BIGINT PRIMARY KEY);
";

/// A folder that is gone when the test is over.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorward-db-{}-{}", process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        Self(std::env::temp_dir().join(name))
    }

    /// A file in folders that do not exist yet.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.0.join("deep/test.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The addresses of one empty database on each engine.
pub async fn addresses(folder: &Folder) -> [String; 2] {
    [folder.url(), cluster().empty().await]
}

/// One database with the tables of these tests on each engine.
pub async fn databases(folder: &Folder) -> [Db; 2] {
    let [sqlite, postgres] = addresses(folder).await;
    let both = [Db::open(&sqlite).await.unwrap(), Db::open(&postgres).await.unwrap()];
    for db in &both {
        db.migrate_by(&migrations(TABLES)).await.unwrap();
    }
    both
}

pub fn migrations(sql: &'static str) -> Migrator {
    let first = Migration::new(1, "tables".into(), MigrationType::Simple, sql.into_sql_str(), false);
    Migrator::with_migrations(vec![first])
}

pub async fn mark(db: &Db, id: i64) -> Result<u64, Fault> {
    db.write(async move |tx| tx.sql("INSERT INTO marks (id) VALUES ($1)").bind(id).execute().await).await
}

pub async fn marks(db: &Db) -> Vec<i64> {
    let mut read = db.read().await.unwrap();
    let rows = read.sql("SELECT id FROM marks ORDER BY id").all::<(i64,)>().await.unwrap();
    rows.into_iter().map(|(id,)| id).collect()
}
