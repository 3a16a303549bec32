//! Failed attempts of a person, forgotten by an admin: nobody waits any more, and a mailed code can be used again. What was
//! put out of use stays so until another takes its place.

use super::AdminOutcome;
use super::user::find;
use crate::base::id::UserId;
use crate::base::secret::Digest;
use crate::domain::login::Counted;
use crate::domain::user::username_key;
use crate::flows::Authority;
use crate::flows::mail_code::counted_as;
use crate::store;

/// Forgets what was counted of the password, of mailed codes and of each authenticator, from everywhere together. What is
/// counted of one source goes on: nobody knows which those were, and an hour without attempts ends its waits.
pub async fn forget(authority: &Authority, user: UserId) -> AdminOutcome<()> {
    let person = find(authority, user).await?;
    let own = store::factor::of_user(&authority.db, user).await?;
    let of = |name: &str| Counted::keys_of(name, "")[1];
    let fixed = [Counted::account(&username_key(&person.username)), of(&counted_as(&person.username))];
    let mut keys: Vec<Digest> = own.iter().map(|own| of(&own.id.to_string())).chain(fixed).collect();
    // Always in the same order, so that two writes cannot wait for each other.
    keys.sort_by_key(|key| key.0);
    let written = authority.db.write(async move |tx| {
        for key in keys {
            store::throttle::forget(tx, key).await?;
        }
        Ok(())
    });
    written.await?;
    tracing::info!(%user, "an admin forgot a person's failed attempts");
    Ok(())
}
