//! People of a directory: by which names they may be asked for there, and what is made here of what it says of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::identity::Realm;
use super::login::Counted;
use super::user::check_username;
use crate::base::secret::Digest;
use crate::protocol::ldap::{Directory, Person, dn_key, first_value};
use crate::protocol::provider::{Kind, Settings};

/// Where the roles that groups give stand among the attributes; no attribute is called so.
const ROLES: &str = "roles of groups";
const VERIFIED: &str = "email_verified";

/// The name to ask a directory for; `None` for one that nobody can have. A directory reads many spellings as one name, and
/// each has failures of its own to count here: what it might leave out of sight is no part of a name.
pub fn asked_as(typed: &str) -> Option<String> {
    let name: String = typed.nfkc().collect();
    let plain = !name.contains("  ") && !name.chars().any(is_unseen);
    (plain && check_username(&name).is_ok()).then_some(name)
}

/// What a directory maps to nothing when it compares (RFC 4518 section 2.2), and other white space than a space.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{1160}' | '\u{115f}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || letter.is_whitespace() && letter != ' '
}

/// The key under which failures on an entry are counted, whatever it was called.
pub fn entry_key(realm: &Realm, id: &str) -> Digest {
    // No name of an account holds a line end.
    Counted::account(&format!("entry\n{realm}\n{id}"))
}

/// The directory as a provider of people.
pub fn settings(directory: &Directory) -> Settings {
    let mut claims: BTreeMap<String, String> = directory.claims.iter().cloned().collect();
    if directory.trust_email && claims.contains_key("email") {
        claims.insert(VERIFIED.into(), VERIFIED.into());
    }
    let mut role_map = BTreeMap::new();
    if !directory.roles.is_empty() {
        claims.insert("roles".into(), ROLES.into());
        role_map = directory.roles.iter().map(|(role, _)| (role.clone(), vec![role.clone()])).collect();
    }
    Settings {
        kind: Kind::OAuth2,
        name: Some(directory.name.clone()),
        enabled: true,
        issuer: Realm::of_directory(directory).to_string(),
        claims,
        role_map,
        create_users: true,
        trust_email: directory.trust_email,
        ..Settings::default()
    }
}

/// What an entry says, in the words of [`settings`]: the first value of each attribute, and the roles of its groups.
pub fn told(directory: &Directory, person: &Person) -> Map<String, Value> {
    let texts = person.attributes.iter().filter_map(|(name, values)| {
        let value = values.iter().find(|value| !value.trim().is_empty())?;
        Some((name.clone(), Value::from(value.as_str())))
    });
    let mut all: Map<String, Value> = texts.collect();
    all.insert(VERIFIED.into(), directory.trust_email.into());
    all.insert(ROLES.into(), roles(directory, person).into_iter().collect());
    all
}

fn roles(directory: &Directory, person: &Person) -> BTreeSet<String> {
    let (dns, names): (BTreeSet<_>, BTreeSet<_>) =
        person.groups.iter().map(|group| (dn_key(group), first_value(group))).unzip();
    let has = |group: &str| {
        if group.contains('=') { dns.contains(&dn_key(group)) } else { names.contains(&group.to_lowercase()) }
    };
    directory.roles.iter().filter(|(_, group)| has(group)).map(|(role, _)| role.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::duration::Duration;
    use crate::domain::upstream::{profile, roles_after};
    use crate::protocol::ldap::{Address, Groups, Lookup, Privacy};

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned())).collect()
    }

    fn directory() -> Directory {
        Directory {
            name: "corp".into(),
            address: Address { host: "localhost".into(), port: 389, privacy: Privacy::None },
            bind: None,
            lookup: Lookup::Dn("uid={username},dc=x".into()),
            id: "entryUUID".into(),
            claims: pairs(&[("username", "uid"), ("email", "mail"), ("name", "cn")]),
            groups: Groups::default(),
            roles: pairs(&[("admin", "cn=Admins,ou=groups,dc=x"), ("employee", "staff")]),
            trust_email: false,
            password_url: None,
            timeout: Duration::seconds(5),
            refuse_after: std::time::Duration::ZERO,
            connections: 8,
        }
    }

    fn person(groups: &[&str]) -> Person {
        let attributes = [("uid", "ann"), ("mail", "ann@x.example"), ("cn", "Ann"), ("email_verified", "TRUE")];
        Person {
            id: "1".into(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), vec![" ".into(), value.into()])).into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    #[test]
    fn a_name_that_a_directory_might_read_as_another_is_none() {
        for name in ["", " ann", "ann ", "a  b", "a\u{ad}nn", "ann\u{200b}", "a\u{2028}b", "ann\u{fe0f}", "a\nb", "a\0"]
        {
            assert_eq!(asked_as(name), None, "{name:?}");
        }
        for (typed, asked) in
            [("Ann", "Ann"), ("ａｎｎ", "ann"), ("a b", "a b"), ("*)(uid=*", "*)(uid=*"), ("jürgen", "jürgen")]
        {
            assert_eq!(asked_as(typed).as_deref(), Some(asked), "{typed:?}");
        }
    }

    #[test]
    fn what_an_entry_says_is_taken_as_a_provider_says_it() {
        let directory = directory();
        let settings = settings(&directory);
        let found = profile(&settings, &told(&directory, &person(&["CN=admins, OU=groups,DC=x", "cn=Staff,dc=y"])));
        assert_eq!(Value::Object(found.claims), json!({"email": "ann@x.example", "name": "Ann"}));
        assert_eq!((found.usernames[0].as_str(), found.label.as_deref()), ("ann", Some("ann@x.example")));
        assert_eq!(found.roles, Some(vec!["admin".to_owned(), "employee".into()]));
    }

    #[test]
    fn an_address_is_confirmed_where_the_directory_is_believed() {
        let directory = Directory { trust_email: true, ..directory() };
        let mut person = person(&[]);
        let claims = |person: &Person| profile(&settings(&directory), &told(&directory, person)).claims;
        assert_eq!(claims(&person)["email_verified"], true);
        person.attributes.remove("mail");
        assert!(!claims(&person).contains_key("email_verified"));
    }

    #[test]
    fn groups_decide_about_the_roles_of_the_map_alone() {
        let directory = directory();
        let given = |groups: &[&str]| {
            profile(&settings(&directory), &told(&directory, &person(groups))).roles.unwrap_or_default()
        };
        assert_eq!(given(&["cn=admins,ou=others,dc=x", "cn=staffing"]), Vec::<String>::new());
        let before = ["admin".to_owned(), "auditor".into()];
        assert_eq!(roles_after(&settings(&directory), &before, &given(&["staff"])), ["auditor", "employee"]);
        let unmapped = Directory { roles: Vec::new(), ..directory.clone() };
        assert_eq!(profile(&settings(&unmapped), &told(&unmapped, &person(&["admin"]))).roles, None);
    }
}
