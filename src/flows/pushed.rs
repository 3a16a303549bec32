//! Pushed authorization requests (RFC 9126): a client hands its request over itself, and the browser brings a `request_uri`.
//!
//! 1. Read and check the request as the authorization endpoint would.
//! 2. Seal it into the `request_uri`. Nothing is written, so that nobody fills a table by pushing.
//! 3. When a browser brings it, open it for the client that pushed it ([`open`]); from there on it is a request like any other.
//! 4. Spend it with the grant that answers it: nothing is given for it twice.

use serde::{Deserialize, Serialize};

use super::pending::Pending;
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

const CONTEXT: &str = "pushed request";
pub(super) const SPENT: &str = "the pushed request was answered before";

/// What a pushed request is known by, once a browser brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    id: String,
    /// When nothing is given for it any more.
    until: Time,
}

/// What a `request_uri` holds.
#[derive(Serialize, Deserialize)]
struct Sealed {
    id: String,
    at: Time,
    request: AuthorizationRequest,
}

/// Takes a client's request. Parameters beside a request object do not count (RFC 9126 section 3).
pub async fn push(authority: &Authority, client: &Client, params: &Params) -> Outcome<PushedAnswer> {
    if params.one("request_uri")?.is_some() {
        return Err(invalid_request("a pushed request cannot have a request_uri").into());
    }
    let at = authority.now();
    let asked = match params.one("request")? {
        Some(_) => params.only(|name| matches!(name, "request" | "client_id")),
        None => params.only(|name| name != "client_secret" && !name.starts_with("client_assertion")),
    };
    let asked = request_object::open(authority, client, &asked, at).await?.unwrap_or(asked);
    if asked.one("client_id")?.is_some_and(|named| named != client.id) {
        return Err(invalid_request("client_id is not the client that authenticated").into());
    }
    let address = client.metadata.return_address(asked.one("redirect_uri")?)?;
    let request = AuthorizationRequest::parse(&asked, &client.id, address)?;
    interaction::wanted(&request, client)?;
    let id = base64url(&draw::<16>(authority.dice()));
    let plain = serde_json::to_vec(&Sealed { id, at, request }).unwrap_or_default();
    let sealed = authority.secrets.pending.seal(CONTEXT, &plain, authority.dice());
    Ok(PushedAnswer { request_uri: format!("{PREFIX}{}", base64url(&sealed)), expires_in: PUSHED_REQUEST.as_seconds() })
}

/// The request behind a `request_uri` of ours. One that came too late, or again, is refused where the client can read it
/// ([`Pushed::refusal`]).
pub fn open(authority: &Authority, client: &Client, reference: &str) -> Result<Pending, Refusal> {
    let unknown = || Refusal::new(Code::InvalidRequestUri, "request_uri was not given to this client");
    let plain = from_base64url(reference).and_then(|sealed| authority.secrets.pending.open(CONTEXT, &sealed));
    let sealed: Option<Sealed> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let Sealed { id, at, request } = sealed.ok_or_else(unknown)?;
    if request.client_id != client.id {
        return Err(unknown());
    }
    let (now, end) = (authority.now(), at + PUSHED_REQUEST.delta());
    let until = if now < end { at + PENDING_REQUEST.delta() } else { end };
    Ok(Pending { request, born: now, pushed: Some(Pushed { id, until }) })
}

impl Pushed {
    /// Why nothing is given for it any more.
    pub async fn refusal(&self, authority: &Authority, now: Time) -> Outcome<Option<Refusal>> {
        if now >= self.until {
            return Ok(Some(Refusal::new(Code::InvalidRequestUri, "the pushed request is expired")));
        }
        let spent = store::pushed::is_spent(&authority.db, self.digest()).await?;
        Ok(spent.then(|| Refusal::new(Code::InvalidRequestUri, SPENT)))
    }

    /// What it is remembered by once it was answered, and for how long.
    pub fn spending(&self) -> (Digest, Time) {
        (self.digest(), self.until)
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.id)
    }
}
