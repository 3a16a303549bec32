//! The way back from another provider.
//!
//! 1. Open the state: it is this browser's, on its way to this provider, and young.
//! 2. Compare `iss` with the provider's before anything is sent anywhere (RFC 9207 section 2.4).
//! 3. Redeem the code at that provider alone, with the verifier and for the nonce of this tab.
//! 4. Check the ID token, ask the userinfo endpoint, and hold the answer to what was demanded.
//! 5. Take the state, once. Then find the person by issuer and subject, and let them in or link them.

use serde_json::{Map, Value};

use super::journey::{Journey, Purpose, may_link};
use super::person::{self, Linking, Newcomer};
use super::{Age, doubt, open, ready};
use crate::base::id::CredentialId;
use crate::base::secret::Digest;
use crate::domain::lifetime::Stay;
use crate::domain::origin::{Hint, Root};
use crate::domain::policy::JOURNEY;
use crate::domain::provider::Provider;
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::upstream::{Profile, Said, profile, subject, together};
use crate::domain::user::User;
use crate::flows::entrance::{Arrived, Entrance};
use crate::flows::factor::{self, Proving};
use crate::flows::login::{Aim, SignIn};
use crate::flows::pending::Pending;
use crate::flows::{Authority, Outcome, directory};
use crate::protocol::error::{Code, Refusal, invalid_request};
use crate::protocol::params::Params;
use crate::protocol::provider::Kind;
use crate::remote::upstream::{Distrust, Told};
use crate::store;

/// Who came back, with what.
pub struct Return<'a> {
    pub provider: &'a str,
    pub params: &'a Params,
    pub browser: String,
    pub source: Source,
    pub session: Option<Session>,
}

/// Why somebody who came back is not let in; each has its words on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The person turned back there.
    Cancelled,
    /// The provider could not be asked, or was not believed.
    Disbelieved,
    /// The sign-in there is older or weaker than it had to be.
    Unmet,
    /// Nobody here is known by it, and nobody new is let in.
    Stranger,
    /// The person may not sign in.
    Barred,
    /// It belongs to somebody else here.
    Taken,
}

/// What became of it.
pub enum Landing {
    Entered(SignIn, Purpose),
    Linked,
    /// The name of the provider, for the page.
    Stayed(Purpose, String, Why),
}

/// What the provider says, once it is believed.
pub(super) struct Testimony {
    pub subject: String,
    pub said: Said,
    pub profile: Profile,
    /// What the person is signed out by there.
    pub hint: Option<Hint>,
}

/// The browser that came, and the session that it has here.
pub(super) struct Comer {
    pub source: Source,
    pub session: Option<Session>,
}

pub async fn arrive(authority: &Authority, coming: Return<'_>) -> Outcome<Landing> {
    let state = coming.params.one("state")?.unwrap_or_default();
    let journey = Journey::open(authority, state, coming.provider, &coming.browser)?;
    let provider = open(authority, coming.provider).await?;
    let name = provider.name().to_owned();
    let stay = |why| Ok(Landing::Stayed(journey.purpose.clone(), name.clone(), why));
    if journey.issuer != provider.settings.issuer {
        return stay(Why::Disbelieved);
    }
    let testimony = match hear(authority, &provider, &journey, coming.params).await? {
        Ok(testimony) => testimony,
        Err(why) => return stay(why),
    };
    let comer = Comer { source: coming.source, session: coming.session };
    settle(authority, (&provider, journey), testimony, comer).await
}

/// Holds what a provider said to what was demanded, and lets the person in or links them, once.
pub(super) async fn settle(
    authority: &Authority,
    (provider, journey): (&Provider, Journey),
    testimony: Testimony,
    coming: Comer,
) -> Outcome<Landing> {
    let stay = |why| Ok(Landing::Stayed(journey.purpose.clone(), provider.name().to_owned(), why));
    let proved_at = match journey.demand.judge(&testimony.said, authority.now()) {
        Ok(at) => at,
        Err(unmet) => {
            tracing::info!(provider = provider.id, %unmet, "a sign-in there is not enough");
            return stay(Why::Unmet);
        }
    };
    take(authority, &journey).await?;
    match &journey.purpose {
        Purpose::Link { session, user } => {
            let here = coming.session.filter(|here| here.id == *session && here.subject.person() == Some(*user));
            let here = here.filter(|here| may_link(here, authority.now()));
            let foreign = Refusal::new(Code::AccessDenied, "somebody else began to link this account; start again")
                .told("refused-other-person");
            let linking = Linking { session: here.ok_or(foreign)?, user: *user, source: coming.source };
            let linked = person::link(authority, provider, newcomer(&testimony), linking).await?;
            if linked { Ok(Landing::Linked) } else { stay(Why::Taken) }
        }
        Purpose::SignIn { .. } => {
            let (user, identity) = match person::find_or_make(authority, provider, newcomer(&testimony)).await? {
                Ok(found) => found,
                Err(why) => return stay(why),
            };
            let proof = Authentication {
                at: proved_at,
                acr: testimony.said.level(&provider.settings),
                amr: testimony.said.amr.clone(),
                credentials: vec![identity],
            };
            if directory::has_left(authority, user.id).await? {
                return stay(Why::Barred);
            }
            let aim = aim(authority, &journey.purpose).await?;
            let entered = let_in(authority, (provider, &user), (proof, aim), testimony, coming).await?;
            match entered {
                SignIn::Refused => stay(Why::Barred),
                entered => Ok(Landing::Entered(entered, journey.purpose)),
            }
        }
    }
}

/// The levels that whatever waits should reach.
async fn aim(authority: &Authority, purpose: &Purpose) -> Outcome<Aim> {
    let Purpose::SignIn { request: Some(request), .. } = purpose else { return Ok(Aim::default()) };
    match Pending::open(authority, request) {
        Ok(pending) => pending.aim(authority).await,
        Err(_) => Ok(Aim::default()),
    }
}

fn newcomer(testimony: &Testimony) -> Newcomer<'_> {
    Newcomer { subject: &testimony.subject, profile: &testimony.profile }
}

async fn let_in(
    authority: &Authority,
    (provider, user): (&Provider, &User),
    (proof, aim): (Authentication, Aim),
    testimony: Testimony,
    coming: Comer,
) -> Outcome<SignIn> {
    let ends_at = testimony.said.session_expiry.filter(|_| provider.settings.follow_session_end);
    let root =
        Root { provider: provider.id.clone(), subject: testimony.subject, session: testimony.said.session, ends_at };
    let from = Some(Arrived { root, hint: testimony.hint });
    let entrance = Entrance { proof, spends: Vec::new(), of: None, stay: Stay::Visit, source: coming.source, from };
    let proving = Proving { entrance, aim };
    tracing::info!(user = %user.id, provider = provider.id, "somebody comes from a provider");
    factor::go_on(authority, user, proving, coming.session).await
}

/// What the provider says, or why it is not heard.
async fn hear(
    authority: &Authority,
    provider: &Provider,
    journey: &Journey,
    params: &Params,
) -> Outcome<Result<Testimony, Why>> {
    let Some(upstream) = ready(authority, provider, Age::Usual).await? else { return Ok(Err(Why::Disbelieved)) };
    let issuer = params.one("iss")?;
    let named = issuer.map_or(!upstream.states_issuer, |issuer| issuer == provider.settings.issuer);
    if !named {
        tracing::warn!(provider = provider.id, issuer, "an answer names another issuer, or none: a mix-up");
        return Ok(Err(Why::Disbelieved));
    }
    if let Some(error) = params.one("error")? {
        let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
        tracing::info!(provider = provider.id, error, "a provider refused");
        let cancelled = error == "access_denied";
        return Ok(Err(if cancelled { Why::Cancelled } else { Why::Disbelieved }));
    }
    let code = params.one("code")?.ok_or(invalid_request("code is missing"))?;
    let told = match listen(authority, provider, journey, code).await? {
        Ok(told) => told,
        Err(error) => {
            doubt(provider, &error);
            return Ok(Err(Why::Disbelieved));
        }
    };
    Ok(testify(provider, told).ok_or(Why::Disbelieved))
}

/// Everything that is asked of the provider itself.
async fn listen(
    authority: &Authority,
    provider: &Provider,
    journey: &Journey,
    code: &str,
) -> Outcome<Result<Told, Distrust>> {
    let (egress, now) = (&authority.egress, authority.now());
    let Some(mut upstream) = ready(authority, provider, Age::Usual).await? else { return Ok(Err(Distrust::NoIdToken)) };
    let tokens = match upstream.redeem(egress, code, &journey.verifier).await {
        Ok(tokens) => tokens,
        Err(error) => return Ok(Err(error)),
    };
    if provider.settings.kind == Kind::OAuth2 {
        let userinfo = upstream.userinfo(egress, &tokens, None).await;
        return Ok(userinfo.map(|userinfo| Told { userinfo, ..Told::default() }));
    }
    let mut verified = upstream.verify(&tokens, &journey.nonce, now);
    if matches!(verified, Err(Distrust::UnknownKey))
        && let Some(younger) = ready(authority, provider, Age::Young).await?
    {
        upstream = younger;
        verified = upstream.verify(&tokens, &journey.nonce, now);
    }
    let id_token = match verified {
        Ok(id_token) => id_token,
        Err(error) => return Ok(Err(error)),
    };
    let subject = id_token.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    let userinfo = upstream.userinfo(egress, &tokens, Some(&subject)).await;
    Ok(userinfo.map(|userinfo| Told { id_token, userinfo, hint: tokens.hint() }))
}

fn testify(provider: &Provider, told: Told) -> Option<Testimony> {
    let settings = &provider.settings;
    let Told { id_token, userinfo, hint } = told;
    let subject = match settings.kind {
        Kind::Oidc => named(&id_token)?,
        Kind::OAuth2 => subject(settings, &userinfo)?,
        Kind::Saml => return None,
    };
    let profile = profile(settings, &together(&id_token, &userinfo));
    Some(Testimony { subject, said: Said::read(&id_token), profile, hint: hint.map(Hint::IdToken) })
}

/// The subject of an ID token: at most 255 bytes, and not nothing.
fn named(id_token: &Map<String, Value>) -> Option<String> {
    let subject = id_token.get("sub")?.as_str()?;
    (1..=255).contains(&subject.len()).then(|| subject.to_owned())
}

/// Takes the state: of two who bring the same one, one is let in.
async fn take(authority: &Authority, journey: &Journey) -> Outcome<()> {
    let (word, until) = (Digest::of(&format!("state\n{}", journey.nonce)), journey.born + JOURNEY.delta());
    if authority.db.write(async move |tx| store::upstream::take(tx, word, until).await).await? {
        return Ok(());
    }
    let refusal =
        Refusal::new(Code::AccessDenied, "this sign-in is over already; go back and start again").told("refused-over");
    Err(refusal.because("the state was used before").into())
}

/// The credential that a person is known by.
pub(super) type Found = (User, CredentialId);
