//! Pages and mails speak the language of whoever reads them, and every message of the catalogues is in use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use doorward::domain::language::Languages;
use doorward::flows::languages;
use doorward::store;
use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::binary::Home;
use crate::browser::{Browser, authorization};
use crate::engines::Folder;
use crate::mail::mailed;
use crate::pages::{Easel, samples};
use crate::stage::{PASSWORD, form};
use crate::tools::root;
use crate::world::{World, on_both};

async fn read(browser: &Browser, target: &str, language: &str) -> Answer {
    browser.send(Method::GET, target, &[("accept-language", language), ("accept", "text/html")], None).await
}

/// Sends the form of a page in a language.
async fn send(browser: &Browser, (page, path): (&Answer, &str), language: &str, answers: &[(&str, &str)]) -> Answer {
    let hidden = page.form(path);
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend(answers);
    browser.send(Method::POST, path, &[("accept-language", language)], Some(form(&fields))).await
}

/// Checks that a page is in this language all through, and says this.
#[track_caller]
fn speaks(page: &Answer, language: &str, text: &str) {
    assert!(page.body.contains(&format!("<html lang=\"{language}\">")), "{}", page.body);
    assert!(page.body.contains(text), "no {text:?} in {}", page.body);
    assert_eq!(page.header("content-language"), Some(language));
    assert!(page.header("vary").is_some_and(|vary| vary.contains("Accept-Language")));
}

on_both! {
    async fn a_page_speaks_what_the_browser_reads(world) {
        let browser = world.browser();
        for (header, language, text) in [
            ("de", "de", "Passwort vergessen?"),
            ("de-CH, fr;q=0.9", "de", "Passwort vergessen?"),
            ("en;q=0.5, de;q=0.6", "de", "Passwort vergessen?"),
            ("fr, ja;q=0.9", "en", "Forgot your password?"),
            ("de;q=0, en", "en", "Forgot your password?"),
            ("", "en", "Forgot your password?"),
            ("en-US,en;q=0.9,de;q=0.8", "en", "Forgot your password?"),
        ] {
            speaks(&read(&browser, "/login", header).await, language, text);
        }
        speaks(&browser.get("/login").await, "en", "Forgot your password?");
        speaks(&read(&browser, "/nowhere", "de").await, "de", "Hier ist nichts");
        speaks(&read(&browser, "/oauth2/authorize?client_id=x", "de").await, "de", "Diese Anfrage kann nicht beantwortet werden");
        speaks(&read(&browser, "/consent?request=x", "de").await, "de", "Diese Seite gehört zu keiner Anfrage mehr");
    }

    /// OpenID Connect Core 1.0 section 3.1.2.1.
    async fn a_client_may_say_what_the_person_reads(world) {
        let app = world.client("app", json!({})).await;
        let browser = world.browser();
        let target = authorization(&app.id, &[("ui_locales", "xx de-AT en")]);
        let page = browser.follow(read(&browser, &target, "en").await).await;
        speaks(&page, "de", "weiter zu <strong>");
        let wrong = browser.log_in(&page, "alice", "nonsense").await;
        speaks(&wrong, "de", "Benutzername und Passwort passen nicht zusammen.");
        let consent = browser.follow(browser.log_in(&wrong, "alice", PASSWORD).await).await;
        speaks(&consent, "de", "Das gilt, bis Sie sich abmelden, höchstens 24 Stunden.");
        let page = browser.follow(read(&browser, &authorization(&app.id, &[("ui_locales", "xx")]), "de").await).await;
        speaks(&page, "en", "Allow");
        let document = world.browser().get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["ui_locales_supported"], json!(["en", "de"]));
        let refused = browser.send(Method::POST, "/oauth2/token", &[("accept-language", "de")], Some("grant_type=x".into())).await;
        assert!(refused.json()["error_description"].as_str().unwrap().is_ascii() && refused.header("content-language").is_none());
    }

    /// RP-Initiated Logout 1.0 section 2.
    async fn a_client_that_signs_out_may_say_so_too(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.get("/oauth2/logout?ui_locales=de").await;
        speaks(&page, "de", "Abmelden?");
        let gone = browser.submit(&page, "/logout", &[("scope", "everywhere")]).await;
        speaks(&gone, "de", "Sie sind überall abgemeldet");
    }

    async fn the_account_is_in_the_language_of_the_browser(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for (path, text) in [
            ("/account", "Wo Sie angemeldet sind"),
            ("/account", "Aktiv: gerade eben"),
            ("/account/security", "Wie Sie sich anmelden"),
            ("/account/apps", "Apps mit Zugriff auf Ihr Konto"),
            ("/account/password", "Derzeitiges Passwort"),
            ("/account/email", "Ihre E-Mail-Adresse"),
            ("/account/totp", "Authenticator-App hinzufügen"),
            ("/account/recovery-codes", "Wiederherstellungscodes"),
            ("/account/identities", "Andere Konten, mit denen Sie sich anmelden"),
            ("/logout", "Angemeldet bleiben"),
            ("/dev/mail", "Postfach"),
            ("/password/forgot", "Passwort vergessen?"),
        ] {
            speaks(&read(&browser, path, "de").await, "de", text);
        }
        let page = browser.get("/account/password").await;
        let fields = [("current_password", PASSWORD), ("new_password", "zu kurz")];
        let page = send(&browser, (&page, "/account/password"), "de", &fields).await;
        speaks(&page, "de", "Das neue Passwort muss mindestens 15 Zeichen haben.");
    }

    async fn a_mail_speaks_what_its_person_reads_or_else_the_page(world) {
        let browser = world.browser();
        let forget = async |language: &str| {
            // Ids of one moment are in no order.
            world.advance(1);
            let page = browser.get("/password/forgot").await;
            let fields = [("email", "alice@example.com")];
            send(&browser, (&page, "/password/forgot"), language, &fields).await.is(200);
            mailed(world, "alice@example.com").await.remove(0)
        };
        verified(world).await;
        let mail = forget("de").await;
        assert_eq!(mail["subject"], "Neues Passwort festlegen");
        assert!(mail["text"].as_str().unwrap().starts_with("Guten Tag "), "{mail}");
        assert!(mail["html"].as_str().unwrap().contains("<html lang=\"de\">"), "{mail}");
        assert_eq!(forget("fr").await["subject"], "Set a new password");
        locale(world, "de-DE").await;
        assert_eq!(forget("en").await["subject"], "Neues Passwort festlegen");
        world.advance(1_800);
        locale(world, "xx").await;
        assert_eq!(forget("de").await["subject"], "Neues Passwort festlegen", "nobody speaks that");
    }
}

async fn verified(world: &World) {
    claim(world, "email_verified", json!(true)).await;
}

async fn locale(world: &World, tag: &str) {
    claim(world, "locale", json!(tag)).await;
}

async fn claim(world: &World, name: &'static str, value: serde_json::Value) {
    let db = &world.authority.db;
    let mut user = store::user::by_username(db, "alice").await.unwrap().unwrap();
    user.claims.insert(name.into(), value);
    user.version += 1;
    db.write(async move |tx| store::user::update(tx, &user).await).await.unwrap();
}

/// The text nodes of a page, without those of scripts and styles.
fn texts(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let body = html.split_once("<title>").unwrap().1;
    for part in body.split('<').map(|part| part.split_once('>').unwrap_or(("", part))) {
        let text = part.1.trim();
        if !part.0.starts_with("script") && text.chars().filter(|letter| letter.is_alphabetic()).count() > 3 {
            found.insert(text.replace("&#x2f;", "/"));
        }
    }
    // What is read out is read too.
    for name in ["aria-label=\"", "title=\""] {
        found.extend(body.split(name).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    found
}

/// What a sample brings along, which has no language.
fn brought(sample: &serde_json::Value, found: &mut BTreeSet<String>) {
    match sample {
        serde_json::Value::String(text) => {
            found.insert(text.trim().to_owned());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| brought(item, found)),
        serde_json::Value::Object(members) => members.values().for_each(|member| brought(member, found)),
        _ => {}
    }
}

/// Words that are the same in both languages, and what the product is called.
const SAME: [&str; 9] = [
    "Berlin, Germany",
    "Lisbon, Portugal",
    "Apps",
    "Doorward",
    "Passkeys",
    "Passkeys · Doorward",
    "Browser",
    "Webhook",
    "text",
];

#[test]
fn no_page_keeps_an_english_word_in_german() {
    let easel = Easel::new(Languages::new(&[]).unwrap());
    let mut left = Vec::new();
    for sample in samples().iter().filter(|(file, _)| !file.contains("hostile")) {
        let [english, german] = ["en", "de"].map(|language| texts(&easel.draw(sample, (language, ""))));
        let mut own = BTreeSet::new();
        brought(&sample.1, &mut own);
        let same = german.intersection(&english).filter(|text| !SAME.contains(&text.as_str()));
        left.extend(same.filter(|text| !own.contains(*text)).map(|text| format!("{}: {text}", sample.0)));
    }
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn hostile_words_stay_words_in_every_language() {
    let easel = Easel::new(Languages::new(&[]).unwrap());
    for sample in samples().iter().filter(|(file, _)| file.contains("hostile")) {
        for language in ["en", "de"] {
            let page = easel.draw(sample, (language, "")).to_lowercase();
            for bad in ["<img src=x", "<script>alert", "<script>window", "onerror=alert(1)>"] {
                assert!(!page.contains(bad), "{} in {language} holds {bad}", sample.0);
            }
        }
    }
}

fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, end, found);
        } else if path.extension().is_some_and(|own| own == end) {
            found.push(path);
        }
    }
}

/// Before the name of a message.
const SAYS: [&str; 5] = ["Phrase::of(", "{ t(", "plain(", ".told(", "named("];

/// Every text in quotes of the code and the templates that looks like the name of a message, and whether it is said there.
fn named() -> BTreeMap<String, bool> {
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    files(&root().join("templates"), "html", &mut sources);
    // Tests speak of messages that nobody says.
    sources.retain(|path| !path.ends_with("tests.rs") && !path.ends_with("language/phrase.rs"));
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let is_name = |letter: &char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(*letter);
    for source in sources.iter().map(|path| fs::read_to_string(path).unwrap()) {
        for (at, _) in source.match_indices('"') {
            let (before, after) = (&source[..at], &source[at + 1..]);
            let text: String = after.chars().take_while(is_name).collect();
            if !text.is_empty() && after[text.len()..].starts_with('"') {
                *found.entry(text).or_default() |= SAYS.iter().any(|says| before.ends_with(says));
            }
        }
    }
    found
}

#[test]
fn every_message_is_said_and_what_is_said_is_a_message() {
    let (languages, named) = (Languages::new(&[]).unwrap(), named());
    let keys: BTreeSet<&str> = languages.messages().collect();
    let english = fs::read_to_string(root().join("templates/words/en.ftl")).unwrap();
    let quoted: BTreeSet<&str> = english.split("{ ").skip(1).filter_map(|rest| rest.split(" }").next()).collect();
    let unused: Vec<_> = keys.iter().filter(|key| !named.contains_key(**key) && !quoted.contains(**key)).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
    let unknown: Vec<_> = named.iter().filter(|(key, said)| **said && !keys.contains(key.as_str())).collect();
    assert!(unknown.is_empty(), "there are no such messages: {unknown:?}");
}

/// The elements that our own messages hold.
const ELEMENTS: [&str; 6] =
    ["<strong>", "</strong>", "<span class=\"unseen\">", "<span class=\"small\">", "<span lang=\"en\">", "</span>"];

#[test]
fn what_stands_in_titles_attributes_and_mails_is_plain() {
    let named = sources_with("plain(");
    for tag in ["en", "de"] {
        let source = fs::read_to_string(root().join(format!("templates/words/{tag}.ftl"))).unwrap();
        let mut message = "";
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            message =
                line.split_once(" = ").map(|(name, _)| name).filter(|name| !name.starts_with(' ')).unwrap_or(message);
            let bare = ELEMENTS.iter().fold(line.replace("->", ""), |line, element| line.replace(element, ""));
            assert!(!bare.contains(['<', '>', '&']), "{tag}: {line}");
            let is_mail = message.starts_with("mail-") && !message.starts_with("mail-code-");
            assert!(bare == line.replace("->", "") || !is_mail && !named.contains(message), "{tag}: {line}");
        }
    }
}

/// The names that follow these words in templates.
fn sources_with(words: &str) -> BTreeSet<String> {
    let mut sources = Vec::new();
    files(&root().join("templates"), "html", &mut sources);
    let all: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let found = all.split(words).skip(1).filter_map(|rest| rest.split('"').nth(1));
    found.map(str::to_owned).collect()
}

/// A theme with this file of messages.
fn theme(name: &str, source: &str) -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("words")).unwrap();
    fs::write(folder.0.join("words").join(name), source).unwrap();
    folder
}

#[test]
fn a_file_that_an_operator_drops_in_is_spoken() {
    let folder = theme("fr.ftl", "sign-in = Se connecter\nlogin-client = vers <em>{ $client }</em>\n");
    let languages = languages::open(Some(&folder.0)).unwrap();
    assert_eq!(languages.tags(), ["en", "de", "fr"]);
    let easel = Easel::new(languages);
    let sample = samples().into_iter().find(|(file, _)| file == "login.json").unwrap();
    let page = easel.draw(&sample, ("fr", ""));
    assert!(page.contains("<html lang=\"fr\">") && page.contains("<h1>Se connecter</h1>"), "{page}");
    assert!(page.contains("Forgot your password?"), "what it lacks is said in English");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_stops_the_start_with_its_place_and_the_doctor_tells_what_is_missing() {
    for (name, source, complaint) in [
        ("fr.ftl", "sign-in = Se connecter\n\nor ou\n", "pages.theme: words/fr.ftl:3: "),
        ("fr.ftl", "or = { $autre }\n", "pages.theme: words/fr.ftl: the message or speaks of $autre"),
        ("french.words.ftl", "", "pages.theme: words/french.words.ftl: a file of messages is named by the tag"),
    ] {
        let folder = theme(name, source);
        let home = Home::new(&[("PAGES__THEME", folder.0.to_str().unwrap())]);
        let output = home.run(&["serve"]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(complaint), "{said}");
    }
    let folder = theme("fr.ftl", "sign-in = Se connecter\nsing-out = Se déconnecter\n");
    let home = Home::new(&[("PAGES__THEME", folder.0.to_str().unwrap())]);
    let said = String::from_utf8_lossy(&home.run(&["doctor"]).await.stdout).into_owned();
    assert!(said.contains("words/fr.ftl lacks") && said.contains("sing-out"), "{said}");
}
