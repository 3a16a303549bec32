//! Pages that are made of something that has no words yet: an answer to a client, a refusal, an address without a page.

use super::{ErrorPage, Field, FormPost, Message};
use crate::base::entropy::SystemEntropy;
use crate::base::secret::Secret;
use crate::domain::language::Phrase;
use crate::flows::authorize::Answer;
use crate::protocol::error::{Code, Refusal};

impl FormPost {
    /// A message that goes on with the browser (SAML Bindings section 3.5).
    pub fn to(action: String, fields: Vec<(&'static str, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| Field { name, value }).collect();
        Self { action, fields, nonce: Secret::new(&SystemEntropy).reveal() }
    }

    /// The answer as a form (OAuth 2.0 Form Post Response Mode).
    pub fn of(answer: &Answer) -> Self {
        let fields = answer.fields.iter().map(|(name, value)| Field { name, value: value.clone() }).collect();
        let action = answer.address.uri().to_owned();
        Self { action, fields, nonce: Secret::new(&SystemEntropy).reveal() }
    }
}

impl Message {
    /// The page of an address that has none.
    pub const fn nothing_here() -> Self {
        Self { headline: Phrase::of("nothing-here"), text: Phrase::of("nothing-here-lead") }
    }
}

impl ErrorPage {
    pub fn of(refusal: &Refusal, reference: Option<String>) -> Self {
        let headline = match refusal.code {
            Code::ServerError => Phrase::of("error-fault"),
            Code::TemporarilyUnavailable => Phrase::of("error-busy"),
            Code::AccessDenied => Phrase::of("error-denied"),
            _ => Phrase::of("error-request"),
        };
        let explanation = match refusal.told {
            Some(key) => Phrase::of(key),
            None => Phrase::of("error-technical").with("description", sentence(&refusal.description)),
        };
        Self { code: refusal.code.as_str().to_owned(), headline, explanation, reference }
    }
}

/// A description as a sentence, which begins with a capital, but for the name of a parameter.
fn sentence(description: &str) -> String {
    let mut sentence = format!("{description}.");
    let names_parameter = description.split(' ').next().is_some_and(|word| word.contains('_'));
    if let Some(first) = sentence.get_mut(0..1).filter(|_| !names_parameter) {
        first.make_ascii_uppercase();
    }
    sentence
}
