//! How the database of a release is made: the program of that release serves, people and machines come, and what is left
//! when it stops is kept, with all that is alive in it. `tests/fixtures/make` does so for a release; the test here does it
//! for this build, so that it is known to work when it is needed.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use doorward::base::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

use super::alive;
use super::fixture::Fixture;
use super::statements;
use crate::answer::Answer;
use crate::binary::Home;
use crate::browser::Browser;
use crate::client::{Client, Tokens};
use crate::engines::Folder;
use crate::postgres::{Cluster, cluster};
use crate::stage::{Engine, HOME, PASSWORD};
use crate::tools::root;
use crate::world::http_to;

/// Who answers there. No port, so that any port can play it.
pub const ISSUER: &str = "http://localhost";

/// The program of another release, which `tests/fixtures/make` names.
fn program() -> PathBuf {
    std::env::var("DOORWARD_FIXTURE_PROGRAM").map_or_else(|_| env!("CARGO_BIN_EXE_doorward").into(), PathBuf::from)
}

/// Everything that is alive when it stops, and those who live.
struct Living {
    http: reqwest::Client,
    told: Value,
}

impl Living {
    fn at(home: &Home) -> Self {
        let first_run = home.first_run();
        let mut told = json!({"password": PASSWORD, "first_run": first_run, "secrets": {}});
        for one in ["admin_client", "demo_service"] {
            let id = first_run[one]["client_id"].as_str().unwrap();
            told["secrets"][id] = first_run[one]["client_secret"].clone();
        }
        Self { http: http_to(home.port), told }
    }

    fn client(&self, id: &str) -> Client {
        let secret = self.told["secrets"][id].as_str().map(str::to_owned);
        Client { http: self.http.clone(), issuer: ISSUER.into(), id: id.into(), secret }
    }

    async fn admin(&self, method: Method, path: &str, body: Value) -> Answer {
        let token = Tokens::of(self.client("admin-client").client_credentials(&[]).await.ok()).access;
        let request = self.http.request(method, format!("{ISSUER}/api/v1{path}")).bearer_auth(token).json(&body);
        Answer::of(request.send().await.unwrap()).await
    }

    async fn register(&mut self, id: &str, more: Value) {
        let mut metadata = json!({
            "client_id": id, "client_name": id, "redirect_uris": [HOME], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        for (member, value) in more.as_object().unwrap() {
            metadata[member] = value.clone();
        }
        let made = self.admin(Method::POST, "/clients", metadata).await.is(201).json();
        if made["client_secret"].is_string() {
            self.told["secrets"][id] = made["client_secret"].clone();
        }
    }

    async fn tokens(&self, browser: &Browser, client_id: &str, scope: &str) -> Tokens {
        self.client(client_id).tokens(&browser.code(client_id, "alice", scope).await).await
    }

    /// Applications of each kind, and a person.
    async fn settle(&mut self) {
        self.register("app", json!({"skip_consent": true})).await;
        self.register("asking", json!({})).await;
        let confidential = json!({
            "skip_consent": true, "token_endpoint_auth_method": "client_secret_basic", "access_token_format": "opaque",
        });
        self.register("opaque", confidential).await;
        let alice = json!({"username": "alice", "password": PASSWORD, "email": "alice@example.com"});
        self.admin(Method::POST, "/users", alice).await.is(201);
    }

    /// Things that have ended, each in its way.
    async fn endings(&mut self) {
        let other = Browser::new(self.http.clone(), ISSUER);
        let tokens = self.tokens(&other, "app", "openid").await;
        let page = other.get("/logout").await;
        other.submit(&page, "/logout", &[]).await;
        self.told["ended"] = json!({"refresh": tokens.refresh, "reason": "logout"});
        let browser = Browser::new(self.http.clone(), ISSUER);
        let tokens = self.tokens(&browser, "app", "openid").await;
        self.client("app").revoke(&tokens.access).await.is(200);
        self.told["revoked"] = tokens.access.into();
        let browser = Browser::new(self.http.clone(), ISSUER);
        let page = browser.open("/login").await;
        browser.log_in(&page, "nobody", "a wrong password").await;
    }

    /// A browser with all that may wait in it.
    async fn living(&mut self) {
        let browser = Browser::new(self.http.clone(), ISSUER);
        let first = self.tokens(&browser, "app", "openid profile email").await;
        let app = Tokens::of(self.client("app").refresh(&first.refresh).await.ok());
        let opaque = self.tokens(&browser, "opaque", "openid").await;
        let asking = self.tokens(&browser, "asking", "openid email").await;
        let offline = self.tokens(&browser, "app", "openid offline_access").await;
        let machine = Tokens::of(self.client("demo-service").client_credentials(&[]).await.ok());
        let pair = |tokens: Tokens| json!({"access": tokens.access, "refresh": tokens.refresh, "id": tokens.id});
        self.told["app"] = pair(app);
        self.told["opaque"] = pair(opaque);
        self.told["asking"] = pair(asking);
        self.told["offline"] = pair(offline);
        self.told["machine"] = machine.access.into();
        let waiting = Browser::new(self.http.clone(), ISSUER).authorize("app", &[("state", "waiting")]).await;
        self.told["waiting"] = waiting.url.as_str().into();
        self.told["code"] = browser.code("app", "alice", "openid").await.into();
        self.told["cookies"] = json!(browser.cookies());
        self.told["made_at"] = SystemClock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true).into();
    }
}

/// A home in which the program of the release serves.
fn home_on(url: &str, key: Option<&Path>) -> Home {
    let environment: Vec<_> =
        [("ISSUER", ISSUER), ("DATABASE__URL", url)].into_iter().filter(|(_, v)| !v.is_empty()).collect();
    let home = Home::of(&program(), &environment);
    if let Some(key) = key {
        let keys = home.path().join("keys");
        fs::DirBuilder::new().mode(0o700).create(&keys).unwrap();
        fs::copy(key, keys.join("root.key")).unwrap();
        fs::set_permissions(keys.join("root.key"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    home
}

/// Lets the program serve there, and gives what is alive when it is done.
async fn live(home: &Home) -> Value {
    let server = home.serve().await;
    let mut living = Living::at(home);
    living.settle().await;
    living.endings().await;
    living.living().await;
    assert!(server.stop().await.success());
    living.told
}

fn write(into: &Path, name: &str, told: &Value) {
    fs::write(into.join(name), serde_json::to_string_pretty(told).unwrap() + "\n").unwrap();
}

/// Makes the whole fixture in this folder.
async fn make(into: &Path) {
    fs::create_dir_all(into).unwrap();
    let home = home_on("", None);
    write(into, "sqlite.json", &live(&home).await);
    let (file, kept) = (home.path().join("data/doorward.db"), into.join("sqlite.db"));
    let mut on = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    drop(fs::remove_file(&kept));
    // Small pages, because most tables here have few rows.
    let vacuum = format!("PRAGMA page_size = 1024; VACUUM INTO '{}'", kept.display());
    on.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(vacuum))).await.unwrap();
    let key = into.join("test-root.key");
    fs::copy(home.path().join("keys/root.key"), &key).unwrap();

    let url = cluster().empty().await;
    write(into, "postgres.json", &live(&home_on(&url, Some(&key))).await);
    fs::write(into.join("postgres.sql"), Cluster::dump(&url)).unwrap();

    let sources = std::env::var("DOORWARD_FIXTURE_SOURCES").map_or_else(|_| root().join("src/store"), PathBuf::from);
    fs::write(into.join("statements.sql"), statements::of_sources(&sources).join(";\n") + ";\n").unwrap();
}

/// A node of that release that was already there, and one of this build that comes beside it: what one does the other
/// knows, both ways.
async fn beside_a_node_of_this_build(from: &Path) {
    let fixture = Fixture::copy(from, Engine::Postgres).await;
    let key = from.join("test-root.key");
    let old = home_on(&fixture.url, Some(&key));
    let old_server = old.serve().await;
    let keys = old.path().join("keys").display().to_string();
    let new = Home::new(&[("ISSUER", ISSUER), ("DATABASE__URL", &fixture.url), ("KEYS__DIRECTORY", &keys)]);
    let new_server = new.serve().await;
    let (old_http, new_http) = (http_to(old.port), http_to(new.port));
    for (here, there) in [(&old_http, &new_http), (&new_http, &old_http)] {
        let app = |http: &reqwest::Client| Client {
            http: http.clone(),
            issuer: ISSUER.into(),
            id: "app".into(),
            secret: None,
        };
        let browser = Browser::new(here.clone(), ISSUER);
        let tokens = app(there).tokens(&browser.code("app", "alice", "openid").await).await;
        let tokens = Tokens::of(app(here).refresh(&tokens.refresh).await.ok());
        app(there).userinfo(&tokens.access).await.ok();
        let browser = browser.through(there.clone());
        browser.get("/account").await.is(200);
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await;
        for http in [here, there] {
            assert_ne!(app(http).userinfo(&tokens.access).await.status, 200);
            app(http).refresh(&tokens.refresh).await.refused("invalid_grant");
        }
    }
    assert!(old_server.stop().await.success() && new_server.stop().await.success());
    for home in [&old, &new] {
        assert!(!home.said().contains("ERROR") && !home.said().contains("panicked"), "{}", home.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_made_kept_and_opened() {
    let folder = Folder::new();
    let into = std::env::var("DOORWARD_FIXTURE").map_or_else(|_| folder.0.clone(), PathBuf::from);
    make(&into).await;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let opened = Fixture::copy(&into, engine).await.open().await;
        alive::check(&opened).await;
        opened.finish().await;
    }
    beside_a_node_of_this_build(&into).await;
}
