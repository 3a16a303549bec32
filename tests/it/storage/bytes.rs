//! What one session costs in rows and bytes, from sign-in to the end of its retention: the numbers of `docs/retention.md`.
//!
//! `DOORWARD_SESSIONS=3000 cargo test --test it storage::bytes -- --nocapture --test-threads 1` prints them.

use futures_util::future::join_all;

use super::{bytes, rows};
use crate::stage::Engine;
use crate::world::World;

/// As many work at once as one SQLite commit takes in.
const AT_ONCE: usize = 64;

/// How many sessions are looked at: few in every test run, many when somebody asks.
fn sessions() -> usize {
    std::env::var("DOORWARD_SESSIONS").map_or(192, |text| text.parse().unwrap())
}

/// A session as most are: two applications, ten refreshes in one of them, and an end.
async fn one(world: &World) {
    let session = world.sign_in("alice").await;
    let first = world.redeem("one", &world.code("one", &session, "openid profile").await).await.unwrap();
    world.redeem("two", &world.code("two", &session, "openid profile").await).await.unwrap();
    let mut token = first.refresh_token.unwrap();
    for _ in 0..10 {
        token = world.refresh("one", &token).await.unwrap().refresh_token.unwrap();
    }
}

async fn measure(engine: Engine) {
    let world = World::on(engine).await;
    world.app("one").await;
    world.app("two").await;
    let (before, bytes_before) = (rows(world.db()).await, bytes(world.db()).await);
    let count = sessions();
    for from in (0..count).step_by(AT_ONCE) {
        join_all((from..count.min(from + AT_ONCE)).map(|_| one(&world))).await;
    }
    let (live, bytes_live) = (rows(world.db()).await, bytes(world.db()).await);
    world.advance(25 * 3_600);
    world.jobs().await;
    let (ended, bytes_ended) = (rows(world.db()).await, bytes(world.db()).await);
    let whole = i64::try_from(count).unwrap();
    let of_each = |after: &[(String, i64)]| {
        let grown = before.iter().zip(after).map(|((name, before), (_, after))| (name.clone(), (after - before)));
        grown.filter(|(_, rows)| *rows >= whole).map(|(name, rows)| (name, rows / whole)).collect::<Vec<_>>()
    };
    let (live, ended) = (of_each(&live), of_each(&ended));
    let (bytes_live, bytes_ended) = ((bytes_live - bytes_before) / whole, (bytes_ended - bytes_before) / whole);
    println!("{engine:?}, {count} sessions: live {bytes_live} bytes {live:?}; ended {bytes_ended} bytes {ended:?}");

    let table = |name: &str, rows: i64| (name.to_owned(), rows);
    let [codes, grants, families] = ["codes", "grants", "refresh_families"].map(|name| table(name, 2));
    let [sessions, events] = [table("sessions", 1), table("session_events", 4)];
    assert_eq!(live, [codes, grants.clone(), families.clone(), events, sessions.clone()]);
    // Codes are kept for a day after theirs, which is longer than an idle session.
    assert_eq!(ended, [grants, table("outbox", 1), families, table("session_events", 5), sessions]);
    // Few sessions cost more each than many: pages that are not full, and on PostgreSQL rows that no vacuum has seen.
    assert!(bytes_live < 20_000 && bytes_ended < 20_000, "far more than docs/retention.md says");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_costs_on_sqlite() {
    measure(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_costs_on_postgres() {
    measure(Engine::Postgres).await;
}
