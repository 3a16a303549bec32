//! The command line: doctor, and the nouns of the admin API by the same flows.

use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binary::Home;
use crate::browser::Browser;
use crate::client::{Tokens, claims};
use crate::world::http;

#[track_caller]
fn json(output: &Output) -> Value {
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Runs a command with a line on its standard input.
fn told(home: &Home, arguments: &[&str], line: &str) -> Output {
    let mut command = home.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A server remembers a machine's session, and another process may end it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_ends_counts_for_machines_after_a_second() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let machine = home.client("admin_client");
    let before = Tokens::of(machine.client_credentials(&[]).await.ok()).access;
    let sid = claims(&before)["sid"].as_str().unwrap().to_owned();
    assert!(home.run(&["session", "end", &sid]).await.status.success());
    let ended = Instant::now();
    assert_eq!(machine.introspect(&before).await["active"], false, "a token's life is read each time");
    tokio::time::sleep(Duration::from_millis(1010).saturating_sub(ended.elapsed())).await;
    let after = Tokens::of(machine.client_credentials(&[]).await.ok()).access;
    assert_ne!(claims(&after)["sid"], sid.as_str());
    assert_eq!(machine.introspect(&after).await["active"], true);
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_beside_a_running_server() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let made = json(&told(&home, &["--json", "user", "create", "carol"], "a long enough passphrase"));
    assert_eq!(made["username"], "carol");
    let browser = Browser::new(http(), &home.issuer);
    let page = browser.open("/login").await;
    browser.log_in(&page, "carol", "a long enough passphrase").await.is(303);

    let sessions = json(&home.run(&["--json", "session", "list"]).await);
    let text = sessions.to_string();
    assert!(text.contains("live") && text.contains(made["id"].as_str().unwrap()), "{sessions}");
    let own = json(&home.run(&["--json", "user", "sessions", "carol"]).await);
    let sid = own["items"][0]["sid"].as_str().unwrap();
    let shown = json(&home.run(&["--json", "session", "show", sid]).await);
    assert_eq!((&shown["state"], &shown["timeline"][0]["event"]), (&"live".into(), &"created".into()), "{shown}");
    let touched = json(&home.run(&["--json", "session", "end", sid, "--preview"]).await);
    assert_eq!((&touched["sessions"], browser.get("/account").await.status.as_u16()), (&1.into(), 200), "{touched}");
    assert!(home.run(&["session", "end", sid, "--reason", "theft"]).await.status.success());
    let shown = json(&home.run(&["--json", "session", "show", sid]).await);
    assert_eq!((&shown["state"], &shown["end_reason"]), (&"ended".into(), &"theft".into()), "{shown}");
    let page = browser.open("/login").await;
    browser.log_in(&page, "carol", "a long enough passphrase").await.is(303);
    assert!(home.run(&["user", "sign-out", "carol"]).await.status.success());
    assert_eq!(browser.get("/account").await.is(303).location().path(), "/login");
    let clients = json(&home.run(&["--json", "client", "list"]).await).to_string();
    for id in ["admin-client", "demo-spa", "demo-service"] {
        assert!(clients.contains(id), "{clients}");
    }
    let keys = json(&home.run(&["--json", "keys", "list"]).await).to_string();
    assert!(keys.contains("ES256") && !keys.contains("\"d\""), "{keys}");

    let token = json(&home.run(&["--json", "registration", "create", "--uses", "3", "--lifetime", "7d"]).await);
    assert_eq!((token["uses_left"].as_i64(), token["token"].as_str().map(str::len)), (Some(3), Some(43)));
    let id = token["id"].as_str().unwrap();
    let listed = json(&home.run(&["--json", "registration", "list"]).await).to_string();
    assert!(listed.contains(id) && !listed.contains(token["token"].as_str().unwrap()), "{listed}");
    assert!(home.run(&["registration", "delete", id]).await.status.success());
    assert_eq!(home.run(&["registration", "create", "--uses", "0"]).await.status.code(), Some(1));

    let unknown = home.run(&["user", "show", "nobody"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).starts_with("doorward: "));
    assert_eq!(home.run(&["user", "dance"]).await.status.code(), Some(2), "misused");
    let weak = told(&home, &["user", "create", "dave"], "short");
    assert_eq!(weak.status.code(), Some(1), "{weak:?}");
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_managed_beside_a_running_server() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    let members =
        ["--set", "name=Example Corp", "--set", "issuer=https://id.corp.example", "--set", "client_id=doorward"];
    let create = [&["--json", "provider", "create", "corp", "--secret"], &members[..]].concat();
    let made = json(&told(&home, &create, "a secret there"));
    assert_eq!((&made["id"], &made["kind"], &made["has_secret"]), (&"corp".into(), &"oidc".into(), &true.into()));
    assert_eq!(made["redirect_uri"], format!("{}/sso/corp/callback", home.issuer));
    assert!(!made.to_string().contains("a secret there"), "{made}");
    let page = Browser::new(http(), &home.issuer).open("/login").await;
    assert!(page.body.contains("Example Corp"), "{}", page.body);
    assert_eq!(home.run(&create[1..]).await.status.code(), Some(1), "it is there, and no secret was told");

    let shown = json(&home.run(&["--json", "provider", "show", "corp"]).await);
    assert_eq!(shown, made);
    let off = ["--json", "provider", "update", "corp", "--set", "enabled=false", "--unset", "client_secret"];
    let changed = json(&home.run(&off).await);
    assert_eq!((&changed["enabled"], &changed["has_secret"]), (&false.into(), &false.into()), "{changed}");
    let page = Browser::new(http(), &home.issuer).open("/login").await;
    assert!(!page.body.contains("Example Corp"), "{}", page.body);
    let listed = json(&home.run(&["--json", "provider", "list"]).await);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    let table = String::from_utf8(home.run(&["provider", "list"]).await.stdout).unwrap();
    assert!(table.contains("https://id.corp.example"), "{table}");

    for wrong in [
        &["provider", "create", "corp-2", "--set", "issuer=nowhere"][..],
        &["provider", "update", "corp", "--set", "client_secret=x"],
        &["provider", "update", "nobody", "--set", "name=x"],
        &["provider", "show", "nobody"],
    ] {
        let output = home.run(wrong).await;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
        assert!(complaint.starts_with("doorward: "), "{complaint}");
    }
    assert!(home.run(&["provider", "delete", "corp"]).await.status.success());
    assert_eq!(home.run(&["provider", "delete", "corp"]).await.status.code(), Some(1));
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_a_production_server_should_not_have() {
    let home = Home::new(&[]);
    assert!(home.serve().await.stop().await.success());
    let output = home.run(&["doctor"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in ["unsafe", "first-run.json", "development profile"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    fs::write(home.path().join("doorward.toml"), "[session]\nidel = \"1h\"\n").unwrap();
    assert_eq!(home.run(&["doctor"]).await.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_the_profile_that_is_for_suites_alone() {
    let proxied = ("SERVER__TRUSTED_PROXIES", "10.0.0.1");
    let home = Home::new(&[("ISSUER", "https://id.example"), ("PROFILE", "certification"), proxied]);
    let output = home.run(&["doctor"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.lines().any(|line| line.starts_with("unsafe") && line.contains("certification")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_is_content_with_a_production_server() {
    let home = Home::new(&[
        ("ISSUER", "https://id.example"),
        ("SERVER__TRUSTED_PROXIES", "10.0.0.1"),
        ("DATABASE__URL", "sqlite:data/doorward.db"),
        ("METRICS__BIND", "127.0.0.1:0"),
    ]);
    assert!(home.run(&["migrate"]).await.status.success());
    let output = home.run(&["doctor"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("unsafe  "), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!home.path().join("data/first-run.json").exists(), "nothing is seeded outside development");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_version_need_nothing() {
    let home = Home::new(&[("SESSION__IDLE", "nonsense")]);
    for argument in ["--help", "--version"] {
        let output = home.run(&[argument]).await;
        assert!(output.status.success() && !output.stdout.is_empty(), "{argument}: {output:?}");
    }
}
