//! The command line.

pub mod client;
mod input;
pub mod keys;
mod output;
pub mod session;
pub mod user;

/// Why a command failed: one line for the terminal.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Said(String),
}
