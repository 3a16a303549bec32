//! What is known of a provider that people sign in through: where it is, who we are there, what is asked and what is taken
//! (OpenID Connect Core 1.0 section 3.1; RFC 6749 section 4.1; SAML Core section 3.4).

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
    /// SAML 2.0, in builds with the feature `saml`.
    Saml,
}

impl Kind {
    /// Whether this build speaks it.
    pub const fn is_spoken(self) -> bool {
        !matches!(self, Self::Saml) || cfg!(feature = "saml")
    }
}

/// What people are known by at a SAML provider (SAML Core section 8.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NameIdFormat {
    /// A word that is nobody else's, for us alone, for good.
    #[default]
    Persistent,
    /// An address. Whoever gets it after somebody else is that somebody here.
    EmailAddress,
    /// Whatever the provider means by it.
    Unspecified,
}

/// How a SAML provider is told of a sign-out (SAML Bindings sections 3.4 and 3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SloBinding {
    #[default]
    Redirect,
    Post,
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
    /// discovery document is below it. For `saml` the provider's entity identifier, which may be any URI.
    pub issuer: String,
    /// Who we are there. For `saml` our entity identifier; where it is empty, the address of our metadata.
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
    /// Whether a session ends when the provider said that its own does (`session_expiry`, `SessionNotOnOrAfter`).
    pub follow_session_end: bool,
    /// Only for `saml`, as all that follow: where people are sent to sign in, by HTTP-Redirect.
    pub sso_url: Option<String>,
    /// Where people are sent to sign out.
    pub slo_url: Option<String>,
    /// Where answers to its sign-outs go, if elsewhere.
    pub slo_response_url: Option<String>,
    pub slo_binding: SloBinding,
    /// Whose signatures are believed: PEM, or DER in base64. Several while the provider changes its key.
    pub certificates: Vec<String>,
    pub name_id_format: NameIdFormat,
    /// Whether the assertion itself must be signed, and not only the response around it.
    pub signed_assertions: bool,
}

/// The most entries of a list or map, and the longest text in one, in bytes.
const MOST: usize = 100;
const LONGEST: usize = 200;

/// The most certificates of a provider, and the longest, in bytes of text.
const MOST_CERTIFICATES: usize = 10;
const LONGEST_CERTIFICATE: usize = 10_000;

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
        if self.kind == Kind::Saml {
            demand(is_entity(&self.issuer), "issuer", "must be the entity identifier, a URI of at most 1024 bytes");
            demand(self.client_id.is_empty() || is_entity(&self.client_id), "client_id", "must be a URI, or empty");
        } else {
            demand(
                is_issuer(&self.issuer),
                "issuer",
                "must be an https URL without query (http only on a loopback host)",
            );
            demand(short(&self.client_id), "client_id", "must be 1 to 200 bytes");
        }
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
        wrong.extend(self.check_saml());
        wrong
    }

    fn check_endpoints(&self) -> Vec<FieldError> {
        let endpoints = [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
            ("userinfo_endpoint", &self.userinfo_endpoint),
        ];
        let judge = |(member, url): (&str, &Option<String>)| match (self.kind, url.as_deref()) {
            (Kind::Oidc | Kind::Saml, None) => None,
            (Kind::Oidc, Some(_)) => Some(FieldError::new(member, "is found by discovery for this kind")),
            (Kind::Saml, Some(_)) => Some(FieldError::new(member, "needs the kind oauth2")),
            (Kind::OAuth2, Some(url)) if is_link(url) => None,
            (Kind::OAuth2, _) => Some(FieldError::new(member, "must be an https URL for this kind")),
        };
        let mut wrong: Vec<_> = endpoints.into_iter().filter_map(judge).collect();
        if self.kind != Kind::OAuth2 && self.claims.contains_key("sub") {
            wrong.push(FieldError::new(
                "claims",
                "cannot map sub for this kind: the ID token or NameID names the person",
            ));
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

    /// What only `saml` has, and what it has not.
    fn check_saml(&self) -> Vec<FieldError> {
        if self.kind != Kind::Saml {
            let only_there = [
                (self.sso_url.is_some(), "sso_url"),
                (self.slo_url.is_some(), "slo_url"),
                (self.slo_response_url.is_some(), "slo_response_url"),
                (self.slo_binding != SloBinding::Redirect, "slo_binding"),
                (!self.certificates.is_empty(), "certificates"),
                (self.name_id_format != NameIdFormat::Persistent, "name_id_format"),
                (self.signed_assertions, "signed_assertions"),
            ];
            let strange = only_there.into_iter().filter(|(is_there, _)| *is_there);
            return strange.map(|(_, member)| FieldError::new(member, "needs the kind saml")).collect();
        }
        if !self.kind.is_spoken() {
            return vec![FieldError::new("kind", "is not spoken here: this build lacks the feature saml")];
        }
        let link = |url: &Option<String>| url.as_deref().is_none_or(is_link);
        let certificates = (1..=MOST_CERTIFICATES).contains(&self.certificates.len())
            && self.certificates.iter().all(|own| own.len() <= LONGEST_CERTIFICATE);
        let rules = [
            (self.sso_url.as_deref().is_some_and(is_link), "sso_url", "must be an https URL for this kind"),
            (link(&self.slo_url), "slo_url", "must be an https URL"),
            (link(&self.slo_response_url), "slo_response_url", "must be an https URL"),
            (certificates, "certificates", "must be 1 to 10, each of at most 10000 bytes"),
            (self.scopes.is_empty(), "scopes", "has no meaning for this kind"),
            (self.token_endpoint_auth_method.is_none(), "token_endpoint_auth_method", "has no meaning for this kind"),
            (!self.signed_userinfo, "signed_userinfo", "needs the kind oidc"),
            (self.prompt.is_none_or(|prompt| prompt == Prompt::Login), "prompt", "can only be login for this kind"),
        ];
        let broken = rules.into_iter().filter(|(holds, ..)| !holds);
        broken.map(|(_, member, rule)| FieldError::new(member, rule)).collect()
    }
}

/// An entity identifier (SAML Core section 8.3.6).
fn is_entity(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && Url::parse(text).is_ok() && !text.chars().any(|c| c.is_control() || c == ' ')
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
