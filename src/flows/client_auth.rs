//! Who is the client (RFC 6749 section 2.3; RFC 7523 section 2.2; RFC 10070).
//!
//! 1. Find the client that the request names.
//! 2. Check the proof that its registration asks for, and no other.
//! 3. Remember an assertion, so that it works once.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::client::open_secrets;
use super::{Authority, Outcome, acquaintance, client_keys};
use crate::base::clock::Time;
use crate::base::secret::{Digest, same};
use crate::domain::client::Client;
use crate::domain::policy::{ASSERTION_LIFE, CLOCK_SKEW};
use crate::jose::algorithm::Algorithm;
use crate::jose::jws::{Accept, claimed_subject};
use crate::jose::typ::{Typ, Typing};
use crate::jose::{claims, mac};
use crate::protocol::client_auth::Presented;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::registration::{AssertionAlgorithm, AuthMethod};
use crate::store;

const TYP: Typing = Typing::Loosely(Typ::ClientAssertion);

pub(super) fn invalid(reason: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(Code::InvalidClient, "client authentication failed").because(reason)
}

/// The client that made a request, once it has proven so.
pub async fn authenticate(authority: &Authority, presented: Presented, now: Time) -> Outcome<Arc<Client>> {
    if let Presented::Assertion { client_id, assertion } = presented {
        return by_assertion(authority, client_id, &assertion, now).await;
    }
    let (Presented::None { client_id } | Presented::Basic { client_id, .. } | Presented::Post { client_id, .. }) =
        &presented
    else {
        return Err(invalid("no client_id").into());
    };
    let client = find(authority, client_id).await?;
    match &presented {
        Presented::Basic { secret, .. } | Presented::Post { secret, .. } if client.holds(secret, now) => Ok(client),
        Presented::None { .. } if client.needs_no_proof() => Ok(client),
        Presented::None { .. } => Err(invalid("no proof, but the client must give one").into()),
        _ => Err(invalid("wrong, expired or unexpected secret").into()),
    }
}

/// As [`authenticate`], for endpoints that public clients cannot use.
pub async fn authenticate_confidential(authority: &Authority, presented: Presented, now: Time) -> Outcome<Arc<Client>> {
    let client = authenticate(authority, presented, now).await?;
    if client.metadata.is_public() {
        return Err(invalid("a public client has nothing to prove itself with").into());
    }
    Ok(client)
}

async fn find(authority: &Authority, client_id: &str) -> Outcome<Arc<Client>> {
    match acquaintance::find(authority, client_id).await? {
        Some(client) if client.metadata.disabled => Err(invalid("the client is disabled").into()),
        Some(client) => Ok(client),
        None => Err(invalid("no such client").into()),
    }
}

async fn by_assertion(
    authority: &Authority,
    named: Option<String>,
    assertion: &str,
    now: Time,
) -> Outcome<Arc<Client>> {
    let subject = claimed_subject(assertion).ok_or_else(|| invalid("the assertion has no sub"))?;
    if named.is_some_and(|named| named != subject) {
        return Err(invalid("client_id differs from the assertion's sub").into());
    }
    let client = find(authority, &subject).await?;
    let claims = match client.metadata.token_endpoint_auth_method {
        AuthMethod::PrivateKeyJwt => signed(authority, &client, assertion, now).await?,
        AuthMethod::ClientSecretJwt => maced(authority, &client, assertion, now)?,
        _ => return Err(invalid("the client does not use assertions").into()),
    };
    let (jti, expires_at) = check(authority, &client, &claims, now)?;
    let digest = Digest::of(&format!("{}\n{jti}", client.id));
    let first =
        authority.db.write(async move |tx| store::client::spend_assertion(tx, digest, expires_at).await).await?;
    if first { Ok(client) } else { Err(invalid("the assertion was used before").into()) }
}

/// The claims of an assertion by `private_key_jwt`.
async fn signed(authority: &Authority, client: &Client, assertion: &str, now: Time) -> Outcome<Map<String, Value>> {
    let registered = client.metadata.token_endpoint_auth_signing_alg.and_then(AssertionAlgorithm::asymmetric);
    let only: Option<Algorithm> = registered.and_then(|name| name.parse().ok());
    let algorithms = only.as_ref().map_or(&Algorithm::ALL[..], std::slice::from_ref);
    let accept = Accept { algorithms, typ: TYP };
    Ok(client_keys::verify(authority, client, assertion, &accept, now).await?.into_claims())
}

/// The claims of an assertion by `client_secret_jwt`.
fn maced(authority: &Authority, client: &Client, assertion: &str, now: Time) -> Result<Map<String, Value>, Refusal> {
    let secrets = open_secrets(authority, client, now);
    let secrets = secrets.iter().map(|secret| secret.as_slice());
    mac::verify(assertion, TYP, secrets).map_err(|rejected| invalid(rejected.to_string()))
}

/// Checks the claims (RFC 7523 section 3). The assertion's life is cut to [`ASSERTION_LIFE`], so that the memory of used
/// ones stays small. Gives the `jti` and until when it must be remembered.
fn check(
    authority: &Authority,
    client: &Client,
    claims: &Map<String, Value>,
    now: Time,
) -> Result<(String, Time), Refusal> {
    let text = |name| claims::text(claims, name).map_err(|bad| invalid(bad.to_string()));
    let time = |name| claims::time(claims, name).map_err(|bad| invalid(bad.to_string()));
    let is_client = |value: Option<&str>| value.is_some_and(|value| same(value.as_bytes(), client.id.as_bytes()));
    if !is_client(text("iss")?) || !is_client(text("sub")?) {
        return Err(invalid("iss and sub of the assertion are not the client"));
    }
    if !is_for_us(authority, client, claims.get("aud")) {
        return Err(invalid("aud of the assertion is not the issuer alone"));
    }
    let (skew, life, now) = (CLOCK_SKEW.as_seconds(), ASSERTION_LIFE.as_seconds(), now.timestamp());
    let issued = time("iat")?.unwrap_or(now);
    if issued > now + skew || time("nbf")?.is_some_and(|begin| begin > now + skew) {
        return Err(invalid("the assertion is from the future"));
    }
    let expires = time("exp")?.ok_or_else(|| invalid("the assertion has no exp"))?.min(issued + life);
    if expires + skew <= now {
        return Err(invalid("the assertion is expired"));
    }
    let jti =
        text("jti")?.filter(|jti| (1..=256).contains(&jti.len())).ok_or_else(|| invalid("the assertion has no jti"))?;
    let forget_at = Time::from_timestamp(expires + skew, 0).ok_or_else(|| invalid("exp is out of range"))?;
    Ok((jti.to_owned(), forget_at))
}

/// The sole audience is the issuer (RFC 10070), or for clients of the old kind an endpoint that says so (RFC 9126 section 2).
fn is_for_us(authority: &Authority, client: &Client, aud: Option<&Value>) -> bool {
    let aud = match aud {
        Some(Value::String(aud)) => aud,
        Some(Value::Array(several)) => match several.as_slice() {
            [Value::String(aud)] => aud,
            _ => return false,
        },
        _ => return false,
    };
    let issuer = &authority.policy.issuer;
    let is_old = || ["/oauth2/token", "/oauth2/par"].iter().any(|path| aud.strip_prefix(issuer) == Some(path));
    aud == issuer || (client.metadata.legacy_aud && is_old())
}
