//! Who takes part in a run: the speed of light, Doorward on each database in each size, and the peers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use serde::Deserialize;
use url::Url;

use crate::doorward::{Doorward, Home};
use crate::options::{Engine, RunOptions};
use crate::outcome::{Outcome, fail};
use crate::postgres::Cluster;
use crate::process::{Server, free_port, resident};
use crate::provider::{App, Endpoints, Processes, Provider, Service, discover, place};
use crate::receiver::Receiver;
use crate::report::Footprint;
use crate::seed::{self, Kind};

/// Everybody who is measured. They all run at the same time, and only one works.
pub struct Lineup {
    pub light: Provider,
    pub providers: Vec<Provider>,
    pub footprints: Vec<Footprint>,
    _servers: Vec<Server>,
    _cluster: Option<Cluster>,
}

/// A folder that is gone afterwards.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(parent: Option<&Path>) -> Outcome<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = std::path::absolute(parent)?.join(format!("doorward-speed-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peers {
    #[serde(default)]
    peer: Vec<Peer>,
}

/// Another provider, as it is described in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    name: String,
    issuer: Url,
    /// The process ids of the server, or files that hold them.
    processes: Vec<ProcessName>,
    #[serde(default)]
    database: Vec<ProcessName>,
    #[serde(default)]
    services: Vec<Service>,
    #[serde(default)]
    apps: Vec<App>,
    #[serde(default)]
    cookies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ProcessName {
    Id(u32),
    File(PathBuf),
}

impl ProcessName {
    fn id(&self) -> Outcome<u32> {
        match self {
            Self::Id(id) => Ok(*id),
            Self::File(file) => {
                let text = fs::read_to_string(file).map_err(|cause| format!("{}: {cause}", file.display()))?;
                Ok(text.lines().next().unwrap_or_default().trim().parse()?)
            }
        }
    }
}

impl Lineup {
    pub async fn start(options: &RunOptions, folder: &Folder) -> Outcome<Self> {
        let receiver = Rc::new(Receiver::listen().await?);
        let (light, server) = light(&folder.0).await?;
        let (mut providers, mut footprints) = (Vec::new(), Vec::new());
        let cluster = if options.engines.contains(&Engine::Postgres) {
            Some(Cluster::start(&folder.0.join("postgres")).await?)
        } else {
            None
        };
        for &sessions in &options.sessions {
            for &engine in &options.engines {
                let home = home((engine, sessions), options, folder, cluster.as_ref()).await?;
                let (provider, footprint) = doorward(engine, sessions, home, (options, receiver.clone())).await?;
                providers.push(provider);
                footprints.push(footprint);
            }
        }
        if let Some(file) = &options.peers {
            let peers: Peers = toml::from_str(&fs::read_to_string(file)?)?;
            for peer in peers.peer {
                providers.push(peer.provider().await?);
            }
        }
        Ok(Self { light, providers, footprints, _servers: vec![server], _cluster: cluster })
    }
}

/// Starts the speed of light: this program, with another word.
async fn light(folder: &Path) -> Outcome<(Provider, Server)> {
    let port = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["light", &port.to_string()]);
    let server = Server::start(&mut command, &folder.join("light.log"), ("localhost", port), "/hello").await?;
    let provider = Provider {
        name: "speed of light".into(),
        address: ([127, 0, 0, 1], port).into(),
        host: format!("localhost:{port}"),
        endpoints: Endpoints::default(),
        services: Vec::new(),
        apps: Vec::new(),
        cookies: Vec::new(),
        processes: Processes { server: vec![server.id()], database: Vec::new() },
        doorward: None,
    };
    Ok((provider, server))
}

async fn home(
    (engine, sessions): (Engine, u64),
    options: &RunOptions,
    folder: &Folder,
    cluster: Option<&Cluster>,
) -> Outcome<Home> {
    let program = options.program.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_doorward").into());
    let place = folder.0.join(format!("{engine:?}-{sessions}").to_lowercase());
    match (engine, cluster) {
        (Engine::Sqlite, _) => Home::on_sqlite(place, program),
        (Engine::Postgres, Some(cluster)) => {
            let url = cluster.create(&format!("doorward_{sessions}")).await?;
            Home::on_postgres(place, program, (url, cluster.id()?))
        }
        (Engine::Postgres, None) => fail("no PostgreSQL"),
    }
}

/// Starts a Doorward, fills it, and starts it again to see how long it takes with what it has.
async fn doorward(
    engine: Engine,
    sessions: u64,
    home: Home,
    (options, receiver): (&RunOptions, Rc<Receiver>),
) -> Outcome<(Provider, Footprint)> {
    let name = match engine {
        Engine::Sqlite => "Doorward on SQLite",
        Engine::Postgres => "Doorward on PostgreSQL",
    };
    let name = if sessions == 0 { name.to_owned() } else { format!("{name}, {} sessions", short(sessions)) };
    eprintln!("starting {name}");
    let mut provider = Doorward::provider(name.clone(), home.clone(), options, receiver).await?;
    let empty = home.size().await?;
    if sessions > 0 {
        seed::fill(&home.database_url, sessions, Kind { client_id: "demo-spa".into() }).await?;
    }
    let full = home.size().await?;
    let start = provider.restart().await?;
    let footprint = Footprint {
        server: name,
        start,
        resident_idle: resident(&provider.processes.server),
        resident_loaded: 0,
        bytes_per_session: full.saturating_sub(empty).checked_div(sessions),
    };
    Ok((provider, footprint))
}

/// 100000 as `100 k`.
fn short(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1000.. if count.is_multiple_of(1000) => format!("{} k", count / 1000),
        _ => count.to_string(),
    }
}

impl Peer {
    async fn provider(self) -> Outcome<Provider> {
        let (address, host) = place(&self.issuer)?;
        let ids = |names: &[ProcessName]| names.iter().map(ProcessName::id).collect::<Outcome<Vec<_>>>();
        let processes = Processes { server: ids(&self.processes)?, database: ids(&self.database)? };
        Ok(Provider {
            name: self.name,
            address,
            host,
            endpoints: discover(&self.issuer).await?,
            services: self.services,
            apps: self.apps,
            cookies: self.cookies,
            processes,
            doorward: None,
        })
    }
}
