//! What every handler works with: the authority, the pages, and where this server stands.

use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

use super::health::Metrics;
use super::page::Pages;
use crate::flows::Authority;
use crate::protocol::redirect::is_loopback;

pub struct Shell {
    pub authority: Arc<Authority>,
    pub pages: Pages,
    pub site: Site,
    pub metrics: Arc<Metrics>,
    /// Whether `/metrics` is answered here; otherwise it has a listener of its own.
    pub metrics_here: bool,
}

/// Where the server stands, by configuration alone: nothing of it is ever taken from a request.
pub struct Site {
    /// The issuer identifier, without a trailing slash.
    pub issuer: String,
    /// The issuer's path, empty for none.
    pub base: String,
    /// Host and, unless it is the scheme's own, port.
    pub authority: String,
    pub origin: String,
    pub https: bool,
    /// A loopback issuer: one developer's machine.
    pub development: bool,
    pub trusted_proxies: Vec<IpNet>,
}

impl Site {
    /// Takes the issuer apart; it was checked when the configuration was read.
    pub fn new(issuer: &Url, trusted_proxies: Vec<IpNet>) -> Self {
        let origin = issuer.origin().ascii_serialization();
        Self {
            issuer: issuer.as_str().trim_end_matches('/').to_owned(),
            base: issuer.path().trim_end_matches('/').to_owned(),
            authority: origin.split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned()),
            origin,
            https: issuer.scheme() == "https",
            development: is_loopback(issuer),
            trusted_proxies,
        }
    }

    /// An address on this server.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
