//! What settings demand of each other, once each is right by itself.

use std::path::PathBuf;

use super::reading::Reading;
use super::value::{LimitAction, Profile};
use super::{Config, Tls};

/// Notes every contradiction.
pub(super) fn check(config: &Config, reading: &mut Reading) {
    check_transport(config, reading);
    check_lifetimes(config, reading);
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
    if session.limit.is_some() && session.limit_action == LimitAction::Ask {
        let text = "session.limit_action ask is not built yet: choose deny or end_oldest".to_owned();
        reading.contradict(&["session.limit_action", "session.limit"], text);
    }
    if config.profile == Profile::Strict && token.retry_window.as_seconds() > 0 {
        let text =
            format!("token.retry_window {} is not allowed in the strict profile, where it is 0s", token.retry_window);
        reading.contradict(&["token.retry_window", "profile"], text);
    }
}
