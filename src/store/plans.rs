//! How SQLite finds what must stay cheap beside ten million sessions: every step is a search in an index that fits.

use std::{env, fs, process};

use super::db::Db;
use super::delivery::DUE;
use super::ending::{END, HOLD};
use super::filter::listing;
use super::revocation::Reach;
use super::session::{END_EXPIRED, OLDEST_UNTOLD};
use super::statistics::{BEGAN, ENDED, LIVE};
use crate::base::clock::{Clock, SystemClock};
use crate::base::entropy::SeededEntropy;
use crate::base::id::{CredentialId, DeviceId, FamilyId, GrantId, SessionId, UserId};
use crate::domain::filter::{Filter, Network};
use crate::domain::revocation::Target;
use crate::domain::session::State;

/// More than any of the statements has.
const MOST_VALUES: usize = 64;

/// Each statement with the indexes that its steps must use, in this order.
fn expected() -> Vec<(String, Option<&'static str>, Vec<&'static str>)> {
    let (now, dice) = (SystemClock.now(), SeededEntropy::new(1));
    let (user, session) = (UserId::new(now, &dice), SessionId::new(now, &dice));
    let (device, network) = (DeviceId::of("x"), Some(Network::parse("192.0.2.0/24")));
    let (ids, grant_ids) = ("sqlite_autoindex_sessions_1 (id", "sqlite_autoindex_grants_1 (id=?)");
    let upstream = |subject: Option<&str>, session: Option<&str>| Target::Upstream {
        provider: "idp".into(),
        subject: subject.map(str::to_owned),
        session: session.map(str::to_owned),
    };
    let filters = [
        (Filter { state: Some(State::Live), ..Filter::default() }, "sessions_live (id>? AND id<?)"),
        (Filter { user: Some(user), ..Filter::default() }, "sessions_user (user_id=?"),
        (Filter { device: Some(device), ..Filter::default() }, "sessions_device (device=?"),
        (Filter { network, ..Filter::default() }, "sessions_address_key (address_key>? AND address_key<?)"),
        (Filter { client_id: Some("app".into()), ..Filter::default() }, ids),
    ];
    let targets = [
        (Target::Family(FamilyId::new(now, &dice)), vec![grant_ids, "refresh_families_1 (id=?)", ids]),
        (Target::Grant(GrantId::new(now, &dice)), vec![grant_ids, ids]),
        (Target::Session(session), vec![ids, "sessions_origin (origin=?)"]),
        (Target::Part(session, "app".into()), vec![ids, "grants_client_session (client_id=? AND session_id=?)"]),
        (
            Target::App(user, "app".into()),
            vec!["sessions_user (user_id=? AND id>?)", "grants_client_session (client_id=? AND session_id=?)"],
        ),
        (Target::User(user, None), vec!["sessions_user (user_id=? AND id>?)"]),
        (Target::Client("app".into()), vec!["sessions_client (client_id=? AND id>?)"]),
        (Target::Client("app".into()), vec!["grants_client_session (client_id=? AND session_id>?)", ids]),
        (Target::Credential(user, CredentialId::new(now, &dice)), vec!["sessions_user (user_id=? AND id>?)"]),
        (
            Target::Credential(user, CredentialId::new(now, &dice)),
            vec!["sessions_user (user_id=? AND id>?)", "grants_session (session_id=?)"],
        ),
        (Target::Device(device), vec!["sessions_device (device=? AND id>?)"]),
        (upstream(Some("x"), None), vec!["sessions_upstream (upstream_provider=? AND upstream_subject=?)"]),
        (upstream(None, None), vec!["sessions_upstream (upstream_provider=?)"]),
        (upstream(None, Some("y")), vec!["sessions_upstream_session (upstream_provider=? AND upstream_session=?)"]),
    ];
    let mut all = vec![
        ("live".to_owned(), Some(LIVE), vec!["sessions_live_absolute_end (absolute_end>?)"]),
        ("began".to_owned(), Some(BEGAN), vec!["sqlite_autoindex_sessions_1 (id>? AND id<?)"]),
        ("ended".to_owned(), Some(ENDED), vec!["sessions_ended (ended_at>? AND ended_at<?)"]),
        ("list".to_owned(), Some(listing(&Filter::default())), vec!["sqlite_autoindex_sessions_1 (id>? AND id<?)"]),
    ];
    let clock = vec!["sessions_live_absolute_end (absolute_end<?)", "sessions_live_idle_end (idle_end<?)"];
    all.push(("end expired".to_owned(), Some(END_EXPIRED), clock.clone()));
    all.push(("oldest untold".to_owned(), Some(OLDEST_UNTOLD), clock));
    all.push(("hold".to_owned(), Some(HOLD.as_str()), vec![ids]));
    all.push(("end sessions".to_owned(), Some(END.as_str()), vec![ids]));
    let pending = "deliveries_pending (projection=?";
    all.push(("due".to_owned(), Some(DUE), vec![pending, "deliveries_pending (projection=? AND target>?)", pending]));
    for (filter, index) in filters {
        all.push((format!("list {filter:?}"), Some(listing(&filter)), vec![index]));
        let reach = Reach::of(&Target::Filter(Box::new(filter.clone()))).and_then(|reach| reach.sessions);
        all.push((format!("end {filter:?}"), reach, vec![index]));
    }
    let whole = Target::Filter(Box::default());
    all.push((
        "end".to_owned(),
        Reach::of(&whole).and_then(|reach| reach.sessions),
        vec!["sessions_live (id>? AND id<?)"],
    ));
    for (target, indexes) in targets {
        // Both kinds are tried where a target has both: the one that has as many steps.
        let reach = Reach::of(&target);
        let by_grants = indexes.iter().any(|index| index.contains("grants"));
        let sql = reach.and_then(|reach| if by_grants { reach.grants } else { reach.sessions });
        all.push((format!("{target:?}"), sql, indexes));
    }
    all
}

#[tokio::test]
async fn every_step_is_a_search_in_an_index() {
    let folder = env::temp_dir().join(format!("doorward-plans-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let db = Db::open(&format!("sqlite:{}", folder.join("plans.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let mut wrong = Vec::new();
    for (name, sql, indexes) in expected() {
        let text: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {}", sql.unwrap()).into_boxed_str());
        let mut reader = db.read().await.unwrap();
        // Whatever the values are, the plan is the same.
        let bound = (0..MOST_VALUES).fold(reader.sql(text), |query, _| query.bind(None::<String>));
        let rows = bound.all::<(i64, i64, i64, String)>().await.unwrap();
        let steps: Vec<_> = rows.into_iter().map(|(_, _, _, step)| step).collect();
        let mut searched = steps.iter();
        let found = indexes.iter().all(|index| searched.any(|step| step.starts_with("SEARCH") && step.contains(index)));
        let scans = steps.iter().any(|step| step.starts_with("SCAN") && *step != "SCAN heard");
        if scans || !found {
            wrong.push(format!("{name}\n  wants {indexes:?}\n  does  {steps:#?}"));
        }
    }
    db.close().await;
    fs::remove_dir_all(&folder).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
