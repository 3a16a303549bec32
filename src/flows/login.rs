//! Sign-in by password.
//!
//! 1. Wait for other attempts on the same account: no two are judged on the same count of failures.
//! 2. After too many failures nobody looks at anything.
//! 3. Check the password on the bounded pool, against a decoy when there is no account.
//! 4. Decide; a failure is counted, a success forgets the account's.
//! 5. Write the session under a new secret: a rise of privilege never keeps an old one.

use std::net::IpAddr;

use super::{Authority, Outcome, ending};
use crate::base::clock::Time;
use crate::base::id::{SessionId, UserId};
use crate::base::secret::{Digest, Secret, Typed};
use crate::domain::event::EventName;
use crate::domain::login::{Admission, Counted, Verdict, admit, decide};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::{User, username_key};
use crate::protocol::authorize::ACR_PASSWORD;
use crate::store;

/// What somebody typed, and from where.
pub struct Attempt {
    pub username: String,
    pub password: Typed,
    pub source: Source,
}

pub enum SignIn {
    /// The cookie's secret goes to the browser.
    Done { secret: Secret, session: Box<Session> },
    /// One answer for every cause.
    Refused,
    /// Nobody may try before then.
    Wait { until: Time },
}

/// Signs in, with the browser's session if it has one: the same person proves again, another one takes its place.
pub async fn sign_in(authority: &Authority, attempt: Attempt, browser: Option<Session>) -> Outcome<SignIn> {
    let name = username_key(&attempt.username);
    let source = attempt.source.address.as_deref().map(network).unwrap_or_default();
    let keys = Counted::ALL.map(|counted| counted.key(&name, &source));
    let _turn = authority.turnstile.pass(Counted::Account.key(&name, &source)).await?;
    let now = authority.now();
    let mut counters = [None; 3];
    for (counter, key) in counters.iter_mut().zip(keys) {
        *counter = store::throttle::find(&authority.db, key).await?;
    }
    let enabled = match admit(counters, now) {
        Admission::Wait(until) => return Ok(SignIn::Wait { until }),
        Admission::Disabled => false,
        Admission::Try => true,
    };
    let user = store::user::by_username(&authority.db, &attempt.username).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let fits = authority.passwords.verify(attempt.password, hash).await? && enabled;
    match decide(user, fits) {
        Verdict::Refused(reason) => {
            tracing::info!(reason, "a sign-in was refused");
            count_failure(authority, keys, now).await?;
            Ok(SignIn::Refused)
        }
        Verdict::SignedIn(user) => {
            let proof = Authentication { at: now, acr: ACR_PASSWORD.into(), amr: vec!["pwd".into()] };
            let [pair, account, _] = keys;
            forget_failures(authority, [pair, account]).await?;
            let (secret, session) = enter(authority, &user, proof, attempt.source, browser).await?;
            Ok(SignIn::Done { secret, session: Box::new(session) })
        }
    }
}

async fn count_failure(authority: &Authority, keys: [Digest; 3], now: Time) -> Outcome<()> {
    let mut counted: Vec<_> = Counted::ALL.into_iter().zip(keys).collect();
    // Always in the same order, so that two writes cannot wait for each other.
    counted.sort_by_key(|(_, key)| key.0);
    authority
        .db
        .write(async move |tx| {
            for (counted, key) in counted {
                let held = store::throttle::hold(tx, key, now).await?;
                store::throttle::set(tx, key, held.after_failure(counted, now)).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

async fn forget_failures(authority: &Authority, keys: [Digest; 2]) -> Outcome<()> {
    for key in keys {
        if store::throttle::find(&authority.db, key).await?.is_some() {
            authority.db.write(async move |tx| store::throttle::forget(tx, key).await).await?;
        }
    }
    Ok(())
}

/// The source whose failures are counted together: an IPv4 address, or the /64 that one IPv6 customer has.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) => v6.to_ipv4_mapped().map_or_else(
            || {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            },
            |v4| v4.to_string(),
        ),
        _ => address.to_owned(),
    }
}

/// Writes the session after a proof: the browser's own when it is the same person's, a new one otherwise.
async fn enter(
    authority: &Authority,
    user: &User,
    proof: Authentication,
    source: Source,
    browser: Option<Session>,
) -> Outcome<(Secret, Session)> {
    let now = proof.at;
    let secret = Secret::new(authority.dice());
    let digest = secret.digest();
    let (kept, replaced) = match browser {
        Some(session) if session.subject.person() == Some(user.id) => (Some(session), None),
        other => (None, other),
    };
    let renewed = kept.is_some();
    let (session, name) = match kept {
        Some(session) => {
            let session = Session { authentication: Some(proof.clone()), last_active_at: now, ..session };
            (session, EventName::Reauthenticated)
        }
        None => (begin(authority, user.id, proof.clone(), source), EventName::Created),
    };
    let event = authority.event(session.id, name, now);
    let end = End { at: now, reason: EndReason::Logout, initiator: Initiator::User };
    let entry = ending::entries(authority, now);
    let written = session.clone();
    authority
        .db
        .write(async move |tx| {
            if let Some(replaced) = replaced {
                ending::write(tx, &ending::Ending::One(replaced.id), &end, entry).await?;
            }
            if renewed {
                store::session::renew(tx, &written, digest, &proof).await?;
            } else {
                store::session::insert(tx, &written, Some(digest)).await?;
            }
            store::event::record(tx, &event).await
        })
        .await?;
    Ok((secret, session))
}

fn begin(authority: &Authority, user: UserId, proof: Authentication, source: Source) -> Session {
    let id = SessionId::new(proof.at, authority.dice());
    Session::begin(id, user, proof, source, authority.policy.session)
}
