//! What a person proves themselves with beside the password: looked at, added, renamed and removed, by the person or by an
//! admin. Every change is on the timeline, and the person is told of it.
//!
//! Whoever holds a second factor changes nothing on one factor alone (NIST SP 800-63B-4 section 4.1.2.1): the pages ask for a
//! fresh proof, and [`must_step_up`] for the second factor in it.

use super::entrance::{admit, admit_from};
use super::mail::Clerk;
use super::passkey::Response;
use super::{Authority, Outcome, directory, ending, passkey, recovery, totp};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, SessionId, UserId};
use crate::base::secret::Typed;
use crate::domain::event::{EventName, Scribe};
use crate::domain::factor::{Authenticator, Held, Kind, Ways};
use crate::domain::identity::Realm;
use crate::domain::level;
use crate::domain::mail::Notice;
use crate::domain::origin::Root;
use crate::domain::policy::Policy;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Kind as SessionKind, Session, Source};
use crate::domain::user::User;
use crate::protocol::acr;
use crate::store;
use crate::store::db::{Fault, Tx};

/// Most passkeys of one person.
const MOST_PASSKEYS: i64 = 50;
/// Longest name of a passkey, in characters.
const LONGEST_NAME: usize = 60;

/// What a sealed value belongs to: it opens for no other authenticator and no other person.
pub(super) fn context(id: CredentialId, user: UserId) -> String {
    format!("{id} of {user}")
}

/// What a person holds.
pub struct Holdings {
    pub user: User,
    /// Oldest first.
    pub own: Vec<Authenticator>,
    /// Recovery codes that are left.
    pub codes: i64,
}

impl Holdings {
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Authenticator> {
        self.own.iter().filter(move |own| own.kind == kind)
    }

    pub fn held(&self) -> Held {
        Held::of(&self.own, self.codes)
    }
}

/// `None` when the person is gone.
pub async fn holdings(authority: &Authority, user: UserId) -> Outcome<Option<Holdings>> {
    let Some(user) = store::user::by_id(&authority.db, user).await? else { return Ok(None) };
    let own = store::factor::of_user(&authority.db, user.id).await?;
    let codes = store::factor::codes_left(&authority.db, user.id).await?;
    Ok(Some(Holdings { user, own, codes }))
}

/// Whether somebody must prove a second factor before they change what they hold.
pub fn must_step_up(session: &Session, held: &Held) -> bool {
    let reached = session.authentication.as_ref().map_or("", |proof| proof.acr.as_str());
    held.factors > 0 && !acr::is_at_least(reached, acr::MFA)
}

/// Whether the session was opened by a mailed code alone, on which nobody adds anything: it would make two factors of
/// somebody's mail.
pub fn must_sign_in(session: &Session) -> bool {
    session.authentication.as_ref().is_some_and(|proof| proof.acr == acr::MAIL)
}

/// How many sessions came from an authenticator.
pub async fn sessions_from(authority: &Authority, user: UserId, id: CredentialId) -> Outcome<i64> {
    let target = Target::Credential(user, id);
    let (touched, _) = ending::preview(authority, &target, EndReason::CredentialRemoved, Initiator::User).await?;
    Ok(touched.sessions)
}

/// Who adds something, and where it is told.
pub struct Adding {
    pub user: UserId,
    /// The open session in whose timeline it stands; `None` where it begins with it.
    pub session: Option<SessionId>,
    pub source: Source,
    /// What a sign-in that is under way rests on, all of which must still be good; nothing in a session.
    pub by: Vec<CredentialId>,
    /// The session at another provider that the sign-in comes from.
    pub root: Option<Root>,
}

impl Adding {
    /// Whether this is still somebody who may add, held so until this write is over: what is added outlives the proof it
    /// was added on, so that proof must hold in the very write.
    async fn may(&self, tx: &mut Tx, now: Time) -> Result<bool, Fault> {
        if !admit(tx, self.user, &self.by, (&[], now)).await? || !admit_from(tx, self.root.as_ref()).await? {
            return Ok(false);
        }
        let Some(session) = self.session else { return Ok(true) };
        Ok(store::session::hold(tx, session).await?.is_some_and(|held| held.is_open(now)))
    }
}

/// Adds an app, which proved itself by this code, in the place of an earlier one; `None` when the code is wrong, or
/// whoever adds it may not by now.
pub async fn add_app(
    authority: &Authority,
    adding: Adding,
    (handle, code): (&str, &Typed),
) -> Outcome<Option<CredentialId>> {
    let Some(own) = totp::made(authority, adding.user, (handle, code), &adding.source) else { return Ok(None) };
    let (id, user, now) = (own.id, own.user, own.created_at);
    let note = Note::of(&adding, EventName::TotpAdded, &own.name);
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, Some(&adding.source)));
    let written = authority.db.write(async move |tx| {
        if !adding.may(tx, now).await? {
            return Ok(tx.undo(None));
        }
        store::factor::remove_kind(tx, user, Kind::Totp, now).await?;
        store::factor::insert(tx, &own).await?;
        note.write(tx, (&scribe, &clerk)).await?;
        Ok(Some(id))
    });
    Ok(written.await?)
}

/// Adds a passkey under this name; `None` when the browser made none that counts, the person has enough of them, or
/// whoever adds it may not by now.
pub async fn add_passkey(
    authority: &Authority,
    adding: Adding,
    (response, name): (&Response, &str),
) -> Outcome<Option<Authenticator>> {
    let name = clean(name).unwrap_or_else(|| "Passkey".into());
    let Some(own) = passkey::made(authority, adding.user, (response, &name), &adding.source) else { return Ok(None) };
    let note = Note::of(&adding, EventName::PasskeyAdded, &own.name);
    let (scribe, clerk) = (authority.scribe(own.created_at), authority.clerk(own.created_at, Some(&adding.source)));
    let written = authority.db.write(async move |tx| {
        if !adding.may(tx, own.created_at).await? {
            return Ok(tx.undo(None));
        }
        let full = store::factor::count(tx, own.user, Kind::Passkey).await? >= MOST_PASSKEYS;
        if full || !store::factor::insert(tx, &own).await? {
            return Ok(tx.undo(None));
        }
        note.write(tx, (&scribe, &clerk)).await?;
        Ok(Some(own))
    });
    Ok(written.await?)
}

/// Makes a set of recovery codes in the place of an earlier one, and gives them: nobody sees them again. `None` where
/// there is nothing that they would stand in for, or whoever makes them may not by now.
pub async fn make_codes(authority: &Authority, adding: Adding) -> Outcome<Option<Vec<String>>> {
    let recovery::Set { own, codes, digests } = recovery::made(authority, adding.user, &adding.source);
    let (user, now) = (own.user, own.created_at);
    let note = Note::of(&adding, EventName::RecoveryCodesMade, &own.name);
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, Some(&adding.source)));
    let written = authority.db.write(async move |tx| {
        if !adding.may(tx, now).await? || Held::of(&store::factor::held_by(tx, user).await?, 0).factors == 0 {
            return Ok(tx.undo(false));
        }
        store::factor::remove_kind(tx, user, Kind::Recovery, now).await?;
        store::factor::insert(tx, &own).await?;
        store::factor::insert_codes(tx, own.id, &digests).await?;
        note.write(tx, (&scribe, &clerk)).await?;
        Ok(true)
    });
    Ok(written.await?.then_some(codes))
}

/// Gives a passkey another name; false when the person has none of this id, or the name is none.
pub async fn rename(authority: &Authority, user: UserId, id: CredentialId, name: &str) -> Outcome<bool> {
    let Some(name) = clean(name) else { return Ok(false) };
    Ok(authority.db.write(async move |tx| store::factor::rename(tx, user, id, &name).await).await?)
}

/// Without control characters and spaces at the edges, and short.
fn clean(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// What becomes of the sessions that came from what is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    Stay,
    End,
}

/// Who removes something of whom.
pub struct Removal {
    pub user: UserId,
    pub id: CredentialId,
    pub by: Initiator,
    pub sessions: Sessions,
    /// The session in whose timeline it stands; the person's newest where an admin removes it.
    pub session: Option<SessionId>,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    Yes,
    /// The person has none of this id.
    Nothing,
    /// Policy needs a level of this person that nothing else of theirs reaches, or nothing else lets them in.
    Needed,
}

/// The ways in that a person has, who is held; some people come from this directory.
pub(super) async fn ways(
    tx: &mut Tx,
    (user, own): (&User, &[Authenticator]),
    directory: Option<&Realm>,
) -> Result<Ways, Fault> {
    Ok(Ways {
        password: user.password.is_some() && !user.password_disabled,
        passkeys: Held::of(own, 0).passkeys,
        providers: store::identity::ways_in(tx, user.id, directory).await?,
    })
}

/// Whether a person may take one of these away: not what policy needs of them, and not the last way in. Recovery codes
/// stand in for something, and are needed by nobody.
async fn may_go(
    tx: &mut Tx,
    (policy, directory): (&Policy, Option<&Realm>),
    (user, own): (&User, &[Authenticator]),
    gone: &Authenticator,
) -> Result<bool, Fault> {
    if gone.kind == Kind::Recovery {
        return Ok(true);
    }
    let left: Vec<Authenticator> = own.iter().filter(|other| other.id != gone.id).cloned().collect();
    let held = Held::of(&left, store::factor::left_of(tx, user.id).await?);
    let needed = level::needed(policy, user, None).filter(|needed| !acr::is_at_least(acr::PASSWORD, needed));
    let keeps = needed.is_none_or(|needed| held.factors > 0 && held.reaches(&needed));
    let lets_in = ways(tx, (user, &left), directory).await?.any() || !ways(tx, (user, own), directory).await?.any();
    Ok(keeps && lets_in)
}

/// Removes an authenticator. With the last factor its recovery codes go too: they stand in for something. Whether it may
/// go is judged while the person is held, so that of two that go at once the second sees what the first left.
pub async fn remove(authority: &Authority, removal: Removal) -> Outcome<Removed> {
    let (now, policy, directory) = (authority.now(), authority.policy.clone(), directory::realm(authority));
    let session = match removal.session {
        Some(session) => Some(session),
        None => newest(authority, removal.user).await?,
    };
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, None));
    let end = End { at: now, reason: EndReason::CredentialRemoved, initiator: removal.by };
    let written = authority.db.write(async move |tx| {
        let Removal { user: id, by, sessions, .. } = removal;
        store::user::hold(tx, id).await?;
        let own = store::factor::held_by(tx, id).await?;
        let found = (store::user::read(tx, id).await?, own.iter().find(|own| own.id == removal.id));
        let (Some(user), Some(gone)) = found else { return Ok(tx.undo((Removed::Nothing, None))) };
        if by == Initiator::User && !may_go(tx, (&policy, directory.as_ref()), (&user, &own), gone).await? {
            return Ok(tx.undo((Removed::Needed, None)));
        }
        store::factor::remove(tx, id, gone.id, now).await?;
        let factors = own.iter().filter(|own| own.kind != Kind::Recovery && own.id != gone.id).count();
        if factors == 0 {
            store::factor::remove_kind(tx, id, Kind::Recovery, now).await?;
        }
        Note { session, name: removed(gone.kind), user: id, own: gone.name.clone() }
            .write(tx, (&scribe, &clerk))
            .await?;
        let begun = match sessions {
            Sessions::End => Some(ending::begin(tx, Target::Credential(id, gone.id), end, &scribe).await?),
            Sessions::Stay => None,
        };
        Ok((Removed::Yes, begun))
    });
    let (removed, begun) = written.await?;
    if let Some(begun) = begun {
        ending::finish(authority, begun).await?;
    }
    Ok(removed)
}

fn removed(kind: Kind) -> EventName {
    match kind {
        Kind::Totp => EventName::TotpRemoved,
        Kind::Passkey => EventName::PasskeyRemoved,
        Kind::Recovery => EventName::RecoveryCodesRemoved,
    }
}

/// The person's newest open session in a browser.
async fn newest(authority: &Authority, user: UserId) -> Outcome<Option<SessionId>> {
    let open = store::session::open_of_user(&authority.db, user, authority.now()).await?;
    Ok(open.into_iter().find(|session| session.kind == SessionKind::Person).map(|session| session.id))
}

/// What is told of a change: in a timeline, and to the person.
struct Note {
    user: UserId,
    session: Option<SessionId>,
    name: EventName,
    /// What was added or removed is called.
    own: String,
}

impl Note {
    fn of(adding: &Adding, name: EventName, own: &str) -> Self {
        Self { user: adding.user, session: adding.session, name, own: own.to_owned() }
    }

    fn notice(&self) -> Notice {
        match self.name {
            EventName::RecoveryCodesMade => Notice::RecoveryCodesMade,
            EventName::TotpAdded | EventName::PasskeyAdded => Notice::FactorAdded { name: self.own.clone() },
            _ => Notice::FactorRemoved { name: self.own.clone() },
        }
    }

    /// The one place where people are told of what changed in how they sign in.
    async fn write(self, tx: &mut Tx, (scribe, clerk): (&Scribe, &Clerk)) -> Result<(), Fault> {
        let notice = self.notice();
        let Self { session, name, user, .. } = self;
        tracing::info!(%user, change = name.as_str(), "what a person signs in with was changed");
        if let Some(session) = session
            && store::session::hold(tx, session).await?.is_some()
        {
            store::event::record(tx, &scribe.entry(session, name)).await?;
        }
        clerk.tell(tx, user, notice).await
    }
}
