//! The table of settings: its keys, their spellings, and which one was meant.

use std::collections::BTreeSet;

use super::*;

#[test]
fn keys_are_unique_and_sections_stay_together() {
    let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(keys.len(), SETTINGS.len());
    let mut sections: Vec<_> = SETTINGS.iter().map(Setting::section).collect();
    sections.dedup();
    assert_eq!(sections.len(), sections.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn every_meaning_is_one_sentence() {
    for setting in SETTINGS {
        let meaning = setting.meaning;
        assert!(meaning.ends_with('.') && !meaning.contains(". ") && !meaning.contains('|'), "{}", setting.key);
    }
}

#[test]
fn the_environment_spells_every_key() {
    for (key, variable) in [
        ("issuer", "DOORWARD__ISSUER"),
        ("session.idle", "DOORWARD__SESSION__IDLE"),
        ("server.tls.certificate", "DOORWARD__SERVER__TLS__CERTIFICATE"),
        ("token.retry_window", "DOORWARD__TOKEN__RETRY_WINDOW"),
    ] {
        assert_eq!(find(key).unwrap().variable(), variable);
        assert_eq!(find_variable(variable).unwrap().1, key);
    }
    for wrong in ["DOORWARD__SESSION_IDLE", "DOORWARD__session__idle", "DOORWARD__", "SESSION__IDLE"] {
        assert!(find_variable(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn sections_are_what_keys_go_below() {
    for (key, expected) in [
        ("server", true),
        ("server.tls", true),
        ("session", true),
        ("sess", false),
        ("session.idle", false),
        ("issuer", false),
        ("", false),
    ] {
        assert_eq!(is_section(key), expected, "{key}");
    }
}

#[test]
fn the_nearest_key_is_the_one_that_was_meant() {
    for (wrong, meant) in [
        ("session.idel", "session.idle"),
        ("sesion.idle", "session.idle"),
        ("idle", "session.idle"),
        ("Issuer", "issuer"),
        ("server.issuer", "issuer"),
        ("server.tls_certificate", "server.tls.certificate"),
        ("server.certificate", "server.tls.certificate"),
        ("tls.key", "server.tls.key"),
        ("bind", "server.bind"),
        ("metric.bind", "metrics.bind"),
        ("server.trusted_proxy", "server.trusted_proxies"),
        ("session.idle.x", "session.idle"),
        ("session.limit-action", "session.limit_action"),
        ("database.uri", "database.url"),
        ("token.access_life_time", "token.access_lifetime"),
    ] {
        assert_eq!(nearest(wrong).key, meant, "{wrong}");
    }
    for (wrong, meant) in [
        ("DOORWARD__SESSION__IDEL", "session.idle"),
        ("DOORWARD__SESSION_IDLE", "session.idle"),
        ("DOORWARD__TOKEN__RETRYWINDOW", "token.retry_window"),
    ] {
        assert_eq!(nearest_variable(wrong).key, meant, "{wrong}");
    }
}
