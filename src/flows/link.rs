//! Links with a secret in them: made, kept as digests, opened once.

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::ChangeId;
use crate::base::secret::{Digest, Secret, Typed};
use crate::domain::link::{Errand, Link, PER_ADDRESS, PER_SOURCE, Rate};
use crate::domain::login::{Counter, network};
use crate::domain::mail::address_key;
use crate::domain::session::Source;
use crate::domain::user::User;
use crate::store;
use crate::store::db::{Fault, Tx};

/// A new link: the row, and the secret that only its holder has.
pub(super) struct Fresh {
    pub link: Link,
    secret: Secret,
}

impl Fresh {
    /// For this person as they stand now, or for nobody.
    pub fn new(authority: &Authority, user: Option<&User>, errand: Errand, now: Time) -> Self {
        let secret = Secret::new(authority.dice());
        let link = Link {
            digest: secret.digest(),
            user: user.map(|user| user.id),
            errand,
            password: user.and_then(|user| Some(user.password.as_ref()?.id)),
            address: user.and_then(|user| user.email().map(str::to_owned)),
            change: None,
            created_at: now,
            expires_at: now + errand.life(),
            used_at: None,
        };
        Self { link, secret }
    }

    /// As a part of a change to this address.
    #[must_use]
    pub fn changing(mut self, change: ChangeId, address: &str) -> Self {
        self.link.change = Some(change);
        self.link.address = Some(address.to_owned());
        self
    }

    /// Where it leads, below the issuer and never below a name out of a request.
    pub fn url(&self, authority: &Authority) -> String {
        format!("{}{}", authority.policy.issuer, self.path())
    }

    pub fn path(&self) -> String {
        let page = if self.link.errand.sets_password() { "/password/reset" } else { "/email/confirm" };
        format!("{page}?token={}", self.secret.reveal())
    }
}

/// A link that is good, with its person.
pub struct Opened {
    pub link: Link,
    pub user: User,
}

/// Opens a link by the secret that somebody presents; `None` when it is of no more use, or never was.
pub async fn open(authority: &Authority, secret: &Typed) -> Outcome<Option<Opened>> {
    let Some(link) = store::link::find(&authority.db, Digest::of(secret.expose())).await? else { return Ok(None) };
    let Some(user) = link.user else { return Ok(None) };
    let Some(user) = store::user::by_id(&authority.db, user).await? else { return Ok(None) };
    let good = link.is_good(&user, authority.now());
    Ok(good.then_some(Opened { link, user }))
}

/// Uses a link up, in the write that does what it is for; `None` when it cannot be used any more.
pub(super) async fn spend(tx: &mut Tx, opened: &Opened, now: Time) -> Result<Option<User>, Fault> {
    store::user::hold(tx, opened.user.id).await?;
    let Some(user) = store::user::read(tx, opened.user.id).await? else { return Ok(None) };
    let Some(link) = store::link::spend(tx, opened.link.digest, now).await? else { return Ok(None) };
    Ok(link.is_good(&user, now).then_some(user))
}

/// Counts a request for mail to this address from this source; false when there were too many. What is counted is
/// what was typed: nothing follows from it about who is here.
pub(super) async fn count(tx: &mut Tx, address: &str, source: &Source, now: Time) -> Result<bool, Fault> {
    let network = source.address.as_deref().map(network).unwrap_or_default();
    let mut counted = [
        (Digest::of(&format!("mail to\n{}", address_key(address))), PER_ADDRESS),
        (Digest::of(&format!("mail from\n{network}")), PER_SOURCE),
    ];
    // Always in the same order, so that two writes cannot wait for each other.
    counted.sort_by_key(|(key, _)| key.0);
    for (key, rate) in counted {
        if !count_one(tx, key, rate, now).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn count_one(tx: &mut Tx, key: Digest, rate: Rate, now: Time) -> Result<bool, Fault> {
    let held = store::throttle::hold(tx, key, now).await?;
    let Some((failures, last_at)) = rate.with_one_more(held.failures, held.last_at, now) else { return Ok(false) };
    store::throttle::set(tx, key, Counter { failures, blocked_to: now, last_at }).await?;
    Ok(true)
}
