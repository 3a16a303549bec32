//! A request that waits for a person, sealed into the address of the page that waits for them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::login::Aim;
use super::{Authority, Outcome, acquaintance};
use crate::base::clock::Time;
use crate::base::secret::{base64url, from_base64url};
use crate::domain::client::Client;
use crate::domain::level;
use crate::domain::pushed::Pushed;
use crate::protocol::acr;
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::error::{Code, Refusal, invalid_request};

const CONTEXT: &str = "authorization request";

/// A request that waits for a person. What is added to it needs a default, for pages of the release before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    pub request: AuthorizationRequest,
    pub born: Time,
    /// Where the client pushed it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<Pushed>,
}

impl Pending {
    /// The text that stands for it in the address of a page.
    pub fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Reads what [`Pending::seal`] wrote.
    pub fn open(authority: &Authority, handle: &str) -> Result<Self, Refusal> {
        let plain = from_base64url(handle).and_then(|sealed| authority.secrets.pending.open(CONTEXT, &sealed));
        let pending = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        let gone = "this page no longer belongs to a request; go back to the application and start again";
        pending.ok_or_else(|| invalid_request(gone).told("refused-page"))
    }

    /// The client that asks.
    pub async fn client(&self, authority: &Authority) -> Outcome<Arc<Client>> {
        find(authority, &self.request.client_id).await
    }

    /// The name of the client that asks.
    pub async fn client_name(&self, authority: &Authority) -> Outcome<String> {
        Ok(self.client(authority).await?.name().to_owned())
    }

    /// The levels that a sign-in for it should reach.
    pub async fn aim(&self, authority: &Authority) -> Outcome<Aim> {
        let (client, request) = (self.client(authority).await?, &self.request);
        let (essential, preferred) = (request.essential_acr(), level::preferred(request, &client));
        let goal = [essential, preferred].iter().filter_map(|levels| acr::lowest(levels)).reduce(acr::higher);
        Ok(Aim { client: client.metadata.required_acr.clone(), goal: goal.map(str::to_owned) })
    }
}

/// The client that a request names.
pub(super) async fn find(authority: &Authority, client_id: &str) -> Outcome<Arc<Client>> {
    let found = acquaintance::find(authority, client_id).await?;
    let client = found.ok_or(invalid_request("client_id is not registered here"))?;
    if client.metadata.disabled {
        // A page, for the address is not one to send people to.
        return Err(Refusal::new(Code::UnauthorizedClient, "the application is disabled").into());
    }
    Ok(client)
}
