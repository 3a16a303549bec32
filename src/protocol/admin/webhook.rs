//! Webhooks as the admin API is told about them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::FieldError;
use super::members::Members;
use super::patch::{merge_known, schema_of};
use crate::protocol::registration::is_link;

/// A webhook as somebody wants it to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where messages are posted: https, or http on a loopback host; at most 2000 bytes.
    #[schemars(length(min = 1, max = 2000))]
    pub url: String,
    /// Which kinds it hears of; all when nothing is said.
    #[schemars(default, with = "Option<Vec<String>>")]
    pub events: Vec<String>,
    /// On when nothing is said. One that is off is sent nothing, and misses what happens meanwhile.
    #[schemars(default = "on")]
    pub enabled: bool,
}

fn on() -> bool {
    true
}

/// A merge patch for a webhook.
pub struct WebhookPatch;

impl JsonSchema for WebhookPatch {
    fn schema_name() -> Cow<'static, str> {
        "WebhookPatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema_of::<NewWebhook>(generator)
    }
}

const NOUN: &str = "a webhook";

impl NewWebhook {
    /// `known` are the kinds of events there are.
    pub fn read(members: Map<String, Value>, known: &[&str]) -> Result<Self, Vec<FieldError>> {
        let is_text = members.get("url").is_some_and(Value::is_string);
        let mut members = Members::of(members);
        for kept in ["id", "secret", "created_at", "updated_at"] {
            members.forbidden(kept, "is set by the server");
        }
        let all = || known.iter().map(|name| (*name).to_owned()).collect();
        let url: String = members.required("url");
        let events: Vec<String> = members.optional("events").unwrap_or_else(all);
        let enabled = members.optional("enabled").unwrap_or(true);
        if is_text && !is_link(&url) {
            members.refuse(FieldError::new("url", "must be an https URL (http only on a loopback host)"));
        }
        let strange = events.iter().any(|name| !known.contains(&name.as_str()));
        if events.is_empty() || strange || events.len() > known.len() {
            let rule = format!("must hold one or more of {}", known.join(", "));
            members.refuse(FieldError::new("events", rule));
        }
        members.finish(Self { url, events, enabled }, NOUN)
    }

    /// Puts a merge patch over this one.
    pub fn patched(self, patch: Map<String, Value>, known: &[&str]) -> Result<Self, Vec<FieldError>> {
        let Value::Object(own) = json!({"url": self.url, "events": self.events, "enabled": self.enabled}) else {
            return Err(vec![FieldError::new("", "is no object")]);
        };
        let is_member = |name: &str| ["url", "events", "enabled"].contains(&name);
        Self::read(merge_known(own, patch, is_member), known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["a.b", "c.d"];

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!() };
        members
    }

    fn fields(read: Result<NewWebhook, Vec<FieldError>>) -> Vec<String> {
        read.err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn hears_of_everything_unless_it_says_less() {
        let read = |value| NewWebhook::read(object(value), &KNOWN).unwrap();
        let all = read(json!({"url": "https://app.example/hook"}));
        assert_eq!((all.events, all.enabled), (vec!["a.b".into(), "c.d".into()], true));
        let some = read(json!({"url": "http://127.0.0.1:8/", "events": ["c.d"], "enabled": false}));
        assert_eq!((some.events.clone(), some.enabled), (vec!["c.d".to_owned()], false));
        let patched = some.patched(object(json!({"enabled": null, "events": ["a.b"]})), &KNOWN).unwrap();
        assert_eq!((patched.events, patched.enabled), (vec!["a.b".to_owned()], true));
    }

    #[test]
    fn names_every_member_that_does_not_fit() {
        let url = "https://app.example/hook";
        for (value, wrong) in [
            (json!({}), vec!["url"]),
            (json!({"url": ""}), vec!["url"]),
            (json!({"url": 5}), vec!["url"]),
            (json!({"url": "http://app.example/"}), vec!["url"]),
            (json!({"url": url, "events": []}), vec!["events"]),
            (json!({"url": url, "events": ["x"], "secret": "x"}), vec!["secret", "events"]),
            (json!({"url": url, "events": ["a.b", "a.b", "a.b"]}), vec!["events"]),
            (json!({"url": url, "enabled": "yes", "more": 1}), vec!["enabled", "more"]),
        ] {
            assert_eq!(fields(NewWebhook::read(object(value.clone()), &KNOWN)), wrong, "{value}");
        }
    }
}
