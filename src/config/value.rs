//! The values that settings hold, and how each is read from its text. An error says what follows the quoted text.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use url::{Host, Url};

use crate::base::secret::Typed;
use crate::domain::lifetime::Preset;
pub use crate::domain::limit::Action as LimitAction;
use crate::domain::policy::Admission;
pub use crate::domain::policy::Profile;
use crate::domain::watch::OnMark;
use crate::protocol::acr;

/// A setting that is one of a few words.
pub trait Choice: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];

    fn parse(text: &str) -> Result<Self, String> {
        let found = Self::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|&(_, choice)| choice).ok_or_else(|| {
            let words: Vec<_> = Self::WORDS.iter().map(|&(word, _)| word).collect();
            format!("is not one of {}", words.join(", "))
        })
    }
}

impl Choice for Admission {
    const WORDS: &'static [(&'static str, Self)] =
        &[("closed", Self::Closed), ("token", Self::Token), ("open", Self::Open)];
}

impl Choice for Profile {
    const WORDS: &'static [(&'static str, Self)] =
        &[("standard", Self::Standard), ("strict", Self::Strict), ("certification", Self::Certification)];
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

impl Choice for LimitAction {
    const WORDS: &'static [(&'static str, Self)] =
        &[("deny", Self::Deny), ("end_oldest", Self::EndOldest), ("ask", Self::Ask)];
}

impl Choice for OnMark {
    const WORDS: &'static [(&'static str, Self)] =
        &[("note", Self::Note), ("step_up", Self::StepUp), ("end", Self::End)];
}

impl Choice for Preset {
    const WORDS: &'static [(&'static str, Self)] = &[("aal1", Self::Aal1), ("aal2", Self::Aal2), ("aal3", Self::Aal3)];
}

/// The issuer identifier (RFC 8414 section 2): its text is compared byte for byte, so it is kept exactly as written.
#[derive(Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// Reads an absolute http(s) URL in its plain form: no user, query, fragment or closing slash, host in lower case, no default
    /// port. Plain http is for loopback hosts alone.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "is not an absolute http or https URL: write it like https://id.example.com";
        let mut url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or(FORM)?;
        url.set_query(None);
        url.set_fragment(None);
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| FORM)?;
        let plain = url.as_str().trim_end_matches('/').to_owned();
        let issuer = Self { text: plain, url };
        if issuer.text != text {
            return Err(format!("has a user, query, fragment, closing slash or other spelling: write {issuer}"));
        }
        if !issuer.is_https() && !issuer.is_loopback() {
            return Err(format!(
                "is plain http and not on this machine: write https{}",
                issuer.text.trim_start_matches("http")
            ));
        }
        Ok(issuer)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether the host is `localhost`, in `127.0.0.0/8`, or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// Where the database is. Shown without its password; `expose` is the only way to the whole text.
#[derive(Clone)]
pub struct DatabaseUrl {
    text: Typed,
    shown: String,
    file: Option<PathBuf>,
}

impl DatabaseUrl {
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let file = rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default();
            if file.is_empty() || file.starts_with(':') {
                return Err("names no file: a database in memory would forget every session".into());
            }
            return Ok(Self { text: Typed::new(text.into()), shown: text.into(), file: Some(file.into()) });
        }
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
        let url = url.ok_or("is neither sqlite:<file> nor postgres://user:password@host/name")?;
        Ok(Self { text: Typed::new(text.into()), shown: redact(url), file: None })
    }

    /// The whole text, password included: for the connection alone.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The file of an embedded database, as it was written; `None` for a database server.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// The URL with the password hidden, in the authority and in the query alike.
fn redact(mut url: Url) -> String {
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return format!("{}://***", url.scheme());
    }
    let hide = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let value = if name.to_ascii_lowercase().contains("password") { "***".into() } else { value.into_owned() };
        (name.into_owned(), value)
    };
    let pairs: Vec<(String, String)> = url.query_pairs().map(hide).collect();
    if pairs.iter().any(|(_, value)| value == "***") {
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.into()
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown, f)
    }
}

/// A host and a port that outbound calls may reach.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Names in lower case.
    pub host: Host,
    pub port: u16,
}

impl Endpoint {
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed = text.rsplit_once(':').and_then(|(host, port)| {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|&port| digits && port != 0)?;
            Some(Self { host: Host::parse(host).ok()?, port })
        });
        parsed.ok_or_else(|| "is not a host with a port: write it like idp.internal:8443 or [fd00::1]:443".into())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A log filter that the subscriber understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// Reads a level, or `target=level` pairs. A lone word that is no level is refused: it would be a target that logs everything.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lone_word = |part: &str| !part.contains(['=', '[']) && part.trim().parse::<LevelFilter>().is_err();
        if (!text.contains('[') && text.split(',').any(lone_word)) || EnvFilter::try_new(text).is_err() {
            return Err(
                "is not a log filter: write off, error, warn, info, debug or trace, or pairs such as info,sqlx=warn"
                    .into(),
            );
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether anything below `info` is logged.
    pub fn is_verbose(&self) -> bool {
        EnvFilter::try_new(&self.0)
            .ok()
            .and_then(|filter| filter.max_level_hint())
            .is_none_or(|most| most > LevelFilter::INFO)
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "is not an IP address with a port: write it like 127.0.0.1:8080 or [::]:8080".into())
}

/// A range, or one address as the range of itself.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let range = text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| IpNet::from(address)));
    range.map_err(|_| "is not an IP address or a CIDR range: write it like 10.0.0.0/8 or 192.0.2.7".into())
}

/// A level of authentication that this server knows.
pub(super) fn known_level(text: &str) -> Result<&'static str, String> {
    acr::known(text).ok_or_else(|| format!("is not one of {}", acr::LEVELS.join(", ")))
}

/// One of several levels of authentication.
pub(super) fn level(text: &str) -> Result<String, String> {
    known_level(text).map(str::to_owned)
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("is not a path".into()) } else { Ok(text.into()) }
}

pub(super) fn count(text: &str, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|&number| number <= most && !text.starts_with('+'));
    number.ok_or_else(|| format!("is not a whole number from 0 to {most}"))
}
