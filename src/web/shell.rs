//! What every handler works with: the authority, the pages, and where this server stands.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

use super::discovery::Documents;
use super::health::Metrics;
use super::page::Pages;
use super::stranger::Strangers;
use crate::flows::Authority;
use crate::protocol::redirect::is_loopback;

pub struct Shell {
    pub authority: Arc<Authority>,
    pub pages: Pages,
    pub site: Site,
    pub metrics: Arc<Metrics>,
    pub documents: Documents,
    pub strangers: Strangers,
    /// Whether `/metrics` is answered here: on a developer's machine without a listener of its own.
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
    /// Whether this server speaks TLS itself; otherwise a trusted proxy does.
    pub tls: Tls,
}

/// Who speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    Here,
    /// A proxy in front, or nobody on a developer's machine.
    Before,
}

impl Site {
    /// Takes the issuer apart; it was checked when the configuration was read.
    pub fn new(issuer: &Url, trusted_proxies: Vec<IpNet>, tls: Tls) -> Self {
        let origin = issuer.origin().ascii_serialization();
        Self {
            issuer: issuer.as_str().trim_end_matches('/').to_owned(),
            base: issuer.path().trim_end_matches('/').to_owned(),
            authority: origin.split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned()),
            origin,
            https: issuer.scheme() == "https",
            development: is_loopback(issuer),
            trusted_proxies,
            tls,
        }
    }

    /// Whether a request from this peer came over TLS, as far as the configuration tells.
    pub fn is_secured(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        !self.https || self.tls == Tls::Here || self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }

    /// An address on this server.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
