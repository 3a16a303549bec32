//! The second half of a sign-in: what was proved so far waits, sealed, in the address of the page that asks for more.
//!
//! There is no row and no step to skip: a session begins only here, and only where [`domain::factor::next`] finds what was
//! proved enough. The ticket is good for minutes, in the browser it was given to; a code is good once, and the session that
//! is written uses it up. In a session that is open, the ticket adds to what that session was opened with, and dies with it.
//!
//! [`domain::factor::next`]: crate::domain::factor::next

use serde::{Deserialize, Serialize};

use super::attempt::{self, Guessed};
use super::authenticator::{self, Adding};
use super::entrance::{Addition, Arrived, Entrance, enter, tell_codes};
use super::login::{Aim, SignIn};
use super::passkey::{self, Challenge, Checked, Response};
use super::{Authority, Outcome, recovery, totp};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, DeviceId, SessionId, UserId};
use crate::base::secret::{Secret, Typed, base64url, from_base64url};
use crate::domain::event::EventName;
use crate::domain::factor::{Authenticator, Held, Kind, Next, Offer, Step, Use, Way, next, proved};
use crate::domain::level;
use crate::domain::lifetime::Stay;
use crate::domain::login::{Counted, network};
use crate::domain::origin::{Hint, Root};
use crate::domain::policy::FRESH;
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::User;
use crate::protocol::acr;
use crate::store;
use crate::store::db::{Db, Fault};

/// What was just proved, and what for.
pub struct Proving {
    pub entrance: Entrance,
    pub aim: Aim,
}

/// What was proved so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Half {
    pub user: UserId,
    proof: Authentication,
    of: Option<SessionId>,
    /// What was added to that session's own proof so far.
    #[serde(default)]
    steps: Vec<Step>,
    stay: Stay,
    client: Option<String>,
    goal: Option<String>,
    born: Time,
    device: Option<DeviceId>,
    /// The session at another provider that it comes from, and what the person is signed out by there.
    #[serde(default)]
    root: Option<Root>,
    #[serde(default)]
    hint: Option<Hint>,
}

const CONTEXT: &str = "half a sign-in";

impl Half {
    pub fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Reads a ticket that this browser was given a few minutes ago.
    pub fn open(authority: &Authority, handle: &str, source: &Source) -> Option<Self> {
        let plain = authority.secrets.pending.open(CONTEXT, &from_base64url(handle)?)?;
        let half: Self = serde_json::from_slice(&plain).ok()?;
        let young = authority.now() - half.born < FRESH.delta();
        (young && half.device.is_some() && half.device == source.device).then_some(half)
    }

    /// The session after one more thing was proved.
    fn with(self, step: Step, spends: Vec<Use>, (source, at): (Source, Time)) -> Proving {
        let Self { of, mut steps, stay, client, goal, root, hint, .. } = self;
        let proof = proved(Some(&self.proof), step.way, step.id, at);
        steps.push(step);
        let of = of.map(|session| Addition { session, steps });
        let from = root.map(|root| Arrived { root, hint });
        Proving { entrance: Entrance { proof, spends, of, stay, source, from }, aim: Aim { client, goal } }
    }

    /// Whether the session that this adds to, if there is one, is the browser's.
    fn belongs(&self, current: Option<&Session>) -> bool {
        self.of.is_none_or(|of| current.is_some_and(|session| session.id == of))
    }
}

/// What a person holds.
pub async fn held(db: &Db, user: UserId) -> Result<Held, Fault> {
    Ok(Held::of(&store::factor::of_user(db, user).await?, store::factor::codes_left(db, user).await?))
}

/// Lets in whoever proved enough, and asks the others for more.
pub async fn go_on(authority: &Authority, user: &User, proving: Proving, current: Option<Session>) -> Outcome<SignIn> {
    let Proving { entrance, aim } = proving;
    let held = held(&authority.db, user.id).await?;
    let needed = needed(authority, user, aim.client.as_deref());
    let missing = next(&entrance.proof.acr, &held, needed.as_deref(), aim.goal.as_deref());
    if missing == Next::Enough {
        let address = entrance.source.address.clone();
        let entered = enter(authority, user, entrance, current).await?;
        if let SignIn::Done { session, .. } = &entered {
            tracing::info!(user = %user.id, session = %session.id, address, "signed in");
        }
        return Ok(entered);
    }
    // What is less than a password is not the first half of anything: whoever reads somebody's mail would add the second.
    if !acr::is_at_least(&entrance.proof.acr, acr::PASSWORD) {
        tracing::info!(user = %user.id, level = entrance.proof.acr, "a sign-in was refused: more than a mailed code is needed");
        return Ok(SignIn::Refused);
    }
    // What the proof so far uses up is used up now, for it is not shown again.
    if !entrance.spends.is_empty() && !use_up(authority, user.id, &entrance).await? {
        return Ok(SignIn::Refused);
    }
    let Entrance { proof, of, stay, source, from, .. } = entrance;
    let Aim { client, goal } = aim;
    let (root, hint) = from.map_or((None, None), |Arrived { root, hint }| (Some(root), hint));
    let hint = hint.filter(Hint::goes_along);
    let (born, device) = (authority.now(), source.device);
    let (of, steps) = of.map_or((None, Vec::new()), |of| (Some(of.session), of.steps));
    let half = Half { user: user.id, born, proof, of, steps, stay, client, goal, device, root, hint };
    let ticket = half.seal(authority);
    Ok(if missing == Next::Enrol { SignIn::Enrol { ticket } } else { SignIn::Second { ticket } })
}

/// What policy needs of the person, for a client that needs this.
pub(super) fn needed(authority: &Authority, user: &User, client: Option<&str>) -> Option<String> {
    let own = level::needed(&authority.policy, user, None);
    own.as_deref().into_iter().chain(client).reduce(acr::higher).map(str::to_owned)
}

async fn use_up(authority: &Authority, user: UserId, entrance: &Entrance) -> Outcome<bool> {
    let (spends, of, now) = (entrance.spends.clone(), entrance.of.as_ref().map(|of| of.session), entrance.proof.at);
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, Some(&entrance.source)));
    let spend = authority.db.write(async move |tx| {
        for spend in &spends {
            if !store::factor::spend(tx, spend, now).await? {
                return Ok(tx.undo(false));
            }
        }
        let session = match of {
            Some(of) => store::session::hold(tx, of).await?.map(|session| session.id),
            None => None,
        };
        tell_codes(tx, (user, session), &spends, (&scribe, &clerk)).await?;
        Ok(true)
    });
    Ok(spend.await?)
}

/// The ticket with which somebody who is signed in proves one thing more, for this level; `None` where they hold nothing
/// that reaches it.
pub async fn step_up(
    authority: &Authority,
    session: &Session,
    level: &str,
    source: &Source,
) -> Outcome<Option<String>> {
    let (Some(user), Some(proof)) = (session.subject.person(), session.authentication.clone()) else { return Ok(None) };
    let possible = acr::known(&proof.acr).is_some() && source.device.is_some();
    if !possible || !held(&authority.db, user).await?.reaches(level) {
        return Ok(None);
    }
    let level = Some(level.to_owned());
    let half = Half {
        user,
        proof,
        of: Some(session.id),
        steps: Vec::new(),
        stay: session.stay,
        client: level.clone(),
        goal: level,
        born: authority.now(),
        device: source.device,
        root: None,
        hint: None,
    };
    Ok(Some(half.seal(authority)))
}

/// Whether the person with this ticket is to add something, and for which level; `None` when they are not.
pub async fn to_add(authority: &Authority, half: &Half) -> Outcome<Option<(User, String)>> {
    let Some(user) = store::user::by_id(&authority.db, half.user).await?.filter(|user| !user.disabled) else {
        return Ok(None);
    };
    let held = held(&authority.db, user.id).await?;
    let Some(needed) = needed(authority, &user, half.client.as_deref()) else { return Ok(None) };
    let missing = next(&half.proof.acr, &held, Some(&needed), half.goal.as_deref());
    Ok((missing == Next::Enrol).then_some((user, needed)))
}

/// What somebody adds during a sign-in.
pub enum New<'a> {
    App { handle: &'a str, code: &'a Typed },
    Passkey { response: &'a Response, name: &'a str },
}

/// Adds what a sign-in needs, which proves itself with that, and goes on.
pub async fn add(
    authority: &Authority,
    half: Half,
    new: New<'_>,
    (source, current): (Source, Option<Session>),
) -> Outcome<SignIn> {
    let wanted = if half.belongs(current.as_ref()) { to_add(authority, &half).await? } else { None };
    let Some((user, _)) = wanted else { return Ok(SignIn::Refused) };
    let of = half.of;
    // What the session that this adds to was opened with may be gone; the session itself may not.
    let by = if of.is_some() { Vec::new() } else { half.proof.credentials.clone() };
    let adding = Adding { user: user.id, session: of, source: source.clone(), by, root: half.root.clone() };
    let (added, way, name) = match new {
        New::App { handle, code } => {
            let id = authenticator::add_app(authority, adding, (handle, code)).await?;
            (id, Way::Code, EventName::TotpAdded)
        }
        New::Passkey { response, name } => {
            let own = authenticator::add_passkey(authority, adding, (response, name)).await?;
            let device_bound = own.as_ref().is_some_and(|own| own.device_bound);
            (own.map(|own| own.id), Way::Passkey { device_bound }, EventName::PasskeyAdded)
        }
    };
    let Some(id) = added else { return Ok(SignIn::Refused) };
    let proving = half.with(Step { way, id }, Vec::new(), (source, authority.now()));
    let signed_in = go_on(authority, &user, proving, current).await?;
    if let SignIn::Done { session, .. } = &signed_in
        && of.is_none()
    {
        let event = authority.scribe(authority.now()).entry(session.id, name);
        let told = authority.db.write(async move |tx| store::event::record(tx, &event).await).await;
        // Whoever is signed in is so whatever the timeline says.
        if let Err(fault) = told {
            tracing::warn!(%fault, "an added factor is not in the timeline");
        }
    }
    Ok(signed_in)
}

/// Adds to the proof of a session what was just added on its account pages, which proved itself with that; `None` where the
/// session ended meanwhile, or was opened by a mailed code alone.
pub async fn raise(
    authority: &Authority,
    session: &Session,
    (user, way, id): (&User, Way, CredentialId),
    source: &Source,
) -> Outcome<Option<(Secret, Session)>> {
    if authenticator::must_sign_in(session) {
        return Ok(None);
    }
    let proof = proved(session.authentication.as_ref(), way, id, authority.now());
    let (of, stay) = (Some(Addition { session: session.id, steps: vec![Step { way, id }] }), session.stay);
    let from = None;
    let entrance = Entrance { proof, spends: Vec::new(), of, stay, source: source.clone(), from };
    match enter(authority, user, entrance, Some(session.clone())).await? {
        SignIn::Done { secret, session } => Ok(Some((secret, *session))),
        _ => Ok(None),
    }
}

/// What the page for a second factor shows.
pub struct Question {
    pub username: String,
    pub offer: Offer,
    pub passkey: Option<Challenge>,
    /// Recovery codes that are left, where the person has a set.
    pub codes: i64,
    pub app: bool,
}

/// What is asked of the person with this ticket; `None` when there is nothing left to ask, or the person is gone.
pub async fn question(authority: &Authority, half: &Half, source: &Source) -> Outcome<Option<Question>> {
    let Some(user) = store::user::by_id(&authority.db, half.user).await? else { return Ok(None) };
    let held = held(&authority.db, user.id).await?;
    let Some(offer) = offer(authority, &user, half, &held) else { return Ok(None) };
    let passkey = if offer.passkey { passkey::challenge(authority, source) } else { None };
    Ok(Some(Question { username: user.username, offer, passkey, codes: held.codes, app: held.app }))
}

fn offer(authority: &Authority, user: &User, half: &Half, held: &Held) -> Option<Offer> {
    let needed = needed(authority, user, half.client.as_deref());
    match next(&half.proof.acr, held, needed.as_deref(), half.goal.as_deref()) {
        Next::Second(offer) => Some(offer),
        Next::Enough | Next::Enrol => None,
    }
}

/// Goes on with a code: of an app, or a recovery code.
pub async fn by_code(
    authority: &Authority,
    half: Half,
    code: &Typed,
    (source, current): (Source, Option<Session>),
) -> Outcome<SignIn> {
    let user = store::user::by_id(&authority.db, half.user).await?;
    let Some(user) = user.filter(|user| !user.disabled && half.belongs(current.as_ref())) else {
        return Ok(SignIn::Refused);
    };
    let kind = if totp::is_one(code) { Kind::Totp } else { Kind::Recovery };
    let own = store::factor::of_user(&authority.db, user.id).await?.into_iter().find(|own| own.kind == kind);
    let network = source.address.as_deref().map(network).unwrap_or_default();
    // Somebody who has no app is told so in the same time and by the same count as with a wrong code.
    let name = own.as_ref().map_or_else(|| format!("{kind:?} of {}", user.id), |own| own.id.to_string());
    let keys = Counted::keys_of(&name, &network);
    let _turn = authority.turnstile.pass(keys[1]).await?;
    let now = authority.now();
    if let Some(until) = attempt::must_wait(authority, &keys, now).await? {
        return Ok(SignIn::Wait { until });
    }
    let Some((id, spend)) = check(authority, own.as_ref(), code, now).await? else {
        tracing::info!(user = %user.id, address = source.address, "a second factor was refused");
        let guessed = own.map_or(Guessed::Nothing, |own| Guessed::Authenticator(own.id));
        attempt::fail(authority, keys, guessed, now).await?;
        return Ok(SignIn::Refused);
    };
    attempt::forget(authority, keys).await?;
    let step = Step { way: Way::Code, id };
    go_on(authority, &user, half.with(step, vec![spend], (source, now)), current).await
}

/// What a code is worth, and of what it is.
async fn check(
    authority: &Authority,
    own: Option<&Authenticator>,
    code: &Typed,
    now: Time,
) -> Outcome<Option<(CredentialId, Use)>> {
    let Some(own) = own.filter(|own| !own.disabled) else { return Ok(None) };
    let spend = match own.kind {
        Kind::Totp => totp::check(authority, own, code, now),
        Kind::Recovery => recovery::check(authority, own, code).await?,
        Kind::Passkey => None,
    };
    Ok(spend.map(|spend| (own.id, spend)))
}

/// Goes on with a passkey, which must be the same person's.
pub async fn by_passkey(
    authority: &Authority,
    half: Half,
    response: &Response,
    (source, current): (Source, Option<Session>),
) -> Outcome<SignIn> {
    match passkey::check(authority, response, &source).await? {
        Checked::Wait(until) => Ok(SignIn::Wait { until }),
        Checked::Proved { user, way, id, spend } if user.id == half.user && half.belongs(current.as_ref()) => {
            let proving = half.with(Step { way, id }, vec![spend], (source, authority.now()));
            go_on(authority, &user, proving, current).await
        }
        Checked::Proved { .. } | Checked::Refused => Ok(SignIn::Refused),
    }
}
