//! Telling others what ended: logout tokens for clients, signed messages for webhooks.
//!
//! 1. Claim: the attempt belongs to this node for [`LEASE`]. One that dies with its node is tried again after that.
//! 2. Mint the token, or sign the message, anew for each attempt.
//! 3. Call, through the guarded way out.
//! 4. Write down what became of it.

use url::Url;

use super::{Authority, Outcome, mint};
use crate::base::clock::Time;
use crate::base::entropy::draw;
use crate::base::id::{SessionId, UserId, WebhookId};
use crate::domain::client::Client;
use crate::domain::delivery::{Delivery, LEASE, Miss, Names, Next, Presence, Projection, after, names};
use crate::domain::revocation::{Recorded, Revoked, Scope};
use crate::protocol::webhook::{Data, Message, headers};
use crate::remote::egress::Blocked;
use crate::store;
use crate::store::db::Fault;

/// Who is to be told: a projection and one of those it calls.
pub type Target = (Projection, String);

/// An attempt that belongs to this node.
pub struct Claim {
    pub delivery: Delivery,
    recorded: Recorded,
}

impl Claim {
    pub fn target(&self) -> Target {
        (self.delivery.projection, self.delivery.target.clone())
    }
}

/// Those who have to be told something by now, the longest waiting first.
pub async fn due(authority: &Authority) -> Result<Vec<Target>, Fault> {
    store::delivery::due(&authority.db, authority.now()).await
}

/// Begins at most so many attempts for each of them.
pub async fn claim(authority: &Authority, wanted: Vec<(Target, i64)>) -> Result<Vec<Claim>, Fault> {
    let now = authority.now();
    authority
        .db
        .write(async move |tx| {
            let mut claims = Vec::new();
            for (target, limit) in &wanted {
                let claimed = store::delivery::claim(tx, target, *limit, now, now + LEASE).await?;
                claims.extend(claimed.into_iter().map(|(delivery, recorded)| Claim { delivery, recorded }));
            }
            Ok(claims)
        })
        .await
}

/// Makes the attempt and writes down what became of it.
pub async fn attempt(authority: &Authority, claim: Claim) -> Outcome<Next> {
    let outcome = match claim.delivery.projection {
        Projection::BackchannelLogout => tell_client(authority, &claim).await?,
        Projection::Webhooks => tell_webhook(authority, &claim).await?,
    };
    let now = authority.now();
    let chance = u16::from_be_bytes(draw(authority.dice()));
    let Claim { delivery, .. } = claim;
    let next = after(delivery.attempts, outcome, now, chance);
    let error = outcome.err().map(Miss::text);
    if let Some(error) = &error {
        let (id, projection, target) = (delivery.id, delivery.projection.as_str(), &delivery.target);
        tracing::warn!(delivery = %id, projection, target, error, attempts = delivery.attempts, ?next, "not delivered");
    }
    authority.db.write(async move |tx| store::delivery::settle(tx, &delivery, next, error, now).await).await?;
    Ok(next)
}

async fn tell_client(authority: &Authority, claim: &Claim) -> Outcome<Result<(), Miss>> {
    let client = store::client::find(&authority.db, &claim.delivery.target).await?;
    let (Some(client), Some(user)) = (client, claim.recorded.user) else { return Ok(Err(Miss::Gone)) };
    let Some(url) = client.metadata.backchannel_logout_uri.as_deref().map(Url::parse) else {
        return Ok(Err(Miss::Gone));
    };
    let Ok(url) = url else { return Ok(Err(Miss::Blocked)) };
    let now = authority.now();
    let sid = sid(authority, claim, &client, user, now).await?;
    let Ok(token) = mint::logout_token(authority, &client, user, sid, now).await else {
        return Ok(Err(Miss::Unsigned));
    };
    let headers = vec![("content-type", "application/x-www-form-urlencoded".into())];
    // A JWT needs no escape in a form.
    let called = authority.egress.post(&url, headers, format!("logout_token={token}").into_bytes()).await;
    Ok(called.map_err(|blocked| miss(&blocked)))
}

/// The session that the token names; `None` for all of the person's.
async fn sid(
    authority: &Authority,
    claim: &Claim,
    client: &Client,
    user: UserId,
    now: Time,
) -> Result<Option<SessionId>, Fault> {
    let required = client.metadata.backchannel_logout_session_required == Some(true);
    let scope = claim.recorded.revocation.scope;
    let presence = match (scope, required) {
        (Scope::User, false) if !store::delivery::is_signed_in(&authority.db, user, &client.id, now).await? => {
            Presence::Nowhere
        }
        _ => Presence::Elsewhere,
    };
    if names(scope, required, presence) == Names::Everything {
        return Ok(None);
    }
    let session = claim.delivery.session;
    let stand = store::outbox::stand(&authority.db, session).await?;
    Ok(Some(stand.map_or(session, |stand| stand.sid(session))))
}

async fn tell_webhook(authority: &Authority, claim: &Claim) -> Outcome<Result<(), Miss>> {
    let Ok(id) = claim.delivery.target.parse::<WebhookId>() else { return Ok(Err(Miss::Gone)) };
    let Some(webhook) = store::webhook::find(&authority.db, id).await? else { return Ok(Err(Miss::Gone)) };
    if !webhook.enabled {
        return Ok(Err(Miss::Disabled));
    }
    let Ok(url) = Url::parse(&webhook.url) else { return Ok(Err(Miss::Blocked)) };
    let secret = authority.secrets.webhook.open(&id.to_string(), &webhook.sealed_secret);
    let body = serde_json::to_vec(&message(&claim.recorded));
    let (Some(secret), Ok(body)) = (secret, body) else { return Ok(Err(Miss::Unsigned)) };
    let headers = headers(&secret, &claim.delivery.revocation.to_string(), authority.now(), &body);
    Ok(authority.egress.post(&url, headers, body).await.map_err(|blocked| miss(&blocked)))
}

fn message(recorded: &Recorded) -> Message {
    let Recorded { revocation, user, client_id, .. } = recorded;
    let (grant, jti) = match &revocation.revoked {
        Revoked::Session(_) => (None, None),
        Revoked::Grant { grant, .. } => (Some(grant.to_string()), None),
        Revoked::Token { jti, .. } => (None, Some(jti.clone())),
    };
    Message {
        kind: revocation.revoked.what().as_str(),
        timestamp: revocation.end.at,
        data: Data {
            sid: revocation.revoked.session().to_string(),
            user_id: user.map(|user| user.to_string()),
            client_id: client_id.clone(),
            grant_id: grant,
            jti,
            scope: revocation.scope.as_str(),
            reason: revocation.end.reason.as_str(),
            initiator: revocation.end.initiator.as_str(),
        },
    }
}

fn miss(blocked: &Blocked) -> Miss {
    match blocked {
        Blocked::Scheme | Blocked::Address => Miss::Blocked,
        Blocked::Status(status) => Miss::Status(*status),
        late if late.is_timeout() => Miss::Timeout,
        Blocked::TooLarge(_) | Blocked::Failed(_) => Miss::Unreachable,
    }
}

/// How far behind a projection is, and how much it gave up.
pub struct Lag {
    pub projection: Projection,
    /// Since the oldest end was written down that somebody has not heard of, who is still to be told.
    pub seconds: i64,
    pub dead: i64,
}

pub async fn lag(authority: &Authority, projection: Projection) -> Result<Lag, Fault> {
    let unread = store::outbox::oldest_unread(&authority.db, projection).await?;
    let (waiting, dead) = store::delivery::backlog(&authority.db, projection).await?;
    let oldest = unread.into_iter().chain(waiting).min();
    let seconds = oldest.map_or(0, |oldest| (authority.now() - oldest).num_seconds().max(0));
    Ok(Lag { projection, seconds, dead })
}

/// What became of telling the clients and webhooks that hear of a session's end, newest first: each with the name of the
/// client, or the address of the webhook.
pub async fn report(authority: &Authority, session: SessionId) -> Outcome<Vec<(Delivery, String)>> {
    let filter = store::delivery::Filter { session: Some(session), ..Default::default() };
    let mut told = Vec::new();
    for (delivery, _) in store::delivery::page(&authority.db, filter, None, 1_000).await? {
        let name = match (delivery.projection, delivery.target.parse()) {
            (Projection::Webhooks, Ok(id)) => store::webhook::find(&authority.db, id).await?.map(|webhook| webhook.url),
            _ => store::client::find(&authority.db, &delivery.target).await?.map(|client| client.name().to_owned()),
        };
        let name = name.unwrap_or_else(|| delivery.target.clone());
        told.push((delivery, name));
    }
    Ok(told)
}
