//! Policies of sessions: presets, remembering, and what is set for a role.

use super::tests::{complaint, read};
use super::*;

#[test]
fn a_preset_sets_what_nobody_set() {
    for (text, idle, absolute) in [
        ("session.preset = 'aal1'", "30d", "30d"),
        ("session.preset = 'aal2'", "1h", "1d"),
        ("session.preset = 'aal3'", "15m", "12h"),
        ("session.preset = 'aal3'\nsession.absolute = '10m'", "10m", "10m"),
        ("session.preset = 'aal2'\nsession.idle = '5m'", "5m", "1d"),
        ("session.preset = 'aal2'\nsession.idle = '1h'\nsession.absolute = '24h'", "1h", "1d"),
    ] {
        let session = read(text, &[]).unwrap().session;
        assert_eq!(
            (session.idle.to_string().as_str(), session.absolute.to_string().as_str()),
            (idle, absolute),
            "{text}"
        );
    }
}

#[test]
fn nothing_beside_a_preset_is_looser() {
    for (text, expected) in [
        (
            "session.idle = '16m'\nsession.preset = 'aal3'",
            "doorward.toml:1: session.idle 16m is longer than the 15m of aal3",
        ),
        (
            "session.absolute = '13h'\nsession.preset = 'aal3'",
            "doorward.toml:1: session.absolute 13h is longer than the 12h of aal3",
        ),
        (
            "session.preset = 'aal2'\nsession.remember_absolute = '30d'",
            "doorward.toml:2: session.remember_absolute 30d is longer than the 1d of aal2",
        ),
        (
            "session.preset = 'aal2'\nsession.remember_absolute = '20h'",
            "doorward.toml:1: session.remember_idle 20h is longer than the 1h of aal2",
        ),
        ("session.preset = 'aal4'", "doorward.toml:1: session.preset: \"aal4\" is not one of aal1, aal2, aal3"),
    ] {
        assert_eq!(complaint(text, &[]), expected, "{text}");
    }
    assert!(read("session.preset = 'aal1'\nsession.remember_absolute = '30d'", &[]).is_ok());
}

#[test]
fn remembering_is_a_choice_once_its_end_is_set() {
    assert!(read("", &[]).unwrap().session.remember.is_none());
    let remember = |text| read(text, &[]).unwrap().session.remember.unwrap();
    let limits = remember("session.remember_absolute = '30d'");
    assert_eq!((limits.idle, limits.absolute), (Duration::days(30), Duration::days(30)));
    assert_eq!(remember("[session]\nremember_absolute = '30d'\nremember_idle = '7d'").idle, Duration::days(7));
    for (text, expected) in [
        ("session.remember_idle = '7d'", "session.remember_idle needs session.remember_absolute beside it"),
        (
            "[session]\nremember_absolute = '1d'\nremember_idle = '7d'",
            "session.remember_idle 7d is longer than session.remember_absolute 1d",
        ),
    ] {
        assert!(complaint(text, &[]).ends_with(expected), "{}", complaint(text, &[]));
    }
}

#[test]
fn roles_are_the_operators_to_name() {
    let file = "[session.roles.admin]\nidle = '10m'\nlimit = 2\n[session.roles.\"a.b\"]\nabsolute = '8h'\n[session.roles.none]\nlimit = 0";
    let environment =
        [("DOORWARD__SESSION__ROLES__ADMIN__IDLE", "5m"), ("DOORWARD__SESSION__ROLES__ON_CALL__LIMIT", "3")];
    let roles = read(file, &environment).unwrap().session.roles;
    let admin = RoleRule { idle: Some(Duration::minutes(5)), most: Some(2), ..RoleRule::default() };
    let expected = [
        ("a.b", RoleRule { absolute: Some(Duration::hours(8)), ..RoleRule::default() }),
        ("admin", admin),
        ("none", RoleRule::default()),
        ("on_call", RoleRule { most: Some(3), ..RoleRule::default() }),
    ];
    assert_eq!(roles, expected.map(|(role, rule)| (role.to_owned(), rule)).into());
    for (text, expected) in [
        (
            "[session.roles.admin]\nidel = '1h'",
            "doorward.toml:2: session.roles.admin.idel is not a setting; did you mean session.roles.<role>.idle?",
        ),
        (
            "[session.roles.admin]\nidle = '0s'",
            "doorward.toml:2: session.roles.admin.idle: \"0s\" is not between 1s and 3650d",
        ),
        (
            "session.roles.admin.limit = '2'",
            "doorward.toml:1: session.roles.admin.limit: a string stands where a whole number such as 4 is wanted",
        ),
    ] {
        assert_eq!(complaint(text, &[]), expected, "{text}");
    }
    let wrong = "DOORWARD__SESSION__ROLES__admin__IDLE";
    assert!(complaint("", &[(wrong, "1h")]).starts_with(&format!("environment {wrong}: is not a setting")));
}

#[test]
fn demands_and_routes_are_lists_of_what_can_be() {
    let level = crate::protocol::acr::PASSWORD;
    let text =
        format!("[admin]\nmax_age = '15m'\nacr_values = ['{level}']\n[session]\nbackground_routes = ['/a/*/b', '/c']");
    let config = read(&text, &[]).unwrap();
    assert_eq!(
        (config.admin.max_age, config.admin.acr_values.as_slice()),
        (Some(Duration::minutes(15)), &[level.to_owned()][..])
    );
    assert_eq!(config.session.background_routes.len(), 2);
    assert!(complaint("admin.acr_values = ['gold']", &[]).contains("\"gold\" is not one of urn:doorward:acr:"));
    assert!(complaint("session.background_routes = ['poll']", &[]).contains("\"poll\" is not a path: write it like /"));
}
