//! An arrived request: its parameters, who it says it is, and where it came from.

use std::cell::{Cell, OnceCell};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use actix_web::http::header::{self, AsHeaderName, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::Dress;
use super::cookie::Jar;
use super::gateway::PATH as GATEWAY;
use super::language;
use super::page::Reader;
use super::shell::{Shell, Site};
use crate::base::id::DeviceId;
use crate::base::secret::Secret;
use crate::domain::background::{self, Route};
use crate::domain::language::Language;
use crate::domain::session::Source;
use crate::flows::Activity;
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::params::Params;

/// Longest body that is read.
pub const LONGEST_BODY: usize = 64 * 1024;
/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest `User-Agent` that is kept.
const LONGEST_USER_AGENT: usize = 500;

pub struct Incoming {
    pub http: HttpRequest,
    pub body: Bytes,
    activity: Activity,
    /// What many requests need nothing of is looked up when it is asked for.
    source: OnceCell<Source>,
    language: OnceCell<Language>,
    is_for_page: bool,
    /// Whether it was asked who sits there.
    looked: Cell<bool>,
    /// A new secret for the session's cookie, whatever is answered, and how long a browser keeps it that was asked to.
    renewed: Cell<Option<(Secret, Option<TimeDelta>)>>,
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug)]
pub enum Unread {
    TooLarge,
    Slow,
    Broken,
}

async fn whole(payload: &mut Payload) -> Result<Bytes, Unread> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

impl Incoming {
    pub async fn read(dress: Dress, shell: &Shell, http: HttpRequest, mut payload: Payload) -> Result<Self, Unread> {
        let announced = text(http.headers(), header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if announced.is_some_and(|length: usize| length > LONGEST_BODY) {
            return Err(Unread::TooLarge);
        }
        let body = timeout(PATIENCE, whole(&mut payload)).await.map_err(|_| Unread::Slow)??;
        let activity = activity(&shell.authority.policy.background_routes, &shell.site.base, &http);
        Ok(Self {
            http,
            body,
            activity,
            source: OnceCell::new(),
            language: OnceCell::new(),
            is_for_page: dress == Dress::Page,
            looked: Cell::new(false),
            renewed: Cell::new(None),
        })
    }

    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        text(self.http.headers(), name)
    }

    /// The parameters of the address.
    pub fn query(&self) -> Result<Params, Refusal> {
        Params::parse(self.http.query_string().as_bytes())
    }

    /// The parameters of a form. Nothing else is read as one.
    pub fn form(&self) -> Result<Params, Refusal> {
        let is_form = self
            .header(header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(invalid_request("the body must be application/x-www-form-urlencoded"));
        }
        Params::parse(&self.body)
    }

    /// The `Authorization` header; refused when there are several.
    pub fn authorization(&self) -> Result<Option<&str>, Refusal> {
        let mut values = self.http.headers().get_all(header::AUTHORIZATION);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| invalid_request("Authorization is not text")),
            (Some(_), Some(_)) => Err(invalid_request("several Authorization headers")),
        }
    }

    /// The token of a `Bearer` header (RFC 6750 section 2.1).
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.authorization().ok()??.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// For whom a page is that answers this.
    pub fn reader<'a>(&self, shell: &'a Shell) -> Reader<'a> {
        Reader { site: &shell.site, language: self.language(shell).clone() }
    }

    /// The language of the answer, and of mails that this brings about.
    pub fn language(&self, shell: &Shell) -> &Language {
        self.language.get_or_init(|| language::of(shell, self))
    }

    /// Where it came from. Mails that a page brings about speak its language.
    pub fn source(&self, shell: &Shell) -> &Source {
        self.source.get_or_init(|| {
            let language = self.is_for_page.then(|| self.language(shell).tag().to_owned());
            Source { language, ..source(&shell.site, &self.http) }
        })
    }

    /// Whether a person is behind this request.
    pub fn activity(&self) -> Activity {
        self.activity
    }

    /// Where the person is, when a gateway asks: only an address that a trusted proxy passed on. Otherwise the gateway's own
    /// is all that is known.
    pub fn person(&self, shell: &Shell) -> Option<&Source> {
        let peer = self.http.peer_addr()?.ip().to_canonical().to_string();
        let passed_on = self.header("x-forwarded-for").is_some() && self.source(shell).address.as_ref() != Some(&peer);
        let trusted =
            shell.site.trusted_proxies.iter().any(|net| peer.parse().is_ok_and(|peer: IpAddr| net.contains(&peer)));
        (passed_on && trusted).then(|| self.source(shell))
    }

    /// Whether it is asked for the first time who sits there.
    pub fn first_look(&self) -> bool {
        !self.looked.replace(true)
    }

    /// Lets the answer carry a new secret for the session's cookie.
    pub fn renew(&self, secret: Secret, life: Option<TimeDelta>) {
        self.renewed.set(Some((secret, life)));
    }

    /// Puts that secret into the answer, unless it sets or clears the cookie itself.
    pub fn leave(&self, site: &Site, response: &mut HttpResponse) {
        let name = Jar::Session.name(site.https);
        match self.renewed.take() {
            _ if response.cookies().any(|cookie| cookie.name() == name) => {}
            Some((secret, Some(life))) => Jar::Session.set_for(site, response, &secret, life),
            Some((secret, None)) => Jar::Session.set(site, response, &secret),
            None => {}
        }
    }

    /// A part of the path, percent-decoded.
    pub fn part(&self, name: &str) -> &str {
        self.http.match_info().get(name).unwrap_or_default()
    }
}

pub fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Where a gateway says what was asked of it: nginx by our example, Traefik and Caddy by themselves.
const ORIGINAL_ADDRESS: [&str; 2] = ["x-original-uri", "x-forwarded-uri"];

/// Whether a request shows a person: pages say when they only poll, and the operator knows routes that nobody is at. Whoever
/// says so shortens their own session alone, so anybody is believed.
fn activity(routes: &[Route], base: &str, http: &HttpRequest) -> Activity {
    let says_so = text(http.headers(), "doorward-activity").is_some_and(|word| word.eq_ignore_ascii_case("background"));
    let own = http.path().strip_prefix(base).unwrap_or_default();
    let original = ORIGINAL_ADDRESS.iter().filter(|_| own == GATEWAY).find_map(|name| text(http.headers(), *name));
    let on_route = [Some(own), original].into_iter().flatten().any(|address| background::covers(routes, address));
    if says_so || on_route { Activity::Background } else { Activity::Person }
}

/// Where a request came from. Forwarding headers count only when a configured proxy wrote them.
fn source(site: &Site, http: &HttpRequest) -> Source {
    let user_agent = text(http.headers(), header::USER_AGENT)
        .map(|agent| agent.chars().filter(|c| !c.is_control()).take(LONGEST_USER_AGENT).collect());
    let address = http.peer_addr().map(|peer| client_address(site, peer.ip(), http.headers()).to_string());
    let device = Jar::Browser.read(site, http).map(|secret| DeviceId::of(&secret));
    Source { address, user_agent, device, ..Source::default() }
}

/// The last address in `X-Forwarded-For` that no trusted proxy has, read from the right. One that does not parse ends
/// the search: nothing left of it can be believed.
fn client_address(site: &Site, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: &IpAddr| site.trusted_proxies.iter().any(|net| net.contains(address));
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    while trusted(&client) {
        let Some(Some(next)) = hops.next().map(|hop| hop_address(hop.trim())) else { break };
        client = next.to_canonical();
    }
    client
}

/// An address as proxies write it: alone, with a port, or in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse().ok();
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    alone.or_else(|| hop.parse().ok().map(|with_port: SocketAddr| with_port.ip())).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use url::Url;

    use super::*;
    use crate::web::shell::Tls;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let issuer = Url::parse("https://id.example").unwrap();
        let site = Site::new(&issuer, vec!["10.0.0.0/8".parse().unwrap()], Tls::Before);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(line).unwrap());
        }
        client_address(&site, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn forwarding_headers_count_only_from_trusted_proxies() {
        assert_eq!(address("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(address("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["203.0.113.9:5678"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["[2001:db8::9]:5678"]), "2001:db8::9");
        assert_eq!(address("10.0.0.1", &["[2001:db8::9]"]), "2001:db8::9");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["203.0.113.9, nonsense"]), "10.0.0.1");
        assert_eq!(address("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    }
}
