//! Sign-in through other providers: one Doorward behind another, a provider that nobody here wrote, and one that lies.

mod doorwards;
mod hostile;
pub mod impostor;
pub mod linking;
mod node;
mod oauth2;
mod pages;
mod received;
mod saml;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use url::Url;

use crate::admin::{Api, administration, token};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::stage::Engine;
use crate::world::{Setting, World};

/// A Doorward that vouches for its people, under a name of its own.
pub async fn company() -> World {
    World::with(Engine::Sqlite, Setting { issuer: "http://127.0.0.1:{port}", ..Setting::default() }).await
}

/// Makes the company a provider of this world, and this world a client there. `more` is what the admin says besides.
pub async fn joined(world: &World, company: &World, more: Value) -> Value {
    let secret = company.client("doorward", registration(world)).await.secret.unwrap();
    let mut asked = json!({
        "id": "company", "kind": "oidc", "name": "The Company", "issuer": company.issuer, "client_id": "doorward",
        "client_secret": secret,
    });
    for (member, value) in more.as_object().unwrap() {
        asked[member] = value.clone();
    }
    let made = api(world).await.post("/providers", asked).await.is(201).json();
    // On a busy machine the first call may take longer than anybody waits.
    for _ in 0..10 {
        if world.browser().get("/sso/company/start").await.status == 303 {
            break;
        }
        world.advance(6);
        company.advance(6);
    }
    made
}

fn registration(world: &World) -> Value {
    let at = |path: &str| format!("{}/sso/company/{path}", world.issuer);
    json!({
        "skip_consent": true, "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [at("callback")], "post_logout_redirect_uris": [at("signed-out")],
        "backchannel_logout_uri": at("backchannel-logout"), "scope": "openid profile email roles",
    })
}

/// One person's browser at two places, which keep their cookies apart as hosts do.
pub struct Traveller<'a> {
    pub here: &'a Browser,
    pub there: &'a Browser,
    homes: [String; 2],
}

impl<'a> Traveller<'a> {
    pub fn new((world, here): (&World, &'a Browser), (company, there): (&World, &'a Browser)) -> Self {
        Self { here, there, homes: [world.issuer.clone(), company.issuer.clone()] }
    }

    fn at(&self, url: &str) -> Option<&Browser> {
        let [here, there] = &self.homes;
        let place =
            [(here, self.here), (there, self.there)].into_iter().find(|(home, _)| url.starts_with(home.as_str()));
        place.map(|(_, browser)| browser)
    }

    /// Opens an address and whatever it leads to at either place, until there is something to see or the way leads elsewhere.
    pub async fn open(&self, url: &str) -> Answer {
        let url = if url.starts_with('/') { format!("{}{url}", self.homes[0]) } else { url.to_owned() };
        self.follow(self.at(&url).unwrap().get(&url).await).await
    }

    pub async fn follow(&self, mut answer: Answer) -> Answer {
        for _ in 0..15 {
            if !answer.status.is_redirection() {
                return answer;
            }
            let next = answer.location();
            let Some(browser) = self.at(next.as_str()) else { return answer };
            answer = browser.get(next.as_str()).await;
        }
        panic!("{} leads in a circle", answer.url);
    }

    /// From a login page here through the company, as this person there.
    pub async fn sign_in_there(&self, page: &Answer, username: &str) -> Answer {
        let there = self.open(&way(page, "company")).await;
        if there.url.path() != "/login" || !there.url.as_str().starts_with(&self.homes[1]) {
            return there;
        }
        let answer = self.there.log_in(&there, username, crate::stage::PASSWORD).await;
        self.follow(answer).await
    }
}

/// The link of a login page to this provider.
#[track_caller]
pub fn way(page: &Answer, provider: &str) -> String {
    let start = format!("href=\"/sso/{provider}/start");
    let (_, rest) = page.body.split_once(&start).unwrap_or_else(|| panic!("no way to {provider}: {}", page.body));
    format!("/sso/{provider}/start{}", rest.split('"').next().unwrap().replace("&amp;", "&"))
}

/// The value of a parameter in an address.
#[track_caller]
pub fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("no {name} in {url}"))
}

/// Whether the browser is signed in here.
pub async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/account").await.status == 200
}

/// The admin API, by a machine of its own each time.
pub async fn api(world: &World) -> Api {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::SeqCst);
    let machine = administration(world, &format!("administration-{number}")).await;
    Api::with(world, &token(&machine, "admin").await)
}
