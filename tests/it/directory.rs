//! A directory as a password source: a real OpenLDAP judges, and what it says of people is taken over.

mod talk;

use std::sync::Arc;
use std::time::{Duration, Instant};

use doorward::domain::directory::entry_key;
use doorward::domain::identity::Realm;
use doorward::domain::login::{Counted, Counter};
use doorward::jobs::tally::Tally;
use doorward::jobs::{Shift, directory as job};
use doorward::protocol::ldap::Privacy;
use doorward::store;
use serde_json::Value;

use crate::answer::Answer;
use crate::binary::Home;
use crate::slapd::{dn, slapd};
use crate::stage::PASSWORD;
use crate::upstream::api;
use crate::world::{Setting, World, on_both_with};

const SESSION: &str = "doorward-session";

pub fn corporate() -> Setting {
    Setting { directory: || Some(slapd().directory(|_| {})), ..Setting::default() }
}

/// It refuses after four seconds, and takes one conversation at a time.
fn patient() -> Setting {
    let directory = || Some(slapd().directory(|rules| (rules.refuse_after, rules.connections) = (PATIENCE, 1)));
    Setting { directory, ..Setting::default() }
}

const PATIENCE: Duration = Duration::from_secs(4);

/// Nobody listens there.
fn absent() -> Setting {
    let nowhere = || Some(slapd().directory(|rules| rules.address.port = 1));
    Setting { directory: nowhere, ..Setting::default() }
}

/// A person of the directory whom only this world knows.
pub fn newcomer(world: &World, name: &str) -> String {
    let uid = format!("{name}-{}", world.port);
    slapd().person(&uid);
    uid
}

async fn attempt(world: &World, username: &str, password: &str) -> Answer {
    let browser = world.browser();
    let page = browser.open("/login").await;
    browser.log_in(&page, username, password).await
}

pub async fn shown(world: &World, username: &str) -> Value {
    let found = api(world).await.get(&format!("/users?username={username}")).await.is(200).json();
    found["items"][0].clone()
}

async fn people(world: &World) -> i64 {
    let mut read = world.db().read().await.unwrap();
    read.sql("SELECT COUNT(*) FROM users").scalar::<i64>().await.unwrap()
}

/// The job of this moment.
async fn sweep(world: &World) {
    let shift = Shift::new(Arc::clone(&world.authority), Tally::default());
    job::run(shift, world.authority.now() + chrono::TimeDelta::minutes(1)).await.unwrap();
}

on_both_with! {
    crate::directory::corporate();

    async fn a_person_comes_by_the_directory_and_is_one_person(world) {
        let uid = newcomer(world, "carol");
        world.app("app").await;
        let browser = world.browser();
        browser.sign_in(&uid).await;
        let user = shown(world, &uid).await;
        assert_eq!(user["email"], format!("{uid}@corp.example"));
        assert_eq!((&user["email_verified"], &user["name"]), (&true.into(), &format!("{uid} of the directory").into()));
        for name in [uid.to_uppercase(), format!("{uid}@corp.example"), format!("ｃ{}", &uid[1..])] {
            world.browser().sign_in(&name).await;
        }
        assert_eq!(people(world).await, 3, "alice, bob, and one more");
        let code = browser.code("app", &uid, "openid").await;
        assert!(!code.is_empty());
        let sessions = api(world).await.get(&format!("/sessions?user_id={}", user["id"].as_str().unwrap())).await;
        assert_eq!(sessions.is(200).json()["items"][0]["amr"], serde_json::json!(["pwd"]));
    }

    async fn what_proves_nothing_lets_nobody_in(world) {
        let uid = newcomer(world, "dave");
        for (username, password) in [
            (uid.as_str(), "wrong"),
            (&uid, ""),
            ("nobody", PASSWORD),
            ("nobody", ""),
            ("*", PASSWORD),
            ("*)(uid=*", PASSWORD),
            (&format!("{uid})(|(uid=*"), PASSWORD),
            (&format!("{uid},ou=people,dc=example,dc=com"), PASSWORD),
            (&dn(&uid), PASSWORD),
            ("", PASSWORD),
            ("doorward", "service secret"),
            ("\\2a", PASSWORD),
        ] {
            let answer = attempt(world, username, password).await;
            assert_eq!(answer.status, 401, "{username:?} {password:?}");
            assert!(answer.header("set-cookie").is_none_or(|cookie| !cookie.starts_with(SESSION)));
        }
        assert_eq!(people(world).await, 2, "nobody was made");
    }

    async fn spellings_that_a_directory_overlooks_are_no_names(world) {
        let uid = newcomer(world, "erin");
        for name in [format!(" {uid}"), format!("{uid} "), format!("e\u{ad}{}", &uid[1..]), format!("{uid}\u{200b}")] {
            assert_eq!(attempt(world, &name, PASSWORD).await.status, 401, "{name:?}");
        }
        world.browser().sign_in(&uid).await;
    }

    async fn groups_give_roles_and_take_them(world) {
        let uid = newcomer(world, "frank");
        let group = format!("auditors-{}", world.port);
        slapd().group(&group, &uid);
        world.browser().sign_in(&uid).await;
        assert_eq!(shown(world, &uid).await["roles"], serde_json::json!([]), "a group of another name");
        let member = |change: &str| {
            let groups = "dn: cn=staff,ou=groups,dc=example,dc=com\nchangetype: modify";
            format!("{groups}\n{change}: member\nmember: {}\n", dn(&uid))
        };
        let _one_at_a_time = STAFF.lock().await;
        staff();
        slapd().change(&member("add"));
        world.browser().sign_in(&uid).await;
        assert_eq!(shown(world, &uid).await["roles"], serde_json::json!(["staff"]));
        let id = shown(world, &uid).await["id"].as_str().unwrap().to_owned();
        let patch = serde_json::json!({"roles": ["staff", "reader"]});
        api(world).await.patch(&format!("/users/{id}"), patch).await.is(200);
        slapd().change(&member("delete"));
        let change = format!("dn: {}\nchangetype: modify\nreplace: cn\ncn: Frank Anew\n", dn(&uid));
        slapd().change(&change);
        world.browser().sign_in(&uid).await;
        let user = shown(world, &uid).await;
        assert_eq!((&user["roles"], &user["name"]), (&serde_json::json!(["reader"]), &"Frank Anew".into()));
    }

    async fn a_person_with_a_password_here_is_never_taken_over(world) {
        let uid = newcomer(world, "grace");
        world.person(&uid).await;
        let before = shown(world, &uid).await;
        slapd().change(&format!("dn: {}\nchangetype: modify\nreplace: userPassword\nuserPassword: theirs\n", dn(&uid)));
        assert_eq!(attempt(world, &uid, "theirs").await.status, 401, "the name is somebody else's here");
        world.browser().sign_in(&uid).await;
        let browser = world.browser();
        let page = browser.open("/login").await;
        browser.log_in(&page, &format!("{uid}@corp.example"), "theirs").await.is(303);
        assert!(!browser.get("/account").await.body.contains(before["id"].as_str().unwrap()));
        assert_eq!(shown(world, &uid).await, before, "nothing of theirs was touched");
        assert_eq!(people(world).await, 4, "somebody else by another name");
    }

    async fn another_person_of_the_same_name_is_another_person(world) {
        let uid = newcomer(world, "heidi");
        world.browser().sign_in(&uid).await;
        let before = shown(world, &uid).await;
        slapd().change(&format!("dn: {}\nchangetype: delete\n", dn(&uid)));
        assert_eq!(attempt(world, &uid, PASSWORD).await.status, 401);
        slapd().person(&uid);
        world.browser().sign_in(&uid).await;
        assert_eq!((people(world).await, shown(world, &uid).await), (4, before));
    }

    async fn somebody_disabled_here_stays_out(world) {
        let uid = newcomer(world, "ivan");
        let browser = world.browser();
        browser.sign_in(&uid).await;
        let id = shown(world, &uid).await["id"].as_str().unwrap().to_owned();
        api(world).await.patch(&format!("/users/{id}"), serde_json::json!({"disabled": true})).await.is(200);
        assert_eq!(browser.get("/account").await.status, 303);
        assert_eq!(attempt(world, &uid, PASSWORD).await.status, 401);
    }

    async fn guesses_are_counted_whatever_the_entry_is_called(world) {
        let uid = newcomer(world, "judy");
        for _ in 0..5 {
            assert_eq!(attempt(world, &uid, "wrong").await.status, 401);
            assert_eq!(attempt(world, "ghost", "wrong").await.status, 401);
        }
        for name in [uid.as_str(), "ghost"] {
            let answer = attempt(world, name, PASSWORD).await;
            assert!(answer.is(429).header("retry-after").is_some(), "{name}");
        }
        world.advance(31);
        world.browser().sign_in(&uid).await;

        world.browser().sign_in(&uid).await;
        let mut read = world.db().read().await.unwrap();
        let sql = "SELECT subject FROM identities WHERE issuer = 'ldap:corp'";
        let (subject,) = read.sql(sql).one::<(String,)>().await.unwrap();
        drop(read);
        let key = entry_key(&Realm::kept("ldap:corp".into()), &subject);
        assert!(store::throttle::find(world.db(), key).await.unwrap().is_none(), "success forgets");
        let names = [uid.clone(), format!("{uid}@corp.example")];
        for turn in 0..20 {
            world.advance(600);
            assert_eq!(attempt(world, &names[turn % 2], "wrong").await.status, 401, "{turn}");
        }
        let counter = store::throttle::find(world.db(), key).await.unwrap().unwrap();
        assert_eq!(counter.failures, 20);
        let answer = attempt(world, &uid.replace("judy", "JUDY"), PASSWORD).await;
        assert!(answer.status == 401 || answer.status == 429, "the entry is closed by any name: {}", answer.status);
        world.advance(3_601);
        world.browser().sign_in(&uid).await;
    }

    async fn the_directory_keeps_the_password_and_our_pages_say_so(world) {
        let uid = newcomer(world, "kim");
        let browser = world.browser();
        browser.sign_in(&uid).await;
        let page = browser.get("/account/password").await;
        assert!(page.is(200).body.contains("kept elsewhere") && !page.body.contains("new_password"), "{}", page.body);
        let answer = browser.get("/account").await;
        let csrf = answer.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let new = "a long enough passphrase of mine";
        let answer = browser.post("/account/password", &[("csrf", &csrf), ("new_password", new)]).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_eq!(attempt(world, &uid, new).await.status, 401);

        let address = format!("{uid}@corp.example");
        let page = browser.get("/password/forgot").await;
        let answer = browser.submit(&page, "/password/forgot", &[("email", &address)]).await;
        assert!(answer.is(200).body.contains("Look into your mail"));
        let subjects = crate::mail::mailed(world, &address).await;
        assert!(subjects.iter().all(|mail| !mail["text"].as_str().unwrap().contains("/password/reset")), "{subjects:?}");

        let (admin, id) = (api(world).await, shown(world, &uid).await["id"].as_str().unwrap().to_owned());
        let asked = serde_json::json!({"password": new});
        admin.put(&format!("/users/{id}/password"), asked).await.is(409);
        admin.post(&format!("/users/{id}/invitation"), Value::Null).await.is(409);
        assert!(browser.get("/account/identities").await.is(200).body.contains("corp"));
    }

    async fn whoever_is_gone_there_is_signed_out_here(world) {
        let [gone, here] = ["mia", "noah"].map(|name| newcomer(world, name));
        let [left, stayed, own] = [world.browser(), world.browser(), world.browser()];
        left.sign_in(&gone).await;
        stayed.sign_in(&here).await;
        own.sign_in("alice").await;
        sweep(world).await;
        left.get("/account").await.is(200);
        slapd().change(&format!("dn: {}\nchangetype: delete\n", dn(&gone)));
        sweep(world).await;
        let told = left.open("/account").await;
        assert!(told.url.path() == "/login" && told.body.contains("Your account was disabled"), "{}", told.body);
        stayed.get("/account").await.is(200);
        own.get("/account").await.is(200);
    }

    async fn a_refusal_looks_alike_for_everybody(world) {
        let uid = newcomer(world, "leo");
        let mut seen = Vec::new();
        for name in [uid.as_str(), "alice", "nobody"] {
            let browser = world.browser();
            let page = browser.open("/login").await;
            let answer = browser.log_in(&page, name, "wrong").await;
            seen.push((answer.is(401).body.matches("do not match").count(), answer.headers.len()));
        }
        assert!(seen.iter().all(|one| *one == seen[0] && one.0 == 1), "{seen:?}");
    }
}

/// One group that all worlds change.
static STAFF: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn staff() {
    static MADE: std::sync::Once = std::sync::Once::new();
    MADE.call_once(|| slapd().group("staff", "nobody-at-all"));
}

on_both_with! {
    crate::directory::absent();

    async fn without_the_directory_passwords_that_are_kept_here_go_on(world) {
        world.browser().sign_in("alice").await;
        for name in ["carol", "nobody", "alice"] {
            let answer = attempt(world, name, "wrong").await;
            let said = answer.is(503).body.contains("directory");
            assert!(said && answer.header("retry-after").is_some(), "{name}: {}", answer.body);
        }
        // Counted for everybody: else the count would tell whose password is kept here.
        for name in ["carol", "nobody", "alice"] {
            for _ in 0..4 {
                attempt(world, name, "wrong").await.is(503);
            }
            for password in ["wrong", "", PASSWORD] {
                attempt(world, name, password).await.is(429);
            }
        }
    }

    async fn without_the_directory_many_tries_from_one_place_shut_nobody_out(world) {
        for at in 0..101 {
            attempt(world, &format!("colleague-{at}"), PASSWORD).await.is(503);
        }
        world.browser().sign_in("alice").await;
    }

    async fn without_the_directory_a_flood_from_one_place_waits(world) {
        let (now, key) = (world.authority.now(), Counted::Crowd.key("", "127.0.0.1", ""));
        let nearly = Counter { failures: 998, blocked_to: now, last_at: now };
        world.db().write(async move |tx| {
            let _new = store::throttle::hold(tx, key, now).await?;
            store::throttle::set(tx, key, nearly).await
        }).await.unwrap();
        for name in ["one", "two"] {
            attempt(world, name, PASSWORD).await.is(503);
        }
        attempt(world, "three", PASSWORD).await.is(429);
        world.advance(30);
        world.browser().sign_in("alice").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_the_directory() {
    let address = slapd().address(Privacy::StartTls).to_string();
    let ca = slapd().authority("ca").display().to_string();
    let proxied = ("SERVER__TRUSTED_PROXIES", "10.0.0.1");
    let usual = [("ISSUER", "https://id.example"), ("METRICS__BIND", "127.0.0.1:0"), proxied];
    let own =
        [("LDAP__URL", address.as_str()), ("LDAP__BIND_DN", "cn=doorward,dc=example,dc=com"), ("LDAP__CA_FILE", &ca)];
    let section = [&usual[..], &own].concat();
    for (password, base, said) in [
        ("service secret", "ou=people,dc=example,dc=com", None),
        ("wrong", "ou=people,dc=example,dc=com", Some("does not let us in as ldap.bind_dn")),
        ("service secret", "ou=nowhere,dc=example,dc=com", Some("ldap.base is not there")),
    ] {
        let home = Home::new(&[&section[..], &[("LDAP__BIND_PASSWORD", password), ("LDAP__BASE", base)]].concat());
        let output = home.run(&["doctor"]).await;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), said.is_none(), "{told}");
        assert!(said.is_none_or(|said| told.contains(said)) && !told.contains("wrong"), "{told}");
    }
}

on_both_with! {
    crate::directory::patient();

    /// Nobody can tell by its time why a sign-in was refused, and whoever waits for it keeps no connection from others.
    async fn every_refusal_is_answered_after_the_same_time(world) {
        let [known, disabled] = [newcomer(world, "olga"), newcomer(world, "oscar")];
        world.browser().sign_in(&disabled).await;
        let id = shown(world, &disabled).await["id"].as_str().unwrap().to_owned();
        api(world).await.patch(&format!("/users/{id}"), serde_json::json!({"disabled": true})).await.is(200);
        let tries = [(known.as_str(), "wrong"), ("nobody", PASSWORD), (&disabled, PASSWORD), (&disabled, "wrong"), ("alice", "wrong")];
        let began = Instant::now();
        let tries = tries.map(|(name, password)| async move {
            let browser = world.browser();
            let page = browser.open("/login").await;
            let asked = Instant::now();
            browser.log_in(&page, name, password).await.is(401);
            assert!(asked.elapsed() >= PATIENCE, "{name} {password}: {:?}", asked.elapsed());
        });
        futures_util::future::join_all(tries).await;
        assert!(began.elapsed() < 3 * PATIENCE, "one after the other: {:?}", began.elapsed());
    }
}
