//! What people see and do about their own sessions and consents.

use std::collections::BTreeMap;

use super::{Authority, Outcome, ending};
use crate::base::id::{SessionId, UserId};
use crate::domain::consent::Consent;
use crate::domain::event::EventName;
use crate::domain::revocation::{End, EndReason, Initiator, Scope};
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::store;

pub struct Account {
    pub user: User,
    /// The open sessions with the names of the clients that take part.
    pub sessions: Vec<(Session, Vec<String>)>,
    /// Consents with the clients' names.
    pub consents: Vec<(Consent, String)>,
}

/// The name of the person behind a session; empty for nobody.
pub async fn username(authority: &Authority, session: &Session) -> Outcome<String> {
    Ok(store::user::of_session(&authority.db, session).await?.map(|user| user.username).unwrap_or_default())
}

/// `None` when the person is gone.
pub async fn show(authority: &Authority, user: UserId) -> Outcome<Option<Account>> {
    let now = authority.now();
    let Some(user) = store::user::by_id(&authority.db, user).await? else { return Ok(None) };
    let mut names = BTreeMap::new();
    let mut sessions = Vec::new();
    for session in store::session::open_of_user(&authority.db, user.id, now).await? {
        let mut apps: Vec<String> = Vec::new();
        for grant in store::grant::of_session(&authority.db, session.id).await? {
            let name = name(authority, &mut names, &grant.client_id).await?;
            if grant.ended.is_none() && !apps.contains(&name) {
                apps.push(name);
            }
        }
        sessions.push((session, apps));
    }
    let mut consents = Vec::new();
    for consent in store::consent::of_user(&authority.db, user.id).await? {
        let name = name(authority, &mut names, &consent.client_id).await?;
        consents.push((consent, name));
    }
    Ok(Some(Account { user, sessions, consents }))
}

async fn name(authority: &Authority, known: &mut BTreeMap<String, String>, client_id: &str) -> Outcome<String> {
    if let Some(name) = known.get(client_id) {
        return Ok(name.clone());
    }
    let client = store::client::find(&authority.db, client_id).await?;
    let name = client.map_or_else(|| client_id.to_owned(), |client| client.name().to_owned());
    known.insert(client_id.to_owned(), name.clone());
    Ok(name)
}

/// Ends one session of this person; false when it is not theirs or not there.
pub async fn end_session(authority: &Authority, user: UserId, id: SessionId) -> Outcome<bool> {
    let found = store::session::by_id(&authority.db, id).await?;
    if found.is_none_or(|session| session.subject.person() != Some(user)) {
        return Ok(false);
    }
    ending::end(authority, ending::Ending::One(id), EndReason::Logout, Initiator::User).await?;
    Ok(true)
}

/// Ends every session of this person, offline ones too.
pub async fn end_everywhere(authority: &Authority, user: UserId) -> Outcome<()> {
    ending::end(authority, ending::Ending::User(user, None), EndReason::Logout, Initiator::User).await?;
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
            let sessions = store::session::hold_of_user(tx, user, now).await?;
            store::consent::forget(tx, user, &client_id).await?;
            let left = ending::Ending::LeftTo(user, client_id.clone());
            ending::write(tx, &left, &end, &scribe).await?;
            for session in sessions {
                let which = store::grant::Ending::Client(session, client_id.clone());
                if !ending::write_grants(tx, &which, Scope::Grant, &end, &scribe).await?.is_empty() {
                    let event = scribe.entry(session, EventName::Revoked).because(EndReason::Logout).of(&client_id);
                    store::event::record(tx, &event).await?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}
