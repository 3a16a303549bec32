//! The command line.

pub mod client;
mod input;
pub mod keys;
mod output;
pub mod session;
pub mod user;

use crate::flows::admin::AdminRefusal;

/// Why a command failed: one line for the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CliError(pub String);

impl From<AdminRefusal> for CliError {
    fn from(refusal: AdminRefusal) -> Self {
        Self(refusal.to_string())
    }
}
