//! Logout that a client asked for (OpenID Connect RP-Initiated Logout 1.0), or the person.
//!
//! A valid `id_token_hint` proves that the client speaks of a session it took part in; then nobody is asked. Without one
//! the person confirms, so that no foreign page can sign anybody out.

use serde::{Deserialize, Serialize};

use super::authorize::id_token;
use super::{Authority, Outcome, account, ending};
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::base::secret::{base64url, from_base64url};
use crate::domain::client::Client;
use crate::domain::policy::PENDING_REQUEST;
use crate::domain::revocation::{EndReason, Initiator, Target};
use crate::domain::session::Session;
use crate::protocol::claims::IdClaims;
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::logout::LogoutRequest;
use crate::store;

const CONTEXT: &str = "logout request";

/// Where the browser goes once the session is over: an address proven to be the client's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Farewell {
    pub client_name: Option<String>,
    pub url: Option<String>,
    /// When the request came: a page that waited too long leads nowhere.
    born: Time,
}

impl Farewell {
    pub fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Reads what [`Farewell::seal`] wrote; a page that waited too long leads nowhere.
    pub fn open(authority: &Authority, handle: &str) -> Self {
        let plain = from_base64url(handle).and_then(|sealed| authority.secrets.pending.open(CONTEXT, &sealed));
        let farewell: Option<Self> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        farewell.filter(|farewell| authority.now() - farewell.born < PENDING_REQUEST.delta()).unwrap_or_default()
    }
}

pub enum Step {
    /// The person, whose username this is, must say so.
    Confirm(Box<Farewell>, Session, String),
    Done(Farewell),
}

/// A client's request. `Err` goes to the person: an unproven address is never followed.
pub async fn request(authority: &Authority, asked: LogoutRequest, browser: Option<Session>) -> Outcome<Step> {
    let hint = match &asked.id_token_hint {
        None => None,
        Some(token) => {
            let read = id_token(authority, token).await;
            Some(read.ok_or(invalid_request("id_token_hint is not an ID token of this server"))?)
        }
    };
    let client = client(authority, &asked, hint.as_ref()).await?;
    let farewell = farewell(&asked, client.as_ref(), authority.now())?;
    let named = hint.as_ref().and_then(|claims| claims.sid.parse::<SessionId>().ok());
    match (browser, named) {
        // The hint speaks of another session than this browser's: somebody else may be signed in by now.
        (Some(session), named) if named != Some(session.id) => {
            let username = account::username(authority, &session).await?;
            Ok(Step::Confirm(Box::new(farewell), session, username))
        }
        (_, Some(session)) => {
            ending::revoke(authority, Target::Session(session), EndReason::Logout, Initiator::Client).await?;
            Ok(Step::Done(farewell))
        }
        (_, None) => Ok(Step::Done(farewell)),
    }
}

/// The client that asks: by `client_id`, which must agree with the hint's audience.
async fn client(authority: &Authority, asked: &LogoutRequest, hint: Option<&IdClaims>) -> Outcome<Option<Client>> {
    let audience = hint.map(|claims| claims.aud.as_str());
    let client_id = match (asked.client_id.as_deref(), audience) {
        (Some(named), Some(audience)) if named != audience => {
            return Err(invalid_request("client_id is not the audience of id_token_hint").into());
        }
        (named, audience) => named.or(audience),
    };
    let Some(client_id) = client_id else { return Ok(None) };
    let found = store::client::find(&authority.db, client_id).await?;
    Ok(Some(found.ok_or(invalid_request("client_id is not registered here"))?))
}

fn farewell(asked: &LogoutRequest, client: Option<&Client>, born: Time) -> Result<Farewell, Refusal> {
    let client_name = client.map(|client| client.name().to_owned());
    let Some(uri) = &asked.post_logout_redirect_uri else { return Ok(Farewell { client_name, url: None, born }) };
    let client = client.ok_or(invalid_request("post_logout_redirect_uri needs id_token_hint or client_id"))?;
    if !client.metadata.post_logout_redirect_uris.contains(uri) {
        return Err(invalid_request("post_logout_redirect_uri is not registered for this client"));
    }
    let url = match &asked.state {
        None => uri.clone(),
        Some(state) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("state", state);
            format!("{uri}{}{}", if uri.contains('?') { '&' } else { '?' }, query.finish())
        }
    };
    Ok(Farewell { client_name, url: Some(url), born })
}

/// The person confirmed.
pub async fn confirm(authority: &Authority, session: &Session) -> Outcome<()> {
    ending::revoke(authority, Target::Session(session.id), EndReason::Logout, Initiator::User).await?;
    Ok(())
}
