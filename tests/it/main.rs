//! The integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod account;
mod answer;
mod architecture;
mod authorize;
mod browser;
mod chromium;
mod client;
mod client_auth;
mod client_credentials;
mod code;
mod consent;
mod discovery;
mod engines;
mod header;
mod introspection;
mod login;
mod logout;
mod postgres;
mod real_clients;
mod refresh;
mod stage;
mod store_db;
mod store_open;
mod tools;
mod userinfo;
mod verifier;
mod verifier_mutants;
mod world;
