//! What a browser's session cookie is worth now. Every path that takes the cookie comes through here.
//!
//! 1. Read the session by any secret it had: the good one, the one before, one that never arrived.
//! 2. An ended session lets nobody in, but it can still say why it ended.
//! 3. Judge the secret ([`crate::domain::cookie`]); a stolen one ends the session.
//! 4. Compare the place with the one before ([`crate::domain::watch`]); a mark does what policy says.

use std::net::IpAddr;

use super::{Authority, Outcome, ending};
use crate::base::clock::Time;
use crate::base::secret::{Digest, Secret};
use crate::domain::cookie::{Binding, Presented};
use crate::domain::event::EventName;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Kind, Session, Source};
use crate::domain::watch::{self, OnMark, Place, Point, TOLD_EVERY};
use crate::store;

/// Who came.
#[derive(Debug)]
pub enum Visit {
    Nobody,
    /// An open session; a new secret goes to the browser where the last one was lost.
    Open(Box<Session>, Option<Secret>),
    /// A session that ended, which says when and why.
    Ended(Box<Session>),
}

impl Visit {
    /// The session, if it is open.
    pub fn open(self) -> Option<Session> {
        match self {
            Self::Open(session, _) => Some(*session),
            Self::Nobody | Self::Ended(_) => None,
        }
    }
}

/// Whether the answer can give the browser another cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    Possible,
    Impossible,
}

/// How a cookie came.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    pub secret: &'a str,
    /// From where; `None` where only the address of somebody between is known.
    pub source: Option<&'a Source>,
    pub renewal: Renewal,
}

pub async fn visit(authority: &Authority, arrival: Arrival<'_>, now: Time) -> Outcome<Visit> {
    let digest = Digest::of(arrival.secret);
    let found = store::cookie::presented(&authority.db, digest).await?;
    let Some((session, binding)) = found.filter(|(session, _)| session.kind == Kind::Person) else {
        return Ok(Visit::Nobody);
    };
    if !session.is_open(now) {
        return Ok(Visit::Ended(Box::new(session)));
    }
    let mut renewed = None;
    match binding.judge(&digest, now, authority.policy.watching.cookie_window) {
        Presented::Current { first: true } => {
            let id = session.id;
            authority.db.write(async move |tx| store::cookie::note_use(tx, id, digest).await).await?;
        }
        Presented::Lost if arrival.renewal == Renewal::Possible => {
            renewed = replace(authority, &session, &binding, now).await?;
        }
        Presented::Stolen => {
            end_stolen(authority, &session, arrival.source, now).await?;
            return again(authority, session).await;
        }
        Presented::Unknown => return Ok(Visit::Nobody),
        Presented::Current { first: false } | Presented::Previous | Presented::Lost => {}
    }
    match arrival.source {
        Some(source) => compare(authority, session, source, now).await.map(|visit| match visit {
            Visit::Open(session, _) => Visit::Open(session, renewed),
            other => other,
        }),
        None => Ok(Visit::Open(Box::new(session), renewed)),
    }
}

/// The session as it is after it ended here.
async fn again(authority: &Authority, session: Session) -> Outcome<Visit> {
    let ended = store::session::by_id(&authority.db, session.id).await?;
    Ok(ended.map_or(Visit::Nobody, |ended| Visit::Ended(Box::new(ended))))
}

/// Another secret in place of the one that never arrived; `None` when that came meanwhile after all.
async fn replace(authority: &Authority, session: &Session, binding: &Binding, now: Time) -> Outcome<Option<Secret>> {
    let secret = Secret::new(authority.dice());
    let (id, lost, new) = (session.id, binding.current, secret.digest());
    let replaced = authority.db.write(async move |tx| store::cookie::replace(tx, id, lost, new, now).await).await?;
    Ok(replaced.then_some(secret))
}

async fn end_stolen(authority: &Authority, session: &Session, source: Option<&Source>, now: Time) -> Outcome<()> {
    let (id, scribe) = (session.id, authority.scribe(now));
    let entry = scribe.entry(id, EventName::CookieReused).because(EndReason::Theft);
    let entry = source.map_or(entry.clone(), |source| entry.coming_from(&locate(authority, source.clone())));
    let end = End { at: now, reason: EndReason::Theft, initiator: Initiator::System };
    let ended = authority.db.write(async move |tx| {
        let ended = ending::write(tx, &Target::Session(id), &end, &scribe).await?.sessions > 0;
        if ended {
            store::event::record(tx, &entry).await?;
        }
        Ok(ended)
    });
    if ended.await? {
        let address = source.and_then(|source| source.address.as_deref());
        tracing::warn!(session = %id, address, "an old secret of a session's cookie was used; the session ended");
    }
    Ok(())
}

/// Looks whether the session moved, and does what follows from it.
async fn compare(authority: &Authority, session: Session, source: &Source, now: Time) -> Outcome<Visit> {
    let stays = |session| Ok(Visit::Open(Box::new(session), None));
    if session.source.address == source.address {
        return stays(session);
    }
    let places = (place(authority, &session.source), place(authority, source));
    let (Some(was), Some(is)) = places else { return stays(session) };
    let Some(moved) = watch::compare(&session, &was, &is, now) else { return stays(session) };
    let to = Source { network: is.network, country: is.country, ..source.clone() };
    let scribe = authority.scribe(now);
    let entry = scribe.entry(session.id, EventName::Moved).coming_from(&to);
    let marked = moved.mark.map(|mark| scribe.entry(session.id, EventName::Marked).marking(mark).coming_from(&to));
    let end = moved.mark.filter(|_| authority.policy.watching.on_mark == OnMark::End).map(|_| End {
        at: now,
        reason: EndReason::Policy,
        initiator: Initiator::System,
    });
    let (held, since) = (session.clone(), now - TOLD_EVERY);
    let ended = authority.db.write(async move |tx| {
        if !store::cookie::relocate(tx, &held, &to, moved.mark, now).await? {
            return Ok(false);
        }
        store::event::sample(tx, &entry, since).await?;
        if let Some(marked) = &marked {
            store::event::sample(tx, marked, since).await?;
        }
        match &end {
            Some(end) => Ok(ending::write(tx, &Target::Session(held.id), end, &scribe).await?.sessions > 0),
            None => Ok(false),
        }
    });
    let ended = ended.await?;
    if let Some(mark) = moved.mark {
        tracing::warn!(session = %session.id, mark = mark.as_str(), ended, "a session is used from elsewhere");
    }
    match store::session::by_id(&authority.db, session.id).await? {
        Some(seen) if seen.is_open(now) => stays(seen),
        Some(seen) => Ok(Visit::Ended(Box::new(seen))),
        None => Ok(Visit::Nobody),
    }
}

/// The address of a source with what the files know about it; `None` for one that is none.
fn place(authority: &Authority, source: &Source) -> Option<Place> {
    let address: IpAddr = source.address.as_deref()?.parse().ok()?;
    let known = authority.geo.look_up(address);
    let point = known.point.map(|(latitude, longitude, accuracy)| Point { latitude, longitude, accuracy });
    Some(Place { address, network: known.network, country: known.country, point })
}

/// The source with what the files know about its address.
pub fn locate(authority: &Authority, source: Source) -> Source {
    match place(authority, &source) {
        Some(place) => Source { network: place.network, country: place.country, ..source },
        None => source,
    }
}
