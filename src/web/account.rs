//! The account pages: a person's sessions, what happened in them, and the apps they let in, each with a way to end it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::see_other;
use super::authorize::session;
use super::cookie::Jar;
use super::csrf::{Binding, demanded};
use super::page::{Account, Allowed, AppLine, Apps, EndedLine, EntryLine, Person, SessionLine};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::domain::session::{Kind, Session};
use crate::domain::user::User;
use crate::flows::account::{self, App, Entry, Held, Over};
use crate::flows::{Failure, inspect};
use crate::protocol::error::{Code, Refusal};

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((session, user)) = visitor(shell, incoming).await? else { return Ok(login(shell)) };
    let Some(seen) = account::show(&shell.authority, user).await? else { return Ok(login(shell)) };
    let (binding, now) = (Binding::of(shell, &incoming.http), shell.authority.now());
    let page = Account {
        user: person(&seen.user),
        others: seen.sessions.iter().any(|held| held.session.id != session.id),
        sessions: seen.sessions.iter().map(|held| line(held, &session, now)).collect(),
        ended: seen.ended.iter().map(|over| ended(over, now)).collect(),
        recent: seen.recent.iter().map(|told| entry(told, now)).collect(),
        csrf: binding.token(shell, Some(&session)),
    };
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

pub async fn apps(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((session, user)) = visitor(shell, incoming).await? else { return Ok(login(shell)) };
    let Some(seen) = account::apps(&shell.authority, user).await? else { return Ok(login(shell)) };
    let (binding, now) = (Binding::of(shell, &incoming.http), shell.authority.now());
    let page = Apps {
        user: person(&seen.user),
        apps: seen.apps.iter().map(|seen| app(seen, now)).collect(),
        csrf: binding.token(shell, Some(&session)),
    };
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

pub(super) fn login(shell: &Shell) -> HttpResponse {
    see_other(&shell.site.path("/login"))
}

/// Who looks at a page; nobody when they must sign in, or sign in again, first.
pub(super) async fn visitor(shell: &Shell, incoming: &Incoming) -> Result<Option<(Session, UserId)>, Failure> {
    let on_mark = shell.authority.policy.watching.on_mark;
    let session = session(shell, incoming).await?.filter(|session| !session.watch.must_prove(on_mark));
    let Some(session) = session else { return Ok(None) };
    let Some(user) = session.subject.person() else { return Ok(None) };
    inspect::note(&shell.authority, &session, incoming.activity(), shell.authority.now()).await?;
    Ok(Some((session, user)))
}

pub async fn end_session(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, user) = allowed(shell, incoming).await?;
    let unknown = Refusal::new(Code::AccessDenied, "there is no such session of yours");
    let sid = incoming.part("sid").parse().map_err(|_| unknown.clone())?;
    if !account::end_session(&shell.authority, user, sid).await? {
        return Err(unknown.into());
    }
    Ok(if sid == session.id { goodbye(shell) } else { see_other(&shell.site.path("/account")) })
}

pub async fn end_others(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, user) = allowed(shell, incoming).await?;
    account::end_others(&shell.authority, user, session.id).await?;
    Ok(see_other(&shell.site.path("/account")))
}

pub async fn end_everywhere(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (_, user) = allowed(shell, incoming).await?;
    account::end_everywhere(&shell.authority, user).await?;
    Ok(goodbye(shell))
}

/// The person ended this very session: the login page has nothing to tell them about it.
pub(super) fn goodbye(shell: &Shell) -> HttpResponse {
    let mut response = login(shell);
    Jar::Session.clear(&shell.site, &mut response);
    response
}

pub async fn withdraw(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (_, user) = allowed(shell, incoming).await?;
    account::withdraw(&shell.authority, user, incoming.part("client_id").to_owned()).await?;
    Ok(see_other(&shell.site.path("/account/apps")))
}

/// The session and person behind a form that our own page sent.
pub(super) async fn allowed(shell: &Shell, incoming: &Incoming) -> Result<(Session, UserId), Failure> {
    let nobody = Refusal::new(Code::AccessDenied, "you are signed out; sign in and try again");
    let session = session(shell, incoming).await?.ok_or_else(|| nobody.clone())?;
    demanded(shell, incoming, &session)?;
    if session.watch.must_prove(shell.authority.policy.watching.on_mark) {
        return Err(Refusal::new(Code::AccessDenied, "sign in once more to show that it is you").into());
    }
    let user = session.subject.person().ok_or(nobody)?;
    inspect::note(&shell.authority, &session, incoming.activity(), shell.authority.now()).await?;
    Ok((session, user))
}

pub(super) fn person(user: &User) -> Person {
    let claim = |name: &str| user.claims.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    Person { username: user.username.clone(), name: claim("name"), email: claim("email") }
}

fn line(held: &Held, current: &Session, now: Time) -> SessionLine {
    let Held { session, apps, place } = held;
    let agent = session.source.user_agent.as_deref();
    let kind = match session.kind {
        Kind::Offline => "away",
        Kind::Person | Kind::Machine if words::is_handheld(agent) => "phone",
        Kind::Person | Kind::Machine => "device",
    };
    SessionLine {
        sid: session.id.to_string(),
        current: session.id == current.id,
        // What was left to an app is known by its name.
        label: apps.first().filter(|_| session.kind == Kind::Offline).cloned().unwrap_or_else(|| words::device(agent)),
        place: words::place(place),
        address: place.address.clone().unwrap_or_else(|| "unknown address".into()),
        created: words::on(session.created_at, now),
        last_active: words::ago(now - session.last_active_at),
        expires: words::on(session.idle_end().unwrap_or(session.absolute_end), now),
        apps: if session.kind == Kind::Offline { Vec::new() } else { apps.clone() },
        new_device: session.watch.new_device,
        mark: session.watch.mark.map(words::badge),
        kind,
    }
}

fn ended(over: &Over, now: Time) -> EndedLine {
    let Over { session, end, place } = over;
    EndedLine {
        label: words::device(session.source.user_agent.as_deref()),
        reason: words::reason(end),
        when: words::on(end.at, now),
        place: words::place(place),
    }
}

fn entry(entry: &Entry, now: Time) -> EntryLine {
    let (tone, text) = words::told(&entry.event, entry.app.as_deref());
    EntryLine {
        tone,
        text,
        when: words::on(entry.event.at, now),
        device: words::device(entry.user_agent.as_deref()),
        place: words::place(&entry.place).or_else(|| entry.place.address.clone()),
    }
}

fn app(app: &App, now: Time) -> AppLine {
    let words = app.consent.iter().flat_map(|consent| consent.scope.words());
    AppLine {
        client_id: app.client_id.clone(),
        client_name: app.name.clone(),
        scopes: words.map(str::to_owned).collect(),
        since: words::on(app.since, now),
        asked: app.consent.is_some(),
        sessions: app.sessions,
        away: app.away,
    }
}
