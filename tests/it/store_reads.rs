//! Reads on PostgreSQL, whose connections may die or be left in the middle of a statement.

use std::time::Duration;

use doorward::store::db::Db;
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::engines::{Folder, databases, mark, marks};

async fn pid(db: &Db) -> i64 {
    let pid = "SELECT CAST(pg_backend_pid() AS BIGINT)";
    db.read().await.unwrap().sql(pid).scalar().await.unwrap()
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let folder = Folder::new();
    let [_, db] = databases(&folder).await;
    assert_eq!(pid(&db).await, pid(&db).await);
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_of_a_statement_takes_the_connection_along() {
    let folder = Folder::new();
    let [_, db] = databases(&folder).await;
    let before = pid(&db).await;
    let slow = async {
        let mut on = db.read().await.unwrap();
        on.sql("SELECT CAST(1 AS BIGINT) FROM pg_sleep(20)").scalar::<i64>().await
    };
    assert!(timeout(Duration::from_millis(200), slow).await.is_err(), "it sleeps for 20 s");
    mark(&db, 7).await.unwrap();
    assert_eq!(marks(&db).await, [7]);
    assert_ne!(pid(&db).await, before);
}

#[tokio::test]
async fn reads_go_on_after_postgresql_has_dropped_every_connection() {
    let folder = Folder::new();
    let [_, db] = databases(&folder).await;
    mark(&db, 1).await.unwrap();
    join_all((0..32).map(|_| marks(&db))).await;
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(db.read().await.unwrap().sql(end).scalar::<i64>().await.unwrap() > 1);
    // Who has rested for a second is tried first.
    sleep(Duration::from_millis(1_100)).await;
    let found = join_all((0..32).map(|_| marks(&db))).await;
    assert!(found.iter().all(|found| found == &[1]), "{found:?}");
}

#[tokio::test]
async fn a_statement_that_failed_leaves_a_connection_that_serves() {
    let folder = Folder::new();
    let [_, db] = databases(&folder).await;
    let before = pid(&db).await;
    // When it is prepared, when it runs, and when its rows are read.
    for sql in ["SELECT nothing", "SELECT CAST(1 AS BIGINT) / 0", "SELECT CAST('word' AS TEXT) UNION ALL SELECT 'word'"]
    {
        let failed = db.read().await.unwrap().sql(sql).all::<(i64,)>().await;
        assert!(failed.is_err(), "{sql}");
        assert_eq!(pid(&db).await, before, "{sql}");
    }
}

#[tokio::test]
async fn a_statement_without_an_answer_is_given_up_with_its_connection() {
    let folder = Folder::new();
    let [_, db] = databases(&folder).await;
    let before = pid(&db).await;
    let endless = "SELECT CAST(1 AS BIGINT) FROM pg_sleep(60)";
    let fault = db.read().await.unwrap().sql(endless).scalar::<i64>().await.unwrap_err();
    assert!(format!("{fault:?}").contains("did not answer in time"), "{fault:?}");
    assert_ne!(pid(&db).await, before);
}

#[tokio::test]
async fn whoever_reads_for_long_leaves_room_for_those_in_haste() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        let mut long = Vec::new();
        while let Ok(turn) = timeout(Duration::from_millis(200), db.read_long()).await {
            long.push(turn.unwrap());
        }
        assert_eq!(long.len(), 4);
        mark(&db, 1).await.unwrap();
        assert_eq!(marks(&db).await, [1]);
        long.pop();
        assert!(timeout(Duration::from_millis(200), db.read_long()).await.is_ok());
    }
}
