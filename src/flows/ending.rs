//! The one place where anything ends: a token, a grant, a session, or whatever comes from a person, a client, a credential,
//! a browser or another provider. One write, after which everything that hangs on it is dead; the same write tells the
//! timelines and the outbox ([`super::outbox`] tells others).
//!
//! The families are ended with their sessions and grants although those alone decide, because their rows are what a refresh
//! that runs at the same time is guarded by: once an end is acknowledged no rotation is. Rows are taken in one order
//! everywhere, session, family, grant, so that no two writes wait for each other.
//!
//! An end may reach a million sessions; one write would then hold up all others. So an end that reaches more than
//! `BATCH`, or is not the first of its write, is remembered there and goes on in further ones, here and now; should this
//! process die, the job `revoke` goes on. What the end is about (the client that is removed, the person who is disabled)
//! is changed in the first write, so that nothing new begins meanwhile.

use chrono::TimeDelta;

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::domain::event::Scribe;
use crate::domain::revocation::{End, EndReason, Initiator, Revoked, Scope, Target, Touched};
use crate::store;
use crate::store::db::{Fault, Tx};
use crate::store::revocation::{Part, Search, Unfinished};

/// Sessions, or grants, that end in one write.
const BATCH: i64 = 400;
/// Sessions that one search for a filter gives.
const FOUND: i64 = 8_000;
/// How long nobody else goes on with an end that is under way.
const GRIP: TimeDelta = TimeDelta::seconds(30);
/// What begins later than this after an end is none of its business, should it take so long.
const SLACK: TimeDelta = TimeDelta::seconds(10);

/// How much ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub sessions: usize,
    /// Grants alone, their sessions going on.
    pub grants: usize,
}

/// Ends what comes from the target, now and whole.
pub async fn revoke(authority: &Authority, target: Target, reason: EndReason, initiator: Initiator) -> Outcome<Ended> {
    let now = authority.now();
    let (end, scribe) = (End { at: now, reason, initiator }, authority.scribe(now));
    if matches!(target, Target::Filter(_)) {
        let sought = Unfinished { id: scribe.revocation_id(), target, end };
        let remembered = sought.clone();
        authority.db.write(async move |tx| store::revocation::remember(tx, &remembered, now + GRIP).await).await?;
        return sweep(authority, sought).await;
    }
    let begun = authority.db.write(async move |tx| begin(tx, target, end, &scribe).await).await?;
    finish(authority, begun).await
}

/// Ends what was sought by a filter: found beside the writes, which it would hold up, and ended in as many as it takes.
async fn sweep(authority: &Authority, sought: Unfinished) -> Outcome<Ended> {
    let mut ended = Ended::default();
    loop {
        let found = store::revocation::found(&authority.db, search(&sought.target, &sought.end), FOUND).await?;
        for lot in found.chunks(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
            let (ids, what, now) = (lot.to_vec(), sought.clone(), authority.now());
            let scribe = authority.scribe(what.end.at);
            let written = authority.db.write(async move |tx| {
                store::revocation::put_off(tx, what.id, now + GRIP).await?;
                end_sessions(tx, &ids, search(&what.target, &what.end), &scribe).await
            });
            ended.sessions += written.await?;
        }
        if found.is_empty() {
            authority.db.write(async move |tx| store::revocation::forget(tx, sought.id).await).await?;
            return Ok(ended);
        }
    }
}

/// What an end would touch now, and the newest fifty of the sessions that it would end.
pub async fn preview(
    authority: &Authority,
    target: &Target,
    reason: EndReason,
    initiator: Initiator,
) -> Outcome<(Touched, Vec<SessionId>)> {
    let end = End { at: authority.now(), reason, initiator };
    Ok(store::revocation::count(&authority.db, search(target, &end)).await?)
}

/// An end that is written as far as its first write goes.
#[derive(Default)]
pub struct Begun {
    ended: Ended,
    rest: Option<(Unfinished, Walk)>,
}

/// Ends what comes from the target as a part of a larger write, as far as one write goes; [`finish`] does the rest.
pub async fn begin(tx: &mut Tx, target: Target, end: End, scribe: &Scribe) -> Result<Begun, Fault> {
    hold_person(tx, &target).await?;
    let (mut walk, mut ended) = (Walk::default(), Ended::default());
    while let Some(step) = walk.step(tx, search(&target, &end), scribe).await? {
        ended = ended.and(step.ended);
        if step.full {
            let rest = Some((remember(tx, target, end, scribe).await?, walk));
            return Ok(Begun { ended, rest });
        }
    }
    Ok(Begun { ended, rest: None })
}

/// As [`begin`], for several targets: the first goes as far as one write goes, and the others are remembered, for in one
/// write they would take rows in an order of their own and together be too much. [`finish_all`] does the rest.
pub async fn begin_all(
    tx: &mut Tx,
    targets: impl IntoIterator<Item = Target>,
    end: &End,
    scribe: &Scribe,
) -> Result<Vec<Begun>, Fault> {
    let mut begun = Vec::new();
    for target in targets {
        if begun.is_empty() {
            begun.push(begin(tx, target, end.clone(), scribe).await?);
            continue;
        }
        let rest = Some((remember(tx, target, end.clone(), scribe).await?, Walk::default()));
        begun.push(Begun { ended: Ended::default(), rest });
    }
    Ok(begun)
}

/// Remembers what takes further writes.
async fn remember(tx: &mut Tx, target: Target, end: End, scribe: &Scribe) -> Result<Unfinished, Fault> {
    let due = end.at + GRIP;
    let unfinished = Unfinished { id: scribe.revocation_id(), target, end };
    store::revocation::remember(tx, &unfinished, due).await?;
    Ok(unfinished)
}

/// The rest of what was begun, in as many writes as it takes.
pub async fn finish(authority: &Authority, begun: Begun) -> Outcome<Ended> {
    let Begun { mut ended, rest } = begun;
    let Some((unfinished, mut walk)) = rest else { return Ok(ended) };
    loop {
        let (now, what) = (authority.now(), unfinished.clone());
        let scribe = authority.scribe(what.end.at);
        let written = authority.db.write(async move |tx| {
            let step = walk.step(tx, search(&what.target, &what.end), &scribe).await?;
            match step {
                Some(_) => store::revocation::put_off(tx, what.id, now + GRIP).await?,
                None => store::revocation::forget(tx, what.id).await?,
            }
            Ok((step, walk))
        });
        let (step, further) = written.await?;
        walk = further;
        let Some(step) = step else { return Ok(ended) };
        ended = ended.and(step.ended);
    }
}

/// The rest of each; one that fails is left to the job, and hinders no other.
pub async fn finish_all(authority: &Authority, begun: Vec<Begun>) -> Outcome<Ended> {
    let mut ended = Ok(Ended::default());
    for begun in begun {
        let one = finish(authority, begun).await;
        ended = ended.and_then(|so_far| one.map(|one| so_far.and(one)));
    }
    ended
}

/// Goes on with an end that whoever was at it has left; false when there is none.
pub async fn resume(authority: &Authority) -> Outcome<bool> {
    let now = authority.now();
    let left = authority.db.write(async move |tx| store::revocation::take_over(tx, now, now + GRIP).await);
    let Some(unfinished) = left.await? else { return Ok(false) };
    if matches!(unfinished.target, Target::Filter(_)) {
        sweep(authority, unfinished).await?;
        return Ok(true);
    }
    finish(authority, Begun { ended: Ended::default(), rest: Some((unfinished, Walk::default())) }).await?;
    Ok(true)
}

/// Ends what comes from the target as a part of a larger write, and all of it in this one: for targets that are small.
pub async fn write(tx: &mut Tx, target: &Target, end: &End, scribe: &Scribe) -> Result<Ended, Fault> {
    hold_person(tx, target).await?;
    let (mut walk, mut ended) = (Walk::default(), Ended::default());
    while let Some(step) = walk.step(tx, search(target, end), scribe).await? {
        ended = ended.and(step.ended);
    }
    Ok(ended)
}

/// Sign-ins of a person hold them before they look at their sessions; whatever ends several of those does the same.
async fn hold_person(tx: &mut Tx, target: &Target) -> Result<(), Fault> {
    match target {
        Target::User(user, _) | Target::App(user, _) | Target::Credential(user, _) => {
            store::user::hold(tx, *user).await
        }
        _ => Ok(()),
    }
}

/// Writes down the ends that the clock made, at most `limit`; gives their reasons.
pub async fn expire(tx: &mut Tx, now: Time, limit: i64, scribe: &Scribe) -> Result<Vec<EndReason>, Fault> {
    let expired = store::session::end_expired(tx, now, limit).await?;
    let events: Vec<_> = expired.iter().map(|(id, at, reason)| scribe.ended(*id, *reason, *at)).collect();
    store::event::record_all(tx, &events).await?;
    for (id, at, reason) in &expired {
        let end = End { at: *at, reason: *reason, initiator: Initiator::System };
        store::outbox::record(tx, &scribe.revocation(Revoked::Session(*id), Scope::Session, &end)).await?;
    }
    Ok(expired.into_iter().map(|(_, _, reason)| reason).collect())
}

fn search<'a>(target: &'a Target, end: &'a End) -> Search<'a> {
    Search { target, end, begun_by: end.at + SLACK }
}

/// Where an end has come to: through the sessions in the order of their ids, then through the grants. What is being born
/// while a pass waits for it is seen by the next one, so there are passes until one finds nothing.
#[derive(Clone, Copy, Default)]
struct Walk {
    stage: Stage,
    /// `None` before a pass and once it is through.
    from: Option<SessionId>,
    found: bool,
}

#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Tokens,
    Sessions,
    Grants,
}

/// One step of a walk.
struct Step {
    ended: Ended,
    /// Whether there may be more where this came from.
    full: bool,
}

impl Walk {
    /// Ends what one write may end; `None` when there is nothing left.
    async fn step(&mut self, tx: &mut Tx, search: Search<'_>, scribe: &Scribe) -> Result<Option<Step>, Fault> {
        loop {
            let (ended, last, full) = match self.stage {
                Stage::Tokens => {
                    revoke_token(tx, search, scribe).await?;
                    (Ended::default(), None, false)
                }
                Stage::Sessions => self.sessions(tx, search, scribe).await?,
                Stage::Grants => self.grants(tx, search, scribe).await?,
            };
            self.from = last.filter(|_| full);
            if last.is_some() {
                self.found = true;
                return Ok(Some(Step { ended, full }));
            }
            self.stage = match self.stage {
                same if self.found => same,
                Stage::Tokens => Stage::Sessions,
                Stage::Sessions => Stage::Grants,
                Stage::Grants => return Ok(None),
            };
            self.found = false;
        }
    }

    async fn sessions(&self, tx: &mut Tx, search: Search<'_>, scribe: &Scribe) -> Result<Page, Fault> {
        let from = self.from.unwrap_or(SessionId::FIRST);
        let ids = store::revocation::sessions(tx, search, from, BATCH).await?;
        let sessions = end_sessions(tx, &ids, search, scribe).await?;
        // What is found in no order is looked for from the beginning each time.
        let ordered = !matches!(search.target, Target::Filter(_));
        let last = ids.last().map(|last| if ordered { *last } else { SessionId::FIRST });
        Ok((Ended { sessions, grants: 0 }, last, is_full(ids.len())))
    }

    async fn grants(&self, tx: &mut Tx, search: Search<'_>, scribe: &Scribe) -> Result<Page, Fault> {
        let from = self.from.unwrap_or(SessionId::FIRST);
        let parts = store::revocation::grants(tx, search, from, BATCH).await?;
        let ended = end_parts(tx, &parts, search, scribe).await?;
        Ok((ended, parts.last().map(|part| part.session_id), is_full(parts.len())))
    }
}

/// What ended, the last session that was looked at, and whether there may be more.
type Page = (Ended, Option<SessionId>, bool);

fn is_full(found: usize) -> bool {
    i64::try_from(found).is_ok_and(|found| found >= BATCH)
}

async fn revoke_token(tx: &mut Tx, search: Search<'_>, scribe: &Scribe) -> Result<(), Fault> {
    let Target::Token { jti, expires_at, session, client_id } = search.target else { return Ok(()) };
    if store::token::revoke(tx, jti, *expires_at).await? {
        let revoked = Revoked::Token { session: *session, client_id: client_id.clone(), jti: jti.clone() };
        store::outbox::record(tx, &scribe.revocation(revoked, search.target.scope(), search.end)).await?;
    }
    Ok(())
}

/// Ends sessions with their families, and tells of it; gives how many were still open.
async fn end_sessions(tx: &mut Tx, ids: &[SessionId], search: Search<'_>, scribe: &Scribe) -> Result<usize, Fault> {
    let end = search.end;
    let ended = store::ending::sessions(tx, ids, end).await?;
    let ids: Vec<SessionId> = ended.iter().map(|(id, _)| *id).collect();
    store::ending::families_of_sessions(tx, &ids, end).await?;
    let events: Vec<_> = ended.iter().map(|(id, at)| scribe.ended(*id, end.reason, *at)).collect();
    store::event::record_all(tx, &events).await?;
    for (id, at) in &ended {
        let end = End { at: *at, ..end.clone() };
        let revocation = scribe.revocation(Revoked::Session(*id), search.target.scope(), &end);
        store::outbox::record(tx, &revocation).await?;
    }
    Ok(ended.len())
}

/// Ends grants with their families, and the sessions that are there for one grant alone; tells of it.
async fn end_parts(tx: &mut Tx, parts: &[Part], search: Search<'_>, scribe: &Scribe) -> Result<Ended, Fault> {
    let end = search.end;
    let mut sessions: Vec<SessionId> = parts.iter().map(|part| part.session_id).collect();
    sessions.dedup();
    let grants: Vec<GrantId> = parts.iter().map(|part| part.grant_id).collect();
    store::ending::hold(tx, &sessions).await?;
    store::ending::families_of_grants(tx, &grants, end).await?;
    let lost = store::ending::grants(tx, &grants, end).await?;
    // A client that renews without a person has many grants in one session; it is one client that lost what it had.
    let mut told = lost.clone();
    told.sort_unstable_by(|(_, session, client), (_, other, theirs)| (session, client).cmp(&(other, theirs)));
    told.dedup_by(|(_, session, client), (_, other, theirs)| (session, client) == (other, theirs));
    let events: Vec<_> = told.iter().map(|(_, session, client)| scribe.lost(*session, client, end.reason)).collect();
    store::event::record_all(tx, &events).await?;
    for (grant, session, client_id) in &told {
        let revoked = Revoked::Grant { session: *session, grant: *grant, client_id: client_id.clone() };
        store::outbox::record(tx, &scribe.revocation(revoked, search.target.scope(), end)).await?;
    }
    let mut alone: Vec<SessionId> =
        parts.iter().filter(|part| part.is_all_of_it()).map(|part| part.session_id).collect();
    alone.dedup();
    let ended = end_sessions(tx, &alone, search, scribe).await?;
    Ok(Ended { sessions: ended, grants: lost.len() })
}

impl Ended {
    pub(super) const fn and(self, other: Self) -> Self {
        Self { sessions: self.sessions + other.sessions, grants: self.grants + other.grants }
    }
}
