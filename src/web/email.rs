//! The page of a person's mail address, and the pages where links to it lead.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::account::{allowed, login, person, visitor};
use super::csrf::{Binding, demanded, foreign, verified};
use super::page::{Allowed, Confirm, Done, Email};
use super::recovery::gone;
use super::request::Incoming;
use super::shell::Shell;
use crate::base::secret::Typed;
use crate::domain::language::Phrase;
use crate::domain::link::Errand;
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::flows::email::{self, Asked, Confirmed};
use crate::flows::link::{Opened, open};
use crate::flows::{Failure, Outcome};

/// Where a link that leads nowhere leads instead.
const AGAIN: (&str, Phrase) = ("/account/email", Phrase::of("account-title"));

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((session, user)) = visitor(shell, incoming).await? else { return Ok(login(shell)) };
    let Some(user) = email::person(&shell.authority, user).await? else { return Ok(login(shell)) };
    Ok(page(shell, incoming, (&session, &user), None))
}

/// Asks both addresses for a change.
pub async fn change(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, id) = allowed(shell, incoming).await?;
    let form = demanded(shell, incoming, &session)?;
    let Some(user) = email::person(&shell.authority, id).await? else { return Ok(login(shell)) };
    let typed = form.one("email")?.unwrap_or_default().to_owned();
    let asked = email::ask_to_change(&shell.authority, &user, &typed, incoming.source(shell).clone()).await?;
    Ok(page(shell, incoming, (&session, &user), Some((asked, typed))))
}

/// Mails a link to the address that the person has.
pub async fn verify(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, id) = allowed(shell, incoming).await?;
    let Some(user) = email::person(&shell.authority, id).await? else { return Ok(login(shell)) };
    let asked = email::ask_to_verify(&shell.authority, &user, incoming.source(shell).clone()).await?;
    Ok(page(shell, incoming, (&session, &user), Some((asked, String::new()))))
}

fn page(
    shell: &Shell,
    incoming: &Incoming,
    (session, user): (&Session, &User),
    asked: Option<(Asked, String)>,
) -> HttpResponse {
    let (asked, typed) = asked.map_or((None, String::new()), |(asked, typed)| (Some(asked), typed));
    let (status, notice, error) = said(asked);
    let binding = Binding::of(shell, incoming);
    let page = Email {
        user: person(user),
        verified: user.claims.get("email_verified").and_then(serde_json::Value::as_bool).unwrap_or_default(),
        typed: if error.is_some() { typed } else { String::new() },
        notice,
        error,
        csrf: binding.token(shell, Some(session)),
    };
    binding.show(shell, status, &page, Allowed::default())
}

/// The status, and what is said well or badly.
fn said(asked: Option<Asked>) -> (StatusCode, Option<Phrase>, Option<Phrase>) {
    let bad = |why| (StatusCode::BAD_REQUEST, None, Some(Phrase::of(why)));
    let good = |what| (StatusCode::OK, Some(Phrase::of(what)), None);
    match asked {
        None => (StatusCode::OK, None, None),
        Some(Asked::Sent) => good("email-sent"),
        Some(Asked::SentToBoth) => good("email-sent-to-both"),
        Some(Asked::NoAddress) => bad("email-no-address"),
        Some(Asked::Same) => bad("email-same"),
        Some(Asked::TooMany) => (StatusCode::TOO_MANY_REQUESTS, None, Some(Phrase::of("email-too-many"))),
        Some(Asked::Unable) => bad("email-unable"),
    }
}

/// The page where a link leads: following it does nothing yet, since machines follow links too.
pub async fn ask(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let token = Typed::new(incoming.query()?.one("token")?.unwrap_or_default().to_owned());
    let Some(opened) = opened(shell, &token).await? else { return Ok(gone(shell, incoming, AGAIN)) };
    let address = opened.link.address.clone().unwrap_or_default();
    let (headline, text) = if opened.link.errand == Errand::Leave {
        (Phrase::of("email-leave"), Phrase::of("email-leave-lead").with("address", address))
    } else {
        let lead = Phrase::of("email-take-lead").with("username", opened.user.username.as_str());
        (Phrase::of("email-take"), lead.with("address", address))
    };
    let binding = Binding::of(shell, incoming);
    let page = Confirm { headline, text, token: token.expose().to_owned(), csrf: binding.token(shell, None) };
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

pub async fn confirm(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(form) = verified(shell, incoming, None) else { return Err(foreign().into()) };
    let token = Typed::new(form.one("token")?.unwrap_or_default().to_owned());
    let expired = || gone(shell, incoming, AGAIN);
    let Some(opened) = opened(shell, &token).await? else { return Ok(expired()) };
    let (headline, text) = match email::confirm(&shell.authority, opened, incoming.source(shell)).await? {
        Confirmed::Verified => (Phrase::of("email-verified"), Phrase::of("email-verified-lead")),
        Confirmed::Changed(address) => {
            (Phrase::of("email-changed"), Phrase::of("email-changed-lead").with("address", address))
        }
        Confirmed::Halfway => (Phrase::of("email-halfway"), Phrase::of("email-halfway-lead")),
        Confirmed::Gone => return Ok(expired()),
    };
    let page = Done { headline, text, onwards: shell.site.path("/account"), label: Phrase::of("account-title") };
    Ok(shell.pages.show(&incoming.reader(shell), StatusCode::OK, &page, Allowed::default()))
}

/// A link that is for an address.
async fn opened(shell: &Shell, token: &Typed) -> Outcome<Option<Opened>> {
    Ok(open(&shell.authority, token).await?.filter(|opened| !opened.link.errand.sets_password()))
}
