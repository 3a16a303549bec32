//! Doorward, a session authority. (map follows)

pub mod base;
pub mod cli;
pub mod config;
pub mod domain;
pub mod flows;
pub mod jose;
pub mod protocol;
pub mod store;
