//! The composition root: a configuration in, a running server out.
//!
//! ```text
//! let listeners = Listeners::bind(&config)?;              // nothing is written if this fails
//! let app = App::open(config, Sources::system(), COST).await?;
//! let mut running = app.serve(listeners)?;
//! running.start_jobs();
//! …
//! running.stop().await;                                   // what was begun is finished
//! ```
//!
//! `server` holds the listeners and the HTTP server; `tls`, `root_key` and `disk` the files it needs.

pub mod disk;
pub mod root_key;
pub mod server;
pub mod tls;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::base::clock::SystemClock;
use crate::base::duration::Duration;
use crate::base::entropy::SystemEntropy;
use crate::config::{self, Config, Profile};
use crate::domain::language::Languages;
use crate::domain::lifetime::Lifetimes;
use crate::domain::limit::SessionLimit;
use crate::domain::password::Cost;
use crate::domain::policy::{Limits, Policy};
use crate::domain::watch::Watching;
use crate::flows::first_run::{self, FirstRunError};
use crate::flows::keys::KeysError;
use crate::flows::languages::{self, LanguagesError};
use crate::flows::mail::Mailing;
use crate::flows::mail::letters::{Letters, LettersError};
use crate::flows::passwords::Passwords;
use crate::flows::{Authority, Means, Sources};
use crate::jobs::tally::Tally;
use crate::protocol::step_up::Demand;
use crate::remote::breached::{Breached, NoList};
use crate::remote::directory::{Directory, NoDirectory};
use crate::remote::egress::{Egress, NoEgress, Rules};
use crate::remote::geo::{Geo, NoGeo};
use crate::remote::mail::{Mailer, NoMailer, Privacy, Relay};
use crate::store;
use crate::store::db::{Db, Fault, OpenError};
use crate::web::page::{Pages, ThemeError};
use root_key::{RootKeyError, Sealed};
pub use server::{Listeners, Running};

/// Why the server does not start, in one line that names what to mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("egress.ca_file: {0}: {1}")]
    CaFile(String, io::Error),
    #[error(transparent)]
    Egress(#[from] NoEgress),
    #[error(transparent)]
    Geo(#[from] NoGeo),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("{setting}: cannot listen on {address}: {cause}")]
    Listen { setting: &'static str, address: std::net::SocketAddr, cause: io::Error },
    #[error(transparent)]
    Directory(#[from] NoDirectory),
    #[error(transparent)]
    List(#[from] NoList),
    #[error(transparent)]
    Mailer(#[from] NoMailer),
    #[error("pages.theme: {0}")]
    Languages(#[from] LanguagesError),
    #[error("pages.theme: {0}")]
    Letters(#[from] LettersError),
    #[error("pages.theme: {} is not a folder", .0.display())]
    NoTheme(PathBuf),
    #[error("pages.theme: {0}")]
    Theme(#[from] ThemeError),
    #[error("password.workers: no thread to hash on: {0}")]
    Workers(#[source] io::Error),
    #[error("cannot serve: {0}")]
    Serve(#[source] io::Error),
    #[error("the first run: {file}: {cause}")]
    FirstRun { file: String, cause: FirstRunError },
}

impl Sources {
    /// The machine's own clock and chance.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
    }
}

/// Everything that serves, not listening yet.
pub struct App {
    pub config: Config,
    pub authority: Arc<Authority>,
    pub pages: Pages,
    pub tally: Tally,
    /// Whether this start made the accounts of the first run.
    pub seeded: bool,
}

impl App {
    /// Opens everything for a server: claims the database, brings it up to date, and makes what a first run makes.
    pub async fn open(config: Config, sources: Sources, cost: Cost) -> Result<Self, StartError> {
        let theme = config.pages.theme.as_deref();
        if let Some(folder) = theme.filter(|folder| !folder.is_dir()) {
            return Err(StartError::NoTheme(folder.to_owned()));
        }
        let languages = languages::open(theme)?;
        let pages = Pages::new(theme, languages.clone())?;
        let db = Db::open(config.database.url.expose()).await?;
        db.own()?;
        let authority = found(&config, db, sources, cost, languages).await?;
        let seeded = start_first_run(&config, &authority).await?;
        Ok(Self { config, authority: Arc::new(authority), pages, tally: Tally::default(), seeded })
    }
}

/// Opens everything for a command, which may run beside servers.
pub async fn open_beside(config: &Config, sources: Sources, cost: Cost) -> Result<Authority, StartError> {
    let languages = languages::open(config.pages.theme.as_deref())?;
    found(config, Db::open(config.database.url.expose()).await?, sources, cost, languages).await
}

/// The authority on a database that is brought up to date first.
async fn found(
    config: &Config,
    db: Db,
    sources: Sources,
    cost: Cost,
    languages: Languages,
) -> Result<Authority, StartError> {
    // Reading the system's certificates takes a while; meanwhile the database is brought up to date.
    let rules = rules(config)?;
    let egress = spawn_blocking(|| Egress::new(rules));
    db.migrate().await?;
    let sealed = match store::key::all(&db).await?.as_slice() {
        [] => Sealed::Nothing,
        _ => Sealed::SigningKeys,
    };
    let root = root_key::obtain(&config.keys.directory, sealed, sources.entropy.as_ref())?;
    let passwords = Passwords::start(config.password.workers, cost, sources.entropy.as_ref());
    let passwords = passwords.map_err(StartError::Workers)?;
    let passwords = match &config.password.blocklist {
        Some(list) => passwords.knowing(Breached::open(list)?),
        None => passwords,
    };
    for gap in languages.gaps() {
        tracing::warn!(language = gap.tag, missing = ?gap.missing, unknown = ?gap.unknown, "a file of messages has gaps");
    }
    let (mailing, directory) = (mailing(config)?, directory(config)?);
    let egress = egress.await.map_err(|cause| StartError::Serve(cause.into()))??;
    let means = Means { passwords, egress, geo: geo(config)?, mailing, languages, directory };
    Ok(Authority::open(policy(config), db, &root, sources, means).await?)
}

/// What is trusted beside the public authorities.
fn certificates(config: &Config) -> Result<Vec<u8>, StartError> {
    let Some(file) = &config.egress.ca_file else { return Ok(Vec::new()) };
    std::fs::read(file).map_err(|cause| StartError::CaFile(file.display().to_string(), cause))
}

/// The directory that keeps people's passwords.
pub fn directory(config: &Config) -> Result<Option<Directory>, StartError> {
    let Some(ldap) = &config.ldap else { return Ok(None) };
    let authorities = match &ldap.ca_file {
        Some(file) => {
            std::fs::read(file).map_err(|cause| NoDirectory::Certificates(format!("{}: {cause}", file.display())))?
        }
        None => Vec::new(),
    };
    Ok(Some(Directory::open(ldap.directory.clone(), &authorities)?))
}

/// What the one way out may reach, as the operator allows it.
fn rules(config: &Config) -> Result<Rules, StartError> {
    let certificates = certificates(config)?;
    let allow = config.egress.allow.iter().map(|endpoint| (endpoint.host.clone(), endpoint.port)).collect();
    Ok(Rules { allow, loopback: config.is_development(), certificates })
}

/// How mail is written and sent.
fn mailing(config: &Config) -> Result<Mailing, StartError> {
    let letters = Letters::new(config.pages.theme.as_deref())?;
    let Some(server) = &config.mail.server else {
        return Ok(Mailing { letters, mailer: Mailer::Nowhere, mailbox: config.is_development() });
    };
    let own_name = config.issuer.url().host_str().unwrap_or("localhost").to_owned();
    let relay = Relay {
        host: server.host.clone(),
        port: server.port,
        privacy: match server.privacy {
            config::Privacy::Tls => Privacy::Tls,
            config::Privacy::StartTls => Privacy::StartTls,
            config::Privacy::None => Privacy::None,
        },
        credentials: server.credentials.clone(),
        from: config.mail.from.clone().unwrap_or_else(|| format!("no-reply@{own_name}")),
        own_name,
        certificates: certificates(config)?,
    };
    Ok(Mailing { letters, mailer: Mailer::smtp(&relay)?, mailbox: config.is_development() })
}

/// What is known about addresses.
fn geo(config: &Config) -> Result<Geo, NoGeo> {
    Geo::open(config.geo.country_file.as_deref(), config.geo.asn_file.as_deref())
}

fn policy(config: &Config) -> Policy {
    Policy {
        issuer: config.issuer.as_str().to_owned(),
        session: Limits { idle: config.session.idle, absolute: config.session.absolute },
        lifetimes: Lifetimes {
            preset: config.session.preset,
            remember: config.session.remember,
            roles: config.session.roles.clone(),
            limit_action: config.session.limit_action,
        },
        background_routes: config.session.background_routes.clone(),
        admin_demand: demand(&config.admin),
        userinfo_demand: demand(&config.userinfo),
        required_acr: config.session.acr,
        limit: limit(config),
        offline: config.session.offline,
        access_token: config.token.access_lifetime,
        id_token: config.token.id_lifetime,
        code: config.token.code_lifetime,
        retry_window: config.token.retry_window,
        watching: watching(config),
        key_period: config.keys.rotation,
        session_frame: config.session.frame,
        require_pushed: config.authorize.require_pushed,
        profile: config.profile,
        registration: config.registration,
        mail_sign_in: config.mail.sign_in,
    }
}

fn watching(config: &Config) -> Watching {
    let usual = Watching::default();
    let cookie_window = if config.profile == Profile::Strict { Duration::ZERO } else { usual.cookie_window };
    Watching { cookie_window, on_mark: config.session.on_mark }
}

fn limit(config: &Config) -> Option<SessionLimit> {
    let most = usize::try_from(config.session.limit?.get()).unwrap_or(usize::MAX);
    Some(SessionLimit { most, action: config.session.limit_action })
}

fn demand(setting: &config::Demand) -> Demand {
    let max_age = setting.max_age.and_then(|age| u32::try_from(age.as_seconds()).ok());
    Demand { acr_values: setting.acr_values.clone(), max_age }
}

/// The file that tells the secrets of the first run: beside the embedded database, or in `data`.
pub fn first_run_file(config: &Config) -> PathBuf {
    let folder = config.database.url.file().map_or(Path::new("data"), disk::folder);
    folder.join("first-run.json")
}

/// In the development profile makes the accounts of the first run; in production says how to make the first admin.
async fn start_first_run(config: &Config, authority: &Authority) -> Result<bool, StartError> {
    if !config.is_development() {
        if first_run::is_untouched(authority).await? {
            tracing::warn!(
                "nobody can sign in yet: make the first admin with `doorward user create NAME --role admin`"
            );
        }
        return Ok(false);
    }
    let file = first_run_file(config);
    let shown = file.display().to_string();
    let tell = move |told: &first_run::Told| {
        let text = serde_json::to_string_pretty(told)? + "\n";
        disk::replace(&file, text.as_bytes())
    };
    let seeded = first_run::seed(authority, tell).await;
    seeded.map_err(|cause| StartError::FirstRun { file: shown, cause })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of its own for one test, gone afterwards.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name = format!("doorward-app-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(crate) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
