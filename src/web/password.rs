//! The page on which a person changes their password.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::account::{allowed, login, person, visitor};
use super::csrf::{Binding, demanded};
use super::page::{Allowed, Done, Password};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::domain::language::Phrase;
use crate::domain::lifetime::Stay;
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::flows::password::{Change, Changed, Others, change as change_password};
use crate::flows::{Failure, directory, email};
use crate::protocol::error::{Code, Refusal};

const WRONG: Phrase = Phrase::of("password-wrong");
const DONE: Phrase = Phrase::of("password-done");

/// What the page says besides the form.
#[derive(Default)]
struct Said {
    wrong: Option<Phrase>,
    weak: Option<Phrase>,
    notice: Option<Phrase>,
}

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((session, user)) = visitor(shell, incoming).await? else { return Ok(login(shell)) };
    let Some(user) = email::person(&shell.authority, user).await? else { return Ok(login(shell)) };
    if directory::keeps(&shell.authority, &user).await? {
        return Ok(elsewhere(shell, incoming, StatusCode::OK));
    }
    Ok(page(shell, incoming, (&session, &user), StatusCode::OK, Said::default()))
}

pub async fn change(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, id) = allowed(shell, incoming).await?;
    let form = demanded(shell, incoming, &session)?;
    let Some(user) = email::person(&shell.authority, id).await? else { return Ok(login(shell)) };
    let others = if form.first("end_others").is_some() { Others::End } else { Others::Stay };
    let asked = Change {
        current: form.typed("current_password"),
        new: form.typed("new_password"),
        others,
        source: incoming.source(shell).clone(),
    };
    let whole = (&session, &user);
    match change_password(&shell.authority, &session, &user, asked).await? {
        Changed::Done(secret) => {
            let life = session.absolute_end - shell.authority.now();
            incoming.renew(secret, (session.stay == Stay::Remembered).then_some(life));
            let user = email::person(&shell.authority, id).await?.unwrap_or(user);
            let said = Said { notice: Some(DONE), ..Said::default() };
            Ok(page(shell, incoming, (&session, &user), StatusCode::OK, said))
        }
        Changed::Wrong => {
            let said = Said { wrong: Some(WRONG), ..Said::default() };
            Ok(page(shell, incoming, whole, StatusCode::FORBIDDEN, said))
        }
        Changed::Weak(weak) => {
            let said = Said { weak: Some(words::weak(weak)), ..Said::default() };
            Ok(page(shell, incoming, whole, StatusCode::BAD_REQUEST, said))
        }
        Changed::Wait { until } => {
            let seconds = (until - shell.authority.now()).num_seconds() + 1;
            let said = Said { wrong: Some(words::too_many(seconds)), ..Said::default() };
            let mut response = page(shell, incoming, whole, StatusCode::TOO_MANY_REQUESTS, said);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
        Changed::Elsewhere => Ok(elsewhere(shell, incoming, StatusCode::FORBIDDEN)),
        Changed::Gone => {
            let changed = Refusal::new(Code::AccessDenied, "something changed meanwhile; sign in and try again");
            Err(changed.told("refused-changed").into())
        }
    }
}

/// The page for somebody whose password is not kept here.
fn elsewhere(shell: &Shell, incoming: &Incoming, status: StatusCode) -> HttpResponse {
    let there = shell.authority.directory.as_ref().and_then(|own| own.rules().password_url.clone());
    let label = if there.is_some() { Phrase::of("password-there") } else { Phrase::of("account-back") };
    let page = Done {
        headline: Phrase::of("password-elsewhere"),
        text: Phrase::of("password-elsewhere-lead"),
        onwards: there.unwrap_or_else(|| shell.site.path("/account/security")),
        label,
    };
    shell.pages.show(&incoming.reader(shell), status, &page, Allowed::default())
}

fn page(
    shell: &Shell,
    incoming: &Incoming,
    (session, user): (&Session, &User),
    status: StatusCode,
    said: Said,
) -> HttpResponse {
    let binding = Binding::of(shell, incoming);
    let page = Password {
        user: person(user),
        has_password: user.password.is_some(),
        wrong: said.wrong,
        weak: said.weak,
        notice: said.notice,
        csrf: binding.token(shell, Some(session)),
    };
    binding.show(shell, status, &page, Allowed::default())
}
