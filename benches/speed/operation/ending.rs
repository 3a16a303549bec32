//! Sessions that an admin ends, each with a client that has to be told.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt, LocalBoxFuture};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Work, ours};
use crate::outcome::{Outcome, fail};
use crate::provider::Provider;
use crate::request::{Request, bearer};
use crate::wire::Wire;

/// As many sessions as are ended in some five seconds. In a longer round the rest counts as errors.
const SESSIONS: u64 = 20_000;

/// How long a connection waits before it says again that none is left.
const BREAK: Duration = Duration::from_millis(100);

/// How long the clients may take to be told.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends one session after the other; all connections share the list.
struct Ending {
    left: Rc<RefCell<Vec<Uuid>>>,
    host: String,
    admin: String,
}

impl Work for Ending {
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async {
            let next = self.left.borrow_mut().pop();
            let Some(session) = next else {
                sleep(BREAK).await;
                return fail("no session is left");
            };
            let target = format!("/api/v1/sessions/{session}");
            let headers = [self.admin.clone()];
            let request =
                Request { method: "DELETE", target: &target, host: &self.host, headers: &headers, body: None };
            let answer = wire.ask(&request.bytes()).await?;
            if (200..300).contains(&answer.status) {
                return Ok(());
            }
            fail(format!("{} {}", answer.status, answer.text()))
        }
        .boxed_local()
    }
}

pub async fn endings(provider: &Provider, connections: usize) -> Outcome<Vec<Box<dyn Work>>> {
    let doorward = ours(provider)?;
    let left = Rc::new(RefCell::new(doorward.sessions_to_end(SESSIONS).await?));
    let admin = bearer(&doorward.admin_token(provider).await?);
    let ending = |_| {
        let ending = Ending { left: left.clone(), host: provider.host.clone(), admin: admin.clone() };
        Box::new(ending) as Box<dyn Work>
    };
    Ok((0..connections).map(ending).collect())
}

/// Waits until the client was told of as many ends as there were, so that this work is counted too.
pub async fn settled(provider: &Provider, told_before: u64, ends: u64) -> u64 {
    let Some(doorward) = &provider.doorward else { return 0 };
    let start = Instant::now();
    while doorward.told() - told_before < ends && start.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20)).await;
    }
    doorward.told() - told_before
}
