//! A refresh token for new tokens (RFC 6749 section 6).
//!
//! 1. Check the tag: a forged token touches no row.
//! 2. Read the family with its grant and session, and decide.
//! 3. Mint.
//! 4. Record the rotation, guarded by the generation that was found. Whoever lost a race looks again.

use super::mint::Base;
use super::{Activity, Authority, Outcome, ending, inspect};
use crate::base::clock::Time;
use crate::domain::client::Client;
use crate::domain::event::EventName;
use crate::domain::refresh::{Found, Presented, Verdict, decide};
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::watch::TOLD_EVERY;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::token::{RefreshRequest, TokenAnswer};
use crate::store;

/// How often a loser looks again. With a retry window the second look finds the winner's successor; without one every
/// round has one winner.
const LOOKS: usize = 3;

pub async fn rotate(
    authority: &Authority,
    client: &Client,
    asked: &RefreshRequest,
    activity: Activity,
    now: Time,
) -> Outcome<TokenAnswer> {
    let presented = Presented::read(&asked.refresh_token, &authority.secrets.refresh)
        .ok_or_else(|| invalid("not a token of ours"))?;
    for _ in 0..LOOKS {
        let found = store::refresh::presented(&authority.db, presented.family).await?;
        let verdict = decide(found.as_ref(), presented, &client.id, now, authority.policy.retry_window);
        let Some(found) = found else { break };
        let (next, event) = match verdict {
            Verdict::Rotate { next } if found.family.is_worth_telling(now) => (next, Some(EventName::Refreshed)),
            Verdict::Rotate { next } => (next, None),
            Verdict::Replace { next } => (next, Some(EventName::Replaced)),
            Verdict::Retry { again } => {
                inspect::note(authority, &found.session, activity, now).await?;
                let answer = mint(authority, client, asked, &found, again, now).await?;
                tell_retry(authority, &found, now).await?;
                return Ok(answer);
            }
            Verdict::Reuse(refusal) => {
                end_family(authority, &found, now).await?;
                return Err(refusal.into());
            }
            Verdict::Refuse(refusal) => return Err(refusal.into()),
        };
        let answer = mint(authority, client, asked, &found, next, now).await?;
        if record(authority, found, presented.generation, next, Recorded { event, activity, now }).await? {
            return Ok(answer);
        }
    }
    Err(invalid("no such family, or the race for it was lost").into())
}

/// The timeline tells of one retry an hour for each client. However many come, they write nothing else.
async fn tell_retry(authority: &Authority, found: &Found, now: Time) -> Outcome<()> {
    let (session, since) = (found.session.id, now - TOLD_EVERY);
    let event = authority.scribe(now).entry(session, EventName::Retried).of(&found.grant.client_id);
    if store::event::was_told(&authority.db, &event, since).await? {
        return Ok(());
    }
    let told = authority.db.write(async move |tx| {
        if store::session::hold(tx, session).await?.is_some() {
            store::event::sample(tx, &event, since).await?;
        }
        Ok(())
    });
    Ok(told.await?)
}

fn invalid(reason: &'static str) -> Refusal {
    Refusal::new(Code::InvalidGrant, "the refresh token is not valid").because(reason)
}

async fn mint(
    authority: &Authority,
    client: &Client,
    asked: &RefreshRequest,
    found: &Found,
    generation: i64,
    now: Time,
) -> Outcome<TokenAnswer> {
    let (scope, resources) = found.grant.part(client, asked.scope.as_ref(), &asked.resources)?;
    let base = Base { client, grant: &found.grant, session: &found.session, scope, resources, nonce: None };
    let mut answer = base.answer(authority, now).await?;
    let token = Presented { family: found.family.id, generation }.token(&authority.secrets.refresh);
    answer.refresh_token = Some(token);
    Ok(answer)
}

/// What is written beside the rotation.
struct Recorded {
    event: Option<EventName>,
    activity: Activity,
    now: Time,
}

async fn record(authority: &Authority, found: Found, used: i64, next: i64, also: Recorded) -> Outcome<bool> {
    let Recorded { event, activity, now } = also;
    let event = event.map(|name| authority.scribe(now).entry(found.session.id, name).of(&found.grant.client_id));
    let active = activity == Activity::Person && found.session.is_worth_noting(now);
    if event.is_none() && !active {
        let advance =
            authority.db.write_one(async move |tx| store::refresh::advance(tx, &found.family, used, next, now).await);
        return Ok(advance.await?);
    }
    let won = authority.db.write(async move |tx| {
        if active {
            store::lifetime::note_activity(tx, &found.session, now).await?;
        }
        if !store::refresh::advance(tx, &found.family, used, next, now).await? {
            return Ok(tx.undo(false));
        }
        if let Some(event) = &event {
            store::event::sample(tx, event, now - TOLD_EVERY).await?;
        }
        Ok(true)
    });
    Ok(won.await?)
}

/// A token that was no longer good was used: its family and grant end, and what was left to this client alone; the
/// timeline says why.
async fn end_family(authority: &Authority, found: &Found, now: Time) -> Outcome<()> {
    let family = found.family.id;
    let scribe = authority.scribe(now).telling(EventName::RefreshReused);
    let end = End { at: now, reason: EndReason::Theft, initiator: Initiator::System };
    let target = Target::Family(family);
    authority.db.write(async move |tx| ending::write(tx, &target, &end, &scribe).await).await?;
    tracing::warn!(family = %family, client = found.grant.client_id, "a refresh token was reused; its family ended");
    Ok(())
}
