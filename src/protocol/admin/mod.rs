//! The words of the admin API: bodies that are sent to it, lists, problems (RFC 9457), merge patches (RFC 7396), preconditions.

pub mod client;
pub mod listing;
pub mod members;
pub mod patch;
pub mod precondition;
pub mod provider;
pub mod registration;
pub mod user;
pub mod webhook;

use schemars::JsonSchema;
use serde::Serialize;

/// One page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The `cursor` of the page that follows; null on the last one.
    pub next: Option<String>,
}

/// What is wrong with one member of a body or one parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Dotted path, such as `redirect_uris.1`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

/// A problem document (RFC 9457). The type is always `about:blank`: the status and the fields say everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The name of the status.
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    /// Which fields are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { kind: "about:blank", title: title(status), status, detail: detail.into(), errors: Vec::new() }
    }

    #[must_use]
    pub fn naming(self, errors: &[FieldError]) -> Self {
        Self { errors: errors.to_vec(), ..self }
    }
}

/// The name of a status (RFC 9110 section 15).
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ if status < 500 => "Error",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_names_its_fields_and_only_those_it_has() {
        let problem = Problem::new(400, "no").naming(&[FieldError::new("a.b", "is wrong")]);
        assert_eq!(
            serde_json::to_value(problem).unwrap(),
            json!({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "no",
                   "errors": [{"field": "a.b", "detail": "is wrong"}]})
        );
        assert_eq!(serde_json::to_value(Problem::new(404, "x")).unwrap().get("errors"), None);
    }
}
