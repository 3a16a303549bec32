//! Sign-in through another provider.
//!
//! | file | holds |
//! |---|---|
//! | `journey` | the way there: what is asked, and the state that comes back with the answer |
//! | `arrival` | the way back: whose answer it is, what it is worth, who came |
//! | `person` | people by what a provider says of them: found, made, kept up, linked |
//! | `farewell` | signing out there when somebody signs out here |
//! | `notice` | being told by a provider that somebody was signed out there |
//! | `saml` | the same for providers that speak SAML, in builds that speak it too |
//!
//! Nothing is written before an answer was believed: who goes to a provider and does not come back leaves no trace here.

pub mod arrival;
pub mod farewell;
pub mod journey;
pub mod notice;
pub mod person;
#[cfg(feature = "saml")]
pub mod saml;
#[cfg(not(feature = "saml"))]
#[path = "without_saml.rs"]
pub mod saml;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::SessionId;
use crate::base::secret::Secret;
use crate::domain::origin::Hint;
use crate::domain::provider::Provider;
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::provider::domain_of;
use crate::remote::upstream::{Distrust, Registration, Upstream};
use crate::store;
use crate::store::db::Fault;

/// What was discovered is read again after an hour, and for an unknown key after a minute. A provider that gave nothing is
/// left alone for as long as a person waits.
const LIFE: Duration = Duration::hours(1);
const PAUSE: Duration = Duration::minutes(1);
const SULK: Duration = Duration::seconds(5);

/// What was discovered of each provider.
#[derive(Default)]
pub struct Upstreams(RwLock<HashMap<String, Known>>);

#[derive(Clone)]
struct Known {
    /// Of the provider; a changed one is another.
    version: i64,
    read_at: Time,
    /// `None` for one that gave nothing.
    upstream: Option<Arc<Upstream>>,
}

impl Upstreams {
    fn find(&self, provider: &Provider) -> Option<Known> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&provider.id).filter(|known| known.version == provider.version).cloned()
    }

    fn keep(&self, provider: &Provider, known: Known) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(provider.id.clone(), known);
    }
}

/// How old what was discovered may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Usual,
    /// A key is asked for that was not there.
    Young,
}

/// The provider ready to be asked; `None` when it cannot be reached or is not what it should be, which the log says.
async fn ready(authority: &Authority, provider: &Provider, age: Age) -> Outcome<Option<Arc<Upstream>>> {
    let now = authority.now();
    if let Some(known) = authority.upstreams.find(provider) {
        let life = match (&known.upstream, age) {
            (None, _) => SULK,
            (Some(_), Age::Usual) => LIFE,
            (Some(_), Age::Young) => PAUSE,
        };
        if now - known.read_at < life.delta() {
            return Ok(known.upstream);
        }
    }
    let secret = secret(authority, provider)?;
    let redirect_uri = address(authority, &provider.id, "callback");
    let registration = Registration { settings: &provider.settings, secret, redirect_uri };
    let found = Upstream::discover(&authority.egress, registration).await;
    let found = found.inspect_err(|error| doubt(provider, error)).ok().map(Arc::new);
    let known = Known { version: provider.version, read_at: now, upstream: found.clone() };
    authority.upstreams.keep(provider, known);
    Ok(found)
}

fn doubt(provider: &Provider, error: &Distrust) {
    tracing::warn!(provider = provider.id, %error, "a provider is not believed");
}

/// One of our addresses for a provider.
pub fn address(authority: &Authority, id: &str, page: &str) -> String {
    format!("{}/sso/{id}/{page}", authority.policy.issuer)
}

/// Our secret there.
fn secret(authority: &Authority, provider: &Provider) -> Result<Option<String>, Fault> {
    let Some(sealed) = &provider.sealed_secret else { return Ok(None) };
    let plain = authority.secrets.upstream.open(&context(&provider.id), sealed);
    let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
    plain
        .map(Some)
        .ok_or_else(|| Fault::contradiction("provider", format!("{}: its secret does not open", provider.id)))
}

/// Our secret there, as it is kept.
pub fn seal_secret(authority: &Authority, id: &str, secret: &str) -> Vec<u8> {
    authority.secrets.upstream.seal(&context(id), secret.as_bytes(), authority.dice())
}

fn context(id: &str) -> String {
    format!("secret of {id}")
}

/// What somebody is signed out by there, as it is kept.
pub fn seal_hint(authority: &Authority, session: SessionId, hint: &Hint) -> Vec<u8> {
    authority.secrets.upstream.seal(&format!("hint of {session}"), hint.as_str().as_bytes(), authority.dice())
}

/// The provider of an address, if it lets people in.
async fn open(authority: &Authority, id: &str) -> Outcome<Provider> {
    let found = store::provider::find(&authority.db, id).await?.filter(|provider| provider.settings.enabled);
    Ok(found.ok_or(unknown())?)
}

const fn unknown() -> Refusal {
    invalid_request("there is no such way to sign in").told("refused-no-way")
}

/// What the login page offers, by name.
pub async fn offered(authority: &Authority) -> Outcome<Vec<Provider>> {
    let mut all = store::provider::all(&authority.db).await?;
    all.retain(|provider| provider.settings.enabled && provider.settings.kind.is_spoken());
    all.sort_by_key(|provider| provider.name().to_lowercase());
    Ok(all)
}

/// The provider whose people have this e-mail address, or come from this domain.
pub async fn discover(authority: &Authority, address_or_domain: &str) -> Outcome<Option<String>> {
    let domain = if address_or_domain.contains('@') {
        domain_of(address_or_domain)
    } else {
        Some(address_or_domain.to_lowercase())
    };
    let Some(domain) = domain else { return Ok(None) };
    let all = store::provider::all(&authority.db).await?;
    Ok(all.into_iter().find(|provider| provider.settings.serves(&domain)).map(|provider| provider.id))
}

/// A word that nobody can guess.
fn draw(authority: &Authority) -> String {
    Secret::new(authority.dice()).reveal()
}
