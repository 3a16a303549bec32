//! What comes from what: random sessions, grants and families, ended by every kind of target on both engines, against a
//! model that knows only the rules.

use std::collections::BTreeSet;

use doorward::base::clock::{Clock, Time};
use doorward::base::duration::Duration;
use doorward::base::entropy::{Entropy, SeededEntropy, draw};
use doorward::base::id::{CredentialId, DeviceId, FamilyId, GrantId, SessionId, UserId};
use doorward::base::secret::Digest;
use doorward::domain::event::{EventName, Scribe};
use doorward::domain::filter::{Filter, Network, Span};
use doorward::domain::grant::Grant;
use doorward::domain::policy::Limits;
use doorward::domain::refresh::Family;
use doorward::domain::revocation::{EndReason, Initiator, Target, Touched};
use doorward::domain::session::{Authentication, Kind, Session, Source, Upstream};
use doorward::flows::ending;
use doorward::store;
use serde_json::json;

use crate::stage::{Engine, Stage};

const CLIENTS: [&str; 3] = ["one", "two", "three"];

/// One session of the model with its grants; each grant has one family or none.
struct Tree {
    session: Session,
    grants: Vec<(Grant, Option<FamilyId>)>,
}

struct Forest<'a> {
    stage: &'a Stage,
    dice: SeededEntropy,
    people: Vec<UserId>,
    credentials: Vec<CredentialId>,
    devices: Vec<DeviceId>,
    trees: Vec<Tree>,
}

fn any<'a, T>(dice: &dyn Entropy, of: &'a [T]) -> &'a T {
    &of[usize::from(draw::<1>(dice)[0]) % of.len()]
}

fn chance(dice: &dyn Entropy, of_ten: u8) -> bool {
    draw::<1>(dice)[0] % 10 < of_ten
}

impl<'a> Forest<'a> {
    async fn new(stage: &'a Stage, seed: u64, people: &[UserId]) -> Self {
        let dice = SeededEntropy::new(seed);
        let now = stage.clock.now();
        let credentials = (0..3).map(|_| CredentialId::new(now, &dice)).collect();
        let devices = (0..3).map(|turn| DeviceId::of(&format!("{seed} {turn}"))).collect();
        let mut forest = Self { stage, dice, people: people.to_vec(), credentials, devices, trees: Vec::new() };
        for _ in 0..12 {
            forest.grow().await;
        }
        forest
    }

    /// A proof with one credential, two, or nobody knows which.
    fn proof(&self, at: Time) -> Authentication {
        let mut credentials: Vec<_> =
            (0..draw::<1>(&self.dice)[0] % 3).map(|_| *any(&self.dice, &self.credentials)).collect();
        credentials.sort_unstable();
        credentials.dedup();
        Authentication { at, acr: "a".into(), amr: vec!["pwd".into()], credentials }
    }

    /// A person's session, grants in it on other proofs than its last one, and sessions that were split off.
    async fn grow(&mut self) {
        let now = self.stage.clock.now();
        let source = Source {
            device: chance(&self.dice, 7).then(|| *any(&self.dice, &self.devices)),
            country: chance(&self.dice, 7).then(|| (*any(&self.dice, &["CH", "JP"])).to_owned()),
            address: chance(&self.dice, 7)
                .then(|| (*any(&self.dice, &["192.0.2.1", "192.0.2.200", "2001:db8::1"])).to_owned()),
            network: chance(&self.dice, 5).then(|| "Example Telecom".to_owned()),
            ..Source::default()
        };
        let limits = Limits { idle: Duration::hours(1), absolute: Duration::hours(24) };
        let (id, user) = (SessionId::new(now, &self.dice), *any(&self.dice, &self.people));
        let mut session = Session::begin(id, user, self.proof(now), source, limits);
        session.upstream = chance(&self.dice, 5).then(|| Upstream {
            provider: "idp".into(),
            subject: (*any(&self.dice, &["x", "y"])).into(),
            session: chance(&self.dice, 5).then(|| (*any(&self.dice, &["s1", "s2"])).into()),
        });
        let grants = (0..draw::<1>(&self.dice)[0] % 4).map(|_| self.grant(&session)).collect();
        let mut grown = vec![Tree { session: session.clone(), grants }];
        for _ in 0..draw::<1>(&self.dice)[0] % 3 {
            let proof = self.proof(now);
            let left =
                session.leave_behind(SessionId::new(now, &self.dice), Some(proof.clone()), now, Duration::days(30));
            let (grant, family) = self.grant(&left);
            grown.push(Tree { session: left, grants: vec![(Grant { authentication: Some(proof), ..grant }, family)] });
        }
        for tree in grown {
            self.plant(&tree).await;
            self.trees.push(tree);
        }
    }

    fn grant(&self, session: &Session) -> (Grant, Option<FamilyId>) {
        let now = session.created_at;
        let grant = Grant {
            id: GrantId::new(now, &self.dice),
            session: session.id,
            client_id: (*any(&self.dice, &CLIENTS)).into(),
            scope: "openid".parse().unwrap(),
            resources: Vec::new(),
            claims: Default::default(),
            authentication: Some(self.proof(now)),
            created_at: now,
            ended: None,
        };
        (grant, chance(&self.dice, 7).then(|| FamilyId::new(now, &self.dice)))
    }

    async fn plant(&self, tree: &Tree) {
        let (session, grants) = (tree.session.clone(), tree.grants.clone());
        let now = session.created_at;
        let scribe = Scribe::new(now, self.stage.authority.entropy.clone());
        let secret = (session.kind == Kind::Person).then(|| Digest::of(&session.id.to_string()));
        let written = self.stage.db().write(async move |tx| {
            store::session::insert(tx, &session, secret).await?;
            store::event::record(tx, &scribe.entry(session.id, EventName::Created)).await?;
            for (grant, family) in grants {
                store::grant::insert(tx, &grant).await?;
                let told = scribe.entry(session.id, EventName::Granted).of(&grant.client_id);
                store::event::sample(tx, &told, now - chrono::TimeDelta::hours(1)).await?;
                let Some(id) = family else { continue };
                let family = Family {
                    id,
                    grant: grant.id,
                    generation: 1,
                    previous: None,
                    rotated_at: now,
                    created_at: now,
                    expires_at: session.absolute_end,
                    ended: None,
                };
                store::refresh::insert(tx, &family).await?;
            }
            Ok(())
        });
        written.await.unwrap();
    }

    /// A target of the kind of this turn, most of them among what lives.
    fn target(&self, turn: usize) -> Target {
        let dice = &self.dice;
        let tree = any(dice, &self.trees);
        let grants: Vec<_> = self.trees.iter().flat_map(|tree| &tree.grants).collect();
        let (person, client) = (*any(dice, &self.people), (*any(dice, &CLIENTS)).to_owned());
        let upstream = |subject: Option<&str>, session: Option<&str>| Target::Upstream {
            provider: "idp".into(),
            subject: subject.map(str::to_owned),
            session: session.map(str::to_owned),
        };
        let filter = |filter| Target::Filter(Box::new(filter));
        match turn {
            0 => Target::Grant(any(dice, &grants).0.id),
            1 => any(dice, &grants).1.map_or(Target::Session(tree.session.id), Target::Family),
            2 => Target::Session(tree.session.id),
            3 => Target::Part(tree.session.id, client),
            4 => Target::App(person, client),
            5 => Target::Credential(person, *any(dice, &self.credentials)),
            6 => Target::Device(*any(dice, &self.devices)),
            7 => upstream(Some(*any(dice, &["x", "y"])), None),
            8 => upstream(Some(*any(dice, &["x", "y"])), Some(*any(dice, &["s1", "s2"]))),
            9 => upstream(None, Some(*any(dice, &["s1", "s2"]))),
            10 => filter(Filter { country: Some("CH".into()), client_id: Some(client), ..Filter::default() }),
            11 => filter(Filter { network: Some(Network::parse("192.0.2.0/25")), ..Filter::default() }),
            12 => filter(Filter {
                network: Some(Network::parse("Example Telecom")),
                user: Some(person),
                ..Filter::default()
            }),
            13 => {
                let created = Span { after: Some(tree.session.created_at), before: None };
                filter(Filter { device: tree.session.source.device, created, ..Filter::default() })
            }
            14 => Target::User(person, Some(tree.session.id)),
            15 => Target::Client(client),
            _ => Target::User(person, None),
        }
    }
}

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
    let forest = Forest { people: vec![user], ..Forest::new(stage, 99, &[user]).await };
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
    let end = doorward::domain::revocation::End { at: now, reason: end, initiator: Initiator::Admin };
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
}
