//! Rank 3: SQL. Rows in, domain values out; no rules, no clock, no HTTP.

pub mod account;
pub mod cleaning;
pub mod client;
pub mod code;
mod column;
pub mod consent;
pub mod cookie;
pub mod db;
pub mod delivery;
pub mod ending;
pub mod event;
pub mod factor;
pub mod filter;
pub mod first_run;
pub mod grant;
pub mod identity;
pub mod key;
pub mod lease;
pub mod lifetime;
pub mod limit;
mod lot;
pub mod outbox;
#[cfg(test)]
mod plans;
mod proof;
pub mod provider;
pub mod refresh;
pub mod registration;
pub mod revocation;
pub mod session;
pub mod statistics;
pub mod throttle;
pub mod token;
pub mod upstream;
pub mod user;
pub mod webhook;
