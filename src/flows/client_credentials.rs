//! Client credentials (RFC 6749 section 4.4). A machine's tokens hang on a session too: one long-lived row per client,
//! so that issuing a token writes nothing.

use super::mint::Base;
use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::domain::client::Client;
use crate::domain::event::EventName;
use crate::domain::grant::Grant;
use crate::domain::policy::MACHINE_SESSION;
use crate::domain::session::Session;
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
    let (grant, session) = match store::grant::of_machine(&authority.db, &client.id, now).await? {
        Some(found) => found,
        None => begin(authority, client, now).await?,
    };
    let base = Base { client, grant: &grant, session: &session, scope, resources, nonce: None };
    base.answer(authority, now).await
}

async fn begin(authority: &Authority, client: &Client, now: Time) -> Outcome<(Grant, Session)> {
    let session = Session::for_machine(SessionId::new(now, authority.dice()), client.id.clone(), now, MACHINE_SESSION);
    let grant = Grant {
        id: GrantId::new(now, authority.dice()),
        session: session.id,
        client_id: client.id.clone(),
        scope: client.metadata.allowed_scope(),
        resources: client.metadata.allowed_resources.clone(),
        created_at: now,
        ended: None,
    };
    let event = authority.event(session.id, EventName::Created, now).of(&client.id);
    let made = (grant.clone(), session.clone());
    authority
        .db
        .write(async move |tx| {
            store::session::insert(tx, &session, None).await?;
            store::grant::insert(tx, &grant).await?;
            store::event::record(tx, &event).await
        })
        .await?;
    Ok(made)
}
