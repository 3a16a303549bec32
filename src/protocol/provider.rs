//! What is known of a provider that people sign in through: where it is, who we are there, what is asked and what is taken
//! (OpenID Connect Core 1.0 section 3.1; RFC 6749 section 4.1).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::acr::LEVELS;
use super::admin::FieldError;
use super::claims::STANDARD;
use super::registration::is_link;

/// How a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// OpenID Connect, by discovery.
    #[default]
    Oidc,
    /// OAuth 2.0 with an endpoint that tells who somebody is.
    OAuth2,
}

/// How we prove who we are at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretBy {
    ClientSecretBasic,
    ClientSecretPost,
}

/// What the provider is asked to do with the person (OpenID Connect Core 1.0 section 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    Login,
    Consent,
    SelectAccount,
}

impl Prompt {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}

/// Everything about a provider but its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one switch that an admin has")]
pub struct Settings {
    pub kind: Kind,
    /// What people read on the button; the id where there is none.
    pub name: Option<String>,
    /// One that is off lets nobody in, and the sessions that came from it have ended.
    pub enabled: bool,
    /// Whose people these are: with the subject it names a person. https, or http on a loopback host. For `oidc` the
    /// discovery document is below it.
    pub issuer: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    /// Member of a person here, and the claim there, with points between the names of nested ones. `sub`, `username` and
    /// `roles` may be mapped too.
    pub claims: BTreeMap<String, String>,
    /// Value of the claim behind `roles`, and the roles that it gives. Without this map each value is a role.
    pub role_map: BTreeMap<String, Vec<String>>,
    /// Only for `oauth2`, which has no discovery.
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub userinfo_endpoint: Option<String>,
    pub token_endpoint_auth_method: Option<SecretBy>,
    /// Domains of e-mail addresses whose people are sent here.
    pub domains: Vec<String>,
    /// Asked for at every sign-in, beside what the client asks for.
    pub prompt: Option<Prompt>,
    /// Seconds since the sign-in there, at most.
    pub max_age: Option<u32>,
    /// Levels there, of which one must be reached.
    pub acr_values: Vec<String>,
    /// A level there, and the level here that it is worth. What is not named is worth the lowest.
    pub levels: BTreeMap<String, String>,
    /// Whether somebody who was never here becomes a person.
    pub create_users: bool,
    /// Whether `email_verified` is believed.
    pub trust_email: bool,
    /// Whether only signed answers of the userinfo endpoint are taken.
    pub signed_userinfo: bool,
    /// Whether signing out here signs out there.
    pub logout: bool,
    /// Whether a session ends when the provider said that its own does (`session_expiry`).
    pub follow_session_end: bool,
}

/// The most entries of a list or map, and the longest text in one, in bytes.
const MOST: usize = 100;
const LONGEST: usize = 200;

/// What a claim may be mapped to besides the standard claims.
const OURS: [&str; 3] = ["sub", "username", "roles"];

/// Whether a text can be the id of a provider: it stands in addresses.
pub fn is_provider_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-')
}

/// The domain of an e-mail address, in lower case; none where there is not exactly one `@`.
pub fn domain_of(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let fits = !local.is_empty() && !domain.is_empty() && !domain.contains('@') && is_domain(&domain.to_lowercase());
    fits.then(|| domain.to_lowercase())
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label) && text.to_lowercase() == text
}

impl Settings {
    /// The name on the button.
    pub fn display_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(id)
    }

    /// Whether somebody with this address, or from this domain, belongs here.
    pub fn serves(&self, domain: &str) -> bool {
        self.enabled && self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
    }

    /// Everything that is wrong, each by its member.
    pub fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut demand = |holds: bool, member: &str, rule: &str| {
            if !holds {
                wrong.push(FieldError::new(member, rule));
            }
        };
        let short = |text: &str| (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control);
        let word = |text: &String| short(text) && !text.contains(' ');
        demand(self.name.as_deref().is_none_or(short), "name", "must be 1 to 200 bytes without control characters");
        demand(is_issuer(&self.issuer), "issuer", "must be an https URL without query (http only on a loopback host)");
        demand(short(&self.client_id), "client_id", "must be 1 to 200 bytes");
        demand(self.scopes.len() <= MOST && self.scopes.iter().all(word), "scopes", "must be at most 100 words");
        let known = |name: &String| OURS.contains(&name.as_str()) || STANDARD.iter().any(|(claim, _, _)| claim == name);
        demand(self.claims.keys().all(known), "claims", "may map sub, username, roles and the standard claims alone");
        demand(self.claims.values().all(|claim| short(claim)), "claims", "must name claims of 1 to 200 bytes");
        let roles = self.role_map.values().all(|roles| roles.len() <= MOST && roles.iter().all(word));
        let groups = self.role_map.len() <= MOST && self.role_map.keys().all(|group| short(group));
        demand(roles && groups, "role_map", "must map at most 100 values to words");
        demand(self.domains.iter().all(|own| is_domain(own)), "domains", "must be domain names in lower case");
        demand(self.domains.len() <= MOST, "domains", "must be at most 100");
        demand(
            self.acr_values.len() <= MOST && self.acr_values.iter().all(word),
            "acr_values",
            "must be at most 100 words",
        );
        let ours = |level: &String| LEVELS.contains(&level.as_str());
        demand(self.levels.len() <= MOST && self.levels.values().all(ours), "levels", "must map to levels known here");
        wrong.extend(self.check_endpoints());
        wrong
    }

    fn check_endpoints(&self) -> Vec<FieldError> {
        let endpoints = [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
            ("userinfo_endpoint", &self.userinfo_endpoint),
        ];
        let judge = |(member, url): (&str, &Option<String>)| match (self.kind, url.as_deref()) {
            (Kind::Oidc, None) => None,
            (Kind::Oidc, Some(_)) => Some(FieldError::new(member, "is found by discovery for this kind")),
            (Kind::OAuth2, Some(url)) if is_link(url) => None,
            (Kind::OAuth2, _) => Some(FieldError::new(member, "must be an https URL for this kind")),
        };
        let mut wrong: Vec<_> = endpoints.into_iter().filter_map(judge).collect();
        if self.kind == Kind::Oidc && self.claims.contains_key("sub") {
            wrong.push(FieldError::new("claims", "cannot map sub for this kind: the ID token names the person"));
        }
        if self.kind == Kind::OAuth2 {
            if !self.claims.contains_key("sub") {
                wrong.push(FieldError::new("claims", "must say which member names a person there: sub"));
            }
            // Nobody could say whether it was kept.
            for (asked, member) in [
                (self.max_age.is_some(), "max_age"),
                (!self.acr_values.is_empty(), "acr_values"),
                (self.signed_userinfo, "signed_userinfo"),
            ] {
                if asked {
                    wrong.push(FieldError::new(member, "needs the kind oidc"));
                }
            }
        }
        wrong
    }
}

/// An issuer identifier (OpenID Connect Core 1.0 section 2): no query, no fragment.
fn is_issuer(text: &str) -> bool {
    is_link(text) && Url::parse(text).is_ok_and(|url| url.query().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn settings() -> Settings {
        Settings { issuer: "https://id.example".into(), client_id: "doorward".into(), ..Settings::default() }
    }

    fn plain() -> Settings {
        let link = |path: &str| Some(format!("https://git.example/{path}"));
        Settings {
            kind: Kind::OAuth2,
            authorization_endpoint: link("authorize"),
            token_endpoint: link("token"),
            userinfo_endpoint: link("user"),
            claims: [("sub".to_owned(), "id".to_owned())].into(),
            ..settings()
        }
    }

    fn members(settings: &Settings) -> Vec<String> {
        settings.check().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn names_every_member_that_does_not_fit() {
        assert!(members(&settings()).is_empty() && members(&plain()).is_empty());
        let link = || Some("https://id.example/x".to_owned());
        let map = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        for (settings, wrong) in [
            (Settings { issuer: "http://id.example".into(), ..settings() }, "issuer"),
            (Settings { issuer: "https://id.example/?a".into(), ..settings() }, "issuer"),
            (Settings { issuer: "https://id.example/#a".into(), ..settings() }, "issuer"),
            (Settings { issuer: String::new(), ..settings() }, "issuer"),
            (Settings { client_id: String::new(), ..settings() }, "client_id"),
            (Settings { name: Some("a\nb".into()), ..settings() }, "name"),
            (Settings { scopes: vec!["a b".into()], ..settings() }, "scopes"),
            (Settings { claims: map("password"), ..settings() }, "claims"),
            (Settings { levels: map("theirs"), ..settings() }, "levels"),
            (Settings { domains: vec!["a@b".into()], ..settings() }, "domains"),
            (Settings { userinfo_endpoint: link(), ..settings() }, "userinfo_endpoint"),
            (Settings { token_endpoint: None, ..plain() }, "token_endpoint"),
            (Settings { claims: BTreeMap::new(), ..plain() }, "claims"),
            (Settings { max_age: Some(1), ..plain() }, "max_age"),
        ] {
            assert_eq!(members(&settings), [wrong], "{settings:?}");
        }
    }

    #[test]
    fn an_address_has_one_domain_or_none() {
        for (address, domain) in [
            ("ann@Corp.Example", Some("corp.example")),
            ("a@evil.example@corp.example", None),
            ("@corp.example", None),
            ("ann@", None),
            ("ann", None),
            ("ann@corp example", None),
            ("ann@corp..example", None),
        ] {
            assert_eq!(domain_of(address).as_deref(), domain, "{address}");
        }
    }

    #[test]
    fn an_id_stands_in_addresses() {
        for id in ["corp", "corp-2", "0"] {
            assert!(is_provider_id(id), "{id}");
        }
        for id in ["", "-a", "A", "a/b", "a.b", "ä", &"x".repeat(41)] {
            assert!(!is_provider_id(id), "{id}");
        }
    }
}
