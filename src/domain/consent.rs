//! What a person allowed a client, remembered.

use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::protocol::scope::Scope;

#[derive(Clone, Debug)]
pub struct Consent {
    pub user: UserId,
    pub client_id: String,
    pub scope: Scope,
    pub resources: Vec<String>,
    pub granted_at: Time,
}

impl Consent {
    pub fn covers(&self, scope: &Scope, resources: &[String]) -> bool {
        scope.is_within(&self.scope) && resources.iter().all(|asked| self.resources.contains(asked))
    }

    /// The consent after the person said yes to more.
    #[must_use]
    pub fn widened(earlier: Option<&Self>, new: Self) -> Self {
        let Some(earlier) = earlier else { return new };
        let mut resources = earlier.resources.clone();
        resources.extend(new.resources.iter().filter(|uri| !earlier.resources.contains(uri)).cloned());
        Self { scope: earlier.scope.with(&new.scope), resources, ..new }
    }
}
