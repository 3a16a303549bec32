//! Ends by what comes from what, and the look at them first.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::filter::{self, FilterBody};
use super::{AdminOutcome, session, user};
use crate::base::id::{CredentialId, SessionId, UserId};
use crate::domain::revocation::{EndReason, Initiator, Target, Touched};
use crate::flows::{Authority, ending};
use crate::protocol::admin::FieldError;
use crate::protocol::admin::client::is_client_id;
use crate::protocol::admin::members::Members;

/// What ends can be asked for by.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(rename = "RevocationScope", rename_all = "snake_case")]
pub enum ScopeName {
    Session,
    User,
    Client,
    Credential,
    Grant,
    Device,
    Upstream,
    Filter,
}

impl ScopeName {
    const ALL: [(&str, Self); 8] = [
        ("session", Self::Session),
        ("user", Self::User),
        ("client", Self::Client),
        ("credential", Self::Credential),
        ("grant", Self::Grant),
        ("device", Self::Device),
        ("upstream", Self::Upstream),
        ("filter", Self::Filter),
    ];
}

/// The body of both calls.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename = "RevocationRequest", deny_unknown_fields)]
pub struct RevocationBody {
    pub scope: ScopeName,
    /// `admin` when nothing is said.
    pub reason: Option<EndReason>,
    /// For `session`; with `client_id` for `grant`: what this session allowed the client.
    #[schemars(extend("format" = "uuid"))]
    pub sid: Option<String>,
    /// For `user` and `credential`; with `client_id` for `grant`: what this person allowed the client.
    #[schemars(extend("format" = "uuid"))]
    pub user_id: Option<String>,
    /// For `user`: a session that goes on.
    #[schemars(extend("format" = "uuid"))]
    pub except_sid: Option<String>,
    /// For `client` and `grant`.
    pub client_id: Option<String>,
    /// For `credential`: its id, or `password` for the password that the person has now.
    pub credential_id: Option<String>,
    /// For `grant`: its id.
    #[schemars(extend("format" = "uuid"))]
    pub grant_id: Option<String>,
    /// For `device`.
    #[schemars(extend("format" = "uuid"))]
    pub device: Option<String>,
    /// For `upstream`, with `subject`, `upstream_sid` or both.
    #[schemars(length(min = 1, max = 200))]
    pub provider: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub subject: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub upstream_sid: Option<String>,
    /// For `filter`: which live sessions; it must name something.
    pub filter: Option<FilterBody>,
}

/// What is to end, as it was asked for.
pub struct RevocationRequest {
    asked: Asked,
    reason: EndReason,
}

enum Asked {
    Target(Target),
    /// The password that a person has when it is looked at.
    Password(UserId),
}

/// What an end touches.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Revocation")]
pub struct RevocationView {
    /// Sessions that end.
    pub sessions: i64,
    /// Live grants that are lost, with their sessions or alone.
    pub grants: i64,
    /// Chains of refresh tokens on those grants.
    pub families: i64,
    /// Clients whose grants they are.
    pub clients: i64,
    /// People whose sessions end or lose a grant.
    pub people: i64,
    /// The newest fifty of the sessions that end.
    #[schemars(with = "Vec<String>")]
    pub sids: Vec<SessionId>,
}

impl RevocationRequest {
    pub fn read(members: Map<String, Value>) -> AdminOutcome<Self> {
        let mut members = Members::of(members);
        let reason = session::reason(&mut members);
        let scope: String = members.required("scope");
        let known = ScopeName::ALL.iter().find(|(name, _)| *name == scope).map(|(_, scope)| *scope);
        let Some(scope) = known else {
            let names: Vec<_> = ScopeName::ALL.iter().map(|(name, _)| *name).collect();
            if !scope.is_empty() {
                members.refuse(FieldError::new("scope", format!("must be one of {}", names.join(", "))));
            }
            members.take_rest();
            return Err(members.finish((), NOUN).err().unwrap_or_default().into());
        };
        let asked = asked(scope, &mut members);
        let missing = || Asked::Target(Target::Session(SessionId::FIRST));
        let request = Self { asked: asked.unwrap_or_else(missing), reason };
        Ok(members.finish(request, NOUN)?)
    }

    async fn target(&self, authority: &Authority) -> AdminOutcome<Option<Target>> {
        match &self.asked {
            Asked::Target(target) => Ok(Some(target.clone())),
            Asked::Password(id) => {
                let password = user::find(authority, *id).await?.password;
                Ok(password.map(|password| Target::Credential(*id, password.id)))
            }
        }
    }
}

const NOUN: &str = "a revocation of this scope";

/// `None` where something is missing or wrong, which the members then know.
fn asked(scope: ScopeName, members: &mut Members) -> Option<Asked> {
    let target = match scope {
        ScopeName::Session => Target::Session(needed(members, "sid")?),
        ScopeName::User => {
            let spared = members.optional::<String>("except_sid").and_then(|text| parsed(members, "except_sid", &text));
            Target::User(needed(members, "user_id")?, spared)
        }
        ScopeName::Client => Target::Client(client_id(members)?),
        ScopeName::Credential => return credential(members),
        ScopeName::Grant => grant(members)?,
        ScopeName::Device => Target::Device(needed(members, "device")?),
        ScopeName::Upstream => upstream(members)?,
        ScopeName::Filter => {
            let sought = members.required::<Map<String, Value>>("filter");
            match filter::read_body(sought) {
                Ok(filter) => Target::Filter(Box::new(filter)),
                Err(errors) => {
                    for error in errors {
                        members.refuse(error);
                    }
                    return None;
                }
            }
        }
    };
    Some(Asked::Target(target))
}

fn credential(members: &mut Members) -> Option<Asked> {
    let user = needed(members, "user_id");
    let text: String = members.required("credential_id");
    if text == "password" {
        return user.map(Asked::Password);
    }
    let id: Option<CredentialId> = (!text.is_empty()).then(|| parsed(members, "credential_id", &text)).flatten();
    Some(Asked::Target(Target::Credential(user?, id?)))
}

fn grant(members: &mut Members) -> Option<Target> {
    if let Some(text) = members.optional::<String>("grant_id") {
        return parsed(members, "grant_id", &text).map(Target::Grant);
    }
    let client_id = client_id(members);
    match members.optional::<String>("sid") {
        Some(text) => Some(Target::Part(parsed(members, "sid", &text)?, client_id?)),
        None => Some(Target::App(needed(members, "user_id")?, client_id?)),
    }
}

fn upstream(members: &mut Members) -> Option<Target> {
    let provider: String = members.required("provider");
    let (subject, session): (Option<String>, _) = (members.optional("subject"), members.optional("upstream_sid"));
    if subject.is_none() && session.is_none() {
        members.refuse(FieldError::new("subject", "is missing, and so is upstream_sid"));
        return None;
    }
    for (name, text) in
        [("provider", Some(&provider)), ("subject", subject.as_ref()), ("upstream_sid", session.as_ref())]
    {
        if text.is_some_and(|text| !(1..=200).contains(&text.chars().count())) {
            members.refuse(FieldError::new(name, "must be 1 to 200 characters"));
        }
    }
    Some(Target::Upstream { provider, subject, session })
}

fn client_id(members: &mut Members) -> Option<String> {
    let id: String = members.required("client_id");
    if is_client_id(&id) {
        return Some(id);
    }
    if !id.is_empty() {
        members.refuse(FieldError::new("client_id", "cannot be the id of a client"));
    }
    None
}

fn needed<T: std::str::FromStr>(members: &mut Members, name: &str) -> Option<T> {
    let text: String = members.required(name);
    if text.is_empty() { None } else { parsed(members, name, &text) }
}

fn parsed<T: std::str::FromStr>(members: &mut Members, name: &str, text: &str) -> Option<T> {
    let read = text.parse().ok();
    if read.is_none() {
        members.refuse(FieldError::new(name, "must be a UUID"));
    }
    read
}

/// What would end now. Nothing is written.
pub async fn preview(authority: &Authority, request: &RevocationRequest) -> AdminOutcome<RevocationView> {
    let (touched, sids) = match request.target(authority).await? {
        Some(target) => ending::preview(authority, &target, request.reason, Initiator::Admin).await?,
        None => (Touched::default(), Vec::new()),
    };
    let Touched { sessions, grants, families, clients, people } = touched;
    Ok(RevocationView { sessions, grants, families, clients, people, sids })
}

/// Ends it; gives what the preview showed at that moment.
pub async fn revoke(authority: &Authority, request: &RevocationRequest) -> AdminOutcome<RevocationView> {
    let view = preview(authority, request).await?;
    if let Some(target) = request.target(authority).await? {
        let scope = target.scope().as_str();
        let ended = ending::revoke(authority, target, request.reason, Initiator::Admin).await?;
        let reason = request.reason.as_str();
        tracing::info!(
            scope,
            reason,
            sessions = ended.sessions,
            grants = ended.grants,
            "an admin ended what they chose"
        );
    }
    Ok(view)
}

impl From<Target> for RevocationRequest {
    /// With the reason `admin`.
    fn from(target: Target) -> Self {
        Self { asked: Asked::Target(target), reason: EndReason::Admin }
    }
}

impl RevocationRequest {
    /// For what comes from the password that this person has now.
    pub const fn of_password(user: UserId) -> Self {
        Self { asked: Asked::Password(user), reason: EndReason::PasswordChanged }
    }

    #[must_use]
    pub fn because(self, reason: EndReason) -> Self {
        Self { reason, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "01a2191c-cc44-73d1-936f-a6a22f1674f4";

    fn read(value: Value) -> Result<RevocationRequest, Vec<String>> {
        let Value::Object(members) = value else { panic!() };
        RevocationRequest::read(members)
            .map_err(|refusal| refusal.problem().unwrap().errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn each_scope_takes_its_own_members() {
        for body in [
            json!({"scope": "session", "sid": ID}),
            json!({"scope": "user", "user_id": ID, "reason": "theft"}),
            json!({"scope": "user", "user_id": ID, "except_sid": ID}),
            json!({"scope": "client", "client_id": "app"}),
            json!({"scope": "credential", "user_id": ID, "credential_id": ID}),
            json!({"scope": "credential", "user_id": ID, "credential_id": "password"}),
            json!({"scope": "grant", "grant_id": ID}),
            json!({"scope": "grant", "sid": ID, "client_id": "app"}),
            json!({"scope": "grant", "user_id": ID, "client_id": "app"}),
            json!({"scope": "device", "device": ID}),
            json!({"scope": "upstream", "provider": "x", "subject": "y", "upstream_sid": "z"}),
            json!({"scope": "upstream", "provider": "x", "upstream_sid": "z"}),
            json!({"scope": "filter", "filter": {"country": "CH"}}),
        ] {
            assert!(read(body.clone()).is_ok(), "{body}: {:?}", read(body.clone()).err());
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (body, fields) in [
            (json!({}), &["scope"][..]),
            (json!({"scope": "galaxy"}), &["scope"]),
            (json!({"scope": 5, "sid": ID}), &["scope"]),
            (json!({"scope": "session"}), &["sid"]),
            (json!({"scope": "session", "sid": "x"}), &["sid"]),
            (json!({"scope": "session", "sid": ID, "user_id": ID}), &["user_id"]),
            (json!({"scope": "session", "sid": ID, "reason": "x"}), &["reason"]),
            (json!({"scope": "user", "user_id": ID, "except_sid": "x"}), &["except_sid"]),
            (json!({"scope": "client", "client_id": " "}), &["client_id"]),
            (json!({"scope": "credential", "user_id": ID}), &["credential_id"]),
            (json!({"scope": "credential", "credential_id": "password"}), &["user_id"]),
            (json!({"scope": "credential", "user_id": ID, "credential_id": "totp"}), &["credential_id"]),
            (json!({"scope": "grant"}), &["client_id", "user_id"]),
            (json!({"scope": "upstream", "provider": "x"}), &["subject"]),
            (json!({"scope": "upstream", "provider": "x", "subject": ""}), &["subject"]),
            (json!({"scope": "filter"}), &["filter", "filter"]),
            (json!({"scope": "filter", "filter": {"age": "old"}}), &["filter", "filter.age"]),
        ] {
            assert_eq!(read(body.clone()).err().unwrap_or_default(), fields, "{body}");
        }
    }
}
