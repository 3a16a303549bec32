//! The directory of an operator.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::mail::plain_host;
use super::reading::Reading;
use super::settings::{Otherwise, SETTINGS};
use super::value;
use crate::base::secret::Typed;
use crate::domain::user::check_roles;
use crate::protocol::claims::STANDARD;
use crate::protocol::ldap::{Address, Directory, Groups, Lookup, Privacy, Search};
use crate::protocol::provider::is_provider_id;
use crate::protocol::registration::is_link;

/// A directory, and whom its certificate must come from.
#[derive(Clone, Debug)]
pub struct Ldap {
    pub directory: Directory,
    /// `None` for the authorities that this machine trusts.
    pub ca_file: Option<PathBuf>,
}

const URL: &str = "ldap.url";

/// Reads the section; nothing without an address.
pub(super) fn ldap(reading: &mut Reading) -> Option<Ldap> {
    let address = reading.optional(URL, address);
    let name = reading.one("ldap.name", name);
    let bind = bind(reading);
    let lookup = lookup(reading);
    let groups = groups(reading);
    let claims = reading.many("ldap.claims", claim);
    let directory = Directory {
        address: address?,
        name,
        bind,
        lookup: lookup?,
        id: reading.one("ldap.id", attribute),
        claims: if reading.is_set("ldap.claims") { claims } else { usual_claims() },
        groups,
        roles: reading.many("ldap.roles", role),
        trust_email: reading.switch("ldap.trust_email"),
        password_url: reading.optional("ldap.password_url", link),
        timeout: reading.span("ldap.timeout"),
        refuse_after: Duration::from_secs(reading.span("ldap.refuse_after").as_seconds().unsigned_abs()),
        connections: usize::try_from(reading.count("ldap.connections")).unwrap_or(1).max(1),
    };
    Some(Ldap { directory, ca_file: reading.optional("ldap.ca_file", value::path) })
}

/// Notes what the section lacks, and that nobody here can use it.
pub(super) fn check(reading: &mut Reading) {
    if !reading.is_set(URL) {
        let optional = SETTINGS.iter().filter(|own| matches!(own.otherwise, Otherwise::Unset(_)));
        let alone = optional.map(|own| own.key).find(|key| key.starts_with("ldap.") && reading.is_set(key));
        if let Some(key) = alone {
            reading.contradict(&[key], format!("{key} needs {URL} beside it"));
        }
        return;
    }
    if !cfg!(feature = "ldap") {
        reading.contradict(&[URL], format!("{URL}: this program was built without the feature ldap"));
    }
    if reading.is_set("ldap.base") == reading.is_set("ldap.user_dn") {
        reading.contradict(&[URL], format!("{URL} needs one of ldap.base and ldap.user_dn beside it, and not both"));
    }
    for [one, other] in [["ldap.bind_dn", "ldap.bind_password"], ["ldap.bind_password", "ldap.bind_dn"]] {
        if reading.is_set(one) && !reading.is_set(other) {
            reading.contradict(&[one], format!("{one} needs {other} beside it"));
        }
    }
    let groups = ["ldap.group_attribute", "ldap.group_base"];
    if reading.is_set("ldap.roles") && !groups.iter().any(|key| reading.is_set(key)) {
        reading
            .contradict(&["ldap.roles"], "ldap.roles needs ldap.group_attribute or ldap.group_base beside it".into());
    }
}

fn bind(reading: &mut Reading) -> Option<(String, Typed)> {
    let dn = reading.optional("ldap.bind_dn", text);
    let password = reading.optional("ldap.bind_password", |text| Ok(Typed::new(text.to_owned())));
    dn.zip(password)
}

fn lookup(reading: &mut Reading) -> Option<Lookup> {
    let filter = reading.one("ldap.filter", |text| template(text, &["{username}"]));
    let base = reading.optional("ldap.base", text);
    let dn = reading.optional("ldap.user_dn", |text| template(text, &["{username}"]));
    base.map(|base| Lookup::Search(Search { base, filter })).or_else(|| dn.map(Lookup::Dn))
}

fn groups(reading: &mut Reading) -> Groups {
    let attribute = reading.optional("ldap.group_attribute", attribute);
    let filter = reading.one("ldap.group_filter", |text| template(text, &["{dn}", "{username}"]));
    let base = reading.optional("ldap.group_base", text);
    Groups { attribute, search: base.map(|base| Search { base, filter }) }
}

/// `ldaps:`, `ldap:` or `ldap+plain:`, a host and a port.
fn address(text: &str) -> Result<Address, String> {
    const FORM: &str = "is not like ldaps://directory.example.com, ldap:// or ldap+plain://localhost";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let (privacy, port) = match url.scheme() {
        "ldaps" => (Privacy::Tls, 636),
        "ldap" => (Privacy::StartTls, 389),
        "ldap+plain" => (Privacy::None, 389),
        _ => return Err(FORM.into()),
    };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?.to_ascii_lowercase();
    let more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
    if more || !url.username().is_empty() || url.password().is_some() {
        return Err("has a user, path, query or fragment".into());
    }
    if privacy == Privacy::None && !plain_host(&host) {
        return Err("would send passwords in plain to another machine: write ldaps: or ldap:".into());
    }
    Ok(Address { host, port: url.port().unwrap_or(port), privacy })
}

fn name(text: &str) -> Result<String, String> {
    if is_provider_id(text) { Ok(text.into()) } else { Err("is not 1 to 40 small letters, digits and hyphens".into()) }
}

fn text(text: &str) -> Result<String, String> {
    let fits = (1..=1_000).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("is not a text of 1 to 1000 bytes without control characters".into()) }
}

fn template(words: &str, holds: &[&str]) -> Result<String, String> {
    if !holds.iter().any(|name| words.contains(name)) {
        return Err(format!("has no {} in it", holds.join(" or ")));
    }
    text(words)
}

/// A name of RFC 4512 section 1.4, with options.
fn attribute(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.;".contains(&byte);
    let good = (1..=100).contains(&text.len()) && text.bytes().all(fits);
    if good { Ok(text.to_owned()) } else { Err("is not the name of an attribute".into()) }
}

fn claim(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("is not like email=mail")?;
    let (claim, theirs) = (pair.0.trim(), attribute(pair.1.trim())?);
    if claim != "username" && !STANDARD.iter().any(|(known, _, _)| *known == claim) {
        return Err("names no standard claim".into());
    }
    Ok((claim.to_owned(), theirs))
}

fn role(words: &str) -> Result<(String, String), String> {
    let (role, group) = words.split_once('=').ok_or("is not like admin=admins")?;
    let (role, group) = (role.trim().to_owned(), text(group.trim())?);
    check_roles(std::slice::from_ref(&role))
        .map_err(|_| "does not begin with a role of 1 to 100 bytes without spaces")?;
    Ok((role, group))
}

fn link(text: &str) -> Result<String, String> {
    if is_link(text) { Ok(text.to_owned()) } else { Err("is not an https URL".into()) }
}

fn usual_claims() -> Vec<(String, String)> {
    let usual =
        [("username", "uid"), ("email", "mail"), ("name", "cn"), ("given_name", "givenName"), ("family_name", "sn")];
    usual.map(|(claim, attribute)| (claim.to_owned(), attribute.to_owned())).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_says_how_private_the_way_is() {
        for (text, port, privacy) in [
            ("ldaps://dir.example", 636, Privacy::Tls),
            ("ldap://Dir.example", 389, Privacy::StartTls),
            ("ldap://dir.example:1389/", 1_389, Privacy::StartTls),
            ("ldap+plain://localhost", 389, Privacy::None),
            ("ldap+plain://127.0.0.1:1389", 1_389, Privacy::None),
            ("ldap+plain://[::1]", 389, Privacy::None),
        ] {
            let address = address(text).unwrap();
            assert_eq!((address.port, address.privacy), (port, privacy), "{text}");
        }
        for text in [
            "ldap+plain://dir.example",
            "ldap+plain://10.0.0.1",
            "dir.example:389",
            "https://dir.example",
            "ldap://",
            "ldap://cn=me:secret@dir.example",
            "ldap://dir.example/dc=x?uid",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_are_ours_and_theirs() {
        assert_eq!(claim("email = mail"), Ok(("email".into(), "mail".into())));
        assert_eq!(role("admin=cn=admins,dc=x"), Ok(("admin".into(), "cn=admins,dc=x".into())));
        for wrong in ["mail", "sub=uid", "roles=memberOf", "email=ma il", "email="] {
            assert!(claim(wrong).is_err(), "{wrong}");
        }
        for wrong in ["admin", "=x", "a b=x", "admin="] {
            assert!(role(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn templates_have_a_place_for_the_name() {
        assert!(template("(uid={username})", &["{username}"]).is_ok());
        assert!(template("(uid=alice)", &["{username}"]).is_err() && template("", &["{dn}"]).is_err());
    }

    #[cfg(feature = "ldap")]
    #[test]
    fn the_section_says_what_it_lacks() {
        use crate::config::tests::{complaint, read};

        const URL: &str = "[ldap]\nurl = 'ldaps://dir.example'\n";
        for (text, complains) in [
            ("[ldap]\nbase = 'dc=x'\n", "doorward.toml:2: ldap.base needs ldap.url"),
            (URL, "doorward.toml:2: ldap.url needs one of ldap.base and ldap.user_dn"),
            (&format!("{URL}base = 'dc=x'\nuser_dn = 'uid={{username}},dc=x'\n"), "not both"),
            (&format!("{URL}base = 'dc=x'\nbind_dn = 'cn=x'\n"), "ldap.bind_dn needs ldap.bind_password"),
            (&format!("{URL}base = 'dc=x'\nroles = ['admin=x']\n"), "ldap.roles needs ldap.group_attribute"),
            (&format!("{URL}base = 'dc=x'\nfilter = '(uid=x)'\n"), "has no {username} in it"),
            (&format!("{URL}base = 'dc=x'\nbind_pasword = 'hunter2'\n"), "did you mean ldap.bind_password"),
        ] {
            let complaint = complaint(text, &[]);
            assert!(complaint.contains(complains) && !complaint.contains("hunter2"), "{text}: {complaint}");
        }
        let text = format!("{URL}base = 'dc=x'\nbind_dn = 'cn=x'\nconnections = 0\n");
        let config = read(&text, &[("DOORWARD__LDAP__BIND_PASSWORD", "hunter2")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "a password is never shown");
        let ldap = config.ldap.unwrap();
        assert_eq!((ldap.directory.connections, ldap.directory.claims.len()), (1, 5));
        assert_eq!(ldap.directory.name, "directory");
    }

    #[cfg(not(feature = "ldap"))]
    #[test]
    fn a_program_that_knows_no_directory_says_so() {
        let text = "[ldap]\nurl = 'ldaps://dir.example'\nbase = 'dc=x'\n";
        let complaint = crate::config::tests::complaint(text, &[]);
        assert_eq!(complaint, "doorward.toml:2: ldap.url: this program was built without the feature ldap");
    }
}
