//! Client metadata by the names of RFC 7591 section 2 and OpenID Connect Registration 1.0 section 2, and our own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::claims::STANDARD_SCOPES;
use super::error::{Refusal, invalid_request};
use super::redirect::{self, ReturnAddress};
use super::scope::{OFFLINE_ACCESS, Scope};
use super::token::{AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN};
use crate::base::duration::Duration;

/// How a client authenticates (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    None,
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    #[default]
    Web,
    Native,
}

/// What `sub` is: the same for every client (OpenID Connect Core 1.0 section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    Public,
}

/// How access tokens look: signed and readable, or sealed and only for introspection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    #[default]
    Jwt,
    Opaque,
}

/// Algorithms we sign with (RFC 7518 section 3.1; RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    ES256,
    RS256,
    PS256,
    EdDSA,
}

/// Everything a client says of itself. Names are at most 200 bytes, contacts 320, URIs 2000; lists at most 100 long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Kept and shown: what a client may do follows from its redirect URIs.
    pub application_type: ApplicationType,
    /// Only `public`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<SubjectType>,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub token_endpoint_auth_method: AuthMethod,
    pub grant_types: Vec<String>,
    pub response_types: Vec<String>,
    /// What the client may ask for; nothing said means the standard scopes.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// A JWK Set with the public keys of `private_key_jwt` (RFC 7517).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where the client publishes that set; fetched when it is needed, never together with `jwks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// Seconds; used when a request has no `max_age`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Accepted because libraries send it: `auth_time` is in every ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_auth_time: Option<bool>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_session_required: Option<bool>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    pub access_token_format: AccessTokenFormat,
    /// Resources the client may name (RFC 8707); the first is the audience when it names none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_resources: Vec<String>,
    /// Shortens the idle end of sessions this client takes part in, such as `15m`.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle: Option<Duration>,
    /// Shortens the absolute end of sessions this client takes part in, such as `8h`.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_absolute: Option<Duration>,
    /// The client is the operator's own: nobody is asked.
    pub skip_consent: bool,
    /// Public clients must use PKCE whatever stands here.
    pub require_pkce: bool,
    /// Client assertions may also name the token endpoint as audience (RFC 7523 before RFC 10070).
    pub legacy_aud: bool,
}

impl Default for ClientMetadata {
    fn default() -> Self {
        Self {
            client_name: None,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            contacts: Vec::new(),
            application_type: ApplicationType::Web,
            subject_type: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            grant_types: vec![AUTHORIZATION_CODE.into()],
            response_types: vec!["code".into()],
            scope: None,
            jwks: None,
            jwks_uri: None,
            id_token_signed_response_alg: SigningAlgorithm::RS256,
            default_max_age: None,
            require_auth_time: None,
            initiate_login_uri: None,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: None,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: None,
            software_id: None,
            software_version: None,
            access_token_format: AccessTokenFormat::Jwt,
            allowed_resources: Vec::new(),
            session_idle: None,
            session_absolute: None,
            skip_consent: false,
            require_pkce: true,
            legacy_aud: false,
        }
    }
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member} {problem}")]
pub struct InvalidMetadata {
    pub member: &'static str,
    pub problem: String,
}

fn invalid(member: &'static str, problem: impl Into<String>) -> InvalidMetadata {
    InvalidMetadata { member, problem: problem.into() }
}

impl ClientMetadata {
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    pub fn has_secret(&self) -> bool {
        matches!(self.token_endpoint_auth_method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
    }

    pub fn must_use_pkce(&self) -> bool {
        self.is_public() || self.require_pkce
    }

    pub fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|own| own == grant_type)
    }

    /// The scope the client may ask for.
    pub fn allowed_scope(&self) -> Scope {
        self.scope.clone().unwrap_or_else(|| {
            let people = self.may_use(AUTHORIZATION_CODE);
            STANDARD_SCOPES.join(" ").parse::<Scope>().unwrap_or_default().only(|_| people)
        })
    }

    /// Proves that an address is this client's. With several registered a request must name one (RFC 6749 section 3.1.2.3).
    pub fn return_address(&self, asked: Option<&str>) -> Result<ReturnAddress, Refusal> {
        match (asked, self.redirect_uris.as_slice()) {
            (Some(asked), own) if own.iter().any(|own| redirect::matches(own, asked)) => {
                Ok(ReturnAddress { uri: asked.to_owned(), named: true })
            }
            (None, [only]) => Ok(ReturnAddress { uri: only.clone(), named: false }),
            (Some(_), _) => Err(invalid_request("redirect_uri is not registered for this client")),
            (None, _) => Err(invalid_request("redirect_uri is missing")),
        }
    }

    /// The origins whose pages may call the token, revocation and userinfo endpoints.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.redirect_uris.iter().filter_map(|uri| redirect::origin(uri))
    }

    /// Checks every rule that one member or several together must keep.
    pub fn check(&self) -> Result<(), InvalidMetadata> {
        self.check_texts()?;
        self.check_uris()?;
        self.check_limits()?;
        self.check_grants()?;
        self.check_keys()
    }

    fn check_texts(&self) -> Result<(), InvalidMetadata> {
        let texts = [
            ("client_name", &self.client_name),
            ("software_id", &self.software_id),
            ("software_version", &self.software_version),
        ];
        for (member, text) in texts {
            if text
                .as_ref()
                .is_some_and(|text| text.is_empty() || text.len() > 200 || text.chars().any(char::is_control))
            {
                return Err(invalid(member, "must be 1 to 200 bytes without control characters"));
            }
        }
        if self.contacts.len() > 100 || self.contacts.iter().any(|text| text.is_empty() || text.len() > 320) {
            return Err(invalid("contacts", "must be at most 100 texts of 1 to 320 bytes"));
        }
        Ok(())
    }

    fn check_uris(&self) -> Result<(), InvalidMetadata> {
        let lists =
            [("redirect_uris", &self.redirect_uris), ("post_logout_redirect_uris", &self.post_logout_redirect_uris)];
        for (member, uris) in lists {
            if uris.len() > 100 {
                return Err(invalid(member, "must hold at most 100 URIs"));
            }
            for uri in uris {
                redirect::check(uri).map_err(|unfit| invalid(member, unfit.to_string()))?;
            }
        }
        let links = [
            ("client_uri", &self.client_uri),
            ("jwks_uri", &self.jwks_uri),
            ("logo_uri", &self.logo_uri),
            ("policy_uri", &self.policy_uri),
            ("tos_uri", &self.tos_uri),
            ("initiate_login_uri", &self.initiate_login_uri),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
            ("frontchannel_logout_uri", &self.frontchannel_logout_uri),
        ];
        for (member, uri) in links {
            if uri.as_ref().is_some_and(|uri| !is_link(uri)) {
                return Err(invalid(member, "must be an https URL (http only on a loopback host)"));
            }
        }
        if self.allowed_resources.len() > 100 || !self.allowed_resources.iter().all(|uri| is_resource(uri)) {
            return Err(invalid("allowed_resources", "must be at most 100 absolute URIs without fragment"));
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), InvalidMetadata> {
        let limits = [("session_idle", self.session_idle), ("session_absolute", self.session_absolute)];
        for (member, limit) in limits {
            if limit.is_some_and(|limit| limit < Duration::minutes(1)) {
                return Err(invalid(member, "must be at least 1m"));
            }
        }
        Ok(())
    }

    fn check_grants(&self) -> Result<(), InvalidMetadata> {
        let known = [AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS];
        if let Some(other) = self.grant_types.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(invalid("grant_types", format!("holds {other:?}; known are {}", known.join(", "))));
        }
        if self.response_types.iter().any(|name| name != "code") {
            return Err(invalid("response_types", "may only hold code"));
        }
        let people = self.may_use(AUTHORIZATION_CODE);
        if people && self.response_types.is_empty() {
            return Err(invalid("response_types", "must hold code for authorization_code"));
        }
        if people && self.redirect_uris.is_empty() {
            return Err(invalid("redirect_uris", "must hold at least one URI for authorization_code"));
        }
        if self.may_use(REFRESH_TOKEN) && !people {
            return Err(invalid("grant_types", "holds refresh_token without a grant that gives one"));
        }
        if self.may_use(CLIENT_CREDENTIALS) && self.is_public() {
            return Err(invalid("grant_types", "holds client_credentials, which a public client cannot use"));
        }
        if self.scope.as_ref().is_some_and(|scope| scope.contains(OFFLINE_ACCESS)) && !self.may_use(REFRESH_TOKEN) {
            return Err(invalid("scope", "holds offline_access without the refresh_token grant"));
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), InvalidMetadata> {
        match (&self.jwks, &self.jwks_uri) {
            (Some(_), Some(_)) => Err(invalid("jwks_uri", "cannot stand beside jwks")),
            (None, None) if self.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt => {
                Err(invalid("jwks", "or jwks_uri is needed for private_key_jwt"))
            }
            _ => Ok(()),
        }
    }
}

/// A URL that may stand in a page or be called: https, or http on a loopback host.
fn is_link(uri: &str) -> bool {
    let fits = |url: Url| {
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && redirect::is_loopback(&url));
        scheme && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    };
    uri.len() <= 2_000 && Url::parse(uri).is_ok_and(fits)
}

/// A resource indicator: an absolute URI without fragment (RFC 8707 section 2).
pub fn is_resource(uri: &str) -> bool {
    uri.len() <= 2_000 && Url::parse(uri).is_ok_and(|url| url.fragment().is_none()) && !uri.contains('#')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(value: Value) -> ClientMetadata {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_defaults_are_those_of_the_standards() {
        let client = metadata(json!({"redirect_uris": ["https://app.example/cb"]}));
        assert_eq!(client.check(), Ok(()));
        assert_eq!(client.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(client.grant_types, ["authorization_code"]);
        assert_eq!(client.id_token_signed_response_alg, SigningAlgorithm::RS256);
        assert!(client.must_use_pkce());
        assert!(client.allowed_scope().contains("openid"));
    }

    #[test]
    fn names_the_member_that_is_wrong() {
        let uri = "https://app.example/cb";
        for (value, member) in [
            (json!({}), "redirect_uris"),
            (json!({"redirect_uris": ["http://app.example/cb"]}), "redirect_uris"),
            (
                json!({"redirect_uris": [uri], "post_logout_redirect_uris": ["javascript:x"]}),
                "post_logout_redirect_uris",
            ),
            (json!({"redirect_uris": [uri], "client_name": ""}), "client_name"),
            (json!({"redirect_uris": [uri], "client_name": "a\nb"}), "client_name"),
            (json!({"redirect_uris": [uri], "logo_uri": "http://10.0.0.1/x"}), "logo_uri"),
            (json!({"redirect_uris": [uri], "grant_types": ["password"]}), "grant_types"),
            (json!({"redirect_uris": [uri], "response_types": ["token"]}), "response_types"),
            (json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}), "grant_types"),
            (json!({"redirect_uris": [uri], "token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
            (json!({"redirect_uris": [uri], "jwks": {"keys": []}, "jwks_uri": "https://a/k"}), "jwks_uri"),
            (json!({"redirect_uris": [uri], "jwks_uri": "ftp://a/k"}), "jwks_uri"),
            (json!({"redirect_uris": [uri], "session_idle": "0s"}), "session_idle"),
            (json!({"redirect_uris": [uri], "scope": "offline_access"}), "scope"),
            (json!({"redirect_uris": [uri], "allowed_resources": ["https://a#b"]}), "allowed_resources"),
            (json!({"grant_types": ["refresh_token"]}), "grant_types"),
        ] {
            assert_eq!(metadata(value.clone()).check().unwrap_err().member, member, "{value}");
        }
    }

    #[test]
    fn an_address_is_proven_only_by_its_client() {
        let one = metadata(json!({"redirect_uris": ["https://app.example/cb"]}));
        assert!(!one.return_address(None).unwrap().was_named());
        assert!(one.return_address(Some("https://app.example/cb")).unwrap().was_named());
        assert!(one.return_address(Some("https://app.example/cb/")).is_err());
        let two = metadata(json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}));
        assert!(two.return_address(None).is_err());
    }
}
