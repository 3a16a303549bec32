//! Rank 1: the words of the standards. Texts in, typed requests out, typed answers back into texts.
//!
//! Nothing here knows a session, a clock, a database or the HTTP server.

pub mod acr;
pub mod admin;
pub mod authorize;
pub mod claims;
pub mod claims_request;
pub mod client_auth;
pub mod error;
pub mod introspection;
pub mod ldap;
pub mod logout;
pub mod logout_token;
pub mod metadata;
pub mod params;
pub mod pkce;
pub mod provider;
pub mod pushed;
pub mod redirect;
pub mod registration;
pub mod request_object;
pub mod response;
pub mod scope;
pub mod session_state;
pub mod step_up;
pub mod token;
pub mod webhook;
