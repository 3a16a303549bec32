//! A world to test in: the real server on either engine, with people, browsers and clients. Its end looks over the database.

use std::net::TcpListener;
use std::ops::Deref;
use std::sync::Arc;

use doorward::app::{App, Listeners, Running};
use doorward::config::Config;
use doorward::domain::policy::Policy;
use doorward::jobs::deliver::Courier;
use doorward::jobs::tally::Tally;
use doorward::jobs::{Shift, clean, expire, mail};
use doorward::remote::directory::Directory;
use doorward::remote::egress::Rules;
use doorward::remote::geo::Geo;
use doorward::web::page::Pages;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::{Client, Tokens};
use crate::stage::{Around, Engine, Stage, developer, mailing, policy};

pub struct World {
    stage: Stage,
    pub issuer: String,
    /// Where it really listens, whatever the issuer is called.
    pub port: u16,
    http: reqwest::Client,
    running: Running,
}

/// How a world differs from the usual one.
pub struct Setting {
    /// The issuer; `{port}` stands for the port the server listens on.
    pub issuer: &'static str,
    /// Further keys of the configuration.
    pub config: &'static [(&'static str, &'static str)],
    pub change: fn(&mut Policy),
    /// Where the server may call.
    pub egress: fn() -> Rules,
    /// Where passwords are kept that are not kept here.
    pub directory: fn() -> Option<Directory>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { issuer: "http://localhost:{port}", config: &[], change: |_| {}, egress: developer, directory: || None }
    }
}

impl Deref for World {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl World {
    /// A world with two people: alice and bob.
    pub async fn on(engine: Engine) -> Self {
        Self::with(engine, Setting::default()).await
    }

    pub async fn with(engine: Engine, setting: Setting) -> Self {
        Box::pin(Self::knowing(engine, setting, Geo::default())).await
    }

    /// As [`World::with`], where something is known about addresses.
    pub async fn knowing(engine: Engine, setting: Setting, geo: Geo) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = setting.issuer.replace("{port}", &port.to_string());
        let mut policy = policy(&issuer);
        (setting.change)(&mut policy);
        let around = Around {
            egress: (setting.egress)(),
            geo,
            mailing: mailing(),
            directory: (setting.directory)(),
            ..Around::default()
        };
        let stage = Stage::among(engine, policy, around).await;
        let config = configuration(&stage, &issuer, setting.config);
        let app = App {
            config,
            authority: Arc::clone(&stage.authority),
            pages: Pages::new(None, stage.authority.languages.clone()).unwrap(),
            tally: Tally::default(),
            seeded: false,
        };
        let running = app.serve(Listeners::on(listener)).unwrap();
        for username in ["alice", "bob"] {
            stage.person(username).await;
        }
        Self { stage, issuer, port, http: http(), running }
    }

    pub fn http(&self) -> reqwest::Client {
        self.http.clone()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.http(), &self.issuer)
    }

    /// A client that asks for consent, public unless the metadata says otherwise.
    pub async fn client(&self, id: &str, metadata: Value) -> Client {
        let mut whole = json!({"token_endpoint_auth_method": "none"});
        for (member, value) in metadata.as_object().unwrap() {
            whole[member] = value.clone();
        }
        let secret = self.stage.client(id, whole).await;
        Client { http: self.http(), issuer: self.issuer.clone(), id: id.into(), secret }
    }

    /// A public client that nobody is asked about.
    pub async fn app(&self, id: &str) -> Client {
        self.client(id, json!({"skip_consent": true})).await
    }

    /// A confidential client that nobody is asked about.
    pub async fn backend(&self, id: &str) -> Client {
        self.client(id, json!({"skip_consent": true, "token_endpoint_auth_method": "client_secret_basic"})).await
    }

    /// A machine with a secret.
    pub async fn machine(&self, id: &str, metadata: Value) -> Client {
        let mut whole = json!({
            "redirect_uris": [], "response_types": [], "post_logout_redirect_uris": [],
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic",
        });
        for (member, value) in metadata.as_object().unwrap() {
            whole[member] = value.clone();
        }
        self.client(id, whole).await
    }

    /// Alice signs in to this client with a new browser.
    pub async fn signed_in(&self, client: &Client) -> (Browser, Tokens) {
        let browser = self.browser();
        let code = browser.code(&client.id, "alice", "openid profile email").await;
        let tokens = client.tokens(&code).await;
        (browser, tokens)
    }

    /// The clock-driven work of this moment.
    pub async fn jobs(&self) {
        let shift = Shift::new(Arc::clone(&self.authority), Tally::default());
        let deadline = self.authority.now() + chrono::TimeDelta::minutes(1);
        expire::run(shift.clone(), deadline).await.unwrap();
        clean::run(shift.clone(), deadline).await.unwrap();
        mail::run(shift).await.unwrap();
        self.courier().run_out().await.unwrap();
    }

    /// Tells others what ended.
    pub fn courier(&self) -> Courier {
        Courier::new(Shift::new(Arc::clone(&self.authority), Tally::default()))
    }

    /// The end: the database is looked over while the server, whose threads hold its connections, still lives.
    pub async fn finish(self) {
        self.stage.verify().await;
        self.jobs().await;
        self.stage.verify_after_the_jobs().await;
        self.running.stop().await;
    }
}

/// What an operator would have written.
fn configuration(stage: &Stage, issuer: &str, more: &[(&str, &str)]) -> Config {
    let keys = stage.folder().join("keys").display().to_string();
    let usual = [
        ("ISSUER", issuer),
        ("SERVER__WORKERS", "1"),
        ("DATABASE__URL", stage.url.as_str()),
        ("KEYS__DIRECTORY", keys.as_str()),
    ];
    let environment = usual.iter().chain(more).map(|(key, value)| (format!("DOORWARD__{key}"), (*value).to_owned()));
    Config::load(None, environment).unwrap()
}

/// Follows nothing, trusts nobody, keeps no cookie.
pub fn http() -> reqwest::Client {
    builder().build().unwrap()
}

/// As [`http`], for an issuer `http://localhost` that listens on this port.
pub fn http_to(port: u16) -> reqwest::Client {
    builder().resolve("localhost", ([127, 0, 0, 1], port).into()).build().unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}

/// Makes every function a test on both engines. Each gets a new world and gives it back to be looked over.
macro_rules! on_both {
    ($($(#[$note:meta])* async fn $name:ident($world:ident) $body:block)*) => {
        crate::world::on_both_with! {
            crate::world::Setting::default();
            $($(#[$note])* async fn $name($world) $body)*
        }
    };
}
pub(crate) use on_both;

/// As [`on_both`], in worlds of a setting, which is written with its whole path.
macro_rules! on_both_with {
    ($setting:expr; $($(#[$note:meta])* async fn $name:ident($world:ident) $body:block)*) => {$(
        $(#[$note])*
        async fn $name($world: &crate::world::World) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let world = crate::world::World::with(crate::stage::Engine::Sqlite, $setting).await;
                super::$name(&world).await;
                world.finish().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let world = crate::world::World::with(crate::stage::Engine::Postgres, $setting).await;
                super::$name(&world).await;
                world.finish().await;
            }
        }
    )*};
}
pub(crate) use on_both_with;
