//! Recovery: forgotten passwords, changes of address that both addresses confirm, mailed codes, invitations, and what an
//! admin does meanwhile. Links and codes work as long as the model says, once; nobody comes in by one who needs more.

use std::collections::BTreeSet;

use doorward::base::clock::{Clock, Time};
use doorward::flows::mail::{Sent, mailbox};
use doorward::protocol::acr::{MAIL, MFA, PASSWORD as LEVEL};
use doorward::store;
use serde_json::json;

use super::steps::{Act, acts};
use super::walk;
use crate::admin::id_of;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::factors::{App, add_app};
use crate::stage::PASSWORD;
use crate::upstream::api;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Reset,
    Leave,
    Take,
    Invitation,
}

/// A link as the model knows it.
#[derive(Clone, Debug)]
struct Link {
    kind: Kind,
    url: String,
    good_to: Time,
    /// The change of address that it belongs to.
    change: usize,
    /// Where that leads.
    address: String,
    over: bool,
}

/// A mailed code with its page and browser.
struct Code {
    browser: Browser,
    page: Answer,
    digits: String,
    good_to: Time,
    over: bool,
}

struct Walk {
    world: World,
    alice: String,
    carol: String,
    app: Option<App>,
    passwords: Vec<String>,
    address: String,
    /// Whether carol has chosen a password by now.
    arrived: bool,
    links: Vec<Link>,
    codes: Vec<Code>,
    changes: usize,
    seen: BTreeSet<String>,
    /// Browsers that held a session which has ended since.
    gone: Vec<Browser>,
    inside: Vec<Browser>,
}

const ADDRESSES: [&str; 3] = ["alice@example.com", "second@example.com", "third@example.com"];

impl Walk {
    async fn begin(world: World, with_app: bool) -> Self {
        let app = if with_app {
            let browser = world.browser();
            browser.sign_in("alice").await;
            Some(add_app(&world, &browser).await)
        } else {
            None
        };
        let api = api(&world).await;
        let carol = api.post("/users", json!({"username": "carol", "email": "carol@example.com"})).await.is(201).json();
        let alice = id_of(&api, "alice").await;
        Self {
            carol: carol["id"].as_str().unwrap().to_owned(),
            world,
            alice,
            app,
            passwords: vec![PASSWORD.to_owned()],
            address: ADDRESSES[0].to_owned(),
            arrived: false,
            links: Vec::new(),
            codes: Vec::new(),
            changes: 0,
            seen: BTreeSet::new(),
            gone: Vec::new(),
            inside: Vec::new(),
        }
    }

    fn now(&self) -> Time {
        self.world.clock.now()
    }

    fn password(&self) -> &str {
        self.passwords.last().unwrap()
    }

    /// A password that nobody had.
    fn another(&self) -> String {
        format!("velvet anchors drift {} quietly", self.passwords.len())
    }

    /// What was mailed since anybody last looked. All mails are read: those of one moment are in no order.
    async fn news(&mut self) -> Vec<Sent> {
        let mails = mailbox(&self.world.authority, 1_000).await.unwrap();
        mails.into_iter().filter(|mail| self.seen.insert(format!("{} {}", mail.to, mail.text))).collect()
    }

    fn is_good(&self, link: &Link) -> bool {
        !link.over && self.now() < link.good_to
    }

    fn end(&mut self, of: impl Fn(&Link) -> bool) {
        self.links.iter_mut().filter(|link| of(link)).for_each(|link| link.over = true);
    }

    /// Every session that the model knows of has ended.
    fn end_sessions(&mut self) {
        self.gone.append(&mut self.inside);
    }

    /// Alice has another address: nothing that was mailed before opens anything.
    fn moved(&mut self, address: String) {
        self.address = address;
        self.end(|link| link.kind != Kind::Invitation);
        self.codes.iter_mut().for_each(|code| code.over = true);
    }

    /// Keeps the links that came; `kinds` are those that this step may bring.
    async fn learn(&mut self, kinds: &[(Kind, &str, i64)], address: &str) {
        let now = self.now();
        for mail in self.news().await {
            let Some((kind, _, life)) = kinds.iter().find(|(_, subject, _)| mail.subject == *subject) else {
                assert!(!mail.text.contains("token="), "a link that nobody asked for: {}", mail.subject);
                continue;
            };
            let url = mail.text.lines().find(|line| line.contains("token=")).unwrap().to_owned();
            let good_to = now + chrono::TimeDelta::seconds(*life);
            let link =
                Link { kind: *kind, url, good_to, change: self.changes, address: address.to_owned(), over: false };
            let kind = *kind;
            self.end(|other| other.kind == kind);
            self.links.push(link);
        }
    }

    /// Signs in with a new browser; whether it got in.
    async fn sign_in(&mut self, password: &str) -> Option<Browser> {
        let browser = self.world.browser();
        let page = browser.open("/login").await;
        let answer = browser.log_in(&page, "alice", password).await;
        let fits = answer.status == 303;
        assert_eq!(fits, password == self.password(), "only the last password fits");
        if !fits {
            self.world.advance(3_601);
            return None;
        }
        if let Some(app) = &self.app {
            assert!(browser.cookie("doorward-session").is_none(), "one factor opened a session");
            let page = browser.follow(answer).await;
            let answer = browser.submit(&page, "/login/factor", &[("code", &app.code(&self.world))]).await;
            assert_eq!(answer.is(303).location().path(), "/account");
            self.world.advance(30);
        }
        assert_eq!(browser.get("/account").await.status, 200);
        Some(browser)
    }

    async fn follow(&mut self, at: usize, weak: bool) {
        if self.links.is_empty() {
            return;
        }
        let at = at % self.links.len();
        let (link, good) = (self.links[at].clone(), self.is_good(&self.links[at]));
        let browser = self.world.browser();
        let page = browser.open(&link.url).await;
        assert_eq!(page.status.as_u16(), if good { 200 } else { 410 }, "{link:?}");
        let sets = matches!(link.kind, Kind::Reset | Kind::Invitation);
        if !good || weak && !sets {
            return;
        }
        let typed = if weak { "password".to_owned() } else { self.another() };
        let answer = if sets {
            browser.submit(&page, "/password/reset", &[("new_password", &typed)]).await
        } else {
            browser.submit(&page, "/email/confirm", &[]).await
        };
        assert!(browser.cookie("doorward-session").is_none(), "a link signs nobody in");
        if weak {
            answer.is(400);
            return;
        }
        answer.is(200);
        self.links[at].over = true;
        match link.kind {
            Kind::Reset => self.set(typed),
            Kind::Invitation => self.arrived = true,
            Kind::Leave | Kind::Take => self.confirm(&link),
        }
        browser.open(&link.url).await.is(410);
    }

    /// The password was set by a link: everything ends, and so does a change of address.
    fn set(&mut self, password: String) {
        self.passwords.push(password);
        self.end(|link| link.kind != Kind::Invitation);
        self.end_sessions();
    }

    fn confirm(&mut self, link: &Link) {
        let other = self.links.iter().filter(|other| other.change == link.change && other.kind != link.kind);
        let both = other.filter(|other| matches!(other.kind, Kind::Leave | Kind::Take)).all(|other| other.over);
        if both {
            self.moved(link.address.clone());
        }
    }

    async fn ask_to_change(&mut self, to: usize) {
        let password = self.password().to_owned();
        let browser = self.sign_in(&password).await.unwrap();
        let address = ADDRESSES[to];
        self.news().await;
        let page = browser.open("/account/email").await;
        let answer = browser.submit(&page, "/account/email", &[("email", address)]).await;
        if answer.status == 200 {
            self.changes += 1;
            self.end(|link| matches!(link.kind, Kind::Leave | Kind::Take));
            let kinds = [
                (Kind::Leave, "Your mail address is to be changed", 86_400),
                (Kind::Take, "Confirm your new mail address", 86_400),
            ];
            self.learn(&kinds, address).await;
        } else {
            assert!(address == self.address || answer.status == 429, "{}", answer.status);
        }
        self.inside.push(browser);
    }

    async fn ask_for_code(&mut self) {
        self.news().await;
        let browser = self.world.browser();
        let page = browser.open("/login/code").await;
        let page = browser.submit(&page, "/login/code", &[("username", "alice")]).await;
        page.is(200);
        let Some(mail) = self.news().await.into_iter().find(|mail| mail.subject == "Your code to sign in") else {
            return;
        };
        assert!(self.app.is_none(), "whoever holds a second factor gets no code");
        assert_eq!(mail.to, self.address);
        let is_code = |line: &&str| line.len() == 8 && line.bytes().all(|c| c.is_ascii_digit());
        let digits = mail.text.lines().map(str::trim).find(is_code).unwrap().to_owned();
        let good_to = self.now() + chrono::TimeDelta::minutes(10);
        self.codes.push(Code { browser, page, digits, good_to, over: false });
    }

    async fn enter_code(&mut self, at: usize, right: bool) {
        if self.codes.is_empty() {
            return;
        }
        let (at, now) = (at % self.codes.len(), self.now());
        let Code { browser, page, digits, good_to, over } = &mut self.codes[at];
        let good = right && !*over && now < *good_to;
        browser.forget("doorward-session");
        let typed = if right { digits.clone() } else { "00000000".into() };
        let answer = browser.submit(page, "/login/code", &[("code", &typed)]).await;
        let inside = browser.cookie("doorward-session").is_some();
        assert_eq!(inside, good, "{} to {}", answer.status, answer.url);
        *over |= good;
        if !inside {
            // Nobody waits because of it.
            self.world.advance(3_601);
        }
    }

    async fn admin(&mut self, act: &Act) {
        // A token of an hour ago is no token.
        let api = api(&self.world).await;
        match act {
            Act::AdminSetsAddress(to) => {
                let patch = json!({"email": ADDRESSES[*to], "email_verified": true});
                api.patch(&format!("/users/{}", self.alice), patch).await.ok();
                if ADDRESSES[*to] != self.address {
                    self.moved(ADDRESSES[*to].to_owned());
                }
            }
            Act::AdminSetsPassword => {
                let new = self.another();
                api.put(&format!("/users/{}/password", self.alice), json!({"password": new})).await.is(204);
                self.passwords.push(new);
                self.end(|link| link.kind == Kind::Reset);
                self.end_sessions();
            }
            _ => {
                self.news().await;
                let answer = api.post(&format!("/users/{}/invitation", self.carol), json!({})).await;
                assert_eq!(answer.status.as_u16(), if self.arrived { 409 } else { 204 });
                self.learn(&[(Kind::Invitation, "Your account is ready", 604_800)], "carol@example.com").await;
            }
        }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Forget => {
                self.news().await;
                let browser = self.world.browser();
                let page = browser.open("/password/forgot").await;
                browser.submit(&page, "/password/forgot", &[("email", &self.address)]).await.is(200);
                self.learn(&[(Kind::Reset, "Set a new password", 900)], "").await;
            }
            Act::Follow(at) => self.follow(*at, false).await,
            Act::FollowWeakly(at) => self.follow(*at, true).await,
            Act::AskToChange(to) => self.ask_to_change(*to).await,
            Act::AskForCode => self.ask_for_code().await,
            Act::EnterCode(at) => self.enter_code(*at, true).await,
            Act::EnterWrongCode(at) => self.enter_code(*at, false).await,
            Act::SignIn => {
                let password = self.password().to_owned();
                let browser = self.sign_in(&password).await.unwrap();
                self.inside.push(browser);
            }
            Act::SignInAsBefore(at) => {
                let password = self.passwords[*at % self.passwords.len()].clone();
                let browser = self.sign_in(&password).await;
                self.inside.extend(browser);
            }
            Act::Wait(seconds) => self.world.advance(*seconds),
            _ => self.admin(act).await,
        }
    }

    /// What holds after every step.
    async fn look(&self) {
        let alice = store::user::by_username(self.world.db(), "alice").await.unwrap().unwrap();
        assert_eq!(alice.email(), Some(self.address.as_str()));
        let levels: &[&str] = if self.app.is_some() { &[MFA] } else { &[LEVEL, MAIL] };
        for session in store::session::open_of_user(self.world.db(), alice.id, self.now()).await.unwrap() {
            let proof = session.authentication.unwrap();
            assert!(levels.contains(&proof.acr.as_str()), "{proof:?}");
            assert_eq!(proof.acr == MAIL, proof.credentials.is_empty(), "{proof:?}");
        }
        for browser in &self.gone {
            assert_eq!(browser.get("/account").await.status, 303, "a session outlived what it came from");
        }
    }
}

async fn go(world: World, (with_app, acts): (bool, Vec<Act>)) {
    let mut walk = Box::pin(Walk::begin(world, with_app)).await;
    for act in &acts {
        Box::pin(walk.act(act)).await;
        walk.look().await;
        walk.gone.clear();
    }
    walk.world.finish().await;
}

#[test]
fn no_walk_recovers_more_than_it_should() {
    walk(crate::mail_code::offered, &acts(), go);
}
