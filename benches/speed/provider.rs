//! What is measured: a server with a discovery document, the clients it knows, and the processes it is made of.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::doorward::Doorward;
use crate::outcome::{Outcome, fail};
use crate::request::{FORM, Request, basic, form};
use crate::wire::Wire;

/// A server under test.
pub struct Provider {
    pub name: String,
    pub address: SocketAddr,
    /// The `Host` header.
    pub host: String,
    pub endpoints: Endpoints,
    pub services: Vec<Service>,
    pub apps: Vec<App>,
    /// The `Cookie` headers of browsers in which somebody is signed in.
    pub cookies: Vec<String>,
    pub processes: Processes,
    /// What only we ourselves offer.
    pub doorward: Option<Doorward>,
}

/// Who does the work, by process id.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    pub server: Vec<u32>,
    /// Its database, where that is a server of its own.
    pub database: Vec<u32>,
}

/// Paths with their queries; empty where the provider has no such endpoint.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    pub discovery: String,
    pub jwks: String,
    pub authorization: String,
    pub token: String,
    pub introspection: String,
    pub revocation: String,
    pub userinfo: String,
}

/// A confidential client that has tokens for itself and introspects them.
#[derive(Clone, Debug, Deserialize)]
pub struct Service {
    /// What its access tokens are: `ES256`, `EdDSA`, `RS256`, `opaque`.
    pub token: String,
    pub client_id: String,
    pub client_secret: String,
    #[serde(default)]
    pub scope: Option<String>,
    #[serde(default)]
    pub send_secret: SendSecret,
}

/// Where the client's secret goes (RFC 6749 section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SendSecret {
    #[default]
    Basic,
    Post,
}

/// A client that people sign in to.
#[derive(Clone, Debug, Deserialize)]
pub struct App {
    /// What its ID tokens are signed by.
    pub token: String,
    pub client_id: String,
    #[serde(default)]
    pub client_secret: Option<String>,
    pub redirect_uri: String,
    #[serde(default = "openid")]
    pub scope: String,
}

fn openid() -> String {
    "openid".to_owned()
}

impl Service {
    /// A form of this client with its proof.
    pub fn request(&self, host: &str, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut fields = fields.to_vec();
        let mut headers = Vec::new();
        match self.send_secret {
            SendSecret::Basic => headers.push(basic(&self.client_id, &self.client_secret)),
            SendSecret::Post => {
                fields.push(("client_id", &self.client_id));
                fields.push(("client_secret", &self.client_secret));
            }
        }
        post(host, path, &headers, &fields)
    }
}

impl App {
    /// A form of this client, with its proof where it has one.
    pub fn request(&self, host: &str, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut fields = fields.to_vec();
        let mut headers = Vec::new();
        match &self.client_secret {
            Some(secret) => headers.push(basic(&self.client_id, secret)),
            None => fields.push(("client_id", &self.client_id)),
        }
        post(host, path, &headers, &fields)
    }
}

impl Provider {
    /// A POST of a form.
    pub fn form(&self, path: &str, headers: &[String], fields: &[(&str, &str)]) -> Vec<u8> {
        post(&self.host, path, headers, fields)
    }

    pub fn get(&self, target: &str, headers: &[String]) -> Vec<u8> {
        Request { method: "GET", target, host: &self.host, headers, body: None }.bytes()
    }

    pub fn wire(&self) -> Wire {
        Wire::new(self.address)
    }

    /// Asks on a connection of its own; anything but success is an error.
    pub async fn ask(&self, request: &[u8]) -> Outcome<Vec<u8>> {
        let mut wire = self.wire();
        let answer = wire.ask(request).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body.to_vec());
        }
        fail(format!("{}: {} {}", self.name, answer.status, answer.text()))
    }
}

fn post(host: &str, path: &str, headers: &[String], fields: &[(&str, &str)]) -> Vec<u8> {
    let body = form(fields);
    Request { method: "POST", target: path, host, headers, body: Some((FORM, &body)) }.bytes()
}

/// Where a server is, by its issuer: the address to connect to, and the `Host` header.
pub fn place(issuer: &Url) -> Outcome<(SocketAddr, String)> {
    let (Some(host), Some(port)) = (issuer.host_str(), issuer.port_or_known_default()) else {
        return fail(format!("{issuer} has no host"));
    };
    let address = issuer.socket_addrs(|| None)?.into_iter().find(SocketAddr::is_ipv4);
    let address = address.ok_or_else(|| format!("{host} has no IPv4 address"))?;
    Ok((address, format!("{host}:{port}")))
}

/// The endpoints that the provider's own document names (OpenID Connect Discovery 1.0 section 4).
pub async fn discover(issuer: &Url) -> Outcome<Endpoints> {
    let (address, host) = place(issuer)?;
    let discovery = format!("{}/.well-known/openid-configuration", issuer.path().trim_end_matches('/'));
    let request = Request { method: "GET", target: &discovery, host: &host, headers: &[], body: None }.bytes();
    let mut wire = Wire::new(address);
    let answer = wire.ask(&request).await?;
    let document: Value = serde_json::from_slice(answer.body)
        .map_err(|cause| format!("{issuer}: status {}, not a discovery document: {cause}", answer.status))?;
    let path = |member: &str| {
        let url = document.get(member).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
        url.map(|url| url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path())))
            .unwrap_or_default()
    };
    Ok(Endpoints {
        jwks: path("jwks_uri"),
        authorization: path("authorization_endpoint"),
        token: path("token_endpoint"),
        introspection: path("introspection_endpoint"),
        revocation: path("revocation_endpoint"),
        userinfo: path("userinfo_endpoint"),
        discovery,
    })
}
