//! An answer from a SAML provider.
//!
//! 1. Open what the browser kept: it is this browser's, on its way to this provider, and young. Whoever brings nothing brings
//!    an answer that nobody asked for.
//! 2. Check the signature, then everything that the assertion says of itself: for us, at this address, to this request, now.
//! 3. Take the assertion, once. Then go on as after any other provider's answer.

use serde_json::Value;

use super::super::arrival::{Comer, Landing, Testimony, Why, settle};
use super::super::journey::{Journey, Parcel, foreign};
use super::{between, certificates, entity, speaker, unpack};
use crate::base::secret::Digest;
use crate::domain::origin::Hint;
use crate::domain::provider::Provider;
use crate::domain::session::{Session, Source};
use crate::domain::upstream::{Said, profile};
use crate::flows::upstream::address;
use crate::flows::{Authority, Outcome};
use crate::protocol::claims::VERIFIABLE;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::provider::Settings;
use crate::saml::response::{self, Expected, Signed};
use crate::saml::{Distrust, redirect};
use crate::store;

/// What journeys are sealed for.
pub(super) const CONTEXT: &str = "saml journey";

/// Who came back, with what.
pub struct Return<'a> {
    pub provider: &'a str,
    /// The form field.
    pub response: &'a str,
    pub parcel: Option<Parcel>,
    pub browser: String,
    pub source: Source,
    pub session: Option<Session>,
}

pub async fn arrive(authority: &Authority, coming: Return<'_>) -> Outcome<Landing> {
    let kept = coming.parcel.and_then(|parcel| unpack::<Journey>(authority, CONTEXT, &parcel));
    let unasked = || foreign().because("the answer is to no request that this browser made");
    let journey = kept.ok_or_else(unasked)?.fits(authority, coming.provider, &coming.browser)?;
    let provider = speaker(authority, coming.provider).await?;
    let stay = |why| Ok(Landing::Stayed(journey.purpose.clone(), provider.name().to_owned(), why));
    if journey.issuer != provider.settings.issuer {
        return stay(Why::Disbelieved);
    }
    let told = match read(authority, &provider, &journey, coming.response) {
        Ok(told) => told,
        Err(error) => {
            tracing::warn!(provider = provider.id, %error, "a provider is not believed");
            return stay(why(&error));
        }
    };
    take(authority, &provider, &told).await?;
    let testimony = testify(&provider.settings, told);
    settle(authority, (&provider, journey), testimony, Comer { source: coming.source, session: coming.session }).await
}

fn read(
    authority: &Authority,
    provider: &Provider,
    journey: &Journey,
    field: &str,
) -> Result<response::Testimony, Distrust> {
    let settings = &provider.settings;
    let (us, acs) = (entity(authority, &provider.id, settings), address(authority, &provider.id, "acs"));
    let expected = Expected {
        between: between(provider, &us),
        keys: &certificates(settings),
        signed: if settings.signed_assertions { Signed::Assertion } else { Signed::Either },
        acs: &acs,
        request: &journey.nonce,
        format: settings.name_id_format,
        now: authority.now(),
    };
    response::read(&redirect::posted(field)?, &expected)
}

/// What the page says. A refusal need not be signed: it opens nothing.
fn why(error: &Distrust) -> Why {
    let Distrust::Status(words) = error else { return Why::Disbelieved };
    let said = |word: &str| words.split(' ').any(|own| own == word);
    if said("NoAuthnContext") {
        Why::Unmet
    } else if said("AuthnFailed") || said("RequestDenied") {
        Why::Cancelled
    } else {
        Why::Disbelieved
    }
}

/// Takes an assertion, once in its life.
async fn take(authority: &Authority, provider: &Provider, told: &response::Testimony) -> Outcome<()> {
    let word = Digest::of(&format!("saml assertion\n{}\n{}", provider.settings.issuer, told.id));
    let until = told.good_until;
    if authority.db.write(async move |tx| store::upstream::take(tx, word, until).await).await? {
        return Ok(());
    }
    let refusal = Refusal::new(Code::AccessDenied, "this sign-in is over already; go back and start again");
    Err(refusal.told("refused-over").because("the assertion was used before").into())
}

fn testify(settings: &Settings, told: response::Testimony) -> Testimony {
    let said = Said {
        auth_time: Some(told.auth_time),
        acr: told.class,
        amr: Vec::new(),
        session: told.session,
        session_expiry: told.session_ends,
    };
    let mut all = told.attributes;
    // All that is said is text. That an address was verified nobody says; who believes the provider takes it for granted.
    for (value, flag) in VERIFIABLE {
        let name = settings.claims.get(flag).map_or(flag, String::as_str).to_owned();
        let verified = match all.get(&name).and_then(Value::as_str) {
            None => Some(value == "email"),
            Some("true" | "1") => Some(true),
            Some(_) => Some(false),
        };
        all.extend(verified.map(|verified| (name, verified.into())));
    }
    all.insert("NameID".to_owned(), told.name.value.clone().into());
    let hint = serde_json::to_string(&told.name).ok().map(Hint::Name);
    Testimony { profile: profile(settings, &all), subject: told.name.value, said, hint }
}
