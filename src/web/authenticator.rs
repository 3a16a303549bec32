//! The account pages about how a person signs in: an app for codes, passkeys, recovery codes. Their routes want a fresh
//! proof, with the second factor of whoever has one ([`super::fresh`]).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::account::{allowed, goodbye, login, person, visitor};
use super::answer::see_other;
use super::csrf::Binding;
use super::page::{Allowed, AuthenticatorLine, PasskeyAsk, Passkeys, RecoveryCodes, Removable, Security, Totp, nonce};
use super::purpose::give;
use super::request::Incoming;
use super::shell::Shell;
use super::{picture, words};
use crate::base::id::CredentialId;
use crate::domain::factor::{Authenticator, Kind, Way};
use crate::domain::language::Phrase;
use crate::domain::revocation::Initiator;
use crate::domain::session::{Session, Source};
use crate::flows::authenticator::{self, Adding, Holdings, Removal, Removed, Sessions, holdings};
use crate::flows::passkey::{self, Response};
use crate::flows::{Failure, Outcome, factor, totp};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::params::Params;

pub async fn security(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some((_, user)) = visitor(shell, incoming).await? else { return Ok(login(shell)) };
    let Some(holdings) = holdings(&shell.authority, user).await? else { return Ok(login(shell)) };
    let held = holdings.held();
    let page = Security {
        user: person(&holdings.user),
        password: holdings.user.password.is_some(),
        app: held.app,
        passkeys: held.passkeys,
        codes: holdings.of_kind(Kind::Recovery).next().map(|_| holdings.codes),
        has_factor: held.factors > 0,
    };
    let binding = Binding::of(shell, incoming);
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

/// Who is at one of the other pages, with what they hold.
struct Present {
    session: Session,
    holdings: Holdings,
}

/// Who looks at a page; `None` where they have to sign in first. The route wants the proof that it takes.
async fn present(shell: &Shell, incoming: &Incoming) -> Result<Option<Present>, Failure> {
    let Some((session, user)) = visitor(shell, incoming).await? else { return Ok(None) };
    let found = holdings(&shell.authority, user).await?;
    Ok(found.map(|holdings| Present { session, holdings }))
}

/// Who sent a form of one of these pages.
async fn sender(shell: &Shell, incoming: &Incoming) -> Result<Option<Present>, Failure> {
    let (session, user) = allowed(shell, incoming).await?;
    let found = holdings(&shell.authority, user).await?;
    Ok(found.map(|holdings| Present { session, holdings }))
}

impl Present {
    fn adding(&self, shell: &Shell, incoming: &Incoming) -> Adding {
        let (user, source) = (self.holdings.user.id, incoming.source(shell).clone());
        Adding { user, session: Some(self.session.id), source, by: Vec::new(), root: None }
    }

    /// What a page says of something that may be removed.
    async fn removable(&self, shell: &Shell, own: &Authenticator) -> Outcome<Removable> {
        let now = shell.authority.now();
        Ok(Removable {
            id: own.id.to_string(),
            added: words::on(own.created_at, now),
            used: own.last_used_at.map(|at| words::on(at, now)),
            disabled: own.disabled,
            sessions: authenticator::sessions_from(&shell.authority, self.holdings.user.id, own.id).await?,
        })
    }
}

const APP: &str = "/account/totp";
const CODES: &str = "/account/recovery-codes";
const PASSKEYS: &str = "/account/passkeys";
const SECURITY: &str = "/account/security";

pub async fn app(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    match present(shell, incoming).await? {
        Some(present) => show_app(shell, incoming, &present, (None, None)).await,
        None => Ok(login(shell)),
    }
}

pub async fn add_app(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(present) = sender(shell, incoming).await? else { return Ok(login(shell)) };
    let form = incoming.form()?;
    let handle = form.required("handle", "this page offered no secret")?;
    let added =
        authenticator::add_app(&shell.authority, present.adding(shell, incoming), (handle, &form.typed("code")))
            .await?;
    if let Some(id) = added {
        return raised(shell, incoming, &present, (Way::Code, id), onwards(&present)).await;
    }
    show_app(shell, incoming, &present, (Some(handle), Some(Phrase::of("app-wrong")))).await
}

/// After the first factor come recovery codes; the others lead back to the overview.
fn onwards(present: &Present) -> &'static str {
    let has_codes = present.holdings.of_kind(Kind::Recovery).next().is_some();
    if has_codes { SECURITY } else { CODES }
}

/// What was just added proved itself with that: the session goes on with that proof, and a new secret.
async fn raised(
    shell: &Shell,
    incoming: &Incoming,
    present: &Present,
    (way, id): (Way, CredentialId),
    onwards: &str,
) -> Result<HttpResponse, Failure> {
    let Present { session, holdings } = present;
    let mut response = see_other(&shell.site.path(onwards));
    if let Some((secret, session)) =
        factor::raise(&shell.authority, session, (&holdings.user, way, id), incoming.source(shell)).await?
    {
        give(shell, &mut response, &secret, &session);
    }
    Ok(response)
}

async fn show_app(
    shell: &Shell,
    incoming: &Incoming,
    present: &Present,
    (handle, error): (Option<&str>, Option<Phrase>),
) -> Result<HttpResponse, Failure> {
    let user = &present.holdings.user;
    let current = match present.holdings.of_kind(Kind::Totp).next() {
        Some(own) => Some(present.removable(shell, own).await?),
        None => None,
    };
    let offer = match handle {
        Some(handle) => totp::again(&shell.authority, user, handle),
        None => totp::offer(&shell.authority, user),
    };
    let binding = Binding::of(shell, incoming);
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Totp {
        user: person(user),
        current,
        offer: picture::offered(offer),
        error,
        csrf: binding.token(shell, Some(&present.session)),
    };
    Ok(binding.show(shell, status, &page, Allowed::default()))
}

pub async fn codes(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    match present(shell, incoming).await? {
        Some(present) => show_codes(shell, incoming, &present, Vec::new()).await,
        None => Ok(login(shell)),
    }
}

/// The codes are in this one answer, and in no other.
pub async fn make_codes(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(present) = sender(shell, incoming).await? else { return Ok(login(shell)) };
    let alone = Refusal::new(Code::AccessDenied, "recovery codes stand in for a second factor; add one first")
        .told("refused-codes");
    let codes = authenticator::make_codes(&shell.authority, present.adding(shell, incoming)).await?;
    show_codes(shell, incoming, &present, codes.ok_or(alone)?).await
}

async fn show_codes(
    shell: &Shell,
    incoming: &Incoming,
    present: &Present,
    codes: Vec<String>,
) -> Result<HttpResponse, Failure> {
    let Some(holdings) = holdings(&shell.authority, present.holdings.user.id).await? else { return Ok(login(shell)) };
    let current = match holdings.of_kind(Kind::Recovery).next() {
        Some(own) => Some(present.removable(shell, own).await?),
        None => None,
    };
    let binding = Binding::of(shell, incoming);
    let page = RecoveryCodes {
        user: person(&holdings.user),
        codes,
        left: holdings.codes,
        current,
        has_factor: holdings.held().factors > 0,
        csrf: binding.token(shell, Some(&present.session)),
    };
    Ok(binding.show(shell, StatusCode::OK, &page, Allowed::default()))
}

pub async fn passkeys(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    match present(shell, incoming).await? {
        Some(present) => show_passkeys(shell, incoming, &present, None).await,
        None => Ok(login(shell)),
    }
}

pub async fn add_passkey(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(present) = sender(shell, incoming).await? else { return Ok(login(shell)) };
    let form = incoming.form()?;
    let text = |name: &str| form.first(name).unwrap_or_default().to_owned();
    let response = Response { handle: text("handle"), answer: text("answer") };
    let name = text("name");
    let added =
        authenticator::add_passkey(&shell.authority, present.adding(shell, incoming), (&response, &name)).await?;
    match added {
        Some(own) => {
            let way = Way::Passkey { device_bound: own.device_bound };
            raised(shell, incoming, &present, (way, own.id), PASSKEYS).await
        }
        None => show_passkeys(shell, incoming, &present, Some(Phrase::of("passkey-wrong"))).await,
    }
}

async fn show_passkeys(
    shell: &Shell,
    incoming: &Incoming,
    present: &Present,
    error: Option<Phrase>,
) -> Result<HttpResponse, Failure> {
    let binding = Binding::of(shell, incoming);
    let source = Source { device: Some(binding.device()), ..Source::default() };
    let user = &present.holdings.user;
    let ask = passkey::ask_for_new(&shell.authority, user, &source).await?.map(PasskeyAsk::from);
    let nonce = ask.as_ref().map(|_| nonce());
    let mut lines = Vec::new();
    for own in present.holdings.of_kind(Kind::Passkey) {
        let removable = present.removable(shell, own).await?;
        lines.push(AuthenticatorLine { name: own.name.clone(), device_bound: own.device_bound, removable });
    }
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Passkeys {
        user: person(user),
        passkeys: lines,
        ask,
        suggested: incoming.language(shell).say(&words::device(incoming.source(shell).user_agent.as_deref())),
        nonce: nonce.clone(),
        error,
        csrf: binding.token(shell, Some(&present.session)),
    };
    Ok(binding.show(shell, status, &page, Allowed { nonce: nonce.as_deref(), ..Allowed::default() }))
}

pub async fn rename(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(present) = sender(shell, incoming).await? else { return Ok(login(shell)) };
    let (form, id) = (incoming.form()?, incoming.part("id").parse().map_err(|_| unknown())?);
    let name = form.required("name", "name is missing")?;
    if !authenticator::rename(&shell.authority, present.holdings.user.id, id, name).await? {
        return Err(unknown().into());
    }
    Ok(see_other(&shell.site.path(PASSKEYS)))
}

pub async fn remove(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(present) = sender(shell, incoming).await? else { return Ok(login(shell)) };
    let (form, id) = (incoming.form()?, incoming.part("id").parse().map_err(|_| unknown())?);
    let back = present.holdings.own.iter().find(|own| own.id == id).map_or(SECURITY, |own| match own.kind {
        Kind::Totp => APP,
        Kind::Passkey => PASSKEYS,
        Kind::Recovery => CODES,
    });
    let removal = Removal {
        user: present.holdings.user.id,
        id,
        by: Initiator::User,
        sessions: sessions(&form),
        session: Some(present.session.id),
    };
    let needed =
        Refusal::new(Code::AccessDenied, "you need this to sign in here; add another way first").told("refused-needed");
    match authenticator::remove(&shell.authority, removal).await? {
        Removed::Needed => Err(needed.into()),
        Removed::Nothing => Err(unknown().into()),
        Removed::Yes if super::authorize::session(shell, incoming).await?.is_none() => Ok(goodbye(shell)),
        Removed::Yes => Ok(see_other(&shell.site.path(back))),
    }
}

/// What the person wants to become of the sessions that came from what they take away.
pub(super) fn sessions(form: &Params) -> Sessions {
    if form.first("sessions") == Some("end") { Sessions::End } else { Sessions::Stay }
}

fn unknown() -> Refusal {
    Refusal::new(Code::AccessDenied, "there is no such thing of yours, or its name is none").told("refused-unknown")
}
