//! `doorward serve`: from a configuration to a server that answers, until somebody says stop.

use std::io::{self, Write};
use std::path::Path;
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{CliError, log};
use crate::app::{App, Listeners, StartError, first_run_file};
use crate::base::entropy;
use crate::config::Config;
use crate::domain::password;
use crate::flows::Sources;
use crate::flows::first_run::DEMO_SERVICE;

pub async fn run(config: Config) -> Result<(), CliError> {
    log::start(&config.log);
    thread::spawn(entropy::gather);
    let mut stop = Stop::listen()?;
    let listeners = Listeners::bind(&config)?;
    let app = App::open(config.clone(), Sources::system(), password::COST).await?;
    let mut running = app.serve(listeners)?;
    running.start_jobs();
    let engine = running.authority.db.engine_name();
    tracing::info!(issuer = %config.issuer, address = %running.address, database = engine, "ready");
    if config.is_development() {
        greet(&config).unwrap_or_else(|error| tracing::debug!(%error, "nobody reads the greeting"));
    }
    let died = tokio::select! {
        () = stop.asked() => None,
        error = running.failed() => Some(error),
    };
    tracing::info!("stopping: requests that were begun are finished");
    tokio::select! {
        () = running.stop() => {}
        () = stop.asked() => tracing::warn!("asked to stop again: not waiting any longer"),
    }
    died.map_or(Ok(()), |error| Err(StartError::Serve(error).into()))
}

/// The signals that ask a server to stop.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Says where to go; names the file of secrets, but shows none.
fn greet(config: &Config) -> io::Result<()> {
    let issuer = &config.issuer;
    let mut out = io::stdout().lock();
    writeln!(out, "\nDoorward is ready at {issuer}\n")?;
    writeln!(out, "  Your account      {issuer}/account")?;
    writeln!(out, "  Demo application  {issuer}/demo/\n")?;
    let file = first_run_file(config);
    if file.exists() {
        writeln!(out, "The user names and passwords that the first run made are in {}.", file.display())?;
        writeln!(out, "A first token, as the demo service:\n\n  {}\n", first_token(issuer.as_str(), &file))?;
    }
    out.flush()
}

/// A line for the shell that reads the secret from the file when it is run.
fn first_token(issuer: &str, file: &Path) -> String {
    let file = quoted(&file.display().to_string());
    let secret = format!(r#"sed -n '/"demo_service"/,$ s/.*"client_secret": "\(.*\)".*/\1/p' {file}"#);
    format!(r#"curl -s -u "{DEMO_SERVICE}:$({secret})" -d grant_type=client_credentials {issuer}/oauth2/token"#)
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::app::tests::Folder;

    #[test]
    fn the_line_reads_the_secret_of_the_demo_service_and_shows_none() {
        let home = Folder::new();
        let file = home.path().join("it's a folder.json");
        let told = serde_json::json!({
            "admin_client": { "client_id": "admin-client", "client_secret": "wrong" },
            "demo_service": { "client_id": "demo-service", "client_secret": "right-_9" },
        });
        fs::write(&file, serde_json::to_string_pretty(&told).unwrap()).unwrap();
        let line = first_token("http://localhost:8080", &file);
        assert!(line.starts_with("curl ") && !line.contains("right"), "{line}");
        let echoed = Command::new("sh").arg("-c").arg(line.replacen("curl", "echo", 1)).output().unwrap();
        let expected =
            "-s -u demo-service:right-_9 -d grant_type=client_credentials http://localhost:8080/oauth2/token\n";
        assert_eq!(String::from_utf8(echoed.stdout).unwrap(), expected);
    }
}
