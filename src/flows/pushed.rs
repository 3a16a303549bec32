//! Pushed authorization requests (RFC 9126): a client hands its request over itself, and the browser brings a `request_uri`.
//!
//! 1. Read and check the request as the authorization endpoint would.
//! 2. Seal its parameters into the `request_uri`. Nothing is written, so that nobody fills a table by pushing.
//! 3. When a browser brings it, open it for the client that pushed it; from there on it is a request like any other.
//! 4. Spend it with the grant that answers it: nothing is given for it twice.

use super::{Authority, Outcome, request_object};
use crate::base::clock::Time;
use crate::base::entropy::draw;
use crate::base::secret::{Digest, base64url, from_base64url};
use crate::domain::client::Client;
use crate::domain::interaction;
use crate::domain::policy::PUSHED_REQUEST;
use crate::domain::pushed::Pushed;
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::error::{Code, Refusal, invalid_request};
use crate::protocol::params::Params;
use crate::protocol::pushed::{PREFIX, PushedAnswer};
use crate::store;

/// The longest `request_uri` that browsers and proxies carry without trouble.
const LONGEST: usize = 4_096;

pub(super) const SPENT: Refusal = Refusal::new(Code::InvalidRequestUri, "the pushed request was answered before");
const UNKNOWN: Refusal = Refusal::new(Code::InvalidRequestUri, "request_uri was not given to this client");

/// Takes a client's request. Parameters beside a request object do not count (RFC 9126 section 3).
pub async fn push(authority: &Authority, client: &Client, params: &Params) -> Outcome<PushedAnswer> {
    params.refuse_repeated()?;
    if params.one("request_uri")?.is_some() {
        return Err(invalid_request("a pushed request cannot have a request_uri").into());
    }
    let asked = match params.one("request")? {
        Some(_) => params.only(|name| matches!(name, "request" | "client_id")),
        None => params.only(|name| name != "client_secret" && !name.starts_with("client_assertion")),
    };
    let now = authority.now();
    let asked = request_object::open(authority, client, &asked, now).await?.unwrap_or(asked);
    if asked.one("client_id")?.is_some_and(|named| named != client.id) {
        return Err(invalid_request("client_id is not the client that authenticated").into());
    }
    let address = client.metadata.return_address(asked.one("redirect_uri")?)?;
    let request = AuthorizationRequest::parse(&asked, &client.id, address)?;
    interaction::wanted(&request, client)?;
    let request_uri = seal(authority, client, &asked.only(|name| name != "client_id"), now);
    if request_uri.len() > LONGEST {
        return Err(invalid_request("the request is too long for a browser to bring").into());
    }
    Ok(PushedAnswer { request_uri, expires_in: PUSHED_REQUEST.as_seconds() })
}

/// Sixteen bytes of its own, the microsecond of its birth in eight, and the parameters; it opens for this client alone.
fn seal(authority: &Authority, client: &Client, params: &Params, born: Time) -> String {
    let mut plain = draw::<16>(authority.dice()).to_vec();
    plain.extend(born.timestamp_micros().to_be_bytes());
    plain.extend(params.encoded().into_bytes());
    format!("{PREFIX}{}", base64url(&authority.secrets.pending.seal(&context(client), &plain, authority.dice())))
}

/// The parameters behind a `request_uri` of ours. Whether it came too late, or again, is told where the client can read it.
pub fn open(authority: &Authority, client: &Client, reference: &str, now: Time) -> Result<(Params, Pushed), Refusal> {
    let sealed = from_base64url(reference).ok_or(UNKNOWN)?;
    let plain = authority.secrets.pending.open(&context(client), &sealed).ok_or(UNKNOWN)?;
    let (id, rest) = plain.split_first_chunk().ok_or(UNKNOWN)?;
    let (born, encoded) = rest.split_first_chunk().ok_or(UNKNOWN)?;
    let born = Time::from_timestamp_micros(i64::from_be_bytes(*born)).ok_or(UNKNOWN)?;
    Ok((Params::parse(encoded)?, Pushed::brought(*id, born, now)))
}

fn context(client: &Client) -> String {
    format!("pushed request of {}", client.id)
}

/// Whether it was answered before.
pub(super) async fn is_spent(authority: &Authority, pushed: &Pushed) -> Outcome<bool> {
    Ok(store::pushed::is_spent(&authority.db, digest(pushed)).await?)
}

/// What it is remembered by once it was answered.
pub(super) fn digest(pushed: &Pushed) -> Digest {
    Digest::of(&base64url(&pushed.id))
}
