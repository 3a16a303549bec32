//! What a person allowed a client, remembered.

use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::domain::interaction::Wanted;
use crate::protocol::claims;
use crate::protocol::scope::Scope;

#[derive(Clone, Debug)]
pub struct Consent {
    pub user: UserId,
    pub client_id: String,
    pub scope: Scope,
    pub resources: Vec<String>,
    /// Claims that were allowed one by one.
    pub claims: Vec<String>,
    pub granted_at: Time,
}

impl Consent {
    /// Whether everything that is wanted was allowed before: a claim by itself or by the scope that shows it.
    pub fn covers(&self, wanted: &Wanted) -> bool {
        let told = |name: &String| self.claims.contains(name) || claims::is_shown(name, &self.scope);
        wanted.scope.is_within(&self.scope)
            && wanted.resources.iter().all(|asked| self.resources.contains(asked))
            && wanted.claims.all().iter().all(told)
    }

    /// The consent after the person said yes to more.
    #[must_use]
    pub fn widened(earlier: Option<&Self>, new: Self) -> Self {
        let Some(earlier) = earlier else { return new };
        let (resources, claims) = (both(&earlier.resources, &new.resources), both(&earlier.claims, &new.claims));
        Self { scope: earlier.scope.with(&new.scope), resources, claims, ..new }
    }
}

fn both(earlier: &[String], new: &[String]) -> Vec<String> {
    let added = new.iter().filter(|word| !earlier.contains(word));
    earlier.iter().chain(added).cloned().collect()
}
