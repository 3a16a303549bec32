//! Random walks with an account of our own beside them: whatever is done in whatever order, with pages and links of any age,
//! the server does what the model says and nothing else. A walk that fails is made shorter until no step can be left out,
//! and is printed with its steps.

mod linking;
mod recovery;
mod steps;

use std::future::Future;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Builder;

use crate::stage::Engine;
use crate::world::{Setting, World};

/// How many walks on each engine, and how often a failing one is made shorter.
const WALKS: u32 = 5;
const SHORTER: u32 = 60;

/// Walks on both engines, each walk in a world of its own.
fn walk<S: Strategy, F: Future<Output = ()>>(setting: fn() -> Setting, steps: &S, go: fn(World, S::Value) -> F) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let config = Config { cases: WALKS, max_shrink_iters: SHORTER, failure_persistence: None, ..Config::default() };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let walked = TestRunner::new(config).run(steps, |steps| {
            runtime.block_on(async { go(World::with(engine, setting()).await, steps).await });
            Ok::<(), TestCaseError>(())
        });
        if let Err(failure) = walked {
            panic!("on {engine:?}: {failure}");
        }
    }
}
