//! The integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod admin;
mod answer;
mod architecture;
mod browser;
mod chromium;
mod client;
mod engines;
mod postgres;
mod real_clients;
mod refresh;
mod stage;
mod store_db;
mod store_open;
mod tools;
mod verifier;
mod verifier_mutants;
mod world;
