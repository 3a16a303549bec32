//! The mail address of a person: confirmed by a link, changed once both addresses said yes
//! (NIST SP 800-63B-4 section 4.2.1.2; OWASP ASVS 5.0 6.3.7, 7.5.1).
//!
//! A change is two links: one to the address that is left, where there is one that counts, and one to the new one. Each
//! carries the address that it is about, so that what is confirmed is what was mailed.

use super::link::{Fresh, Opened, count, spend};
use super::mail::Clerk;
use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::{ChangeId, UserId};
use crate::domain::link::Errand;
use crate::domain::mail::{Content, Notice, Purpose, address_key, is_address};
use crate::domain::session::Source;
use crate::domain::user::User;
use crate::store;
use crate::store::db::{Fault, Tx};

/// What became of asking for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Sent,
    /// Both addresses were mailed.
    SentToBoth,
    /// The text is no address.
    NoAddress,
    /// The person has that address already.
    Same,
    /// Too many, or somebody changes the address at this moment: later.
    TooMany,
    /// No mail leaves this server.
    Unable,
}

/// What became of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Verified,
    /// The address is this one now.
    Changed(String),
    /// The other address has not said yes.
    Halfway,
    Gone,
}

/// Mails a link by which the person confirms the address they have.
pub async fn ask_to_verify(authority: &Authority, user: &User, source: Source) -> Outcome<Asked> {
    let Some(address) = user.email().map(str::to_owned) else { return Ok(Asked::NoAddress) };
    let now = authority.now();
    let fresh = Fresh::new(authority, Some(user), Errand::Verify, now);
    mail_all(authority, user, vec![(fresh, address, Purpose::VerifyEmail)], source).await
}

/// Mails the links by which a person changes their address.
pub async fn ask_to_change(authority: &Authority, user: &User, address: &str, source: Source) -> Outcome<Asked> {
    let address = address.trim();
    if !is_address(address) {
        return Ok(Asked::NoAddress);
    }
    if user.email().is_some_and(|old| address_key(old) == address_key(address)) {
        return Ok(Asked::Same);
    }
    let now = authority.now();
    let change = ChangeId::new(now, authority.dice());
    let part = |errand| Fresh::new(authority, Some(user), errand, now).changing(change, address);
    let mut links = vec![(part(Errand::Take), address.to_owned(), Purpose::TakeEmail)];
    // An address that is said not to be the person's has no say.
    if let Some(old) = user.recovery_address() {
        links.push((part(Errand::Leave), old.to_owned(), Purpose::LeaveEmail));
    }
    let both = links.len() > 1;
    let asked = mail_all(authority, user, links, source).await?;
    Ok(if asked == Asked::Sent && both { Asked::SentToBoth } else { asked })
}

async fn mail_all(
    authority: &Authority,
    user: &User,
    links: Vec<(Fresh, String, Purpose)>,
    source: Source,
) -> Outcome<Asked> {
    if !authority.sends_mail() {
        return Ok(Asked::Unable);
    }
    let now = authority.now();
    let (clerk, user) = (authority.clerk(now, Some(&source)), user.clone());
    let links: Vec<_> =
        links.into_iter().map(|(fresh, to, purpose)| (fresh.url(authority), fresh, to, purpose)).collect();
    let written = authority.db.write(async move |tx| {
        // Two that ask at once must not leave the parts of two changes.
        store::user::hold(tx, user.id).await?;
        let meanwhile = store::user::read(tx, user.id).await?;
        if meanwhile.is_none_or(|held| held.email() != user.email()) {
            return Ok(tx.undo(Asked::TooMany));
        }
        for (url, fresh, to, purpose) in links {
            if !count(tx, &to, &source, now).await? {
                return Ok(tx.undo(Asked::TooMany));
            }
            store::link::replace(tx, &fresh.link).await?;
            let content = Content::Link { purpose, url, until: fresh.link.expires_at };
            clerk.send(tx, &user, to, content).await?;
        }
        Ok(Asked::Sent)
    });
    Ok(written.await?)
}

/// Does what a link for an address is for.
pub async fn confirm(authority: &Authority, opened: Opened, source: &Source) -> Outcome<Confirmed> {
    let now = authority.now();
    let clerk = authority.clerk(now, Some(source));
    let written = authority.db.write(async move |tx| {
        let errand = opened.link.errand;
        let Some(user) = spend(tx, &opened, now).await? else { return Ok(tx.undo(Confirmed::Gone)) };
        match (errand, opened.link.change) {
            (Errand::Verify, _) => {
                let verified = store::user::verify_email(tx, user.id, opened.link.address.as_deref(), now).await?;
                Ok(if verified { Confirmed::Verified } else { tx.undo(Confirmed::Gone) })
            }
            (Errand::Leave | Errand::Take, Some(change)) => go_on(tx, &clerk, (user, change), now).await,
            _ => Ok(tx.undo(Confirmed::Gone)),
        }
    });
    Ok(written.await?)
}

/// Changes the address once nobody is left to say yes.
async fn go_on(tx: &mut Tx, clerk: &Clerk, (user, change): (User, ChangeId), now: Time) -> Result<Confirmed, Fault> {
    if store::link::missing(tx, change).await? > 0 {
        return Ok(Confirmed::Halfway);
    }
    let Some(address) = store::link::taken(tx, change).await? else { return Ok(tx.undo(Confirmed::Gone)) };
    if !store::user::change_email(tx, user.id, &address, now).await? {
        return Ok(tx.undo(Confirmed::Gone));
    }
    leave(tx, clerk, &user, Some(&address)).await?;
    Ok(Confirmed::Changed(address))
}

/// What follows where a person gets this address in place of what they had before: no change that was under way goes on,
/// what was mailed to the old one opens nothing any more, and it hears of the change. Nothing follows where it is the same.
pub(super) async fn leave(tx: &mut Tx, clerk: &Clerk, before: &User, address: Option<&str>) -> Result<(), Fault> {
    if before.email() == address {
        return Ok(());
    }
    store::link::stop_mailed(tx, before.id).await?;
    store::mail_code::stop(tx, before.id).await?;
    match before.email() {
        Some(old) => clerk.send(tx, before, old.to_owned(), Content::Notice(Notice::EmailChanged)).await,
        None => Ok(()),
    }
}

/// A person by id, for the pages.
pub async fn person(authority: &Authority, user: UserId) -> Outcome<Option<User>> {
    Ok(store::user::by_id(&authority.db, user).await?)
}
