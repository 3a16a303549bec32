//! The log: lines on standard error, for people or as JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// What other crates say at `info` only they understand; whoever names them in `log.level` hears them.
const QUIET: &str = "actix_server=warn,actix_web=warn,actix_http=warn,sqlx=warn,rustls=warn,";

/// Starts the log of this process; a second start changes nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(QUIET.to_owned() + log.level.as_str());
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let _ = match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
