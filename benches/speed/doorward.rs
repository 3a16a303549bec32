//! Doorward itself: started as a developer starts it, with clients and people to measure with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::operation::sign_in;
use crate::options::RunOptions;
use crate::outcome::{Outcome, fail};
use crate::process::{Server, free_port};
use crate::provider::{App, Processes, Provider, SendSecret, Service, discover, place};
use crate::receiver::Receiver;
use crate::request::{JSON, Request, basic, bearer, form, member};
use crate::seed::{self, Kind};

const REDIRECT_URI: &str = "http://localhost:9/callback";

/// The client that hears of logouts.
const LISTENER: &str = "bench-listener";

/// Whoever signs in again and again.
pub struct Person {
    pub username: String,
    pub password: String,
}

/// A Doorward that runs, and what only it can do.
pub struct Doorward {
    /// Until it is stopped.
    server: Option<Server>,
    home: Home,
    pub people: Vec<Person>,
    receiver: Rc<Receiver>,
}

/// Where it lives.
#[derive(Clone)]
pub struct Home {
    /// Its working directory, in which everything of it is.
    pub folder: PathBuf,
    pub program: PathBuf,
    pub database_url: String,
    pub port: u16,
    pub database: Vec<u32>,
}

impl Home {
    /// A new one in a new folder, on SQLite.
    pub fn on_sqlite(folder: PathBuf, program: PathBuf) -> Outcome<Self> {
        fs::create_dir_all(&folder)?;
        let database_url = format!("sqlite:{}", folder.join("data/doorward.db").display());
        Ok(Self { folder, program, database_url, port: free_port()?, database: Vec::new() })
    }

    /// A new one on this database of a PostgreSQL server, whose first process is named.
    pub fn on_postgres(folder: PathBuf, program: PathBuf, (database_url, server): (String, u32)) -> Outcome<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, program, database_url, port: free_port()?, database: vec![server] })
    }

    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// How many bytes the database takes on the disk, once its housekeeping is done.
    pub async fn size(&self) -> Outcome<u64> {
        seed::settle(&self.database_url).await?;
        if self.database_url.starts_with("sqlite:") {
            return Ok(file_size(&self.folder));
        }
        seed::postgres_size(&self.database_url).await
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self) -> Outcome<Server> {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOORWARD")) {
            command.env_remove(name);
        }
        let bind = format!("127.0.0.1:{}", self.port);
        let settings =
            [("ISSUER", self.issuer()), ("SERVER__BIND", bind), ("DATABASE__URL", self.database_url.clone())];
        command.envs(settings.map(|(name, value)| (format!("DOORWARD__{name}"), value)));
        command.current_dir(&self.folder);
        Server::start(&mut command, &self.folder.join("log"), ("localhost", self.port), "/readyz").await
    }
}

impl Doorward {
    /// Starts one that is new, and makes what is measured with: browsers that are signed in, one for each connection.
    pub async fn provider(name: String, home: Home, options: &RunOptions, receiver: Rc<Receiver>) -> Outcome<Provider> {
        let server = home.serve().await?;
        let issuer = Url::parse(&home.issuer())?;
        let (address, host) = place(&issuer)?;
        let processes = Processes { server: vec![server.id()], database: home.database.clone() };
        let doorward = Self { server: Some(server), home, people: Vec::new(), receiver };
        let mut provider = Provider {
            name,
            address,
            host,
            endpoints: discover(&issuer).await?,
            services: Vec::new(),
            apps: Vec::new(),
            cookies: Vec::new(),
            processes,
            doorward: None,
        };
        furnish(&mut provider, &doorward).await?;
        let people = people(&provider, &doorward, options.people).await?;
        provider.doorward = Some(Self { people, ..doorward });
        let demo = first_run(&provider)?;
        let word = |name: &str| demo["demo_user"][name].as_str().unwrap_or_default().to_owned();
        for _ in 0..options.connections {
            let cookie = sign_in(&provider, &word("username"), &word("password")).await?;
            provider.cookies.push(cookie);
        }
        Ok(provider)
    }

    /// How many bytes its database takes on the disk.
    pub async fn size(&self) -> Outcome<u64> {
        self.home.size().await
    }

    /// A token for the admin API.
    pub async fn admin_token(&self, provider: &Provider) -> Outcome<String> {
        let told: Value = serde_json::from_slice(&fs::read(self.home.folder.join("data/first-run.json"))?)?;
        let word = |name: &str| told["admin_client"][name].as_str().unwrap_or_default().to_owned();
        let proof = basic(&word("client_id"), &word("client_secret"));
        let request = provider.form(&provider.endpoints.token, &[proof], &[("grant_type", "client_credentials")]);
        member(&provider.ask(&request).await?, "access_token").ok_or_else(|| "no token for the admin API".into())
    }

    /// New sessions, in which the client that hears of logouts takes part.
    pub async fn sessions_to_end(&self, count: u64) -> Outcome<Vec<Uuid>> {
        let lot = seed::fill(&self.home.database_url, count, Kind { client_id: LISTENER.into() }).await?;
        Ok(lot)
    }

    /// How many logouts the clients were told of.
    pub fn told(&self) -> u64 {
        self.receiver.told()
    }
}

impl Provider {
    /// Stops a Doorward and starts it again on what it has; gives how long the start took.
    pub async fn restart(&mut self) -> Outcome<Duration> {
        let Some(doorward) = &mut self.doorward else { return fail("not ours to restart") };
        if let Some(server) = doorward.server.take() {
            server.stop().await?;
        }
        let server = doorward.home.serve().await?;
        let took = server.ready_after;
        self.processes.server = vec![server.id()];
        doorward.server = Some(server);
        Ok(took)
    }
}

fn first_run(provider: &Provider) -> Outcome<Value> {
    let Some(doorward) = &provider.doorward else { return fail("no first run") };
    Ok(serde_json::from_slice(&fs::read(doorward.home.folder.join("data/first-run.json"))?)?)
}

/// Makes the clients.
async fn furnish(provider: &mut Provider, doorward: &Doorward) -> Outcome<()> {
    let admin = doorward.admin_token(provider).await?;
    for (token, format) in [("ES256", "jwt"), ("opaque", "opaque")] {
        let wanted = json!({
            "client_name": format!("Bench {token}"), "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["client_credentials"], "response_types": [], "scope": "read write",
            "access_token_format": format,
        });
        let made = create(provider, &admin, "/api/v1/clients", &wanted).await?;
        let word = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        provider.services.push(Service {
            token: token.into(),
            client_id: word("client_id"),
            client_secret: word("client_secret"),
            scope: None,
            send_secret: SendSecret::Basic,
        });
    }
    for token in ["ES256", "EdDSA", "RS256"] {
        let app = app(provider, &admin, token).await?;
        provider.apps.push(app);
    }
    let listener = json!({
        "client_id": LISTENER, "client_name": "Listener", "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "ES256", "scope": "openid",
        "backchannel_logout_uri": format!("http://localhost:{}/logout", doorward.receiver.port),
        "backchannel_logout_session_required": true,
    });
    create(provider, &admin, "/api/v1/clients", &listener).await.map(drop)
}

async fn app(provider: &Provider, admin: &str, token: &str) -> Outcome<App> {
    let wanted = json!({
        "client_name": format!("Bench {token}"), "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile", "id_token_signed_response_alg": token, "skip_consent": true,
    });
    let made = create(provider, admin, "/api/v1/clients", &wanted).await?;
    Ok(App {
        token: token.into(),
        client_id: made["client_id"].as_str().unwrap_or_default().into(),
        client_secret: None,
        redirect_uri: REDIRECT_URI.into(),
        scope: "openid profile".into(),
    })
}

/// Makes the people who sign in again and again.
async fn people(provider: &Provider, doorward: &Doorward, count: usize) -> Outcome<Vec<Person>> {
    let admin = doorward.admin_token(provider).await?;
    let mut people = Vec::new();
    for at in 0..count {
        let person = Person { username: format!("bench-{at}"), password: format!("a long word of person {at}") };
        let wanted = json!({ "username": person.username, "password": person.password });
        create(provider, &admin, "/api/v1/users", &wanted).await?;
        people.push(person);
    }
    Ok(people)
}

async fn create(provider: &Provider, admin: &str, path: &str, wanted: &Value) -> Outcome<Value> {
    let (body, headers) = (wanted.to_string(), [bearer(admin)]);
    let request =
        Request { method: "POST", target: path, host: &provider.host, headers: &headers, body: Some((JSON, &body)) };
    Ok(serde_json::from_slice(&provider.ask(&request.bytes()).await?)?)
}

/// The bytes of a SQLite database with its log.
fn file_size(folder: &Path) -> u64 {
    let size = |name: &str| fs::metadata(folder.join("data").join(name)).map_or(0, |file| file.len());
    size("doorward.db") + size("doorward.db-wal")
}

/// An authorization request by somebody unknown.
pub fn strange_authorization(provider: &Provider, app: &App) -> Vec<u8> {
    provider.get(&format!("{}?{}", provider.endpoints.authorization, form(&asked(app))), &[])
}

/// The same, pushed by a client that proves nothing (RFC 9126).
pub fn strange_push(provider: &Provider, app: &App) -> Vec<u8> {
    provider.form("/oauth2/par", &[], &asked(app))
}

fn asked(app: &App) -> [(&str, &str); 6] {
    [
        ("client_id", &app.client_id),
        ("redirect_uri", &app.redirect_uri),
        ("response_type", "code"),
        ("scope", &app.scope),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]
}
