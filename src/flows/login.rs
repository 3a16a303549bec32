//! Sign-in by password.
//!
//! 1. Wait for other attempts on the same account: no two on one node are judged on the same count of failures.
//! 2. After too many failures nobody looks at anything.
//! 3. Check the password on the bounded pool, against a decoy when there is no account.
//! 4. Decide; a failure is counted, a success forgets the account's.
//! 5. Write the session under a new secret: a rise of privilege never keeps an old one.

use std::net::IpAddr;

use super::{Activity, Authority, Outcome, ending};
use crate::base::clock::Time;
use crate::base::id::{SessionId, UserId};
use crate::base::secret::{Digest, Secret, Typed};
use crate::domain::event::EventName;
use crate::domain::limit::{Room, room};
use crate::domain::login::{Admission, Counted, Verdict, admit, decide};
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::{User, username_key};
use crate::protocol::authorize::ACR_PASSWORD;
use crate::store;
use crate::store::db::{Fault, Tx};

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
    /// The person holds as many sessions as are allowed.
    Full,
    /// Nobody may try before then.
    Wait { until: Time },
}

/// Signs in, with the browser's session if it has one: the same person proves again, another one takes its place.
pub async fn sign_in(authority: &Authority, attempt: Attempt, browser: Option<Session>) -> Outcome<SignIn> {
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
            let proof = Authentication { at: now, acr: ACR_PASSWORD.into(), amr: vec!["pwd".into()], credentials };
            let [pair, account, _] = keys;
            forget_failures(authority, [pair, account]).await?;
            let entered = enter(authority, &user, &proof, &attempt.source, browser).await?;
            if let SignIn::Done { session, .. } = &entered {
                tracing::info!(user = %user.id, session = %session.id, address = attempt.source.address, "signed in");
            }
            Ok(entered)
        }
    }
}

async fn count_failure(authority: &Authority, user: Option<UserId>, keys: [Digest; 3], now: Time) -> Outcome<()> {
    let mut kinds: Vec<_> = Counted::ALL.into_iter().zip(keys).collect();
    // Always in the same order, so that two writes cannot wait for each other.
    kinds.sort_by_key(|(_, key)| key.0);
    authority
        .db
        .write(async move |tx| {
            for (counted, key) in kinds {
                let held = store::throttle::hold(tx, key, now).await?;
                let after = held.after_failure(counted, now);
                store::throttle::set(tx, key, after).await?;
                if let Some(user) = user.filter(|_| after.disables(counted)) {
                    store::user::disable_password(tx, user).await?;
                }
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

/// What became of a session that was to be written.
enum Entered {
    Yes,
    /// The person was disabled or removed meanwhile, or has another password.
    Gone,
    /// The person holds as many sessions as are allowed.
    Full,
}

/// Writes the session after a proof: the browser's own when it is the same person's, a new one otherwise.
async fn enter(
    authority: &Authority,
    user: &User,
    proof: &Authentication,
    source: &Source,
    browser: Option<Session>,
) -> Outcome<SignIn> {
    let (kept, replaced) = match browser {
        Some(session) if session.subject.person() == Some(user.id) => (Some(session), None),
        other => (None, other),
    };
    if let Some(session) = kept {
        let secret = Secret::new(authority.dice());
        if let Some(session) = renew(authority, user, &session, proof, secret.digest()).await? {
            return Ok(SignIn::Done { secret, session: Box::new(session) });
        }
    }
    let id = SessionId::new(proof.at, authority.dice());
    let session = Session::begin(id, user.id, proof.clone(), source.clone(), authority.policy.session);
    let secret = Secret::new(authority.dice());
    match begin(authority, user, &session, secret.digest(), replaced).await? {
        Entered::Yes => Ok(SignIn::Done { secret, session: Box::new(session) }),
        Entered::Full => Ok(SignIn::Full),
        Entered::Gone => {
            tracing::info!(
                reason = "the user was disabled, removed or given another password meanwhile",
                "a sign-in was refused"
            );
            Ok(SignIn::Refused)
        }
    }
}

/// Whether the person is still the one whose password was checked.
async fn hold(tx: &mut Tx, user: &User) -> Result<bool, Fault> {
    let hash = user.password.as_ref().map(|password| password.hash.as_str());
    store::user::hold_for_sign_in(tx, user.id, hash.unwrap_or_default()).await
}

/// A new proof in an open session: it keeps its id and gets a new secret. `None` when it ended meanwhile.
async fn renew(
    authority: &Authority,
    user: &User,
    session: &Session,
    proof: &Authentication,
    secret: Digest,
) -> Outcome<Option<Session>> {
    let (id, proof, user) = (session.id, proof.clone(), user.clone());
    let event = authority.scribe(proof.at).entry(id, EventName::Reauthenticated);
    let renewed = authority.db.write(async move |tx| {
        if !hold(tx, &user).await? {
            return Ok(tx.undo(None));
        }
        let held = store::session::hold(tx, id).await?.filter(|held| held.is_open(proof.at));
        let Some(held) = held else { return Ok(tx.undo(None)) };
        let session = Session { authentication: Some(proof.clone()), ..held.after(Activity::Person, proof.at) };
        store::session::renew(tx, &session, secret).await?;
        store::event::record(tx, &event).await?;
        Ok(Some(session))
    });
    Ok(renewed.await?)
}

/// A new session, within the limit: counted and written while no other sign-in of this person is.
async fn begin(
    authority: &Authority,
    user: &User,
    session: &Session,
    secret: Digest,
    replaced: Option<Session>,
) -> Outcome<Entered> {
    let now = session.created_at;
    let limit = authority.policy.limit;
    let scribe = authority.scribe(now);
    let (session, user) = (session.clone(), user.clone());
    let entered = authority.db.write(async move |tx| {
        if !hold(tx, &user).await? {
            return Ok(tx.undo(Entered::Gone));
        }
        if let Some(replaced) = replaced {
            let end = End { at: now, reason: EndReason::Logout, initiator: Initiator::User };
            ending::write(tx, &Target::Session(replaced.id), &end, &scribe).await?;
        }
        let Room::After(oldest) = room(limit, &store::session::open_in_browsers(tx, user.id, now).await?) else {
            return Ok(tx.undo(Entered::Full));
        };
        for id in oldest {
            let end = End { at: now, reason: EndReason::Limit, initiator: Initiator::System };
            ending::write(tx, &Target::Session(id), &end, &scribe).await?;
        }
        store::session::insert(tx, &session, Some(secret)).await?;
        store::event::record(tx, &scribe.entry(session.id, EventName::Created)).await?;
        Ok(Entered::Yes)
    });
    Ok(entered.await?)
}
