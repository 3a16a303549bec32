//! Factors: apps with codes, recovery codes, passkeys, and what a sign-in needs of them (OWASP ASVS 5.0 V6; NIST SP
//! 800-63B-4 sections 2 to 4).

mod admin;
mod changing;
mod chromium;
#[cfg(feature = "ldap")]
mod directory;
mod passkeys;
mod policy;
mod recovery;
pub mod softkey;
mod totp;
mod walk;

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::domain::totp::{TotpSecret, step};
use serde_json::Value;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::stage::PASSWORD;
use crate::world::World;
use softkey::{Manner, SoftKey};

const SESSION: &str = "doorward-session";

/// An app with its secret.
#[derive(Clone)]
pub struct App(TotpSecret);

impl App {
    /// What somebody types into an app: base32 (RFC 4648 section 6).
    pub fn typed(secret: &str) -> Self {
        let value = |letter: u8| match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => panic!("{secret}"),
        };
        let bits: Vec<u8> =
            secret.bytes().flat_map(|letter| (0..5).rev().map(move |at| value(letter) >> at & 1)).collect();
        let bytes: Vec<u8> = bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
        Self(TotpSecret::kept(&bytes).unwrap())
    }

    /// What it shows now.
    pub fn code(&self, world: &World) -> String {
        self.0.password(step(world.clock.now()))
    }

    /// What it shows so many steps later.
    fn later(&self, world: &World, steps: i64) -> String {
        self.0.password(step(world.clock.now()) + steps)
    }
}

/// A browser that signed in with the password alone.
pub async fn signed_in(world: &World, username: &str) -> Browser {
    let browser = world.browser();
    browser.sign_in(username).await;
    browser
}

/// Adds an app on the account page.
pub async fn add_app(world: &World, browser: &Browser) -> App {
    let page = browser.open("/account/totp").await;
    let app = App::typed(&page.is(200).element("totp-secret").unwrap());
    let answer = browser.submit(&page, "/account/totp", &[("code", &app.code(world))]).await;
    assert!(answer.is(303).location().path().starts_with("/account/"), "{}", answer.location());
    // The next code is another one.
    world.clock.advance(TimeDelta::seconds(30));
    app
}

/// The options that a page asks a browser with, in its form to this path.
pub fn options(page: &Answer, path: &str) -> Value {
    let form = page
        .body
        .split("<form")
        .find(|form| form.contains(&format!("action=\"{path}\"")) && form.contains("data-options"));
    let form = form.unwrap_or_else(|| panic!("{} asks for no passkey: {}", page.url, page.body));
    let (_, rest) = form.split_once("data-options=\"").unwrap();
    let text = rest.split('"').next().unwrap();
    let text = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    serde_json::from_str(&text).unwrap()
}

pub fn origin(world: &World) -> String {
    world.issuer.clone()
}

/// Adds a passkey on the account page.
pub async fn add_passkey(world: &World, browser: &Browser, name: &str) -> SoftKey {
    let page = browser.open("/account/passkeys").await;
    let manner = Manner::honest(&origin(world), "webauthn.create");
    let (key, answer) = SoftKey::create(&options(page.is(200), "/account/passkeys"), &manner);
    let sent = browser.submit(&page, "/account/passkeys", &[("answer", &answer), ("name", name)]).await;
    assert_eq!(sent.is(303).location().path(), "/account/passkeys");
    key
}

/// Answers the question of a page for a passkey.
pub async fn prove(world: &World, browser: &Browser, key: &mut SoftKey, (page, path): (&Answer, &str)) -> Answer {
    let manner = Manner::honest(&origin(world), "webauthn.get");
    let answer = key.get(&options(page, path), &manner);
    browser.submit(page, path, &[("answer", &answer)]).await
}

/// Goes with the password as far as it leads: to the page for the second factor.
async fn half_way(world: &World, username: &str) -> (Browser, Answer) {
    let browser = world.browser();
    let page = browser.open("/login").await;
    let answer = browser.log_in(&page, username, PASSWORD).await;
    assert!(browser.cookie(SESSION).is_none(), "no session for half a sign-in");
    let page = browser.follow(answer).await;
    assert_eq!(page.is(200).url.path(), "/login/factor");
    (browser, page)
}

/// Enters a code.
pub async fn enter(browser: &Browser, page: &Answer, code: &str) -> Answer {
    browser.submit(page, "/login/factor", &[("code", code)]).await
}

/// Whether this browser holds a session.
async fn is_in(browser: &Browser) -> bool {
    browser.get("/account").await.status == 200
}
