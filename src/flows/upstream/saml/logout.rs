//! Signing out at a SAML provider when somebody signs out here, and being told that somebody signed out there (SAML Profiles
//! section 4.4).

use serde::{Deserialize, Serialize};

use super::super::address;
use super::super::farewell::hint;
use super::super::journey::Parcel;
use super::super::notice::{Word, end_once};
use super::{between, certificates, entity, keyless, own_key, pack, speaker, unpack};
use crate::base::clock::Time;
use crate::base::secret::{Digest, base64, base64url, from_base64url};
use crate::domain::policy::SUDO;
use crate::domain::provider::Provider;
use crate::domain::session::Session;
use crate::flows::logout::Farewell;
use crate::flows::{Authority, Outcome};
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::provider::SloBinding;
use crate::saml::logout::{self, Came, Expected, Head, Message};
use crate::saml::name::NameId;
use crate::saml::new_id;
use crate::saml::redirect::{self, Part, Sent};

const LEAVING: &str = "saml leaving";
const WAITING: &str = "saml farewell";

/// The longest state of a provider's that goes back with our answer, in bytes.
const LONGEST_STATE: usize = 1_000;

const REFUSED: Refusal = invalid_request("the logout message is not accepted").told("refused-logout");

/// Somebody who signs out there next.
#[derive(Serialize, Deserialize)]
struct Leaving {
    provider: String,
    name: NameId,
    session: Option<String>,
    farewell: Farewell,
    born: Time,
}

/// What is done once the provider answered.
#[derive(Serialize, Deserialize)]
struct Waiting {
    provider: String,
    /// The identifier of our request.
    request: String,
    farewell: Farewell,
}

/// Where the browser goes with a message.
pub enum Way {
    Address(String),
    Form { action: String, fields: Vec<(&'static str, String)> },
}

/// A message on its way, and what the browser keeps until it comes back.
pub struct Dispatch {
    pub way: Way,
    pub parcel: Option<Parcel>,
}

/// Where the browser goes next to sign out there: to ourselves, where the request is made; `None` where the provider knows no
/// such thing.
pub async fn farewell(
    authority: &Authority,
    session: &Session,
    provider: &Provider,
    farewell: &Farewell,
) -> Outcome<Option<String>> {
    let (Some(upstream), Some(_)) = (&session.upstream, &provider.settings.slo_url) else { return Ok(None) };
    let Some(name) = hint(authority, session).await?.and_then(|hint| serde_json::from_str(&hint).ok()) else {
        return Ok(None);
    };
    let (now, mut farewell) = (authority.now(), farewell.clone());
    farewell.begin_at(now);
    let leaving =
        Leaving { provider: provider.id.clone(), name, session: upstream.session.clone(), farewell, born: now };
    let plain = serde_json::to_vec(&leaving).unwrap_or_default();
    let state = base64url(&authority.secrets.pending.seal(LEAVING, &plain, authority.dice()));
    Ok(Some(format!("{}?state={state}", address(authority, &provider.id, "leave"))))
}

/// Asks the provider to sign somebody out, whom [`farewell`] sent here.
pub async fn leave(authority: &Authority, id: &str, state: &str) -> Outcome<Dispatch> {
    let too_late = || invalid_request("this sign-out took too long; you are signed out here").told("refused-sign-out");
    let plain = from_base64url(state).and_then(|sealed| authority.secrets.pending.open(LEAVING, &sealed));
    let leaving: Leaving = plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(too_late)?;
    if leaving.provider != id || authority.now() - leaving.born >= SUDO.delta() {
        return Err(too_late().into());
    }
    let provider = speaker(authority, id).await?;
    let endpoint = provider.settings.slo_url.clone().ok_or_else(too_late)?;
    let (request, issuer) = (new_id(authority.dice()), entity(authority, id, &provider.settings));
    let head = Head { id: &request, now: authority.now(), destination: &endpoint, issuer: &issuer };
    let message = logout::request(head, &leaving.name, leaving.session.as_deref());
    let waiting = Waiting { provider: id.to_owned(), request: request.clone(), farewell: leaving.farewell };
    let parcel = pack(authority, WAITING, &waiting)?;
    let way = way(authority, &provider, (&endpoint, Part::Request, Some(&parcel.handle)), &message)?;
    Ok(Dispatch { way, parcel: Some(parcel) })
}

/// Dresses a message as the provider takes it.
fn way(
    authority: &Authority,
    provider: &Provider,
    (endpoint, part, relay_state): (&str, Part, Option<&str>),
    message: &Message<'_>,
) -> Outcome<Way> {
    let key = own_key(authority, provider)?;
    Ok(match provider.settings.slo_binding {
        SloBinding::Redirect => {
            let sent = Sent { endpoint, part, xml: &message.bare(), relay_state };
            Way::Address(redirect::address(&sent, &key).map_err(keyless)?)
        }
        SloBinding::Post => {
            let document = base64(message.signed(&key).map_err(keyless)?.as_bytes());
            let state = relay_state.map(|state| ("RelayState", state.to_owned()));
            let fields = [(part.name(), document)].into_iter().chain(state).collect();
            Way::Form { action: endpoint.to_owned(), fields }
        }
    })
}

/// Takes the provider's answer to our request. Whatever it is, the person is signed out here; what they waited for goes on.
pub async fn returned(authority: &Authority, id: &str, came: Came<'_>, parcel: Option<Parcel>) -> Outcome<Farewell> {
    let kept = parcel.and_then(|parcel| unpack::<Waiting>(authority, WAITING, &parcel));
    let Some(waiting) = kept.filter(|waiting| waiting.provider == id) else { return Ok(Farewell::default()) };
    let provider = speaker(authority, id).await?;
    let (keys, us) = (certificates(&provider.settings), entity(authority, id, &provider.settings));
    let endpoint = address(authority, id, "slo");
    let expected =
        Expected { between: between(&provider, &us), keys: &keys, endpoint: &endpoint, now: authority.now() };
    if let Err(error) = logout::read_response(came, &waiting.request, &expected) {
        tracing::warn!(provider = id, %error, "a provider did not say that somebody is signed out there");
    }
    Ok(waiting.farewell.if_young(authority))
}

/// Takes a provider's word that somebody is signed out there, once, and ends what came from there. The answer goes back by the
/// browser; `None` where the provider has no place for it. It says nothing about whether anything was there to end.
pub async fn heard(
    authority: &Authority,
    id: &str,
    came: Came<'_>,
    relay_state: Option<&str>,
) -> Outcome<Option<Dispatch>> {
    let provider = speaker(authority, id).await?;
    let (keys, us) = (certificates(&provider.settings), entity(authority, id, &provider.settings));
    let endpoint = address(authority, id, "slo");
    let expected =
        Expected { between: between(&provider, &us), keys: &keys, endpoint: &endpoint, now: authority.now() };
    let asked = logout::read_request(came, &expected).map_err(|error| {
        tracing::warn!(provider = id, %error, "a provider is not believed");
        REFUSED.because(error.to_string())
    })?;
    let digest = Digest::of(&format!("saml logout\n{}\n{}", provider.settings.issuer, asked.id));
    let (subject, sessions) = (Some(asked.name.value), asked.sessions);
    let word = Word { digest, until: asked.good_until, subject, sessions };
    if end_once(authority, &provider, word).await?.is_none() {
        return Err(REFUSED.because("the request was used before").into());
    }
    let settings = &provider.settings;
    let Some(to) = settings.slo_response_url.as_ref().or(settings.slo_url.as_ref()) else { return Ok(None) };
    let own = new_id(authority.dice());
    let head = Head { id: &own, now: authority.now(), destination: to, issuer: &us };
    let message = logout::response(head, &asked.id);
    let relay_state = relay_state.filter(|state| state.len() <= LONGEST_STATE);
    let way = way(authority, &provider, (to, Part::Response, relay_state), &message)?;
    Ok(Some(Dispatch { way, parcel: None }))
}
