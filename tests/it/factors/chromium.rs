//! Passkeys and the picture for an app in real Chromium, with an authenticator that `WebDriver` brings along (W3C Web
//! Authentication Level 3 section 11).

use doorward::protocol::acr::{BOUND, MFA};
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::{App, SESSION};
use crate::chromium::Chromium;
use crate::stage::{Engine, PASSWORD};
use crate::world::World;

/// A call of the extension, below the session's own address.
#[derive(Debug)]
struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Call {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/webauthn/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}

/// An authenticator in a browser.
struct Device<'a> {
    browser: &'a Chromium,
    id: String,
}

impl<'a> Device<'a> {
    async fn plug_into(browser: &'a Chromium) -> Self {
        let body = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        });
        let call = Call { method: Method::POST, path: "authenticator".into(), body: Some(body) };
        let id = browser.client.issue_cmd(call).await.unwrap().as_str().unwrap().to_owned();
        Self { browser, id }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let path = format!("authenticator/{}/{path}", self.id);
        self.browser.client.issue_cmd(Call { method, path, body }).await.unwrap()
    }

    /// Whether its owner is there to unlock it.
    async fn owner(&self, there: bool) {
        self.call(Method::POST, "uv", Some(json!({"isUserVerified": there}))).await;
    }

    async fn passkeys(&self) -> Vec<Value> {
        self.call(Method::GET, "credentials", None).await.as_array().unwrap().clone()
    }
}

async fn sign_in(world: &World, browser: &Chromium, username: &str) {
    browser.goto(&format!("{}/login", world.issuer)).await;
    browser.sign_in(username, PASSWORD).await;
    browser.wait_at(|url| url.ends_with("/account")).await;
}

/// Presses a button after which the page may go away by itself, which the driver takes for a fault of its own click.
async fn press(browser: &Chromium, css: &str) {
    browser.find(css).await;
    let script = format!("document.querySelector('{css}').click()");
    browser.client.execute(&script, vec![]).await.unwrap();
}

/// The text in the picture of a page, as a camera would read it.
async fn scan(browser: &Chromium) -> String {
    browser.find("#totp-picture").await;
    let script = "const done = arguments[arguments.length - 1], size = 480;
        const picture = document.querySelector('#totp-picture'), image = new Image();
        image.onload = () => {
            const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
            const pen = canvas.getContext('2d');
            pen.drawImage(image, 0, 0, size, size);
            const points = pen.getImageData(0, 0, size, size).data;
            done(Array.from({ length: size * size }, (_, at) => points[4 * at]));
        };
        image.src = 'data:image/svg+xml;base64,' + btoa(new XMLSerializer().serializeToString(picture));";
    let points = browser.client.execute_async(script, vec![]).await.unwrap();
    let points: Vec<u8> =
        points.as_array().unwrap().iter().map(|point| u8::try_from(point.as_u64().unwrap()).unwrap()).collect();
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(480, 480, |x, y| points[y * 480 + x]);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one picture");
    grids[0].decode().unwrap().1
}

/// Whether this browser's session reached a level, as the gateway says.
async fn reaches(world: &World, browser: &Chromium, level: &str) -> bool {
    let secret = browser.client.get_named_cookie(SESSION).await.unwrap().value().to_owned();
    let url = format!("{}/gateway/check?acr_values={level}", world.issuer);
    let answer = world.http().get(url).header("cookie", format!("{SESSION}={secret}")).send().await.unwrap();
    answer.status() == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_used_and_removed_in_a_browser() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = World::on(engine).await;
        let browser = Chromium::open().await;
        let device = Device::plug_into(&browser).await;
        sign_in(&world, &browser, "alice").await;
        browser.goto(&format!("{}/account/passkeys", world.issuer)).await;
        browser.no_violations().await;
        browser.fill("#name", "My laptop").await;
        press(&browser, "button#passkey-add").await;
        browser.wait_for("section h3", |text| text.contains("My laptop")).await;
        let made = device.passkeys().await;
        assert_eq!(
            (made.len(), &made[0]["isResidentCredential"], &made[0]["rpId"]),
            (1, &json!(true), &json!("localhost"))
        );
        assert!(reaches(&world, &browser, MFA).await, "it proved itself when it was made");

        // The page offers what the browser knows: nobody presses anything.
        browser.client.delete_all_cookies().await.unwrap();
        browser.goto(&format!("{}/login", world.issuer)).await;
        browser.wait_at(|url| url.ends_with("/account")).await;
        assert!(browser.body().await.contains("alice") && reaches(&world, &browser, MFA).await);

        // Nobody who cannot unlock the device comes in by it.
        browser.client.delete_all_cookies().await.unwrap();
        device.owner(false).await;
        browser.goto(&format!("{}/login", world.issuer)).await;
        press(&browser, "button#passkey-login").await;
        browser.wait_for("[data-failed]", |text| text.contains("no passkey")).await;
        device.owner(true).await;
        press(&browser, "button#passkey-login").await;
        browser.wait_at(|url| url.ends_with("/account")).await;

        // As the second factor.
        browser.client.delete_all_cookies().await.unwrap();
        device.owner(false).await;
        browser.goto(&format!("{}/login", world.issuer)).await;
        browser.sign_in("alice", PASSWORD).await;
        browser.wait_at(|url| url.contains("/login/factor")).await;
        browser.no_violations().await;
        device.owner(true).await;
        press(&browser, "button#passkey-login").await;
        browser.wait_at(|url| url.ends_with("/account")).await;

        // The device still knows the passkey, and would offer it on the login page for ever.
        device.owner(false).await;
        browser.goto(&format!("{}/account/passkeys", world.issuer)).await;
        browser.click("form[action$='/remove'] input[name=sessions]").await;
        browser.click("form[action$='/remove'] button").await;
        browser.wait_at(|url| url.contains("/login")).await;
        browser.close().await;
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_stepped_up_by_a_passkey_in_a_browser() {
    let world = World::on(Engine::Sqlite).await;
    world.app("app").await;
    let browser = Chromium::open().await;
    sign_in(&world, &browser, "alice").await;
    let device = Device::plug_into(&browser).await;
    browser.goto(&format!("{}/account/passkeys", world.issuer)).await;
    press(&browser, "button#passkey-add").await;
    browser.wait_for("section h3", |text| !text.is_empty()).await;
    // A session of the password alone, as one that is older than the passkey.
    let lower = "UPDATE sessions SET acr = 'urn:doorward:acr:password'";
    world.db().write(async move |tx| tx.sql(lower).execute().await).await.unwrap();
    assert!(!reaches(&world, &browser, MFA).await);
    world.advance(1);
    let claims = json!({"id_token": {"acr": {"essential": true, "values": [MFA, BOUND]}}}).to_string();
    browser.goto(&format!("{}{}", world.issuer, crate::browser::authorization("app", &[("claims", &claims)]))).await;
    browser.wait_at(|url| url.contains("/login/factor")).await;
    press(&browser, "button#passkey-login").await;
    browser.wait_at(|url| url.starts_with("https://app.example/callback?code=")).await;
    browser.goto(&format!("{}/account", world.issuer)).await;
    assert!(reaches(&world, &browser, MFA).await);
    assert_eq!(device.passkeys().await.len(), 1);
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_reads_the_picture_for_an_app() {
    let world = World::on(Engine::Sqlite).await;
    for browser in [Chromium::open().await, Chromium::phone().await] {
        sign_in(&world, &browser, "bob").await;
        browser.goto(&format!("{}/account/totp", world.issuer)).await;
        browser.no_violations().await;
        let read = Url::parse(&scan(&browser).await).unwrap();
        assert_eq!((read.scheme(), read.host_str()), ("otpauth", Some("totp")));
        let told = |name: &str| read.query_pairs().find(|(own, _)| own == name).unwrap().1.into_owned();
        assert_eq!(told("secret"), browser.text("#totp-secret").await);
        assert_eq!((told("algorithm"), told("digits"), told("period")), ("SHA1".into(), "6".into(), "30".into()));
        assert_eq!(told("issuer"), world.issuer.trim_start_matches("http://"));
        let app = App::typed(&told("secret"));
        browser.fill("#code", &app.code(&world)).await;
        browser.click("form.sheet button[type=submit]").await;
        browser.wait_at(|url| url.ends_with("/account/recovery-codes") || url.ends_with("/account/security")).await;
        world.advance(60);
        browser.client.delete_all_cookies().await.unwrap();
        browser.goto(&format!("{}/login", world.issuer)).await;
        browser.sign_in("bob", PASSWORD).await;
        browser.fill("input[name=code]", &app.code(&world)).await;
        browser.click("button[type=submit]").await;
        browser.wait_at(|url| url.ends_with("/account")).await;
        browser.goto(&format!("{}/account/totp", world.issuer)).await;
        browser.click("form[action$='/remove'] button").await;
        browser.wait_for("#add", |text| text.contains("Add")).await;
        browser.close().await;
    }
    world.finish().await;
}
