//! The whole-database verifier: what must be true of every database at every moment, whatever was done to it.
//!
//! Every check here was seen to fail: `verifier_mutants` plants each defect and expects the finding.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use doorward::base::clock::Time;
use doorward::domain::event::EventName;
use doorward::domain::filter::Filter;
use doorward::domain::grant::Grant;
use doorward::domain::interaction::Wanted;
use doorward::domain::policy::retention;
use doorward::domain::session::{Kind, Session};
use doorward::domain::watch::Mark;
use doorward::store::db::Db;
use doorward::store::{client, consent, event, filter, grant};

/// Rows that must not exist, by the name of what is wrong with them.
pub const NEVER: &[(&str, &str)] = &[
    // Nothing hangs in the air.
    (
        "a grant without a session",
        "SELECT COUNT(*) FROM grants g WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = g.session_id)",
    ),
    (
        "an event without a session",
        "SELECT COUNT(*) FROM session_events e WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = e.session_id)",
    ),
    (
        "a code without a grant",
        "SELECT COUNT(*) FROM codes c WHERE NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = c.grant_id)",
    ),
    (
        "a family without a grant",
        "SELECT COUNT(*) FROM refresh_families f WHERE NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = f.grant_id)",
    ),
    (
        "a consent without a user",
        "SELECT COUNT(*) FROM consents c WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = c.user_id)",
    ),
    (
        "a consent without a client",
        "SELECT COUNT(*) FROM consents c WHERE NOT EXISTS (SELECT 1 FROM clients k WHERE k.client_id = c.client_id)",
    ),
    (
        "a secret without a client",
        "SELECT COUNT(*) FROM client_secrets s WHERE NOT EXISTS (SELECT 1 FROM clients k WHERE k.client_id = s.client_id)",
    ),
    (
        "a registration without a client",
        "SELECT COUNT(*) FROM registrations r WHERE NOT EXISTS (SELECT 1 FROM clients k WHERE k.client_id = r.client_id)",
    ),
    (
        "an identity of nobody",
        "SELECT COUNT(*) FROM identities i WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = i.user_id)",
    ),
    (
        "a hint for a session that came from nowhere",
        "SELECT COUNT(*) FROM upstream_hints h JOIN sessions s ON s.id = h.session_id WHERE s.upstream_provider IS NULL",
    ),
    ("a registration token used too often", "SELECT COUNT(*) FROM registration_tokens WHERE uses_left < 0"),
    // What works once worked once.
    (
        "a spent code that gave nothing, or the reverse",
        "SELECT COUNT(*) FROM codes WHERE (used_at IS NULL) <> (gave_grant_id IS NULL)",
    ),
    ("a code spent after its end", "SELECT COUNT(*) FROM codes WHERE used_at >= expires_at"),
    (
        "a grant with two families",
        "SELECT COUNT(*) FROM (SELECT grant_id FROM refresh_families GROUP BY grant_id HAVING COUNT(*) > 1) twice",
    ),
    (
        "a grant given by two codes",
        "SELECT COUNT(*) FROM (SELECT gave_grant_id FROM codes WHERE gave_grant_id IS NOT NULL GROUP BY gave_grant_id HAVING COUNT(*) > 1) twice",
    ),
    (
        "a grant with two codes",
        "SELECT COUNT(*) FROM (SELECT grant_id FROM codes GROUP BY grant_id HAVING COUNT(*) > 1) twice",
    ),
    // Families count upwards.
    ("a family of no generation", "SELECT COUNT(*) FROM refresh_families WHERE generation < 1 OR previous < 1"),
    ("a family before its predecessor", "SELECT COUNT(*) FROM refresh_families WHERE previous >= generation"),
    (
        "a family that rotated from nothing",
        "SELECT COUNT(*) FROM refresh_families WHERE (previous IS NULL) <> (generation = 1)",
    ),
    (
        "a family rotated before it began",
        "SELECT COUNT(*) FROM refresh_families WHERE rotated_at < created_at OR expires_at <= created_at",
    ),
    // An end is whole or not there.
    ("half an end of a grant", "SELECT COUNT(*) FROM grants WHERE (ended_at IS NULL) <> (end_reason IS NULL)"),
    (
        "half an end of a family",
        "SELECT COUNT(*) FROM refresh_families WHERE (ended_at IS NULL) <> (end_reason IS NULL)",
    ),
    (
        "half an end of a session",
        "SELECT COUNT(*) FROM sessions WHERE (ended_at IS NULL) <> (end_reason IS NULL) OR (ended_at IS NULL) <> (end_initiator IS NULL)",
    ),
    ("an end before the beginning", "SELECT COUNT(*) FROM sessions WHERE ended_at < created_at"),
    (
        "a renewal that is half remembered",
        "SELECT COUNT(*) FROM sessions WHERE (previous_digest IS NULL) <> (renewed_at IS NULL) OR (stale_digest IS NOT NULL AND previous_digest IS NULL)",
    ),
    (
        "one secret in two places",
        "SELECT COUNT(*) FROM sessions WHERE secret_digest = previous_digest OR secret_digest = stale_digest OR previous_digest = stale_digest",
    ),
    (
        "a mark that the timeline does not tell",
        "SELECT COUNT(*) FROM sessions s WHERE s.mark IS NOT NULL AND NOT EXISTS (SELECT 1 FROM session_events e WHERE e.session_id = s.id AND e.event = 'marked' AND e.mark = s.mark)",
    ),
    (
        "an end that the timeline does not tell, or tells wrongly",
        "SELECT COUNT(*) FROM sessions s WHERE (CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END) <> (SELECT COUNT(*) FROM session_events e WHERE e.session_id = s.id AND e.event = 'ended' AND (s.end_reason IS NULL OR e.reason = s.end_reason))",
    ),
    (
        "a session whose end is told twice",
        "SELECT COUNT(*) FROM (SELECT session_id FROM session_events WHERE event = 'ended' GROUP BY session_id HAVING COUNT(*) > 1) twice",
    ),
    (
        "a session that never began",
        "SELECT COUNT(*) FROM sessions s WHERE (SELECT COUNT(*) FROM session_events e WHERE e.session_id = s.id AND e.event = 'created') <> 1",
    ),
    (
        "a grant that the timeline does not tell",
        "SELECT COUNT(*) FROM grants g JOIN sessions s ON s.id = g.session_id WHERE s.kind = 'person' AND NOT EXISTS (SELECT 1 FROM session_events e WHERE e.session_id = g.session_id AND e.event = 'granted' AND e.client_id = g.client_id)",
    ),
    (
        "an event before its session",
        "SELECT COUNT(*) FROM session_events e JOIN sessions s ON s.id = e.session_id WHERE e.at < s.created_at",
    ),
    // Sessions are what their kind says.
    (
        "an offline session that came from nowhere",
        "SELECT COUNT(*) FROM sessions WHERE (kind = 'offline') <> (origin IS NOT NULL)",
    ),
    (
        "a machine at a browser",
        "SELECT COUNT(*) FROM sessions WHERE kind <> 'person' AND COALESCE(secret_digest, previous_digest) IS NOT NULL",
    ),
    (
        "an open session of a person that nobody can present",
        "SELECT COUNT(*) FROM sessions WHERE kind = 'person' AND ended_at IS NULL AND secret_digest IS NULL",
    ),
    (
        "two open sessions of one machine",
        "SELECT COUNT(*) FROM (SELECT client_id FROM sessions WHERE kind = 'machine' AND ended_at IS NULL GROUP BY client_id HAVING COUNT(*) > 1) twice",
    ),
    (
        "an open session of nobody",
        "SELECT COUNT(*) FROM sessions s WHERE s.ended_at IS NULL AND s.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id)",
    ),
    (
        "an open session of a disabled user",
        "SELECT COUNT(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.ended_at IS NULL AND u.disabled",
    ),
    (
        "an open session of a machine that is gone",
        "SELECT COUNT(*) FROM sessions s WHERE s.ended_at IS NULL AND s.client_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM clients k WHERE k.client_id = s.client_id)",
    ),
    (
        "a live grant of a client that is gone",
        "SELECT COUNT(*) FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.ended_at IS NULL AND s.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM clients k WHERE k.client_id = g.client_id)",
    ),
    // What others hear of.
    (
        "an end in the outbox that did not happen",
        "SELECT COUNT(*) FROM outbox o WHERE (o.what = 'session.ended' AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = o.session_id AND s.ended_at IS NULL)) OR (o.what = 'grant.ended' AND EXISTS (SELECT 1 FROM grants g WHERE g.id = o.grant_id AND g.ended_at IS NULL))",
    ),
    (
        "an end in the outbox twice",
        "SELECT COUNT(*) FROM (SELECT what, session_id, grant_id, jti FROM outbox GROUP BY what, session_id, grant_id, jti HAVING COUNT(*) > 1) twice",
    ),
    (
        "a delivery of what nobody has read",
        "SELECT COUNT(*) FROM deliveries d WHERE NOT EXISTS (SELECT 1 FROM outbox o JOIN projections p ON p.name = d.projection WHERE o.id = d.revocation_id AND o.position = d.position AND o.position <= p.cursor)",
    ),
    (
        "a delivery that is half settled",
        "SELECT COUNT(*) FROM deliveries WHERE (state = 'pending') <> (due_at IS NOT NULL) OR (state = 'pending') <> (settled_at IS NULL) OR (state = 'pending') <> (kept_until IS NULL)",
    ),
    ("a delivery that was never tried", "SELECT COUNT(*) FROM deliveries WHERE state <> 'pending' AND attempts < 1"),
    (
        "a mail that is half settled",
        "SELECT COUNT(*) FROM mails WHERE (state = 'pending') <> (due_at IS NOT NULL) OR (state = 'pending') <> (settled_at IS NULL) OR (state = 'pending') <> (kept_until IS NULL) OR (state = 'pending' AND sealed IS NULL)",
    ),
    ("a mail that was never tried", "SELECT COUNT(*) FROM mails WHERE state <> 'pending' AND attempts < 1"),
    // What people prove themselves with.
    (
        "a removed authenticator that is still good for something",
        "SELECT COUNT(*) FROM authenticators WHERE removed_at IS NOT NULL AND (sealed IS NOT NULL OR passkey_id IS NOT NULL)",
    ),
    (
        "two apps, or two sets of recovery codes, of one person",
        "SELECT COUNT(*) FROM (SELECT user_id FROM authenticators WHERE kind <> 'passkey' AND removed_at IS NULL GROUP BY user_id, kind HAVING COUNT(*) > 1) twice",
    ),
    ("a counter of no failures", "SELECT COUNT(*) FROM throttles WHERE failures < 1"),
];

/// Rows that must not exist once the clock-driven work of this moment ($1) is done.
pub const AFTER_THE_JOBS: &[(&str, &str)] = &[
    (
        "an expired session that is not ended",
        "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL AND (absolute_end <= $1 OR idle_end <= $1)",
    ),
    ("an end that nobody goes on with", "SELECT COUNT(*) FROM revocations WHERE due_at <= $1"),
    (
        "an end that somebody has not read",
        "SELECT COUNT(*) FROM outbox WHERE recorded_at <= $1 AND (position IS NULL OR position > (SELECT MIN(cursor) FROM projections))",
    ),
    ("a mail that is due and was not tried", "SELECT COUNT(*) FROM mails WHERE state = 'pending' AND due_at <= $1"),
    (
        "a delivery that is due and was not tried",
        "SELECT COUNT(*) FROM deliveries WHERE state = 'pending' AND due_at <= $1",
    ),
];

/// What stands in a timeline at most once an hour for each client.
const SAMPLED: [EventName; 6] = [
    EventName::Granted,
    EventName::Refreshed,
    EventName::Retried,
    EventName::Replaced,
    EventName::Moved,
    EventName::Marked,
];

/// What is wrong with this database; nothing, one hopes.
pub async fn findings(db: &Db, now: Time) -> Vec<String> {
    let mut found = Vec::new();
    for (name, sql) in NEVER {
        let rows: i64 = db.read().await.unwrap().sql(sql).scalar().await.unwrap();
        found.extend((rows > 0).then(|| format!("{name}: {rows}")));
    }
    let sessions = filter::page(db, &Filter::default(), None, 1_000_000, now).await;
    match sessions {
        Err(fault) => found.push(format!("a session that cannot be read: {fault}")),
        Ok(sessions) => {
            for session in sessions {
                look_at(db, &session, now, &mut found).await;
            }
        }
    }
    found
}

/// As [`findings`], after the jobs ran.
pub async fn findings_after_the_jobs(db: &Db, now: Time) -> Vec<String> {
    let mut found = findings(db, now).await;
    for (name, sql) in AFTER_THE_JOBS {
        let rows: i64 = db.read().await.unwrap().sql(sql).bind(now).scalar().await.unwrap();
        found.extend((rows > 0).then(|| format!("{name}: {rows}")));
    }
    found
}

/// What a consent must cover for a grant to be there.
fn wanted(grant: &Grant) -> Wanted {
    Wanted { scope: grant.scope.clone(), resources: grant.resources.clone(), claims: grant.claims.clone() }
}

async fn look_at(db: &Db, session: &Session, now: Time, found: &mut Vec<String>) {
    let sql = "SELECT idle_end FROM sessions WHERE id = $1";
    let (idle_end,): (Option<chrono::DateTime<Utc>>,) =
        db.read().await.unwrap().sql(sql).bind(session.id).one().await.unwrap();
    if idle_end != session.idle_end() {
        found.push(format!("an idle end that is none: {}", session.id));
    }
    if session.last_active_at < session.created_at {
        found.push(format!("a session active before it began: {}", session.id));
    }
    let mut told: BTreeMap<_, Time> = BTreeMap::new();
    for entry in event::of_session(db, session.id).await.unwrap() {
        let kind = (entry.name.as_str(), entry.client_id, entry.mark.map(Mark::as_str));
        if SAMPLED.contains(&entry.name)
            && told.insert(kind, entry.at).is_some_and(|before| (entry.at - before).abs() < TimeDelta::hours(1))
        {
            found.push(format!("a sampled entry that stands twice within an hour: {}", entry.id));
        }
    }
    let kept = session.recorded_end.as_ref().is_some_and(|end| end.at + retention::OUTBOX.delta() > now);
    let sql = "SELECT COUNT(*) FROM outbox WHERE what = 'session.ended' AND session_id = $1";
    let told: i64 = db.read().await.unwrap().sql(sql).bind(session.id).scalar().await.unwrap();
    if kept && told == 0 {
        found.push(format!("an end that the outbox does not hold: {}", session.id));
    }
    for grant in grant::of_session(db, session.id).await.unwrap() {
        if !grant.is_live(session, now) || session.kind == Kind::Machine {
            continue;
        }
        let Some(client) = client::find(db, &grant.client_id).await.unwrap() else { continue };
        let Some(user) = session.subject.person() else { continue };
        let consent = consent::find(db, user, &client.id).await.unwrap();
        let covered = consent.is_some_and(|consent| consent.covers(&wanted(&grant)));
        if !covered && !client.metadata.skip_consent {
            found.push(format!("a live grant that nobody consented to: {}", grant.id));
        }
    }
}
