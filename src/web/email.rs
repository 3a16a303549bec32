//! The page of a person's mail address, and the pages where links to it lead.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::account::{allowed, login, person, visitor};
use super::csrf::{Binding, demanded, verified};
use super::page::{Allowed, Confirm, Done, Email};
use super::recovery::gone;
use super::request::Incoming;
use super::shell::Shell;
use crate::base::secret::Typed;
use crate::domain::link::Errand;
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::flows::email::{self, Asked, Confirmed};
use crate::flows::link::{Opened, open};
use crate::flows::{Failure, Outcome};
use crate::protocol::error::{Code, Refusal};

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
    let asked = email::ask_to_change(&shell.authority, &user, &typed, incoming.source.clone()).await?;
    Ok(page(shell, incoming, (&session, &user), Some((asked, typed))))
}

/// Mails a link to the address that the person has.
pub async fn verify(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, id) = allowed(shell, incoming).await?;
    let Some(user) = email::person(&shell.authority, id).await? else { return Ok(login(shell)) };
    let asked = email::ask_to_verify(&shell.authority, &user, incoming.source.clone()).await?;
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
    let binding = Binding::of(shell, &incoming.http);
    let page = Email {
        user: person(user),
        verified: user.claims.get("email_verified").and_then(serde_json::Value::as_bool).unwrap_or_default(),
        typed: if error.is_some() { typed } else { String::new() },
        notice: notice.map(str::to_owned),
        error: error.map(str::to_owned),
        csrf: binding.token(shell, Some(session)),
    };
    binding.show(shell, status, &page, Allowed::default())
}

/// The status, and what is said well or badly.
fn said(asked: Option<Asked>) -> (StatusCode, Option<&'static str>, Option<&'static str>) {
    let bad = |why| (StatusCode::BAD_REQUEST, None, Some(why));
    match asked {
        None => (StatusCode::OK, None, None),
        Some(Asked::Sent) => {
            (StatusCode::OK, Some("A mail with a link is on its way. Follow it within 24 hours."), None)
        }
        Some(Asked::SentToBoth) => (
            StatusCode::OK,
            Some("A mail with a link is on its way to each of the two addresses. Follow both within 24 hours."),
            None,
        ),
        Some(Asked::NoAddress) => bad("Enter a whole mail address, such as alice@example.com."),
        Some(Asked::Same) => bad("That is your mail address already."),
        Some(Asked::TooMany) => {
            (StatusCode::TOO_MANY_REQUESTS, None, Some("There were too many mails to this address. Try again later."))
        }
        Some(Asked::Unable) => bad("This server sends no mail. Ask your administrator."),
    }
}

/// The page where a link leads: following it does nothing yet, since machines follow links too.
pub async fn ask(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let token = Typed::new(incoming.query()?.one("token")?.unwrap_or_default().to_owned());
    let Some(opened) = opened(shell, &token).await? else { return Ok(gone(shell, "/account/email", "Your account")) };
    let address = opened.link.address.clone().unwrap_or_default();
    let (headline, text) = match opened.link.errand {
        Errand::Leave => ("Change your mail address", format!("From now on mail for you would go to {address}.")),
        _ => ("Confirm your mail address", format!("Mail for {} goes to {address}.", opened.user.username)),
    };
    let binding = Binding::of(shell, &incoming.http);
    let page = Confirm { headline, text, token: token.expose().to_owned(), csrf: binding.token(shell, None) };
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

pub async fn confirm(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let foreign = Refusal::new(Code::AccessDenied, "this form was not sent from our own page; go back and try again");
    let Some(form) = verified(shell, incoming, None) else { return Err(foreign.into()) };
    let token = Typed::new(form.one("token")?.unwrap_or_default().to_owned());
    let expired = || gone(shell, "/account/email", "Your account");
    let Some(opened) = opened(shell, &token).await? else { return Ok(expired()) };
    let (headline, text) = match email::confirm(&shell.authority, opened, &incoming.source).await? {
        Confirmed::Verified => ("Your mail address is confirmed", "Mail reaches you there.".to_owned()),
        Confirmed::Changed(address) => ("Your mail address is changed", format!("Mail for you goes to {address} now.")),
        Confirmed::Halfway => (
            "One of two is done",
            "Follow the link in the mail to the other address too. The address changes then.".to_owned(),
        ),
        Confirmed::Gone => return Ok(expired()),
    };
    let page = Done { headline, text, onwards: shell.site.path("/account"), label: "Your account" };
    Ok(shell.pages.show(&shell.site, StatusCode::OK, &page, Allowed::default()))
}

/// A link that is for an address.
async fn opened(shell: &Shell, token: &Typed) -> Outcome<Option<Opened>> {
    Ok(open(&shell.authority, token).await?.filter(|opened| !opened.link.errand.sets_password()))
}
