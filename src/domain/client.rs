//! Clients: what they are registered for and whether a presented secret is theirs.

use super::lifetime::{Narrowing, PolicyName};
use super::limit::SessionLimit;
use crate::base::clock::Time;
use crate::base::id::ClientSecretId;
use crate::base::secret::{Digest, Typed};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::registration::{AuthMethod, ClientMetadata};
use crate::protocol::scope::Scope;

#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub metadata: ClientMetadata,
    pub secrets: Vec<ClientSecret>,
    /// Grows with every change; the `ETag` of the admin API.
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A secret a client holds: 256 random bits, of which we keep the digest.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    pub id: ClientSecretId,
    pub digest: Digest,
    /// The secret itself, sealed: only where the client signs with it.
    pub sealed: Option<Vec<u8>>,
    pub created_at: Time,
    /// `None` while no newer one was made.
    pub expires_at: Option<Time>,
}

impl ClientSecret {
    pub fn is_good(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl Client {
    /// What people read.
    pub fn name(&self) -> &str {
        self.metadata.client_name.as_deref().unwrap_or(&self.id)
    }

    /// Whether the secret is one of the client's, still good, and what the client proves itself with.
    pub fn holds(&self, secret: &Typed, now: Time) -> bool {
        self.metadata.sends_secret() && self.knows(secret, now)
    }

    /// Whether the secret is one of the client's and still good.
    pub fn knows(&self, secret: &Typed, now: Time) -> bool {
        let digest = Digest::of(secret.expose());
        let fits = |own: &ClientSecret| own.digest.matches(&digest) && own.is_good(now);
        // Every secret is compared, so that the time tells nothing.
        self.metadata.has_secret() && self.secrets.iter().filter(|own| fits(own)).count() > 0
    }

    /// A client that has no secret says its name and nothing else.
    pub fn needs_no_proof(&self) -> bool {
        self.metadata.token_endpoint_auth_method == AuthMethod::None
    }

    /// The scope for a request: what it names, or everything the client is registered for.
    pub fn scope(&self, asked: Option<&Scope>) -> Result<Scope, Refusal> {
        let allowed = self.metadata.allowed_scope();
        match asked {
            None => Ok(allowed),
            Some(asked) if asked.is_within(&allowed) => Ok(asked.clone()),
            Some(_) => Err(Refusal::new(Code::InvalidScope, "scope exceeds what the client is registered for")),
        }
    }

    /// Refuses resources the client may not name (RFC 8707 section 2).
    pub fn resources(&self, asked: &[String]) -> Result<Vec<String>, Refusal> {
        if asked.iter().any(|uri| !self.metadata.allowed_resources.contains(uri)) {
            return Err(Refusal::new(Code::InvalidTarget, "resource is not one this client may name"));
        }
        Ok(asked.to_vec())
    }

    /// The audience of a token for these resources: them, else the client's first, else the issuer.
    pub fn audience(&self, resources: &[String], issuer: &str) -> Vec<String> {
        match (resources, self.metadata.allowed_resources.first()) {
            ([], Some(first)) => vec![first.clone()],
            ([], None) => vec![issuer.to_owned()],
            (asked, _) => asked.to_vec(),
        }
    }

    /// What this client shortens in the sessions it takes part in.
    pub fn narrowing(&self) -> Narrowing {
        Narrowing {
            by: PolicyName::client(&self.id),
            idle: self.metadata.session_idle,
            absolute: self.metadata.session_absolute,
        }
    }

    /// How many sessions of one person may hold something of this client.
    pub fn session_limit(&self) -> Option<SessionLimit> {
        let most = usize::try_from(self.metadata.session_limit?).ok()?;
        Some(SessionLimit { most, action: self.metadata.session_limit_action.unwrap_or_default() })
    }

    pub fn must_be_allowed(&self, grant_type: &str) -> Result<(), Refusal> {
        if self.metadata.may_use(grant_type) {
            return Ok(());
        }
        Err(Refusal::new(Code::UnauthorizedClient, "the client is not registered for this grant_type"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::session::tests::at;

    pub fn client(metadata: serde_json::Value) -> Client {
        Client {
            id: "app".into(),
            metadata: serde_json::from_value(metadata).unwrap(),
            secrets: Vec::new(),
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    #[test]
    fn an_old_secret_works_until_its_end() {
        let secret = |text, expires_at| ClientSecret {
            id: ClientSecretId::new(at(0), &SeededEntropy::new(1)),
            digest: Digest::of(text),
            sealed: None,
            created_at: at(0),
            expires_at,
        };
        let mut app = client(json!({}));
        app.secrets = vec![secret("old", Some(at(10))), secret("new", None)];
        let holds = |text: &str, seconds| app.holds(&Typed::new(text.into()), at(seconds));
        assert!(holds("old", 9) && holds("new", 9) && holds("new", 11));
        assert!(!holds("old", 10) && !holds("", 0) && !holds("other", 0));
        app.metadata.token_endpoint_auth_method = AuthMethod::None;
        assert!(!app.holds(&Typed::new("new".into()), at(0)), "a public client has no secret");
    }

    #[test]
    fn scope_and_resources_stay_within_the_registration() {
        let app = client(json!({"scope": "read write", "allowed_resources": ["https://a", "https://b"]}));
        assert_eq!(app.scope(None).unwrap().to_string(), "read write");
        assert_eq!(app.scope(Some(&"read".parse().unwrap())).unwrap().to_string(), "read");
        assert_eq!(app.scope(Some(&"read admin".parse().unwrap())).unwrap_err().code, Code::InvalidScope);
        assert_eq!(app.resources(&["https://a".into(), "https://c".into()]).unwrap_err().code, Code::InvalidTarget);
        assert_eq!(app.audience(&[], "https://id"), ["https://a"]);
        assert_eq!(app.audience(&["https://b".into()], "https://id"), ["https://b"]);
        assert_eq!(client(json!({})).audience(&[], "https://id"), ["https://id"]);
    }
}
