//! What the server says of itself (RFC 8414; OpenID Connect Discovery 1.0). Only what is on is said.

use serde_json::{Value, json};

use super::claims::{STANDARD, STANDARD_SCOPES};
use super::registration::ContentAlgorithm;
use super::response::ResponseType;

/// What is offered here beside what always is.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that is offered or not")]
pub struct Offer<'a> {
    pub issuer: &'a str,
    /// Algorithms that are signed with, by their wire names.
    pub signing: &'a [&'a str],
    /// Algorithms of client assertions.
    pub assertions: &'a [&'a str],
    /// How keys of encrypted tokens reach clients.
    pub encryption: &'a [&'a str],
    /// What pages speak, by the tags of RFC 5646.
    pub languages: &'a [String],
    /// Whether clients may register themselves.
    pub registration: bool,
    /// Whether clients may watch a browser's session by a frame.
    pub frame: bool,
    /// Whether every request must be pushed.
    pub require_pushed: bool,
    /// What OAuth 2.1 gave up and the profile `certification` offers to everybody; else a client must be registered for it
    /// by an administrator, and nothing is said of it here.
    pub legacy: bool,
}

/// The one document served at every discovery address.
pub fn document(offer: &Offer<'_>) -> Value {
    let Offer { issuer, signing, assertions, encryption, languages, registration, frame, require_pushed, legacy } =
        *offer;
    let contents = ContentAlgorithm::ALL.map(ContentAlgorithm::name);
    let at = |path: &str| format!("{issuer}{path}");
    let own = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "session_expiry", "roles"];
    let claims: Vec<&str> = own.into_iter().chain(STANDARD.iter().map(|(name, _, _)| *name)).collect();
    let methods = ["none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"];
    let proofs: Vec<&str> = assertions.iter().copied().chain(["HS256"]).collect();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth2/authorize"),
        "pushed_authorization_request_endpoint": at("/oauth2/par"),
        "require_pushed_authorization_requests": require_pushed,
        "token_endpoint": at("/oauth2/token"),
        "userinfo_endpoint": at("/oauth2/userinfo"),
        "jwks_uri": at("/oauth2/jwks"),
        "introspection_endpoint": at("/oauth2/introspect"),
        "revocation_endpoint": at("/oauth2/revoke"),
        "end_session_endpoint": at("/oauth2/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public", "pairwise"],
        "scopes_supported": STANDARD_SCOPES,
        "claims_supported": claims,
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "request_object_signing_alg_values_supported": assertions,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "acr_values_supported": super::acr::LEVELS,
        "id_token_signing_alg_values_supported": signing,
        "id_token_encryption_alg_values_supported": encryption,
        "id_token_encryption_enc_values_supported": contents,
        "userinfo_signing_alg_values_supported": signing,
        "userinfo_encryption_alg_values_supported": encryption,
        "userinfo_encryption_enc_values_supported": contents,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": proofs,
        "introspection_endpoint_auth_methods_supported": &methods[1..],
        "introspection_endpoint_auth_signing_alg_values_supported": proofs,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": proofs,
        "service_documentation": at("/"),
        "ui_locales_supported": languages,
    });
    for channel in ["backchannel_logout", "frontchannel_logout"] {
        document[format!("{channel}_supported")] = true.into();
        document[format!("{channel}_session_supported")] = true.into();
    }
    if frame {
        document["check_session_iframe"] = at("/oauth2/session-frame").into();
    }
    if registration {
        document["registration_endpoint"] = at("/oauth2/register").into();
    }
    if legacy {
        document["response_types_supported"] = json!(ResponseType::ALL.map(ResponseType::name));
        document["grant_types_supported"] =
            json!(["authorization_code", "implicit", "refresh_token", "client_credentials"]);
        let algorithms: Vec<&str> = assertions.iter().copied().chain(["none"]).collect();
        document["request_object_signing_alg_values_supported"] = json!(algorithms);
    }
    document
}
