//! People by what a provider says of them. The key is (realm, subject): an address, verified or not, is never one, so that
//! nobody comes to an account by claiming its address elsewhere, and nobody loses one to whoever claimed it here first.

use serde_json::{Map, Value};

use super::arrival::{Found, Why};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::base::secret::{base64url, sha256};
use crate::domain::event::EventName;
use crate::domain::identity::{Identity, Realm};
use crate::domain::mail::Notice;
use crate::domain::provider::Provider;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Session, Source};
use crate::domain::upstream::{Profile, roles_after};
use crate::domain::user::User;
use crate::flows::authenticator::{self, Sessions};
use crate::flows::directory::{self, Directory};
use crate::flows::{Authority, Outcome, email, ending, narrowing};
use crate::protocol::claims::VERIFIABLE;
use crate::store;
use crate::store::db::{Fault, Tx};
use crate::store::user::Update;

/// Somebody as a provider names and describes them.
#[derive(Clone, Copy)]
pub struct Newcomer<'a> {
    pub subject: &'a str,
    pub profile: &'a Profile,
}

/// Who is to be known by a provider too.
pub struct Linking {
    pub session: Session,
    pub user: UserId,
    pub source: Source,
}

/// The person whom a provider names, as they are now; where there is none, a new one if the provider may bring any.
pub async fn find_or_make(
    authority: &Authority,
    provider: &Provider,
    newcomer: Newcomer<'_>,
) -> Outcome<Result<Found, Why>> {
    let realm = &Realm::of(&provider.settings);
    if let Some(identity) = store::identity::find(&authority.db, realm, newcomer.subject).await? {
        return keep_up(authority, provider, newcomer.profile, identity).await;
    }
    if !provider.settings.create_users {
        return Ok(Err(Why::Stranger));
    }
    if let Some(found) = make(authority, provider, newcomer).await? {
        return Ok(Ok(found));
    }
    // Another tab was first.
    match store::identity::find(&authority.db, realm, newcomer.subject).await? {
        Some(identity) => keep_up(authority, provider, newcomer.profile, identity).await,
        None => Ok(Err(Why::Disbelieved)),
    }
}

/// Brings what is known of a person up to date, where the provider brought them.
async fn keep_up(
    authority: &Authority,
    provider: &Provider,
    profile: &Profile,
    identity: Identity,
) -> Outcome<Result<Found, Why>> {
    let Some(user) = store::user::by_id(&authority.db, identity.user).await? else { return Ok(Err(Why::Stranger)) };
    if user.disabled {
        tracing::info!(reason = "the user is disabled", user = %user.id, "a sign-in was refused");
        return Ok(Err(Why::Barred));
    }
    let now = authority.now();
    let brought = identity.made_person.then(|| described(provider, profile, &user, now)).flatten();
    let (id, label) = (identity.id, profile.label.clone());
    let roles = brought.as_ref().map(|after| &after.roles).filter(|roles| **roles != user.roles);
    let narrowings: Vec<_> = roles.into_iter().flat_map(|roles| authority.policy.lifetimes.narrowings(roles)).collect();
    let (before, clerk, scribe) = (user.clone(), authority.clerk(now, None), authority.scribe(now));
    let written = authority.db.write(async move |tx| {
        let updated = match brought {
            Some(after) if store::user::update(tx, &after).await? == Update::Done => {
                email::leave(tx, &clerk, &before, after.email()).await?;
                narrowing::narrow(tx, after.id, &narrowings, now, &scribe).await?;
                Some(after)
            }
            // Somebody changes the person at this moment; the next sign-in brings it.
            _ => None,
        };
        store::identity::note_use(tx, id, label, now).await?;
        Ok(updated)
    });
    Ok(Ok((written.await?.unwrap_or(user), identity.id)))
}

/// The person as the provider describes them; `None` when that changes nothing.
fn described(provider: &Provider, profile: &Profile, user: &User, now: Time) -> Option<User> {
    let claims = described_claims(profile, &user.claims);
    let roles = match &profile.roles {
        Some(given) => roles_after(&provider.settings, &user.roles, given),
        None => user.roles.clone(),
    };
    let same = claims == user.claims && roles == user.roles;
    (!same).then(|| User { claims, roles, version: user.version + 1, updated_at: now, ..user.clone() })
}

/// What the provider does not speak of stays, and so does an address that is verified here while theirs is not; an address
/// that it brings or changes is as verified as it is believed to say, and not verified where it says nothing: whoever may
/// write any address into an account there must not be mailed what opens the account of its owner, nor the owner what opens
/// theirs.
fn described_claims(profile: &Profile, before: &Map<String, Value>) -> Map<String, Value> {
    let (mut claims, mut said) = (before.clone(), profile.claims.clone());
    let verified = |claims: &Map<String, Value>, flag: &str| claims.get(flag) == Some(&Value::Bool(true));
    for (value, flag) in VERIFIABLE {
        if verified(before, flag) && !verified(&said, flag) {
            said.remove(value);
            said.remove(flag);
        }
        if said.get(value).is_some_and(|new| before.get(value) != Some(new)) {
            claims.insert(flag.to_owned(), false.into());
        }
    }
    claims.extend(said);
    claims
}

/// A new person without a password; `None` when the subject is known meanwhile.
async fn make(authority: &Authority, provider: &Provider, newcomer: Newcomer<'_>) -> Outcome<Option<Found>> {
    let (now, dice) = (authority.now(), authority.dice());
    let identity = identity(authority, provider, newcomer, UserId::new(now, dice));
    let identity = Identity { made_person: true, ..identity };
    let user = User {
        id: identity.user,
        username: String::new(),
        password: None,
        password_disabled: false,
        disabled: false,
        required_acr: None,
        must_change_password: false,
        roles: newcomer.profile.roles.clone().unwrap_or_default(),
        claims: described_claims(newcomer.profile, &Map::new()),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let names = usernames(provider, newcomer);
    let credential = identity.id;
    let made = authority.db.write(async move |tx| {
        let Some(user) = insert_named(tx, user, names).await? else { return Ok(tx.undo(None)) };
        if store::identity::insert(tx, &identity).await? { Ok(Some(user)) } else { Ok(tx.undo(None)) }
    });
    let made = made.await?;
    if let Some(user) = &made {
        tracing::info!(user = %user.id, provider = provider.id, "a person came by a provider");
    }
    Ok(made.map(|user| (user, credential)))
}

/// What the person might be called: as there, or by something that nobody else is called.
fn usernames(provider: &Provider, newcomer: Newcomer<'_>) -> Vec<String> {
    let digest = base64url(&sha256(format!("{}\n{}", Realm::of(&provider.settings), newcomer.subject).as_bytes()));
    let own = format!("{}-{}", provider.id, &digest[..10]);
    newcomer.profile.usernames.iter().cloned().chain([own, format!("{}-{digest}", provider.id)]).collect()
}

async fn insert_named(tx: &mut Tx, user: User, names: Vec<String>) -> Result<Option<User>, Fault> {
    for username in names {
        let user = User { username, ..user.clone() };
        if store::user::insert(tx, &user).await? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

fn identity(authority: &Authority, provider: &Provider, newcomer: Newcomer<'_>, user: UserId) -> Identity {
    let now = authority.now();
    Identity {
        id: CredentialId::new(now, authority.dice()),
        realm: Realm::of(&provider.settings),
        subject: newcomer.subject.to_owned(),
        user,
        label: newcomer.profile.label.clone(),
        made_person: false,
        created_at: now,
        last_used_at: now,
    }
}

/// Makes a person known by a provider too; false when somebody else is.
pub async fn link(
    authority: &Authority,
    provider: &Provider,
    newcomer: Newcomer<'_>,
    linking: Linking,
) -> Outcome<bool> {
    let Linking { session, user, source } = linking;
    let now = authority.now();
    let identity = identity(authority, provider, newcomer, user);
    let entry = authority.scribe(now).entry(session.id, EventName::Linked).coming_from(&source);
    let (clerk, notice) =
        (authority.clerk(now, Some(&source)), Notice::FactorAdded { name: provider.name().to_owned() });
    let (realm, subject) = (identity.realm.clone(), identity.subject.clone());
    let linked = authority.db.write(async move |tx| {
        store::user::hold(tx, user).await?;
        let open = store::session::hold(tx, session.id).await?.is_some_and(|held| held.is_open(now));
        if !open || !store::identity::insert(tx, &identity).await? {
            return Ok(tx.undo(false));
        }
        store::event::record(tx, &entry).await?;
        clerk.tell(tx, user, notice).await?;
        Ok(true)
    });
    if linked.await? {
        tracing::info!(%user, provider = provider.id, "a person is known by a provider");
        return Ok(true);
    }
    let known = store::identity::find(&authority.db, &realm, &subject).await?;
    Ok(known.is_some_and(|known| known.user == user))
}

/// A link that its person takes away.
pub struct Unlinking {
    pub user: UserId,
    pub id: CredentialId,
    /// What becomes of the sessions that came from it.
    pub sessions: Sessions,
    pub source: Source,
}

/// What became of a link that was to be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    Yes,
    /// It is not there.
    Unknown,
    /// The person could not sign in any more.
    OnlyOne,
    /// It is the directory's: whoever comes from there goes with their entry.
    Bound,
}

/// Takes a link away, and ends what came from it where the person says so.
pub async fn unlink(authority: &Authority, session: &Session, unlinking: Unlinking) -> Outcome<Unlinked> {
    let Unlinking { user, id, sessions, source } = unlinking;
    let Some(known) = known_by(authority, user).await? else { return Ok(Unlinked::Unknown) };
    let Some(Known { name, bound, .. }) = known.identities.into_iter().find(|known| known.identity.id == id) else {
        return Ok(Unlinked::Unknown);
    };
    if bound {
        return Ok(Unlinked::Bound);
    }
    let realm = directory::realm(authority);
    let now = authority.now();
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, Some(&source)));
    let entry = scribe.entry(session.id, EventName::Unlinked).coming_from(&source);
    let end = End { at: now, reason: EndReason::CredentialRemoved, initiator: Initiator::User };
    let written = authority.db.write(async move |tx| {
        store::user::hold(tx, user).await?;
        let Some(person) = store::user::read(tx, user).await? else { return Ok(tx.undo((Unlinked::Unknown, None))) };
        let own = store::factor::held_by(tx, user).await?;
        let before = authenticator::ways(tx, (&person, &own), realm.as_ref()).await?;
        if !store::identity::delete(tx, user, id).await? {
            return Ok(tx.undo((Unlinked::Unknown, None)));
        }
        if before.any() && !authenticator::ways(tx, (&person, &own), realm.as_ref()).await?.any() {
            return Ok(tx.undo((Unlinked::OnlyOne, None)));
        }
        store::event::record(tx, &entry).await?;
        clerk.tell(tx, user, Notice::FactorRemoved { name }).await?;
        let begun = match sessions {
            Sessions::End => Some(ending::begin(tx, Target::Credential(user, id), end, &scribe).await?),
            Sessions::Stay => None,
        };
        Ok((Unlinked::Yes, begun))
    });
    let (unlinked, begun) = written.await?;
    if let Some(begun) = begun {
        ending::finish(authority, begun).await?;
    }
    if unlinked == Unlinked::Yes {
        tracing::info!(%user, "a person is no longer known by a provider");
    }
    Ok(unlinked)
}

/// A person, and who they are elsewhere.
pub struct KnownBy {
    pub user: User,
    pub identities: Vec<Known>,
}

/// Who a person is elsewhere.
pub struct Known {
    pub identity: Identity,
    /// The name of the provider.
    pub name: String,
    /// Whether it stays as long as the person: the directory's does.
    pub bound: bool,
}

/// `None` when the person is gone. A link whose provider is gone shows its realm.
pub async fn known_by(authority: &Authority, user: UserId) -> Outcome<Option<KnownBy>> {
    let Some(user) = store::user::by_id(&authority.db, user).await? else { return Ok(None) };
    let providers = store::provider::all(&authority.db).await?;
    let providers = providers.iter().chain(authority.directory.as_ref().map(Directory::provider));
    let providers: Vec<_> = providers.collect();
    let name = |realm: &Realm| {
        let own = providers.iter().find(|own| Realm::of(&own.settings) == *realm);
        own.map_or_else(|| realm.to_string(), |own| own.name().to_owned())
    };
    let identities = store::identity::of_user(&authority.db, user.id).await?.into_iter();
    let realm = directory::realm(authority);
    let named = |identity: Identity| Known {
        name: name(&identity.realm),
        bound: realm.as_ref() == Some(&identity.realm),
        identity,
    };
    Ok(Some(KnownBy { identities: identities.map(named).collect(), user }))
}
