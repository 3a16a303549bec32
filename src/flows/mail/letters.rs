//! The templates of mails: each letter once as text and once as HTML. A theme folder may replace both.

use std::io;
use std::path::Path;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};

use super::words::Words;

/// The templates that come with the program.
pub const TEMPLATES: [(&str, &str); 2] = [
    ("mail/letter.txt", include_str!("../../../templates/mail/letter.txt")),
    ("mail/letter.html", include_str!("../../../templates/mail/letter.html")),
];

/// Why a theme's mails cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    #[error("theme file {0}: {1}")]
    File(String, io::Error),
    #[error("theme file {0}: {1}")]
    Template(String, minijinja::Error),
}

pub struct Letters(Environment<'static>);

impl Letters {
    /// The built-in templates, each replaced by the theme's where it has one.
    pub fn new(theme: Option<&Path>) -> Result<Self, LettersError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, built_in) in TEMPLATES {
            let source = match theme.map(|folder| folder.join(name)).filter(|file| file.exists()) {
                Some(file) => std::fs::read_to_string(&file)
                    .map_err(|cause| LettersError::File(file.display().to_string(), cause))?,
                None => built_in.to_owned(),
            };
            let wrong = |cause| LettersError::Template(name.to_owned(), cause);
            environment.add_template_owned(name, source).map_err(wrong)?;
        }
        Ok(Self(environment))
    }

    /// Text and HTML; `None` when a theme's template fails on it.
    pub fn write(&self, words: &Words) -> Option<(String, String)> {
        let [text, html] = TEMPLATES.map(|(name, _)| self.render(name, words));
        Some((text?, html?))
    }

    fn render(&self, name: &str, words: &Words) -> Option<String> {
        let rendered = self.0.get_template(name).and_then(|template| template.render(Value::from(Serde(words))));
        rendered.inspect_err(|error| tracing::error!(%error, template = name, "a mail could not be rendered")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_becomes_text_and_html() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/mail/samples");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 4);
        for file in files {
            let words: Words = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let (text, html) = Letters::new(None).unwrap().write(&words).unwrap();
            assert!(text.starts_with(&words.greeting) && !html.contains("<script") && !text.contains("&#"), "{file:?}");
            if let Some(link) = &words.link {
                assert!(text.lines().any(|line| line == link.url), "{text}");
            }
            let name = format!("mail.{}", file.file_stem().unwrap().to_str().unwrap());
            insta::with_settings!({ snapshot_path => "../../../tests/snapshots", prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(name, format!("{text}\n=====\n{html}"));
            });
        }
    }
}
