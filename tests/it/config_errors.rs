//! A broken configuration, database or key stops the start with clear lines, a non-zero exit code and nothing else.

use std::fs;
use std::process::Output;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::binary::Home;
use crate::postgres::cluster;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Fails with exactly these lines' worth of words, one line each.
#[track_caller]
fn stopped(output: &Output, lines: &[&[&str]]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    // What a log says of its own start is no part of the complaint.
    let told: Vec<_> = said.lines().filter(|line| !line.contains(" INFO ") && !line.contains(" WARN ")).collect();
    assert_eq!(told.len(), lines.len(), "{said}");
    for (line, words) in told.iter().zip(lines) {
        for word in *words {
            assert!(line.contains(word), "{word:?} is not in {line:?}");
        }
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
}

async fn with_file(content: &[u8], arguments: &[&str]) -> Output {
    let home = Home::new(&[]);
    fs::write(home.path().join("doorward.toml"), content).unwrap();
    home.run(arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_file_are_told_with_their_place() {
    for (content, lines) in [
        ("[session]\nidel = \"1h\"\n", &[&["doorward.toml:2", "session.idel", "session.idle"][..]][..]),
        ("[sesion]\nidle = \"1h\"\n", &[&["doorward.toml:", "sesion", "session"]]),
        ("\n\n[session]\nidle = \"5x\"\n", &[&["doorward.toml:4", "session.idle", "5x"]]),
        ("[session]\nidle = 5\n", &[&["doorward.toml:2", "session.idle"]]),
        ("[session]\nidle = \"1h\"\nidle = \"2h\"\n", &[&["doorward.toml:3"]]),
        ("profile = \"lenient\"\n", &[&["doorward.toml:1", "profile", "strict"]]),
        ("[token\n", &[&["doorward.toml:1"]]),
        (
            "[session]\nidle = \"x\"\nabsolute = \"y\"\n[token]\nretry_window = \"z\"\n",
            &[
                &["doorward.toml:2", "session.idle"],
                &["doorward.toml:3", "session.absolute"],
                &["doorward.toml:5", "token.retry_window"],
            ],
        ),
        ("profile = \"strict\"\n[token]\nretry_window = \"10s\"\n", &[&["token.retry_window"]]),
        ("[server.tls]\ncertificate = \"cert.pem\"\n", &[&["server.tls"]]),
    ] {
        stopped(&with_file(content.as_bytes(), &[]).await, lines);
    }
    stopped(&with_file(b"issuer = \"\xff\"\n", &[]).await, &[&["doorward.toml", "UTF-8"]]);
    stopped(&with_file(b"", &["--config", "other.toml"]).await, &[&["other.toml", "no such file"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_environment_are_told_with_their_name() {
    for (key, value, words) in [
        ("SESSION__IDEL", "1h", &["DOORWARD__SESSION__IDEL", "DOORWARD__SESSION__IDLE"][..]),
        ("SESSION__IDLE", "soon", &["DOORWARD__SESSION__IDLE", "soon"]),
        ("SERVER__TRUSTED_PROXIES", "everybody", &["DOORWARD__SERVER__TRUSTED_PROXIES", "everybody"]),
        ("SERVER__WORKERS", "-1", &["DOORWARD__SERVER__WORKERS"]),
        ("DATABASE__URL", "mysql://localhost/x", &["DOORWARD__DATABASE__URL"]),
    ] {
        stopped(&Home::new(&[(key, value)]).run(&[]).await, &[words]);
    }
    for issuer in [
        "ftp://id.example",
        "id.example",
        "https://id.example?x",
        "https://id.example#x",
        "https://user@id.example",
        "http://id.example",
    ] {
        let output = Home::new(&[("ISSUER", issuer)]).run(&[]).await;
        assert_eq!(output.status.code(), Some(1), "{issuer}: {}", said(&output));
        assert!(said(&output).to_lowercase().contains("issuer"), "{issuer}: {}", said(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_told_in_one_line() {
    let nowhere = "postgres://somebody:hunter2@127.0.0.1:1/doorward";
    for (url, words) in [
        (nowhere, &["127.0.0.1:1"][..]),
        ("sqlite:doorward.toml", &["doorward.toml", "is not a database"]),
        ("sqlite:/proc/nowhere/doorward.db", &["/proc/nowhere"]),
    ] {
        let home = Home::new(&[("DATABASE__URL", url)]);
        fs::write(
            home.path().join("doorward.toml"),
            "# not a database, and long enough to be looked at as one\n".repeat(40),
        )
        .unwrap();
        let output = home.run(&[]).await;
        stopped(&output, &[words]);
        assert!(!said(&output).contains("hunter2"), "{}", said(&output));
    }
    let locked = cluster().url("locked", "postgres").replace("locked@", "locked:wrong@");
    stopped(&Home::new(&[("DATABASE__URL", &locked)]).run(&[]).await, &[&["password authentication failed"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_left_alone() {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 SELECT 9999, 'needs 9998 of tomorrow', TRUE, checksum, 0 FROM _sqlx_migrations LIMIT 1";
    let home = Home::new(&[]);
    assert!(home.run(&["migrate"]).await.status.success());
    let file = SqliteConnectOptions::new().filename(home.path().join("data/doorward.db"));
    let mut on = SqliteConnection::connect_with(&file).await.unwrap();
    on.execute(newer).await.unwrap();
    on.close().await.unwrap();
    stopped(&home.run(&[]).await, &[&["9999", "newer"]]);

    let url = cluster().empty().await;
    let home = Home::new(&[("DATABASE__URL", &url)]);
    assert!(home.run(&["migrate"]).await.status.success());
    let mut on = PgConnection::connect(&url).await.unwrap();
    on.execute(AssertSqlSafe(newer)).await.unwrap();
    on.close().await.unwrap();
    stopped(&home.run(&[]).await, &[&["9999", "newer"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_holds_is_not_shared() {
    let home = Home::new(&[]);
    let server = home.serve().await;
    stopped(&home.run(&[]).await, &[&["server.bind", &home.port.to_string()]]);
    let database = format!("sqlite:{}", home.path().join("data/doorward.db").display());
    let keys = home.path().join("keys").display().to_string();
    let second = Home::new(&[("DATABASE__URL", &database), ("KEYS__DIRECTORY", &keys)]);
    stopped(&second.run(&[]).await, &[&["in use by another"]]);
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_key_that_is_gone_or_another_is_never_replaced() {
    let home = Home::new(&[]);
    assert!(home.serve().await.stop().await.success());
    let key = home.path().join("keys/root.key");
    let good = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    stopped(&home.run(&[]).await, &[&["root.key", "is missing"]]);
    assert!(!key.exists());
    fs::write(&key, "nonsense\n").unwrap();
    stopped(&home.run(&[]).await, &[&["root.key", "is not a root key"]]);
    fs::write(&key, format!("{}\n", "A".repeat(43))).unwrap();
    stopped(&home.run(&[]).await, &[&["root key"]]);
    fs::write(&key, good).unwrap();
    assert!(home.serve().await.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_addresses_that_is_none_is_told_with_its_setting() {
    let home = Home::new(&[]);
    fs::write(home.path().join("doorward.toml"), "[geo]\ncountry_file = \"doorward.toml\"\n").unwrap();
    stopped(&home.run(&[]).await, &[&["geo.country_file", "doorward.toml", "MaxMind DB"]]);
    fs::write(home.path().join("doorward.toml"), "[geo]\nasn_file = \"nowhere.mmdb\"\n").unwrap();
    stopped(&home.run(&[]).await, &[&["geo.asn_file", "nowhere.mmdb"]]);
}
