//! Whole configurations in, values or lines of complaint out.

use super::*;

pub(super) fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let pairs = environment.iter().map(|&(name, text)| (name.to_owned(), text.to_owned()));
    Config::read(Some(File { name: "doorward.toml", text }), pairs)
}

pub(super) fn complaint(text: &str, environment: &[(&str, &str)]) -> String {
    read(text, environment).map_or_else(|error| error.to_string(), |config| format!("accepted: {config:?}"))
}

#[test]
fn without_anything_every_default_holds() {
    let config = Config::read(None, []).unwrap();
    assert_eq!(config.issuer.as_str(), "http://localhost:8080");
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database.url.to_string(), "sqlite:data/doorward.db");
    assert_eq!(config.database.url.file(), Some(Path::new("data/doorward.db")));
    assert_eq!(config.keys.directory, Path::new("keys"));
    assert_eq!((config.profile, config.log.format), (Profile::Standard, LogFormat::Text));
    assert_eq!((config.session.limit, config.session.limit_action), (None, LimitAction::EndOldest));
    let spans = [
        (config.session.idle, 3_600),
        (config.session.absolute, 86_400),
        (config.session.offline, 30 * 86_400),
        (config.token.access_lifetime, 300),
        (config.token.id_lifetime, 3_600),
        (config.token.code_lifetime, 60),
        (config.token.retry_window, 10),
        (config.keys.rotation, 90 * 86_400),
    ];
    for (span, seconds) in spans {
        assert_eq!(span.as_seconds(), seconds);
    }
    assert!(config.is_development() && config.server.workers > 0 && config.password.workers > 0);
    assert!(config.server.tls.is_none() && config.server.trusted_proxies.is_empty() && config.egress.allow.is_empty());
}

#[test]
fn a_switch_is_true_or_false() {
    let frame = |text: &str, environment: &[(&str, &str)]| read(text, environment).unwrap().session.frame;
    assert!(
        !frame("", &[]) && frame("session.frame = true", &[]) && frame("", &[("DOORWARD__SESSION__FRAME", "true")])
    );
    assert!(frame("profile = 'certification'", &[]));
    assert!(!frame("profile = 'certification'\nsession.frame = false", &[]));
    for wrong in ["'true'", "1", "'yes'"] {
        assert!(
            complaint(&format!("session.frame = {wrong}"), &[]).contains("where true or false is wanted"),
            "{wrong}"
        );
    }
    assert!(complaint("", &[("DOORWARD__SESSION__FRAME", "yes")]).contains("\"yes\" is not true or false"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "[session]\nidle = '20m'\nlimit = 3\n[egress]\nallow = ['a.test:1']\n";
    let environment = [
        ("DOORWARD__SESSION__IDLE", "30m"),
        ("DOORWARD__EGRESS__ALLOW", "Idp.internal:8443, [fd00::1]:443,"),
        ("DOORWARD__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.7"),
        ("DOORWARD__SERVER__WORKERS", "7"),
        ("DOORWARD__METRICS__BIND", ""),
        ("DOORWARD_CONFIG", "elsewhere.toml"),
        ("PATH", "/bin"),
    ];
    let config = read(file, &environment).unwrap();
    assert_eq!(config.session.idle, Duration::minutes(30));
    assert_eq!(config.session.limit.map(NonZeroU32::get), Some(3));
    let allowed: Vec<_> = config.egress.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["idp.internal:8443", "[fd00::1]:443"]);
    let proxies: Vec<_> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.0.2.7/32"]);
    assert_eq!((config.server.workers, config.metrics.bind), (7, None));
    assert!(read(file, &[("DOORWARD__EGRESS__ALLOW", "")]).unwrap().egress.allow.is_empty());
}

#[test]
fn dependent_defaults_follow_what_was_set() {
    assert_eq!(read("session.absolute = '5s'", &[]).unwrap().session.idle, Duration::seconds(5));
    assert_eq!(read("session.absolute = '2h'", &[]).unwrap().session.idle, Duration::hours(1));
    assert_eq!(read("profile = 'strict'", &[]).unwrap().token.retry_window, Duration::ZERO);
    let closed = read("profile = 'strict'\ntoken.retry_window = '0s'", &[]).unwrap();
    assert_eq!(closed.token.retry_window, Duration::ZERO);
}

#[test]
fn the_certification_profile_opens_registration_where_nobody_said_otherwise() {
    let of = |text: &str| {
        let registration = read(text, &[]).unwrap().registration;
        (registration.admission, registration.limit)
    };
    assert_eq!(of(""), (Admission::Closed, Some(20)));
    assert_eq!(of("registration.policy = 'token'\nregistration.limit = 0"), (Admission::Token, None));
    assert_eq!(of("profile = 'certification'"), (Admission::Open, None));
    let said = "profile = 'certification'\nregistration.policy = 'closed'\nregistration.limit = 20";
    assert_eq!(of(said), (Admission::Closed, Some(20)));
}

#[test]
fn unknown_keys_are_refused_with_their_line_and_the_nearest_one() {
    for (text, expected) in [
        ("\n\n[session]\nidel = '1h'", "doorward.toml:4: session.idel is not a setting; did you mean session.idle?"),
        ("idle = '1h'", "doorward.toml:1: idle is not a setting; did you mean session.idle?"),
        (
            "session.idle.x = 1",
            "doorward.toml:1: session.idle: a section stands where a duration such as \"15m\" is wanted",
        ),
        ("[sesion]\nidle = '1h'", "doorward.toml:2: sesion.idle is not a setting; did you mean session.idle?"),
        ("[sessions]", "doorward.toml:1: sessions is not a setting; did you mean session.idle?"),
        ("session = 5", "doorward.toml:1: session is a section; did you mean session.idle?"),
        ("server.tls = 'x'", "doorward.toml:1: server.tls is a section; did you mean server.tls.certificate?"),
        ("[[session]]\nidle = '1h'", "doorward.toml:1: session is a section; did you mean session.idle?"),
        ("\"a\\nb\" = 1", "doorward.toml:1: a\\nb is not a setting; did you mean server.tls.key?"),
    ] {
        assert_eq!(complaint(text, &[]), expected, "{text}");
    }
    for (name, expected) in [
        ("DOORWARD__SESSION__IDEL", "is not a setting; did you mean DOORWARD__SESSION__IDLE?"),
        ("DOORWARD__SESSION_IDLE", "is not a setting; did you mean DOORWARD__SESSION__IDLE?"),
        ("DOORWARD__issuer", "is not a setting; did you mean DOORWARD__ISSUER?"),
    ] {
        assert_eq!(complaint("", &[(name, "1h")]), format!("environment {name}: {expected}"));
    }
}

#[test]
fn wrong_syntax_and_wrong_types_are_placed() {
    for (text, expected) in [
        ("\nissuer = ", "doorward.toml:2: is not TOML: "),
        ("[session\nidle = '1h'", "doorward.toml:1: is not TOML: "),
        ("issuer = 'http://localhost:1'\nissuer = 'http://localhost:2'", "doorward.toml:2: is not TOML: duplicate key"),
        (
            "\nsession.idle = 90",
            "doorward.toml:2: session.idle: an integer stands where a duration such as \"15m\" is wanted",
        ),
        (
            "server.workers = '4'",
            "doorward.toml:1: server.workers: a string stands where a whole number such as 4 is wanted",
        ),
        (
            "server.trusted_proxies = '10.0.0.0/8'",
            "doorward.toml:1: server.trusted_proxies: a string stands where a list",
        ),
        ("egress.allow = [1]", "doorward.toml:1: egress.allow: a list with something else than strings stands"),
        ("issuer = true", "doorward.toml:1: issuer: a boolean stands where a string is wanted"),
        ("issuer = ['x']", "doorward.toml:1: issuer: a list stands where a string is wanted"),
        ("keys.rotation = 1979-05-27", "doorward.toml:1: keys.rotation: a date stands where a duration"),
        ("'session.limit' = 1\n[session]\nlimit = 2", "doorward.toml:1: session.limit is set twice"),
    ] {
        let found = complaint(text, &[]);
        assert!(found.starts_with(expected), "{text}: {found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn wrong_values_say_what_is_right() {
    for (variable, text, expected) in [
        (
            "SESSION__IDLE",
            "5x",
            "\"5x\" is not a duration: write a whole number and a unit, such as 90s, 15m, 24h or 30d, up to 36500d",
        ),
        ("SESSION__IDLE", "0s", "\"0s\" is not between 1s and 3650d"),
        ("SESSION__LIMIT", "-1", "\"-1\" is not a whole number from 0 to 1000000"),
        ("SESSION__LIMIT_ACTION", "end", "\"end\" is not one of deny, end_oldest, ask"),
        ("PROFILE", "Strict", "\"Strict\" is not one of standard, strict, certification"),
        ("LOG__FORMAT", "", "\"\" is not one of text, json"),
        (
            "LOG__LEVEL",
            "inof",
            "\"inof\" is not a log filter: write off, error, warn, info, debug or trace, or pairs such as info,sqlx=warn",
        ),
        ("TOKEN__ACCESS_LIFETIME", "61m", "\"61m\" is not between 1s and 1h"),
        ("TOKEN__ACCESS_LIFETIME", "0s", "\"0s\" is not between 1s and 1h"),
        ("TOKEN__CODE_LIFETIME", "601s", "\"601s\" is not between 1s and 10m"),
        ("TOKEN__RETRY_WINDOW", "61s", "\"61s\" is not between 0s and 1m"),
        (
            "SERVER__BIND",
            "localhost",
            "\"localhost\" is not an IP address with a port: write it like 127.0.0.1:8080 or [::]:8080",
        ),
        (
            "SERVER__TRUSTED_PROXIES",
            "10.0.0.0/40",
            "\"10.0.0.0/40\" is not an IP address or a CIDR range: write it like 10.0.0.0/8 or 192.0.2.7",
        ),
        ("SERVER__WORKERS", "1025", "\"1025\" is not a whole number from 0 to 1024"),
        (
            "EGRESS__ALLOW",
            "idp.internal",
            "\"idp.internal\" is not a host with a port: write it like idp.internal:8443 or [fd00::1]:443",
        ),
        (
            "EGRESS__ALLOW",
            "idp.internal:0",
            "\"idp.internal:0\" is not a host with a port: write it like idp.internal:8443 or [fd00::1]:443",
        ),
        ("KEYS__DIRECTORY", "", "\"\" is not a path"),
        (
            "DATABASE__URL",
            "mysql://u:hunter2@h/d",
            "the value is neither sqlite:<file> nor postgres://user:password@host/name",
        ),
        (
            "DATABASE__URL",
            "sqlite::memory:",
            "the value names no file: a database in memory would forget every session",
        ),
        (
            "DATABASE__URL",
            "sqlite://?mode=rwc",
            "the value names no file: a database in memory would forget every session",
        ),
    ] {
        let variable = format!("DOORWARD__{variable}");
        assert_eq!(complaint("", &[(&variable, text)]), format!("environment {variable}: {expected}"));
    }
    let file = "\n[log]\nformat = 'xml'";
    assert_eq!(complaint(file, &[]), "doorward.toml:3: log.format: \"xml\" is not one of text, json");
}

#[test]
fn the_issuer_has_one_spelling_and_is_https_off_this_machine() {
    for text in [
        "http://localhost:8080",
        "http://127.9.9.9",
        "http://[::1]:1",
        "https://localhost",
        "https://id.example.com/tenant/one",
    ] {
        let config = read("server.trusted_proxies = ['10.0.0.2']", &[("DOORWARD__ISSUER", text)]).unwrap();
        assert_eq!(config.issuer.as_str(), text);
        assert_eq!(config.is_development(), !text.contains("example"), "{text}");
    }
    for (text, expected) in [
        ("https://id.example.com/", "write https://id.example.com"),
        ("https://id.example.com/a//", "write https://id.example.com/a"),
        ("https://id.example.com?x=1", "write https://id.example.com"),
        ("https://id.example.com/#x", "write https://id.example.com"),
        ("https://user:pw@id.example.com", "write https://id.example.com"),
        ("HTTPS://ID.example.com:443", "write https://id.example.com"),
        ("https://id.example.com/a/../b", "write https://id.example.com/b"),
        (" https://id.example.com", "write https://id.example.com"),
        ("http://id.example.com", "is plain http and not on this machine: write https://id.example.com"),
        ("http://localhost.example.com", "write https://localhost.example.com"),
        ("http://[::2]", "write https://[::2]"),
        ("ftp://id.example.com", "write it like https://id.example.com"),
        ("id.example.com", "write it like https://id.example.com"),
        ("/id", "write it like https://id.example.com"),
        ("", "write it like https://id.example.com"),
    ] {
        let found = complaint("server.trusted_proxies = ['10.0.0.2']", &[("DOORWARD__ISSUER", text)]);
        assert!(found.starts_with("environment DOORWARD__ISSUER: ") && found.ends_with(expected), "{text}: {found}");
    }
}

#[test]
fn plain_http_needs_a_loopback_issuer_or_a_named_proxy() {
    let refused = "doorward.toml:1: issuer https://id.example.com would be served in plain http on ";
    for (rest, accepted) in [
        ("", false),
        ("server.bind = '0.0.0.0:80'", false),
        ("server.bind = '0.0.0.0:80'\nserver.trusted_proxies = ['10.0.0.2']", true),
        ("server.bind = '0.0.0.0:443'\nserver.tls = { certificate = 'c', key = 'k' }", true),
    ] {
        let found = complaint(&format!("issuer = 'https://id.example.com'\n{rest}"), &[]);
        assert_eq!(found.starts_with("accepted"), accepted, "{found}");
        assert!(accepted || found.starts_with(refused), "{found}");
    }
    assert!(read("server.bind = '0.0.0.0:8080'", &[]).is_ok());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (text, expected) in [
        ("session.absolute = '1h'\nsession.idle = '2h'", "2: session.idle 2h is longer than session.absolute 1h"),
        ("session.idle = '2d'", "1: session.idle 2d is longer than session.absolute 1d"),
        ("server.tls.key = 'k'", "1: server.tls.key needs server.tls.certificate beside it"),
        ("server.tls.certificate = 'c'", "1: server.tls.certificate needs server.tls.key beside it"),
        (
            "profile = 'strict'\ntoken.retry_window = '10s'",
            "2: token.retry_window 10s is not allowed in the strict profile, where it is 0s",
        ),
        (
            "metrics.bind = '127.0.0.1:8080'",
            "1: metrics.bind 127.0.0.1:8080 is server.bind: give the metrics an address of their own",
        ),
    ] {
        assert_eq!(complaint(text, &[]), format!("doorward.toml:{expected}"));
    }
    let any = "metrics.bind = '127.0.0.1:0'\nserver.bind = '127.0.0.1:0'";
    assert!(read(any, &[]).is_ok());
}

#[test]
fn everything_wrong_is_told_at_once_in_order() {
    let text = "profil = 'x'\nissuer = 'nowhere'\n[session]\nidle = '5x'\nabsolute = '1s'\n[server]\nbind = 'here'";
    let found = complaint(text, &[("DOORWARD__TOKEN__CODE", "x"), ("DOORWARD__LOG__FORMAT", "xml")]);
    let places: Vec<_> = found.lines().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    let expected = [
        "doorward.toml:1",
        "doorward.toml:2",
        "doorward.toml:4",
        "doorward.toml:7",
        "environment DOORWARD__LOG__FORMAT",
        "environment DOORWARD__TOKEN__CODE",
    ];
    assert_eq!(places, expected, "{found}");
}

#[test]
fn passwords_of_the_database_are_never_shown() {
    for text in [
        "postgres://door:hunter2@db/doorward",
        "postgresql://db/doorward?user=door&password=hunter2",
        "postgres://door:hunter2@db/doorward?sslmode=verify-full&sslpassword=hunter2",
    ] {
        let config = read("", &[("DOORWARD__DATABASE__URL", text)]).unwrap();
        let shown = format!("{config:?} {:#?} {}", config.database, config.database.url);
        assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
        assert_eq!(config.database.url.expose(), text);
        assert_eq!(config.database.url.file(), None);
    }
    assert!(!complaint("database.url = 'pg://door:hunter2@db'", &[]).contains("hunter2"));
    let plain = read("database.url = 'postgres://door@db/x?sslmode=require'", &[]).unwrap();
    assert_eq!(plain.database.url.to_string(), "postgres://door@db/x?sslmode=require");
    for (text, file) in
        [("sqlite:a/b.db", "a/b.db"), ("sqlite:///srv/b.db", "/srv/b.db"), ("sqlite:b.db?mode=rwc", "b.db")]
    {
        assert_eq!(DatabaseUrl::parse(text).unwrap().file(), Some(Path::new(file)), "{text}");
    }
}

#[test]
fn the_words_of_the_table_are_those_of_the_types() {
    fn words<T: value::Choice>() -> Vec<&'static str> {
        T::WORDS.iter().map(|&(word, _)| word).collect()
    }
    let typed = [
        ("profile", words::<Profile>()),
        ("log.format", words::<LogFormat>()),
        ("session.limit_action", words::<LimitAction>()),
        ("session.preset", words::<Preset>()),
        ("registration.policy", words::<Admission>()),
    ];
    for (key, words) in typed {
        assert!(matches!(settings::find(key).unwrap().kind, Kind::Choice(table) if table == words), "{key}");
    }
}

#[test]
fn every_setting_of_the_table_reaches_the_configuration() {
    let changed = |setting: &Setting| match (setting.kind, setting.otherwise) {
        (_, Otherwise::Unset(example)) => example.replace(", ", ","),
        (Kind::Issuer, _) => "http://127.0.0.1:1".into(),
        (Kind::Choice(words), Otherwise::Value(value)) => (*words.iter().find(|word| **word != value).unwrap()).into(),
        (Kind::Address, _) => "127.0.0.1:1".into(),
        (Kind::Count(_), _) => "77".into(),
        (Kind::Span(least, _), _) => least.to_string(),
        (Kind::Database, _) => "sqlite:other.db".into(),
        (Kind::Filter, _) => "warn".into(),
        (Kind::Switch, Otherwise::Value(value)) => (value != "true").to_string(),
        _ => "other".into(),
    };
    let base = format!("{:?}", Config::read(None, []).unwrap());
    // Some stand beside another or not at all.
    let alone = |setting: &&Setting| {
        !["server.tls", "ldap"].contains(&setting.section()) && setting.key != "session.remember_idle"
    };
    for setting in SETTINGS.iter().filter(alone) {
        let config = Config::read(None, [(setting.variable(), changed(setting))]).unwrap();
        assert_ne!(format!("{config:?}"), base, "{}", setting.key);
    }
}

#[test]
fn files_are_loaded_or_said_to_be_missing() {
    let folder = std::env::temp_dir().join(format!("doorward-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("own.toml");
    let loaded = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        Config::load(Some(&file), [])
    };
    assert_eq!(loaded(b"session.idle = '2h'").unwrap().session.idle, Duration::hours(2));
    let shown = file.display();
    assert_eq!(loaded(b"issuer = '\xff'").unwrap_err().to_string(), format!("{shown}: is not UTF-8 text"));
    std::fs::remove_file(&file).unwrap();
    let missing = Config::load(Some(&file), []).unwrap_err();
    assert_eq!(missing.to_string(), format!("{shown}: there is no such file"));
    assert!(Config::load(Some(&folder), []).unwrap_err().to_string().starts_with(&format!("{}: ", folder.display())));
    std::fs::remove_dir(&folder).unwrap();
    assert!(Config::load(None, []).is_ok());
}
