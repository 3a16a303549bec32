//! The integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod architecture;
mod chromium;
mod engines;
mod postgres;
mod stage;
mod store_db;
mod store_open;
mod tools;
mod verifier;
mod verifier_mutants;
