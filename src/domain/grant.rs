//! A grant: what a session allowed one client.

use super::revocation::EndReason;
use super::session::Session;
use crate::base::clock::Time;
use crate::base::id::{GrantId, SessionId};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::Scope;

#[derive(Clone, Debug)]
pub struct Grant {
    pub id: GrantId,
    pub session: SessionId,
    pub client_id: String,
    pub scope: Scope,
    pub resources: Vec<String>,
    pub created_at: Time,
    pub ended: Option<EndReason>,
}

impl Grant {
    /// Why nothing can be had from this grant any more, if so.
    pub fn end(&self, session: &Session, now: Time) -> Option<EndReason> {
        session.end(now).map(|end| end.reason).or(self.ended)
    }

    pub fn is_live(&self, session: &Session, now: Time) -> bool {
        self.end(session, now).is_none()
    }

    /// Cuts a request for less down from what was granted; more is refused (RFC 6749 section 6).
    pub fn part(&self, scope: Option<&Scope>, resources: &[String]) -> Result<(Scope, Vec<String>), Refusal> {
        let scope = match scope {
            Some(asked) if !asked.is_within(&self.scope) => {
                return Err(Refusal::new(Code::InvalidScope, "scope exceeds what was granted"));
            }
            Some(asked) if !asked.is_empty() => asked.clone(),
            _ => self.scope.clone(),
        };
        if resources.iter().any(|asked| !self.resources.contains(asked)) {
            return Err(Refusal::new(Code::InvalidTarget, "resource exceeds what was granted"));
        }
        let resources = if resources.is_empty() { self.resources.clone() } else { resources.to_vec() };
        Ok((scope, resources))
    }
}
