//! What a valid configuration still has that is unsafe or misconfigured for production: a pure rule over given facts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::Config;
use super::value::Profile;
use crate::base::duration::Duration;
use crate::domain::policy::Admission;

/// What must be looked at outside the configuration before it can be judged.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The permission bits of those of [`places`] that exist.
    pub modes: BTreeMap<PathBuf, u32>,
    /// The file of passwords that the first run made, where it still lies.
    pub first_run: Option<PathBuf>,
    /// Users and clients of the first run that can still sign in.
    pub demo_accounts: Vec<String>,
    /// Why the certificate or its key cannot be used, such as "expired on 2026-01-31".
    pub tls_fault: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Not fit for production as it is.
    Unsafe,
    /// Worth a look; may be meant.
    Advice,
}

/// One thing found, and what to do about it; each text is one sentence part without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub what: String,
    pub remedy: String,
}

/// Every file and folder whose existence and permission bits [`findings`] wants to know.
pub fn places(config: &Config) -> Vec<PathBuf> {
    let mut places = vec![config.keys.directory.clone(), root_key(config)];
    places.extend(config.database.url.file().into_iter().flat_map(|file| [file.to_owned(), folder(file)]));
    places.extend(config.server.tls.iter().flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]));
    places.extend(config.pages.theme.clone());
    places.extend(config.egress.ca_file.clone());
    places.extend(config.password.blocklist.clone());
    places.extend(config.ldap.iter().filter_map(|ldap| ldap.ca_file.clone()));
    places.extend(config.geo.country_file.clone().into_iter().chain(config.geo.asn_file.clone()));
    places
}

/// What is unsafe or worth a look, in the order of the reference. Empty: fit for production.
pub fn findings(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    judge_issuer(config, &mut found);
    judge_listener(config, facts, &mut found);
    judge_database(config, facts, &mut found);
    judge_keys(config, facts, &mut found);
    judge_lifetimes(config, &mut found);
    judge_registration(config, &mut found);
    judge_surroundings(config, facts, &mut found);
    found
}

fn judge_issuer(config: &Config, found: &mut Vec<Finding>) {
    let issuer = &config.issuer;
    if issuer.is_loopback() {
        let what = format!("issuer {issuer} is this machine alone, and switches on the development profile");
        found.push(danger(what, "set issuer to the public https URL"));
    }
    if !issuer.is_https() {
        let what = format!("issuer {issuer} is plain http: passwords and tokens travel readable");
        found.push(danger(what, "set issuer to an https URL"));
    }
    if config.profile == Profile::Certification {
        found.push(danger("profile certification is for conformance suites", "set profile to standard or strict"));
    }
}

fn judge_registration(config: &Config, found: &mut Vec<Finding>) {
    if config.registration.admission == Admission::Open && config.profile != Profile::Certification {
        let what = "registration.policy open lets anybody register a client that people are asked to trust";
        found.push(advice(what, "set registration.policy to token or closed"));
    }
}

fn judge_listener(config: &Config, facts: &Facts, found: &mut Vec<Finding>) {
    for range in config.server.trusted_proxies.iter().filter(|range| covers_too_much(range)) {
        let what = format!("server.trusted_proxies has {range}: anybody can claim any address");
        found.push(danger(what, "name the proxies' own addresses"));
    }
    if config.metrics.bind.is_none() {
        found.push(advice("nobody is served /metrics outside development", "set metrics.bind to a private address"));
    }
    let Some(tls) = &config.server.tls else { return };
    for file in [&tls.certificate, &tls.key] {
        missing("server.tls", file, facts, found);
    }
    exposed("the TLS key", &tls.key, 0o007, facts, found);
    if let Some(fault) = &facts.tls_fault {
        let what = format!("the certificate {} cannot be used: {fault}", tls.certificate.display());
        found.push(danger(what, "install a valid certificate with its key"));
    }
    if !config.issuer.is_https() {
        let what = format!("the listener speaks TLS, but issuer {} says http", config.issuer);
        found.push(danger(what, "set issuer to the https URL of this listener"));
    }
}

fn judge_database(config: &Config, facts: &Facts, found: &mut Vec<Finding>) {
    let Some(file) = config.database.url.file() else { return };
    let folder = folder(file);
    let closed = facts.modes.get(&folder).is_some_and(|mode| mode & 0o001 == 0);
    if !closed {
        exposed("the database", file, 0o006, facts, found);
    }
    exposed("the database folder", &folder, 0o002, facts, found);
}

fn judge_keys(config: &Config, facts: &Facts, found: &mut Vec<Finding>) {
    let folder = &config.keys.directory;
    exposed("the root key", &root_key(config), 0o077, facts, found);
    exposed("the key folder", folder, 0o022, facts, found);
    if facts.modes.get(folder).is_some_and(|mode| mode & 0o022 == 0 && mode & 0o055 != 0) {
        let what = format!("the key folder {} is open to other users", folder.display());
        found.push(advice(what, format!("chmod 700 {}", folder.display())));
    }
}

fn judge_lifetimes(config: &Config, found: &mut Vec<Finding>) {
    let rows = [
        ("session.absolute", config.session.absolute, Duration::days(30), "a stolen session lives as long"),
        (
            "token.access_lifetime",
            config.token.access_lifetime,
            Duration::minutes(15),
            "an ended session's token lives as long",
        ),
    ];
    for (key, span, most, why) in rows.into_iter().filter(|(_, span, most, _)| span > most) {
        found.push(advice(format!("{key} is {span}: {why}"), format!("set {key} to {most} or less")));
    }
}

fn judge_surroundings(config: &Config, facts: &Facts, found: &mut Vec<Finding>) {
    if config.log.level.is_verbose() {
        let what = format!("log.level {} logs below info, which may tell of people", config.log.level.as_str());
        found.push(advice(what, "set log.level to info"));
    }
    let named = [
        ("ldap.ca_file", &config.ldap.as_ref().and_then(|ldap| ldap.ca_file.clone())),
        ("pages.theme", &config.pages.theme),
        ("egress.ca_file", &config.egress.ca_file),
        ("password.blocklist", &config.password.blocklist),
        ("geo.country_file", &config.geo.country_file),
        ("geo.asn_file", &config.geo.asn_file),
    ];
    for (key, path) in named {
        if let Some(path) = path {
            missing(key, path, facts, found);
        }
    }
    if !config.egress.allow.is_empty() {
        let hosts: Vec<_> = config.egress.allow.iter().map(ToString::to_string).collect();
        let what = format!("egress.allow lets outbound calls reach {}", hosts.join(", "));
        found.push(advice(what, "keep only private hosts that an upstream or a client needs"));
    }
    match &config.mail.server {
        None if config.is_development() => {}
        None => found.push(advice("no mail leaves: nobody can reset a password or hears of a change", "set mail.url")),
        Some(server) if server.privacy == super::Privacy::None && !server.is_local() => {
            found.push(danger(
                format!("mail.url {server} is plain: links in mails travel readable"),
                "use smtps: or smtp:",
            ));
        }
        Some(_) => {}
    }
    if let Some(file) = &facts.first_run {
        let what = format!("{} still holds the first run's passwords", file.display());
        found.push(danger(what, "change those passwords and delete the file"));
    }
    if !facts.demo_accounts.is_empty() {
        let what = format!("demo accounts can sign in: {}", facts.demo_accounts.join(", "));
        found.push(danger(what, "delete or disable them"));
    }
}

/// Files lie open when a permission bit of the mask is set.
fn exposed(name: &str, path: &Path, mask: u32, facts: &Facts, found: &mut Vec<Finding>) {
    let Some(mode) = facts.modes.get(path).map(|mode| mode & 0o777).filter(|mode| mode & mask != 0) else { return };
    let what = format!("{name} {} has mode {mode:03o}: other users can read or change it", path.display());
    found.push(danger(what, format!("chmod {:03o} {}", mode & 0o700, path.display())));
}

fn missing(key: &str, path: &Path, facts: &Facts, found: &mut Vec<Finding>) {
    if !facts.modes.contains_key(path) {
        let what = format!("{key} names {}, which does not exist", path.display());
        found.push(danger(what, format!("create it or correct {key}")));
    }
}

/// No organisation owns more than `10.0.0.0/8` or `fc00::/7`.
fn covers_too_much(range: &IpNet) -> bool {
    let least = if matches!(range, IpNet::V4(_)) { 8 } else { 7 };
    range.prefix_len() < least
}

fn root_key(config: &Config) -> PathBuf {
    config.keys.directory.join("root.key")
}

fn folder(file: &Path) -> PathBuf {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn danger(what: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { severity: Severity::Unsafe, what: what.into(), remedy: remedy.into() }
}

fn advice(what: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { severity: Severity::Advice, what: what.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::File;
    use Severity::{Advice, Unsafe};

    const SOUND: &str = "issuer = 'https://id.example.com'\nmetrics.bind = '127.0.0.1:9090'\n\
                         server.trusted_proxies = ['10.0.0.2']\nmail.url = 'smtps://mail.example.com'\n";

    fn config(text: &str) -> Config {
        Config::read(Some(File { name: "t", text }), []).unwrap()
    }

    fn facts(modes: &[(&str, u32)]) -> Facts {
        Facts { modes: modes.iter().map(|&(path, mode)| (path.into(), mode)).collect(), ..Facts::default() }
    }

    /// The severities with the beginning of each text.
    fn seen(config: &Config, facts: &Facts) -> Vec<(Severity, String)> {
        findings(config, facts).into_iter().map(|finding| (finding.severity, finding.what)).collect()
    }

    fn assert_seen(name: &str, seen: &[(Severity, String)], expected: &[(Severity, &str)]) {
        assert_eq!(seen.len(), expected.len(), "{name}: {seen:?}");
        for ((severity, what), (wanted, part)) in seen.iter().zip(expected) {
            assert!(severity == wanted && what.contains(part), "{name}: {severity:?} {what}");
        }
    }

    #[test]
    fn a_sound_configuration_has_no_findings() {
        let modes = [("data", 0o755), ("data/doorward.db", 0o640), ("keys", 0o700), ("keys/root.key", 0o600)];
        assert_eq!(findings(&config(SOUND), &facts(&modes)), []);
    }

    #[test]
    fn the_defaults_are_for_development() {
        let expected = [(Unsafe, "this machine"), (Unsafe, "plain http"), (Advice, "/metrics")];
        assert_seen("defaults", &seen(&config(""), &Facts::default()), &expected);
    }

    #[test]
    fn settings_are_judged() {
        for (text, expected) in [
            ("profile = 'certification'", &[(Unsafe, "certification")][..]),
            ("profile = 'strict'", &[]),
            ("registration.policy = 'open'", &[(Advice, "registration.policy open")]),
            ("registration.policy = 'token'", &[]),
            ("log.level = 'debug'", &[(Advice, "log.level debug")]),
            ("log.level = 'info,sqlx=trace'", &[(Advice, "log.level")]),
            ("log.level = 'warn'", &[]),
            ("session.absolute = '30d'", &[]),
            ("session.absolute = '31d'", &[(Advice, "session.absolute is 31d")]),
            ("token.access_lifetime = '15m'", &[]),
            ("token.access_lifetime = '16m'", &[(Advice, "token.access_lifetime is 16m")]),
            ("egress.allow = ['10.0.0.9:443']", &[(Advice, "10.0.0.9:443")]),
            ("pages.theme = 'gone'", &[(Unsafe, "pages.theme names gone")]),
            ("pages.theme = 'theme'", &[]),
            ("mail.from = 'Me <me@example.com>'", &[]),
            ("egress.ca_file = 'gone.pem'", &[(Unsafe, "egress.ca_file names gone.pem")]),
            ("geo.asn_file = 'gone.mmdb'", &[(Unsafe, "geo.asn_file names gone.mmdb")]),
        ] {
            let seen = seen(&config(&format!("{SOUND}{text}")), &facts(&[("theme", 0o755)]));
            assert_seen(text, &seen, expected);
        }
    }

    #[test]
    fn proxies_are_judged_by_what_they_cover() {
        for (range, dangerous) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("128.0.0.0/1", true),
            ("10.0.0.0/8", false),
            ("fc00::/7", false),
            ("192.0.2.7", false),
        ] {
            let text = SOUND.replace("10.0.0.2", range);
            assert_eq!(!findings(&config(&text), &Facts::default()).is_empty(), dangerous, "{range}");
        }
    }

    #[test]
    fn files_are_judged_by_their_modes() {
        for (modes, expected) in [
            (&[("keys/root.key", 0o640)][..], &[(Unsafe, "keys/root.key has mode 640")][..]),
            (&[("keys/root.key", 0o100_644)], &[(Unsafe, "has mode 644")]),
            (&[("keys", 0o755)], &[(Advice, "keys is open")]),
            (&[("keys", 0o777)], &[(Unsafe, "keys has mode 777")]),
            (&[("data/doorward.db", 0o644), ("data", 0o755)], &[(Unsafe, "data/doorward.db has mode 644")]),
            (&[("data/doorward.db", 0o644)], &[(Unsafe, "data/doorward.db")]),
            (&[("data/doorward.db", 0o644), ("data", 0o700)], &[]),
            (&[("data", 0o777)], &[(Unsafe, "data has mode 777")]),
        ] {
            assert_seen(&format!("{modes:?}"), &seen(&config(SOUND), &facts(modes)), expected);
        }
    }

    #[test]
    fn tls_is_judged_by_its_files_and_the_issuer() {
        let tls = format!("{SOUND}server.tls = {{ certificate = 'c.pem', key = 'k.pem' }}\n");
        let there = facts(&[("c.pem", 0o644), ("k.pem", 0o640)]);
        assert_seen("there", &seen(&config(&tls), &there), &[]);
        assert_seen("gone", &seen(&config(&tls), &facts(&[])), &[(Unsafe, "c.pem"), (Unsafe, "k.pem")]);
        let open = facts(&[("c.pem", 0o644), ("k.pem", 0o644)]);
        assert_seen("open", &seen(&config(&tls), &open), &[(Unsafe, "the TLS key k.pem has mode 644")]);
        let expired = Facts { tls_fault: Some("expired on 2026-01-31".into()), ..there.clone() };
        assert_seen("expired", &seen(&config(&tls), &expired), &[(Unsafe, "expired on 2026-01-31")]);
        let local = tls.replace("https://id.example.com", "http://localhost:8080");
        let expected = [(Unsafe, "this machine"), (Unsafe, "plain http"), (Unsafe, "says http")];
        assert_seen("http issuer", &seen(&config(&local), &there), &expected);
    }

    #[test]
    fn what_the_first_run_left_is_unsafe() {
        let left = Facts {
            first_run: Some("data/first-run.json".into()),
            demo_accounts: vec!["demo".into(), "demo-spa".into()],
            ..Facts::default()
        };
        let expected = [(Unsafe, "data/first-run.json"), (Unsafe, "demo, demo-spa")];
        assert_seen("left", &seen(&config(SOUND), &left), &expected);
    }

    #[test]
    fn places_are_every_file_the_rule_asks_about() {
        let text = format!(
            "{SOUND}server.tls = {{ certificate = 'c.pem', key = 'k.pem' }}\npages.theme = 'theme'\n\
             egress.ca_file = 'ca.pem'\ndatabase.url = 'sqlite:one.db'\nkeys.directory = '/k'\n"
        );
        let expected = ["/k", "/k/root.key", "one.db", ".", "c.pem", "k.pem", "theme", "ca.pem"];
        assert_eq!(places(&config(&text)), expected.map(PathBuf::from));
        let remote = SOUND.to_owned() + "database.url = 'postgres://db/doorward'";
        assert_eq!(places(&config(&remote)), ["keys", "keys/root.key"].map(PathBuf::from));
    }

    #[test]
    fn a_remedy_says_what_to_type() {
        let found = findings(&config(SOUND), &facts(&[("keys/root.key", 0o644)]));
        assert_eq!(found[0].remedy, "chmod 600 keys/root.key");
    }
}
