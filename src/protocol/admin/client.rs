//! Clients as the admin API is told about them: the metadata of RFC 7591, and an id if the admin wants a certain one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::FieldError;
use super::members::{Members, told};
use super::patch::{merge_known, schema_of};
use crate::protocol::registration::reading::{self, Misfit, is_member};
use crate::protocol::registration::{ClientMetadata, InvalidMetadata};

/// A client that is to be made.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewClient {
    /// 1 to 200 letters, digits or `._~-`, a letter or digit first, and no UUID; one is drawn when none is given.
    #[schemars(length(min = 1, max = 200), regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._~-]*$"))]
    pub client_id: Option<String>,
    #[serde(flatten)]
    pub metadata: ClientMetadata,
}

impl NewClient {
    pub fn read(members: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut members = Members::of(members);
        let client_id: Option<String> = members.optional("client_id");
        if client_id.as_deref().is_some_and(|id| !is_client_id(id) || Uuid::parse_str(id).is_ok()) {
            let rule = "must be 1 to 200 letters, digits or ._~-, a letter or digit first, and no UUID";
            members.refuse(FieldError::new("client_id", rule));
        }
        let metadata = take_metadata(&mut members);
        members.finish(Self { client_id, metadata }, NOUN)
    }
}

/// A merge patch for a client: null puts a member back to its default.
pub struct ClientPatch;

impl JsonSchema for ClientPatch {
    fn schema_name() -> Cow<'static, str> {
        "ClientPatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema_of::<ClientMetadata>(generator)
    }
}

const NOUN: &str = "a client";

/// Whether a text can be a client's id at all. A person's id is a UUID, and tokens name either in `sub`: so a chosen id
/// is no UUID (RFC 9068 section 5).
pub fn is_client_id(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    first && text.len() <= 200 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b))
}

/// Puts a merge patch over metadata and checks the whole.
pub fn patched(metadata: Map<String, Value>, patch: Map<String, Value>) -> Result<ClientMetadata, Vec<FieldError>> {
    let mut members = Members::of(merge_known(metadata, patch, is_member));
    members.forbidden("client_id", "cannot be changed");
    let metadata = take_metadata(&mut members);
    members.finish(metadata, NOUN)
}

fn take_metadata(members: &mut Members) -> ClientMetadata {
    for kept in ["client_id_issued_at", "client_secret", "client_secret_expires_at", "created_at", "updated_at"] {
        members.forbidden(kept, "is set by the server");
    }
    let rest = members.take_rest();
    let mut fits = true;
    for error in rest.iter().filter_map(|(name, value)| misfit(name, value)) {
        fits = false;
        members.refuse(error);
    }
    let metadata: ClientMetadata =
        if fits { serde_json::from_value(rest.into()).unwrap_or_default() } else { return ClientMetadata::default() };
    if let Err(InvalidMetadata { member, problem }) = metadata.check() {
        members.refuse(FieldError::new(member, problem));
    }
    metadata
}

/// What is wrong with one member alone.
fn misfit(name: &str, value: &Value) -> Option<FieldError> {
    let Misfit { member, item, error } = reading::misfit(name, value)?;
    Some(match item {
        _ if !is_member(name) => FieldError::new(name, format!("is not a member of {NOUN}")),
        Some(index) => FieldError::new(format!("{member}.{index}"), told(&error)),
        None => FieldError::new(member, told(&error)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!() };
        members
    }

    #[test]
    fn names_the_member_and_the_place_in_it() {
        let uri = "https://app.example/cb";
        for (value, wrong) in [
            (json!({"redirect_uris": [uri, 5]}), vec!["redirect_uris.1"]),
            (json!({"redirect_uris": uri}), vec!["redirect_uris"]),
            (json!({"redirect_uris": null}), vec!["redirect_uris"]),
            (json!({"redirect_uris": ["http://app.example/cb"]}), vec!["redirect_uris"]),
            (json!({"redirect_uris": [uri], "jwks_uri": "ftp://a"}), vec!["jwks_uri"]),
            (json!({"redirect_uris": [uri], "session_idle": "1w"}), vec!["session_idle"]),
            (json!({"redirect_uris": [uri], "scope": "a\"b"}), vec!["scope"]),
            (json!({"redirect_uris": [uri], "scope": ["a"]}), vec!["scope"]),
            (
                json!({"redirect_uris": [uri], "token_endpoint_auth_method": "x", "client_name": 5}),
                vec!["client_name", "token_endpoint_auth_method"],
            ),
            (json!({"redirect_uris": [uri], "client_secret": "x"}), vec!["client_secret"]),
            (json!({"redirect_uris": [uri], "client_id": "a b"}), vec!["client_id"]),
            (json!({"redirect_uris": [uri], "client_id": "00000000-0000-7000-8000-000000000000"}), vec!["client_id"]),
            (json!({}), vec!["redirect_uris"]),
        ] {
            let errors = NewClient::read(object(value.clone())).unwrap_err();
            let mut fields: Vec<_> = errors.into_iter().map(|error| error.field).collect();
            fields.sort();
            assert_eq!(fields, wrong, "{value}");
        }
    }

    #[test]
    fn reads_an_id_and_metadata() {
        let new =
            NewClient::read(object(json!({"client_id": "my.app_1", "redirect_uris": ["https://a.example/"]}))).unwrap();
        assert_eq!(new.client_id.as_deref(), Some("my.app_1"));
        assert_eq!(new.metadata.redirect_uris, ["https://a.example/"]);
        let whole = object(json!({"client_name": "x", "redirect_uris": ["https://a.example/"]}));
        for (patch, wrong) in [
            (json!({"client_id": "other"}), Some("client_id")),
            (json!({"client_id": null}), Some("client_id")),
            (json!({"planet": null}), Some("planet")),
            (json!({"redirect_uris": null}), Some("redirect_uris")),
            (json!({"client_name": null, "require_pkce": null}), None),
        ] {
            let fields = patched(whole.clone(), object(patch.clone())).map_err(|errors| errors[0].field.clone());
            assert_eq!(fields.err().as_deref(), wrong, "{patch}");
        }
    }

    #[test]
    fn ids_fit_into_paths() {
        for id in ["a", "0", "demo-spa", "a.b_c~d", &"x".repeat(200)] {
            assert!(is_client_id(id), "{id}");
        }
        for id in ["", ".", "..", "-a", "~", "a/b", "a b", "ä", "a\0", &"x".repeat(201)] {
            assert!(!is_client_id(id), "{id}");
        }
    }
}
