//! The configuration reference as Markdown, written from the table of settings alone.

use std::fmt::Write;

use super::settings::{FREE, Kind, Otherwise, SETTINGS, Setting};

const HEAD: &str = "\
# Configuration

Doorward runs without any configuration. What is set comes from two places:

1. a TOML file, named by `--config` or by `DOORWARD_CONFIG`; without either, `doorward.toml` in the folder it runs in, where there is one;
2. the environment, which wins over the file: `session.idle` is `DOORWARD__SESSION__IDLE`, a list is separated by commas, and an empty text
   leaves an optional setting unset.

Everything is read once, at the start. A key that is not below, in the file or in the environment, stops the start, as does any value that
is wrong; each problem is one line with its file and line or its variable:

```
doorward.toml:12: session.idel is not a setting; did you mean session.idle?
environment DOORWARD__SESSION__IDLE: \"5x\" is not a duration: write a whole number and a unit, such as 90s, 15m, 24h or 30d, up to 36500d
```

A part of a key in angle brackets is yours to name: `session.roles.<role>.idle` is `[session.roles.admin] idle` in the file and
`DOORWARD__SESSION__ROLES__ADMIN__IDLE` in the environment, where the name is taken in lower case.

Durations are a whole number and a unit: `90s`, `15m`, `24h`, `30d`. Paths are relative to the folder Doorward runs in.
`doorward doctor` says what is unsafe or misconfigured for production.
";

const PROFILES: &str = "
## Profiles

| profile | what it switches |
|---|---|
| `standard` | Everything as described here. |
| `strict` | `token.retry_window` is `0s` and cannot be set to anything else; an old secret of a session's cookie has no 10 s either. |
| `certification` | For runs of conformance suites alone, as `doorward doctor` says: `registration.policy` is `open`, `registration.limit` is `0` and `session.frame` is `true` where they are left unset; a client that registers itself without `require_pkce` may do without PKCE, unless it is a public one, its assertions may name the token endpoint as audience (`legacy_aud`), it may register for the `implicit` grant, and its request objects may be unsigned. The suite's own address stands in `egress.allow` and its certificate in `egress.ca_file`. |

The development profile is not set: it is on whenever the host of `issuer` is loopback, and `doorward doctor` says so.
";

/// The whole document, `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for settings in sections() {
        write_section(&mut page, settings);
    }
    page.push_str(PROFILES);
    page.push_str(
        "\n## A file with everything\n\nEvery default, and an example in a comment where there is none.\n\n```toml\n",
    );
    page.push_str(&sample());
    page.push_str("```\n");
    page
}

/// A configuration file that sets every default to itself.
pub(super) fn sample() -> String {
    let mut text = String::new();
    for settings in sections() {
        if !settings[0].section().is_empty() {
            let _ = write!(text, "\n[{}]\n", settings[0].section().replace(FREE, "admin"));
        }
        for setting in settings {
            let (sign, value) = match setting.otherwise {
                Otherwise::Value(value) => ("", value),
                Otherwise::Unset(example) => ("# ", example),
            };
            let _ = writeln!(text, "{sign}{} = {}", setting.name(), literal(setting.kind, value));
        }
    }
    text
}

fn sections() -> impl Iterator<Item = &'static [Setting]> {
    SETTINGS.chunk_by(|one, next| one.section() == next.section())
}

fn write_section(page: &mut String, settings: &[Setting]) {
    let title = if settings[0].section().is_empty() { "Top level" } else { settings[0].section() };
    let _ = write!(page, "\n## {title}\n\n| key | kind | default | what it does |\n|---|---|---|---|\n");
    for setting in settings {
        let default = match setting.otherwise {
            Otherwise::Value(value) => format!("`{value}`"),
            Otherwise::Unset(_) => "unset".to_owned(),
        };
        let _ = writeln!(page, "| `{}` | {} | {default} | {} |", setting.key, setting.kind, setting.meaning);
    }
}

/// A value of the table as TOML writes it.
fn literal(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Count(_) | Kind::Switch => value.to_owned(),
        kind if kind.is_list() => {
            let items: Vec<_> = value.split(", ").map(|item| format!("\"{item}\"")).collect();
            format!("[{}]", items.join(", "))
        }
        _ => format!("\"{value}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, File};

    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");

    #[test]
    fn the_committed_reference_is_the_generated_one() {
        if std::env::var_os("DOORWARD_WRITE_DOCS").is_some() {
            std::fs::write(COMMITTED, reference()).unwrap();
        }
        let committed = std::fs::read_to_string(COMMITTED).unwrap();
        assert!(committed == reference(), "docs/configuration.md is stale: run this test with DOORWARD_WRITE_DOCS=1");
    }

    #[test]
    fn the_sample_sets_every_default_to_itself() {
        let read = |text: &str| Config::read(Some(File { name: "sample", text }), []).unwrap();
        assert_eq!(format!("{:?}", read(&sample())), format!("{:?}", read("")));
    }

    #[test]
    fn the_sample_is_right_with_every_example_in_force() {
        let whole = sample().replace("# ", "");
        let (main, ldap) = whole.split_once("[ldap]").unwrap();
        // People are found in one of two ways, by a program that can.
        let ldap = ldap.lines().filter(|line| !line.starts_with("user_dn")).collect::<Vec<_>>().join("\n");
        let text = if cfg!(feature = "ldap") { format!("{main}[ldap]{ldap}") } else { main.to_owned() };
        let config = Config::read(Some(File { name: "sample", text: &text }), []).unwrap();
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.egress.allow.len(), 2);
        assert!(config.server.tls.is_some() && config.metrics.bind.is_some() && config.pages.theme.is_some());
        assert!(config.egress.ca_file.is_some());
        for setting in SETTINGS {
            assert!(whole.contains(&format!("{} = ", setting.name())), "{}", setting.key);
        }
    }
}
