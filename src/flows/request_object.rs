//! Request objects: a JWT with the parameters of an authorization request, by value or by reference
//! (OpenID Connect Core 1.0 section 6; RFC 9101).
//!
//! 1. Find it: in the request, or behind an address that the client registered, fetched now and through the guarded way out.
//! 2. Verify it with the client's keys and the algorithm it is registered for; then check whom it is for and how old it is.
//! 3. Lay its parameters over those beside it.

use tokio::sync::Semaphore;
use url::Url;

use super::{Authority, Failure, Outcome, client_keys};
use crate::base::clock::Time;
use crate::domain::client::Client;
use crate::domain::policy::{CLOCK_SKEW, Profile};
use crate::jose::algorithm::Algorithm;
use crate::jose::claims;
use crate::jose::jws::{Accept, LONGEST_TOKEN, unsigned};
use crate::jose::typ::{Typ, Typing};
use crate::protocol::claims::Audience;
use crate::protocol::error::{Code, Refusal, invalid_request};
use crate::protocol::params::Params;
use crate::protocol::registration::RequestAlgorithm;
use crate::protocol::request_object::{Beside, Place, invalid, place, unfold};

type Claims = serde_json::Map<String, serde_json::Value>;

/// Older than its `typ`.
const TYPING: Typing = Typing::Loosely(Typ::RequestObject);
/// The longest `request_uri` (RFC 9101 section 5.2).
const LONGEST_URI: usize = 512;

/// The parameters of a request as they count, `None` for a request without an object. The refusal of an object may be
/// told to the client only if the address beside the object is proven to be its own.
pub async fn open(authority: &Authority, client: &Client, params: &Params, now: Time) -> Outcome<Option<Params>> {
    let fetched;
    let object = match place(params)? {
        None if client.metadata.require_signed_request_object => {
            return Err(invalid_request("this client must send a signed request object").into());
        }
        None => return Ok(None),
        Some(Place::Value(object)) => object,
        Some(Place::Reference(uri)) => {
            fetched = fetch(authority, client, uri).await?;
            &fetched
        }
    };
    params.refuse_repeated()?;
    let claims = verify(authority, client, object, now).await?;
    check(authority, client, &claims, now)?;
    let signed_only = client.metadata.require_signed_request_object;
    let beside = if signed_only { Beside::Ignored } else { Beside::Counts };
    Ok(Some(unfold(params, &claims, beside)?))
}

/// Objects that are fetched at a time: whoever sends a request makes us call, and must not make us call without end.
static FETCHES: Semaphore = Semaphore::const_new(16);

/// Only addresses that were registered are ever called: who sends a request chooses none.
async fn fetch(authority: &Authority, client: &Client, uri: &str) -> Outcome<String> {
    let refuse =
        |reason: String| Refusal::new(Code::InvalidRequestUri, "request_uri gives no request object").because(reason);
    let bare = |uri: &str| uri.split('#').next().unwrap_or_default().to_owned();
    let registered = client.metadata.request_uris.iter().any(|own| bare(own) == bare(uri));
    if uri.len() > LONGEST_URI || !registered {
        return Err(Refusal::new(Code::InvalidRequestUri, "request_uri is not registered for this client").into());
    }
    let Ok(_permit) = FETCHES.try_acquire() else { return Err(Failure::Busy { retry_after: 1 }) };
    let url = Url::parse(&bare(uri)).map_err(|error| refuse(error.to_string()))?;
    let body = authority.egress.get(&url, LONGEST_TOKEN).await.map_err(|blocked| refuse(blocked.to_string()))?;
    let text = String::from_utf8(body).map_err(|error| refuse(error.to_string()))?;
    Ok(text.trim().to_owned())
}

async fn verify(authority: &Authority, client: &Client, object: &str, now: Time) -> Outcome<Claims> {
    if may_be_unsigned(authority, client)
        && let Ok(claims) = unsigned(object, TYPING)
    {
        return Ok(claims);
    }
    let algorithms: &[Algorithm] = match client.metadata.request_object_signing_alg {
        None => &Algorithm::ALL,
        Some(RequestAlgorithm::ES256) => &[Algorithm::Es256],
        Some(RequestAlgorithm::RS256) => &[Algorithm::Rs256],
        Some(RequestAlgorithm::PS256) => &[Algorithm::Ps256],
        Some(RequestAlgorithm::EdDSA) => &[Algorithm::EdDsa],
        Some(RequestAlgorithm::None) => &[],
    };
    let accept = Accept { algorithms, typ: TYPING };
    match client_keys::verify(authority, client, object, &accept, now).await {
        Ok(verified) => Ok(verified.into_claims()),
        Err(Failure::Refused(refusal)) => {
            Err(invalid("the request object is not one this client signed").because(refusal.reason).into())
        }
        Err(failure) => Err(failure),
    }
}

/// OpenID Connect Core 1.0 section 6.1 has `none`; we have it in the certification profile alone, where a client that says
/// no algorithm may use it too.
fn may_be_unsigned(authority: &Authority, client: &Client) -> bool {
    let said = client.metadata.request_object_signing_alg;
    authority.policy.profile == Profile::Certification
        && matches!(said, None | Some(RequestAlgorithm::None))
        && !client.metadata.require_signed_request_object
}

/// Whom it is from and for, and its time (RFC 9101 sections 4 and 6.3). What is there must be right; what is not there is
/// not asked for, as OpenID Connect has it.
fn check(authority: &Authority, client: &Client, claims: &Claims, now: Time) -> Result<(), Refusal> {
    let broken = |bad: claims::BadClaim| invalid("a claim of the request object is broken").because(bad.to_string());
    if claims::text(claims, "iss").map_err(broken)?.is_some_and(|iss| iss != client.id) {
        return Err(invalid("iss of the request object is not the client"));
    }
    if let Some(aud) = claims.get("aud") {
        let aud: Option<Audience> = serde_json::from_value(aud.clone()).ok();
        if !aud.is_some_and(|aud| aud.contains(&authority.policy.issuer)) {
            return Err(invalid("aud of the request object is not the issuer"));
        }
    }
    let time = |name| claims::time(claims, name).map_err(broken);
    let (skew, now) = (CLOCK_SKEW.as_seconds(), now.timestamp());
    if time("exp")?.is_some_and(|end| end + skew <= now) {
        return Err(invalid("the request object is expired"));
    }
    if time("nbf")?.is_some_and(|begin| begin > now + skew) || time("iat")?.is_some_and(|made| made > now + skew) {
        return Err(invalid("the request object is from the future"));
    }
    Ok(())
}
