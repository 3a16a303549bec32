//! A database of an earlier release, opened by this one at the moment at which it was left.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward::app::{App, Listeners, Running};
use doorward::base::clock::{Clock, HandClock, Time};
use doorward::base::entropy::SeededEntropy;
use doorward::config::Config;
use doorward::domain::password::Cost;
use doorward::flows::Sources;
use doorward::store::db::Db;
use serde_json::Value;

use super::making::ISSUER;
use crate::browser::Browser;
use crate::client::Client;
use crate::engines::Folder;
use crate::postgres::cluster;
use crate::stage::Engine;
use crate::tools::root;
use crate::verifier;
use crate::world::http_to;

/// The names of the releases of which databases are kept, oldest first.
pub fn releases() -> Vec<String> {
    let entries = fs::read_dir(root().join("tests/fixtures")).unwrap().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn folder_of(release: &str) -> PathBuf {
    root().join("tests/fixtures").join(release)
}

/// A copy of such a database that nobody has opened yet.
pub struct Fixture {
    folder: Folder,
    pub url: String,
    /// What lives in it, and when it was left.
    pub told: Value,
}

impl Fixture {
    pub async fn copy(from: &Path, engine: Engine) -> Self {
        let folder = Folder::new();
        let file = folder.0.join("doorward.db");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.0.join("keys")).unwrap();
        let key = folder.0.join("keys/root.key");
        fs::copy(from.join("test-root.key"), &key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let url = match engine {
            Engine::Sqlite => {
                fs::copy(from.join("sqlite.db"), &file).unwrap();
                format!("sqlite:{}", file.display())
            }
            Engine::Postgres => cluster().restored(&fs::read_to_string(from.join("postgres.sql")).unwrap()).await,
        };
        let told = fs::read(from.join(format!("{}.json", name_of(engine)))).unwrap();
        Self { folder, url, told: serde_json::from_slice(&told).unwrap() }
    }

    /// The database as this release makes it.
    pub async fn migrated(&self) -> Db {
        let db = Db::open(&self.url).await.unwrap();
        db.migrate().await.unwrap();
        db
    }

    /// This release on it.
    pub async fn open(self) -> Upgraded {
        let keys = self.folder.0.join("keys").display().to_string();
        let environment = [
            ("ISSUER", ISSUER),
            ("SERVER__WORKERS", "1"),
            ("DATABASE__URL", self.url.as_str()),
            ("KEYS__DIRECTORY", keys.as_str()),
        ];
        let environment = environment.map(|(key, value)| (format!("DOORWARD__{key}"), value.to_owned()));
        let config = Config::load(None, environment).unwrap();
        let clock = HandClock::at(self.told["made_at"].as_str().unwrap().parse::<Time>().unwrap());
        let sources = Sources { clock: Arc::new(clock.clone()), entropy: Arc::new(SeededEntropy::new(11)) };
        let app = App::open(config, sources, Cost { memory: 64, passes: 1, lanes: 1 }).await.unwrap();
        assert!(!app.seeded, "somebody lives here");
        let db = app.authority.db.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = http_to(listener.local_addr().unwrap().port());
        let running = app.serve(Listeners::on(listener)).unwrap();
        Upgraded { told: self.told.clone(), _fixture: self, clock, http, running, db }
    }
}

pub fn name_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

/// What earlier releases did otherwise, and what stays of it: before 0008 nobody was told what ended, and before 0012 every
/// grant was an entry of the timeline.
const OLD_WAYS: [&str; 2] = ["an end that the outbox does not hold", "a sampled entry that stands twice"];

/// A server of this release on such a database.
pub struct Upgraded {
    _fixture: Fixture,
    pub told: Value,
    clock: HandClock,
    http: reqwest::Client,
    running: Running,
    db: Db,
}

impl Upgraded {
    pub fn text(&self, pointer: &str) -> &str {
        self.told.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} is not told"))
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.http.clone(), ISSUER)
    }

    /// A client with the secret that it has there, if any.
    pub fn client(&self, id: &str) -> Client {
        let secret = self.told["secrets"][id].as_str().map(str::to_owned);
        Client { http: self.http.clone(), issuer: ISSUER.into(), id: id.into(), secret }
    }

    /// The end: the database is looked over.
    pub async fn finish(self) {
        let mut found = verifier::findings(&self.db, self.clock.now()).await;
        found.retain(|finding| !OLD_WAYS.iter().any(|way| finding.starts_with(way)));
        assert!(found.is_empty(), "the database is not as it must be:\n{}", found.join("\n"));
        self.running.stop().await;
    }
}
