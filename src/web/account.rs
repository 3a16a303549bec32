//! The account page: the person's sessions and consents, each with a way to end it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono::TimeDelta;
use woothee::parser::Parser;

use super::answer::see_other;
use super::authorize::session;
use super::csrf::{Binding, demanded};
use super::page::{Account, Allowed, ConsentLine, Person, SessionLine};
use super::request::Incoming;
use super::shell::Shell;
use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::domain::session::{Kind, Session};
use crate::flows::account::{self, Account as Seen};
use crate::flows::{Failure, inspect};
use crate::protocol::error::{Code, Refusal};

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let login = || Ok(see_other(&shell.site.path("/login")));
    let Some(session) = session(shell, incoming).await? else { return login() };
    let Some(user) = session.subject.person() else { return login() };
    let Some(seen) = account::show(&shell.authority, user).await? else { return login() };
    inspect::note(&shell.authority, &session, incoming.activity(), shell.authority.now()).await?;
    let binding = Binding::of(shell, &incoming.http);
    let page = page(&seen, &session, &binding.token(shell, Some(&session)), shell.authority.now());
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

pub async fn end_session(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, user) = allowed(shell, incoming).await?;
    let unknown = Refusal::new(Code::AccessDenied, "there is no such session of yours");
    let sid = incoming.part("sid").parse().map_err(|_| unknown.clone())?;
    if !account::end_session(&shell.authority, user, sid).await? {
        return Err(unknown.into());
    }
    Ok(see_other(&shell.site.path(if sid == session.id { "/login" } else { "/account" })))
}

pub async fn end_everywhere(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (_, user) = allowed(shell, incoming).await?;
    account::end_everywhere(&shell.authority, user).await?;
    Ok(see_other(&shell.site.path("/login")))
}

pub async fn withdraw(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (_, user) = allowed(shell, incoming).await?;
    account::withdraw(&shell.authority, user, incoming.part("client_id").to_owned()).await?;
    Ok(see_other(&shell.site.path("/account")))
}

/// The session and person behind a form that our own page sent.
async fn allowed(shell: &Shell, incoming: &Incoming) -> Result<(Session, UserId), Failure> {
    let nobody = Refusal::new(Code::AccessDenied, "you are signed out; sign in and try again");
    let session = session(shell, incoming).await?.ok_or_else(|| nobody.clone())?;
    demanded(shell, incoming, &session)?;
    let user = session.subject.person().ok_or(nobody)?;
    inspect::note(&shell.authority, &session, incoming.activity(), shell.authority.now()).await?;
    Ok((session, user))
}

fn page(seen: &Seen, current: &Session, csrf: &str, now: Time) -> Account {
    let claim = |name: &str| seen.user.claims.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let sessions = seen.sessions.iter().map(|(session, apps)| line(session, apps, current, now)).collect();
    let consents = seen
        .consents
        .iter()
        .map(|(consent, client_name)| ConsentLine {
            client_id: consent.client_id.clone(),
            client_name: client_name.clone(),
            scopes: consent.scope.words().map(str::to_owned).collect(),
            granted: on(consent.granted_at),
        })
        .collect();
    let user = Person { username: seen.user.username.clone(), name: claim("name"), email: claim("email") };
    Account { user, sessions, consents, csrf: csrf.to_owned() }
}

fn line(session: &Session, apps: &[String], current: &Session, now: Time) -> SessionLine {
    SessionLine {
        sid: session.id.to_string(),
        current: session.id == current.id,
        label: session.source.user_agent.as_deref().and_then(device).unwrap_or_else(|| "Unknown device".into()),
        address: session.source.address.clone().unwrap_or_else(|| "unknown address".into()),
        created: on(session.created_at),
        last_active: ago(now - session.last_active_at),
        expires: on(session.idle_end().unwrap_or(session.absolute_end)),
        apps: apps.to_vec(),
        kind: if session.kind == Kind::Offline { "offline" } else { "person" },
    }
}

/// A device as people name it, such as "Firefox on Linux".
pub(super) fn device(user_agent: &str) -> Option<String> {
    let found = Parser::new().parse(user_agent)?;
    match (found.name, found.os) {
        ("UNKNOWN", _) => None,
        (name, "UNKNOWN") => Some(name.to_owned()),
        (name, os) => Some(format!("{name} on {os}")),
    }
}

pub(super) fn on(time: Time) -> String {
    time.format("%-d %b %Y, %H:%M UTC").to_string()
}

pub(super) fn ago(passed: TimeDelta) -> String {
    let (number, unit) = match passed.num_seconds() {
        ..90 => return "just now".into(),
        90..5_400 => (passed.num_minutes(), "minutes"),
        5_400..129_600 => (passed.num_hours(), "hours"),
        _ => (passed.num_days(), "days"),
    };
    format!("{number} {unit} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
        assert_eq!(device(firefox).as_deref(), Some("Firefox on Linux"));
        assert_eq!(device("x"), None);
    }

    #[test]
    fn times_read_like_speech() {
        assert_eq!(ago(TimeDelta::seconds(30)), "just now");
        assert_eq!(ago(TimeDelta::minutes(5)), "5 minutes ago");
        assert_eq!(ago(TimeDelta::hours(3)), "3 hours ago");
        assert_eq!(ago(TimeDelta::days(4)), "4 days ago");
    }
}
