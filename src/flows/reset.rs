//! A new password by a link: for whoever forgot theirs, was invited, or must choose another one.
//!
//! Whoever asks learns nothing: an address that belongs to somebody and one that belongs to nobody take the same reads,
//! the same writes and the same answer. A link is good once, for a time, while the password is the one it was asked
//! for under. It signs nobody in: what a sign-in needs beside the password it needs afterwards too.

use super::admin::user::hash;
use super::link::{Fresh, Opened, count, spend};
use super::mail::Clerk;
use super::password::{judge, set};
use super::{Authority, Outcome, directory, ending};
use crate::base::clock::Time;
use crate::base::secret::Typed;
use crate::domain::link::Errand;
use crate::domain::mail::{Content, Notice, Purpose};
use crate::domain::password::Weak;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::Source;
use crate::domain::user::User;
use crate::store;
use crate::store::db::{Fault, Tx};

/// People who share an address and are all mailed.
const SHARERS: i64 = 5;

/// Mails a link to whoever has this address. There is one answer, whoever has it.
pub async fn forget(authority: &Authority, address: &str, source: Source) -> Outcome<()> {
    if !authority.sends_mail() {
        return Ok(());
    }
    let now = authority.now();
    let mut asking: Vec<Option<User>> = Vec::new();
    for user in store::user::by_email(&authority.db, address, SHARERS).await? {
        let kept_here = !directory::knows(authority, user.id).await?;
        asking.extend((kept_here && user.may_recover(address)).then_some(Some(user)));
    }
    if asking.is_empty() {
        asking.push(None);
    }
    let links: Vec<(Option<User>, Fresh, String)> = asking
        .into_iter()
        .map(|user| {
            let fresh = Fresh::new(authority, user.as_ref(), Errand::Reset, now);
            let url = fresh.url(authority);
            (user, fresh, url)
        })
        .collect();
    let (clerk, typed) = (authority.clerk(now, Some(&source)), address.to_owned());
    authority
        .db
        .write(async move |tx| {
            if !count(tx, &typed, &source, now).await? {
                tx.undo(());
                return Ok(());
            }
            for (user, fresh, url) in &links {
                store::link::replace(tx, &fresh.link).await?;
                let content = link(Purpose::ResetPassword, url, fresh);
                match user {
                    Some(user) => mail(tx, &clerk, user, content).await?,
                    None => clerk.pretend(tx, &typed, content, now).await?,
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

fn link(purpose: Purpose, url: &str, fresh: &Fresh) -> Content {
    Content::Link { purpose, url: url.to_owned(), until: fresh.link.expires_at }
}

async fn mail(tx: &mut Tx, clerk: &Clerk, user: &User, content: Content) -> Result<(), Fault> {
    match user.email() {
        Some(to) => clerk.send(tx, user, to.to_owned(), content).await,
        None => Ok(()),
    }
}

/// Invites a person who has no password yet to choose one; false when they have no address, or nothing is mailed here.
pub async fn invite(authority: &Authority, user: User) -> Outcome<bool> {
    if user.email().is_none() || !authority.sends_mail() {
        return Ok(false);
    }
    let now = authority.now();
    let fresh = Fresh::new(authority, Some(&user), Errand::Accept, now);
    let (url, clerk) = (fresh.url(authority), authority.clerk(now, None));
    authority
        .db
        .write(async move |tx| {
            store::user::hold(tx, user.id).await?;
            store::link::replace(tx, &fresh.link).await?;
            mail(tx, &clerk, &user, link(Purpose::AcceptInvitation, &url, &fresh)).await
        })
        .await?;
    Ok(true)
}

/// The page for somebody who proved a password that must be changed: nothing else is opened by it.
pub(super) async fn renewal(authority: &Authority, user: &User, now: Time) -> Outcome<String> {
    let fresh = Fresh::new(authority, Some(user), Errand::Renew, now);
    let (path, id) = (fresh.path(), user.id);
    let written = authority.db.write(async move |tx| {
        store::user::hold(tx, id).await?;
        store::link::replace(tx, &fresh.link).await
    });
    written.await?;
    Ok(path)
}

pub enum Reset {
    Done,
    Weak(Weak),
    /// The link cannot be used any more.
    Gone,
}

/// Sets the password that a link is for, and ends every session of the person.
pub async fn reset(authority: &Authority, opened: Opened, new: Typed, source: &Source) -> Outcome<Reset> {
    if !opened.link.errand.sets_password() {
        return Ok(Reset::Gone);
    }
    if let Some(weak) = judge(authority, &opened.user, &new).await? {
        return Ok(Reset::Weak(weak));
    }
    let password = hash(authority, new).await?;
    let now = authority.now();
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, Some(source)));
    let end = End { at: now, reason: EndReason::PasswordChanged, initiator: Initiator::User };
    let written = authority.db.write(async move |tx| {
        let Some(user) = spend(tx, &opened, now).await? else { return Ok(tx.undo(None)) };
        if set(tx, &user, &password, now).await?.is_none() {
            return Ok(tx.undo(None));
        }
        // A change of address that somebody else began ends with what they knew.
        store::link::stop_change(tx, user.id).await?;
        // Who can read the mail has the address.
        if opened.link.errand == Errand::Accept {
            store::user::verify_email(tx, user.id, opened.link.address.as_deref(), now).await?;
        }
        clerk.tell(tx, user.id, notice(opened.link.errand)).await?;
        ending::begin(tx, Target::User(user.id, None), end, &scribe).await.map(Some)
    });
    let Some(begun) = written.await? else { return Ok(Reset::Gone) };
    ending::finish(authority, begun).await?;
    Ok(Reset::Done)
}

fn notice(errand: Errand) -> Notice {
    if errand == Errand::Renew { Notice::PasswordChanged } else { Notice::PasswordReset }
}
