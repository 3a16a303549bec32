//! The other providers by which a person is known: linked by the person alone, after a fresh proof, and taken away again.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::account::{allowed, goodbye, login, person, visitor};
use super::answer::see_other;
use super::authenticator::sessions;
use super::csrf::Binding;
use super::page::{Allowed, Forms, Identities, IdentityLine};
use super::purpose::Purpose;
use super::request::Incoming;
use super::shell::Shell;
use super::sso::{Ways, leave};
use super::words;
use crate::domain::language::Phrase;
use crate::flows::Failure;
use crate::flows::authenticator::sessions_from;
use crate::flows::upstream::journey::{self, Anew, SettingOut, set_out};
use crate::flows::upstream::person::{Known, Unlinked, Unlinking, known_by, unlink};
use crate::protocol::error::{Code, Refusal};

const LINKED: Phrase = Phrase::of("identities-linked");
const BOUND: Phrase = Phrase::of("identities-bound");
const ONLY_ONE: Phrase = Phrase::of("identities-only-one");
const UNREACHABLE: Phrase = Phrase::of("identities-unreachable");

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let linked = incoming.query()?.first("linked").is_some();
    page(shell, incoming, (linked.then_some(LINKED), None), StatusCode::OK).await
}

async fn page(
    shell: &Shell,
    incoming: &Incoming,
    (notice, error): (Option<Phrase>, Option<Phrase>),
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let Some((session, user)) = visitor(shell, incoming).await? else { return Ok(login(shell)) };
    let Some(known) = known_by(&shell.authority, user).await? else { return Ok(login(shell)) };
    let (binding, now) = (Binding::of(shell, incoming), shell.authority.now());
    let mut identities = Vec::new();
    for Known { identity, name, bound } in known.identities {
        identities.push(IdentityLine {
            id: identity.id.to_string(),
            name,
            bound,
            label: identity.label,
            since: words::on(identity.created_at, now),
            last_used: words::ago(now - identity.last_used_at),
            sessions: sessions_from(&shell.authority, user, identity.id).await?,
        });
    }
    let page = Identities {
        user: person(&known.user),
        identities,
        providers: Ways::of(shell, &Purpose::default()).lines().await?,
        notice,
        error,
        csrf: binding.token(shell, Some(&session)),
    };
    // A form here leads to a provider.
    Ok(binding.show(shell, status, &page, Allowed { forms: Forms::Onwards, ..Allowed::default() }))
}

/// Sets out to be known by a provider too. Whoever answers must be there at that very moment, in this session.
pub async fn link(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, user) = allowed(shell, incoming).await?;
    let form = incoming.form()?;
    let provider = form.required("provider", "provider is missing")?;
    let binding = Binding::of(shell, incoming);
    let setting_out = SettingOut {
        provider,
        browser: binding.token(shell, None),
        purpose: journey::Purpose::Link { session: session.id, user },
        login_hint: None,
        anew: Anew::AsAsked,
    };
    match set_out(&shell.authority, setting_out, None).await? {
        Some(departure) => Ok(leave(shell, incoming, &binding, &departure)),
        None => page(shell, incoming, (None, Some(UNREACHABLE)), StatusCode::BAD_GATEWAY).await,
    }
}

pub async fn remove(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (session, user) = allowed(shell, incoming).await?;
    let unknown = Refusal::new(Code::AccessDenied, "there is no such link of yours").told("refused-link");
    let id = incoming.part("id").parse().map_err(|_| unknown.clone())?;
    let unlinking =
        Unlinking { user, id, sessions: sessions(&incoming.form()?), source: incoming.source(shell).clone() };
    match unlink(&shell.authority, &session, unlinking).await? {
        Unlinked::Unknown => Err(unknown.into()),
        Unlinked::Bound => page(shell, incoming, (None, Some(BOUND)), StatusCode::CONFLICT).await,
        Unlinked::OnlyOne => page(shell, incoming, (None, Some(ONLY_ONE)), StatusCode::CONFLICT).await,
        // What came from it may have ended, this session too if it did.
        Unlinked::Yes if super::authorize::session(shell, incoming).await?.is_some() => {
            Ok(see_other(&shell.site.path("/account/identities")))
        }
        Unlinked::Yes => Ok(goodbye(shell)),
    }
}
