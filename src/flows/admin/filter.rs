//! What lists and ends of sessions can be narrowed by: one set of names, in queries, in bodies and on the command line.

use chrono::{Datelike, Utc};
use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::session::one_reason;
use crate::base::clock::Time;
use crate::domain::filter::{Filter, Network, Span};
use crate::domain::revocation::EndReason;
use crate::domain::session::State;
use crate::protocol::admin::FieldError;
use crate::protocol::admin::client::is_client_id;
use crate::protocol::admin::members::Members;

/// The names, in the order of the description.
pub const NAMES: [&str; 11] = [
    "user_id",
    "client_id",
    "state",
    "network",
    "country",
    "device",
    "created_after",
    "created_before",
    "active_after",
    "active_before",
    "end_reason",
];

/// The same names as members of a body, where only open sessions can be meant.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename = "SessionFilter", deny_unknown_fields)]
pub struct FilterBody {
    #[schemars(extend("format" = "uuid"))]
    pub user_id: Option<String>,
    pub client_id: Option<String>,
    /// An address, addresses by prefix such as `192.0.2.0/24`, or the name of a network.
    #[schemars(length(min = 1, max = 200))]
    pub network: Option<String>,
    /// Two letters (ISO 3166-1).
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub country: Option<String>,
    #[schemars(extend("format" = "uuid"))]
    pub device: Option<String>,
    pub created_after: Option<chrono::DateTime<Utc>>,
    pub created_before: Option<chrono::DateTime<Utc>>,
    pub active_after: Option<chrono::DateTime<Utc>>,
    pub active_before: Option<chrono::DateTime<Utc>>,
}

/// Reads a filter, member by member, from wherever the texts are.
pub fn read(text: impl Fn(&str) -> Option<String>) -> Result<Filter, FieldError> {
    let span = |after, before| Ok(Span { after: time(&text, after)?, before: time(&text, before)? });
    Ok(Filter {
        user: id(&text, "user_id")?,
        client_id: checked(&text, "client_id", is_client_id, "cannot be the id of a client")?,
        state: named(&text, "state", State::named, "must be live or ended".into())?,
        network: checked(
            &text,
            "network",
            is_network,
            "must be 1 to 200 characters, none of them a control character",
        )?
        .map(|text| Network::parse(&text)),
        country: checked(&text, "country", is_country, "must be two capital letters")?,
        device: id(&text, "device")?,
        created: span("created_after", "created_before")?,
        active: span("active_after", "active_before")?,
        reason: named(&text, "end_reason", EndReason::named, one_reason())?,
    })
}

/// Reads the filter of an end: it names something, and nothing that only ended sessions have.
pub fn read_body(members: Map<String, Value>) -> Result<Filter, Vec<FieldError>> {
    let mut members = Members::of(members);
    let of_all_sessions = |name: &&&str| **name != "state" && **name != "end_reason";
    let mut texts = Map::new();
    for name in NAMES.iter().filter(of_all_sessions) {
        if let Some(text) = members.optional::<String>(name) {
            texts.insert((*name).to_owned(), text.into());
        }
    }
    let filter = read(|name| texts.get(name).and_then(Value::as_str).map(str::to_owned));
    if texts.is_empty() {
        members.refuse(FieldError::new("filter", "names nothing, so it would end every session"));
    }
    let filter = filter.unwrap_or_else(|error| {
        members.refuse(error);
        Filter::default()
    });
    let finished = members.finish(filter, "a filter of sessions to end");
    let within = |error: FieldError| match error.field.as_str() {
        "filter" => error,
        field => FieldError::new(format!("filter.{field}"), error.detail),
    };
    finished.map_err(|errors| errors.into_iter().map(within).collect())
}

fn id<T: std::str::FromStr>(text: impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<T>, FieldError> {
    text(name).map(|text| text.parse().map_err(|_| FieldError::new(name, "must be a UUID"))).transpose()
}

fn checked(
    text: impl Fn(&str) -> Option<String>,
    name: &str,
    fits: fn(&str) -> bool,
    problem: &str,
) -> Result<Option<String>, FieldError> {
    match text(name) {
        Some(text) if !fits(&text) => Err(FieldError::new(name, problem)),
        found => Ok(found),
    }
}

fn named<T>(
    text: impl Fn(&str) -> Option<String>,
    name: &str,
    read: fn(&str) -> Option<T>,
    problem: String,
) -> Result<Option<T>, FieldError> {
    text(name).map(|text| read(&text).ok_or_else(|| FieldError::new(name, problem))).transpose()
}

/// Within the years that every database can compare.
fn time(text: impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<Time>, FieldError> {
    let Some(text) = text(name) else { return Ok(None) };
    let read = chrono::DateTime::parse_from_rfc3339(&text).ok().map(|time| time.with_timezone(&Utc));
    let read = read.filter(|time| (1..=9999).contains(&time.year()));
    read.map(Some).ok_or_else(|| FieldError::new(name, "must be a time such as 2026-01-31T12:00:00Z"))
}

fn is_network(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::params::Params;

    #[test]
    fn filters_are_named_when_they_are_wrong() {
        let filter = |query: &str| {
            let params = Params::parse(query.as_bytes()).unwrap();
            read(|name| params.first(name).map(str::to_owned)).map_err(|error| error.field)
        };
        let found = filter("state=live&client_id=app&network=192.0.2.0/24&country=CH&end_reason=theft").unwrap();
        assert_eq!((found.state, found.reason), (Some(State::Live), Some(EndReason::Theft)));
        assert!(matches!(found.network, Some(Network::Addresses(_))));
        assert!(filter("created_after=2026-01-31T12:00:00%2B02:00").is_ok_and(|found| found.created.after.is_some()));
        for query in [
            "user_id=x",
            "client_id=%20",
            "state=open",
            "network=%01",
            "country=ch",
            "country=CHE",
            "device=1",
            "created_after=yesterday",
            "created_before=2026-01-31",
            "active_after=0000-01-01T00:00:00Z",
            "active_before=9999-12-31T23:59:59-12:00",
            "end_reason=boredom",
        ] {
            assert_eq!(filter(query).err().as_deref(), query.split('=').next(), "{query}");
        }
    }

    #[test]
    fn an_end_needs_a_filter_that_says_something() {
        let body = |value: Value| {
            let Value::Object(members) = value else { panic!() };
            read_body(members).map_err(|errors| errors.into_iter().map(|error| error.field).collect::<Vec<_>>())
        };
        assert!(body(json!({"country": "CH", "network": null})).is_ok());
        for (value, fields) in [
            (json!({}), &["filter"][..]),
            (json!({"country": null}), &["filter"]),
            (json!({"country": "ch"}), &["filter.country"]),
            (json!({"country": "CH", "state": "live"}), &["filter.state"]),
            (json!({"network": 5}), &["filter.network", "filter"]),
            (json!({"county": "CH"}), &["filter", "filter.county"]),
        ] {
            assert_eq!(body(value.clone()).unwrap_err(), fields, "{value}");
        }
    }
}
