//! What a client says of itself when it registers, and what becomes of it (RFC 7591 sections 2 and 3.1; RFC 7592
//! section 2.2).
//!
//! A member that is not known is passed over, as the standard demands; null says as much as nothing. A client cannot give
//! itself power: what only an administrator sets is refused here by name, and survives whatever the client writes later.

use serde_json::{Map, Value};

use super::reading::{self, Misfit, is_member};
use super::{ClientMetadata, InvalidMetadata, RequestAlgorithm};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::{ADDRESS, EMAIL, OFFLINE_ACCESS, OPENID, PHONE, PROFILE, Scope};
use crate::protocol::token::{AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN};

/// Members that only an administrator sets; a client does not see them either.
const RESERVED: [&str; 9] = [
    "disabled",
    "skip_consent",
    "allowed_resources",
    "session_idle",
    "session_absolute",
    "session_limit",
    "session_limit_action",
    "required_acr",
    "legacy_aud",
];

/// Members that the server writes (RFC 7592 section 2.2).
const WRITTEN: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

/// What a client may register for by itself: to know who somebody is, and nothing about what they may do.
const SCOPES: [&str; 6] = [OPENID, PROFILE, EMAIL, ADDRESS, PHONE, OFFLINE_ACCESS];
const GRANT_TYPES: [&str; 2] = [AUTHORIZATION_CODE, REFRESH_TOKEN];

/// What the server adds to what a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    Usual,
    /// As conformance suites expect: PKCE is the client's choice, assertions may name the token endpoint, tokens may pass
    /// through the browser, and request objects may be unsigned.
    Certification,
}

/// A client that registers.
pub fn new_client(members: Map<String, Value>, terms: Terms) -> Result<ClientMetadata, Refusal> {
    settle(members, None, terms)
}

/// The whole of what a client now says of itself. What it leaves out goes back to its default (RFC 7592 section 2.2).
#[derive(Debug)]
pub struct Rewriting {
    pub metadata: ClientMetadata,
    /// To be compared with the client's own.
    pub client_secret: Option<String>,
}

impl Rewriting {
    pub fn read(
        mut members: Map<String, Value>,
        client_id: &str,
        before: &ClientMetadata,
        terms: Terms,
    ) -> Result<Self, Refusal> {
        if let Some(name) = WRITTEN.into_iter().find(|name| members.contains_key(*name)) {
            return Err(unfit(name, "is set by the server and not sent back"));
        }
        if members.remove("client_id") != Some(Value::from(client_id)) {
            return Err(unfit("client_id", "must be there and be the client's own"));
        }
        let client_secret = match members.remove("client_secret") {
            None | Some(Value::Null) => None,
            Some(Value::String(secret)) => Some(secret),
            Some(_) => return Err(unfit("client_secret", "must be a text")),
        };
        Ok(Self { metadata: settle(members, Some(before), terms)?, client_secret })
    }
}

/// The members of a client as itself may see them.
pub fn shown(metadata: &ClientMetadata) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(metadata) else { return Map::new() };
    members.retain(|name, _| !RESERVED.contains(&name.as_str()));
    members.entry("subject_type").or_insert_with(|| "public".into());
    members.insert("scope".into(), metadata.allowed_scope().to_string().into());
    members
}

/// A refusal that names a member.
pub fn unfit(member: &str, problem: &str) -> Refusal {
    let code = match member {
        "redirect_uris" => Code::InvalidRedirectUri,
        "software_statement" => Code::InvalidSoftwareStatement,
        _ => Code::InvalidClientMetadata,
    };
    // RFC 6749 section 5.2 leaves out two characters.
    let text: String =
        format!("{member} {problem}").chars().map(|c| if matches!(c, '"' | '\\') { '\'' } else { c }).collect();
    Refusal { code, description: text.clone().into(), reason: text.into() }
}

impl From<InvalidMetadata> for Refusal {
    fn from(InvalidMetadata { member, problem }: InvalidMetadata) -> Self {
        unfit(member, &problem)
    }
}

fn settle(
    mut members: Map<String, Value>,
    before: Option<&ClientMetadata>,
    terms: Terms,
) -> Result<ClientMetadata, Refusal> {
    members.retain(|_, value| !value.is_null());
    refuse_statement(&members)?;
    let open = |name: &str| terms == Terms::Certification && name == "legacy_aud";
    if let Some(name) = RESERVED.into_iter().find(|name| members.contains_key(*name) && !open(name)) {
        return Err(unfit(name, "is set by an administrator alone"));
    }
    members.retain(|name, _| is_member(name));
    if let Some(misfit) = members.iter().find_map(|(name, value)| reading::misfit(name, value)) {
        return Err(unfit(&misfit.member, &told(&misfit)));
    }
    let said = |name: &str| members.contains_key(name);
    let (chose_pkce, chose_audience) = (said("require_pkce"), said("legacy_aud"));
    let metadata: ClientMetadata =
        serde_json::from_value(members.into()).map_err(|_| unfit("the metadata", "cannot be read together"))?;
    let metadata = on_terms(metadata, terms, (chose_pkce, chose_audience))?;
    let metadata = bounded(metadata, before, terms)?;
    metadata.check()?;
    Ok(metadata)
}

/// No software statement is trusted here: none is passed over in silence, for what it says would not hold.
fn refuse_statement(members: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(statement) = members.get("software_statement") else { return Ok(()) };
    let parts = statement.as_str().map(|text| text.split('.').filter(|part| !part.is_empty()).count());
    if parts != Some(3) {
        return Err(unfit("software_statement", "must be a signed JWT"));
    }
    Err(Refusal::new(Code::UnapprovedSoftwareStatement, "software_statement is from nobody who is trusted here"))
}

/// What a value must be, without the value: the sentence goes to whoever sent it, and into its logs.
fn told(misfit: &Misfit) -> String {
    let text = misfit.error.to_string();
    let expected = text.split_once("expected ").map(|(_, rest)| rest.split(" at line ").next().unwrap_or(rest));
    let place = misfit.item.map(|index| format!("item {index} ")).unwrap_or_default();
    match expected.filter(|rest| rest.is_ascii()) {
        Some(expected) => format!("{place}must be {expected}"),
        None => format!("{place}has a value that is not understood"),
    }
}

fn on_terms(
    metadata: ClientMetadata,
    terms: Terms,
    (chose_pkce, chose_audience): (bool, bool),
) -> Result<ClientMetadata, Refusal> {
    match terms {
        Terms::Usual if !metadata.require_pkce => Err(unfit("require_pkce", "cannot be false here")),
        Terms::Usual if metadata.request_object_signing_alg == Some(RequestAlgorithm::None) => {
            Err(unfit("request_object_signing_alg", "cannot be none here"))
        }
        Terms::Usual => Ok(metadata),
        Terms::Certification => Ok(ClientMetadata {
            require_pkce: chose_pkce && metadata.require_pkce,
            legacy_aud: !chose_audience || metadata.legacy_aud,
            ..metadata
        }),
    }
}

/// Keeps a client within what it may have by itself and what an administrator gave it, and what that one set untouched.
fn bounded(
    mut metadata: ClientMetadata,
    before: Option<&ClientMetadata>,
    terms: Terms,
) -> Result<ClientMetadata, Refusal> {
    let implicit = terms == Terms::Certification;
    let is_grant = |name: &str| GRANT_TYPES.contains(&name) || (implicit && name == IMPLICIT);
    let given_grant = |name: &str| before.is_some_and(|before| before.may_use(name));
    if metadata.grant_types.iter().any(|name| !is_grant(name) && !given_grant(name)) {
        let problem = format!("may hold {} without an administrator", GRANT_TYPES.join(" and "));
        return Err(unfit("grant_types", &problem));
    }
    let is_scope = |word: &str| SCOPES.contains(&word);
    let given = before.map(|before| before.allowed_scope().only(|word| !is_scope(word))).unwrap_or_default();
    let scope = match metadata.scope.take() {
        Some(asked) if asked.only(|word| !is_scope(word)).is_within(&given) => asked,
        Some(_) => {
            let problem = format!("may hold {} without an administrator", SCOPES.join(", "));
            return Err(unfit("scope", &problem));
        }
        None => usual_scope(&metadata).with(&given),
    };
    metadata.scope = Some(scope);
    if let Some(before) = before {
        metadata.disabled = before.disabled;
        metadata.skip_consent = before.skip_consent;
        metadata.allowed_resources.clone_from(&before.allowed_resources);
        metadata.session_idle = before.session_idle;
        metadata.session_absolute = before.session_absolute;
        metadata.session_limit = before.session_limit;
        metadata.session_limit_action = before.session_limit_action;
        metadata.required_acr.clone_from(&before.required_acr);
        metadata.legacy_aud |= before.legacy_aud;
    }
    Ok(metadata)
}

fn usual_scope(metadata: &ClientMetadata) -> Scope {
    let offline = metadata.may_use(REFRESH_TOKEN);
    let all: Scope = SCOPES.join(" ").parse().unwrap_or_default();
    all.only(|word| word != OFFLINE_ACCESS || offline)
}
