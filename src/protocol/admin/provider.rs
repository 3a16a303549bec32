//! Providers as the admin API is told about them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::FieldError;
use super::members::Members;
use super::patch::{merge_known, schema_of};
use crate::protocol::provider::{Kind, NameIdFormat, Prompt, SecretBy, Settings, SloBinding, is_provider_id};

/// A provider as somebody wants it to be.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewProvider {
    /// Stands in the addresses of its sign-in: 1 to 40 small letters, digits and hyphens. It stays.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[a-z0-9][a-z0-9-]*$"))]
    pub id: String,
    /// Kept sealed and never shown; a client without one is public there.
    #[schemars(with = "Option<String>", length(min = 1, max = 2000))]
    pub client_secret: Option<String>,
    /// For `saml`: the provider's metadata, XML. `issuer`, `sso_url`, `slo_url` and `certificates` are taken from it.
    #[schemars(with = "Option<String>", length(min = 1, max = LONGEST_METADATA))]
    pub metadata: Option<String>,
    #[schemars(flatten)]
    pub settings: Settings,
}

/// A merge patch for a provider.
pub struct ProviderPatch;

impl JsonSchema for ProviderPatch {
    fn schema_name() -> Cow<'static, str> {
        "ProviderPatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema_of::<NewProvider>(generator)
    }
}

/// What a patch does to the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretChange {
    Keep,
    Remove,
    Set(String),
}

const NOUN: &str = "a provider";
/// The longest metadata, in characters.
pub const LONGEST_METADATA: usize = 50_000;
/// The longest secret, in bytes.
const LONGEST_SECRET: usize = 2_000;

/// Words as a list, or as one text with spaces between them, which is how scopes are often written.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a list of words, or a text of them")]
enum Words {
    List(Vec<String>),
    Text(String),
}

impl Words {
    fn list(self) -> Vec<String> {
        match self {
            Self::List(words) => words,
            Self::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

impl NewProvider {
    pub fn read(members: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut members = Members::of(members);
        for kept in ["created_at", "updated_at", "has_secret"] {
            members.forbidden(kept, "is set by the server");
        }
        let id: String = members.required("id");
        if !is_provider_id(&id) {
            members.refuse(FieldError::new("id", "must be 1 to 40 small letters, digits and hyphens"));
        }
        let client_secret: Option<String> = members.optional("client_secret");
        if client_secret.as_ref().is_some_and(|secret| secret.is_empty() || secret.len() > LONGEST_SECRET) {
            members.refuse(FieldError::new("client_secret", "must be 1 to 2000 bytes"));
        }
        members.forbidden("metadata", "is read for the kind saml alone, by builds with the feature saml");
        let settings = settings(&mut members);
        if settings.kind == Kind::Saml && client_secret.is_some() {
            members.refuse(FieldError::new("client_secret", "is a key of our own for this kind"));
        }
        settings.check().into_iter().for_each(|error| members.refuse(error));
        members.finish(Self { id, client_secret, metadata: None, settings }, NOUN)
    }

    /// Puts a merge patch over a provider as it is shown; the secret is no part of what is shown.
    pub fn patched(
        own: Map<String, Value>,
        mut patch: Map<String, Value>,
    ) -> Result<(Self, SecretChange), Vec<FieldError>> {
        let keeps = !patch.contains_key("client_secret");
        if patch.get("client_secret").is_some_and(Value::is_null) {
            patch.remove("client_secret");
        }
        if patch.get("id").is_some_and(|id| Some(id) != own.get("id")) {
            return Err(vec![FieldError::new("id", "cannot be changed")]);
        }
        let known: Vec<String> = own.keys().cloned().collect();
        let merged = merge_known(own, patch, |name| known.iter().any(|own| own == name));
        let asked = Self::read(merged)?;
        let change = match (keeps, &asked.client_secret) {
            (true, _) => SecretChange::Keep,
            (false, Some(secret)) => SecretChange::Set(secret.clone()),
            (false, None) => SecretChange::Remove,
        };
        Ok((asked, change))
    }
}

fn settings(members: &mut Members) -> Settings {
    let kind: Kind = members.optional("kind").unwrap_or_default();
    let usual = match kind {
        Kind::Oidc => ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        Kind::OAuth2 | Kind::Saml => Vec::new(),
    };
    let client_id = if kind == Kind::Saml {
        members.optional("client_id").unwrap_or_default()
    } else {
        members.required("client_id")
    };
    Settings {
        kind,
        name: members.optional("name"),
        enabled: members.optional("enabled").unwrap_or(true),
        issuer: members.required("issuer"),
        client_id,
        scopes: members.optional("scopes").map_or(usual, Words::list),
        claims: members.optional("claims").unwrap_or_default(),
        role_map: members
            .optional::<BTreeMap<String, Words>>("role_map")
            .map_or_else(BTreeMap::new, |map| map.into_iter().map(|(value, roles)| (value, roles.list())).collect()),
        authorization_endpoint: members.optional("authorization_endpoint"),
        token_endpoint: members.optional("token_endpoint"),
        userinfo_endpoint: members.optional("userinfo_endpoint"),
        token_endpoint_auth_method: members.optional::<SecretBy>("token_endpoint_auth_method"),
        domains: members.optional("domains").unwrap_or_default(),
        prompt: members.optional::<Prompt>("prompt"),
        max_age: members.optional("max_age"),
        acr_values: members.optional("acr_values").map(Words::list).unwrap_or_default(),
        levels: members.optional("levels").unwrap_or_default(),
        create_users: members.optional("create_users").unwrap_or(true),
        trust_email: members.optional("trust_email").unwrap_or(false),
        signed_userinfo: members.optional("signed_userinfo").unwrap_or(false),
        logout: members.optional("logout").unwrap_or(true),
        follow_session_end: members.optional("follow_session_end").unwrap_or(true),
        sso_url: members.optional("sso_url"),
        slo_url: members.optional("slo_url"),
        slo_response_url: members.optional("slo_response_url"),
        slo_binding: members.optional::<SloBinding>("slo_binding").unwrap_or_default(),
        certificates: members.optional("certificates").unwrap_or_default(),
        name_id_format: members.optional::<NameIdFormat>("name_id_format").unwrap_or_default(),
        signed_assertions: members.optional("signed_assertions").unwrap_or(kind == Kind::Saml),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!() };
        members
    }

    fn fields<T>(read: Result<T, Vec<FieldError>>) -> Vec<String> {
        read.err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    fn whole() -> Value {
        json!({"id": "corp", "kind": "oidc", "issuer": "https://id.example", "client_id": "x"})
    }

    #[test]
    fn little_is_enough() {
        let made = NewProvider::read(object(whole())).unwrap();
        assert_eq!(made.settings.scopes, ["openid", "profile", "email"]);
        let switches = (made.settings.enabled, made.settings.create_users, made.settings.trust_email);
        assert_eq!(switches, (true, true, false));
        let mut spaced = whole();
        spaced["scopes"] = json!("openid groups");
        assert_eq!(NewProvider::read(object(spaced)).unwrap().settings.scopes, ["openid", "groups"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (value, wrong) in [
            (json!({}), &["id", "issuer", "client_id", "id", "issuer", "client_id"][..]),
            (json!({"id": "A", "issuer": "https://id.example", "client_id": "x"}), &["id"]),
            (json!({"id": "a", "kind": "kerberos", "issuer": "https://id.example", "client_id": "x"}), &["kind"]),
            (json!({"id": "a", "issuer": "https://id.example", "client_id": "x", "secret": "y"}), &["secret"]),
            (
                json!({"id": "a", "issuer": "https://id.example", "client_id": "x", "client_secret": ""}),
                &["client_secret"],
            ),
        ] {
            let mut found = fields(NewProvider::read(object(value.clone())));
            found.sort();
            let mut wrong = wrong.to_vec();
            wrong.sort_unstable();
            assert_eq!(found, wrong, "{value}");
        }
    }

    #[test]
    fn a_patch_keeps_sets_or_removes_the_secret() {
        let change = |patch: Value| NewProvider::patched(object(whole()), object(patch)).unwrap().1;
        assert_eq!(change(json!({"name": "Corp"})), SecretChange::Keep);
        assert_eq!(change(json!({"client_secret": null})), SecretChange::Remove);
        assert_eq!(change(json!({"client_secret": "s"})), SecretChange::Set("s".into()));
        assert_eq!(fields(NewProvider::patched(object(whole()), object(json!({"id": "b"})))), ["id"]);
        assert_eq!(
            fields(NewProvider::patched(object(whole()), object(json!({"issuer": null})))),
            ["issuer", "issuer"]
        );
    }
}
