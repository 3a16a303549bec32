//! An app for one-time codes: added after it proved itself once, checked against the clock, each code good once.

use serde::{Deserialize, Serialize};

use super::Authority;
use super::authenticator::context;
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::base::secret::{Typed, base64url, from_base64url};
use crate::domain::factor::{Authenticator, Kind, Use};
use crate::domain::policy::{PENDING_REQUEST, Profile};
use crate::domain::session::Source;
use crate::domain::totp::{TotpSecret, Window};
use crate::domain::user::User;

/// Whether this looks like a code of an app, not like a recovery code.
pub fn is_one(code: &Typed) -> bool {
    let plain = plain(code);
    plain.len() <= 8 && plain.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without the spaces that apps show and people type.
fn plain(code: &Typed) -> String {
    code.expose().chars().filter(|c| !c.is_whitespace()).collect()
}

fn window(authority: &Authority) -> Window {
    if authority.policy.profile == Profile::Strict { Window::Exact } else { Window::Drift }
}

/// What a code of this app uses up; `None` when it is wrong, or was used before.
pub(super) fn check(authority: &Authority, own: &Authenticator, code: &Typed, now: Time) -> Option<Use> {
    let sealed = own.sealed.as_deref()?;
    let secret = TotpSecret::kept(&authority.secrets.authenticator.open(&context(own.id, own.user), sealed)?)?;
    let step = secret.step_of(&plain(code), now, window(authority))?;
    own.counter.is_none_or(|last| step > last).then_some(Use::Step { id: own.id, step })
}

/// A secret on its way into an app: kept in the page, sealed, until the app proves that it has it.
#[derive(Serialize, Deserialize)]
struct Offered {
    secret: Vec<u8>,
    user: UserId,
    born: Time,
}

const CONTEXT: &str = "offered app secret";

/// What the page shows of a new app.
pub struct Offer {
    /// What the page gives back.
    pub handle: String,
    pub secret: String,
    /// What is in the picture.
    pub uri: String,
}

/// A new secret for this person.
pub fn offer(authority: &Authority, user: &User) -> Offer {
    let secret = TotpSecret::new(authority.dice());
    let offered = Offered { secret: secret.expose().to_vec(), user: user.id, born: authority.now() };
    let plain = serde_json::to_vec(&offered).unwrap_or_default();
    let handle = base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()));
    shown(authority, user, (handle, &secret))
}

/// The same once more, after a wrong code; a new one where it is out of date.
pub fn again(authority: &Authority, user: &User, handle: &str) -> Offer {
    match open(authority, user.id, handle) {
        Some(secret) => shown(authority, user, (handle.to_owned(), &secret)),
        None => offer(authority, user),
    }
}

fn shown(authority: &Authority, user: &User, (handle, secret): (String, &TotpSecret)) -> Offer {
    let host = authority.policy.issuer.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
    Offer { handle, secret: secret.text(), uri: secret.uri(host, &user.username) }
}

fn open(authority: &Authority, user: UserId, handle: &str) -> Option<TotpSecret> {
    let plain = authority.secrets.pending.open(CONTEXT, &from_base64url(handle)?)?;
    let offered: Offered = serde_json::from_slice(&plain).ok()?;
    let good = offered.user == user && authority.now() - offered.born < PENDING_REQUEST.delta();
    TotpSecret::kept(&offered.secret).filter(|_| good)
}

/// The app that this code proves; the code is used up with it.
pub(super) fn made(
    authority: &Authority,
    user: UserId,
    (handle, code): (&str, &Typed),
    source: &Source,
) -> Option<Authenticator> {
    let (now, secret) = (authority.now(), open(authority, user, handle)?);
    let step = secret.step_of(&plain(code), now, Window::Drift)?;
    let id = CredentialId::new(now, authority.dice());
    let sealed = authority.secrets.authenticator.seal(&context(id, user), secret.expose(), authority.dice());
    Some(Authenticator {
        id,
        user,
        kind: Kind::Totp,
        name: "Authenticator app".into(),
        sealed: Some(sealed),
        passkey_id: None,
        device_bound: false,
        counter: Some(step),
        disabled: false,
        address: source.address.clone(),
        created_at: now,
        last_used_at: Some(now),
    })
}
