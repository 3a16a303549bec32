//! The listeners and the HTTP server on them, from bound to stopped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use rustls::ServerConfig;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::{App, StartError, tls};
use crate::config::Config;
use crate::flows::Authority;
use crate::jobs::tally::Tally;
use crate::jobs::{Jobs, Shift};
use crate::web;
use crate::web::discovery::Documents;
use crate::web::health::{self, Metrics};
use crate::web::shell::{Shell, Site, Tls};
use crate::web::stranger::Strangers;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long an idle connection is kept: longer than the proxies in front keep theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take for the TLS handshake, and how long to send the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long requests that were begun may take to finish once the server stops, in seconds.
const FAREWELL: u64 = 30;

/// Where the server listens: bound, so that clients may knock, but not answering yet.
pub struct Listeners {
    main: TcpListener,
    tls: Option<ServerConfig>,
    metrics: Option<TcpListener>,
}

impl Listeners {
    /// Reads the certificate and binds the addresses of the configuration. Call it within a runtime.
    pub fn bind(config: &Config) -> Result<Self, StartError> {
        let tls = config.server.tls.as_ref().map(tls::load).transpose()?;
        let main = bind("server.bind", config.server.bind)?;
        let metrics = config.metrics.bind.map(|address| bind("metrics.bind", address)).transpose()?;
        Ok(Self { main, tls, metrics })
    }

    /// A listener that somebody else bound, in plain http.
    pub fn on(main: TcpListener) -> Self {
        Self { main, tls: None, metrics: None }
    }
}

fn bind(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    bound().map_err(|cause| StartError::Listen { setting, address, cause })
}

/// A server that answers.
pub struct Running {
    pub authority: Arc<Authority>,
    pub tally: Tally,
    pub address: SocketAddr,
    pub metrics: Option<SocketAddr>,
    servers: Vec<Serving>,
    jobs: Option<Jobs>,
}

struct Serving {
    handle: ServerHandle,
    end: JoinHandle<io::Result<()>>,
}

impl App {
    /// Answers from now on.
    pub fn serve(self, listeners: Listeners) -> Result<Running, StartError> {
        let served = |listener: &TcpListener| listener.local_addr().map_err(StartError::Serve);
        let address = served(&listeners.main)?;
        let metrics = listeners.metrics.as_ref().map(served).transpose()?;
        let workers = self.config.server.workers;
        let shown = Arc::new(Metrics::with(|registry| self.tally.register(registry)));
        let tls = if listeners.tls.is_some() { Tls::Here } else { Tls::Before };
        let development = self.config.is_development();
        let Self { config, authority, pages, tally, .. } = self;
        let shell = Data::new(Shell {
            authority: authority.clone(),
            pages,
            site: Site::new(config.issuer.url(), config.server.trusted_proxies, tls),
            metrics: shown.clone(),
            documents: Documents::default(),
            strangers: Strangers::new(workers),
            metrics_here: metrics.is_none() && development,
        });
        let pages = move |routes: &mut ServiceConfig| web::configure(routes, &shell);
        let mut servers = vec![start(listeners.main, listeners.tls, workers, pages).map_err(StartError::Serve)?];
        if let Some(listener) = listeners.metrics {
            let numbers = move |routes: &mut ServiceConfig| health::configure_metrics(routes, &shown);
            servers.push(start(listener, None, 1, numbers).map_err(StartError::Serve)?);
        }
        Ok(Running { authority, tally, address, metrics, servers, jobs: None })
    }
}

fn start<R>(listener: TcpListener, tls: Option<ServerConfig>, workers: usize, routes: R) -> io::Result<Serving>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let server = HttpServer::new(move || actix_web::App::new().wrap(from_fn(web::harden)).configure(routes.clone()))
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(PATIENCE)
        .tls_handshake_timeout(PATIENCE)
        .shutdown_timeout(FAREWELL)
        .disable_signals();
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    let server = server.run();
    Ok(Serving { handle: server.handle(), end: tokio::spawn(server) })
}

impl Running {
    /// Starts the clock-driven work; once.
    pub fn start_jobs(&mut self) {
        if self.jobs.is_none() {
            self.jobs = Some(Jobs::start(&Shift::new(self.authority.clone(), self.tally.clone())));
        }
    }

    /// Returns only if a server ends by itself.
    pub async fn failed(&mut self) -> io::Error {
        let ends = self.servers.iter_mut().map(|serving| &mut serving.end);
        let (ended, _, _) = futures_util::future::select_all(ends).await;
        match ended {
            Ok(Err(error)) => error,
            Ok(Ok(())) => io::Error::other("the HTTP server ended"),
            Err(error) => io::Error::other(error),
        }
    }

    /// Takes no more requests, finishes those that were begun, lets the jobs come to an end, and closes the database.
    pub async fn stop(self) {
        let stopping = self.servers.iter().map(|serving| serving.handle.stop(true));
        let jobs = async {
            if let Some(jobs) = self.jobs {
                jobs.stop().await;
            }
        };
        tokio::join!(futures_util::future::join_all(stopping), jobs);
        self.authority.db.close().await;
    }
}
