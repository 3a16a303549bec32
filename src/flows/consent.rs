//! A person's yes or no to a client. A yes is remembered; the request then proceeds by itself.

use super::authorize::{Answer, Asking, Step, proceed};
use super::pending::Pending;
use super::{Authority, Outcome};
use crate::domain::consent::Consent;
use crate::domain::session::Session;
use crate::protocol::error::{Code, Refusal};
use crate::store;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Deny,
}

/// Only the decision comes from the form: what it is about is read again from the request and the registration.
pub async fn decide(authority: &Authority, pending: Pending, session: Session, decision: Decision) -> Outcome<Step> {
    let asking = match proceed(authority, pending, Some(session)).await? {
        Step::Consent(asking) => *asking,
        other => return Ok(other),
    };
    let Asking { pending, client, wanted, session, .. } = asking;
    let (Decision::Allow, Some(user)) = (decision, session.subject.person()) else {
        let refusal = Refusal::new(Code::AccessDenied, "the person did not consent");
        return Ok(Step::Answer(Answer::refusal(authority, &pending.request, &refusal)));
    };
    let earlier = store::consent::find(&authority.db, user, &client.id).await?;
    let yes = Consent {
        user,
        client_id: client.id.clone(),
        scope: wanted.scope,
        claims: wanted.claims.all(),
        resources: wanted.resources,
        granted_at: authority.now(),
    };
    let consent = Consent::widened(earlier.as_ref(), yes);
    authority.db.write(async move |tx| store::consent::remember(tx, &consent).await).await?;
    proceed(authority, pending, Some(session)).await
}
