//! How long it takes from a revocation at one node to the refusal at the other, for each path, under load: the numbers of
//! `docs/revocation.md`. Every test run measures a few and promises nothing about time; what counts is printed by
//!
//! `DOORWARD_REVOCATIONS=1000 cargo test --release --test it reach:: -- --nocapture`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use crate::binary::Home;
use crate::browser::Browser;
use crate::client::{Client, Tokens, claims};
use crate::postgres::cluster;
use crate::proxy::furnish;
use crate::receiver::{Manner, Receiver};
use crate::stage::PASSWORD;
use crate::world::http;

/// Paths that are asked without a pause until they refuse, at the node that did not end anything.
const PATHS: [&str; 5] = ["introspection", "userinfo", "gateway check", "account page", "refresh"];
const TOLD: &str = "back-channel logout";
/// Of all these times, the part until the end itself was answered.
const ANSWERED: &str = "the end itself, answered";

/// Workers that sign in, refresh and ask all the time at both nodes.
const LOAD: usize = 4;

/// Nothing is to be seen for so long: something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

fn revocations() -> usize {
    std::env::var("DOORWARD_REVOCATIONS").map_or(6, |text| text.parse().unwrap())
}

/// Somebody at the node that will hear of the end, with what each path wants.
struct Guest {
    node: Client,
    browser: Browser,
    tokens: Tokens,
}

impl Guest {
    async fn at(node: &Client, username: &str) -> Self {
        let browser = Browser::new(http(), &node.issuer);
        let tokens = node.tokens(&browser.code(&node.id, username, "openid").await).await;
        Self { node: node.clone(), browser, tokens }
    }

    fn sid(&self) -> String {
        claims(&self.tokens.access)["sid"].as_str().unwrap().to_owned()
    }

    /// Whether this path still lets them in. A refresh is not repeated before the end: it would be a new token each time.
    async fn is_open(&self, path: &str) -> bool {
        let background = [("doorward-activity", "background")];
        match path {
            "introspection" => self.node.introspect(&self.tokens.access).await["active"] == true,
            "userinfo" => self.node.userinfo(&self.tokens.access).await.status == 200,
            "gateway check" => self.node.gateway(&self.tokens.access).await.status == 200,
            "account page" => self.browser.send(Method::GET, "/account", &background, None).await.status == 200,
            _ => self.node.refresh(&self.tokens.refresh).await.status == 200,
        }
    }

    /// When this path refused for the first time, and how often it still let them in though the end had been answered.
    async fn refusal(&self, path: &str, ended: &AtomicBool) -> (Instant, u64) {
        let mut late = 0;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let answered_before = ended.load(Ordering::SeqCst);
            if path == "refresh" && !answered_before {
                tokio::time::sleep(Duration::from_micros(200)).await;
                continue;
            }
            if !self.is_open(path).await {
                return (Instant::now(), late);
            }
            late += u64::from(answered_before);
        }
        panic!("{path} never refuses");
    }
}

/// Works at a node until it is over, and counts its requests.
async fn load(node: Client, over: Arc<AtomicBool>, requests: Arc<AtomicU64>) {
    while !over.load(Ordering::Relaxed) {
        let guest = Guest::at(&node, "bob").await;
        let mut tokens = guest.tokens.clone();
        for _ in 0..20 {
            tokens = Tokens::of(node.refresh(&tokens.refresh).await.ok());
            assert_eq!(node.introspect(&tokens.access).await["active"], true);
            node.gateway(&tokens.access).await.is(200);
            requests.fetch_add(3, Ordering::Relaxed);
            if over.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// The times of each path, in the order of [`PATHS`] and then [`TOLD`].
struct Figures(Vec<(&'static str, Vec<Duration>)>);

impl Figures {
    fn note(&mut self, path: &'static str, time: Duration) {
        match self.0.iter_mut().find(|(name, _)| *name == path) {
            Some((_, times)) => times.push(time),
            None => self.0.push((path, vec![time])),
        }
    }

    fn print(mut self) {
        println!("| path | revocations | p50 | p99 | longest |\n|---|---|---|---|---|");
        for (path, times) in &mut self.0 {
            times.sort();
            let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0;
            println!("| {path} | {} | {:.1} ms | {:.1} ms | {:.1} ms |", times.len(), at(50), at(99), at(100));
        }
    }
}

/// A database that keeps what it acknowledged, unlike that of the other tests.
async fn make_durable(url: &str) {
    let mut on = PgConnection::connect(url).await.unwrap();
    for setting in ["fsync = on", "full_page_writes = on", "synchronous_commit = on"] {
        on.execute(sqlx::AssertSqlSafe(format!("ALTER SYSTEM SET {setting}"))).await.unwrap();
    }
    on.execute("SELECT pg_reload_conf()").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_follows_a_revocation_on_every_path() {
    let count = revocations();
    let database = cluster().empty().await;
    if count > 100 {
        make_durable(&database).await;
    }
    let first = Home::new(&[("DATABASE__URL", &database), ("LOG__FORMAT", "json")]);
    let keys = first.path().join("keys").display().to_string();
    let usual = [("DATABASE__URL", database.as_str()), ("KEYS__DIRECTORY", &keys), ("ISSUER", &first.issuer)];
    let second = Home::new(&usual);
    let (one, two) = (first.serve().await, second.serve().await);
    let receiver = Receiver::new(Manner::Status(200)).await;
    let secret = furnish(&one).await;
    // The load is somebody else's: a page that shows hundreds of sessions takes its time.
    let bob = json!({"username": "bob", "password": PASSWORD});
    one.admin(Method::POST, "/users", bob.into()).await.is(201);
    let told = json!({ "backchannel_logout_uri": receiver.url });
    one.admin(Method::PATCH, "/clients/shop", told.into()).await.is(200);
    let at = |home: &Home| Client {
        http: http(),
        issuer: format!("http://localhost:{}", home.port),
        id: "shop".into(),
        secret: secret.clone(),
    };
    let (over, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..LOAD)
        .map(|worker| {
            let node = at(if worker % 2 == 0 { &first } else { &second });
            tokio::spawn(load(node, Arc::clone(&over), Arc::clone(&requests)))
        })
        .collect();

    let (mut figures, mut late) = (Figures(Vec::new()), 0);
    let (begun, mut admin) = (Instant::now(), None::<(String, Instant)>);
    for _ in 0..count {
        let guest = Guest::at(&at(&second), "alice").await;
        let sid = guest.sid();
        if admin.as_ref().is_none_or(|(_, since)| since.elapsed() > Duration::from_mins(2)) {
            let client = Client { issuer: first.issuer.clone(), ..first.client("admin_client") };
            admin = Some((Tokens::of(client.client_credentials(&[]).await.ok()).access, Instant::now()));
        }
        let token = admin.as_ref().map(|(token, _)| token.clone()).unwrap();
        let ended = AtomicBool::new(false);
        let end = async {
            let request = http().delete(format!("{}/api/v1/sessions/{sid}", first.issuer)).bearer_auth(token);
            let start = Instant::now();
            assert_eq!(request.send().await.unwrap().status(), 204);
            ended.store(true, Ordering::SeqCst);
            (start, start.elapsed())
        };
        let watched = PATHS.map(|path| guest.refusal(path, &ended));
        let ((start, answered), refusals) = tokio::join!(end, join_all(watched));
        figures.note(ANSWERED, answered);
        for (path, (refused, after)) in PATHS.into_iter().zip(refusals) {
            figures.note(path, refused.saturating_duration_since(start));
            late += after;
        }
        let heard = receiver.hears_of(&sid, PATIENCE).await;
        figures.note(TOLD, heard.saturating_duration_since(start));
    }
    let took = begun.elapsed();
    over.store(true, Ordering::Relaxed);
    join_all(workers).await.into_iter().for_each(Result::unwrap);
    let rate = requests.load(Ordering::Relaxed) / took.as_secs().max(1);
    println!("{count} revocations in {} s beside {rate} requests a second of others", took.as_secs());
    figures.print();
    assert_eq!(late, 0, "requests that were begun after the end was answered, and let in");
    assert!(one.stop().await.success() && two.stop().await.success());
}
