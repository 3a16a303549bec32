//! Sessions: looked at, with everything that hangs on them, and ended.

use std::collections::BTreeMap;

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AdminOutcome, AdminRefusal, one_more, page, position, user};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, DeviceId, GrantId, SessionId, UserId};
use crate::domain::event::{Event, EventName, Spot};
use crate::domain::filter::Filter;
use crate::domain::grant::Grant;
use crate::domain::lifetime::PolicyName;
use crate::domain::revocation::{End, EndReason, Ended, Initiator, Target};
use crate::domain::session::{Kind, Session, State, Upstream};
use crate::domain::watch::Mark;
use crate::flows::Authority;
use crate::flows::ending;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::members::Members;
use crate::protocol::admin::{FieldError, Page};
use crate::store;

/// A session as an admin sees it. Grants and timeline are shown when it stands alone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct SessionView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub sid: SessionId,
    pub kind: Kind,
    pub state: State,
    /// Null for a machine's.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub user_id: Option<UserId>,
    /// Every client that was let in.
    pub client_ids: Vec<String>,
    pub created_at: chrono::DateTime<Utc>,
    pub last_active_at: chrono::DateTime<Utc>,
    /// When it ends if nothing happens; null where it lives without activity.
    pub idle_end: Option<chrono::DateTime<Utc>>,
    pub absolute_end: chrono::DateTime<Utc>,
    /// The policy that set each end: `default`, a preset such as `aal2`, `remember_me`, `role:…`, `client:…`, `offline` or
    /// `machine`; null where there is no such end, and where the session is older than this member.
    pub idle_policy: Option<PolicyName>,
    pub absolute_policy: Option<PolicyName>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
    pub auth_time: Option<chrono::DateTime<Utc>>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// Who runs the network of the address, and its country (ISO 3166-1 alpha-2), where that is known.
    pub network: Option<String>,
    pub country: Option<String>,
    /// Whether the person had no session in this browser before, as far as sessions are still kept.
    pub new_device: bool,
    /// What was noticed about it since the last proof.
    pub mark: Option<Mark>,
    /// The browser it lives in.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub device: Option<DeviceId>,
    /// The ids of what was proved with last; empty where nobody remembers.
    #[schemars(with = "Vec<String>")]
    pub credentials: Vec<CredentialId>,
    /// The session at another provider that it was opened with.
    pub upstream: Option<UpstreamView>,
    /// The session it was split off from.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub origin: Option<SessionId>,
    pub ended_at: Option<chrono::DateTime<Utc>>,
    pub end_reason: Option<EndReason>,
    pub end_initiator: Option<Initiator>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<GrantView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Vec<EventView>>,
}

/// A session at another provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Upstream")]
pub struct UpstreamView {
    pub provider: String,
    pub subject: String,
    pub sid: Option<String>,
}

impl From<Upstream> for UpstreamView {
    fn from(Upstream { provider, subject, session }: Upstream) -> Self {
        Self { provider, subject, sid: session }
    }
}

/// What a session allowed one client.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
pub struct GrantView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: GrantId,
    pub client_id: String,
    pub scope: String,
    pub resources: Vec<String>,
    /// The ids of what was proved with when it was allowed; empty where nobody remembers.
    #[schemars(with = "Vec<String>")]
    pub credentials: Vec<CredentialId>,
    pub created_at: chrono::DateTime<Utc>,
    /// Why it ended, by itself or with its session; null while it lives.
    pub end_reason: Option<EndReason>,
}

/// One entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct EventView {
    pub at: chrono::DateTime<Utc>,
    pub event: EventName,
    pub reason: Option<EndReason>,
    pub client_id: Option<String>,
    /// What was noticed.
    pub mark: Option<Mark>,
    /// From where, with who runs the network and its country (ISO 3166-1 alpha-2), where that is known.
    pub address: Option<String>,
    pub network: Option<String>,
    pub country: Option<String>,
}

impl SessionView {
    fn of(session: Session, client_ids: Vec<String>, now: Time) -> Self {
        let (state, idle_end, end) = (session.state(now), session.idle_end(), session.end(now));
        let (acr, amr, auth_time, credentials) = match session.authentication {
            Some(proof) => (Some(proof.acr), proof.amr, Some(proof.at), proof.credentials),
            None => (None, Vec::new(), None, Vec::new()),
        };
        Self {
            sid: session.id,
            kind: session.kind,
            state,
            user_id: session.subject.person(),
            client_ids,
            created_at: session.created_at,
            last_active_at: session.last_active_at,
            idle_end,
            absolute_end: session.absolute_end,
            idle_policy: session.idle_policy,
            absolute_policy: session.absolute_policy,
            acr,
            amr,
            auth_time,
            address: session.source.address,
            user_agent: session.source.user_agent,
            network: session.source.network,
            country: session.source.country,
            new_device: session.watch.new_device,
            mark: session.watch.mark,
            device: session.source.device,
            credentials,
            upstream: session.upstream.map(UpstreamView::from),
            origin: session.origin,
            ended_at: end.as_ref().map(|end| end.at),
            end_reason: end.as_ref().map(|end| end.reason),
            end_initiator: end.as_ref().map(|end| end.initiator),
            grants: None,
            timeline: None,
        }
    }
}

const LIST: &str = "sessions";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("session");

/// Reads the id of a session out of a path.
pub fn id(text: &str) -> AdminOutcome<SessionId> {
    text.parse().map_err(|_| NOT_FOUND)
}

/// Newest first.
pub async fn list(authority: &Authority, listing: &Listing, filter: Filter) -> AdminOutcome<Page<SessionView>> {
    let now = authority.now();
    let after = position(authority, LIST, listing)?;
    let after = after.map(|last| last.parse().map_err(|_| FieldError::new("cursor", "is broken"))).transpose()?;
    let rows = store::filter::page(&authority.db, &filter, after, one_more(listing), now).await?;
    let Page { items, next } = page(authority, LIST, rows, (listing.limit, |row: &Session| row.id.to_string()));
    let ids: Vec<_> = items.iter().map(|session| session.id).collect();
    let clients = store::grant::clients_of_sessions(&authority.db, &ids).await?;
    let items = items.into_iter().zip(clients).map(|(session, clients)| SessionView::of(session, clients, now));
    Ok(Page { items: items.collect(), next })
}

/// The sessions of a person who is there.
pub async fn list_of_user(authority: &Authority, user: UserId, listing: &Listing) -> AdminOutcome<Page<SessionView>> {
    user::find(authority, user).await?;
    list(authority, listing, Filter { user: Some(user), ..Filter::default() }).await
}

/// One session with its grants and its timeline.
pub async fn show(authority: &Authority, id: SessionId) -> AdminOutcome<SessionView> {
    let now = authority.now();
    let session = store::session::by_id(&authority.db, id).await?.ok_or(NOT_FOUND)?;
    let grants = store::grant::of_session(&authority.db, id).await?;
    let events = store::event::of_session(&authority.db, id).await?;
    let mut first: BTreeMap<&str, Time> = BTreeMap::new();
    for grant in &grants {
        first.entry(&grant.client_id).or_insert(grant.created_at);
    }
    let mut client_ids: Vec<_> = first.iter().map(|(client_id, at)| (*at, (*client_id).to_owned())).collect();
    client_ids.sort();
    let client_ids = client_ids.into_iter().map(|(_, client_id)| client_id).collect();
    let timeline = timeline(events, &session, now);
    let grants = grants.into_iter().map(|grant| view(grant, &session, now)).collect();
    let shown = SessionView::of(session, client_ids, now);
    Ok(SessionView { grants: Some(grants), timeline: Some(timeline), ..shown })
}

fn view(grant: Grant, session: &Session, now: Time) -> GrantView {
    let end_reason = grant.end(session, now).map(Ended::reason);
    let Grant { id, client_id, scope, resources, created_at, authentication, .. } = grant;
    let credentials = authentication.map(|proof| proof.credentials).unwrap_or_default();
    GrantView { id, client_id, scope: scope.to_string(), resources, credentials, created_at, end_reason }
}

/// The entries, and the end that the clock made if nobody has written it down yet.
fn timeline(events: Vec<Event>, session: &Session, now: Time) -> Vec<EventView> {
    let unwritten = session.end(now).filter(|_| session.recorded_end.is_none());
    let end = |end: End| EventView {
        at: end.at,
        event: EventName::Ended,
        reason: Some(end.reason),
        client_id: None,
        mark: None,
        address: None,
        network: None,
        country: None,
    };
    let written = events.into_iter().map(|Event { at, name, reason, client_id, mark, spot, .. }| {
        let Spot { address, network, country } = spot;
        EventView { at, event: name, reason, client_id, mark, address, network, country }
    });
    let mut entries: Vec<_> = written.chain(unwritten.map(end)).collect();
    entries.sort_by_key(|entry| (entry.at, entry.event.turn()));
    entries
}

/// Why a session is to end.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EndRequest {
    /// `admin` when nothing is said.
    #[schemars(with = "Option<EndReason>")]
    pub reason: EndReason,
}

/// Takes the member `reason`: `admin` when nothing is said.
pub(super) fn reason(members: &mut Members) -> EndReason {
    let named: Option<String> = members.optional("reason");
    named.as_deref().map_or(Some(EndReason::Admin), EndReason::named).unwrap_or_else(|| {
        members.refuse(FieldError::new("reason", one_reason()));
        EndReason::Admin
    })
}

/// What is said to whoever names another reason than there are.
pub fn one_reason() -> String {
    let known: Vec<_> = EndReason::ALL.iter().map(|reason| reason.as_str()).collect();
    format!("must be one of {}", known.join(", "))
}

impl EndRequest {
    pub fn read(members: Map<String, Value>) -> AdminOutcome<Self> {
        let mut members = Members::of(members);
        let request = Self { reason: reason(&mut members) };
        Ok(members.finish(request, "a request to end a session")?)
    }
}

/// Ends a session and what was split off from it; what has ended already stays as it ended.
pub async fn end(authority: &Authority, id: SessionId, request: EndRequest) -> AdminOutcome<()> {
    store::session::by_id(&authority.db, id).await?.ok_or(NOT_FOUND)?;
    ending::revoke(authority, Target::Session(id), request.reason, Initiator::Admin).await?;
    Ok(())
}

/// Why every session of a person is to end, for the log.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EndAllRequest {
    #[schemars(length(max = 200))]
    pub reason: Option<String>,
}

impl EndAllRequest {
    pub fn read(members: Map<String, Value>) -> AdminOutcome<Self> {
        let mut members = Members::of(members);
        let reason: Option<String> = members.optional("reason");
        if reason.as_deref().is_some_and(|text| text.chars().count() > 200 || text.chars().any(char::is_control)) {
            members.refuse(FieldError::new("reason", "must be at most 200 characters without control characters"));
        }
        Ok(members.finish(Self { reason }, "a request to end sessions")?)
    }
}

/// Ends every session of a person, offline ones too.
pub async fn end_all(authority: &Authority, user: UserId, request: EndAllRequest) -> AdminOutcome<()> {
    user::find(authority, user).await?;
    let ended = ending::revoke(authority, Target::User(user, None), EndReason::Admin, Initiator::Admin).await?;
    tracing::info!(%user, ended = ended.sessions, reason = request.reason, "an admin ended every session of a user");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<EndReason, Vec<String>> {
        let Value::Object(members) = value else { panic!() };
        EndRequest::read(members)
            .map(|request| request.reason)
            .map_err(|refusal| refusal.problem().unwrap().errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn a_reason_is_one_of_the_closed_list() {
        assert_eq!(read(json!({})), Ok(EndReason::Admin));
        assert_eq!(read(json!({"reason": null})), Ok(EndReason::Admin));
        for reason in EndReason::ALL {
            assert_eq!(read(json!({"reason": reason.as_str()})), Ok(*reason));
        }
        assert_eq!(read(json!({"reason": "because"})), Err(vec!["reason".into()]));
        assert_eq!(read(json!({"reason": 5})), Err(vec!["reason".into()]));
        assert_eq!(read(json!({"why": "x"})), Err(vec!["why".into()]));
    }
}
