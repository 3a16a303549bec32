//! A grant: what a session allowed one client.

use super::client::Client;
use super::revocation::{EndReason, Ended};
use super::session::{Authentication, Session};
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::protocol::claims_request::ClaimNames;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::Scope;

#[derive(Clone, Debug)]
pub struct Grant {
    pub id: GrantId,
    pub session: SessionId,
    pub client_id: String,
    pub scope: Scope,
    pub resources: Vec<String>,
    /// Claims beside those that the scope shows.
    pub claims: ClaimNames,
    /// The proof that the grant rests on; later ones in the session change nothing (OpenID Connect Core 1.0 section 12.2).
    pub authentication: Option<Authentication>,
    pub created_at: Time,
    pub ended: Option<EndReason>,
}

impl Grant {
    /// Why nothing can be had from this grant any more, if so. What happened to the grant itself says more than that its
    /// session ended too.
    pub fn end(&self, session: &Session, now: Time) -> Option<Ended> {
        let own = self.ended.map(Ended::Grant);
        own.or_else(|| session.end(now).map(|end| Ended::Session(end.reason)))
    }

    pub fn is_live(&self, session: &Session, now: Time) -> bool {
        self.end(session, now).is_none()
    }

    /// Cuts a request for less down from what was granted; more is refused (RFC 6749 section 6; RFC 8707 section 2.2).
    /// A grant that names no resource is for any that the client may name.
    pub fn part(
        &self,
        client: &Client,
        scope: Option<&Scope>,
        resources: &[String],
    ) -> Result<(Scope, Vec<String>), Refusal> {
        // What the client may no longer have goes out of older grants too.
        let allowed = client.metadata.allowed_scope();
        let granted = self.scope.only(|word| allowed.contains(word));
        let scope = match scope {
            Some(asked) if !asked.is_within(&granted) => {
                return Err(Refusal::new(Code::InvalidScope, "scope exceeds what was granted"));
            }
            Some(asked) if !asked.is_empty() => asked.clone(),
            _ if granted.is_empty() && !self.scope.is_empty() => {
                return Err(Refusal::new(Code::InvalidScope, "nothing is left of what was granted"));
            }
            _ => granted,
        };
        if self.resources.is_empty() {
            return Ok((scope, client.resources(resources)?));
        }
        let may_name = |uri: &&String| client.metadata.allowed_resources.contains(uri);
        let granted: Vec<String> = self.resources.iter().filter(may_name).cloned().collect();
        if granted.is_empty() || resources.iter().any(|asked| !granted.contains(asked)) {
            return Err(Refusal::new(Code::InvalidTarget, "resource exceeds what was granted"));
        }
        let resources = if resources.is_empty() { granted } else { resources.to_vec() };
        Ok((scope, resources))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::client::tests::client;
    use crate::domain::session::tests::{at, session};

    /// A grant of [`session`] to the client `app`.
    pub fn grant(resources: &[&str]) -> Grant {
        Grant {
            id: GrantId::new(at(0), &SeededEntropy::new(1)),
            session: session().id,
            client_id: "app".into(),
            scope: "openid email".parse().unwrap(),
            resources: resources.iter().map(|uri| (*uri).to_owned()).collect(),
            claims: ClaimNames::default(),
            authentication: None,
            created_at: at(0),
            ended: None,
        }
    }

    #[test]
    fn gives_a_part_and_never_more() {
        let mut app = client(json!({"allowed_resources": ["https://a", "https://b"]}));
        app.metadata.redirect_uris = vec!["https://app.example/cb".into()];
        let asked = |scope: &str, resources: &[&str], of: &[&str]| {
            let resources: Vec<String> = resources.iter().map(|uri| (*uri).to_owned()).collect();
            grant(of).part(&app, Some(&scope.parse().unwrap()), &resources).map_err(|refusal| refusal.code)
        };
        assert_eq!(asked("email", &[], &["https://a"]).unwrap().0.to_string(), "email");
        assert_eq!(asked("", &[], &["https://a"]).unwrap().0.to_string(), "openid email");
        assert_eq!(asked("openid admin", &[], &[]).unwrap_err(), Code::InvalidScope);
        assert_eq!(asked("", &["https://b"], &["https://a"]).unwrap_err(), Code::InvalidTarget);
        assert_eq!(asked("", &["https://b"], &[]).unwrap().1, ["https://b"]);
        assert_eq!(asked("", &["https://c"], &[]).unwrap_err(), Code::InvalidTarget);
    }

    #[test]
    fn what_a_client_may_no_longer_have_is_gone() {
        let narrow = client(json!({"scope": "openid", "allowed_resources": ["https://b"]}));
        assert_eq!(grant(&[]).part(&narrow, None, &[]).unwrap().0.to_string(), "openid");
        assert_eq!(grant(&["https://a", "https://b"]).part(&narrow, None, &[]).unwrap().1, ["https://b"]);
        assert_eq!(grant(&["https://a"]).part(&narrow, None, &[]).unwrap_err().code, Code::InvalidTarget);
        let none = client(json!({"scope": "other"}));
        assert_eq!(grant(&[]).part(&none, None, &[]).unwrap_err().code, Code::InvalidScope);
    }

    #[test]
    fn lives_no_longer_than_its_session() {
        assert!(grant(&[]).is_live(&session(), at(1)));
        assert_eq!(grant(&[]).end(&session(), at(3_600)), Some(Ended::Session(EndReason::Idle)));
        assert_eq!(
            Grant { ended: Some(EndReason::Logout), ..grant(&[]) }.end(&session(), at(1)),
            Some(Ended::Grant(EndReason::Logout))
        );
    }
}
