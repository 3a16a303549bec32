//! Client credentials (RFC 6749 section 4.4). A machine's tokens hang on a session too: one long-lived row per client,
//! so that issuing a token writes nothing; and where this process alone serves, reads nothing until something ends.

use std::sync::Arc;

use super::mint::Base;
use super::recall::{Read, Reading};
use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::domain::client::Client;
use crate::domain::event::EventName;
use crate::domain::grant::Grant;
use crate::domain::policy::MACHINE_SESSION;
use crate::domain::session::Session;
use crate::protocol::claims_request::ClaimNames;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::token::{ClientCredentialsRequest, TokenAnswer};
use crate::store;

pub async fn issue(
    authority: &Authority,
    client: &Client,
    asked: &ClientCredentialsRequest,
    now: Time,
) -> Outcome<TokenAnswer> {
    let scope = client.scope(asked.scope.as_ref())?;
    let resources = client.resources(&asked.resources)?;
    let standing = standing(authority, client, now).await?;
    let (grant, session) = &*standing;
    Base { client, grant, session, scope, resources, nonce: None }.answer(authority, now).await
}

/// What a machine's tokens hang on.
type Standing = Arc<(Grant, Session)>;

/// The standings of machines, by client, until something ends; to read one costs two fifths of the whole answer. A command
/// beside the server may end a machine's session too: for a second it is given tokens then that are as dead as the session.
pub(super) struct Standings(Read<String, Standing>);

impl Default for Standings {
    fn default() -> Self {
        Self(Read::new(4096))
    }
}

/// The machine's standing, remembered where this process knows of every end.
async fn standing(authority: &Authority, client: &Client, now: Time) -> Outcome<Standing> {
    let reading = authority.db.end_edition().map(Reading::begun);
    let known = reading.and_then(|reading| authority.standings.0.get(&client.id, reading));
    if let Some(known) = known.filter(|known| known.0.is_live(&known.1, now)) {
        return Ok(known);
    }
    let found = Arc::new(found(authority, client, now).await?);
    if let Some(reading) = reading {
        authority.standings.0.put(client.id.clone(), found.clone(), reading);
    }
    Ok(found)
}

/// The machine's grant, begun if there is none. Of several who begin at once one does, and the others look again.
async fn found(authority: &Authority, client: &Client, now: Time) -> Outcome<(Grant, Session)> {
    for _ in 0..2 {
        if let Some(found) = store::grant::of_machine(&authority.db, &client.id, now).await? {
            return Ok(found);
        }
        if let Some(begun) = begin(authority, client, now).await? {
            return Ok(begun);
        }
    }
    Err(Refusal::new(Code::InvalidClient, "client authentication failed")
        .because("the client was removed meanwhile")
        .into())
}

async fn begin(authority: &Authority, client: &Client, now: Time) -> Outcome<Option<(Grant, Session)>> {
    let session = Session::for_machine(SessionId::new(now, authority.dice()), client.id.clone(), now, MACHINE_SESSION);
    let grant = Grant {
        claims: ClaimNames::default(),
        id: GrantId::new(now, authority.dice()),
        session: session.id,
        client_id: client.id.clone(),
        scope: client.metadata.allowed_scope(),
        resources: client.metadata.allowed_resources.clone(),
        authentication: None,
        created_at: now,
        ended: None,
    };
    let event = authority.scribe(now).entry(session.id, EventName::Created).of(&client.id);
    let begun = authority.db.write(async move |tx| {
        if !store::grant::machine_may_begin(tx, &grant.client_id, now).await? {
            return Ok(None);
        }
        store::session::insert(tx, &session, None).await?;
        store::grant::insert(tx, &grant).await?;
        store::event::record(tx, &event).await?;
        Ok(Some((grant, session)))
    });
    Ok(begun.await?)
}
