//! Doorward, a session authority. (map follows)

pub mod base;
pub mod jose;
