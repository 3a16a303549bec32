//! What the authorization endpoint itself gives, and how that travels (OAuth 2.0 Multiple Response Type Encoding Practices;
//! Form Post Response Mode; RFC 6749 section 3.1.1).
//!
//! `code` is for everybody. The others give tokens through the browser, which OAuth 2.1 forbids: only a client that is
//! registered for one of them can use it. `token` alone, without an ID token, is given to nobody.

use serde::{Deserialize, Serialize};

use super::error::{Code, Refusal, invalid_request};
use super::params::Params;

/// A set of words; their order means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseType {
    #[default]
    Code,
    IdToken,
    IdTokenToken,
    CodeIdToken,
    CodeToken,
    CodeIdTokenToken,
}

impl ResponseType {
    pub const ALL: [Self; 6] =
        [Self::Code, Self::IdToken, Self::IdTokenToken, Self::CodeIdToken, Self::CodeToken, Self::CodeIdTokenToken];

    /// As the registries write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
        }
    }

    /// Reads the words in any order.
    pub fn named(text: &str) -> Option<Self> {
        let asked = sorted(text);
        Self::ALL.into_iter().find(|known| sorted(known.name()) == asked)
    }

    pub const fn gives_code(self) -> bool {
        !matches!(self, Self::IdToken | Self::IdTokenToken)
    }

    pub const fn gives_id_token(self) -> bool {
        !matches!(self, Self::Code | Self::CodeToken)
    }

    pub const fn gives_token(self) -> bool {
        matches!(self, Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Whether tokens pass through the browser.
    pub const fn is_implicit(self) -> bool {
        !matches!(self, Self::Code)
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split(' ').collect();
    words.sort_unstable();
    words
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// What is asked for, and how it should travel.
pub fn asked(params: &Params) -> Result<(ResponseType, ResponseMode), Refusal> {
    let text = params.required("response_type", "response_type is missing")?;
    let unsupported = Refusal::new(Code::UnsupportedResponseType, "response_type is not one of those supported");
    let kind = ResponseType::named(text).ok_or(unsupported)?;
    let mode = match params.one("response_mode")? {
        None if kind.is_implicit() => ResponseMode::Fragment,
        Some("query") if kind.is_implicit() => {
            return Err(invalid_request("tokens never travel in a query: response_mode must be fragment or form_post"));
        }
        None | Some("query") => ResponseMode::Query,
        Some("fragment") => ResponseMode::Fragment,
        Some("form_post") => ResponseMode::FormPost,
        Some(_) => return Err(invalid_request("response_mode must be query, fragment or form_post")),
    };
    Ok((kind, mode))
}

/// How a refusal of a request that cannot be read should travel: where the client looks for an answer.
pub fn mode_of_refusal(params: &Params) -> ResponseMode {
    let kind = params.first("response_type").and_then(ResponseType::named);
    match params.first("response_mode") {
        Some("form_post") => ResponseMode::FormPost,
        Some("fragment") => ResponseMode::Fragment,
        _ if kind.is_some_and(ResponseType::is_implicit) => ResponseMode::Fragment,
        _ => ResponseMode::Query,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(query: &str) -> Result<(ResponseType, ResponseMode), &'static str> {
        asked(&Params::parse(query.as_bytes()).unwrap()).map_err(|refusal| refusal.code.as_str())
    }

    #[test]
    fn words_are_a_set() {
        for known in ResponseType::ALL {
            assert_eq!(ResponseType::named(known.name()), Some(known));
        }
        assert_eq!(ResponseType::named("token id_token"), Some(ResponseType::IdTokenToken));
        assert_eq!(ResponseType::named("token code id_token"), Some(ResponseType::CodeIdTokenToken));
        for text in ["", "token", "none", "Code", "code code", "code  token", "code id_token x"] {
            assert_eq!(ResponseType::named(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_never_travel_in_a_query() {
        use {ResponseMode::*, ResponseType::*};
        for (query, answer) in [
            ("response_type=code", Ok((Code, Query))),
            ("response_type=code&response_mode=fragment", Ok((Code, Fragment))),
            ("response_type=code&response_mode=form_post", Ok((Code, FormPost))),
            ("response_type=id_token", Ok((IdToken, Fragment))),
            ("response_type=code+token", Ok((CodeToken, Fragment))),
            ("response_type=code+token&response_mode=form_post", Ok((CodeToken, FormPost))),
            ("response_type=code+token&response_mode=query", Err("invalid_request")),
            ("response_type=code&response_mode=x", Err("invalid_request")),
            ("response_type=token", Err("unsupported_response_type")),
            ("", Err("invalid_request")),
        ] {
            assert_eq!(asked_by(query), answer, "{query}");
        }
    }

    #[test]
    fn a_refusal_goes_where_the_answer_would() {
        for (query, mode) in [
            ("", ResponseMode::Query),
            ("response_type=code", ResponseMode::Query),
            ("response_type=id_token", ResponseMode::Fragment),
            ("response_type=id_token&response_mode=query", ResponseMode::Fragment),
            ("response_type=nonsense&response_mode=form_post", ResponseMode::FormPost),
        ] {
            assert_eq!(mode_of_refusal(&Params::parse(query.as_bytes()).unwrap()), mode, "{query}");
        }
    }
}
