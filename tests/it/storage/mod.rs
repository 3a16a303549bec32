//! Storage bound by design: every table has a period and a job, time alone makes none grow, and what a session costs.

mod bytes;
mod days;
mod periods;

use doorward::store::db::Db;

/// The tables of this database.
pub async fn tables(db: &Db) -> Vec<String> {
    let sql = match db.engine_name() {
        "SQLite" => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
        _ => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables
             WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
    };
    let rows = db.read().await.unwrap().sql(sql).all::<(String,)>().await.unwrap();
    rows.into_iter().map(|(name,)| name).collect()
}

/// How many rows each table has.
pub async fn rows(db: &Db) -> Vec<(String, i64)> {
    let mut counted = Vec::new();
    for table in tables(db).await {
        // Statements are literals: one that is made here lives as long as the tests.
        let sql: &'static str = format!("SELECT COUNT(*) FROM {table}").leak();
        let count = db.read().await.unwrap().sql(sql).scalar().await.unwrap();
        counted.push((table, count));
    }
    counted
}

/// How much room the tables take with their indexes, in bytes; on SQLite free pages too.
pub async fn bytes(db: &Db) -> i64 {
    let sql = match db.engine_name() {
        "SQLite" => {
            "SELECT CAST(SUM(s.page_count * p.page_size) AS BIGINT)
             FROM pragma_page_count() s, pragma_page_size() p"
        }
        _ => {
            "SELECT CAST(SUM(pg_total_relation_size(c.oid)) AS BIGINT) FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'"
        }
    };
    db.read().await.unwrap().sql(sql).scalar().await.unwrap()
}
