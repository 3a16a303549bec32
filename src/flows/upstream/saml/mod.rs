//! Sign-in through a provider that speaks SAML 2.0: we are a service provider (SAML Profiles sections 4.1 and 4.4).
//!
//! | file | holds |
//! |---|---|
//! | `registration` | what an admin gives and gets: metadata read, keys made |
//! | `arrival` | an answer: whose it is, what it is worth |
//! | `logout` | signing out there, and being told of it |
//!
//! An address there carries at most 80 bytes back. So what a tab is on its way for, a browser keeps itself: sealed, in a cookie
//! under a name that travels in its place as `RelayState`. The cookie is not sent along with a form of another site; such a
//! form is sent once more from a page of ours.

pub mod arrival;
pub mod logout;
pub mod registration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::logout::farewell;
pub use self::registration::{check, described, new_secret};
use super::journey::{Departure, Journey, Parcel};
use super::{address, open, secret, unknown};
use crate::base::entropy::draw;
use crate::base::secret::{base64url, from_base64url};
use crate::domain::provider::Provider;
use crate::flows::{Authority, Outcome};
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::provider::{Kind, Settings};
use crate::saml::certificate::{Certificate, NoKey, OwnKey};
pub use crate::saml::logout::Came;
use crate::saml::name::Between;
use crate::saml::redirect::{self, Part, Sent, deflated, inflate};
use crate::saml::request::{AuthnRequest, Force};
use crate::saml::{metadata, new_id};
use crate::store::db::Fault;

/// The longest that a browser is asked to keep under one name, in bytes; browsers keep 4096 with the name.
const LONGEST_PARCEL: usize = 3_800;
/// What a handle is long, in letters.
const HANDLE: usize = 22;

/// Who we are there: what the admin says, or the address of our metadata.
pub fn entity(authority: &Authority, id: &str, settings: &Settings) -> String {
    if settings.client_id.is_empty() { address(authority, id, "metadata") } else { settings.client_id.clone() }
}

/// Our metadata for a provider, signed, as XML.
pub async fn our_metadata(authority: &Authority, id: &str) -> Outcome<String> {
    let provider = speaker(authority, id).await?;
    let ours = metadata::Ours {
        id: &new_id(authority.dice()),
        entity: &entity(authority, id, &provider.settings),
        acs: &address(authority, id, "acs"),
        slo: &address(authority, id, "slo"),
        format: provider.settings.name_id_format,
        valid_until: authority.now() + registration::METADATA_LIFE.delta(),
    };
    Ok(ours.xml(&own_key(authority, &provider)?).map_err(keyless)?)
}

/// The provider of an address, if it lets people in and speaks SAML.
async fn speaker(authority: &Authority, id: &str) -> Outcome<Provider> {
    let provider = open(authority, id).await?;
    if provider.settings.kind == Kind::Saml { Ok(provider) } else { Err(unknown().into()) }
}

/// The key that we sign with towards a provider.
fn own_key(authority: &Authority, provider: &Provider) -> Outcome<OwnKey> {
    let kept =
        secret(authority, provider)?.ok_or_else(|| Fault::contradiction("provider", "there is no key of ours"))?;
    Ok(OwnKey::open(&kept).map_err(keyless)?)
}

fn keyless(error: NoKey) -> Fault {
    Fault::contradiction("provider", error)
}

/// Whose signatures are believed.
fn certificates(settings: &Settings) -> Vec<Certificate> {
    settings.certificates.iter().filter_map(|own| Certificate::read(own).ok()).collect()
}

fn between<'a>(provider: &'a Provider, us: &'a str) -> Between<'a> {
    Between { provider: &provider.settings.issuer, us }
}

/// Sends somebody there with a signed request; the journey waits in the browser, under the request's identifier.
pub fn depart(authority: &Authority, provider: &Provider, journey: Journey) -> Outcome<Option<Departure>> {
    let settings = &provider.settings;
    let Some(endpoint) = &settings.sso_url else { return Ok(None) };
    let journey = Journey { nonce: new_id(authority.dice()), verifier: String::new(), ..journey };
    let asked = AuthnRequest {
        id: &journey.nonce,
        now: authority.now(),
        destination: endpoint,
        issuer: &entity(authority, &provider.id, settings),
        acs: &address(authority, &provider.id, "acs"),
        force: if journey.demand.is_for_now() { Force::Yes } else { Force::No },
        format: settings.name_id_format,
        classes: journey.demand.asked(),
    };
    let parcel = pack(authority, arrival::CONTEXT, &journey)?;
    let sent = Sent { endpoint, part: Part::Request, xml: &asked.xml(), relay_state: Some(&parcel.handle) };
    let address = redirect::address(&sent, &own_key(authority, provider)?).map_err(keyless)?;
    Ok(Some(Departure { address, parcel: Some(parcel) }))
}

/// Whether a text can be the name of a parcel.
pub fn is_handle(text: &str) -> bool {
    text.len() == HANDLE && from_base64url(text).is_some()
}

/// Seals what a browser keeps.
fn pack(authority: &Authority, context: &str, value: &impl Serialize) -> Result<Parcel, Refusal> {
    let handle = base64url(&draw::<16>(authority.dice()));
    let plain = deflated(&serde_json::to_vec(value).unwrap_or_default());
    let sealed = authority.secrets.pending.seal(&format!("{context} {handle}"), &plain, authority.dice());
    let sealed = base64url(&sealed);
    if sealed.len() > LONGEST_PARCEL {
        let long = invalid_request("this request is too long to be taken along to this provider");
        return Err(long.told("refused-too-long"));
    }
    Ok(Parcel { handle, sealed })
}

/// Opens what a browser kept.
fn unpack<T: DeserializeOwned>(authority: &Authority, context: &str, parcel: &Parcel) -> Option<T> {
    let context = format!("{context} {}", parcel.handle);
    let plain = authority.secrets.pending.open(&context, &from_base64url(&parcel.sealed)?)?;
    serde_json::from_slice(&inflate(&plain)?).ok()
}
