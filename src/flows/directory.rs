//! People whose password a directory keeps: it judges the password, and what it says of them is taken over at each sign-in.
//!
//! A name that somebody has here with a password of ours is theirs, and the directory is not asked about it; but the time it
//! would have taken is spent, so that a refusal tells nobody whose name that is. The key of a person is the directory with
//! the id of the entry: whoever is called like somebody here is somebody else.

use tokio::time::{Instant, sleep_until};

use super::upstream::person::{self, Newcomer};
use super::{Authority, Outcome, ending};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::base::secret::{Digest, Secret, Typed};
use crate::domain::directory::{asked_as, entry_key, settings, told};
use crate::domain::identity::Realm;
use crate::domain::login::{Admission, Counted, admit};
use crate::domain::provider::Provider;
use crate::domain::revocation::{EndReason, Initiator, Target};
use crate::domain::upstream::profile;
use crate::domain::user::{User, username_key};
use crate::protocol::ldap::{self, Person};
use crate::remote::directory::{Away, Candidate, Directory as Remote};
use crate::store;
use crate::store::db::Fault;

/// The directory of this server.
pub struct Directory {
    remote: Remote,
    /// As people come from it.
    provider: Provider,
}

/// What came of asking it.
pub(super) enum Vouched {
    For(Box<User>, CredentialId),
    /// One answer for every cause; the cause is for the log.
    Refused(&'static str),
    /// It cannot be asked.
    Away,
}

/// When a refusal is answered: at the same time after it was asked for, whatever the directory had to do for it, so that its
/// time tells nobody who is there or which password is right. It is waited for when everything is done and let go of.
pub(super) struct Pause(Instant);

impl Pause {
    pub(super) fn begun(directory: &Directory) -> Self {
        Self(Instant::now() + directory.rules().refuse_after)
    }

    pub(super) async fn end(self) {
        if self.0 < Instant::now() {
            tracing::warn!(
                "the directory took longer than ldap.refuse_after to refuse: who is there can be told by that"
            );
        }
        sleep_until(self.0).await;
    }
}

/// Who is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose<'a> {
    /// Somebody who has no password here, by the name that was typed.
    Theirs(&'a str),
    /// Somebody whose password is ours and was wrong: the directory is asked about nobody instead.
    Ours(&'a str),
}

impl Directory {
    pub fn new(remote: Remote, now: Time) -> Self {
        let rules = remote.rules();
        let provider = Provider {
            id: rules.name.clone(),
            settings: settings(rules),
            sealed_secret: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        Self { remote, provider }
    }

    pub fn rules(&self) -> &ldap::Directory {
        self.remote.rules()
    }

    /// As people come from it.
    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    fn realm(&self) -> Realm {
        Realm::of_directory(self.rules())
    }
}

/// The realm of the directory, where there is one.
pub(super) fn realm(authority: &Authority) -> Option<Realm> {
    authority.directory.as_ref().map(Directory::realm)
}

/// Whether the directory keeps the password of this person.
pub async fn keeps(authority: &Authority, user: &User) -> Outcome<bool> {
    Ok(user.password.is_none() && knows(authority, user.id).await?)
}

/// Whether this person comes from the directory; the same work is done for nobody.
pub(super) async fn knows(authority: &Authority, user: UserId) -> Result<bool, Fault> {
    match &authority.directory {
        Some(directory) => store::identity::has(&authority.db, user, &directory.realm()).await,
        None => Ok(false),
    }
}

/// Whether this person came from the directory and is gone from it, or locked there: then nothing else lets them in either.
/// Where it cannot be asked they are not.
pub(super) async fn has_left(authority: &Authority, user: UserId) -> Outcome<bool> {
    let Some(directory) = &authority.directory else { return Ok(false) };
    let mut known = store::identity::of_user(&authority.db, user).await?;
    known.retain(|identity| identity.realm == directory.realm());
    let ids: Vec<String> = known.into_iter().map(|identity| identity.subject).collect();
    if ids.is_empty() {
        return Ok(false);
    }
    let gone = match directory.remote.missing(ids.clone()).await {
        Ok(gone) => gone,
        Err(away) => {
            tracing::warn!(%away, %user, "the directory cannot be asked whether somebody is still there");
            return Ok(false);
        }
    };
    let left = ids.iter().all(|id| gone.contains(id));
    if left {
        tracing::info!(%user, reason = "gone from the directory, or locked there", "a sign-in was refused");
    }
    Ok(left)
}

/// Asks whether this password is that of somebody in the directory. A wrong one counts for the entry too, whatever it was
/// called; the failures of the name are the caller's to count.
pub(super) async fn vouch(
    authority: &Authority,
    directory: &Directory,
    (whose, password): (Whose<'_>, Typed),
    now: Time,
) -> Outcome<Vouched> {
    if password.expose().is_empty() {
        return Ok(Vouched::Refused("no password was typed"));
    }
    let (name, asked) = match whose {
        Whose::Theirs(typed) => (typed, asked_as(typed)),
        Whose::Ours(typed) => (typed, None),
    };
    let decoy = Secret::new(authority.dice()).reveal();
    let candidate = match directory.remote.look_for(asked.as_deref(), &decoy).await {
        Ok(candidate) => candidate,
        Err(away) => return Ok(missing(&away)),
    };
    // What nobody is known by costs the same as an entry.
    let id = candidate.id().unwrap_or_else(|| format!("nobody\n{}", username_key(name)));
    let key = entry_key(&directory.realm(), &id);
    let _turn = authority.turnstile.pass(key).await?;
    let counter = store::throttle::find(&authority.db, key).await?;
    if admit(counter.as_slice(), now) != Admission::Try {
        return Ok(Vouched::Refused("there were too many failures with this entry of the directory"));
    }
    let vouched = judge(authority, directory, candidate, password).await?;
    match vouched {
        Vouched::For(..) if counter.is_some() => {
            authority.db.write(async move |tx| store::throttle::forget(tx, key).await).await?;
        }
        Vouched::Refused(_) => count(authority, key, now).await?,
        Vouched::For(..) | Vouched::Away => {}
    }
    Ok(vouched)
}

/// Signs out the people of one batch who are gone from the directory, or could not sign in there any more; gives the last
/// one who was looked for, and nothing when nobody is left.
pub async fn sweep(authority: &Authority, after: Option<UserId>, most: i64) -> Outcome<Option<UserId>> {
    let Some(directory) = &authority.directory else { return Ok(None) };
    let now = authority.now();
    let people = store::identity::signed_in(&authority.db, &directory.realm(), (after, now), most).await?;
    let Some(last) = people.last().map(|(user, _)| *user) else { return Ok(None) };
    let ids = people.iter().map(|(_, id)| id.clone()).collect();
    let gone = match directory.remote.missing(ids).await {
        Ok(gone) => gone,
        Err(away) => {
            tracing::warn!(%away, "the directory cannot be asked who is still there: nobody is signed out");
            return Ok(None);
        }
    };
    for (user, _) in people.into_iter().filter(|(_, id)| gone.contains(id)) {
        tracing::info!(%user, "somebody is gone from the directory, or locked there");
        ending::revoke(authority, Target::User(user, None), EndReason::UserDisabled, Initiator::System).await?;
    }
    Ok(Some(last))
}

async fn count(authority: &Authority, key: Digest, now: Time) -> Outcome<()> {
    let written = authority.db.write(async move |tx| {
        let held = store::throttle::hold(tx, key, now).await?;
        store::throttle::set(tx, key, held.after_failure(Counted::Account, now)).await
    });
    Ok(written.await?)
}

async fn judge(
    authority: &Authority,
    directory: &Directory,
    candidate: Candidate,
    password: Typed,
) -> Outcome<Vouched> {
    match candidate.prove(password).await {
        Ok(Some(person)) => recognise(authority, directory, &person).await,
        Ok(None) => Ok(Vouched::Refused("the directory knows no such person with this password")),
        Err(away) => Ok(missing(&away)),
    }
}

fn missing(away: &Away) -> Vouched {
    tracing::error!(%away, "the directory cannot be asked: only people whose password is kept here can sign in");
    Vouched::Away
}

/// The person here, made or brought up to date.
async fn recognise(authority: &Authority, directory: &Directory, person: &Person) -> Outcome<Vouched> {
    let provider = &directory.provider;
    let profile = profile(&provider.settings, &told(directory.rules(), person));
    let newcomer = Newcomer { subject: &person.id, profile: &profile };
    Ok(match person::find_or_make(authority, provider, newcomer).await? {
        Ok((user, identity)) => Vouched::For(Box::new(user), identity),
        Err(_) => Vouched::Refused("the person of the directory may not sign in here"),
    })
}
