//! The outbox with several nodes and with nodes that die: everything is told, and told once where nobody dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use doorward::base::id::SessionId;
use doorward::domain::revocation::{EndReason, Initiator, Target};
use doorward::flows::Authority;
use doorward::flows::ending::revoke;
use doorward::jobs::Shift;
use doorward::jobs::deliver::{Courier, measure};
use doorward::jobs::tally::Tally;
use doorward::store::delivery;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::binary::Home;
use crate::browser::Browser;
use crate::client::{Client, claims};
use crate::durability::first_token;
use crate::postgres::cluster;
use crate::receiver::{Manner, Receiver};
use crate::stage::{Engine, Stage};
use crate::world::http;

const SESSIONS: usize = 50;

/// Sessions that are each signed in to one client, told at this address.
async fn sessions(stage: &Stage, receiver: &Receiver) -> Vec<SessionId> {
    stage.person("alice").await;
    let metadata = json!({
        "token_endpoint_auth_method": "none", "skip_consent": true, "backchannel_logout_uri": receiver.url,
        "id_token_signed_response_alg": "ES256",
    });
    stage.client("app", metadata).await;
    let mut all = Vec::new();
    for _ in 0..SESSIONS {
        let session = stage.sign_in("alice").await;
        stage.redeem("app", &stage.code("app", &session, "openid").await).await.unwrap();
        all.push(session.id);
    }
    all
}

/// How often each session was told of.
fn counts(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for heard in receiver.heard() {
        *counts.entry(claims(&heard.logout_token())["sid"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

async fn ends(authority: &Authority, session: SessionId) {
    revoke(authority, Target::Session(session), EndReason::Logout, Initiator::User).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_tell_everything_once() {
    let stage = Stage::on(Engine::Postgres).await;
    let receiver = Receiver::new(Manner::Status(200)).await;
    let ids = sessions(&stage, &receiver).await;
    let nodes = [Arc::clone(&stage.authority), stage.twin().await];
    let shifts = nodes.each_ref().map(|node| Shift::new(Arc::clone(node), Tally::default()));
    let running = shifts.clone().map(|shift| tokio::spawn(Courier::new(shift).run()));
    join_all(ids.iter().enumerate().map(|(at, id)| ends(&nodes[at % 2], *id))).await;
    receiver.hears(SESSIONS, Duration::from_mins(1)).await;
    // Nothing more comes: another look of both nodes.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for shift in &shifts {
        shift.over.cancel();
    }
    join_all(running).await;
    let counts = counts(&receiver);
    assert_eq!(counts.len(), SESSIONS);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    stage.verify_after_the_jobs().await;
    nodes[1].db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_not_overlooked() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let stage = Stage::on(engine).await;
        let receiver = Receiver::new(Manner::Status(200)).await;
        let ids = sessions(&stage, &receiver).await;
        let mut courier = Courier::new(Shift::new(Arc::clone(&stage.authority), Tally::default()));
        // Ends and looks at the same time, in every order.
        let ending = join_all(ids.iter().map(|id| ends(&stage.authority, *id)));
        let looking = async {
            for _ in 0..20 {
                courier.look().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(ending, looking);
        courier.run_out().await.unwrap();
        assert_eq!(counts(&receiver).len(), SESSIONS, "{engine:?}");
        assert_eq!(receiver.heard().len(), SESSIONS, "{engine:?}");
        stage.verify_after_the_jobs().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_belongs_to_one_node_until_its_lease_is_over() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let stage = Stage::on(engine).await;
        let receiver = Receiver::new(Manner::Status(200)).await;
        let ids = sessions(&stage, &receiver).await;
        ends(&stage.authority, ids[0]).await;
        doorward::flows::outbox::read_on(&stage.authority).await.unwrap();
        let due = doorward::flows::delivery::due(&stage.authority).await.unwrap();
        let wanted: Vec<_> = due.into_iter().map(|target| (target, 8)).collect();
        let claim = async || doorward::flows::delivery::claim(&stage.authority, wanted.clone()).await.unwrap();
        let first = claim().await.pop().unwrap();
        assert!(claim().await.is_empty());
        stage.advance(14);
        assert!(claim().await.is_empty());
        stage.advance(1);
        let second = claim().await.pop().unwrap();
        assert_eq!(second.delivery.attempts, 2);
        doorward::flows::delivery::attempt(&stage.authority, second).await.unwrap();
        // The first comes back from a long sleep: what became of the second stays.
        let next = doorward::domain::delivery::Next::Dead;
        let late = first.delivery.clone();
        let now = stage.authority.now();
        let settled = stage.db().write(async move |tx| delivery::settle(tx, &late, next, None, now).await);
        assert!(!settled.await.unwrap());
        let found = delivery::find(stage.db(), first.delivery.id).await.unwrap().unwrap();
        assert_eq!(found.state.as_str(), "delivered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_say_how_far_behind_it_is() {
    let stage = Stage::on(Engine::Sqlite).await;
    let receiver = Receiver::new(Manner::Status(500)).await;
    let ids = sessions(&stage, &receiver).await;
    let lag = async || {
        let lag =
            doorward::flows::delivery::lag(&stage.authority, doorward::domain::delivery::Projection::BackchannelLogout);
        lag.await.unwrap().seconds
    };
    ends(&stage.authority, ids[0]).await;
    stage.advance(7);
    assert_eq!(lag().await, 7, "nobody has read it");
    let tally = Tally::default();
    let mut courier = Courier::new(Shift::new(Arc::clone(&stage.authority), tally.clone()));
    courier.run_out().await.unwrap();
    stage.advance(1);
    assert_eq!(lag().await, 1, "it waits for another attempt");
    receiver.answers(Manner::Status(200));
    stage.advance(6);
    courier.run_out().await.unwrap();
    assert_eq!(lag().await, 0);
    measure(&Shift::new(Arc::clone(&stage.authority), tally.clone())).await.unwrap();
    let mut registry = prometheus_client::registry::Registry::with_prefix("doorward");
    tally.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "doorward_deliveries_total{projection=\"backchannel_logout\",outcome=\"failed\"} 1",
        "doorward_deliveries_total{projection=\"backchannel_logout\",outcome=\"delivered\"} 1",
        "doorward_delivery_lag_seconds{projection=\"backchannel_logout\"} 0",
        "doorward_deliveries_dead{projection=\"webhooks\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// `kill -9` right after an end was acknowledged, and in the middle of telling it.
async fn loses_nothing(home: Home) {
    let receiver = Receiver::new(Manner::Silence).await;
    let mut server = home.serve().await;
    let app = home.client("demo_spa");
    let patch = json!({"backchannel_logout_uri": receiver.url});
    server.admin(Method::PATCH, &format!("/clients/{}", app.id), Some(patch)).await.is(200);
    let mut ended = Vec::new();
    for round in 0..2 {
        let app = Client { http: http(), ..app.clone() };
        let browser = Browser::new(http(), &home.issuer);
        let token = first_token(&home, &app, &browser).await;
        let tokens = app.refresh(&token).await.ok();
        let sid = claims(tokens["access_token"].as_str().unwrap())["sid"].as_str().unwrap().to_owned();
        server.admin(Method::DELETE, &format!("/sessions/{sid}"), None).await.is(204);
        ended.push(sid);
        if round == 1 {
            receiver.hears(1, Duration::from_mins(1)).await;
        }
        server.kill();
        server = home.serve().await;
    }
    receiver.answers(Manner::Status(200));
    let start = std::time::Instant::now();
    loop {
        let told: Vec<_> = receiver.taken().iter().map(|heard| claims(&heard.logout_token())["sid"].clone()).collect();
        if ended.iter().all(|sid| told.iter().any(|told| told == sid.as_str())) {
            assert_eq!(told.len(), ended.len(), "each was answered once");
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{ended:?} {told:?}\n{}", home.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(server.stop().await.success());
    assert!(!home.said().contains("panicked"), "{}", home.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_loses_nothing_on_sqlite() {
    loses_nothing(Home::new(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_loses_nothing_on_postgres() {
    loses_nothing(Home::new(&[("DATABASE__URL", &cluster().empty().await)])).await;
}
