//! Doorward, a session authority. (map follows)

pub mod base;
pub mod protocol;
pub mod domain;
pub mod config;
