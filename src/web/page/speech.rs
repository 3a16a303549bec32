//! How templates speak: `t` says a message as part of a page, `plain` says one in a title or an attribute, and `say` says a
//! phrase of the page's context. All of them speak the language that the page's `lang` names.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use crate::domain::language::{Argument, Language, Languages, Phrase, Piece, Place};

/// Gives templates their words.
pub fn teach(environment: &mut Environment<'_>, languages: Languages) {
    let (titles, phrases) = (languages.clone(), languages.clone());
    environment.add_function("t", move |state: &State, key: &str, args: Kwargs| {
        Ok::<_, Error>(Value::from_safe_string(written(&languages, state, (key, &args), Place::Page)?))
    });
    environment.add_function("plain", move |state: &State, key: &str, args: Kwargs| {
        written(&titles, state, (key, &args), Place::Text)
    });
    environment.add_filter("say", move |state: &State, phrase: Value| {
        Ok::<_, Error>(Value::from_safe_string(language(&phrases, state)?.html(&read(&phrase)?)))
    });
}

fn wrong(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem.into())
}

fn language<'a>(languages: &'a Languages, state: &State) -> Result<&'a Language, Error> {
    let lang = state.lookup("lang").ok_or_else(|| wrong("the page has no lang"))?;
    Ok(languages.named(lang.as_str().unwrap_or_default()))
}

fn written(languages: &Languages, state: &State, (key, args): (&str, &Kwargs), place: Place) -> Result<String, Error> {
    let names: Vec<&str> = args.args().collect();
    let values = names.iter().map(|name| args.get::<Value>(name)).collect::<Result<Vec<_>, _>>()?;
    let filled = values.iter().map(Filled::of).collect::<Result<Vec<_>, _>>()?;
    let pieces: Vec<_> = names.iter().copied().zip(filled.iter().map(Filled::piece)).collect();
    language(languages, state)?.write(key, &pieces, place).map_err(wrong)
}

/// A value of a template, as a message takes it.
enum Filled {
    Number(i64),
    Html(String),
    Phrase(Phrase),
}

impl Filled {
    fn of(value: &Value) -> Result<Self, Error> {
        match (value.as_i64(), value.as_str()) {
            (Some(number), _) => Ok(Self::Number(number)),
            (None, Some(text)) if value.is_safe() => Ok(Self::Html(text.to_owned())),
            _ => read(value).map(Self::Phrase),
        }
    }

    fn piece(&self) -> Piece<'_> {
        match self {
            Self::Number(number) => Piece::Number(*number),
            Self::Html(html) => Piece::Html(html),
            Self::Phrase(phrase) => Piece::Phrase(phrase),
        }
    }
}

/// A phrase as it stands in the context of a page.
fn read(value: &Value) -> Result<Phrase, Error> {
    if let Some(text) = value.as_str() {
        return Ok(Phrase::Text(text.to_owned()));
    }
    if value.kind() != ValueKind::Map {
        return Err(wrong(format!("a {} cannot be said", value.kind())));
    }
    let key = value.get_attr("key")?.as_str().ok_or_else(|| wrong("a phrase has no key"))?.to_owned();
    let mut phrase = Phrase::Message { key: key.into(), args: std::collections::BTreeMap::new() };
    let args = value.get_attr("args")?;
    if args.kind() == ValueKind::Map
        && let Phrase::Message { args: own, .. } = &mut phrase
    {
        for name in args.try_iter()? {
            let argument = args.get_item(&name)?;
            let argument = argument.as_i64().map_or_else(|| read(&argument).map(Argument::Phrase), |n| Ok(n.into()))?;
            own.insert(name.to_string().into(), argument);
        }
    }
    Ok(phrase)
}
