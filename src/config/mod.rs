//! Every setting, read once: file and environment in, one struct per concern out, or every problem with its place.
//!
//! `settings` is the table of keys; `source` gathers what was written; `reading` turns texts into the types of `value`;
//! `rules` holds what settings demand of each other; `problem` is what is said otherwise. `reference` writes the table as
//! a document, and `doctor` judges a valid configuration for production.

mod doctor;
mod ldap;
mod mail;
#[cfg(test)]
mod policies;
mod problem;
mod reading;
mod reference;
mod rules;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::thread;

use ipnet::IpNet;

pub use doctor::{Facts, Finding, Severity, findings, places};
pub use ldap::Ldap;
pub use mail::{MailServer, Privacy};
pub use problem::{ConfigError, Place, Problem};
pub use reference::reference;
pub use settings::{Kind, Otherwise, SETTINGS, Setting};
pub use source::File;
pub use value::{DatabaseUrl, Endpoint, Filter, Issuer, LimitAction, LogFormat, Profile};

use crate::base::duration::Duration;
use crate::domain::background::Route;
use crate::domain::lifetime::{Preset, RoleRule};
use crate::domain::policy::Limits;
use crate::domain::policy::{Admission, Registration};
use crate::domain::watch::OnMark;
use reading::Reading;
use source::Sources;
use value::Choice;

/// The file that is read when no other is named and it exists.
pub const DEFAULT_FILE: &str = "doorward.toml";

/// Everything that can be set. Its `Debug` shows no password.
#[derive(Clone, Debug)]
pub struct Config {
    pub issuer: Issuer,
    pub profile: Profile,
    pub server: Server,
    pub database: Database,
    pub keys: Keys,
    pub log: Log,
    pub metrics: Metrics,
    pub session: Session,
    pub authorize: Authorize,
    pub token: Token,
    pub password: Password,
    /// Of people at the admin API.
    pub admin: Demand,
    pub userinfo: Demand,
    pub registration: Registration,
    pub pages: Pages,
    pub egress: Egress,
    pub geo: Geo,
    pub mail: Mail,
    /// The directory that keeps people's passwords, where there is one.
    pub ldap: Option<Ldap>,
}

/// How the server listens.
#[derive(Clone, Debug)]
pub struct Server {
    pub bind: SocketAddr,
    pub tls: Option<Tls>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that answer requests, at least 1.
    pub workers: usize,
}

/// The PEM files of the listener's certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Database {
    pub url: DatabaseUrl,
}

/// The root key and the rhythm of the signing keys.
#[derive(Clone, Debug)]
pub struct Keys {
    pub directory: PathBuf,
    pub rotation: Duration,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub format: LogFormat,
    pub level: Filter,
}

#[derive(Clone, Debug)]
pub struct Metrics {
    /// A listener of their own; without one the public listener serves them.
    pub bind: Option<SocketAddr>,
}

/// How long sessions live, and how many a person may hold.
#[derive(Clone, Debug)]
pub struct Session {
    /// At most `absolute`.
    pub idle: Duration,
    pub absolute: Duration,
    pub offline: Duration,
    /// Live sessions per person.
    pub limit: Option<NonZeroU32>,
    pub limit_action: LimitAction,
    /// Whether there is a session frame.
    pub frame: bool,
    /// What follows when a session is marked.
    pub on_mark: OnMark,
    /// The level of NIST SP 800-63B-4 that sets the time-outs.
    pub preset: Option<Preset>,
    /// The limits of browsers whose people chose to stay signed in; `None` where nobody may.
    pub remember: Option<Limits>,
    pub roles: BTreeMap<String, RoleRule>,
    /// The level of authentication that every sign-in must reach.
    pub acr: Option<&'static str>,
    pub background_routes: Vec<Route>,
}

/// What tokens must show at one of our own endpoints (RFC 9470).
#[derive(Clone, Debug, Default)]
pub struct Demand {
    pub max_age: Option<Duration>,
    pub acr_values: Vec<String>,
}

/// What authorization requests must be.
#[derive(Clone, Debug)]
pub struct Authorize {
    pub require_pushed: bool,
}

/// How long what is issued can be used.
#[derive(Clone, Debug)]
pub struct Token {
    pub access_lifetime: Duration,
    /// Zero in the strict profile.
    pub retry_window: Duration,
    pub id_lifetime: Duration,
    pub code_lifetime: Duration,
}

#[derive(Clone, Debug)]
pub struct Password {
    /// Passwords hashed at the same time, at least 1.
    pub workers: usize,
    /// Stolen passwords.
    pub blocklist: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct Pages {
    pub theme: Option<PathBuf>,
}

/// What outbound calls may reach and trust beyond the public network.
#[derive(Clone, Debug)]
pub struct Egress {
    pub allow: Vec<Endpoint>,
    pub ca_file: Option<PathBuf>,
}

/// Where mail goes, and who it is from.
#[derive(Clone, Debug)]
pub struct Mail {
    pub server: Option<MailServer>,
    pub from: Option<String>,
    /// Whether people may sign in by a code that is mailed.
    pub sign_in: bool,
}

/// Files of what is known about addresses.
#[derive(Clone, Debug)]
pub struct Geo {
    pub country_file: Option<PathBuf>,
    pub asn_file: Option<PathBuf>,
}

impl Config {
    /// Reads the named file, or `doorward.toml` where there is one, and the environment over it.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        let name = file.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_none() => None,
            Err(error) => {
                let text = match error.kind() {
                    ErrorKind::NotFound => "there is no such file".to_owned(),
                    ErrorKind::InvalidData => "is not UTF-8 text".to_owned(),
                    _ => format!("cannot be read: {error}"),
                };
                return Err(ConfigError::new(vec![Problem { place: Place::File(name), text }]));
            }
        };
        Self::read(text.as_deref().map(|text| File { name: &name, text }), environment)
    }

    /// Reads a file's text and an environment; touches nothing else but the count of cores.
    pub fn read(
        file: Option<File<'_>>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let sources = Sources::gather(file, environment.into_iter());
        if sources.unread {
            return Err(ConfigError::new(sources.problems));
        }
        let mut reading = Reading::of(sources);
        let config = Self::of(&mut reading);
        rules::check(&config, &mut reading);
        let problems = reading.into_problems();
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::new(problems)) }
    }

    /// Whether this is the development profile: the issuer's host is this machine.
    pub fn is_development(&self) -> bool {
        self.issuer.is_loopback()
    }

    fn of(reading: &mut Reading) -> Self {
        let profile = reading.choice("profile");
        Self {
            issuer: reading.one("issuer", Issuer::parse),
            profile,
            server: Server::of(reading),
            database: Database { url: reading.one("database.url", DatabaseUrl::parse) },
            keys: Keys {
                directory: reading.one("keys.directory", value::path),
                rotation: reading.span("keys.rotation"),
            },
            log: Log { format: reading.choice("log.format"), level: reading.one("log.level", Filter::parse) },
            metrics: Metrics { bind: reading.optional("metrics.bind", value::address) },
            session: Session::of(reading, profile),
            authorize: Authorize { require_pushed: reading.switch("authorize.require_pushed") },
            token: Token::of(reading, profile),
            password: Password {
                workers: threads(reading.count("password.workers"), cores() / 2),
                blocklist: reading.optional("password.blocklist", value::path),
            },
            admin: Demand::of(reading, ["admin.max_age", "admin.acr_values"]),
            userinfo: Demand::of(reading, ["userinfo.max_age", "userinfo.acr_values"]),
            registration: registration(reading, profile),
            pages: Pages { theme: reading.optional("pages.theme", value::path) },
            egress: Egress {
                allow: reading.many("egress.allow", Endpoint::parse),
                ca_file: reading.optional("egress.ca_file", value::path),
            },
            geo: Geo {
                country_file: reading.optional("geo.country_file", value::path),
                asn_file: reading.optional("geo.asn_file", value::path),
            },
            mail: Mail {
                server: reading.optional("mail.url", MailServer::parse),
                from: reading.optional("mail.from", mail::sender),
                sign_in: reading.switch("mail.sign_in"),
            },
            ldap: ldap::ldap(reading),
        }
    }
}

impl Server {
    fn of(reading: &mut Reading) -> Self {
        let certificate = reading.optional("server.tls.certificate", value::path);
        let key = reading.optional("server.tls.key", value::path);
        let tls = rules::pair(certificate, key, reading);
        Self {
            bind: reading.one("server.bind", value::address),
            tls,
            trusted_proxies: reading.many("server.trusted_proxies", value::network),
            workers: threads(reading.count("server.workers"), cores()),
        }
    }
}

impl Session {
    fn of(reading: &mut Reading, profile: Profile) -> Self {
        let preset = reading.optional("session.preset", <Preset as Choice>::parse);
        let limits = preset.map(Preset::limits);
        let mut usual = |key, preset: fn(Limits) -> Duration| match limits {
            Some(limits) if !reading.is_set(key) => preset(limits),
            _ => reading.span(key),
        };
        let absolute = usual("session.absolute", |limits| limits.absolute);
        let idle = usual("session.idle", |limits| limits.idle);
        Self {
            idle: if reading.is_set("session.idle") { idle } else { idle.min(absolute) },
            absolute,
            preset,
            acr: reading.optional("session.required_acr", value::known_level),
            remember: remember(reading),
            roles: reading.named_below(ROLES).into_iter().map(|role| rule_of(reading, role)).collect(),
            background_routes: reading
                .many("session.background_routes", |text| Route::parse(text).map_err(|reason| reason.to_string())),
            offline: reading.span("session.offline"),
            limit: NonZeroU32::new(reading.count("session.limit")),
            limit_action: reading.choice("session.limit_action"),
            frame: reading.switch("session.frame")
                || profile == Profile::Certification && !reading.is_set("session.frame"),
            on_mark: reading.choice("session.on_mark"),
        }
    }
}

const ROLES: &str = "session.roles.";

/// The limits of a role that somebody named.
fn rule_of(reading: &mut Reading, role: String) -> (String, RoleRule) {
    let key = |name: &str| format!("{ROLES}{role}.{name}");
    let most = reading.count_if_any(&key("limit")).and_then(|most| usize::try_from(most).ok());
    let limits = RoleRule {
        idle: reading.span_if_any(&key("idle")),
        absolute: reading.span_if_any(&key("absolute")),
        most: most.filter(|most| *most > 0),
        acr: reading.optional(&key("required_acr"), value::known_level),
    };
    (role, limits)
}

fn remember(reading: &mut Reading) -> Option<Limits> {
    let idle = reading.span_if_any("session.remember_idle");
    let absolute = reading.span_if_any("session.remember_absolute")?;
    Some(Limits { idle: idle.unwrap_or(absolute), absolute })
}

impl Demand {
    fn of(reading: &mut Reading, [max_age, acr_values]: [&str; 2]) -> Self {
        Self { max_age: reading.span_if_any(max_age), acr_values: reading.many(acr_values, value::level) }
    }
}

impl Token {
    fn of(reading: &mut Reading, profile: Profile) -> Self {
        let window = reading.span("token.retry_window");
        let closed = profile == Profile::Strict && !reading.is_set("token.retry_window");
        Self {
            access_lifetime: reading.span("token.access_lifetime"),
            retry_window: if closed { Duration::ZERO } else { window },
            id_lifetime: reading.span("token.id_lifetime"),
            code_lifetime: reading.span("token.code_lifetime"),
        }
    }
}

/// Suites register clients by the dozen: what the operator left open stays open for them.
fn registration(reading: &mut Reading, profile: Profile) -> Registration {
    let (admission, limit) = (reading.choice("registration.policy"), reading.count("registration.limit"));
    let unlimited = profile == Profile::Certification && !reading.is_set("registration.limit");
    let open = profile == Profile::Certification && !reading.is_set("registration.policy");
    Registration {
        admission: if open { Admission::Open } else { admission },
        limit: Some(limit).filter(|&limit| limit > 0 && !unlimited),
        unused: reading.span("registration.unused"),
    }
}

/// The process's environment, for [`Config::load`]: only what can be a setting; replacement characters stand for what is
/// not Unicode.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .map(|(name, text)| (name.to_string_lossy().into_owned(), text.to_string_lossy().into_owned()))
        .filter(|(name, _)| name.starts_with(settings::PREFIX))
}

/// As many threads as asked for; 0 asks for what is usual, at least one.
fn threads(asked: u32, usual: usize) -> usize {
    usize::try_from(asked).ok().filter(|&asked| asked > 0).unwrap_or(usual.max(1))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
