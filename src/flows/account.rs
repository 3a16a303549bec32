//! What people see and do about their own sessions and consents.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Authority, Outcome, ending};
use crate::base::clock::Time;
use crate::base::id::{SessionId, UserId};
use crate::domain::consent::Consent;
use crate::domain::event::{Event, Spot};
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Kind, Session, Source};
use crate::domain::user::User;
use crate::store;

/// How many ended sessions and entries are shown at most.
const ENDED: i64 = 10;
const ENTRIES: i64 = 40;
/// How far back.
const RECENT: TimeDelta = TimeDelta::days(30);

pub struct Account {
    pub user: User,
    /// Newest first.
    pub sessions: Vec<Held>,
    /// Sessions in browsers that are over, the last one first.
    pub ended: Vec<Over>,
    /// What happened of late, newest first.
    pub recent: Vec<Entry>,
}

/// An open session with the names of the clients that take part.
pub struct Held {
    pub session: Session,
    pub apps: Vec<String>,
    pub place: Whereabouts,
}

pub struct Over {
    pub session: Session,
    pub end: End,
    pub place: Whereabouts,
}

/// An entry of a timeline, with the browser of its session and the name of the client that it is about.
pub struct Entry {
    pub event: Event,
    pub user_agent: Option<String>,
    pub app: Option<String>,
    pub place: Whereabouts,
}

/// Where an address is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    pub address: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub network: Option<String>,
}

/// What clients may use of this person.
pub struct Apps {
    pub user: User,
    pub apps: Vec<App>,
}

pub struct App {
    pub client_id: String,
    pub name: String,
    /// What the person said yes to; `None` for a client that nobody is asked about.
    pub consent: Option<Consent>,
    /// Since when it has what it has.
    pub since: Time,
    /// In how many sessions of browsers it takes part, and whether it may go on without one.
    pub sessions: usize,
    pub away: bool,
}

/// The name of the person behind a session; empty for nobody.
pub async fn username(authority: &Authority, session: &Session) -> Outcome<String> {
    Ok(store::user::of_session(&authority.db, session).await?.map(|user| user.username).unwrap_or_default())
}

/// `None` when the person is gone. However many sessions there are, the questions to the database are as many.
pub async fn show(authority: &Authority, user: UserId) -> Outcome<Option<Account>> {
    let (db, now) = (&authority.db, authority.now());
    let Some(user) = store::user::by_id(db, user).await? else { return Ok(None) };
    let names = store::client::names_for(db, user.id).await?;
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    let taking_part = store::account::taking_part(db, user.id, now).await?;
    let sessions = store::session::open_of_user(db, user.id, now).await?.into_iter().map(|session| {
        let apps = taking_part.iter().filter(|part| part.session == session.id).map(|part| name(&part.client_id));
        Held { apps: apps.collect(), place: whereabouts(authority, &session.source), session }
    });
    let ended = store::account::ended(db, user.id, now, ENDED).await?.into_iter().filter_map(|session| {
        let end = session.end(now).filter(|end| now - end.at < RECENT)?;
        Some(Over { end, place: whereabouts(authority, &session.source), session })
    });
    let recent = store::event::of_user(db, user.id, now - RECENT, ENTRIES).await?.into_iter().map(|(event, agent)| {
        let Spot { address, network, country } = event.spot.clone();
        let place = whereabouts(authority, &Source { address, network, country, ..Source::default() });
        Entry { app: event.client_id.as_ref().map(name), user_agent: agent, place, event }
    });
    let (sessions, ended) = (sessions.collect(), ended.collect());
    let mut recent: Vec<Entry> = recent.collect();
    recent.sort_by_key(|entry| (Reverse(entry.event.at), Reverse(entry.event.name.turn())));
    Ok(Some(Account { user, sessions, ended, recent }))
}

/// The clients that have something of this person, by name; `None` when the person is gone.
pub async fn apps(authority: &Authority, user: UserId) -> Outcome<Option<Apps>> {
    let (db, now) = (&authority.db, authority.now());
    let Some(user) = store::user::by_id(db, user).await? else { return Ok(None) };
    let names = store::client::names_for(db, user.id).await?;
    let mut apps: BTreeMap<String, App> = BTreeMap::new();
    let app = |client_id: &String, since: Time| App {
        client_id: client_id.clone(),
        name: names.get(client_id).unwrap_or(client_id).clone(),
        consent: None,
        since,
        sessions: 0,
        away: false,
    };
    for consent in store::consent::of_user(db, user.id).await? {
        let since = consent.granted_at;
        let entry = apps.entry(consent.client_id.clone()).or_insert_with_key(|id| app(id, since));
        entry.consent = Some(consent);
    }
    for part in store::account::taking_part(db, user.id, now).await? {
        let entry = apps.entry(part.client_id.clone()).or_insert_with_key(|id| app(id, part.since));
        entry.since = entry.since.min(part.since);
        match part.kind {
            Kind::Offline => entry.away = true,
            Kind::Person | Kind::Machine => entry.sessions += 1,
        }
    }
    let mut apps: Vec<_> = apps.into_values().collect();
    apps.sort_by_key(|app| app.name.to_lowercase());
    Ok(Some(Apps { user, apps }))
}

/// What was written down, and the names that the files have for it today.
fn whereabouts(authority: &Authority, source: &Source) -> Whereabouts {
    let address = source.address.as_deref().and_then(|address| address.parse().ok());
    let known = address.map(|address| authority.geo.look_up(address)).unwrap_or_default();
    let same = known.country == source.country;
    Whereabouts {
        address: source.address.clone(),
        city: known.city.filter(|_| same),
        country: known.country_name.filter(|_| same).or_else(|| source.country.clone()),
        network: source.network.clone(),
    }
}

/// Ends one session of this person; false when it is not theirs or not there.
pub async fn end_session(authority: &Authority, user: UserId, id: SessionId) -> Outcome<bool> {
    let found = store::session::by_id(&authority.db, id).await?;
    if found.is_none_or(|session| session.subject.person() != Some(user)) {
        return Ok(false);
    }
    ending::revoke(authority, Target::Session(id), EndReason::Logout, Initiator::User).await?;
    Ok(true)
}

/// Ends every other session of this person, offline ones too.
pub async fn end_others(authority: &Authority, user: UserId, but: SessionId) -> Outcome<()> {
    ending::revoke(authority, Target::User(user, Some(but)), EndReason::Logout, Initiator::User).await?;
    Ok(())
}

/// Ends every session of this person, offline ones too.
pub async fn end_everywhere(authority: &Authority, user: UserId) -> Outcome<()> {
    ending::revoke(authority, Target::User(user, None), EndReason::Logout, Initiator::User).await?;
    Ok(())
}

/// Takes a consent back: it is forgotten, and what this client has of this person ends. The person's sessions are held
/// first, so that nothing is being given meanwhile.
pub async fn withdraw(authority: &Authority, user: UserId, client_id: String) -> Outcome<()> {
    let now = authority.now();
    let end = End { at: now, reason: EndReason::Logout, initiator: Initiator::User };
    let scribe = authority.scribe(now);
    authority
        .db
        .write(async move |tx| {
            store::user::hold(tx, user).await?;
            store::session::hold_of_user(tx, user, now).await?;
            store::consent::forget(tx, user, &client_id).await?;
            ending::write(tx, &Target::App(user, client_id), &end, &scribe).await
        })
        .await?;
    Ok(())
}
