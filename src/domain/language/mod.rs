//! The languages that pages and mails speak: English and German, and whatever an operator adds.

mod catalogue;
mod phrase;
pub mod wish;

use std::collections::BTreeSet;
use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};
use unic_langid::{CharacterDirection, LanguageIdentifier};

use catalogue::{Arguments, Catalogue};
pub use phrase::{Argument, Phrase};

/// The languages that come with the program; the first is spoken where no other fits.
const BUILT_IN: [(&str, &str); 2] =
    [("en", include_str!("../../../templates/words/en.ftl")), ("de", include_str!("../../../templates/words/de.ftl"))];

/// A file of messages, named by the tag of its language: `pt-BR.ftl`.
#[derive(Clone, Debug)]
pub struct Dropped {
    pub name: String,
    pub source: String,
}

/// Why a file of messages cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("{0}: a file of messages is named by the tag of its language, such as fr.ftl or pt-BR.ftl")]
    Name(String),
    #[error("{file}:{line}: {what}")]
    Syntax { file: String, line: usize, what: String },
    #[error("{file}: the message {key} speaks of ${argument}, which is not told to it")]
    Argument { file: String, key: String, argument: String },
}

/// What a file that an operator added lacks, and what nobody asks it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub tag: String,
    /// Said in another language instead.
    pub missing: Vec<String>,
    /// Perhaps misspelt.
    pub unknown: Vec<String>,
}

/// All languages, English first.
#[derive(Clone)]
pub struct Languages {
    all: Vec<Language>,
    /// What each message is told, as the English ones of the program show.
    told: Arc<Arguments>,
}

/// One language, ready to speak.
#[derive(Clone)]
pub struct Language(Arc<Catalogue>);

/// What is filled into a message.
pub enum Piece<'a> {
    Number(i64),
    Text(&'a str),
    Phrase(&'a Phrase),
    /// A part of a page, which is safe there as it stands.
    Html(&'a str),
}

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a mail, a title or an attribute: what is filled in stands as it is.
    Text,
    /// In a page: messages may hold elements, and what is filled in is escaped and isolated.
    Page,
}

impl Languages {
    /// The languages that come with the program, with the messages of these files laid over them.
    pub fn new(dropped: &[Dropped]) -> Result<Self, Broken> {
        let mut own: Vec<(LanguageIdentifier, &Dropped)> = Vec::new();
        for file in dropped {
            own.push((tag_of(file)?, file));
        }
        // A language comes before those of its regions, which fall back to it.
        own.sort_by_key(|(tag, _)| tag.to_string());
        let mut all = Self { all: Vec::new(), told: Arc::default() };
        for (tag, source) in BUILT_IN {
            let mut files = vec![Dropped { name: format!("{tag}.ftl"), source: source.to_owned() }];
            let (same, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|(own, _)| *own == tag);
            files.extend(same.into_iter().map(|(_, file)| file.clone()));
            own = others;
            let tag: LanguageIdentifier = tag.parse().map_err(|_| Broken::Name(tag.to_owned()))?;
            if all.all.is_empty() {
                all.told = Arc::new(Catalogue::new(tag.clone(), None, &files[..1])?.arguments);
            }
            all.add(tag, &files)?;
        }
        for (tag, file) in own {
            all.add(tag, std::slice::from_ref(file))?;
        }
        dropped.iter().try_for_each(|file| all.check(file))?;
        Ok(all)
    }

    fn add(&mut self, tag: LanguageIdentifier, files: &[Dropped]) -> Result<(), Broken> {
        let parent = wish::shortened(&tag.to_string()).skip(1).find_map(|tag| self.find(tag)).cloned();
        let fallback = parent.or_else(|| self.all.first().cloned());
        self.all.push(Language(Arc::new(Catalogue::new(tag, fallback, files)?)));
        Ok(())
    }

    /// A message is told what the English one speaks of, and nothing else.
    fn check(&self, file: &Dropped) -> Result<(), Broken> {
        let own = Catalogue::new(tag_of(file)?, None, std::slice::from_ref(file))?;
        for (key, arguments) in &own.arguments {
            let Some(told) = self.told.get(key) else { continue };
            if let Some(argument) = arguments.difference(told).next() {
                let (file, key, argument) = (file.name.clone(), key.clone(), argument.clone());
                return Err(Broken::Argument { file, key, argument });
            }
        }
        Ok(())
    }

    /// What the files that an operator added lack.
    pub fn gaps(&self) -> Vec<Gap> {
        let names = |language: &Language| language.0.arguments.keys().cloned().collect::<BTreeSet<_>>();
        let english: BTreeSet<String> = self.told.keys().cloned().collect();
        let gaps = self.all.iter().map(|language| {
            let own = names(language);
            // A region says what differs.
            let is_region =
                language.tag().contains('-') && language.0.fallback.as_ref().is_some_and(|near| near.tag() != "en");
            let missing = if is_region { Vec::new() } else { english.difference(&own).cloned().collect() };
            let unknown = own.difference(&english).cloned().collect();
            Gap { tag: language.tag().to_owned(), missing, unknown }
        });
        gaps.filter(|gap| !gap.missing.is_empty() || !gap.unknown.is_empty()).collect()
    }

    /// # Panics
    /// Never: [`Languages::new`] begins with it.
    pub fn english(&self) -> &Language {
        &self.all[0]
    }

    pub fn tags(&self) -> Vec<String> {
        self.all.iter().map(|language| language.tag().to_owned()).collect()
    }

    /// The names of all messages.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.told.keys().map(String::as_str)
    }

    fn find(&self, tag: &str) -> Option<&Language> {
        self.all.iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// The language of this very tag, else English.
    pub fn named(&self, tag: &str) -> &Language {
        self.find(tag).unwrap_or_else(|| self.english())
    }

    /// The first wish that is spoken here, shortened as far as needed (RFC 4647 section 3.4).
    pub fn lookup<'a>(&self, wishes: impl IntoIterator<Item = &'a str>) -> Option<&Language> {
        wishes.into_iter().find_map(|range| wish::shortened(range).find_map(|tag| self.find(tag)))
    }
}

fn tag_of(file: &Dropped) -> Result<LanguageIdentifier, Broken> {
    let tag = file.name.strip_suffix(".ftl").and_then(|tag| tag.parse::<LanguageIdentifier>().ok());
    // `und` and names that are none would be found by nobody.
    tag.filter(|tag| !tag.language.is_empty()).ok_or_else(|| Broken::Name(file.name.clone()))
}

impl Language {
    pub fn tag(&self) -> &str {
        &self.0.tag
    }

    /// How a page in it runs, as HTML says it.
    pub fn direction(&self) -> &'static str {
        match self.0.direction {
            CharacterDirection::RTL => "rtl",
            CharacterDirection::LTR | CharacterDirection::TTB => "ltr",
        }
    }

    /// A phrase as text.
    pub fn say(&self, phrase: &Phrase) -> String {
        self.spoken(phrase, Place::Text)
    }

    /// A phrase as part of a page.
    pub fn html(&self, phrase: &Phrase) -> String {
        self.spoken(phrase, Place::Page)
    }

    fn spoken(&self, phrase: &Phrase, place: Place) -> String {
        let (key, args) = match phrase {
            Phrase::Text(text) if place == Place::Page => return escape(text),
            Phrase::Text(text) => return text.clone(),
            Phrase::Message { key, args } => (key, args),
        };
        let pieces = args.iter().map(|(name, argument)| (name.as_ref(), Piece::from(argument)));
        self.write(key, &pieces.collect::<Vec<_>>(), place).unwrap_or_else(|problem| {
            tracing::error!(key = key.as_ref(), problem, language = self.tag(), "a message could not be said");
            key.to_string()
        })
    }

    /// A message filled in; the problem where it cannot be.
    pub fn write(&self, key: &str, pieces: &[(&str, Piece<'_>)], place: Place) -> Result<String, String> {
        let mut args = FluentArgs::new();
        for (name, piece) in pieces {
            args.set((*name).to_owned(), self.value(piece, place));
        }
        self.0.format(key, &args)
    }

    /// A text that may run the other way is kept from turning its neighbours.
    fn isolated(&self, text: &str) -> String {
        let escaped = escape(text);
        if text.is_ascii() && self.direction() == "ltr" { escaped } else { format!("<bdi>{escaped}</bdi>") }
    }

    fn value(&self, piece: &Piece<'_>, place: Place) -> FluentValue<'static> {
        let text = match (piece, place) {
            (Piece::Number(number), _) => return FluentValue::from(*number),
            (Piece::Text(text), Place::Page) => self.isolated(text),
            (Piece::Phrase(Phrase::Text(text)), Place::Page) => self.isolated(text),
            (Piece::Text(text) | Piece::Html(text), _) => (*text).to_owned(),
            (Piece::Phrase(phrase), _) => self.spoken(phrase, place),
        };
        FluentValue::from(text)
    }
}

impl<'a> From<&'a Argument> for Piece<'a> {
    fn from(argument: &'a Argument) -> Self {
        match argument {
            Argument::Number(number) => Self::Number(*number),
            Argument::Phrase(phrase) => Self::Phrase(phrase),
        }
    }
}

/// Text that is nothing but text in HTML, in elements and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
