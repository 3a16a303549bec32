//! The one way out: https only, no redirects, no proxy of the environment, no private address, bounded in size and time.
//!
//! A name is resolved once, its addresses are checked, and the connection goes to one of those: nothing can change in
//! between. A literal address is checked before anything is sent.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, ClientBuilder, Request, Response, StatusCode, redirect};
use url::{Host, Url};

use super::address::is_public;

/// A call takes at most this long, connecting included.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(2);

/// What an operator decides about calls.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Hosts with port that may be reached although their addresses are private.
    pub allow: Vec<(Host, u16)>,
    /// A developer's machine: loopback addresses may be reached, over http too.
    pub loopback: bool,
    /// Further certificates to trust, PEM.
    pub certificates: Vec<u8>,
}

/// Why a call was not made or gave nothing. For the log: whoever caused the call learns only that it failed.
#[derive(Debug, thiserror::Error)]
pub enum Blocked {
    #[error("the address is not an https URL")]
    Scheme,
    #[error("the address is private")]
    Address,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the call failed: {0}")]
    Failed(#[from] reqwest::Error),
}

impl Blocked {
    /// Whether it was given up because it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_timeout())
    }
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
#[error("egress.ca_file: {0}")]
pub struct NoEgress(#[from] reqwest::Error);

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

pub struct Egress {
    rules: Rules,
    /// Reaches public addresses, and loopback ones where the rules say so.
    guarded: Client,
    /// Reaches whatever the operator named, where anything was: to have read the system's certificates once more takes 10 ms.
    named: Option<Client>,
}

impl Egress {
    pub fn new(rules: Rules) -> Result<Self, NoEgress> {
        // The HTTP client panics where no provider is installed; a second installation changes nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let guard = Guard { loopback: rules.loopback };
        let guarded = builder(&rules)?.dns_resolver(Arc::new(guard)).build()?;
        let named = if rules.allow.is_empty() { None } else { Some(builder(&rules)?.build()?) };
        Ok(Self { rules, guarded, named })
    }

    /// Fetches a document of at most this many bytes.
    pub async fn get(&self, url: &Url, most: usize) -> Result<Vec<u8>, Blocked> {
        let response = self.client(url)?.get(url.clone()).header("accept", "application/json").send().await?;
        if response.status().as_u16() != 200 {
            return Err(Blocked::Status(response.status().as_u16()));
        }
        read(response, most).await
    }

    /// Posts a body with these headers; any status of success is one, and what the answer says is not read.
    pub async fn post(&self, url: &Url, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Result<(), Blocked> {
        let request = self.client(url)?.post(url.clone()).body(body);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send().await?;
        if response.status().is_success() { Ok(()) } else { Err(Blocked::Status(response.status().as_u16())) }
    }

    /// Sends a request that a library wrote, and gives the answer whatever its status, up to this many bytes.
    pub async fn exchange(&self, request: Request, most: usize) -> Result<Answer, Blocked> {
        let response = self.client(request.url())?.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: read(response, most).await? })
    }

    /// The client that may call this address.
    fn client(&self, url: &Url) -> Result<&Client, Blocked> {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return Err(Blocked::Scheme) };
        let named = self.rules.allow.iter().any(|(own, own_port)| *own_port == port && same_host(own, &host));
        let local = self.rules.loopback && is_loopback(&host);
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return Err(Blocked::Scheme);
        }
        if let Some(client) = self.named.as_ref().filter(|_| named) {
            return Ok(client);
        }
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
        };
        match address {
            Some(address) if !local && !is_public(address) => Err(Blocked::Address),
            _ => Ok(&self.guarded),
        }
    }
}

fn same_host(own: &Host, asked: &Host<&str>) -> bool {
    match (own, asked) {
        (Host::Domain(own), Host::Domain(asked)) => own.eq_ignore_ascii_case(asked),
        (Host::Ipv4(own), Host::Ipv4(asked)) => own == asked,
        (Host::Ipv6(own), Host::Ipv6(asked)) => own == asked,
        _ => false,
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(v4) => v4.is_loopback(),
        Host::Ipv6(v6) => v6.is_loopback(),
    }
}

fn builder(rules: &Rules) -> Result<ClientBuilder, NoEgress> {
    let certificates =
        if rules.certificates.is_empty() { Vec::new() } else { Certificate::from_pem_bundle(&rules.certificates)? };
    Ok(Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(PATIENCE)
        .user_agent("Doorward")
        .tls_certs_merge(certificates))
}

async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, Blocked> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(Blocked::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Resolves names to the addresses that may be reached, and to no others.
struct Guard {
    loopback: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let reachable = |address: &SocketAddr| is_public(address.ip()) || loopback && address.ip().is_loopback();
            // One private address among public ones is a trap, not a choice.
            if found.is_empty() || !found.iter().all(reachable) {
                return Err("the name has a private address or none".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(allow: &[(&str, u16)], loopback: bool) -> Egress {
        let allow = allow.iter().map(|(host, port)| (Host::parse(host).unwrap(), *port)).collect();
        Egress::new(Rules { allow, loopback, certificates: Vec::new() }).unwrap()
    }

    fn may(egress: &Egress, url: &str) -> bool {
        egress.client(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn only_https_and_only_public_addresses() {
        let egress = egress(&[], false);
        assert!(may(&egress, "https://app.example/jwks") && may(&egress, "https://8.8.8.8/"));
        for url in [
            "http://app.example/",
            "ftp://app.example/",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://0.0.0.0/",
            "file:///etc/passwd",
        ] {
            assert!(!may(&egress, url), "{url}");
        }
    }

    #[test]
    fn what_the_operator_named_may_be_private_but_never_plain() {
        let egress = egress(&[("10.0.0.1", 8443), ("inner.example", 443)], false);
        assert!(may(&egress, "https://10.0.0.1:8443/") && may(&egress, "https://inner.example/x"));
        assert!(!may(&egress, "https://10.0.0.1/") && !may(&egress, "http://10.0.0.1:8443/"));
    }

    #[test]
    fn a_developer_reaches_their_own_machine() {
        let egress = egress(&[], true);
        assert!(
            may(&egress, "http://127.0.0.1:9/")
                && may(&egress, "http://localhost:9/")
                && may(&egress, "https://[::1]:9/")
        );
        assert!(!may(&egress, "http://10.0.0.1/") && !may(&egress, "https://10.0.0.1/"));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_public() {
        let error = egress(&[], false).get(&Url::parse("https://localhost:9/").unwrap(), 10).await.unwrap_err();
        assert!(format!("{error:?}").contains("private"), "{error:?}");
    }
}
