//! Every page with every sample, drawn by the real templates and looked at in real Chromium: nothing runs, nobody is
//! kept out, in light and dark, on a desk and a phone.

use std::fs;
use std::path::{Path, PathBuf};

use doorward::domain::language::Languages;
use doorward::web::page::{TEMPLATES, speech};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::chromium::Chromium;
use crate::engines::Folder;
use crate::tools::root;

/// The languages that every page is looked at in.
pub const LANGUAGES: [&str; 2] = ["en", "de"];

/// The samples by file name, such as `login.error.json`.
pub fn samples() -> Vec<(String, Value)> {
    let folder = fs::read_dir(root().join("templates/samples")).unwrap();
    let mut found: Vec<_> = folder
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let sample = serde_json::from_slice(&fs::read(&path).unwrap());
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                sample.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            )
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// The pages as the server draws them.
pub struct Easel(Environment<'static>);

impl Easel {
    pub fn new(languages: Languages) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        speech::teach(&mut environment, languages);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).unwrap();
        }
        Self(environment)
    }

    /// A sample in a language.
    pub fn draw(&self, (file, sample): &(String, Value), (language, base): (&str, &str)) -> String {
        let template = format!("{}.html", file.split('.').next().unwrap());
        let mut sample = sample.clone();
        (sample["base"], sample["lang"]) = (base.into(), language.into());
        let page = self.0.get_template(&template).unwrap().render(minijinja::Value::from(Serde(&sample)));
        page.unwrap_or_else(|error| panic!("{file} in {language}: {error:#}"))
    }
}

/// Every sample in every language, as files.
fn draw(base: &Path) -> Vec<PathBuf> {
    let easel = Easel::new(Languages::new(&[]).unwrap());
    let mut drawn = Vec::new();
    for sample in samples() {
        for language in LANGUAGES {
            let path = base.join(sample.0.replace(".json", &format!(".{language}.html")));
            fs::write(&path, easel.draw(&sample, (language, &base.display().to_string()))).unwrap();
            drawn.push(path);
        }
    }
    drawn
}

/// What pages are made of.
const PARTS: [&str; 5] = ["layout.html", "account_head.html", "app_offer.html", "carried.html", "person.html"];

#[test]
fn every_page_has_samples() {
    for (template, _) in TEMPLATES.iter().filter(|(name, _)| !PARTS.contains(name)) {
        let noun = template.trim_end_matches(".html");
        for sample in [format!("{noun}.json"), format!("{noun}.hostile.json")] {
            assert!(samples().iter().any(|(file, _)| *file == sample), "{sample} is missing");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_kept_out() {
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("assets")).unwrap();
    for asset in ["doorward.css", "doorward.svg"] {
        fs::copy(root().join("templates/assets").join(asset), folder.0.join("assets").join(asset)).unwrap();
    }
    let pages = draw(&folder.0);
    for browser in [Chromium::open().await, Chromium::phone().await] {
        // What goes on by itself would be gone before it is looked at.
        let goes_on =
            |page: &PathBuf| ["form_post", "leaving"].iter().any(|name| page.display().to_string().contains(name));
        for page in pages.iter().filter(|page| !goes_on(page)) {
            browser.goto(&format!("file://{}", page.display())).await;
            browser.no_violations().await;
            let state =
                "return [document.querySelectorAll('script:not([src$=\"passkey.js\"])').length, document.documentElement.scrollWidth - document.documentElement.clientWidth,
                          getComputedStyle(document.body).fontFamily, window.attacked ?? null]";
            let state = browser.client.execute(state, vec![]).await.unwrap();
            assert_eq!((&state[0], &state[3]), (&Value::from(0), &Value::Null), "{page:?} runs something");
            assert_eq!(state[1], 0, "{page:?} is wider than its window");
            assert_ne!(state[2], "\"Times New Roman\"", "{page:?} has no style");
        }
        browser.close().await;
    }
}
