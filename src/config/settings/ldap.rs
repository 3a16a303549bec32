//! The settings of a directory.

use super::{Duration, Kind, Otherwise, SECOND, Setting};

const fn setting(key: &'static str, kind: Kind, otherwise: Otherwise, meaning: &'static str) -> Setting {
    Setting { key, kind, otherwise, meaning }
}

pub(super) const LDAP: [Setting; 19] = [
    setting(
        "ldap.url",
        Kind::Directory,
        Otherwise::Unset("ldaps://directory.example.com"),
        "The directory that keeps people's passwords: `ldaps:` speaks TLS from the first byte (port 636), `ldap:` begins it with StartTLS or says nothing (port 389), `ldap+plain:` is for a directory on this machine; needs a program with the feature `ldap` (`docs/ldap.md`).",
    ),
    setting(
        "ldap.name",
        Kind::Word,
        Otherwise::Value("directory"),
        "What the directory is called here, in small letters, digits and hyphens; with the stable id it is the key of a person, so whoever changes it makes everybody a new person.",
    ),
    setting(
        "ldap.ca_file",
        Kind::Path,
        Otherwise::Unset("tls/directory-ca.pem"),
        "A PEM file of the certificate authorities that the directory's certificate must come from; unset, those that this machine trusts.",
    ),
    setting(
        "ldap.bind_dn",
        Kind::Text,
        Otherwise::Unset("cn=doorward,ou=services,dc=example,dc=com"),
        "Who we are in the directory while we look for people; needs `ldap.bind_password`, and without both we look as nobody.",
    ),
    setting(
        "ldap.bind_password",
        Kind::Password,
        Otherwise::Unset("a long random text"),
        "Our password there, best set in the environment; needs `ldap.bind_dn`.",
    ),
    setting(
        "ldap.base",
        Kind::Text,
        Otherwise::Unset("ou=people,dc=example,dc=com"),
        "The entry below which people are; exactly one of it and `ldap.user_dn` is needed.",
    ),
    setting(
        "ldap.filter",
        Kind::Text,
        Otherwise::Value("(uid={username})"),
        "Which entry below `ldap.base` is somebody's; `{username}` is what they typed, escaped, and exactly one entry must fit.",
    ),
    setting(
        "ldap.user_dn",
        Kind::Text,
        Otherwise::Unset("uid={username},ou=people,dc=example,dc=com"),
        "The DN of a person, where it can be made of what they typed without looking for it; they must be able to read their own entry.",
    ),
    setting(
        "ldap.id",
        Kind::Text,
        Otherwise::Value("entryUUID"),
        "The attribute that never changes and never goes to another person: `entryUUID`, with Active Directory `objectGUID`.",
    ),
    setting(
        "ldap.claims",
        Kind::Texts,
        Otherwise::Unset("username=uid, email=mail, name=cn, given_name=givenName, family_name=sn"),
        "What is taken over at each sign-in, each as `claim=attribute`: standard claims, and `username` for a new person; the example when left unset.",
    ),
    setting(
        "ldap.group_attribute",
        Kind::Text,
        Otherwise::Unset("memberOf"),
        "The attribute of a person that names their groups.",
    ),
    setting(
        "ldap.group_base",
        Kind::Text,
        Otherwise::Unset("ou=groups,dc=example,dc=com"),
        "The entry below which groups are, where they name their members.",
    ),
    setting(
        "ldap.group_filter",
        Kind::Text,
        Otherwise::Value("(member={dn})"),
        "Which entries below `ldap.group_base` are somebody's groups; `{dn}` is their DN and `{username}` what the attribute that `ldap.claims` takes `username` from calls them, or without one what they typed, both escaped.",
    ),
    setting(
        "ldap.roles",
        Kind::Texts,
        Otherwise::Unset("admin=cn=admins,ou=groups,dc=example,dc=com, reader=staff"),
        "Roles that groups give, each as `role=group` with the group's DN or the name that its DN begins with; groups decide about these roles at each sign-in and about no others, and the environment, where a comma divides, takes names alone.",
    ),
    setting(
        "ldap.trust_email",
        Kind::Switch,
        Otherwise::Value("false"),
        "Whether the directory's addresses of mail count as confirmed, because nobody can write any address into their own entry.",
    ),
    setting(
        "ldap.password_url",
        Kind::Link,
        Otherwise::Unset("https://password.example.com"),
        "The https address where people change the password that the directory keeps; our own pages lead there.",
    ),
    setting(
        "ldap.timeout",
        Kind::Span(SECOND, Duration::seconds(60)),
        Otherwise::Value("5s"),
        "How long each half of a sign-in may wait for the directory.",
    ),
    setting(
        "ldap.refuse_after",
        Kind::Span(SECOND, Duration::seconds(60)),
        Otherwise::Value("1s"),
        "When a sign-in that the directory refuses is answered, after it was asked: longer than it takes to refuse somebody, so that the time tells nobody who is there.",
    ),
    setting(
        "ldap.connections",
        Kind::Count(1_024),
        Otherwise::Value("8"),
        "How many sign-ins speak with the directory at once; 0 is one, and those who wait longer than `ldap.timeout` are sent away for a moment.",
    ),
];
