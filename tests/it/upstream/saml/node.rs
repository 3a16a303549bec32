//! A SAML provider that nobody here wrote: samlify of npm, which checks what we sign and signs what we read.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use doorward::base::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::oracle::{IDP_CERTIFICATE, IDP_KEY};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::chromium::Chromium;
use crate::client::claims;
use crate::stage::{Engine, HOME};
use crate::tools;
use crate::upstream::{api, is_signed_in, way};
use crate::world::{World, on_both};

/// The running provider; it ends with its standard input.
struct Samlify {
    issuer: String,
    child: Child,
    there: Browser,
}

impl Drop for Samlify {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Samlify {
    /// Starts it and joins it, by its own metadata.
    async fn join(world: &World) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = std::fs::read_to_string(tools::root().join("tests/clients/node/saml_provider.mjs")).unwrap();
        let mut command = Command::new("node");
        command.args(["--input-type=module", "-e", &script]);
        command.current_dir(tools::installed("node_modules/samlify").parent().unwrap().parent().unwrap());
        command.env("PORT", port.to_string()).env("KEY", IDP_KEY).env("CERTIFICATE", IDP_CERTIFICATE);
        command.env("SP_METADATA", format!("{}/sso/samlify/metadata", world.issuer));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let said = child.stdout.take().unwrap();
        let listens = move || BufReader::new(said).lines().map_while(Result::ok).any(|line| line == "listening");
        assert!(tokio::task::spawn_blocking(listens).await.unwrap());
        let issuer = format!("http://127.0.0.1:{port}");
        let there = Browser::new(world.http(), &issuer);
        set_the_clock(world);
        let metadata = world.http().get(format!("{issuer}/metadata")).send().await.unwrap().text().await.unwrap();
        let asked = json!({
            "id": "samlify", "kind": "saml", "metadata": metadata,
            "claims": {"email": "mail", "name": "displayName", "roles": "groups"}, "role_map": {"staff": ["employee"]},
        });
        api(world).await.post("/providers", asked).await.is(201);
        Self { issuer, child, there }
    }

    /// Goes there from this answer, and posts what its page would.
    async fn pass(&self, world: &World, here: &Browser, answer: &Answer) -> Answer {
        let address = answer.is(303).location();
        assert!(address.as_str().starts_with(&self.issuer), "{address}");
        let form = self.there.get(address.as_str()).await;
        set_the_clock(world);
        let form = form.is(200).json();
        let text = |name: &str| form[name].as_str().unwrap().to_owned();
        assert_eq!(text("action"), format!("{}/sso/samlify/acs", world.issuer));
        let (response, state) = (text("SAMLResponse"), text("RelayState"));
        here.post("/sso/samlify/acs", &[("SAMLResponse", &response), ("RelayState", &state)]).await
    }

    async fn sign_in(&self, world: &World, here: &Browser) -> Value {
        let app = world.app("app").await;
        let page = here.authorize("app", &[("scope", "openid profile email roles")]).await;
        let answer = here.get(&way(&page, "samlify")).await;
        let answer = self.pass(world, here, &answer).await;
        let home = here.follow(answer).await.home(HOME);
        claims(&app.tokens(&home["code"]).await.id)
    }

    async fn heard(&self) -> Value {
        self.there.get("/heard").await.is(200).json()
    }
}

/// It looks at its own clock.
fn set_the_clock(world: &World) {
    world.clock.advance(SystemClock.now() - world.clock.now());
}

/// As [`set_the_clock`], for as long as this lives.
struct Ticking(tokio::task::JoinHandle<()>);

impl Ticking {
    fn start(world: &World) -> Self {
        let clock = world.clock.clone();
        Self(tokio::spawn(async move {
            loop {
                clock.advance(SystemClock.now() - clock.now());
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The provider is at 127.0.0.1 and we are at localhost, which for a browser are two sites.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_comes_and_goes_by_forms_of_another_site() {
    let world = World::on(Engine::Sqlite).await;
    let _samlify = Samlify::join(&world).await;
    let _ticking = Ticking::start(&world);
    let browser = Chromium::open().await;
    browser.goto(&format!("{}/login", world.issuer)).await;
    browser.click("a[href^='/sso/samlify/start']").await;
    let account = format!("{}/account", world.issuer);
    browser.wait_at(|url| url == account).await;
    assert!(browser.body().await.contains("This browser"));
    browser.goto(&format!("{}/logout", world.issuer)).await;
    browser.click("#logout").await;
    browser.wait_at(|url| url.contains("/sso/samlify/slo?SAMLResponse=")).await;
    assert!(browser.body().await.contains("signed out"));
    browser.goto(&account).await;
    browser.wait_at(|url| url.contains("/login")).await;
    browser.close().await;
    world.finish().await;
}

on_both! {
    async fn a_person_of_another_implementation_signs_in_and_out(world) {
        let samlify = Samlify::join(world).await;
        let here = world.browser();
        let id_token = samlify.sign_in(world, &here).await;
        let person = api(world).await.get(&format!("/users/{}", id_token["sub"].as_str().unwrap())).await.ok();
        let told = [&person["email"], &person["name"], &person["roles"]];
        assert_eq!(told, [&json!("ann@samlify.example"), &json!("Ann of <Samlify>"), &json!(["employee"])]);
        // Out: our request, checked there; its answer, checked here.
        let page = here.get("/logout").await;
        let answer = here.submit(&page, "/logout", &[("scope", "browser")]).await;
        let request = here.get(answer.is(303).location().as_str()).await;
        let answer = samlify.there.get(request.is(303).location().as_str()).await;
        set_the_clock(world);
        let end = here.get(answer.is(303).location().as_str()).await;
        assert!(end.is(200).body.contains("signed out"));
        assert!(!is_signed_in(&here).await);
        let heard = samlify.heard().await;
        assert_eq!(heard[1]["logout"]["nameID"], "ann-of-samlify", "{heard}");
    }

    async fn it_tells_us_that_somebody_was_signed_out_there(world) {
        let samlify = Samlify::join(world).await;
        let here = world.browser();
        let id_token = samlify.sign_in(world, &here).await;
        let told = samlify.there.get("/leave").await.is(303).location();
        let answer = here.get(told.as_str()).await;
        assert!(!is_signed_in(&here).await);
        let found = api(world).await.get(&format!("/sessions/{}", id_token["sid"].as_str().unwrap())).await.ok();
        assert_eq!(found["end_reason"], "upstream_logout", "{found}");
        // What we answer holds there.
        let done = samlify.there.get(answer.is(303).location().as_str()).await;
        assert_eq!(done.is(200).body, "done");
    }
}
