//! Token revocation (RFC 7009). A client ends its own tokens; about everything else it learns nothing.

use super::{Authority, Outcome, ending, inspect};
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::domain::client::Client;
use crate::domain::event::EventName;
use crate::domain::refresh::Presented;
use crate::domain::revocation::{End, EndReason, Initiator, Revoked, Scope};
use crate::domain::session::Kind;
use crate::store;
use crate::store::grant::Ending;

pub async fn revoke(authority: &Authority, client: &Client, token: &str) -> Outcome<()> {
    let now = authority.now();
    if let Some(presented) = Presented::read(token, &authority.secrets.refresh) {
        return revoke_refresh(authority, client, presented, now).await;
    }
    let Some(claims) = inspect::read(authority, token).await.filter(|claims| claims.client_id == client.id) else {
        return Ok(());
    };
    let Some(expires_at) = Time::from_timestamp(claims.exp, 0).filter(|end| now < *end) else { return Ok(()) };
    let end = End { at: now, reason: EndReason::Logout, initiator: Initiator::Client };
    let session = claims.sid.parse::<SessionId>().ok();
    let revoked = |session| Revoked::Token { session, client_id: claims.client_id.clone(), jti: claims.jti.clone() };
    let told = session.map(|session| authority.scribe(now).revocation(revoked(session), Scope::Token, &end));
    authority
        .db
        .write(async move |tx| {
            if store::token::revoke(tx, &claims.jti, expires_at).await?
                && let Some(told) = &told
            {
                store::outbox::record(tx, told).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// A refresh token takes its grant with it, access tokens included (RFC 7009 section 2.1).
async fn revoke_refresh(authority: &Authority, client: &Client, presented: Presented, now: Time) -> Outcome<()> {
    let found = store::refresh::presented(&authority.db, presented.family).await?;
    let Some(found) = found.filter(|found| found.grant.client_id == client.id) else { return Ok(()) };
    let (grant, family, session) = (found.grant.id, found.family.id, found.session);
    let event = authority.scribe(now).entry(session.id, EventName::Revoked).because(EndReason::Logout).of(&client.id);
    let end = End { at: now, reason: EndReason::Logout, initiator: Initiator::Client };
    let scribe = authority.scribe(now);
    authority
        .db
        .write(async move |tx| {
            // What was left to this client alone has nothing left to live for.
            if session.kind == Kind::Offline {
                ending::write(tx, &ending::Ending::One(session.id), &end, &scribe).await?;
            }
            store::refresh::end(tx, family, EndReason::Logout, now).await?;
            if !ending::write_grants(tx, &Ending::One(grant), Scope::Family, &end, &scribe).await?.is_empty() {
                store::event::record(tx, &event).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
