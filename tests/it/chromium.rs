//! Real Chromium, driven by chromedriver: one driver for this test run, gone when the process ends, however it ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::tools;

/// Waits until the test process is gone, then ends the driver with every browser it started.
const WATCHDOG: &str = r#"
chromedriver --port="$1" --log-level=SEVERE >"$2/log" 2>&1 </dev/null &
cat >/dev/null
trap : TERM
kill -TERM 0
sleep 1
rm -rf "$2"
kill -KILL 0
"#;

const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--lang=en",
];

/// The rules that the pages promise to keep, as axe-core tags them.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

const PATIENCE: Duration = Duration::from_secs(20);

struct Driver {
    url: String,
    folder: PathBuf,
    /// Its pipe keeps the watchdog waiting.
    _watchdog: Child,
}

fn driver() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("doorward-chromium-{}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "sh", &port.to_string()]).arg(&folder).process_group(0);
        watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Driver { url: format!("http://127.0.0.1:{port}"), folder, _watchdog: watchdog.spawn().unwrap() }
    })
}

/// A browser with no history, as a person opens it.
pub struct Chromium {
    pub client: Client,
}

impl Chromium {
    pub async fn open() -> Self {
        Self::with(&[], json!({})).await
    }

    /// A browser that keeps cookies from no frame.
    pub async fn trusting() -> Self {
        let preferences = json!({"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": false}});
        Self::with(&[], preferences).await
    }

    /// A browser the size of a phone, in dark colours.
    pub async fn phone() -> Self {
        let browser = Self::with(&["--force-dark-mode", "--blink-settings=preferredColorScheme=0"], json!({})).await;
        browser.client.set_window_size(390, 844).await.unwrap();
        browser
    }

    /// A phone whose owner lets no script run.
    pub async fn phone_without_scripts() -> Self {
        let browser = Self::with(&["--blink-settings=scriptEnabled=false"], json!({})).await;
        browser.client.set_window_size(390, 844).await.unwrap();
        browser
    }

    async fn with(more: &[&str], preferences: Value) -> Self {
        static OPENED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = OPENED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let profile = format!("--user-data-dir={}", driver().folder.join(number.to_string()).display());
        let flags: Vec<&str> = FLAGS.iter().chain(more).copied().chain([profile.as_str()]).collect();
        let options = json!({"args": flags, "prefs": preferences});
        let wish = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(wish) = wish else { unreachable!() };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wish);
        let mut refusal = String::new();
        for _ in 0..100 {
            match builder.connect(&driver().url).await {
                Ok(client) => return Self { client },
                Err(error) => refusal = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no browser: {refusal}\n{}", fs::read_to_string(driver().folder.join("log")).unwrap_or_default());
    }

    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub async fn url(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// Waits for the element.
    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error}\n{}", self.url().await, self.body().await),
        }
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    pub async fn body(&self) -> String {
        self.client.execute("return document.body.innerText", vec![]).await.unwrap().to_string()
    }

    /// Waits until the element says something that fits.
    pub async fn wait_for(&self, css: &str, fits: impl Fn(&str) -> bool) -> String {
        let mut said = String::new();
        for _ in 0..PATIENCE.as_millis() / 100 {
            // The element may be replaced while it is being read.
            if let Ok(element) = self.client.find(Locator::Css(css)).await {
                said = element.text().await.unwrap_or_default();
                if fits(&said) {
                    return said;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{css} at {} still says {said:?}\n{}", self.url().await, self.body().await);
    }

    /// Waits until the browser is at an address that fits.
    pub async fn wait_at(&self, fits: impl Fn(&str) -> bool) -> String {
        let mut url = String::new();
        for _ in 0..PATIENCE.as_millis() / 100 {
            // While the browser is on its way it may be nowhere.
            if let Ok(here) = self.client.current_url().await {
                url = here.to_string();
                if fits(&url) {
                    return url;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the browser stays at {url}\n{}", self.body().await);
    }

    /// Signs in on the login page that is open.
    pub async fn sign_in(&self, username: &str, password: &str) {
        self.fill("input[name=username]", username).await;
        self.fill("input[name=password]", password).await;
        self.click("button[type=submit]").await;
    }

    /// Nothing on this page keeps anybody out, as far as axe-core can tell.
    pub async fn no_violations(&self) {
        let script = format!(
            "{axe}; const done = arguments[arguments.length - 1];
             axe.run(document, {{ runOnly: {RULES}, resultTypes: ['violations'] }}).then(
                 ({{ violations, passes }}) => done({{ violations, passes: passes.length }}),
                 (problem) => done({{ violations: [String(problem)] }}));",
            axe = tools::axe()
        );
        let result = self.client.execute_async(&script, vec![]).await.unwrap();
        assert!(result["passes"].as_u64().is_some_and(|passes| passes > 5), "axe looked at nothing: {result}");
        let told: Vec<_> = result["violations"].as_array().into_iter().flatten().map(told).collect();
        assert!(told.is_empty(), "{} keeps people out:\n{}", self.url().await, told.join("\n"));
    }
}

fn told(violation: &Value) -> String {
    let nodes: Vec<_> =
        violation["nodes"].as_array().into_iter().flatten().map(|node| node["html"].to_string()).collect();
    format!("{}: {}\n  {}", violation["id"], violation["help"], nodes.join("\n  "))
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_a_picture_without_words() {
    let browser = Chromium::open().await;
    browser.goto("data:text/html,<html lang=en><title>t</title><main><h1>t</h1><img src=x></main>").await;
    let looked = tokio::spawn(async move { browser.no_violations().await });
    let panic = looked.await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("image-alt"), "{message}");
}
