//! Random walks over sign-ins, from outside: whatever a browser does in whatever order, with forms of any age, it is never
//! signed in without what is needed, and what works once worked once.

use std::collections::BTreeSet;

use doorward::base::entropy::{Entropy, SeededEntropy, draw};
use doorward::protocol::acr::{self, BOUND, MFA, PASSWORD as LEVEL};

use super::softkey::{Manner, SoftKey};
use super::{App, add_app, add_passkey, options, origin, signed_in};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::stage::PASSWORD;
use crate::world::{World, on_both};

/// One person's browser with every page it ever saw, and what was proved in it, by an account of our own.
struct Walk<'a> {
    world: &'a World,
    browser: Browser,
    pages: Vec<Answer>,
    username: &'static str,
    /// What the sign-in at hand showed.
    password: bool,
    code: bool,
    key: bool,
    dice: SeededEntropy,
}

impl Walk<'_> {
    fn roll(&self, sides: usize) -> usize {
        usize::from(draw::<1>(&self.dice as &dyn Entropy)[0]) % sides
    }

    /// Some page that has a form to this path; any age will do.
    fn page(&self, path: &str) -> Option<usize> {
        let needle = format!("action=\"{path}\"");
        let fits: Vec<usize> = (0..self.pages.len()).filter(|at| self.pages[*at].body.contains(&needle)).collect();
        (!fits.is_empty()).then(|| fits[self.roll(fits.len())])
    }

    async fn keep(&mut self, answer: Answer) {
        let page = self.browser.follow(answer).await;
        self.pages.push(page);
    }

    async fn act(&mut self, phone: &App, key: &mut SoftKey, spent: &mut BTreeSet<String>) {
        match self.roll(9) {
            0 => {
                let page = self.browser.get("/login").await;
                self.keep(page).await;
            }
            1 | 2 => {
                let right = self.roll(3) > 0;
                if let Some(at) = self.page("/login") {
                    let password = if right { PASSWORD } else { "wrong" };
                    let answer = self.browser.log_in(&self.pages[at], self.username, password).await;
                    self.password |= right && answer.status == 303;
                    self.keep(answer).await;
                }
            }
            3 | 4 => {
                let right = self.roll(3) > 0;
                if let Some(at) = self.page("/login/factor") {
                    let code = if right { phone.code(self.world) } else { "000000".into() };
                    let answer = self.browser.submit(&self.pages[at], "/login/factor", &[("code", &code)]).await;
                    let away = answer.status == 303 && answer.location().path() == "/account";
                    if away {
                        assert!(right && spent.insert(code), "a code that was wrong, or used before, let somebody in");
                        self.code = true;
                    }
                    self.keep(answer).await;
                }
            }
            5 => {
                for path in ["/login/passkey", "/login/factor"] {
                    let asks = |page: &Answer| {
                        page.body.contains("data-passkey") && page.body.contains(&format!("action=\"{path}\""))
                    };
                    let Some(at) = self.pages.iter().rposition(asks) else { continue };
                    let answer =
                        key.get(&options(&self.pages[at], path), &Manner::honest(&origin(self.world), "webauthn.get"));
                    let answer = self.browser.submit(&self.pages[at], path, &[("answer", &answer)]).await;
                    self.key |= answer.status == 303 && answer.location().path() == "/account";
                    self.keep(answer).await;
                    break;
                }
            }
            6 => {
                if let Some(at) = self.page("/login/factor") {
                    let fields: &[(&str, &str)] = [&[][..], &[("code", "")], &[("answer", "{}")]][self.roll(3)];
                    let answer = self.browser.submit(&self.pages[at], "/login/factor", fields).await;
                    self.keep(answer).await;
                }
            }
            7 => self.world.advance(30),
            _ => {
                self.browser.forget(super::SESSION);
                (self.password, self.code, self.key) = (false, false, false);
            }
        }
    }

    /// What the database says of the session in this browser.
    async fn level(&self) -> Option<String> {
        let page = self.browser.get("/account").await;
        if page.status != 200 {
            return None;
        }
        let answer = self.browser.get(&format!("/gateway/check?acr_values={MFA}")).await;
        let high = self.browser.get(&format!("/gateway/check?acr_values={BOUND}")).await;
        Some(
            if high.status == 200 {
                BOUND
            } else if answer.status == 200 {
                MFA
            } else {
                LEVEL
            }
            .to_owned(),
        )
    }
}

on_both! {
    async fn no_walk_gets_in_without_what_is_needed(world) {
        let browser = signed_in(world, "alice").await;
        let phone = add_app(world, &browser).await;
        let mut key = add_passkey(world, &browser, "key").await;
        let mut spent = BTreeSet::new();
        let (mut inside, mut outside) = (0, 0);
        for seed in 0..12 {
            world.advance(7_300);
            let mut walk = Walk {
                world, browser: world.browser(), pages: Vec::new(), username: "alice", password: false, code: false, key: false,
                dice: SeededEntropy::new(seed),
            };
            for _ in 0..14 {
                walk.act(&phone, &mut key, &mut spent).await;
                let Some(level) = walk.level().await else { outside += 1; continue };
                inside += 1;
                assert!(walk.key || walk.password && walk.code, "seed {seed}: signed in on one factor");
                let most = if walk.key { BOUND } else { MFA };
                assert!(acr::is_at_least(most, &level) && level != LEVEL, "seed {seed}: {level}");
            }
        }
        assert!(inside > 10 && outside > 10, "the walks lead somewhere: {inside} and {outside}");
    }
}
