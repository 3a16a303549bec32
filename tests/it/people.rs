//! People and how they get in: what others got wrong that no other test here looks at, and what keeps the ways in together.

use std::fs;

use doorward::store;
use serde_json::json;

use crate::admin::{Api, id_of};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::factors::softkey::{Manner, SoftKey};
use crate::factors::{App, add_passkey, options, origin, prove, signed_in};
use crate::mail::{link, mailed};
use crate::password::NEW;
use crate::stage::{Engine, PASSWORD, Stage};
use crate::tools::root;
use crate::world::{World, on_both};

async fn try_as(world: &World, username: &str, password: &str) -> Answer {
    let browser = world.browser();
    let page = browser.open("/login").await;
    browser.log_in(&page, username, password).await
}

async fn count(stage: &Stage, sql: &'static str) -> i64 {
    stage.db().read().await.unwrap().sql(sql).scalar().await.unwrap()
}

/// The hidden value of this name in the form to this path.
fn hidden(page: &Answer, path: &str, name: &str) -> String {
    page.form(path).into_iter().find(|(own, _)| own == name).map(|(_, value)| value).unwrap_or_default()
}

/// ASVS 6.3.2: there is nobody before an operator makes somebody.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_knows_nobody() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let stage = Stage::on(engine).await;
        for sql in ["SELECT COUNT(*) FROM users", "SELECT COUNT(*) FROM clients", "SELECT COUNT(*) FROM providers"] {
            assert_eq!(count(&stage, sql).await, 0, "{sql}");
        }
        stage.verify().await;
    }
}

/// ASVS 6.3.4: a person's session begins in one place, where what is needed was asked for; a new place that writes one, or
/// a new flow that leads there, is found here.
#[test]
fn sessions_of_people_begin_in_one_place() {
    let mut inserts = Vec::new();
    let mut entrances = Vec::new();
    let mut folders = vec![root().join("src/flows")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let (text, name) =
                (fs::read_to_string(&path).unwrap(), path.file_stem().unwrap().to_str().unwrap().to_owned());
            inserts.extend(text.contains("session::insert(").then(|| name.clone()));
            entrances.extend((text.contains("factor::go_on(") || text.contains(" enter(authority")).then_some(name));
        }
    }
    inserts.sort();
    entrances.sort();
    // A machine's session, a person's, and what is left to a client, which is as strong as what it was split off.
    assert_eq!(inserts, ["client_credentials", "code", "entrance"]);
    let known = ["arrival", "factor", "login", "mail_code", "passkey"];
    assert_eq!(entrances, known, "each asks `factor::next` whether that is enough");
}

on_both! {
    /// CVE-2026-47203, CVE-2025-24806: however a name is written, it is one account with one count.
    async fn a_name_has_one_count_however_it_is_written(world) {
        for name in ["alice", "ALICE", "Alice", "ａｌｉｃｅ", "aLiCe"] {
            try_as(world, name, "wrong").await.is(401);
        }
        for name in ["alice", "ALICE", "ａｌｉｃｅ"] {
            assert!(try_as(world, name, PASSWORD).await.is(429).header("retry-after").is_some(), "{name}");
        }
    }

    /// CVE-2021-3754: a name that is somebody's address opens nothing of theirs, and gets none of their mail.
    async fn a_name_that_is_anothers_address_gets_nothing_of_theirs(world) {
        let api = Api::of(world).await;
        let eve = json!({"username": "alice@example.com", "password": NEW, "email": "eve@evil.example"});
        api.post("/users", eve).await.is(201);
        try_as(world, "alice@example.com", PASSWORD).await.is(401);
        let browser = world.browser();
        let page = browser.open("/password/forgot").await;
        browser.submit(&page, "/password/forgot", &[("email", "alice@example.com")]).await.is(200);
        assert!(mailed(world, "eve@evil.example").await.is_empty());
        let mail = mailed(world, "alice@example.com").await;
        let page = browser.open(&link(&mail[0], &world.issuer)).await;
        browser.submit(&page, "/password/reset", &[("new_password", "marble tides over copper")]).await.is(200);
        assert_eq!(try_as(world, "alice", "marble tides over copper").await.status, 303);
        assert_eq!(try_as(world, "alice@example.com", NEW).await.status, 303, "and nothing of the other one's changed");
    }

    /// CVE-2026-55670: whoever gets a name that is free again is somebody else.
    async fn a_name_that_is_free_again_is_another_person(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let api = Api::of(world).await;
        let before = id_of(&api, "alice").await;
        api.delete(&format!("/users/{before}")).await.is(204);
        let again = json!({"username": "alice", "password": NEW, "email": "alice@example.com"});
        let again = api.post("/users", again).await.is(201).json();
        assert_ne!(again["id"], json!(before));
        assert_eq!(browser.get("/account").await.status, 303);
        app.userinfo(&tokens.access).await.refused("invalid_token");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(try_as(world, "alice", PASSWORD).await.status, 401);
    }

    /// CVE-2026-27946, CVE-2026-54693: no form says that an address is confirmed.
    async fn nobody_confirms_their_own_address_by_a_form(world) {
        let api = Api::of(world).await;
        let at = format!("/users/{}", id_of(&api, "alice").await);
        api.patch(&at, json!({"email_verified": false})).await.ok();
        let browser = signed_in(world, "alice").await;
        let page = browser.open("/account/email").await;
        let more = [("email", "new@example.org"), ("email_verified", "true"), ("verified", "on"), ("roles", "admin")];
        browser.submit(&page, "/account/email", &more).await.is(200);
        browser.submit(&page, "/account/email/verify", &more).await.is(200);
        let person = api.get(&at).await.ok();
        let told = (&person["email"], &person["email_verified"], &person["roles"]);
        assert_eq!(told, (&json!("alice@example.com"), &json!(false), &json!(["reader"])));
    }

    /// CVE-2026-105209: what one person is offered to add is added to nobody else.
    async fn what_is_offered_to_one_is_added_to_nobody_else(world) {
        let (alice, bob) = (signed_in(world, "alice").await, signed_in(world, "bob").await);
        let hers = alice.open("/account/totp").await;
        let app = App::typed(&hers.element("totp-secret").unwrap());
        let own = bob.open("/account/totp").await;
        let fields = [("csrf", hidden(&own, "/account/totp", "csrf")), ("handle", hidden(&hers, "/account/totp", "handle")), ("code", app.code(world))];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        bob.post("/account/totp", &fields).await.is(422);
        let hers = alice.open("/account/passkeys").await;
        let manner = Manner::honest(&origin(world), "webauthn.create");
        let (_, answer) = SoftKey::create(&options(&hers, "/account/passkeys"), &manner);
        let own = bob.open("/account/passkeys").await;
        let fields = [("csrf", hidden(&own, "/account/passkeys", "csrf")), ("handle", hidden(&hers, "/account/passkeys", "handle")), ("answer", answer)];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        bob.post("/account/passkeys", &fields).await.is(422);
        let rows = world.db().read().await.unwrap().sql("SELECT COUNT(*) FROM authenticators").scalar::<i64>().await.unwrap();
        assert_eq!(rows, 0);
    }

    /// CVE-2024-1722: an attack on the password leaves its owner the other ways in, from the place of the attack too.
    async fn whoever_is_attacked_still_gets_in_by_a_passkey(world) {
        let mut key = add_passkey(world, &signed_in(world, "alice").await, "key").await;
        for _ in 0..20 {
            try_as(world, "alice", "wrong").await;
        }
        try_as(world, "alice", PASSWORD).await.is(429);
        let browser: Browser = world.browser();
        let page = browser.open("/login").await;
        prove(world, &browser, &mut key, (&page, "/login/passkey")).await.is(303);
        browser.get("/account").await.is(200);
    }

    /// NIST SP 800-63B-4 3.1.1.2: the scheme and its cost stand beside each hash, with a salt of its own of 128 bits.
    async fn a_password_is_kept_with_its_scheme_cost_and_salt(world) {
        let mut kept = Vec::new();
        for username in ["alice", "bob"] {
            let user = store::user::by_username(world.db(), username).await.unwrap().unwrap();
            let hash = user.password.unwrap().hash;
            let parts: Vec<String> = hash.split('$').map(str::to_owned).collect();
            assert_eq!((parts[1].as_str(), parts[2].as_str()), ("argon2id", "v=19"), "{hash}");
            assert!(parts[3].starts_with("m=") && parts[4].len() == 22 && parts[5].len() == 43, "{hash}");
            kept.push(parts);
        }
        assert_ne!(kept[0][4], kept[1][4]);
        assert_ne!(kept[0][5], kept[1][5], "one password, two hashes");
    }
}
