//! What a person must still do before an authorization request is answered: data, derived anew each time.
//!
//! Nothing remembers "step 2 of 3". A request knows when it was born; a proof or a consent younger than that was given
//! for it, so every tab finds its own way from what is true now.

use chrono::TimeDelta;

use super::client::Client;
use super::consent::Consent;
use super::level;
use super::policy::{FRESH, Policy};
use super::revocation::Ended;
use super::session::Session;
use crate::base::clock::Time;
use crate::protocol::acr;
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::claims_request::ClaimNames;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::{OFFLINE_ACCESS, OPENID, Scope};
use crate::protocol::token::{AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN};

#[cfg(test)]
mod tests;

/// Everything that the answer depends on.
pub struct Situation<'a> {
    pub request: &'a AuthorizationRequest,
    pub born: Time,
    pub client: &'a Client,
    /// The browser's session, open or not.
    pub session: Option<&'a Session>,
    /// Whom the request wants (`id_token_hint`, or `sub` in `claims`).
    pub hinted: Hinted,
    pub consent: Option<&'a Consent>,
    /// The level that policy needs of the person in this session for this client.
    pub needed: Option<&'a str>,
}

/// Whether the person at the browser is the one that the request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hinted {
    /// It names nobody.
    Nobody,
    This,
    Another,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Login,
    /// The person is signed in, but not to this level, which may be one to try alone.
    Raise(&'static str),
    Consent(Wanted),
    Done(Wanted),
}

/// What the client would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub scope: Scope,
    pub resources: Vec<String>,
    /// Claims beside those that the scope shows.
    pub claims: ClaimNames,
}

/// Decides what is next; a refusal goes to the client.
pub fn next(situation: &Situation<'_>, policy: &Policy, now: Time) -> Result<Next, Refusal> {
    let wanted = wanted(situation.request, situation.client)?;
    let silent = situation.request.prompt.none;
    let lacks = match must_login(situation, now)? {
        Lack::Nothing if must_prove(situation, policy) => Lack::Proof,
        lack => lack,
    };
    if lacks != Lack::Nothing {
        if situation.session.is_some_and(|session| session.is_open(now)) {
            level::can_be_met(&situation.request.essential_acr())?;
        }
        return match lacks {
            _ if silent => Err(login_required(situation, now)),
            Lack::Level(level) if !must_prove(situation, policy) => Ok(Next::Raise(level)),
            _ => Ok(Next::Login),
        };
    }
    if must_consent(situation, &wanted, policy) {
        return if silent {
            Err(Refusal::new(Code::ConsentRequired, "the person must consent"))
        } else {
            Ok(Next::Consent(wanted))
        };
    }
    Ok(Next::Done(wanted))
}

/// The scope and resources that can be given, if the client may ask so at all. `offline_access` is dropped where it means
/// nothing (OpenID Connect Core 1.0 section 11).
pub fn wanted(request: &AuthorizationRequest, client: &Client) -> Result<Wanted, Refusal> {
    let kind = request.response_type;
    if kind.gives_code() {
        client.must_be_allowed(AUTHORIZATION_CODE)?;
        if client.metadata.must_use_pkce() && request.challenge.is_none() {
            return Err(Refusal::new(Code::InvalidRequest, "code_challenge is missing"));
        }
    }
    if kind.is_implicit() {
        client.must_be_allowed(IMPLICIT)?;
    }
    if !client.metadata.may_answer(kind) {
        return Err(Refusal::new(Code::UnauthorizedClient, "the client is not registered for this response_type"));
    }
    if kind.gives_id_token() && !request.scope.contains(OPENID) {
        return Err(Refusal::new(Code::InvalidRequest, "an ID token needs the scope openid"));
    }
    let offline = kind.gives_code() && client.metadata.may_use(REFRESH_TOKEN) && request.scope.contains(OPENID);
    let scope = request.scope.only(|word| word != OFFLINE_ACCESS || offline);
    let scope = client.scope(Some(&scope))?;
    let resources = client.resources(&request.resources)?;
    // Claims are what OpenID Connect adds (Core 1.0 section 5.5); without it they mean nothing.
    let claims = if scope.contains(OPENID) { request.claims.names() } else { ClaimNames::default() };
    Ok(Wanted { scope, resources, claims })
}

/// What is lacking in the browser's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    Nothing,
    Level(&'static str),
    Proof,
}

fn must_login(situation: &Situation<'_>, now: Time) -> Result<Lack, Refusal> {
    let Situation { request, born, client, session, hinted, needed, .. } = situation;
    // Open for this client, whose limits may be shorter than the session's own.
    let Some(session) = session.filter(|session| session.narrowed(&client.narrowing()).is_open(now)) else {
        return Ok(Lack::Proof);
    };
    let proved_for_this = session.proved_within((now - *born).min(FRESH.delta()), now);
    if *hinted == Hinted::Another {
        return if proved_for_this {
            Err(Refusal::new(Code::LoginRequired, "another person signed in than the request names"))
        } else {
            Ok(Lack::Proof)
        };
    }
    let preferred = level::preferred(request, client);
    let essential = level::is_reached(session, &request.essential_acr());
    let enough = needed.is_none_or(|needed| level::is_reached(session, &[needed.to_owned()]));
    let policy = needed.and_then(acr::known).filter(|_| !enough);
    if proved_for_this {
        return match policy {
            Some(level) => Ok(Lack::Level(level)),
            None if essential && enough => Ok(Lack::Nothing),
            None => Err(level::unmet()),
        };
    }
    // Where none of what is preferred can be had here, nobody is bothered for it.
    let better = acr::is_known(&preferred) && !level::is_reached(session, &preferred) && !request.prompt.none;
    let max_age = request.max_age.or(client.metadata.default_max_age);
    let stale = max_age.is_some_and(|seconds| !session.proved_within(TimeDelta::seconds(seconds.into()), now));
    if request.prompt.login || request.prompt.select_account || stale {
        return Ok(Lack::Proof);
    }
    let asked =
        [acr::lowest(&request.essential_acr()).filter(|_| !essential), acr::lowest(&preferred).filter(|_| better)];
    let lacking = asked.into_iter().flatten().chain(policy).reduce(acr::higher);
    Ok(match lacking {
        // Nothing is added to a proof that is less than a password.
        Some(level) if level::is_reached(session, &[acr::PASSWORD.to_owned()]) => Lack::Level(level),
        None if essential && enough => Lack::Nothing,
        _ => Lack::Proof,
    })
}

/// Whether something was noticed that policy wants a fresh proof for.
fn must_prove(situation: &Situation<'_>, policy: &Policy) -> bool {
    situation.session.is_some_and(|session| session.watch.must_prove(policy.watching.on_mark))
}

/// Why nobody is signed in as far as this client is concerned: a stable word where the session ended.
fn login_required(situation: &Situation<'_>, now: Time) -> Refusal {
    let Situation { client, session, .. } = situation;
    match session.and_then(|session| session.narrowed(&client.narrowing()).end(now)) {
        Some(end) => Refusal { code: Code::LoginRequired, ..Ended::Session(end.reason).refusal() },
        None => Refusal::new(Code::LoginRequired, "the person must sign in"),
    }
}

/// Whether it matters what the person allowed the client before.
pub fn asks_consent(request: &AuthorizationRequest, client: &Client) -> bool {
    request.prompt.consent || !client.metadata.skip_consent
}

fn must_consent(situation: &Situation<'_>, wanted: &Wanted, policy: &Policy) -> bool {
    let Situation { request, born, client, consent, .. } = situation;
    if !asks_consent(request, client) {
        return false;
    }
    let given_for_this = consent.is_some_and(|consent| consent.granted_at >= *born);
    let covered = consent.is_some_and(|consent| consent.covers(wanted));
    if covered && given_for_this {
        return false;
    }
    request.prompt.consent || !covered || !is_identity_sure(situation, policy)
}

/// Whether an earlier yes to this client may count again. A public client that answers on a loopback address or a
/// private scheme could be any program on the machine (RFC 8252 section 8.6). Where the issuer itself is on the
/// loopback host, everything is one developer's machine.
fn is_identity_sure(situation: &Situation<'_>, policy: &Policy) -> bool {
    !situation.client.metadata.is_public()
        || situation.request.address.uri().starts_with("https://")
        || policy.issuer.starts_with("http://")
}
