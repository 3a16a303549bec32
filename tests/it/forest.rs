//! A forest to end things in: random sessions of people with grants and families, and what was split off from them.

use chrono::TimeDelta;
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
use doorward::domain::revocation::Target;
use doorward::domain::session::{Authentication, Kind, Session, Source, Upstream};
use doorward::protocol::claims_request::ClaimNames;
use doorward::store;

use crate::stage::Stage;

pub const CLIENTS: [&str; 3] = ["one", "two", "three"];

/// One session of the model with its grants; each grant has one family or none.
pub struct Tree {
    pub session: Session,
    pub grants: Vec<(Grant, Option<FamilyId>)>,
}

pub struct Forest<'a> {
    stage: &'a Stage,
    pub dice: SeededEntropy,
    pub people: Vec<UserId>,
    credentials: Vec<CredentialId>,
    devices: Vec<DeviceId>,
    pub trees: Vec<Tree>,
}

pub fn any<'a, T>(dice: &dyn Entropy, of: &'a [T]) -> &'a T {
    &of[usize::from(draw::<1>(dice)[0]) % of.len()]
}

fn chance(dice: &dyn Entropy, of_ten: u8) -> bool {
    draw::<1>(dice)[0] % 10 < of_ten
}

impl<'a> Forest<'a> {
    pub async fn new(stage: &'a Stage, seed: u64, people: &[UserId]) -> Self {
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
    pub fn proof(&self, at: Time) -> Authentication {
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

    pub fn grant(&self, session: &Session) -> (Grant, Option<FamilyId>) {
        let now = session.created_at;
        let grant = Grant {
            id: GrantId::new(now, &self.dice),
            session: session.id,
            client_id: (*any(&self.dice, &CLIENTS)).into(),
            scope: "openid".parse().unwrap(),
            resources: Vec::new(),
            claims: ClaimNames::default(),
            authentication: Some(self.proof(now)),
            created_at: now,
            ended: None,
        };
        (grant, chance(&self.dice, 7).then(|| FamilyId::new(now, &self.dice)))
    }

    pub async fn plant(&self, tree: &Tree) {
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
                store::event::sample(tx, &told, now - TimeDelta::hours(1)).await?;
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
    pub fn target(&self, turn: usize) -> Target {
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
