//! The session after a proof: the browser's own is renewed when it is the same person's, another one begins otherwise.
//!
//! Whether there is room for one more is counted and written while no other sign-in of this person is, so that however
//! many come at once, on however many nodes, a limit holds. Where the person is asked what shall give way, the proof waits
//! in the address of that page: sealed, for minutes, for this browser, and worth one session.

use serde::{Deserialize, Serialize};

use super::login::SignIn;
use super::mail::Clerk;
use super::{Activity, Authority, Outcome, browser, ending, factor, upstream};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, DeviceId, SessionId, UserId};
use crate::base::secret::{Digest, Secret, base64url, from_base64url};
use crate::domain::event::{EventName, Scribe};
use crate::domain::factor::{Next, Step, Use, next, proved};
use crate::domain::lifetime::{Stay, Terms};
use crate::domain::limit::{Action, Room, SessionLimit, room};
use crate::domain::mail::Notice;
use crate::domain::origin::{Hint, Root};
use crate::domain::policy::CHOICE;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Authentication, Kind, Session, Source};
use crate::domain::user::User;
use crate::domain::watch::Watch;
use crate::store;
use crate::store::db::{Fault, Tx};

/// A proof that was just given, and how the person wants to come in.
pub struct Entrance {
    pub proof: Authentication,
    /// What is used up by it.
    pub spends: Vec<Use>,
    /// The one session that this proof continues; `None` for one that stands alone.
    pub of: Option<Addition>,
    pub stay: Stay,
    pub source: Source,
    /// Where the person signed in, if it was at another provider.
    pub from: Option<Arrived>,
}

/// What is added to whatever one open session rests on when it is written: a password that was changed meanwhile, or a
/// level that the session lost, does not come back with an older ticket.
pub struct Addition {
    pub session: SessionId,
    /// In the order in which they were proved.
    pub steps: Vec<Step>,
}

/// A session at another provider, with what the person is signed out by there.
pub struct Arrived {
    pub root: Root,
    pub hint: Option<Hint>,
}

/// What was proved, on its way to a session of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// The session it is worth: where that has begun, the ticket is spent.
    session: SessionId,
    user: UserId,
    proof: Authentication,
    spends: Vec<Use>,
    stay: Stay,
    /// The browser that it is good in.
    device: Option<DeviceId>,
    /// When it was given; a proof at another provider may be older.
    born: Time,
    /// The session elsewhere that it comes from, and what the person is signed out by there.
    root: Option<Root>,
    #[serde(default)]
    hint: Option<Hint>,
}

const CONTEXT: &str = "sign-in ticket";

impl Ticket {
    fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Reads a ticket that this browser was given a few minutes ago.
    pub fn open(authority: &Authority, handle: &str, source: &Source) -> Option<Self> {
        let plain = authority.secrets.pending.open(CONTEXT, &from_base64url(handle)?)?;
        let ticket: Self = serde_json::from_slice(&plain).ok()?;
        let young = authority.now() - ticket.born < CHOICE.delta();
        (young && ticket.device.is_some() && ticket.device == source.device).then_some(ticket)
    }
}

/// What a person may choose from.
pub struct Choices {
    pub username: String,
    /// The longest idle last.
    pub sessions: Vec<Session>,
    /// How many must end.
    pub least: usize,
}

/// The sessions of which some must end before this ticket is worth one; `None` when the person is gone.
pub async fn choices(authority: &Authority, ticket: &Ticket) -> Outcome<Option<Choices>> {
    let Some(user) = store::user::by_id(&authority.db, ticket.user).await? else { return Ok(None) };
    let mut sessions = store::session::open_of_user(&authority.db, user.id, authority.now()).await?;
    sessions.retain(|session| session.kind == Kind::Person);
    sessions.sort_by_key(|session| std::cmp::Reverse(session.last_active_at));
    let most = limit(authority, &user).map_or(usize::MAX, |limit| limit.most);
    let least = (sessions.len() + 1).saturating_sub(most);
    Ok(Some(Choices { username: user.username, sessions, least }))
}

/// What a person chose to end, for a client that needs this level.
pub struct Choice {
    pub sessions: Vec<SessionId>,
    pub client: Option<String>,
}

/// Goes on with a sign-in after the person chose what ends; what it needs is asked anew.
pub async fn choose(
    authority: &Authority,
    ticket: Ticket,
    choice: Choice,
    source: Source,
    current: Option<Session>,
) -> Outcome<SignIn> {
    let Some(user) = store::user::by_id(&authority.db, ticket.user).await? else { return Ok(SignIn::Refused) };
    let held = factor::held(&authority.db, user.id).await?;
    let needed = factor::needed(authority, &user, choice.client.as_deref());
    if next(&ticket.proof.acr, &held, needed.as_deref(), None) != Next::Enough {
        tracing::info!(user = %user.id, "a sign-in was refused: it needs more than it did when it was proved");
        return Ok(SignIn::Refused);
    }
    let chosen = choice.sessions;
    let replaced = current.map(|session| session.id);
    begin(authority, user, Newcomer { ticket, source, replaced, chosen }).await
}

/// Writes the session after a proof.
pub async fn enter(
    authority: &Authority,
    user: &User,
    entrance: Entrance,
    current: Option<Session>,
) -> Outcome<SignIn> {
    let Entrance { proof, spends, of, stay, source, from } = entrance;
    let (root, hint) = from.map_or((None, None), |Arrived { root, hint }| (Some(root), hint));
    let current = current.filter(|session| of.as_ref().is_none_or(|of| session.id == of.session));
    let (kept, replaced) = match current {
        Some(session) if session.subject.person() == Some(user.id) => (Some(session), None),
        other => (None, other.map(|session| session.id)),
    };
    if let Some(session) = kept {
        let secret = Secret::new(authority.dice());
        let steps = of.as_ref().map(|of| of.steps.clone());
        let (spends, digest) = (spends.clone(), secret.digest());
        let hint = hint.as_ref().map(|hint| upstream::seal_hint(authority, session.id, hint));
        let root = root.clone().map(|root| (root, hint));
        let renewal = Renewal { session: session.id, proof: proof.clone(), steps, spends, secret: digest, root };
        match renew(authority, user, renewal).await? {
            Renewed::Yes(session) => return Ok(SignIn::Done { secret, session }),
            Renewed::Refused => return Ok(SignIn::Refused),
            Renewed::Ended => {}
        }
    }
    if of.is_some() {
        return Ok(SignIn::Refused);
    }
    let born = authority.now();
    let session = SessionId::new(born, authority.dice());
    let ticket = Ticket { session, user: user.id, proof, spends, stay, device: source.device, born, root, hint };
    begin(authority, user.clone(), Newcomer { ticket, source, replaced, chosen: Vec::new() }).await
}

fn limit(authority: &Authority, user: &User) -> Option<SessionLimit> {
    authority.policy.lifetimes.limit(authority.policy.limit, &user.roles)
}

/// Whether the person may still come in by what was proved, and what that uses up was not used before.
pub(super) async fn admit(
    tx: &mut Tx,
    user: UserId,
    by: &[CredentialId],
    (spends, now): (&[Use], Time),
) -> Result<bool, Fault> {
    if !store::user::hold_for_sign_in(tx, user).await? || !store::factor::are_good(tx, user, by).await? {
        return Ok(false);
    }
    for used in spends {
        if !store::factor::spend(tx, used, now).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the provider that somebody comes from still lets people in.
pub(super) async fn admit_from(tx: &mut Tx, root: Option<&Root>) -> Result<bool, Fault> {
    let Some(root) = root else { return Ok(true) };
    Ok(store::provider::hold(tx, &root.provider).await?.is_some_and(|provider| provider.settings.enabled))
}

/// A new proof on its way into an open session.
struct Renewal {
    session: SessionId,
    proof: Authentication,
    /// What is added to what the session rests on; `None` where the proof stands alone.
    steps: Option<Vec<Step>>,
    spends: Vec<Use>,
    secret: Digest,
    /// The session elsewhere that it comes from now, with the sealed hint.
    root: Option<(Root, Option<Vec<u8>>)>,
}

impl Renewal {
    /// What was proved just now, which must still be good; what the session was opened with may be gone.
    fn by(&self) -> Vec<CredentialId> {
        match &self.steps {
            Some(steps) => steps.iter().map(|step| step.id).collect(),
            None => self.proof.credentials.clone(),
        }
    }

    /// The proof of the session as it is held now, after this one.
    fn onto(&self, held: &Session) -> Option<Authentication> {
        let Some(steps) = &self.steps else { return Some(self.proof.clone()) };
        let add = |before: Option<Authentication>, step: &Step| {
            Some(proved(before.as_ref(), step.way, step.id, self.proof.at))
        };
        steps.iter().fold(held.authentication.clone(), add)
    }
}

/// What became of it.
enum Renewed {
    Yes(Box<Session>),
    /// The session ended meanwhile.
    Ended,
    Refused,
}

/// A new proof in an open session: it keeps its id and gets a new secret.
async fn renew(authority: &Authority, user: &User, renewal: Renewal) -> Outcome<Renewed> {
    let now = authority.now();
    let (user, scribe) = (user.id, authority.scribe(now));
    let clerk = authority.clerk(now, None);
    let renewed = authority.db.write(async move |tx| {
        let admitted = admit(tx, user, &renewal.by(), (&renewal.spends, now)).await?;
        if !admitted || !admit_from(tx, renewal.root.as_ref().map(|(root, _)| root)).await? {
            return Ok(tx.undo(Renewed::Refused));
        }
        let id = renewal.session;
        let held = store::session::hold(tx, id).await?.filter(|held| held.is_open(now));
        let Some(held) = held else { return Ok(tx.undo(Renewed::Ended)) };
        let proof = renewal.onto(&held);
        let level = |proof: &Option<Authentication>| proof.as_ref().map(|proof| proof.acr.clone());
        let same_level = level(&held.authentication) == level(&proof);
        let Renewal { spends, secret, root, .. } = renewal;
        let name = if same_level { EventName::Reauthenticated } else { EventName::SteppedUp };
        let watch = Watch { mark: None, ..held.watch.clone() };
        let held = root.as_ref().map_or_else(|| held.clone(), |(root, _)| held.rooted(root));
        let session = Session { authentication: proof, watch, ..held.after(Activity::Person, now) };
        store::session::renew(tx, &session, secret, now).await?;
        if let Some((_, hint)) = root {
            store::session::root(tx, &session).await?;
            store::upstream::keep_hint(tx, id, hint).await?;
        }
        store::event::record(tx, &scribe.entry(id, name)).await?;
        tell_codes(tx, (user, Some(id)), &spends, (&scribe, &clerk)).await?;
        Ok(Renewed::Yes(Box::new(session)))
    });
    Ok(renewed.await?)
}

/// A ticket that is being turned into a session.
struct Newcomer {
    ticket: Ticket,
    source: Source,
    /// The session that the browser held for somebody else.
    replaced: Option<SessionId>,
    /// What the person chose to end.
    chosen: Vec<SessionId>,
}

/// What became of a session that was to be written.
enum Entered {
    Yes,
    /// The person was disabled or removed meanwhile, or has another password or other roles, with other limits; or the
    /// ticket is spent.
    Gone,
    /// The person holds as many sessions as are allowed.
    Full,
}

/// A new session, within the limit.
async fn begin(authority: &Authority, user: User, newcomer: Newcomer) -> Outcome<SignIn> {
    let now = authority.now();
    let Newcomer { ticket, source, replaced, chosen } = newcomer;
    let source = browser::locate(authority, source);
    let terms = Terms::of(&authority.policy, &user.roles, ticket.stay);
    let (proof, spends) = (ticket.proof.clone(), ticket.spends.clone());
    let absolute = terms.absolute.0;
    let begun = Session::begin(ticket.session, user.id, proof.clone(), source, terms);
    let session = Session { created_at: now, last_active_at: now, ..begun };
    // A session elsewhere may be older than ours may become.
    let session = match &ticket.root {
        Some(root) => Session { absolute_end: now + absolute.delta(), ..session }.rooted(root),
        None => session,
    };
    let hint = ticket.hint.as_ref().map(|hint| upstream::seal_hint(authority, session.id, hint));
    let root = ticket.root.clone();
    let (secret, limit) = (Secret::new(authority.dice()), limit(authority, &user));
    let (mut written, digest, scribe) = (session.clone(), secret.digest(), authority.scribe(now));
    let clerk = authority.clerk(now, Some(&session.source));
    let entered = authority.db.write(async move |tx| {
        let same = admit(tx, user.id, &proof.credentials, (&spends, now)).await?
            && admit_from(tx, root.as_ref()).await?
            && store::user::roles(tx, user.id).await? == user.roles;
        if !same || !written.is_open(now) || store::limit::is_begun(tx, written.id).await? {
            return Ok(tx.undo(Entered::Gone));
        }
        let end = |reason, initiator| End { at: now, reason, initiator };
        end_each(tx, replaced, &end(EndReason::Logout, Initiator::User), &scribe).await?;
        let open = store::limit::open_in_browsers(tx, user.id, now).await?;
        let (given_up, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|id| chosen.contains(id));
        let Room::After(oldest) = room(limit, &open) else { return Ok(tx.undo(Entered::Full)) };
        end_each(tx, given_up, &end(EndReason::Limit, Initiator::User), &scribe).await?;
        end_each(tx, oldest, &end(EndReason::Limit, Initiator::System), &scribe).await?;
        written.watch.new_device = is_new(tx, &written, user.id).await?;
        store::session::insert(tx, &written, Some(digest)).await?;
        if hint.is_some() {
            store::upstream::keep_hint(tx, written.id, hint).await?;
        }
        store::event::record(tx, &scribe.entry(written.id, EventName::Created).coming_from(&written.source)).await?;
        if written.watch.new_device {
            let entry = scribe.entry(written.id, EventName::NewDevice).coming_from(&written.source);
            store::event::record(tx, &entry).await?;
            clerk.tell(tx, user.id, Notice::NewDevice).await?;
        }
        tell_codes(tx, (user.id, Some(written.id)), &spends, (&scribe, &clerk)).await?;
        Ok(Entered::Yes)
    });
    match (entered.await?, limit) {
        (Entered::Yes, _) => Ok(SignIn::Done { secret, session: Box::new(session) }),
        (Entered::Full, Some(SessionLimit { action: Action::Ask, .. })) => {
            let ticket = Ticket { hint: ticket.hint.filter(Hint::goes_along), ..ticket };
            Ok(SignIn::Choose { ticket: ticket.seal(authority) })
        }
        (Entered::Full, _) => Ok(SignIn::Full),
        (Entered::Gone, _) => {
            tracing::info!(
                reason = "the user was disabled, removed or given another password meanwhile, or the ticket is spent",
                "a sign-in was refused"
            );
            Ok(SignIn::Refused)
        }
    }
}

/// A recovery code that was used up is told in the timeline, if there is a session by then, and to the person, with how
/// many are left.
pub(super) async fn tell_codes(
    tx: &mut Tx,
    (user, session): (UserId, Option<SessionId>),
    spends: &[Use],
    (scribe, clerk): (&Scribe, &Clerk),
) -> Result<(), Fault> {
    for spend in spends {
        let Use::Code { id, .. } = spend else { continue };
        let left = u32::try_from(store::factor::left_in(tx, *id).await?).unwrap_or(u32::MAX);
        if let Some(session) = session {
            store::event::record(tx, &scribe.entry(session, EventName::RecoveryCodeUsed)).await?;
        }
        clerk.tell(tx, user, Notice::RecoveryCodeUsed { left }).await?;
    }
    Ok(())
}

/// Whether the person was never seen in this browser, as far as sessions are still kept.
async fn is_new(tx: &mut Tx, session: &Session, user: UserId) -> Result<bool, Fault> {
    let Some(device) = session.source.device else { return Ok(false) };
    Ok(!store::cookie::knows_device(tx, user, device).await?)
}

async fn end_each(
    tx: &mut Tx,
    sessions: impl IntoIterator<Item = SessionId>,
    end: &End,
    scribe: &Scribe,
) -> Result<(), Fault> {
    for id in sessions {
        ending::write(tx, &Target::Session(id), end, scribe).await?;
    }
    Ok(())
}
