//! What the store promises of what is read and written, on both engines.

use std::time::{Duration, Instant};

use chrono::DateTime;
use doorward::base::clock::Time;
use doorward::base::id::{ClientSecretId, EventId, FamilyId, GrantId, SessionId, UserId};
use doorward::base::secret::Digest;
use doorward::store::db::{Bind, Db, Fault, Tx};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use crate::engines::{Folder, TABLES, addresses, databases, mark, marks, migrations};

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Thing {
    flag: Option<bool>,
    number: Option<i64>,
    words: Option<String>,
    bytes: Option<Digest>,
    at: Option<Time>,
    document: Option<Json<Value>>,
}

impl Thing {
    const NOTHING: Self = Self { flag: None, number: None, words: None, bytes: None, at: None, document: None };

    fn full() -> Self {
        Self {
            flag: Some(true),
            number: Some(i64::MIN),
            words: Some("naïve \u{1f6aa} 12".into()),
            bytes: Some(Digest([0xff; 32])),
            at: Some(time("2026-01-31T12:00:00.120000Z")),
            document: Some(Json(json!({ "list": [1, null, "two"] }))),
        }
    }
}

#[tokio::test]
async fn every_kind_of_value_comes_back_and_so_does_its_absence() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        for (id, thing) in [(1, Thing::full()), (2, Thing::NOTHING)] {
            let id = Uuid::from_u128(id);
            let Thing { flag, number, words, bytes, at, document } = &thing;
            let (words, document) = (words.clone(), document.clone());
            let (flag, number, bytes, at) = (*flag, *number, *bytes, *at);
            let written = db
                .write(async move |tx| {
                    let insert = tx.sql("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7)");
                    let insert = insert.bind(id).bind(flag).bind(number).bind(words.as_deref()).bind(bytes);
                    insert.bind(at).bind(document).execute().await
                })
                .await;
            assert_eq!(written.unwrap(), 1, "{}", db.engine_name());
            let read = "SELECT flag, number, words, bytes, at, document FROM things WHERE id = $1";
            let found = db.read().await.unwrap().sql(read).bind(id).one::<Thing>().await.unwrap();
            assert_eq!(found, thing, "{}", db.engine_name());
        }
    }
}

#[tokio::test]
async fn every_id_comes_back_as_its_own_type() {
    type Row = (UserId, SessionId, GrantId, FamilyId, EventId, Option<ClientSecretId>);
    let folder = Folder::new();
    for db in databases(&folder).await {
        let id = Uuid::from_u128(u128::MAX - 1);
        let insert =
            async move |tx: &mut Tx| tx.sql("INSERT INTO things (id) VALUES ($1)").bind(GrantId(id)).execute().await;
        assert_eq!(db.write(insert).await.unwrap(), 1);
        let text = "SELECT id, id, id, id, id, id FROM things WHERE id IN ($1, $2, $3, $4, $5, $6)";
        let mut read = db.read().await.unwrap();
        let query = read.sql(text).bind(UserId(id)).bind(SessionId(id)).bind(GrantId(id)).bind(FamilyId(id));
        let found: Row = query.bind(EventId(id)).bind(Some(ClientSecretId(id))).one().await.unwrap();
        assert_eq!(found.0, UserId(id));
        assert_eq!(found.5, Some(ClientSecretId(id)));
    }
}

/// Asks with a filter that is absent, then with one that fits, then with one that does not.
async fn filter<B>(db: &Db, text: &'static str, fits: B, misfits: B)
where
    Option<B>: Bind,
{
    let mut read = db.read().await.unwrap();
    for (filter, expected) in [(None, 1), (Some(fits), 1), (Some(misfits), 0)] {
        let found = read.sql(text).bind(filter).scalar::<i64>().await.unwrap();
        assert_eq!(found, expected, "{} {text}", db.engine_name());
    }
}

#[tokio::test]
async fn a_filter_may_be_absent() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        let (id, full) = (Uuid::from_u128(u128::MAX - 1), Thing::full());
        let insert = db.write(async move |tx| {
            let insert = tx.sql("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, NULL)").bind(id).bind(full.flag);
            insert.bind(full.number).bind(full.words).bind(full.bytes).bind(full.at).execute().await
        });
        assert_eq!(insert.await.unwrap(), 1);
        let full = Thing::full();
        let count = "SELECT COUNT(*) FROM things WHERE ($1 IS NULL OR id = $1)";
        filter(&db, count, UserId(id), UserId(Uuid::nil())).await;
        let count = "SELECT COUNT(*) FROM things WHERE ($1 IS NULL OR flag = $1)";
        filter(&db, count, true, false).await;
        let count = "SELECT COUNT(*) FROM things WHERE ($1 IS NULL OR number = $1)";
        filter(&db, count, i64::MIN, 0).await;
        let count = "SELECT COUNT(*) FROM things WHERE ($1 IS NULL OR words = $1)";
        filter(&db, count, full.words.as_deref().unwrap(), "").await;
        let count = "SELECT COUNT(*) FROM things WHERE ($1 IS NULL OR bytes = $1)";
        filter(&db, count, &[0xff; 32][..], &[0xff][..]).await;
        let count = "SELECT COUNT(*) FROM things WHERE ($1 IS NULL OR at < $1)";
        filter(&db, count, time("2026-01-31T12:00:00.120001Z"), time("2026-01-31T12:00:00.12Z")).await;
    }
}

#[tokio::test]
async fn times_sort_and_are_cut_to_microseconds() {
    let times = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1Z"];
    let later = ["2026-01-31T12:00:00.100001Z", "2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:01Z"];
    let times: Vec<Time> = times.iter().chain(&later).map(|text| time(text)).collect();
    let folder = Folder::new();
    for db in databases(&folder).await {
        let shuffled: Vec<Time> = times.iter().rev().copied().collect();
        let insert = db.write(async move |tx| {
            for (id, at) in (1..).zip(shuffled) {
                let insert = tx.sql("INSERT INTO things (id, at) VALUES ($1, $2)").bind(Uuid::from_u128(id));
                insert.bind(at).execute().await?;
            }
            Ok(())
        });
        insert.await.unwrap();
        let mut read = db.read().await.unwrap();
        let found = read.sql("SELECT at FROM things ORDER BY at").all::<(Time,)>().await.unwrap();
        let found: Vec<i64> = found.iter().map(|(at,)| at.timestamp_nanos_opt().unwrap_or(i64::MIN)).collect();
        let cut = |at: &Time| at.timestamp_nanos_opt().map_or(i64::MIN, |nanos| nanos.div_euclid(1000) * 1000);
        assert_eq!(found, times.iter().map(cut).collect::<Vec<_>>(), "{}", db.engine_name());
        for (place, at) in times.iter().enumerate() {
            let earlier =
                read.sql("SELECT COUNT(*) FROM things WHERE at < $1").bind(*at).scalar::<i64>().await.unwrap();
            assert_eq!(usize::try_from(earlier).unwrap(), place, "{} before {at}", db.engine_name());
        }
    }
}

#[tokio::test]
async fn a_year_that_does_not_sort_is_refused_by_sqlite() {
    let folder = Folder::new();
    let [sqlite, _] = databases(&folder).await;
    let far = DateTime::from_timestamp(300_000_000_000, 0).unwrap();
    let mut read = sqlite.read().await.unwrap();
    let fault = read.sql("SELECT COUNT(*) FROM things WHERE at < $1").bind(far).scalar::<i64>().await.unwrap_err();
    assert!(fault.to_string().contains("does not sort"), "{fault}");
}

#[tokio::test]
async fn of_many_writes_at_once_one_fails_alone() {
    let folder = Folder::new();
    let [sqlite, postgres] = addresses(&folder).await;
    for url in [sqlite, postgres] {
        let db = Db::open(&url).await.unwrap();
        db.migrate_by(&migrations(TABLES)).await.unwrap();
        let writes = (0..200).map(|id| {
            let db = db.clone();
            tokio::spawn(async move {
                if id == 77 {
                    let twice = db.write(async |tx| {
                        tx.sql("INSERT INTO marks (id) VALUES (1000)").execute().await?;
                        tx.sql("INSERT INTO marks (id) VALUES (1000)").execute().await
                    });
                    return twice.await;
                }
                mark(&db, id).await
            })
        });
        let ended: Vec<_> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
        let failed: Vec<_> = (0..200).filter(|id| ended[*id].is_err()).collect();
        assert_eq!(failed, [77], "{}", db.engine_name());
        db.close().await;
        let again = Db::open(&url).await.unwrap();
        let expected: Vec<i64> = (0..200).filter(|id| *id != 77).collect();
        assert_eq!(marks(&again).await, expected, "{}", again.engine_name());
    }
}

#[tokio::test]
async fn a_guarded_change_has_one_winner() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        let insert = async |tx: &mut Tx| tx.sql("INSERT INTO families (id, generation) VALUES (1, 0)").execute().await;
        db.write(insert).await.unwrap();
        for generation in 0..20_i64 {
            let racers = (0..64).map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    db.write(async move |tx| {
                        let update = "UPDATE families SET generation = generation + 1 WHERE id = 1 AND generation = $1";
                        tx.sql(update).bind(generation).execute().await
                    })
                    .await
                    .unwrap()
                })
            });
            let changed: Vec<u64> = join_all(racers).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(changed.iter().sum::<u64>(), 1, "{} generation {generation}", db.engine_name());
        }
        let mut read = db.read().await.unwrap();
        assert_eq!(read.sql("SELECT generation FROM families").scalar::<i64>().await.unwrap(), 20);
    }
}

#[tokio::test]
async fn what_fails_panics_or_is_undone_leaves_nothing() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        let insert = "INSERT INTO marks (id) VALUES (1)";
        let refused = db.write(async move |tx| {
            tx.sql(insert).execute().await?;
            Err::<(), _>(Fault::contradiction("mark", "one is enough"))
        });
        let panicked = db.write(async move |tx| {
            tx.sql(insert).execute().await?;
            assert_eq!(tx.sql(insert).execute().await.ok(), Some(1), "the closure fell over");
            Ok(())
        });
        let undone = db.write(async move |tx| {
            tx.sql(insert).execute().await?;
            Ok(tx.undo("lost"))
        });
        let went_on = db.write(async move |tx| {
            tx.sql(insert).execute().await?;
            Ok(tx.sql("INSERT INTO nowhere (id) VALUES (1)").execute().await.is_err())
        });
        let kept = mark(&db, 2);
        let (refused, panicked, undone, went_on, kept) = tokio::join!(refused, panicked, undone, went_on, kept);
        assert_eq!(refused.unwrap_err().to_string(), "contradiction in mark: one is enough");
        let panic = panicked.unwrap_err().to_string();
        assert!(panic.starts_with("a write panicked: ") && panic.contains("the closure fell over"), "{panic}");
        assert_eq!(undone.unwrap(), "lost");
        assert!(went_on.unwrap_err().to_string().contains("went on"), "{}", db.engine_name());
        assert_eq!(kept.unwrap(), 1);
        assert_eq!(marks(&db).await, [2], "{}", db.engine_name());
        assert_eq!(mark(&db, 3).await.unwrap(), 1, "the writer still lives");
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_there_whatever_the_neighbours_do() {
    let folder = Folder::new();
    for db in databases(&folder).await {
        let writes = (0..120).map(async |id| {
            let done = match id % 6 {
                1 => db.write(async |_| Err(Fault::contradiction("mark", "never mind"))).await,
                3 => db.write(async |tx| tx.sql("INSERT INTO nowhere (id) VALUES (1)").execute().await).await,
                _ => mark(&db, id).await,
            };
            done.ok().map(|_| id)
        });
        let acknowledged: Vec<i64> = join_all(writes).await.into_iter().flatten().collect();
        assert_eq!(acknowledged.len(), 80, "{}", db.engine_name());
        assert_eq!(marks(&db).await, acknowledged, "{}", db.engine_name());
    }
}

/// SQLite itself rolls back when a disk is full; a closure that does so stands for it.
#[tokio::test]
async fn a_lost_transaction_is_a_fault_for_all_who_were_in_it() {
    let folder = Folder::new();
    let [db, _] = databases(&folder).await;
    for round in 0..10 {
        let writes = (0..20).map(async |id| {
            let id = round * 20 + id;
            let done = match id % 20 {
                12 => db.write(async |tx| tx.sql("ROLLBACK").execute().await).await,
                _ => mark(&db, id).await,
            };
            done.ok().map(|_| id)
        });
        let before = marks(&db).await;
        let acknowledged = join_all(writes).await.into_iter().flatten();
        assert_eq!(marks(&db).await, before.into_iter().chain(acknowledged).collect::<Vec<_>>());
    }
    assert_eq!(mark(&db, -1).await.unwrap(), 1, "the writer still lives");
}

#[tokio::test]
async fn what_waits_is_written_before_the_database_closes() {
    let folder = Folder::new();
    let [sqlite, postgres] = addresses(&folder).await;
    for url in [sqlite, postgres] {
        let db = Db::open(&url).await.unwrap();
        db.migrate_by(&migrations(TABLES)).await.unwrap();
        db.ping().await.unwrap();
        let waiting = db.clone();
        let asked = tokio::spawn(async move {
            let slow = waiting.write(async |tx| {
                tokio::time::sleep(Duration::from_millis(200)).await;
                tx.sql("INSERT INTO marks (id) VALUES (5)").execute().await
            });
            slow.await
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        db.close().await;
        assert!(mark(&db, 6).await.unwrap_err().to_string().contains("closed"));
        assert!(db.ping().await.is_err());
        assert_eq!(marks(&Db::open(&url).await.unwrap()).await, [5], "although nobody waited any more");
    }
}

#[tokio::test]
async fn a_reader_cannot_change_a_sqlite_file() {
    let folder = Folder::new();
    let [sqlite, _] = databases(&folder).await;
    let mut read = sqlite.read().await.unwrap();
    let fault = read.sql("INSERT INTO marks (id) VALUES (1)").execute().await.unwrap_err();
    assert!(fault.to_string().contains("readonly"), "{fault}");
}

/// Pages in a SQLite file's log, and how many of them are in the file too.
async fn log_of(url: &str) -> (i64, i64) {
    let mut on = SqliteConnection::connect(url).await.unwrap();
    let said: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(NOOP)").fetch_one(&mut on).await.unwrap();
    (said.1, said.2)
}

#[tokio::test]
async fn what_was_written_reaches_a_sqlite_file_while_the_writer_goes_on() {
    let folder = Folder::new();
    let [sqlite, _] = databases(&folder).await;
    for id in 0..400 {
        mark(&sqlite, id).await.unwrap();
    }
    let patience = Instant::now() + Duration::from_secs(10);
    while log_of(&folder.url()).await.1 == 0 {
        assert!(Instant::now() < patience, "nothing was carried into the file: {:?}", log_of(&folder.url()).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sqlite.close().await;
    assert_eq!(marks(&Db::open(&folder.url()).await.unwrap()).await.len(), 400);
}

#[tokio::test]
async fn the_log_of_a_sqlite_file_has_a_bound() {
    let folder = Folder::new();
    let [sqlite, _] = databases(&folder).await;
    let write = async |id: u128| {
        let words = "w".repeat(16_000);
        let insert = async move |tx: &mut Tx| {
            let insert = tx.sql("INSERT INTO things (id, words) VALUES ($1, $2)");
            insert.bind(Uuid::from_u128(id)).bind(words.as_str()).execute().await
        };
        sqlite.write(insert).await.unwrap()
    };
    // 25,000 pages and more, with no pause between.
    for round in 0..20 {
        join_all((0..256).map(|id| write(round * 256 + id))).await;
    }
    let (pages, _) = log_of(&folder.url()).await;
    assert!(pages < 12_500, "{pages} pages in the log: it never began anew");
}

#[tokio::test]
async fn writes_go_on_after_postgresql_has_dropped_every_connection() {
    let folder = Folder::new();
    let [_, db] = databases(&folder).await;
    let writes = (0..32).map(|id| mark(&db, id));
    assert!(join_all(writes).await.iter().all(Result::is_ok));
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = db.read().await.unwrap().sql(end).scalar::<i64>().await.unwrap();
    assert!(ended > 0);
    let writes = (32..64).map(|id| mark(&db, id));
    assert!(join_all(writes).await.iter().all(Result::is_ok));
    assert_eq!(marks(&db).await.len(), 64);
}
