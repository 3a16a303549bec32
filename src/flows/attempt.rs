//! Attempts to prove a secret, on every path that checks one: counted by authenticator, by authenticator and source, and by
//! source (NIST SP 800-63B-4 section 3.2.2; OWASP ASVS 5.0 6.3.1). After too many failures the one authenticator is out of
//! use, never the account.

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::base::secret::Digest;
use crate::domain::login::{Admission, Counted, admit};
use crate::domain::mail::Notice;
use crate::store;

/// What goes out of use after too many failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guessed {
    Password(UserId),
    Authenticator(CredentialId),
    /// There is nothing behind it; failures count alike.
    Nothing,
}

/// Until when nobody may try; `None` where an attempt may be made now.
pub(super) async fn must_wait(authority: &Authority, keys: &[Digest], now: Time) -> Outcome<Option<Time>> {
    let counters = store::throttle::all(&authority.db, keys).await?;
    match admit(&counters, now) {
        Admission::Wait(until) => Ok(Some(until)),
        Admission::Try => Ok(None),
    }
}

/// Counts a failure under every key.
pub(super) async fn fail(authority: &Authority, keys: [Digest; 3], guessed: Guessed, now: Time) -> Outcome<()> {
    count(authority, Counted::JUDGED, keys, (guessed, now)).await
}

/// Counts an attempt that nobody could judge, under the keys of [`Counted::UNJUDGED`].
pub(super) async fn miss(authority: &Authority, keys: [Digest; 3], guessed: Guessed, now: Time) -> Outcome<()> {
    count(authority, Counted::UNJUDGED, keys, (guessed, now)).await
}

async fn count(
    authority: &Authority,
    counted: [Counted; 3],
    keys: [Digest; 3],
    (guessed, now): (Guessed, Time),
) -> Outcome<()> {
    let mut kinds: Vec<_> = counted.into_iter().zip(keys).collect();
    // Always in the same order, so that two writes cannot wait for each other.
    kinds.sort_by_key(|(_, key)| key.0);
    let clerk = authority.clerk(now, None);
    authority
        .db
        .write(async move |tx| {
            for (counted, key) in kinds {
                let held = store::throttle::hold(tx, key, now).await?;
                let after = held.after_failure(counted, now);
                store::throttle::set(tx, key, after).await?;
                if !after.disables(counted) {
                    continue;
                }
                match guessed {
                    Guessed::Password(user) => {
                        if store::user::disable_password(tx, user).await? {
                            clerk.tell(tx, user, Notice::PasswordDisabled).await?;
                        }
                    }
                    Guessed::Authenticator(id) => {
                        if let Some((user, name)) = store::factor::disable(tx, id).await? {
                            clerk.tell(tx, user, Notice::FactorDisabled { name }).await?;
                        }
                    }
                    Guessed::Nothing => {}
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Forgets the failures with what was proved now; those of the source stay.
pub(super) async fn forget(authority: &Authority, [pair, account, _]: [Digest; 3]) -> Outcome<()> {
    for key in [pair, account] {
        if store::throttle::find(&authority.db, key).await?.is_some() {
            authority.db.write(async move |tx| store::throttle::forget(tx, key).await).await?;
        }
    }
    Ok(())
}
