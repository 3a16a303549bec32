//! The messages of one language, in the syntax of Project Fluent.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Message, Pattern, PatternElement};
use unic_langid::{CharacterDirection, LanguageIdentifier};

use super::{Broken, Dropped, Language};

/// What each message of a file speaks of, by its name; attributes are named behind a point.
pub type Arguments = BTreeMap<String, BTreeSet<String>>;

pub struct Catalogue {
    pub tag: String,
    pub direction: CharacterDirection,
    /// Who speaks where this one is silent.
    pub fallback: Option<Language>,
    pub arguments: Arguments,
    /// All that it was made of, those of the fallback first.
    files: Vec<Dropped>,
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// A language of these files; what stands in a later one counts.
    pub fn new(tag: LanguageIdentifier, fallback: Option<Language>, own: &[Dropped]) -> Result<Self, Broken> {
        let (name, direction) = (tag.to_string(), tag.character_direction());
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Marks around what is filled in would show in titles and mails; pages isolate it by elements.
        bundle.set_use_isolating(false);
        // Messages may quote those that only the fallback has.
        let mut files = fallback.as_ref().map(|fallback| fallback.0.files.clone()).unwrap_or_default();
        for file in &files {
            bundle.add_resource_overriding(parsed(file)?);
        }
        let mut arguments = Arguments::new();
        for file in own {
            let resource = parsed(file)?;
            arguments.extend(arguments_of(&resource));
            bundle.add_resource_overriding(resource);
        }
        files.extend_from_slice(own);
        Ok(Self { tag: name, direction, fallback, arguments, files, bundle })
    }

    /// The message filled in; what nobody says, or cannot be filled in, is a problem.
    pub fn format(&self, key: &str, args: &FluentArgs<'_>) -> Result<String, String> {
        let said = self.own(key, args);
        match (&said, &self.fallback) {
            (Err(problem), Some(fallback)) => {
                tracing::debug!(language = self.tag, problem, "said in another language");
                fallback.0.format(key, args)
            }
            _ => said,
        }
    }

    fn own(&self, key: &str, args: &FluentArgs<'_>) -> Result<String, String> {
        let (name, attribute) = key.split_once('.').map_or((key, None), |(name, attribute)| (name, Some(attribute)));
        let message = self.bundle.get_message(name);
        let pattern = message.and_then(|message| match attribute {
            Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
            None => message.value(),
        });
        let Some(pattern) = pattern else { return Err(format!("there is no message {key}")) };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        match errors.first() {
            None => Ok(text),
            Some(error) => Err(format!("{key}: {error}")),
        }
    }
}

fn parsed(file: &Dropped) -> Result<FluentResource, Broken> {
    FluentResource::try_new(file.source.clone()).map_err(|(_, errors)| {
        let first = errors.into_iter().next();
        let before = first.as_ref().and_then(|error| file.source.get(..error.pos.start)).unwrap_or_default();
        Broken::Syntax {
            file: file.name.clone(),
            line: before.matches('\n').count() + 1,
            what: first.map(|error| error.kind.to_string()).unwrap_or_default(),
        }
    })
}

/// What the messages of a file speak of, themselves and by the messages that they quote.
fn arguments_of(resource: &FluentResource) -> Arguments {
    let messages = || {
        resource.entries().filter_map(|entry| if let Entry::Message(message) = entry { Some(message) } else { None })
    };
    let known: BTreeMap<&str, &Message<&str>> = messages().map(|message| (message.id.name, message)).collect();
    let mut found = Arguments::new();
    for message in messages() {
        if let Some(value) = &message.value {
            found.insert(message.id.name.to_owned(), Search::of(value, &known));
        }
        for attribute in &message.attributes {
            let name = format!("{}.{}", message.id.name, attribute.id.name);
            found.insert(name, Search::of(&attribute.value, &known));
        }
    }
    found
}

struct Search<'a> {
    known: &'a BTreeMap<&'a str, &'a Message<&'a str>>,
    found: BTreeSet<String>,
    /// Messages that quote each other are searched once.
    seen: BTreeSet<&'a str>,
}

impl<'a> Search<'a> {
    fn of(pattern: &'a Pattern<&'a str>, known: &'a BTreeMap<&'a str, &'a Message<&'a str>>) -> BTreeSet<String> {
        let mut search = Self { known, found: BTreeSet::new(), seen: BTreeSet::new() };
        search.pattern(pattern);
        search.found
    }

    fn pattern(&mut self, pattern: &'a Pattern<&'a str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::Placeable { expression: Expression::Inline(inline) } => self.inline(inline),
                PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                    self.inline(selector);
                    for variant in variants {
                        self.pattern(&variant.value);
                    }
                }
                PatternElement::TextElement { .. } => {}
            }
        }
    }

    fn inline(&mut self, inline: &'a InlineExpression<&'a str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.found.insert(id.name.to_owned());
            }
            InlineExpression::MessageReference { id, .. } => {
                let quoted = self.known.get(id.name).filter(|_| self.seen.insert(id.name));
                if let Some(value) = quoted.and_then(|message| message.value.as_ref()) {
                    self.pattern(value);
                }
            }
            InlineExpression::FunctionReference { arguments, .. } => {
                arguments.positional.iter().for_each(|positional| self.inline(positional));
            }
            InlineExpression::Placeable { expression } => match expression.as_ref() {
                Expression::Inline(inline) => self.inline(inline),
                Expression::Select { selector, variants } => {
                    self.inline(selector);
                    for variant in variants {
                        self.pattern(&variant.value);
                    }
                }
            },
            InlineExpression::StringLiteral { .. }
            | InlineExpression::NumberLiteral { .. }
            | InlineExpression::TermReference { .. } => {}
        }
    }
}
