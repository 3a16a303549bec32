//! The way to another provider. What the answer must fit, and what it is for, is sealed into the state that travels with it:
//! each tab has its own, good in this browser, for half an hour, and once (RFC 9700 section 4.7; OWASP ASVS 5.0 10.1.2).

use serde::{Deserialize, Serialize};

use super::{Age, draw, open, ready, saml};
use crate::base::clock::Time;
use crate::base::id::{SessionId, UserId};
use crate::base::secret::{base64url, from_base64url};
use crate::domain::level;
use crate::domain::policy::{FRESH, JOURNEY};
use crate::domain::provider::Provider;
use crate::domain::session::Session;
use crate::domain::upstream::{Demand, Wish};
use crate::flows::pending::Pending;
use crate::flows::{Authority, Outcome};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::provider::{Kind, Prompt};
use crate::remote::upstream::Trip;

const CONTEXT: &str = "upstream journey";

/// What somebody goes to a provider for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in here, for the request or the errand behind these handles.
    SignIn { request: Option<String>, errand: Option<String> },
    /// To be known by that provider too: the person of this session, and nobody else.
    Link { session: SessionId, user: UserId },
}

/// What comes back with the answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Journey {
    pub provider: String,
    /// As it was; a provider that is another now is not asked.
    pub issuer: String,
    pub nonce: String,
    pub verifier: String,
    pub born: Time,
    /// The browser that left.
    pub browser: String,
    pub purpose: Purpose,
    pub demand: Demand,
}

impl Journey {
    fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Refuses a journey that is not this browser's to this provider, or that was begun too long ago.
    pub(super) fn fits(self, authority: &Authority, provider: &str, browser: &str) -> Result<Self, Refusal> {
        if self.provider != provider || self.browser != browser {
            return Err(foreign().because("the state is of another browser or provider"));
        }
        if authority.now() - self.born >= JOURNEY.delta() {
            let slow = Refusal::new(Code::AccessDenied, "this sign-in took too long; go back and start again");
            return Err(slow.told("refused-too-slow"));
        }
        Ok(self)
    }

    /// Reads a state of this browser's that is on its way to this provider; the text of a refusal is for the person.
    pub fn open(authority: &Authority, state: &str, provider: &str, browser: &str) -> Result<Self, Refusal> {
        let plain = from_base64url(state).and_then(|sealed| authority.secrets.pending.open(CONTEXT, &sealed));
        let journey: Self = plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(foreign)?;
        journey.fits(authority, provider, browser)
    }
}

/// The refusal of whoever brings what was not begun here.
pub(super) fn foreign() -> Refusal {
    Refusal::new(Code::AccessDenied, "this sign-in was not begun here; go back and start again")
        .told("refused-not-begun")
}

/// Who sets out, where to, and what for.
pub struct SettingOut<'a> {
    pub provider: &'a str,
    pub browser: String,
    pub purpose: Purpose,
    pub login_hint: Option<String>,
    /// Whether the person must sign in anew there, whatever the request says.
    pub anew: Anew,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anew {
    AsAsked,
    Always,
}

/// A way that begins.
pub struct Departure {
    pub address: String,
    /// What the browser keeps until it comes back, where the address cannot carry it.
    pub parcel: Option<Parcel>,
}

/// What a browser keeps: sealed, under a name that travels in its place.
pub struct Parcel {
    pub handle: String,
    pub sealed: String,
}

/// Where the browser goes; `None` when the provider cannot be asked.
pub async fn set_out(
    authority: &Authority,
    setting_out: SettingOut<'_>,
    pending: Option<&Pending>,
) -> Outcome<Option<Departure>> {
    let SettingOut { provider, browser, purpose, login_hint, anew } = setting_out;
    let provider = open(authority, provider).await?;
    let mut wish = match pending {
        Some(pending) => wish(authority, pending).await?,
        None => Wish::default(),
    };
    if anew == Anew::Always && !wish.prompt.contains(&Prompt::Login) {
        wish.prompt.push(Prompt::Login);
    }
    let now = authority.now();
    let journey = Journey {
        issuer: provider.settings.issuer.clone(),
        nonce: draw(authority),
        verifier: draw(authority),
        provider: provider.id.clone(),
        born: now,
        browser,
        purpose,
        demand: Demand::of(&provider.settings, wish, now),
    };
    if provider.settings.kind == Kind::Saml {
        return saml::depart(authority, &provider, journey);
    }
    by_address(authority, &provider, journey, login_hint).await
}

/// The way of OAuth: everything is in the address.
async fn by_address(
    authority: &Authority,
    provider: &Provider,
    journey: Journey,
    login_hint: Option<String>,
) -> Outcome<Option<Departure>> {
    let Some(upstream) = ready(authority, provider, Age::Usual).await? else { return Ok(None) };
    let mut more = std::collections::BTreeMap::new();
    if provider.settings.kind == Kind::Oidc {
        more.extend(journey.demand.parameters());
    }
    more.extend(login_hint.map(|hint| ("login_hint", hint)));
    let (nonce, verifier) = (journey.nonce.as_str(), journey.verifier.as_str());
    let trip = Trip { state: journey.seal(authority), nonce, verifier, more };
    Ok(Some(Departure { address: upstream.address(trip).into(), parcel: None }))
}

/// What the waiting request wants of a sign-in. Where the client's own limit runs from the last proof, an older one there
/// would be of no use.
async fn wish(authority: &Authority, pending: &Pending) -> Outcome<Wish> {
    let (request, client) = (&pending.request, pending.client(authority).await?);
    // Whoever chooses an account proves it, here as there.
    let anew = request.prompt.login || request.prompt.select_account;
    let asked = [(anew, Prompt::Login), (request.prompt.select_account, Prompt::SelectAccount)];
    let limit = client.narrowing().absolute.and_then(|limit| u32::try_from(limit.as_seconds()).ok());
    let max_age = request.max_age.or(client.metadata.default_max_age);
    let essential = request.essential_acr();
    Ok(Wish {
        prompt: asked.into_iter().filter(|(asked, _)| *asked).map(|(_, prompt)| prompt).collect(),
        max_age: max_age.into_iter().chain(limit).min(),
        levels: if essential.is_empty() { level::preferred(request, &client) } else { essential },
    })
}

/// Whether a session was proved so lately that its person may set out to be linked.
pub fn may_link(session: &Session, now: Time) -> bool {
    session.proved_within(FRESH.delta(), now)
}
