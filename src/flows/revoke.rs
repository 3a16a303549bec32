//! Token revocation (RFC 7009). A client ends its own tokens; about everything else it learns nothing.

use super::{Authority, Outcome, ending, inspect};
use crate::base::clock::Time;
use crate::domain::client::Client;
use crate::domain::refresh::Presented;
use crate::domain::revocation::{EndReason, Initiator, Target};
use crate::store;

pub async fn revoke(authority: &Authority, client: &Client, token: &str) -> Outcome<()> {
    let found = match Presented::read(token, &authority.secrets.refresh) {
        Some(presented) => refresh(authority, client, presented).await?,
        None => access(authority, client, token).await,
    };
    if let Some(target) = found {
        ending::revoke(authority, target, EndReason::Logout, Initiator::Client).await?;
    }
    Ok(())
}

/// A refresh token takes its grant with it, access tokens included (RFC 7009 section 2.1), and what was left to this client
/// alone, which has nothing left to live for.
async fn refresh(authority: &Authority, client: &Client, presented: Presented) -> Outcome<Option<Target>> {
    let found = store::refresh::presented(&authority.db, presented.family).await?;
    Ok(found.filter(|found| found.grant.client_id == client.id).map(|found| Target::Family(found.family.id)))
}

/// An access token of this client that has not expired.
async fn access(authority: &Authority, client: &Client, token: &str) -> Option<Target> {
    let claims = inspect::read(authority, token).await.filter(|claims| claims.client_id == client.id)?;
    let expires_at = Time::from_timestamp(claims.exp, 0).filter(|end| authority.now() < *end)?;
    let session = claims.sid.parse().ok()?;
    Some(Target::Token { jti: claims.jti, expires_at, session, client_id: claims.client_id })
}
