//! Mail: written with the change, read in a developer's mailbox, sent to a mail server that fails and recovers.

use std::sync::{Arc, Mutex};

use doorward::domain::session::Source;
use doorward::flows::mail::letters::Letters;
use doorward::flows::mail::{self, Mailing};
use doorward::jobs::tally::Tally;
use doorward::jobs::{Shift, mail as job};
use doorward::remote::mail::{Mailer, Privacy, Relay};
use doorward::store;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{Around, Engine, PASSWORD, Stage, policy};
use crate::world::{World, on_both};

/// What was mailed to this address, newest first.
pub async fn mailed(world: &World, to: &str) -> Vec<Value> {
    let answer = world.http().get(format!("{}/dev/mail", world.issuer)).send().await.unwrap();
    let mails: Vec<Value> = answer.json().await.unwrap();
    mails.into_iter().filter(|mail| mail["to"] == to).collect()
}

/// The link in a mail.
pub fn link(mail: &Value, issuer: &str) -> String {
    let text = mail["text"].as_str().unwrap();
    let found = text.lines().find(|line| line.starts_with(issuer) && line.len() > issuer.len());
    found.unwrap_or_else(|| panic!("no link: {text}")).to_owned()
}

on_both! {
    /// ASVS 6.3.5: the person hears of a sign-in from a browser in which they were never seen.
    async fn a_new_browser_is_told_by_mail_once(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let told = mailed(world, "alice@example.com").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["subject"], "A new sign-in to your account");
        for member in ["at", "to", "subject", "text", "html"] {
            assert!(told[0][member].is_string(), "{member}");
        }
        assert!(told[0]["text"].as_str().unwrap().contains("alice") && told[0]["html"].as_str().unwrap().contains("<html"));
        browser.open("/logout").await;
        let page = browser.open("/login?switch=yes").await;
        browser.log_in(&page, "alice", PASSWORD).await.is(303);
        assert_eq!(mailed(world, "alice@example.com").await.len(), 1, "the same browser is no news");
        let page = world.browser().send(reqwest::Method::GET, "/dev/mail", &[("accept", "text/html")], None).await;
        assert!(page.body.contains("A new sign-in to your account") && page.body.contains("alice@example.com"));
    }
}

/// A mail server that says no to the first so many mails, and keeps the rest.
struct Postbox {
    port: u16,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Postbox {
    async fn open(mut refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, kept) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let mails = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let refuses = refusals > 0;
                refusals = refusals.saturating_sub(1);
                let mail = talk(stream, refuses).await;
                mails.lock().unwrap().extend(mail);
            }
        });
        Self { port, kept }
    }

    fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }
}

/// One conversation (RFC 5321 section 3); gives the mail that was taken.
async fn talk(stream: TcpStream, refuses: bool) -> Option<String> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 postbox\r\n").await.ok()?;
    let mut kept = None;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return kept;
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "RCPT" if refuses => "451 not now\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut mail).await.ok()?;
                }
                kept = Some(mail);
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 well\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// A stage whose mail goes to this server.
async fn stage(engine: Engine, port: u16, privacy: Privacy) -> Stage {
    let relay = Relay {
        host: "127.0.0.1".into(),
        port,
        privacy,
        credentials: None,
        from: "Doorward <no-reply@id.example>".into(),
        own_name: "id.example".into(),
        certificates: Vec::new(),
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mailing =
        Mailing { letters: Letters::new(None).unwrap(), mailer: Mailer::smtp(&relay).unwrap(), mailbox: false };
    Stage::among(engine, policy("https://id.example"), Around { mailing, ..Around::default() }).await
}

/// Tells alice something, in a write.
async fn tell(stage: &Stage) {
    let alice = stage.person("alice").await;
    let clerk = stage.authority.clerk(stage.authority.now(), Some(&Source::default()));
    let notice = doorward::domain::mail::Notice::PasswordChanged;
    stage.db().write(async move |tx| clerk.tell(tx, alice, notice).await).await.unwrap();
}

async fn run(stage: &Stage) {
    job::run(Shift::new(Arc::clone(&stage.authority), Tally::default())).await.unwrap();
}

async fn fails_and_recovers(engine: Engine) {
    let postbox = Postbox::open(2).await;
    let stage = stage(engine, postbox.port, Privacy::None).await;
    tell(&stage).await;
    run(&stage).await;
    assert_eq!(postbox.kept().len(), 0, "the server said no");
    run(&stage).await;
    stage.advance(2);
    run(&stage).await;
    let waiting = store::mail::page(stage.db(), store::mail::Filter::default(), None, 9).await.unwrap().remove(0);
    assert!(waiting.attempts == 2 && waiting.last_error.as_deref().is_some_and(|error| error.contains("451")));
    // An admin who mended the server does not wait for the next attempt.
    assert!(waiting.due_at.unwrap() > stage.authority.now());
    doorward::flows::admin::mail::retry(&stage.authority, waiting.id).await.unwrap();
    stage.advance(3);
    assert_eq!(mail::lag(&stage.authority).await.unwrap().seconds, 5);
    run(&stage).await;
    let kept = postbox.kept();
    assert_eq!(kept.len(), 1, "{kept:?}");
    for line in ["To: alice@example.com", "From: Doorward <no-reply@id.example>", "Subject: Your password was changed"]
    {
        assert!(kept[0].lines().any(|own| own == line), "{line}: {}", kept[0]);
    }
    assert!(kept[0].contains("@id.example>") && kept[0].contains("Auto-Submitted: auto-generated"));
    assert_eq!(mail::lag(&stage.authority).await.unwrap().seconds, 0);
    assert!(store::mail::newest(stage.db(), 9).await.unwrap().is_empty(), "what it said is gone");
    run(&stage).await;
    assert_eq!(postbox.kept().len(), 1, "once");
    stage.verify_after_the_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_fails_is_tried_again_on_sqlite() {
    fails_and_recovers(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_fails_is_tried_again_on_postgres() {
    fails_and_recovers(Engine::Postgres).await;
}

/// RFC 8314: a server that does not offer STARTTLS is told nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_without_tls_is_not_taken() {
    let postbox = Postbox::open(0).await;
    let stage = stage(Engine::Sqlite, postbox.port, Privacy::StartTls).await;
    tell(&stage).await;
    run(&stage).await;
    assert_eq!((postbox.kept().len(), mail::lag(&stage.authority).await.unwrap().dead), (0, 0));
    stage.advance(3_600);
    assert_eq!(mail::lag(&stage.authority).await.unwrap().seconds, 3_600);
}

/// What is rolled back is not mailed.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_undone_is_not_told() {
    let stage = Stage::on(Engine::Sqlite).await;
    let alice = stage.person("alice").await;
    let clerk = stage.authority.clerk(stage.authority.now(), None);
    let undone = stage.db().write(async move |tx| {
        clerk.tell(tx, alice, doorward::domain::mail::Notice::PasswordChanged).await?;
        tx.undo(());
        Ok(())
    });
    undone.await.unwrap();
    assert!(mail::mailbox(&stage.authority, 9).await.unwrap().is_empty());
}
