//! A person changes their password (NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5.0 6.2.2, 6.2.3, 7.4.3).
//!
//! 1. Check the current one, under the same counters as a sign-in.
//! 2. Judge the new one: length, guessability, lists; it is another one than before.
//! 3. One write: the new password, a new secret for this session, the end of the others where the person says so, the
//!    timeline, and the mail.

use super::admin::user::hash;
use super::attempt::{self, Guessed};
use super::ending::{self, Begun};
use super::{Activity, Authority, Outcome, directory};
use crate::base::clock::Time;
use crate::base::id::CredentialId;
use crate::base::secret::{Secret, Typed};
use crate::domain::event::EventName;
use crate::domain::login::{Counted, network};
use crate::domain::mail::Notice;
use crate::domain::password::{Context, Weak};
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::{Password, User, username_key};
use crate::store;
use crate::store::db::{Fault, Tx};
use crate::store::user::PasswordSet;

/// What becomes of the person's other sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    End,
    Stay,
}

/// What a person typed.
pub struct Change {
    pub current: Typed,
    pub new: Typed,
    pub others: Others,
    pub source: Source,
}

pub enum Changed {
    /// The session goes on under this secret.
    Done(Secret),
    /// The current password is another one.
    Wrong,
    Weak(Weak),
    /// Nobody may try before then.
    Wait {
        until: Time,
    },
    /// The session or the password changed meanwhile.
    Gone,
    /// The password is the directory's.
    Elsewhere,
}

/// Whether a person knows their password, as far as may be asked now.
pub enum Proved {
    Yes,
    No,
    Wait(Time),
}

/// Checks a person's password under the counters of sign-ins. Somebody who has none proves nothing by it.
pub async fn prove(authority: &Authority, user: &User, typed: Typed, source: &Source) -> Outcome<Proved> {
    let name = username_key(&user.username);
    let _turn = authority.turnstile.pass(Counted::account(&name)).await?;
    let place = authority.passwords.place()?;
    let source = source.address.as_deref().map(network).unwrap_or_default();
    let hash = user.password.as_ref().map(|password| password.hash.as_str());
    let keys = Counted::JUDGED.map(|counted| counted.key(&name, &source, hash.unwrap_or_default()));
    let now = authority.now();
    if let Some(until) = attempt::must_wait(authority, &keys, now).await? {
        return Ok(Proved::Wait(until));
    }
    if authority.passwords.verify(place, typed, hash).await? && !user.password_disabled {
        attempt::forget(authority, keys).await?;
        return Ok(Proved::Yes);
    }
    attempt::fail(authority, keys, Guessed::Password(user.id), now).await?;
    Ok(Proved::No)
}

/// Why a password that a person wants is not taken.
pub async fn judge(authority: &Authority, user: &User, new: &Typed) -> Outcome<Option<Weak>> {
    let context = Context::of(&user.username, &user.claims, &authority.policy.issuer);
    if let Some(weak) = authority.passwords.judge(new.clone(), context).await? {
        return Ok(Some(weak));
    }
    let Some(old) = &user.password else { return Ok(None) };
    let place = authority.passwords.place()?;
    Ok(authority.passwords.verify(place, new.clone(), Some(&old.hash)).await?.then_some(Weak::Same))
}

/// Changes the password of whoever is signed in with this session.
pub async fn change(authority: &Authority, session: &Session, user: &User, change: Change) -> Outcome<Changed> {
    let Change { current, new, others, source } = change;
    if directory::keeps(authority, user).await? {
        return Ok(Changed::Elsewhere);
    }
    if user.password.is_some() {
        match prove(authority, user, current, &source).await? {
            Proved::Yes => {}
            Proved::No => return Ok(Changed::Wrong),
            Proved::Wait(until) => return Ok(Changed::Wait { until }),
        }
    }
    if let Some(weak) = judge(authority, user, &new).await? {
        return Ok(Changed::Weak(weak));
    }
    let password = hash(authority, new).await?;
    let (now, secret) = (authority.now(), Secret::new(authority.dice()));
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, Some(&source)));
    let (id, user, digest) = (session.id, user.clone(), secret.digest());
    let written = authority.db.write(async move |tx| {
        let Some(old) = set(tx, &user, &password, now).await? else { return Ok(tx.undo(None)) };
        let held = store::session::hold(tx, id).await?.filter(|held| held.is_open(now));
        let Some(held) = held else { return Ok(tx.undo(None)) };
        let proof = held.authentication.as_ref().map(|proof| renewed(proof, old, password.id));
        let renewed = Session { authentication: proof, ..held.after(Activity::Person, now) };
        store::session::renew(tx, &renewed, digest, now).await?;
        let notice = match user.password {
            Some(_) => Notice::PasswordChanged,
            None => Notice::FactorAdded { name: "Password".into() },
        };
        store::event::record(tx, &scribe.entry(id, EventName::PasswordChanged).coming_from(&source)).await?;
        clerk.tell(tx, user.id, notice).await?;
        if others == Others::Stay {
            if let Some(old) = old {
                store::session::pass_on(tx, user.id, old, password.id).await?;
            }
            return Ok(Some(Begun::default()));
        }
        let end = End { at: now, reason: EndReason::PasswordChanged, initiator: Initiator::User };
        ending::begin(tx, Target::User(user.id, Some(id)), end, &scribe).await.map(Some)
    });
    let Some(begun) = written.await? else { return Ok(Changed::Gone) };
    ending::finish(authority, begun).await?;
    Ok(Changed::Done(secret))
}

/// Sets a password in place of the one that this person was seen to have, and forgives earlier failures; gives that one.
/// `None` where the person has another one by now, or is gone.
pub(super) async fn set(
    tx: &mut Tx,
    user: &User,
    password: &Password,
    now: Time,
) -> Result<Option<Option<CredentialId>>, Fault> {
    let seen = user.password.as_ref().map(|password| password.id);
    let PasswordSet::Done(replaced) = store::user::set_password(tx, user.id, password, None, now).await? else {
        return Ok(None);
    };
    store::throttle::forget(tx, Counted::account(&username_key(&user.username))).await?;
    Ok((replaced == seen).then_some(replaced))
}

/// The proof behind a session after the password that was a part of it was changed: it is no younger for that.
fn renewed(proof: &Authentication, old: Option<CredentialId>, new: CredentialId) -> Authentication {
    let credentials = proof.credentials.iter().map(|id| if Some(*id) == old { new } else { *id });
    Authentication { credentials: credentials.collect(), ..proof.clone() }
}
