//! Every page with every sample, drawn by the real templates and looked at in real Chromium: nothing runs, nobody is
//! kept out, in light and dark, on a desk and a phone.

use std::fs;
use std::path::{Path, PathBuf};

use doorward::web::page::TEMPLATES;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::chromium::Chromium;
use crate::engines::Folder;
use crate::tools::root;

/// The samples by file name, such as `login.error.json`.
fn samples() -> Vec<(String, Value)> {
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

fn draw(base: &Path) -> Vec<PathBuf> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).unwrap();
    }
    let mut drawn = Vec::new();
    for (file, mut sample) in samples() {
        let template = format!("{}.html", file.split('.').next().unwrap());
        sample["base"] = base.display().to_string().into();
        let page = environment.get_template(&template).unwrap().render(minijinja::Value::from(Serde(&sample)));
        let path = base.join(file.replace(".json", ".html"));
        fs::write(&path, page.unwrap_or_else(|error| panic!("{file}: {error:#}"))).unwrap();
        drawn.push(path);
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
