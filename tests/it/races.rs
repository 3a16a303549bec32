//! Races, on both engines: whatever happens at once, no token has two live successors and nothing works twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use doorward::base::duration::Duration;
use doorward::domain::revocation::{EndReason, Initiator, Target};
use doorward::flows::ending::revoke;
use doorward::protocol::token::TokenAnswer;
use futures_util::future::join_all;

use crate::stage::{Engine, Stage, policy};

/// How many come at once.
const TASKS: usize = 64;
/// How often, in all, on each engine.
const ROUNDS: usize = 1_000;

type Outcomes = Vec<Result<TokenAnswer, &'static str>>;

async fn storm(stage: &Arc<Stage>, token: &str) -> Outcomes {
    let tasks = (0..TASKS).map(|_| {
        let (stage, token) = (Arc::clone(stage), token.to_owned());
        tokio::spawn(async move { stage.refresh("app", &token).await })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

async fn stage(engine: Engine, window: Duration) -> Arc<Stage> {
    let mut policy = policy("http://localhost:8080");
    policy.retry_window = window;
    let stage = Stage::with(engine, policy).await;
    stage.person("alice").await;
    stage.app("app").await;
    Arc::new(stage)
}

async fn first_token(stage: &Stage) -> String {
    let session = stage.sign_in("alice").await;
    let code = stage.code("app", &session, "profile").await;
    stage.redeem("app", &code).await.unwrap().refresh_token.unwrap()
}

fn generation(token: &str) -> i64 {
    token.split('.').nth(2).unwrap().parse().unwrap()
}

fn successors(outcomes: &Outcomes) -> BTreeSet<String> {
    outcomes.iter().flatten().map(|answer| answer.refresh_token.clone().unwrap()).collect()
}

/// Within the window everybody gets the one successor.
async fn one_token_from_many_hands(engine: Engine) {
    let stage = stage(engine, Duration::seconds(10)).await;
    let mut token = first_token(&stage).await;
    for round in 0..ROUNDS * 9 / 10 {
        let outcomes = storm(&stage, &token).await;
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(refused, 0, "round {round}: an honest client was refused");
        let next = successors(&outcomes);
        assert_eq!(next.len(), 1, "round {round}: {next:?}");
        token = next.into_iter().next().unwrap();
        assert_eq!(generation(&token), i64::try_from(round).unwrap() + 2);
    }
    stage.verify().await;
}

/// Without a window each success makes the one before it stale: at most one of them lives.
async fn one_branch_without_a_window(engine: Engine) {
    let stage = stage(engine, Duration::ZERO).await;
    for round in 0..ROUNDS / 10 {
        let token = first_token(&stage).await;
        let outcomes = storm(&stage, &token).await;
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let next = successors(&outcomes);
        assert_eq!(next.len(), won, "round {round}: two answers hold the same token");
        let newest = next.iter().max_by_key(|token| generation(token)).unwrap().clone();
        assert!(stage.refresh("app", &newest).await.is_ok(), "round {round}: the newest token is dead");
        if let Some(older) = next.iter().find(|token| **token != newest) {
            assert_eq!(stage.refresh("app", older).await.err(), Some("invalid_grant"), "round {round}");
            assert_eq!(
                stage.refresh("app", &newest).await.err(),
                Some("invalid_grant"),
                "round {round}: the family ended"
            );
        }
    }
    stage.verify().await;
}

/// One code, many hands: it works once, and then what it gave is dead because it was tried again.
async fn one_code_from_many_hands(engine: Engine) {
    let stage = stage(engine, Duration::seconds(10)).await;
    for round in 0..50 {
        let session = stage.sign_in("alice").await;
        let code = stage.code("app", &session, "profile").await;
        let tasks = (0..TASKS).map(|_| {
            let (stage, code) = (Arc::clone(&stage), code.clone());
            tokio::spawn(async move { stage.redeem("app", &code).await })
        });
        let outcomes: Outcomes = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        let won = successors(&outcomes);
        assert!(won.len() <= 1, "round {round}: {won:?}");
        assert_eq!(stage.redeem("app", &code).await.err(), Some("invalid_grant"));
        for token in won {
            assert_eq!(stage.refresh("app", &token).await.err(), Some("invalid_grant"), "round {round}");
        }
    }
    stage.verify().await;
}

/// Refreshing while the session ends: afterwards nothing that anybody got works.
async fn an_end_wins_over_every_refresh(engine: Engine) {
    let stage = stage(engine, Duration::seconds(10)).await;
    for round in 0..50 {
        let session = stage.sign_in("alice").await;
        let code = stage.code("app", &session, "profile").await;
        let token = stage.redeem("app", &code).await.unwrap().refresh_token.unwrap();
        let ending = {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move {
                let (one, reason, by) = (Target::Session(session.id), EndReason::Admin, Initiator::Admin);
                revoke(&stage.authority, one, reason, by).await.unwrap();
            })
        };
        let outcomes = storm(&stage, &token).await;
        ending.await.unwrap();
        for token in successors(&outcomes).iter().chain([&token]) {
            assert_eq!(stage.refresh("app", token).await.err(), Some("invalid_grant"), "round {round}");
        }
    }
    stage.verify().await;
}

macro_rules! on_each_engine {
    ($($race:ident)*) => {$(
        mod $race {
            use super::Engine;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$race(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$race(Engine::Postgres).await;
            }
        }
    )*};
}

on_each_engine! {
    one_token_from_many_hands
    one_branch_without_a_window
    one_code_from_many_hands
    an_end_wins_over_every_refresh
}
