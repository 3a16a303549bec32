//! What processes on one PostgreSQL tell each other that they wrote.

use doorward::store::db::{Db, Fault, Listener, News, Tx};

use crate::engines::Folder;
use crate::postgres::cluster;

async fn touch_clients(tx: &mut Tx) -> Result<(), Fault> {
    tx.sql("UPDATE clients SET version = version + 1").execute().await.map(drop)
}

async fn touch_keys(tx: &mut Tx) -> Result<(), Fault> {
    tx.sql("DELETE FROM signing_keys").execute().await.map(drop)
}

/// Two processes on one database, as good as, and what the first hears.
async fn neighbours() -> (Db, Db, Listener) {
    let address = cluster().database().await;
    let (here, there) = (Db::open(&address).await.unwrap(), Db::open(&address).await.unwrap());
    let ear = here.listen().await.unwrap().unwrap();
    (here, there, ear)
}

#[tokio::test]
async fn a_neighbour_tells_of_clients_and_keys_once_they_are_written() {
    let (here, there, mut ear) = neighbours().await;
    let before = here.client_edition();
    there
        .write(async |tx| {
            touch_clients(tx).await?;
            Ok(tx.undo("undone"))
        })
        .await
        .unwrap();
    let failed = there.write(async |tx| {
        touch_clients(tx).await?;
        tx.sql("INSERT INTO clients (client_id) VALUES (NULL)").execute().await
    });
    failed.await.unwrap_err();
    there.write(touch_keys).await.unwrap();
    assert_eq!(ear.heard().await.unwrap(), News::SigningKeys, "nothing is heard of what was not written");
    assert_eq!(here.client_edition(), before);

    there.write(touch_clients).await.unwrap();
    assert_eq!(ear.heard().await.unwrap(), News::Clients);
    assert_eq!(here.client_edition(), before + 1);
    there.write_one(touch_clients).await.unwrap();
    assert_eq!(ear.heard().await.unwrap(), News::Clients, "of a write of one statement too");
}

#[tokio::test]
async fn whoever_listens_knows_when_nothing_is_heard_any_more() {
    let (here, there, mut ear) = neighbours().await;
    let before = here.client_edition();
    let deaf = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    assert_eq!(there.read().await.unwrap().sql(deaf).scalar::<i64>().await.unwrap(), 1);
    ear.heard().await.unwrap_err();
    there.write(touch_clients).await.unwrap();
    let mut ear = here.listen().await.unwrap().unwrap();
    assert!(here.client_edition() > before, "what was not heard may have been anything");
    there.write(touch_keys).await.unwrap();
    assert_eq!(ear.heard().await.unwrap(), News::SigningKeys);
}

#[tokio::test]
async fn on_sqlite_there_is_nobody_to_listen_to() {
    let folder = Folder::new();
    let db = Db::open(&folder.url()).await.unwrap();
    assert!(db.listen().await.unwrap().is_none());
}
