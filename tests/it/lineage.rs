//! What comes from what: random sessions, grants and families, ended by every kind of target on both engines, against a
//! model that knows only the rules.

use std::collections::BTreeSet;

use doorward::base::clock::Clock;
use doorward::base::duration::Duration;
use doorward::base::id::{CredentialId, FamilyId, GrantId, SessionId, UserId};
use doorward::domain::event::Scribe;
use doorward::domain::filter::Network;
use doorward::domain::grant::Grant;
use doorward::domain::policy::Limits;
use doorward::domain::revocation::{End, EndReason, Initiator, Target, Touched};
use doorward::domain::session::{Authentication, Kind, Session, Source};
use doorward::flows::ending;
use doorward::store;
use serde_json::json;

use crate::forest::{CLIENTS, Forest, Tree, any};
use crate::stage::{Engine, Stage};

/// Which sessions and grants of the model an end takes away: the rules, one after the other.
struct Taken {
    sessions: BTreeSet<SessionId>,
    grants: BTreeSet<GrantId>,
}

fn rests_on(proof: Option<&Authentication>, credential: CredentialId) -> bool {
    proof.is_none_or(|proof| proof.credentials.is_empty() || proof.credentials.contains(&credential))
}

fn session_fits(tree: &Tree, target: &Target, far: bool) -> bool {
    let Tree { session, grants } = tree;
    let near = session.kind == Kind::Person || far;
    match target {
        Target::Session(id) => session.id == *id || (far && session.origin == Some(*id)),
        Target::User(user, but) => session.subject.person() == Some(*user) && Some(session.id) != *but,
        Target::Credential(user, id) => {
            session.subject.person() == Some(*user) && rests_on(session.authentication.as_ref(), *id)
        }
        Target::Device(device) => session.source.device == Some(*device) && near,
        Target::Upstream { provider, subject, session: sid } => session.upstream.as_ref().is_some_and(|upstream| {
            upstream.provider == *provider
                && subject.as_ref().is_none_or(|subject| upstream.subject == *subject)
                && (sid.is_none() || upstream.session == *sid)
                && near
        }),
        Target::Filter(filter) => {
            let source = &session.source;
            let inside = match filter.network.as_ref() {
                None => true,
                Some(Network::Name(name)) => source.network.as_ref() == Some(name),
                Some(Network::Addresses(_)) => source.address.as_deref() == Some("192.0.2.1"),
            };
            inside
                && filter.user.is_none_or(|user| session.subject.person() == Some(user))
                && filter.country.as_ref().is_none_or(|country| source.country.as_ref() == Some(country))
                && filter.device.is_none_or(|device| source.device == Some(device))
                && filter.client_id.as_ref().is_none_or(|id| grants.iter().any(|(grant, _)| grant.client_id == *id))
                && filter.created.after.is_none_or(|after| session.created_at >= after)
        }
        _ => false,
    }
}

fn grant_fits(session: &Session, (grant, family): &(Grant, Option<FamilyId>), target: &Target) -> bool {
    let person = session.subject.person();
    match target {
        Target::Grant(id) => grant.id == *id,
        Target::Family(id) => *family == Some(*id),
        Target::Part(id, client) => session.id == *id && grant.client_id == *client,
        Target::App(user, client) => person == Some(*user) && grant.client_id == *client,
        Target::Client(client) => grant.client_id == *client,
        Target::Credential(user, id) => person == Some(*user) && rests_on(grant.authentication.as_ref(), *id),
        _ => false,
    }
}

impl Taken {
    fn by(target: &Target, far: bool, trees: &[Tree], lost: &Lost) -> Self {
        let mut taken = Self { sessions: BTreeSet::new(), grants: BTreeSet::new() };
        for tree in trees.iter().filter(|tree| !lost.sessions.contains(&tree.session.id)) {
            let live = || tree.grants.iter().filter(|(grant, _)| !lost.grants.contains(&grant.id));
            let fits: Vec<_> = live().filter(|grant| grant_fits(&tree.session, grant, target)).collect();
            let whole = session_fits(tree, target, far) || (!fits.is_empty() && tree.session.kind != Kind::Person);
            if whole {
                taken.sessions.insert(tree.session.id);
                taken.grants.extend(live().map(|(grant, _)| grant.id));
            } else {
                taken.grants.extend(fits.iter().map(|(grant, _)| grant.id));
            }
        }
        taken
    }

    fn touched(&self, trees: &[Tree]) -> Touched {
        let mut touched = Touched::default();
        let (mut clients, mut people) = (BTreeSet::new(), BTreeSet::new());
        for tree in trees {
            let ends = self.sessions.contains(&tree.session.id);
            touched.sessions += i64::from(ends);
            let lost: Vec<_> = tree.grants.iter().filter(|(grant, _)| self.grants.contains(&grant.id)).collect();
            if ends || !lost.is_empty() {
                people.extend(tree.session.subject.person());
            }
            for (grant, family) in lost {
                touched.grants += 1;
                touched.families += i64::from(family.is_some());
                clients.insert(&grant.client_id);
            }
        }
        touched.clients = i64::try_from(clients.len()).unwrap();
        touched.people = i64::try_from(people.len()).unwrap();
        touched
    }
}

/// What has ended in the model so far.
#[derive(Default)]
struct Lost {
    sessions: BTreeSet<SessionId>,
    grants: BTreeSet<GrantId>,
}

/// What is alive in the database: sessions, grants, families.
async fn alive(stage: &Stage) -> (BTreeSet<SessionId>, BTreeSet<GrantId>, BTreeSet<FamilyId>) {
    let mut reader = stage.db().read().await.unwrap();
    let sessions = "SELECT id FROM sessions WHERE ended_at IS NULL";
    let grants = "SELECT g.id FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.ended_at IS NULL AND s.ended_at IS NULL";
    let families = "SELECT id FROM refresh_families WHERE ended_at IS NULL";
    let sessions = reader.sql(sessions).all::<(SessionId,)>().await.unwrap();
    let grants = reader.sql(grants).all::<(GrantId,)>().await.unwrap();
    let families = reader.sql(families).all::<(FamilyId,)>().await.unwrap();
    (
        sessions.into_iter().map(|(id,)| id).collect(),
        grants.into_iter().map(|(id,)| id).collect(),
        families.into_iter().map(|(id,)| id).collect(),
    )
}

async fn ends_are_exact(engine: Engine) {
    let stage = Stage::on(engine).await;
    let people = [stage.person("ann").await, stage.person("ben").await];
    for id in CLIENTS {
        stage.client(id, json!({"skip_consent": true})).await;
    }
    for seed in 0..3 {
        let forest = Forest::new(&stage, seed, &people).await;
        let mut lost = Lost::default();
        for turn in 0..17 {
            let target = forest.target(turn);
            let (reason, by) = *any(
                &forest.dice,
                &[
                    (EndReason::Logout, Initiator::User),
                    (EndReason::Admin, Initiator::Admin),
                    (EndReason::Theft, Initiator::System),
                ],
            );
            let far = reason != EndReason::Logout;
            let told = format!("{engine:?} seed {seed} turn {turn}: {target:?} {reason:?}");
            let taken = Taken::by(&target, far, &forest.trees, &lost);
            let (touched, sids) = ending::preview(&stage.authority, &target, reason, by).await.unwrap();
            assert_eq!(touched, taken.touched(&forest.trees), "preview of {told}");
            let newest: Vec<_> = taken.sessions.iter().rev().take(50).copied().collect();
            assert_eq!(sids, newest, "preview of {told}");
            let ended = ending::revoke(&stage.authority, target, reason, by).await.unwrap();
            assert_eq!(ended.sessions, taken.sessions.len(), "{told}");
            lost.sessions.extend(taken.sessions);
            lost.grants.extend(taken.grants);
            let trees = forest.trees.iter();
            let sessions: BTreeSet<_> =
                trees.clone().map(|tree| tree.session.id).filter(|id| !lost.sessions.contains(id)).collect();
            let live =
                || trees.clone().flat_map(|tree| &tree.grants).filter(|(grant, _)| !lost.grants.contains(&grant.id));
            let grants: BTreeSet<_> = live().map(|(grant, _)| grant.id).collect();
            let families: BTreeSet<_> = live().filter_map(|(_, family)| *family).collect();
            assert_eq!(alive(&stage).await, (sessions, grants, families), "{told}");
        }
        stage.verify().await;
        for user in people {
            ending::revoke(&stage.authority, Target::User(user, None), EndReason::Admin, Initiator::Admin)
                .await
                .unwrap();
        }
        stage.advance(10);
    }
    stage.verify().await;
}

/// More sessions than one write may end, by the count of one and a half writes for the grants too.
async fn crowd(stage: &Stage, user: UserId) -> usize {
    let forest = Forest::new(stage, 99, &[user]).await;
    let now = stage.clock.now();
    let many = 900;
    for _ in 0..many {
        let limits = Limits { idle: Duration::hours(1), absolute: Duration::hours(24) };
        let session =
            Session::begin(SessionId::new(now, &forest.dice), user, forest.proof(now), Source::default(), limits);
        let mut grant = forest.grant(&session);
        grant.0.client_id = "one".into();
        forest.plant(&Tree { session, grants: vec![grant] }).await;
    }
    many
}

async fn a_large_end_is_whole(engine: Engine) {
    let stage = Stage::on(engine).await;
    let user = stage.person("ann").await;
    for id in CLIENTS {
        stage.client(id, json!({"skip_consent": true})).await;
    }
    crowd(&stage, user).await;
    let under_way = "SELECT COUNT(*) FROM revocations";
    let count = async |sql| stage.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap();
    let client = Target::Client("one".into());
    let (touched, _) =
        ending::preview(&stage.authority, &client, EndReason::ClientRemoved, Initiator::Admin).await.unwrap();
    let ended = ending::revoke(&stage.authority, client, EndReason::ClientRemoved, Initiator::Admin).await.unwrap();
    assert_eq!(i64::try_from(ended.grants).unwrap(), touched.grants);
    assert!(ended.grants >= 900);
    assert_eq!(count(under_way).await, 0, "what is done is forgotten");
    assert_eq!(
        count("SELECT COUNT(*) FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.client_id = 'one' AND g.ended_at IS NULL AND s.ended_at IS NULL").await,
        0
    );

    // Whoever was at it is gone after its first write.
    let (now, end) = (stage.clock.now(), EndReason::Admin);
    let (scribe, target) = (Scribe::new(now, stage.authority.entropy.clone()), Target::User(user, None));
    let end = End { at: now, reason: end, initiator: Initiator::Admin };
    let begun = stage.db().write(async move |tx| ending::begin(tx, target, end, &scribe).await).await.unwrap();
    drop(begun);
    let open = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL";
    let left = count(open).await;
    assert!(left > 0 && count(under_way).await == 1);
    assert!(!ending::resume(&stage.authority).await.unwrap(), "somebody may still be at it");
    stage.advance(31);
    assert!(ending::resume(&stage.authority).await.unwrap());
    assert_eq!((count(open).await, count(under_way).await), (0, 0));
    assert!(!ending::resume(&stage.authority).await.unwrap());
    stage.verify().await;
}

/// Of several ends in one write the first goes as far as it can, and the others are remembered.
async fn several_ends_of_one_write_are_whole(engine: Engine) {
    let stage = Stage::on(engine).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three", "unrelated"] {
        ids.push((stage.person(name).await, stage.sign_in(name).await.id));
    }
    let now = stage.clock.now();
    let end = End { at: now, reason: EndReason::Admin, initiator: Initiator::Admin };
    let (scribe, ends) = (Scribe::new(now, stage.authority.entropy.clone()), ids[..3].to_vec());
    let written = stage.db().write(async move |tx| {
        let targets = ends.into_iter().map(|(user, _)| Target::User(user, None));
        ending::begin_all(tx, targets, &end, &scribe).await
    });
    drop(written.await.unwrap());
    let open = async || {
        let mut open = Vec::new();
        for (_, id) in &ids {
            let found = store::session::by_id(stage.db(), *id).await.unwrap().unwrap();
            open.push(found.is_open(stage.clock.now()));
        }
        open
    };
    assert_eq!(open().await, [false, true, true, true]);
    stage.advance(31);
    assert!(ending::resume(&stage.authority).await.unwrap() && ending::resume(&stage.authority).await.unwrap());
    assert_eq!(open().await, [false, false, false, true]);
    assert!(!ending::resume(&stage.authority).await.unwrap());
    stage.verify().await;
}

macro_rules! on_each_engine {
    ($($name:ident)*) => {$(
        mod $name {
            use super::Engine;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$name(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$name(Engine::Postgres).await;
            }
        }
    )*};
}

on_each_engine! {
    ends_are_exact
    a_large_end_is_whole
    several_ends_of_one_write_are_whole
}
