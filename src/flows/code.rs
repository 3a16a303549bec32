//! An authorization code for tokens (RFC 6749 section 4.1.3).
//!
//! 1. Read the code with its grant and session.
//! 2. Decide; a second use by its own client ends what the first one gave.
//! 3. Mint.
//! 4. Spend the code and write down what it gave, in one write. Whoever lost a race looks again once.

use super::mint::Base;
use super::{Authority, Outcome, ending};
use crate::base::clock::Time;
use crate::base::id::{FamilyId, GrantId, SessionId};
use crate::base::secret::Digest;
use crate::domain::client::Client;
use crate::domain::code::{Found, Verdict, decide};
use crate::domain::event::EventName;
use crate::domain::grant::Grant;
use crate::domain::refresh::Family;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::session::{Kind, Session};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::OFFLINE_ACCESS;
use crate::protocol::token::{CodeRequest, REFRESH_TOKEN, TokenAnswer};
use crate::store;

pub async fn redeem(authority: &Authority, client: &Client, asked: &CodeRequest, now: Time) -> Outcome<TokenAnswer> {
    for _ in 0..2 {
        let found = store::code::presented(&authority.db, Digest::of(&asked.code)).await?;
        match (decide(found.as_ref(), &client.id, asked, now), found) {
            (Verdict::Give, Some(found)) => {
                if let Some(answer) = give(authority, client, asked, found, now).await? {
                    return Ok(answer);
                }
            }
            (Verdict::Reuse(refusal), Some(found)) => {
                end_what_it_gave(authority, &found, now).await?;
                return Err(refusal.into());
            }
            (Verdict::Refuse(refusal) | Verdict::Reuse(refusal), _) => return Err(refusal.into()),
            (Verdict::Give, None) => break,
        }
    }
    Err(Refusal::new(Code::InvalidGrant, "the code is not valid").because("lost the race for the code twice").into())
}

/// What a code gives: a grant, on the browser's session or on one that outlives it, and a family of refresh tokens.
struct Gift {
    grant: Grant,
    session: Session,
    family: Option<Family>,
}

impl Gift {
    fn of(found: &Found, client: &Client, authority: &Authority, now: Time) -> Self {
        let (grant, session) = if found.grant.scope.contains(OFFLINE_ACCESS) {
            let id = SessionId::new(now, authority.dice());
            let session =
                found.session.leave_behind(id, found.grant.authentication.clone(), now, authority.policy.offline);
            let id = GrantId::new(now, authority.dice());
            (Grant { id, session: session.id, created_at: now, ..found.grant.clone() }, session)
        } else {
            (found.grant.clone(), found.session.clone())
        };
        let family = client.metadata.may_use(REFRESH_TOKEN).then(|| Family {
            id: FamilyId::new(now, authority.dice()),
            grant: grant.id,
            generation: 1,
            previous: None,
            rotated_at: now,
            created_at: now,
            expires_at: session.absolute_end,
            ended: None,
        });
        Self { grant, session, family }
    }
}

/// `None` when the code was spent or ended by somebody else meanwhile.
async fn give(
    authority: &Authority,
    client: &Client,
    asked: &CodeRequest,
    found: Found,
    now: Time,
) -> Outcome<Option<TokenAnswer>> {
    let (scope, resources) = found.grant.part(client, None, &asked.resources)?;
    let gift = Gift::of(&found, client, authority, now);
    let nonce = found.code.nonce.clone();
    let base = Base { client, grant: &gift.grant, session: &gift.session, scope, resources, nonce };
    let mut answer = base.answer(authority, now).await?;
    answer.refresh_token = gift.family.as_ref().map(|family| family.current().token(&authority.secrets.refresh));

    let event = authority.scribe(now).entry(gift.session.id, EventName::Created).of(&client.id);
    let spent = authority
        .db
        .write(async move |tx| {
            let held = store::session::secure(tx, found.session.id).await?;
            if !held || !store::code::spend(tx, found.code.digest, gift.grant.id, now).await? {
                return Ok(tx.undo(false));
            }
            if gift.session.kind == Kind::Offline {
                store::session::insert(tx, &gift.session, None).await?;
                store::grant::insert(tx, &gift.grant).await?;
                store::event::record(tx, &event).await?;
            }
            if let Some(family) = &gift.family {
                store::refresh::insert(tx, family).await?;
            }
            Ok(true)
        })
        .await?;
    Ok(spent.then_some(answer))
}

/// RFC 6749 section 4.1.2: tokens that came from a code that is used twice are revoked.
async fn end_what_it_gave(authority: &Authority, found: &Found, now: Time) -> Outcome<()> {
    let scribe = authority.scribe(now).telling(EventName::CodeReused);
    let grants: Vec<GrantId> = std::iter::once(found.grant.id).chain(found.code.gave).collect();
    let end = End { at: now, reason: EndReason::Theft, initiator: Initiator::System };
    authority
        .db
        .write(async move |tx| {
            for grant in grants {
                ending::write(tx, &Target::Grant(grant), &end, &scribe).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
