//! Claims: of a person (OpenID Connect Core 1.0 section 5.1), of access tokens (RFC 9068), of ID tokens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::scope::{ADDRESS, EMAIL, OPENID, PHONE, PROFILE, ROLES, Scope};

/// Type headers: every use of a signature takes exactly one (RFC 8725 section 3.11).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
pub const ID_TOKEN_TYPE: &str = "JWT";
pub const CLIENT_ASSERTION_TYPE: &str = "client-authentication+jwt";

/// The standard claims of a person and the scope that shows each (OpenID Connect Core 1.0 section 5.4).
pub const STANDARD: [(&str, &str, Shape); 19] = [
    ("name", PROFILE, Shape::Text),
    ("given_name", PROFILE, Shape::Text),
    ("family_name", PROFILE, Shape::Text),
    ("middle_name", PROFILE, Shape::Text),
    ("nickname", PROFILE, Shape::Text),
    ("preferred_username", PROFILE, Shape::Text),
    ("profile", PROFILE, Shape::Text),
    ("picture", PROFILE, Shape::Text),
    ("website", PROFILE, Shape::Text),
    ("gender", PROFILE, Shape::Text),
    ("birthdate", PROFILE, Shape::Text),
    ("zoneinfo", PROFILE, Shape::Text),
    ("locale", PROFILE, Shape::Text),
    ("email", EMAIL, Shape::Text),
    ("email_verified", EMAIL, Shape::Flag),
    ("phone_number", PHONE, Shape::Text),
    ("phone_number_verified", PHONE, Shape::Flag),
    ("address", ADDRESS, Shape::Address),
    ("updated_at", PROFILE, Shape::Time),
];

/// The claims of these names, where there are any.
pub fn named(claims: &Map<String, Value>, names: &[String]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some((name.clone(), claims.get(name)?.clone()))).collect()
}

/// The claims that may be verified, each with the flag that says so.
pub const VERIFIABLE: [(&str, &str); 2] = [("email", "email_verified"), ("phone_number", "phone_number_verified")];

/// Whether this scope shows a claim about a person.
pub fn is_shown(name: &str, scope: &Scope) -> bool {
    STANDARD.iter().any(|(known, shown_by, _)| *known == name && scope.contains(shown_by))
}

/// The members of an address (OpenID Connect Core 1.0 section 5.1.1).
pub const ADDRESS_MEMBERS: [&str; 6] = ["formatted", "street_address", "locality", "region", "postal_code", "country"];

/// What a claim's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Flag,
    Address,
    /// Seconds since 1970, kept by us.
    Time,
}

impl Shape {
    /// Whether somebody may set this value.
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.as_str().is_some_and(|text| (1..=1_000).contains(&text.len())),
            Self::Flag => value.is_boolean(),
            Self::Address => value.as_object().is_some_and(|members| {
                members.iter().all(|(name, value)| ADDRESS_MEMBERS.contains(&name.as_str()) && Self::Text.takes(value))
            }),
            Self::Time => false,
        }
    }
}

/// The claims about a person that a scope shows, `sub` apart.
pub fn shown(claims: &Map<String, Value>, scope: &Scope) -> Map<String, Value> {
    STANDARD
        .iter()
        .filter(|(_, shown_by, _)| scope.contains(shown_by))
        .filter_map(|(name, _, _)| Some(((*name).to_owned(), claims.get(*name)?.clone())))
        .collect()
}

/// The scopes everybody may ask for; clients may be registered for more of their own.
pub const STANDARD_SCOPES: [&str; 7] = [OPENID, PROFILE, EMAIL, ADDRESS, PHONE, ROLES, super::scope::OFFLINE_ACCESS];

/// One audience or several (RFC 7519 section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub fn of(mut values: Vec<String>) -> Self {
        match values.len() {
            1 => Self::One(values.remove(0)),
            _ => Self::Several(values),
        }
    }

    pub fn contains(&self, value: &str) -> bool {
        match self {
            Self::One(own) => own == value,
            Self::Several(own) => own.iter().any(|own| own == value),
        }
    }
}

/// What an access token says, JWT or opaque (RFC 9068 section 2.2). Times are seconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub client_id: String,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    pub sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// What an ID token says (OpenID Connect Core 1.0 section 2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub auth_time: i64,
    pub acr: String,
    pub amr: Vec<String>,
    pub sid: String,
    /// When the session ends at the latest, seconds since 1970 (OpenID Connect Enterprise Extensions).
    pub session_expiry: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Left half of the access token's hash (OpenID Connect Core 1.0 section 3.1.3.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// The same of a code beside it (section 3.3.2.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// The same of the state of the request, where the ID token comes through the browser (FAPI 1.0 Advanced section 5.1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s_hash: Option<String>,
    /// Claims about the person that were asked for here.
    #[serde(flatten, skip_deserializing)]
    pub person: Map<String, Value>,
}

/// The event that a logout token tells of.
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token says (OpenID Connect Back-Channel Logout 1.0 section 2.4). There is never a `nonce`.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    /// Not there when every session of the person ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// [`LOGOUT_EVENT`] with an empty object.
    pub events: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scope_shows_its_claims_and_no_other() {
        let Value::Object(claims) = json!({"name": "A", "email": "a@b.c", "email_verified": true, "secret": 1}) else {
            panic!()
        };
        assert_eq!(
            Value::Object(shown(&claims, &"openid email".parse().unwrap())),
            json!({"email": "a@b.c", "email_verified": true})
        );
        assert!(shown(&claims, &"openid".parse().unwrap()).is_empty());
    }

    #[test]
    fn values_have_a_shape() {
        assert!(Shape::Text.takes(&json!("x")) && !Shape::Text.takes(&json!("")) && !Shape::Text.takes(&json!(1)));
        assert!(Shape::Flag.takes(&json!(true)) && !Shape::Flag.takes(&json!("true")));
        assert!(Shape::Address.takes(&json!({"country": "x"})) && !Shape::Address.takes(&json!({"planet": "x"})));
        assert!(!Shape::Time.takes(&json!(1)));
    }

    #[test]
    fn an_audience_of_one_is_a_text() {
        assert_eq!(serde_json::to_value(Audience::of(vec!["a".into()])).unwrap(), json!("a"));
        assert_eq!(serde_json::to_value(Audience::of(vec!["a".into(), "b".into()])).unwrap(), json!(["a", "b"]));
    }
}
