//! Initial access tokens as the admin API is told about them (RFC 7591 section 3).

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::FieldError;
use super::members::Members;
use crate::base::duration::Duration;

/// Most clients that one token lets register.
pub const MOST_USES: u32 = 1_000;
/// Longest life of a token.
pub const LONGEST: Duration = Duration::days(365);

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "NewRegistrationToken")]
pub struct NewToken {
    /// What it is called in lists: 1 to 200 bytes.
    #[schemars(length(min = 1, max = 200))]
    pub label: Option<String>,
    /// How many clients it lets register; 1 where nothing is said.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000))]
    pub uses: u32,
    /// How long it is good, such as `24h`, which holds where nothing is said; 1 minute to 365 days.
    #[schemars(with = "Option<String>")]
    pub lifetime: Duration,
}

impl NewToken {
    pub fn read(members: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut members = Members::of(members);
        let label: Option<String> = members.optional("label");
        if label.as_ref().is_some_and(|text| text.is_empty() || text.len() > 200 || text.chars().any(char::is_control))
        {
            members.refuse(FieldError::new("label", "must be 1 to 200 bytes without control characters"));
        }
        let uses = members.optional("uses").unwrap_or(1);
        if !(1..=MOST_USES).contains(&uses) {
            members.refuse(FieldError::new("uses", format!("must be a number from 1 to {MOST_USES}")));
        }
        let lifetime = members.optional("lifetime").unwrap_or(Duration::hours(24));
        if !(Duration::minutes(1)..=LONGEST).contains(&lifetime) {
            members.refuse(FieldError::new("lifetime", "must be 1m to 365d"));
        }
        members.finish(Self { label, uses, lifetime }, "an initial access token")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_little_and_names_what_is_wrong() {
        let read = |value: Value| {
            let Value::Object(members) = value else { panic!() };
            NewToken::read(members).map_err(|errors| errors[0].field.clone())
        };
        let usual = NewToken { label: None, uses: 1, lifetime: Duration::hours(24) };
        assert_eq!(read(json!({})), Ok(usual.clone()));
        assert_eq!(read(json!({"label": null, "uses": 1, "lifetime": "1d"})), Ok(usual));
        for (value, wrong) in [
            (json!({"label": ""}), "label"),
            (json!({"label": 5}), "label"),
            (json!({"uses": 0}), "uses"),
            (json!({"uses": 1_001}), "uses"),
            (json!({"uses": -1}), "uses"),
            (json!({"lifetime": "59s"}), "lifetime"),
            (json!({"lifetime": "366d"}), "lifetime"),
            (json!({"lifetime": 60}), "lifetime"),
            (json!({"token": "x"}), "token"),
        ] {
            assert_eq!(read(value.clone()), Err(wrong.into()), "{value}");
        }
    }
}
