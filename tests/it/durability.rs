//! `kill -9` in the middle of a rotation load: every acknowledged rotation and revocation is still there after the
//! restart, and every client that follows the protocol continues.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use crate::answer::Answer;
use crate::binary::Home;
use crate::browser::{Browser, authorization};
use crate::client::{Client, Tokens};
use crate::postgres::cluster;
use crate::stage::form;
use crate::tools;
use crate::world::http;

const CLIENTS: usize = 12;
const KILLS: usize = 3;

/// An application in somebody's browser: it holds the last token that an answer gave it.
struct Holder {
    token: String,
    rotations: usize,
    /// Its token was revoked, and the server said so.
    revoked: bool,
}

impl Holder {
    /// Rotates until the server is gone; every second one is revoked after a while.
    async fn work(mut self, app: Client, revokes: bool, load: Arc<Load>) -> Self {
        while !load.over.load(Ordering::Relaxed) {
            if revokes && self.rotations > 3 {
                self.revoked = post(&app, "/oauth2/revoke", &[("token", &self.token)])
                    .await
                    .is_some_and(|answer| answer.status == 200);
                load.revoked.fetch_add(usize::from(self.revoked), Ordering::Relaxed);
                break;
            }
            let fields = [("grant_type", "refresh_token"), ("refresh_token", self.token.as_str())];
            let Some(answer) = post(&app, "/oauth2/token", &fields).await else { break };
            self.token = Tokens::of(answer.ok()).refresh;
            self.rotations += 1;
            load.rotations.fetch_add(1, Ordering::Relaxed);
        }
        self
    }
}

/// What all holders together have done.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    rotations: AtomicUsize,
    revoked: AtomicUsize,
}

impl Load {
    /// Returns in the middle of it, however slow the machine is.
    async fn is_on(&self) {
        let under_way = || self.rotations.load(Ordering::Relaxed) > CLIENTS && self.revoked.load(Ordering::Relaxed) > 0;
        while !under_way() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A whole answer, or nothing: the server may be gone in the middle of it.
async fn post(app: &Client, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
    let fields = [fields, &[("client_id", app.id.as_str())]].concat();
    let request =
        app.http.post(format!("{}{path}", app.issuer)).header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(form(&fields)).send().await.ok()?;
    let (url, status, headers) = (response.url().clone(), response.status(), response.headers().clone());
    Some(Answer { url, status, headers, body: response.text().await.ok()? })
}

/// Signs the demo user in and gives the application's first token.
pub async fn first_token(home: &Home, app: &Client, browser: &Browser) -> String {
    let told = home.first_run();
    let address = told["demo_spa"]["redirect_uri"].as_str().unwrap();
    let mut answer = browser.open(&authorization(&app.id, &[("redirect_uri", address)])).await;
    if answer.url.path() == "/login" {
        let person = &told["demo_user"];
        let filled =
            browser.log_in(&answer, person["username"].as_str().unwrap(), person["password"].as_str().unwrap()).await;
        answer = browser.follow(filled).await;
    }
    let code = answer.url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    Tokens::of(app.redeem_with(&code, &[("redirect_uri", address)]).await.ok()).refresh
}

async fn survives(home: Home) {
    let mut server = home.serve().await;
    for round in 0..KILLS {
        let app = Client { http: http(), ..home.client("demo_spa") };
        let browser = Browser::new(http(), &home.issuer);
        let mut holders = Vec::new();
        for _ in 0..CLIENTS {
            holders.push(Holder { token: first_token(&home, &app, &browser).await, rotations: 0, revoked: false });
        }
        let load = Arc::new(Load::default());
        let working = holders
            .into_iter()
            .enumerate()
            .map(|(at, holder)| tokio::spawn(holder.work(app.clone(), at % 3 == 0, Arc::clone(&load))));
        let working: Vec<_> = working.collect();
        let patience = Duration::from_mins(1);
        assert!(tokio::time::timeout(patience, load.is_on()).await.is_ok(), "round {round}: there was no load");
        tokio::time::sleep(Duration::from_millis(150 * round as u64)).await;
        server.kill();
        load.over.store(true, Ordering::Relaxed);
        let holders: Vec<_> = join_all(working).await.into_iter().map(Result::unwrap).collect();
        let rotations: usize = holders.iter().map(|holder| holder.rotations).sum();
        assert!(rotations > CLIENTS, "round {round}: there was no load, only {rotations} rotations");
        assert!(holders.iter().any(|holder| holder.revoked), "round {round}: nothing was revoked");

        server = home.serve().await;
        let app = Client { http: http(), ..app };
        for Holder { mut token, revoked, rotations } in holders {
            if revoked {
                app.refresh(&token).await.refused("invalid_grant");
                continue;
            }
            for _ in 0..3 {
                let answer = app.refresh(&token).await;
                // One that was being revoked when the server died may be dead or alive.
                if rotations > 3 && answer.status == 400 && answer.body.contains("logout") {
                    break;
                }
                token = Tokens::of(answer.ok()).refresh;
            }
        }
    }
    let log = home.said();
    assert!(!log.contains("panicked"), "{log}");
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    survives(Home::new(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_postgres() {
    survives(Home::new(&[("DATABASE__URL", &cluster().empty().await)])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_logs_nobody_out_and_an_upgrade_of_keys_neither() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let app = home.client("demo_spa");
    let browser = Browser::new(http(), &home.issuer);
    let token = first_token(&home, &app, &browser).await;
    let first_run = std::fs::read(home.path().join("data/first-run.json")).unwrap();
    assert!(server.stop().await.success());

    let server = home.serve().await;
    let app = Client { http: http(), ..app };
    let browser = browser.through(http());
    assert_eq!(std::fs::read(home.path().join("data/first-run.json")).unwrap(), first_run, "seeded once");
    browser.get("/account").await.is(200);
    let tokens = Tokens::of(app.refresh(&token).await.ok());
    server.admin(reqwest::Method::POST, "/keys/rotate", None).await;
    app.userinfo(&tokens.access).await.ok();
    let next = Tokens::of(app.refresh(&tokens.refresh).await.ok());
    let kid = |token: &str| crate::client::jose_header(token)["kid"].clone();
    assert_ne!(kid(&next.access), kid(&tokens.access));
    let jwks = app.get("/oauth2/jwks", None).await.json();
    for token in [&tokens.access, &next.access] {
        assert!(jwks["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid(token)), "{jwks}");
    }
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_that_is_printed_gives_a_token_and_no_secret_is_in_the_log() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let said = home.said();
    let line = said.lines().find(|line| line.trim_start().starts_with("curl ")).unwrap_or_else(|| panic!("{said}"));
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(line).current_dir(home.path());
    let answer: serde_json::Value = serde_json::from_str(&tools::run(shell, &[]).await).unwrap();
    assert!(answer["access_token"].is_string(), "{answer}");
    let told = home.first_run();
    let secrets = [
        &told["admin"]["password"],
        &told["admin_client"]["client_secret"],
        &told["demo_user"]["password"],
        &told["demo_service"]["client_secret"],
    ];
    for secret in secrets {
        assert!(!home.said().contains(secret.as_str().unwrap()));
    }
    for file in ["data/first-run.json", "keys/root.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(server.stop().await.success());
}
