//! Linking: people here, accounts at two providers, browsers and tabs of any age. Who is known by what changes by a link of
//! its own person in its own session, by taking it away, and by a stranger's first sign-in, and by nothing else.

use std::collections::BTreeMap;

use doorward::base::clock::{Clock, Time};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::{Value, json};
use url::Url;

use super::walk;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::upstream::impostor::{Impostor, Says};
use crate::upstream::parameter;
use crate::world::{Setting, World};

#[derive(Clone, Debug)]
enum Act {
    /// A browser signs in by a password.
    SignIn {
        browser: usize,
        person: usize,
    },
    SignOut {
        browser: usize,
    },
    /// A browser comes by an account at a provider.
    Come {
        browser: usize,
        provider: usize,
        subject: usize,
    },
    /// A browser sets out to link a provider, and leaves the tab where it is.
    SetOut {
        browser: usize,
        provider: usize,
    },
    /// A tab that was left comes back, in any browser, with any account there.
    ComeBack {
        tab: usize,
        browser: usize,
        subject: usize,
    },
    Unlink {
        browser: usize,
        link: usize,
    },
    Wait(i64),
}

const PEOPLE: [&str; 2] = ["alice", "bob"];
const SUBJECTS: [&str; 3] = ["ann", "ben", "cam"];
const BROWSERS: usize = 3;

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (browser, provider, subject) = (0..BROWSERS, 0_usize..2, 0..SUBJECTS.len());
    let act = prop_oneof![
        3 => (browser.clone(), 0..PEOPLE.len()).prop_map(|(browser, person)| Act::SignIn { browser, person }),
        1 => browser.clone().prop_map(|browser| Act::SignOut { browser }),
        2 => (browser.clone(), provider.clone(), subject.clone())
            .prop_map(|(browser, provider, subject)| Act::Come { browser, provider, subject }),
        4 => (browser.clone(), provider).prop_map(|(browser, provider)| Act::SetOut { browser, provider }),
        5 => (any::<usize>(), browser.clone(), subject)
            .prop_map(|(tab, browser, subject)| Act::ComeBack { tab, browser, subject }),
        2 => (browser, any::<usize>()).prop_map(|(browser, link)| Act::Unlink { browser, link }),
        2 => prop_oneof![Just(1), Just(200), Just(400), Just(1_900)].prop_map(Act::Wait),
    ];
    vec(act, 20..45)
}

/// A tab at a provider.
struct Tab {
    /// Where it was sent.
    address: Url,
    provider: usize,
    browser: usize,
    /// Whose session, and which one.
    person: String,
    session: usize,
    born: Time,
    over: bool,
}

/// A browser's session as the model knows it.
#[derive(Clone)]
struct Inside {
    person: String,
    number: usize,
    proved: Time,
}

struct Walk {
    world: World,
    providers: [Impostor; 2],
    browsers: Vec<Browser>,
    inside: Vec<Option<Inside>>,
    tabs: Vec<Tab>,
    /// (provider, subject) → person.
    known: BTreeMap<(usize, usize), String>,
    sessions: usize,
    newcomers: usize,
}

impl Walk {
    async fn begin(world: World) -> Self {
        let providers =
            [Impostor::join(&world, "one", json!({})).await, Impostor::join(&world, "two", json!({})).await];
        let browsers = (0..BROWSERS).map(|_| world.browser()).collect();
        Self {
            world,
            providers,
            browsers,
            inside: vec![None; BROWSERS],
            tabs: Vec::new(),
            known: BTreeMap::new(),
            sessions: 0,
            newcomers: 0,
        }
    }

    fn now(&self) -> Time {
        self.world.clock.now()
    }

    fn is_fresh(&self, browser: usize, seconds: i64) -> bool {
        self.inside[browser].as_ref().is_some_and(|inside| (self.now() - inside.proved).num_seconds() <= seconds)
    }

    /// From now on the provider speaks of this account, and of this moment.
    fn speak(&self, provider: usize, subject: usize) {
        let (sub, now) = (json!(SUBJECTS[subject]), json!(self.now().timestamp()));
        let later = json!(self.now().timestamp() + 300);
        let claims = [("sub", sub.clone()), ("iat", now.clone()), ("auth_time", now), ("exp", later)];
        let userinfo = [("sub", sub), ("email", Value::Null)];
        self.providers[provider].says(Says { claims: claims.into(), userinfo: userinfo.into(), ..Says::default() });
    }

    /// The browser signs in as this person: the same person goes on in the same session.
    fn enter(&mut self, browser: usize, person: String) {
        let proved = self.now();
        let number = match &self.inside[browser] {
            Some(inside) if inside.person == person => inside.number,
            _ => {
                self.sessions += 1;
                self.sessions
            }
        };
        self.inside[browser] = Some(Inside { person, number, proved });
    }

    async fn sign_in(&mut self, browser: usize, person: usize) {
        let page = self.browsers[browser].get("/login?switch=1").await;
        self.browsers[browser].log_in(page.is(200), PEOPLE[person], crate::stage::PASSWORD).await.is(303);
        self.enter(browser, PEOPLE[person].to_owned());
    }

    async fn come(&mut self, browser: usize, (provider, subject): (usize, usize)) {
        self.speak(provider, subject);
        let answer = self.providers[provider].round_trip(&self.browsers[browser]).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        // Who is new becomes a person, as often as they are new.
        self.newcomers += 1;
        let fresh = format!("newcomer {}", self.newcomers);
        let person = self.known.entry((provider, subject)).or_insert(fresh).clone();
        self.enter(browser, person);
    }

    async fn set_out(&mut self, browser: usize, provider: usize) {
        let Some(inside) = self.inside[browser].clone() else { return };
        let fresh = self.is_fresh(browser, 300);
        let answer = crate::upstream::linking::ask(&self.browsers[browser], self.providers[provider].id).await;
        let address = answer.is(303).location();
        assert_eq!(address.path() == "/authorize", fresh, "{address}");
        if fresh {
            let tab = Tab {
                address,
                provider,
                browser,
                person: inside.person,
                session: inside.number,
                born: self.now(),
                over: false,
            };
            self.tabs.push(tab);
        }
    }

    async fn come_back(&mut self, tab: usize, browser: usize, subject: usize) {
        if self.tabs.is_empty() {
            return;
        }
        let at = tab % self.tabs.len();
        let (provider, address) = (self.tabs[at].provider, self.tabs[at].address.clone());
        self.speak(provider, subject);
        self.providers[provider].expect(&address);
        let state = parameter(&address, "state");
        let answer: Answer = self.providers[provider].come_back(&self.browsers[browser], &state).await;
        let tab = &self.tabs[at];
        let young = (self.now() - tab.born).num_seconds() < 1_800;
        let heard = !tab.over && young && tab.browser == browser;
        let inside = self.inside[browser].as_ref();
        let same = inside.is_some_and(|inside| inside.person == tab.person && inside.number == tab.session);
        let (person, fresh) = (tab.person.clone(), self.is_fresh(browser, 600));
        let holder = self.known.get(&(provider, subject));
        let free = holder.is_none_or(|holder| *holder == person);
        let linked = heard && same && fresh && free;
        let told = answer.status == 303 && answer.location().as_str().contains("linked");
        assert_eq!(told, linked, "{} {:?}", answer.status, answer.headers.get("location"));
        // Whoever was heard out used the tab up, linked or not.
        self.tabs[at].over |= heard;
        if linked {
            self.known.insert((provider, subject), person);
        }
    }

    async fn unlink(&mut self, browser: usize, link: usize) {
        let Some(inside) = self.inside[browser].clone() else { return };
        let own: Vec<_> =
            self.known.iter().filter(|(_, person)| **person == inside.person).map(|(key, _)| *key).collect();
        let page = self.browsers[browser].get("/account/identities").await;
        let rows: Vec<_> = page
            .is(200)
            .body
            .split("action=\"/account/identities/")
            .skip(1)
            .map(|form| form.split('"').next().unwrap())
            .filter(|path| path.ends_with("/remove"))
            .map(|path| format!("/account/identities/{path}"))
            .collect();
        assert_eq!(rows.len(), own.len(), "{own:?}");
        if own.is_empty() {
            return;
        }
        let path = &rows[link % rows.len()];
        let id = path.split('/').nth(3).unwrap().to_owned();
        let key = self.rows().await.into_iter().find(|(_, row)| row.2 == id).map(|(key, _)| key).unwrap();
        let answer = self.browsers[browser].submit(&page, path, &[]).await;
        let has_password = PEOPLE.contains(&inside.person.as_str());
        if !self.is_fresh(browser, 300) {
            assert_eq!(answer.is(303).location().path(), "/login");
        } else if has_password || own.len() > 1 {
            assert_eq!(answer.is(303).location().path(), "/account/identities");
            self.known.remove(&key);
        } else {
            answer.is(409);
        }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::SignIn { browser, person } => self.sign_in(*browser, *person).await,
            Act::SignOut { browser } => {
                self.browsers[*browser].forget("doorward-session");
                self.inside[*browser] = None;
            }
            Act::Come { browser, provider, subject } => self.come(*browser, (*provider, *subject)).await,
            Act::SetOut { browser, provider } => self.set_out(*browser, *provider).await,
            Act::ComeBack { tab, browser, subject } => self.come_back(*tab, *browser, *subject).await,
            Act::Unlink { browser, link } => self.unlink(*browser, *link).await,
            Act::Wait(seconds) => {
                self.world.advance(*seconds);
                // A session that nobody used for an hour is over; none waits so long here.
                for browser in 0..BROWSERS {
                    if self.inside[browser].is_some() {
                        self.browsers[browser].get("/account").await.is(200);
                    }
                }
            }
        }
    }

    /// Who is known by what, as the database has it: the person's name and the link's id.
    async fn rows(&self) -> BTreeMap<(usize, usize), (String, String, String)> {
        let sql =
            "SELECT i.issuer, i.subject, u.username, u.id, i.id FROM identities i JOIN users u ON u.id = i.user_id";
        let mut reader = self.world.db().read().await.unwrap();
        let rows = reader.sql(sql).all::<(String, String, String, uuid::Uuid, uuid::Uuid)>().await.unwrap();
        let place = |issuer: &str, subject: &str| {
            let provider = self.providers.iter().position(|own| own.issuer == issuer).unwrap();
            (provider, SUBJECTS.iter().position(|own| *own == subject).unwrap())
        };
        let row = |(issuer, subject, name, user, id): (String, String, String, uuid::Uuid, uuid::Uuid)| {
            (place(&issuer, &subject), (name, user.to_string(), id.to_string()))
        };
        rows.into_iter().map(row).collect()
    }

    /// The model and the database know the same people by the same accounts.
    async fn look(&self) {
        let rows = self.rows().await;
        assert_eq!(rows.keys().collect::<Vec<_>>(), self.known.keys().collect::<Vec<_>>());
        let mut met: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, person) in &self.known {
            let (name, user, _) = &rows[key];
            let is_old = PEOPLE.contains(&person.as_str());
            assert!(!is_old && !PEOPLE.contains(&name.as_str()) || name == person, "{key:?}: {name}, not {person}");
            assert_eq!(*met.entry(person.as_str()).or_insert(user), user.as_str(), "one person of the model is two");
        }
        let mut people: Vec<_> = met.values().collect();
        people.sort();
        people.dedup();
        assert_eq!(people.len(), met.len(), "two people of the model are one");
    }
}

async fn go(world: World, acts: Vec<Act>) {
    let mut walk = Box::pin(Walk::begin(world)).await;
    for act in &acts {
        Box::pin(walk.act(act)).await;
        walk.look().await;
    }
    walk.world.finish().await;
}

#[test]
fn no_walk_makes_somebody_known_as_somebody_else() {
    walk(Setting::default, &acts(), go);
}
