//! What settings demand of each other, once each is right by itself.

use std::path::PathBuf;

use super::reading::Reading;
use super::value::Profile;
use super::{Config, Session, Tls, ldap};

/// Notes every contradiction.
pub(super) fn check(config: &Config, reading: &mut Reading) {
    check_transport(config, reading);
    check_lifetimes(config, reading);
    if config.profile == Profile::Strict && config.mail.sign_in {
        let text = "mail.sign_in is not allowed in the strict profile: a mailed code is no factor".to_owned();
        reading.contradict(&["mail.sign_in", "profile"], text);
    }
    ldap::check(reading);
}

/// A certificate and its key, both or none.
pub(super) fn pair(certificate: Option<PathBuf>, key: Option<PathBuf>, reading: &mut Reading) -> Option<Tls> {
    const KEYS: [&str; 2] = ["server.tls.certificate", "server.tls.key"];
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Tls { certificate, key }),
        (None, None) => None,
        (certificate, _) => {
            let [set, missing] = if certificate.is_some() { KEYS } else { [KEYS[1], KEYS[0]] };
            reading.contradict(&KEYS, format!("{set} needs {missing} beside it"));
            None
        }
    }
}

/// Plain http is for loopback issuers and for listeners behind a proxy that was named.
fn check_transport(config: &Config, reading: &mut Reading) {
    let server = &config.server;
    if !config.is_development() && server.tls.is_none() && server.trusted_proxies.is_empty() {
        let text = format!(
            "issuer {} would be served in plain http on {}: set server.tls.certificate and server.tls.key, \
             or name the proxy in front in server.trusted_proxies",
            config.issuer, server.bind
        );
        let keys = ["issuer", "server.bind", "server.trusted_proxies", "server.tls.certificate", "server.tls.key"];
        reading.contradict(&keys, text);
    }
    if config.metrics.bind.is_some_and(|bind| bind == server.bind && bind.port() != 0) {
        let text = format!("metrics.bind {} is server.bind: give the metrics an address of their own", server.bind);
        reading.contradict(&["metrics.bind", "server.bind"], text);
    }
}

fn check_lifetimes(config: &Config, reading: &mut Reading) {
    let (session, token) = (&config.session, &config.token);
    if session.idle > session.absolute {
        let text = format!("session.idle {} is longer than session.absolute {}", session.idle, session.absolute);
        reading.contradict(&["session.idle", "session.absolute"], text);
    }
    check_remembering(session, reading);
    check_preset(session, reading);
    if config.profile == Profile::Strict && token.retry_window.as_seconds() > 0 {
        let text =
            format!("token.retry_window {} is not allowed in the strict profile, where it is 0s", token.retry_window);
        reading.contradict(&["token.retry_window", "profile"], text);
    }
}

fn check_remembering(session: &Session, reading: &mut Reading) {
    const KEYS: [&str; 2] = ["session.remember_idle", "session.remember_absolute"];
    match &session.remember {
        None if reading.is_set(KEYS[0]) => {
            reading.contradict(&KEYS, format!("{} needs {} beside it", KEYS[0], KEYS[1]));
        }
        Some(limits) if limits.idle > limits.absolute => {
            let text = format!("{} {} is longer than {} {}", KEYS[0], limits.idle, KEYS[1], limits.absolute);
            reading.contradict(&KEYS, text);
        }
        _ => {}
    }
}

/// What stands beside a preset is never looser than it.
fn check_preset(session: &Session, reading: &mut Reading) {
    let Some(preset) = session.preset else { return };
    let (most, name) = (preset.limits(), preset.as_str());
    let mut limits =
        vec![("session.idle", session.idle, most.idle), ("session.absolute", session.absolute, most.absolute)];
    if let Some(remember) = &session.remember {
        limits.push(("session.remember_absolute", remember.absolute, most.absolute));
        if remember.absolute <= most.absolute {
            limits.push(("session.remember_idle", remember.idle, most.idle));
        }
    }
    for (key, own, most) in limits {
        if own > most {
            reading.contradict(&[key, "session.preset"], format!("{key} {own} is longer than the {most} of {name}"));
        }
    }
}
