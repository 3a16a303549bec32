//! Passkeys: what a browser is asked, and what its answer is worth, as the first factor or the second.
//!
//! A challenge is no row: what its answer will be held against is sealed into the page, good in one browser for as long as
//! a page may stay open. It is answered once: the proof that it is good for writes it down.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::attempt::{self, Guessed};
use super::authenticator::context;
use super::entrance::Entrance;
use super::factor::{self, Proving};
use super::login::{Aim, SignIn};
use super::{Authority, Outcome, directory};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, DeviceId, UserId};
use crate::base::secret::{base64url, from_base64url};
use crate::domain::factor::{Authenticator, Kind, Use, Way, proved};
use crate::domain::lifetime::Stay;
use crate::domain::login::{Counted, network};
use crate::domain::passkey::{Asked, Assertion, Claimed, Key, Party, Proved, Registration};
use crate::domain::policy::PENDING_REQUEST;
use crate::domain::session::{Session, Source};
use crate::domain::user::User;
use crate::store;

/// What a browser is asked.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The options of `navigator.credentials`, as JSON.
    pub options: String,
    /// What comes back with the answer.
    pub handle: String,
}

/// What a browser answered, with the handle of the challenge.
#[derive(Clone, Debug)]
pub struct Response {
    pub handle: String,
    pub answer: String,
}

/// What an answer is held against, on its way through the page.
#[derive(Serialize, Deserialize)]
struct Waiting<T> {
    state: T,
    born: Time,
    device: Option<DeviceId>,
    /// For whom a new passkey is made.
    user: Option<UserId>,
}

const PROOF: &str = "passkey challenge";
const NEW: &str = "new passkey";

fn seal<T: Serialize>(authority: &Authority, context: &str, waiting: &Waiting<T>) -> String {
    let plain = serde_json::to_vec(waiting).unwrap_or_default();
    base64url(&authority.secrets.pending.seal(context, &plain, authority.dice()))
}

fn open<T: DeserializeOwned>(
    authority: &Authority,
    context: &str,
    (handle, source): (&str, &Source),
) -> Option<Waiting<T>> {
    let plain = authority.secrets.pending.open(context, &from_base64url(handle)?)?;
    let waiting: Waiting<T> = serde_json::from_slice(&plain).ok()?;
    let young = authority.now() - waiting.born < PENDING_REQUEST.delta();
    (young && waiting.device.is_some() && waiting.device == source.device).then_some(waiting)
}

fn asked<T: Serialize>(
    authority: &Authority,
    context: &str,
    asked: Asked<T>,
    (device, user): (Option<DeviceId>, Option<UserId>),
) -> Challenge {
    let Asked { options, state } = asked;
    let handle = seal(authority, context, &Waiting { state, born: authority.now(), device, user });
    Challenge { options: Value::to_string(&options), handle }
}

/// Asks for a proof, by whichever passkey the browser finds; `None` where nobody can have one.
pub fn challenge(authority: &Authority, source: &Source) -> Option<Challenge> {
    let asking = authority.party.as_ref().and_then(Party::ask)?;
    Some(asked(authority, PROOF, asking, (source.device, None)))
}

/// What an answer turned out to be.
pub(super) enum Checked {
    Proved { user: Box<User>, way: Way, id: CredentialId, spend: Use },
    Wait(Time),
    Refused,
}

/// Checks an answer, without using the challenge up.
pub(super) async fn check(authority: &Authority, response: &Response, source: &Source) -> Outcome<Checked> {
    let (Some(party), Some(waiting)) =
        (&authority.party, open::<Assertion>(authority, PROOF, (&response.handle, source)))
    else {
        return Ok(Checked::Refused);
    };
    let claimed = party.claimed(&response.answer);
    let own = match &claimed {
        Some(claimed) => store::factor::passkey(&authority.db, &claimed.id).await?,
        None => None,
    };
    let network = source.address.as_deref().map(network).unwrap_or_default();
    // What is no passkey of ours is counted by its source: there is nothing to guess at.
    let name = own.as_ref().map_or_else(|| format!("no passkey from {network}"), |own| own.id.to_string());
    let keys = Counted::keys_of(&name, &network);
    let _turn = authority.turnstile.pass(keys[1]).await?;
    let now = authority.now();
    if let Some(until) = attempt::must_wait(authority, &keys, now).await? {
        return Ok(Checked::Wait(until));
    }
    let id = own.as_ref().map(|own| own.id);
    let (digest, until) = (waiting.state.digest(), waiting.born + PENDING_REQUEST.delta());
    let verdict = match claimed {
        Some(claimed) => judge(authority, party, (&claimed, waiting.state), own),
        None => Err("no passkey at all".to_owned()),
    };
    let user = match &verdict {
        Ok((own, _)) => store::user::by_id(&authority.db, own.user).await?.filter(|user| !user.disabled),
        Err(_) => None,
    };
    match (verdict, user) {
        (Ok((own, Proved { count, device_bound })), Some(user)) => {
            attempt::forget(authority, keys).await?;
            let spend = Use::Challenge { id: own.id, digest, count, until };
            Ok(Checked::Proved { user: Box::new(user), way: Way::Passkey { device_bound }, id: own.id, spend })
        }
        (verdict, _) => {
            let reason = verdict.err().unwrap_or_else(|| "the user is disabled or gone".into());
            tracing::info!(reason, address = source.address, "a passkey was refused");
            let guessed = id.map_or(Guessed::Nothing, Guessed::Authenticator);
            attempt::fail(authority, keys, guessed, now).await?;
            Ok(Checked::Refused)
        }
    }
}

/// What an answer proves. Where the passkey is none that its person may use, the same work is done on a decoy, so that the
/// time tells nobody which ones are known.
fn judge(
    authority: &Authority,
    party: &Party,
    (claimed, state): (&Claimed, Assertion),
    own: Option<Authenticator>,
) -> Result<(Authenticator, Proved), String> {
    let Some(own) = own.filter(|own| !own.disabled && own.user == claimed.user) else {
        if let Some(decoy) = Key::decoy(&claimed.id) {
            drop(party.proved(claimed, state, &decoy, 0));
        }
        return Err("no passkey of ours, out of use, or of another person".to_owned());
    };
    let key = kept(authority, &own).ok_or("the passkey at rest was changed")?;
    let count = u32::try_from(own.counter.unwrap_or_default()).unwrap_or(u32::MAX);
    Ok((own, party.proved(claimed, state, &key, count)?))
}

/// A passkey as it was put to rest; `None` when a byte of it is another.
fn kept(authority: &Authority, own: &Authenticator) -> Option<Key> {
    let sealed = own.sealed.as_deref()?;
    serde_json::from_slice(&authority.secrets.authenticator.open(&context(own.id, own.user), sealed)?).ok()
}

/// Somebody who comes with nothing but a passkey.
pub struct Arrival {
    pub response: Response,
    pub source: Source,
    pub stay: Stay,
    pub aim: Aim,
}

/// Signs in by passkey alone.
pub async fn sign_in(authority: &Authority, arrival: Arrival, current: Option<Session>) -> Outcome<SignIn> {
    let Arrival { response, source, stay, aim } = arrival;
    match check(authority, &response, &source).await? {
        Checked::Wait(until) => Ok(SignIn::Wait { until }),
        Checked::Refused => Ok(SignIn::Refused),
        Checked::Proved { user, way, id, spend } => {
            if directory::has_left(authority, user.id).await? {
                return Ok(SignIn::Refused);
            }
            let proof = proved(None, way, id, authority.now());
            let entrance = Entrance { proof, spends: vec![spend], of: None, stay, source, from: None };
            factor::go_on(authority, &user, Proving { entrance, aim }, current).await
        }
    }
}

/// Asks for a new passkey of this person.
pub async fn ask_for_new(authority: &Authority, user: &User, source: &Source) -> Outcome<Option<Challenge>> {
    let Some(party) = &authority.party else { return Ok(None) };
    let held = store::factor::of_user(&authority.db, user.id).await?;
    let keys: Vec<Key> = held.iter().filter_map(|own| kept(authority, own)).collect();
    let asking = party.ask_for_new(user, &keys);
    Ok(asking.map(|asking| asked(authority, NEW, asking, (source.device, Some(user.id)))))
}

/// The passkey that a browser made for this person, under this name.
pub(super) fn made(
    authority: &Authority,
    user: UserId,
    (response, name): (&Response, &str),
    source: &Source,
) -> Option<Authenticator> {
    let party = authority.party.as_ref()?;
    let waiting = open::<Registration>(authority, NEW, (&response.handle, source))?;
    if waiting.user != Some(user) {
        return None;
    }
    let made = match party.made(&response.answer, &waiting.state) {
        Ok(made) => made,
        Err(reason) => {
            tracing::info!(reason, %user, "a new passkey was refused");
            return None;
        }
    };
    let now = authority.now();
    let id = CredentialId::new(now, authority.dice());
    let plain = serde_json::to_vec(&made.key).ok()?;
    let sealed = authority.secrets.authenticator.seal(&context(id, user), &plain, authority.dice());
    Some(Authenticator {
        id,
        user,
        kind: Kind::Passkey,
        name: name.to_owned(),
        sealed: Some(sealed),
        passkey_id: Some(made.id),
        device_bound: made.device_bound,
        counter: Some(i64::from(made.count)),
        disabled: false,
        address: source.address.clone(),
        created_at: now,
        last_used_at: None,
    })
}
