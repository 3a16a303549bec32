//! People.

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::mail::{address_key, is_address};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::protocol::acr;
use crate::protocol::claims::STANDARD;

/// What a person signs in with.
#[derive(Clone, Debug)]
pub struct Password {
    pub id: CredentialId,
    /// A PHC string.
    pub hash: String,
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    /// As it was written; [`username_key`] is what must be unique.
    pub username: String,
    /// `None` for a person who cannot sign in by password.
    pub password: Option<Password>,
    /// After too many failures the password is out of use until a new one is set.
    pub password_disabled: bool,
    /// The password opens nothing but the page on which another one is chosen.
    pub must_change_password: bool,
    pub disabled: bool,
    pub roles: Vec<String>,
    /// The level of authentication that every sign-in of theirs must reach, beside what roles and clients need.
    pub required_acr: Option<String>,
    /// Standard claims about the person (OpenID Connect Core 1.0 section 5.1).
    pub claims: Map<String, Value>,
    /// Grows with every change; the `ETag` of the admin API.
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What is wrong with a member of a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member} {problem}")]
pub struct InvalidUser {
    pub member: String,
    pub problem: String,
}

fn invalid(member: &str, problem: &str) -> InvalidUser {
    InvalidUser { member: member.to_owned(), problem: problem.to_owned() }
}

/// The form in which user names are compared: compatibility-normalised and in lower case.
pub fn username_key(username: &str) -> String {
    username.nfkc().collect::<String>().to_lowercase()
}

/// Checks a user name: 1 to 200 characters, none of them a control character or white space at an edge.
pub fn check_username(username: &str) -> Result<(), InvalidUser> {
    let length = username.chars().count();
    let clean = !username.chars().any(char::is_control) && username.trim() == username;
    if (1..=200).contains(&length) && clean {
        return Ok(());
    }
    Err(invalid("username", "must be 1 to 200 characters without control characters or spaces at the edges"))
}

/// Checks roles: at most 100 of 1 to 100 visible characters.
pub fn check_roles(roles: &[String]) -> Result<(), InvalidUser> {
    let fits = |role: &String| (1..=100).contains(&role.len()) && !role.chars().any(|c| c.is_control() || c == ' ');
    if roles.len() <= 100 && roles.iter().all(fits) {
        return Ok(());
    }
    Err(invalid("roles", "must be at most 100 words of 1 to 100 bytes"))
}

/// Checks a level: one that can be reached here.
pub fn check_level(level: Option<&str>) -> Result<(), InvalidUser> {
    if level.is_none_or(|level| acr::known(level).is_some()) {
        return Ok(());
    }
    Err(invalid("required_acr", &format!("must be one of {}", acr::LEVELS.join(", "))))
}

/// Checks that every claim is a standard one of the right shape; nothing else can be set, `sub` least of all.
pub fn check_claims(claims: &Map<String, Value>) -> Result<(), InvalidUser> {
    for (name, value) in claims {
        let Some((_, _, shape)) = STANDARD.iter().find(|(known, _, _)| known == name) else {
            return Err(invalid(name, "is not a member of a user"));
        };
        if !shape.takes(value) {
            return Err(invalid(name, "has the wrong type or is longer than 1000 bytes"));
        }
    }
    Ok(())
}

impl User {
    /// The claims about the person, with those we know ourselves.
    pub fn all_claims(&self) -> Map<String, Value> {
        let mut claims = self.claims.clone();
        claims.entry("preferred_username").or_insert_with(|| self.username.clone().into());
        claims.insert("updated_at".into(), self.updated_at.timestamp().into());
        claims
    }

    /// Where mail for the person goes; `None` without an address that can be one.
    pub fn email(&self) -> Option<&str> {
        self.claims.get("email").and_then(Value::as_str).filter(|address| is_address(address))
    }

    /// The address to which a secret may be mailed that opens the account: the person can use it, and nobody said that it is
    /// not confirmed. One that an admin entered counts unless they say so; of one that a provider brought it is always said.
    pub fn recovery_address(&self) -> Option<&str> {
        let denied = self.disabled || self.claims.get("email_verified") == Some(&Value::Bool(false));
        self.email().filter(|_| !denied)
    }

    /// Whether a link to this address may set a new password.
    pub fn may_recover(&self, address: &str) -> bool {
        self.recovery_address().is_some_and(|own| address_key(own) == address_key(address))
    }

    /// What people read.
    pub fn display_name(&self) -> &str {
        self.claims.get("name").and_then(Value::as_str).unwrap_or(&self.username)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_that_look_alike_are_one() {
        assert_eq!(username_key("Ａlice"), username_key("alice"));
        assert_eq!(username_key("ALICE"), username_key("alice"));
        assert_ne!(username_key("alice"), username_key("alicе"), "a Cyrillic letter is another one");
    }

    #[test]
    fn refuses_what_no_name_is() {
        for name in ["", " a", "a ", "a\nb", "a\0", &"x".repeat(201)] {
            assert!(check_username(name).is_err(), "{name:?}");
        }
        assert!(check_username("jürgen müller@example.com").is_ok());
    }

    #[test]
    fn only_standard_claims_can_be_set() {
        let check = |value: Value| check_claims(value.as_object().unwrap()).map_err(|invalid| invalid.member);
        assert_eq!(check(json!({"email": "a@b.c", "email_verified": true})), Ok(()));
        for name in ["sub", "iss", "aud", "exp", "roles", "admin", "updated_at"] {
            assert_eq!(check(json!({name: "x"})), Err(name.to_owned()));
        }
        assert_eq!(check(json!({"email_verified": "yes"})), Err("email_verified".to_owned()));
    }
}
