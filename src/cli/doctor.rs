//! `doorward doctor`: looks at everything a production server should not have, and says what to do about it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use super::CliError;
use crate::app::{self, first_run_file, tls};
use crate::base::clock::{Clock, SystemClock};
use crate::config::{self, Config, Facts, Finding, Severity};
use crate::flows::first_run;
use crate::store::db::Db;

/// Prints what was found; exit code 1 if any of it is unsafe.
pub async fn run(config: &Config) -> Result<ExitCode, CliError> {
    let (accounts, trouble) = match demo_accounts(config).await {
        Ok(accounts) => (accounts, None),
        Err(what) => (Vec::new(), Some(what)),
    };
    let mut found = config::findings(config, &facts(config, accounts));
    found.extend(trouble.map(|what| Finding {
        severity: Severity::Unsafe,
        what,
        remedy: "mend it, or correct database.url".into(),
    }));
    found.extend(directory_trouble(config).await);
    found.sort_by_key(|finding| finding.severity != Severity::Unsafe);
    print(&found)?;
    let fit = found.iter().all(|finding| finding.severity != Severity::Unsafe);
    Ok(if fit { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks the directory, as a sign-in begins.
async fn directory_trouble(config: &Config) -> Option<Finding> {
    let trouble = match app::directory(config) {
        Ok(None) => return None,
        Ok(Some(directory)) => directory.check().await.err()?.to_string(),
        Err(error) => error.to_string(),
    };
    let address = &config.ldap.as_ref()?.directory.address;
    let what = format!("nobody can sign in by the directory {address}: {trouble}");
    Some(Finding { severity: Severity::Unsafe, what, remedy: "mend it, or correct the section ldap".into() })
}

fn facts(config: &Config, demo_accounts: Vec<String>) -> Facts {
    let modes: BTreeMap<_, _> = config::places(config)
        .into_iter()
        .filter_map(|place| {
            let mode = place.metadata().ok()?.permissions().mode();
            Some((place, mode))
        })
        .collect();
    let host = config.issuer.url().host_str().unwrap_or_default();
    Facts {
        modes,
        first_run: Some(first_run_file(config)).filter(|file| file.exists()),
        demo_accounts,
        tls_fault: config.server.tls.as_ref().and_then(|tls| tls::fault(tls, host, SystemClock.now())),
    }
}

/// Looks into the database as it is: makes none, and changes nothing.
async fn demo_accounts(config: &Config) -> Result<Vec<String>, String> {
    if config.database.url.file().is_some_and(|file| !file.exists()) {
        return Ok(Vec::new());
    }
    let db = Db::open(config.database.url.expose()).await.map_err(|error| error.to_string())?;
    // A database without tables has no accounts either.
    let accounts = first_run::remaining(&db).await.unwrap_or_default();
    db.close().await;
    Ok(accounts)
}

fn print(found: &[Finding]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for finding in found {
        let word = match finding.severity {
            Severity::Unsafe => "unsafe",
            Severity::Advice => "advice",
        };
        writeln!(out, "{word}  {}\n        {}", finding.what, finding.remedy)?;
    }
    if found.is_empty() {
        writeln!(out, "Nothing found that is unsafe or misconfigured for production.")?;
    }
    out.flush()
}
