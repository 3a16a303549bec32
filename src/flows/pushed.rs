//! Pushed authorization requests (RFC 9126): a client hands its request over itself, and the browser brings a `request_uri`.
//!
//! 1. Read and check the request as the authorization endpoint would.
//! 2. Seal its parameters into the `request_uri`. Nothing is written, so that nobody fills a table by pushing.
//! 3. When a browser brings it, open it for the client that pushed it; from there on it is a request like any other.
//! 4. Spend it with the grant that answers it: nothing is given for it twice.

use serde::{Deserialize, Serialize};

use super::{Authority, Outcome, request_object};
use crate::base::clock::Time;
use crate::base::entropy::draw;
use crate::base::secret::{Digest, base64url, from_base64url};
use crate::domain::client::Client;
use crate::domain::interaction;
use crate::domain::policy::{PENDING_REQUEST, PUSHED_REQUEST};
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::error::{Code, Refusal, invalid_request};
use crate::protocol::params::Params;
use crate::protocol::pushed::{PREFIX, PushedAnswer};
use crate::store;

/// The longest `request_uri` that browsers and proxies carry without trouble.
const LONGEST: usize = 4_096;

pub(super) const SPENT: Refusal = Refusal::new(Code::InvalidRequestUri, "the pushed request was answered before");
const EXPIRED: Refusal = Refusal::new(Code::InvalidRequestUri, "the pushed request is expired");
const UNKNOWN: Refusal = Refusal::new(Code::InvalidRequestUri, "request_uri was not given to this client");

/// What a pushed request is known by, once a browser brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    id: [u8; 16],
    /// When nothing is given for it any more.
    until: Time,
}

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
    let asked = request_object::open(authority, client, &asked, authority.now()).await?.unwrap_or(asked);
    if asked.one("client_id")?.is_some_and(|named| named != client.id) {
        return Err(invalid_request("client_id is not the client that authenticated").into());
    }
    let address = client.metadata.return_address(asked.one("redirect_uri")?)?;
    let request = AuthorizationRequest::parse(&asked, &client.id, address)?;
    interaction::wanted(&request, client)?;
    let request_uri = seal(authority, client, &asked.only(|name| name != "client_id"));
    if request_uri.len() > LONGEST {
        return Err(invalid_request("the request is too long for a browser to bring").into());
    }
    Ok(PushedAnswer { request_uri, expires_in: PUSHED_REQUEST.as_seconds() })
}

/// Sixteen bytes of its own, the microsecond of its birth in eight, and the parameters; it opens for this client alone.
fn seal(authority: &Authority, client: &Client, params: &Params) -> String {
    let mut plain = draw::<16>(authority.dice()).to_vec();
    plain.extend(authority.now().timestamp_micros().to_be_bytes());
    plain.extend(params.encoded().into_bytes());
    format!("{PREFIX}{}", base64url(&authority.secrets.pending.seal(&context(client), &plain, authority.dice())))
}

/// The parameters behind a `request_uri` of ours. Whether it came too late, or again, [`refusal`] tells where the client can
/// read it.
pub fn open(authority: &Authority, client: &Client, reference: &str) -> Result<(Params, Pushed), Refusal> {
    let sealed = from_base64url(reference).ok_or(UNKNOWN)?;
    let plain = authority.secrets.pending.open(&context(client), &sealed).ok_or(UNKNOWN)?;
    let (id, rest) = plain.split_first_chunk().ok_or(UNKNOWN)?;
    let (born, encoded) = rest.split_first_chunk().ok_or(UNKNOWN)?;
    let born = Time::from_timestamp_micros(i64::from_be_bytes(*born)).ok_or(UNKNOWN)?;
    let end = born + PUSHED_REQUEST.delta();
    let until = if authority.now() < end { born + PENDING_REQUEST.delta() } else { end };
    Ok((Params::parse(encoded)?, Pushed { id: *id, until }))
}

fn context(client: &Client) -> String {
    format!("pushed request of {}", client.id)
}

/// Whether a request that was not pushed may come at all.
pub(super) fn allow_unpushed(authority: &Authority, client: &Client) -> Result<(), Refusal> {
    if authority.policy.require_pushed || client.metadata.require_pushed_authorization_requests {
        return Err(invalid_request("the request must be pushed (RFC 9126)"));
    }
    Ok(())
}

/// Why nothing is given for a request, by how it came.
pub(super) async fn refusal(
    authority: &Authority,
    client: &Client,
    pushed: Option<&Pushed>,
    now: Time,
) -> Outcome<Option<Refusal>> {
    match pushed {
        None => Ok(allow_unpushed(authority, client).err()),
        Some(pushed) if now >= pushed.until => Ok(Some(EXPIRED)),
        Some(pushed) => Ok(store::pushed::is_spent(&authority.db, pushed.digest()).await?.then_some(SPENT)),
    }
}

impl Pushed {
    /// What it is remembered by once it was answered, and for how long.
    pub(super) fn spending(&self) -> (Digest, Time) {
        (self.digest(), self.until)
    }

    fn digest(&self) -> Digest {
        Digest::of(&base64url(&self.id))
    }
}
