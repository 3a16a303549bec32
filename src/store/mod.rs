//! Rank 3: SQL. Rows in, domain values out; no rules, no clock, no HTTP.

mod column;
pub mod db;
