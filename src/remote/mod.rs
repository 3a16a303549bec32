//! Rank 3: calls that we make to others, all through one guarded way out. No rules, no SQL.

pub mod address;
pub mod breached;
pub mod directory;
pub mod egress;
pub mod geo;
pub mod mail;
pub mod upstream;
