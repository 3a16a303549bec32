//! Signing keys: looked at and rotated by hand.

use std::slice;

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AdminOutcome, AdminRefusal, page, position};
use crate::flows::keys::{self, KeysError};
use crate::flows::{Authority, Failure};
use crate::jose::algorithm::Algorithm;
use crate::jose::lifecycle;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::members::Members;
use crate::protocol::admin::{FieldError, Page};

/// A signing key as an admin sees it; never its private half.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub struct KeyView {
    pub kid: String,
    pub algorithm: String,
    pub state: KeyState,
    pub created_at: chrono::DateTime<Utc>,
    /// From when it signs.
    pub active_from: chrono::DateTime<Utc>,
    /// When the key after it takes over, or took over; null while there is none.
    pub retired_at: Option<chrono::DateTime<Utc>>,
    /// The public JWK (RFC 7517).
    pub jwk: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, not signing yet.
    Next,
    /// Signing.
    Current,
    /// Published for what it signed.
    Old,
}

impl From<lifecycle::KeyState> for KeyState {
    fn from(state: lifecycle::KeyState) -> Self {
        match state {
            lifecycle::KeyState::Next => Self::Next,
            lifecycle::KeyState::Current => Self::Current,
            lifecycle::KeyState::Old => Self::Old,
        }
    }
}

const LIST: &str = "keys";

/// By kid.
pub async fn list(authority: &Authority, listing: &Listing) -> AdminOutcome<Page<KeyView>> {
    let after = position(authority, LIST, listing)?;
    let mut keys = all(authority).await?;
    keys.retain(|key| after.as_ref().is_none_or(|last| key.kid > *last));
    Ok(page(authority, LIST, keys, (listing.limit, |key: &KeyView| key.kid.clone())))
}

/// Which keys are to be followed by the next ones.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Rotation {
    /// A signature algorithm that keys are held for (RFC 7518 section 3.1); all of them when nothing is said.
    #[schemars(with = "Option<String>", extend("enum" = ["ES256", "RS256", "PS256", "EdDSA", null]))]
    algorithm: Option<Algorithm>,
}

impl Rotation {
    /// Of the keys of the algorithm with this name, or of all.
    pub fn of(name: Option<&str>) -> Result<Self, FieldError> {
        let find = |name| Algorithm::ISSUED.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(one_of);
        Ok(Self { algorithm: name.map(find).transpose()? })
    }

    pub fn read(members: Map<String, Value>) -> AdminOutcome<Self> {
        let mut members = Members::of(members);
        let name: Option<String> = members.optional("algorithm");
        let rotation = Self::of(name.as_deref()).unwrap_or_else(|refused| {
            members.refuse(refused);
            Self::default()
        });
        Ok(members.finish(rotation, "a rotation of keys")?)
    }
}

fn one_of() -> FieldError {
    let known = Algorithm::ISSUED.map(Algorithm::name).join(", ");
    FieldError::new("algorithm", format!("must be one of {known}"))
}

/// Lets the next keys sign from now on; gives every key.
pub async fn rotate(authority: &Authority, rotation: &Rotation) -> AdminOutcome<Page<KeyView>> {
    let algorithms = rotation.algorithm.as_ref().map_or(&Algorithm::ISSUED[..], slice::from_ref);
    keys::rotate(authority, algorithms).await.map_err(|error| match error {
        KeysError::Fault(fault) => AdminRefusal::from(fault),
        other => AdminRefusal::Failure(Failure::Signing(other.to_string())),
    })?;
    Ok(Page { items: all(authority).await?, next: None })
}

async fn all(authority: &Authority) -> AdminOutcome<Vec<KeyView>> {
    let found = keys::list(authority).await?;
    let view = |keys::KeyView { record, state, retired_at }| KeyView {
        kid: record.kid,
        algorithm: record.algorithm.name().to_owned(),
        state: KeyState::from(state),
        created_at: record.created_at,
        active_from: record.active_from,
        retired_at,
        jwk: record.public.to_value(),
    };
    let mut views: Vec<_> = found.into_iter().map(view).collect();
    views.sort_by(|one, other| one.kid.cmp(&other.kid));
    Ok(views)
}
