//! What the server says of itself (RFC 8414; OpenID Connect Discovery 1.0). Only what is on is said.

use serde_json::{Value, json};

use super::claims::{STANDARD, STANDARD_SCOPES};

/// The one document served at every discovery address. `signing` and `assertions` are wire names of algorithms.
pub fn document(issuer: &str, signing: &[&str], assertions: &[&str]) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    let own = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "session_expiry", "roles"];
    let claims: Vec<&str> = own.into_iter().chain(STANDARD.iter().map(|(name, _, _)| *name)).collect();
    let methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth2/authorize"),
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
        "subject_types_supported": ["public"],
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
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": &methods[1..],
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "service_documentation": at("/"),
        "ui_locales_supported": ["en"],
    })
}
