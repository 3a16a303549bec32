//! Client metadata by the names of RFC 7591 section 2 and OpenID Connect Registration 1.0 section 2, and our own.

mod algorithm;
mod check;
pub mod reading;
pub mod request;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::STANDARD_SCOPES;
use super::error::{Refusal, invalid_request};
use super::redirect::{self, ReturnAddress};
use super::response::ResponseType;
use super::scope::Scope;
use super::token::{AUTHORIZATION_CODE, IMPLICIT};
use crate::base::duration::Duration;
pub use algorithm::{
    AssertionAlgorithm, ContentAlgorithm, Encryption, KeyAlgorithm, RequestAlgorithm, SigningAlgorithm,
};
pub use check::{InvalidMetadata, is_link, is_resource};

/// How a client authenticates (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    None,
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    /// An assertion with a MAC of the secret (OpenID Connect Core 1.0 section 9).
    ClientSecretJwt,
    PrivateKeyJwt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    #[default]
    Web,
    Native,
}

/// What `sub` is: the same for every client, or one for each sector (OpenID Connect Core 1.0 section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    Public,
    Pairwise,
}

/// How access tokens look: signed and readable, or sealed and only for introspection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    #[default]
    Jwt,
    Opaque,
}

/// What happens when somebody signs in once more than allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitAction {
    /// It is refused.
    Deny,
    /// The longest idle ones end.
    #[default]
    EndOldest,
    /// The person chooses which ones end.
    Ask,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Everything a client says of itself. Names are at most 200 bytes, contacts 320, URIs 2000; lists at most 100 long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member that the standards or we gave a name")]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// The consent page shows it, fetched by the person's browser; https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Linked from the consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Linked from the consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Kept and shown; not used yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Kept and shown: what a client may do follows from its redirect URIs.
    pub application_type: ApplicationType,
    /// Nothing said means `public`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<SubjectType>,
    /// A JSON array with every redirect URI; its host is the sector of `pairwise`. Fetched when the client is registered
    /// and when either changes. Without it the sector is the one host of the redirect URIs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub token_endpoint_auth_method: AuthMethod,
    /// The algorithm of every assertion of this client; nothing said means any that fits its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<AssertionAlgorithm>,
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
    /// ID tokens are encrypted to a key of `jwks` or `jwks_uri` (`use`: `enc`) after they were signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyAlgorithm>,
    /// Only beside `id_token_encrypted_response_alg`; nothing said means `A128CBC-HS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentAlgorithm>,
    /// Userinfo is a signed JWT; nothing said means JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// Userinfo is encrypted, after it was signed where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyAlgorithm>,
    /// Only beside `userinfo_encrypted_response_alg`; nothing said means `A128CBC-HS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentAlgorithm>,
    /// The algorithm of every request object of this client (OpenID Connect Core 1.0 section 6); nothing said means any
    /// that is asymmetric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<RequestAlgorithm>,
    /// Where request objects may be fetched from; a fragment does not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// Nothing counts that is not in a signed request object (RFC 9101 section 10.5).
    #[serde(skip_serializing_if = "is_false")]
    pub require_signed_request_object: bool,
    /// Authorization requests of this client must be pushed (RFC 9126 section 6).
    #[serde(skip_serializing_if = "is_false")]
    pub require_pushed_authorization_requests: bool,
    /// Seconds; used when a request has no `max_age`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Used, best first, when a request asks for no level of authentication.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// The level of authentication that sign-ins for this client must reach, whatever a request asks for; people who hold
    /// nothing that reaches it are asked to add it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_acr: Option<String>,
    /// Accepted because libraries send it: `auth_time` is in every ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_auth_time: Option<bool>,
    /// Where others may send people to begin a sign-in there; https. Kept and shown: the server itself sends nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Where logout tokens are posted (OpenID Connect Back-Channel Logout 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Logout tokens always name a session, also when everything of a person ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
    /// Opened in a frame of the page that ends a browser's session (OpenID Connect Front-Channel Logout 1.0); it has the
    /// origin of a redirect URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Kept and shown: `iss` and `sid` are always told.
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
    /// How many sessions of one person may hold something of this client at once, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_limit: Option<u32>,
    /// What happens above `session_limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_limit_action: Option<LimitAction>,
    /// It gets nothing and nobody is sent to it; what it had ends when this is set, and what it is stays.
    pub disabled: bool,
    /// The client is the operator's own: nobody is asked.
    pub skip_consent: bool,
    /// Public clients must use PKCE whatever stands here.
    pub require_pkce: bool,
    /// Client assertions may also name the token endpoint or the one for pushed requests as audience (RFC 7523 and RFC 9126
    /// before RFC 10070).
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
            sector_identifier_uri: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            token_endpoint_auth_signing_alg: None,
            grant_types: vec![AUTHORIZATION_CODE.into()],
            response_types: vec!["code".into()],
            scope: None,
            jwks: None,
            jwks_uri: None,
            id_token_signed_response_alg: SigningAlgorithm::RS256,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            userinfo_signed_response_alg: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            request_object_signing_alg: None,
            request_uris: Vec::new(),
            require_signed_request_object: false,
            require_pushed_authorization_requests: false,
            default_max_age: None,
            default_acr_values: Vec::new(),
            required_acr: None,
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
            session_limit: None,
            session_limit_action: None,
            disabled: false,
            skip_consent: false,
            require_pkce: true,
            legacy_aud: false,
        }
    }
}

impl ClientMetadata {
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    /// Whether the client has a secret at all.
    pub fn has_secret(&self) -> bool {
        self.sends_secret() || self.signs_with_secret()
    }

    /// Whether the client proves itself by a MAC of its secret, which must then be kept, not its digest alone.
    pub fn signs_with_secret(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::ClientSecretJwt
    }

    /// Whether the client proves itself by sending its secret.
    pub fn sends_secret(&self) -> bool {
        matches!(self.token_endpoint_auth_method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
    }

    pub fn must_use_pkce(&self) -> bool {
        self.is_public() || self.require_pkce
    }

    /// Whether the client is registered for this response type; the order of its words means nothing.
    pub fn may_answer(&self, kind: ResponseType) -> bool {
        self.response_types.iter().any(|own| ResponseType::named(own) == Some(kind))
    }

    pub fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|own| own == grant_type)
    }

    /// How ID tokens are encrypted, if they are.
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        let content = self.id_token_encrypted_response_enc.unwrap_or_default();
        self.id_token_encrypted_response_alg.map(|key| Encryption { key, content })
    }

    /// How userinfo is encrypted, if it is.
    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        let content = self.userinfo_encrypted_response_enc.unwrap_or_default();
        self.userinfo_encrypted_response_alg.map(|key| Encryption { key, content })
    }

    /// The host that the client shares its pairwise subjects with; `None` where subjects are public.
    pub fn sector(&self) -> Option<String> {
        if self.subject_type != Some(SubjectType::Pairwise) {
            return None;
        }
        let uri = self.sector_identifier_uri.as_ref().or_else(|| self.redirect_uris.first())?;
        redirect::host(uri)
    }

    /// The scope the client may ask for.
    pub fn allowed_scope(&self) -> Scope {
        self.scope.clone().unwrap_or_else(|| {
            let people = self.may_use(AUTHORIZATION_CODE) || self.may_use(IMPLICIT);
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
    fn an_address_is_proven_only_by_its_client() {
        let one = metadata(json!({"redirect_uris": ["https://app.example/cb"]}));
        assert!(!one.return_address(None).unwrap().was_named());
        assert!(one.return_address(Some("https://app.example/cb")).unwrap().was_named());
        assert!(one.return_address(Some("https://app.example/cb/")).is_err());
        let two = metadata(json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}));
        assert!(two.return_address(None).is_err());
    }
}
