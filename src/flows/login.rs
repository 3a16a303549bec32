//! Sign-in by password.
//!
//! 1. Wait for other attempts on the same account: no two on one node are judged on the same count of failures.
//! 2. After too many failures nobody looks at anything.
//! 3. Check the password on the bounded pool, against a decoy when there is no account.
//! 4. Decide; a failure is counted, a success forgets the account's.
//! 5. Let [`super::entrance`] write the session under a new secret: a rise of privilege never keeps an old one.

use super::entrance::{Entrance, enter};
use super::{Authority, Outcome, recovery};
use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::base::secret::{Digest, Secret, Typed};
use crate::domain::lifetime::Stay;
use crate::domain::login::{Admission, Counted, Verdict, admit, decide, network};
use crate::domain::mail::Notice;
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::username_key;
use crate::protocol::acr;
use crate::store;

/// What somebody typed, and from where.
pub struct Attempt {
    pub username: String,
    pub password: Typed,
    pub source: Source,
    /// What the person wants of this browser; it is kept only where the operator allows it.
    pub stay: Stay,
}

pub enum SignIn {
    /// The cookie's secret goes to the browser.
    Done { secret: Secret, session: Box<Session> },
    /// One answer for every cause.
    Refused,
    /// The person holds as many sessions as are allowed.
    Full,
    /// As `Full`, and the person is to choose which of them end: what was proved waits in this ticket.
    Choose { ticket: String },
    /// The password must be changed first, on this page, below the issuer.
    MustChange { page: String },
    /// Nobody may try before then.
    Wait { until: Time },
}

/// Signs in, with the browser's current session if it has one: the same person proves again, another one takes its place.
pub async fn sign_in(authority: &Authority, attempt: Attempt, current: Option<Session>) -> Outcome<SignIn> {
    let name = username_key(&attempt.username);
    let source = attempt.source.address.as_deref().map(network).unwrap_or_default();
    let _turn = authority.turnstile.pass(Counted::account(&name)).await?;
    let now = authority.now();
    let user = store::user::by_username(&authority.db, &attempt.username).await?;
    let hash = user.as_ref().and_then(|user| user.password.as_ref()).map(|password| password.hash.as_str());
    let keys = Counted::ALL.map(|counted| counted.key(&name, &source, hash.unwrap_or_default()));
    let mut counters = [None; 3];
    for (counter, key) in counters.iter_mut().zip(keys) {
        *counter = store::throttle::find(&authority.db, key).await?;
    }
    if let Admission::Wait(until) = admit(counters, now) {
        return Ok(SignIn::Wait { until });
    }
    let fits = authority.passwords.verify(attempt.password, hash).await?;
    // What was typed as a name stays out of the log: it may be a password.
    let known = user.as_ref().map(|user| user.id);
    match decide(user, fits) {
        Verdict::Refused(reason) => {
            tracing::info!(
                reason,
                user = known.map(|id| id.to_string()),
                address = attempt.source.address,
                "a sign-in was refused"
            );
            count_failure(authority, known, keys, now).await?;
            Ok(SignIn::Refused)
        }
        Verdict::SignedIn(user) => {
            let credentials = user.password.iter().map(|password| password.id).collect();
            let proof = Authentication { at: now, acr: acr::PASSWORD.into(), amr: vec!["pwd".into()], credentials };
            let [pair, account, _] = keys;
            forget_failures(authority, [pair, account]).await?;
            if user.must_change_password {
                return Ok(SignIn::MustChange { page: recovery::renewal(authority, &user, now).await? });
            }
            let entrance = Entrance { proof, stay: attempt.stay, source: attempt.source.clone() };
            let entered = enter(authority, &user, entrance, current).await?;
            if let SignIn::Done { session, .. } = &entered {
                tracing::info!(user = %user.id, session = %session.id, address = attempt.source.address, "signed in");
            }
            Ok(entered)
        }
    }
}

pub(super) async fn count_failure(
    authority: &Authority,
    user: Option<UserId>,
    keys: [Digest; 3],
    now: Time,
) -> Outcome<()> {
    let mut kinds: Vec<_> = Counted::ALL.into_iter().zip(keys).collect();
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
                if let Some(user) = user.filter(|_| after.disables(counted)) {
                    store::user::disable_password(tx, user).await?;
                    if !held.disables(counted) {
                        clerk.tell(tx, user, Notice::PasswordDisabled).await?;
                    }
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

pub(super) async fn forget_failures(authority: &Authority, keys: [Digest; 2]) -> Outcome<()> {
    for key in keys {
        if store::throttle::find(&authority.db, key).await?.is_some() {
            authority.db.write(async move |tx| store::throttle::forget(tx, key).await).await?;
        }
    }
    Ok(())
}
