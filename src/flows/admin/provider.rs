//! Providers that people sign in through. Their secrets are never shown, not even once: whoever sends one has it.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{AdminOutcome, AdminRefusal, TRIES, one_more, page, position};
use crate::domain::identity::Realm;
use crate::domain::provider::Provider;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::flows::ending::{self, Begun};
use crate::flows::upstream::{address, saml, seal_secret};
use crate::flows::{Authority, Outcome};
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::precondition::Precondition;
use crate::protocol::admin::provider::{NewProvider, SecretChange};
use crate::protocol::admin::{FieldError, Page};
use crate::protocol::provider::{Kind, Settings};
use crate::store;
use crate::store::db::{Fault, Tx};

/// A provider as an admin sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
pub struct ProviderView {
    pub id: String,
    #[serde(flatten)]
    pub settings: Settings,
    /// Whether a secret is kept.
    pub has_secret: bool,
    /// What to register there: as a redirect URI, as a `post_logout_redirect_uris` entry, as the back-channel logout URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// What a `saml` provider must know of us: our entity identifier, our metadata, where answers go, where sign-outs go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_logout_uri: Option<String>,
    pub created_at: chrono::DateTime<Utc>,
    pub updated_at: chrono::DateTime<Utc>,
    /// For the entity tag.
    #[serde(skip)]
    pub version: i64,
}

impl ProviderView {
    fn of(authority: &Authority, provider: Provider) -> Self {
        let Provider { id, settings, sealed_secret, version, created_at, updated_at } = provider;
        let is_saml = settings.kind == Kind::Saml;
        let of_saml = |page| is_saml.then(|| address(authority, &id, page));
        let of_others = |page| (!is_saml).then(|| address(authority, &id, page));
        Self {
            redirect_uri: of_others("callback"),
            post_logout_redirect_uri: of_others("signed-out"),
            backchannel_logout_uri: of_others("backchannel-logout"),
            entity_id: is_saml.then(|| saml::entity(authority, &id, &settings)),
            metadata_uri: of_saml("metadata"),
            acs_uri: of_saml("acs"),
            single_logout_uri: of_saml("slo"),
            has_secret: sealed_secret.is_some(),
            id,
            settings,
            created_at,
            updated_at,
            version,
        }
    }
}

const LIST: &str = "providers";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("provider");

pub async fn create(authority: &Authority, members: Map<String, Value>) -> AdminOutcome<ProviderView> {
    let NewProvider { id, client_secret, settings, .. } = NewProvider::read(saml::described(authority, members)?)?;
    believed(&settings)?;
    let now = authority.now();
    let sealed_secret = match client_secret {
        Some(secret) => Some(seal_secret(authority, &id, &secret)),
        None => own_secret(authority, &id, settings.kind).await?,
    };
    let provider = Provider {
        sealed_secret,
        id,
        settings,
        // A provider that comes back is never taken for the one before.
        version: now.timestamp_micros(),
        created_at: now,
        updated_at: now,
    };
    let written = provider.clone();
    if !authority.db.write(async move |tx| store::provider::insert(tx, &written).await).await? {
        return Err(AdminRefusal::Conflict(FieldError::new("id", "belongs to another provider")));
    }
    Ok(ProviderView::of(authority, provider))
}

/// Refuses certificates that cannot be read.
fn believed(settings: &Settings) -> Result<(), Vec<FieldError>> {
    let wrong = saml::check(settings);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What nobody sends, because it is ours: the key that we sign with towards a `saml` provider.
async fn own_secret(authority: &Authority, id: &str, kind: Kind) -> Outcome<Option<Vec<u8>>> {
    if kind == Kind::Saml { saml::new_secret(authority, id).await } else { Ok(None) }
}

/// By id.
pub async fn list(authority: &Authority, listing: &Listing) -> AdminOutcome<Page<ProviderView>> {
    let after = position(authority, LIST, listing)?;
    let rows = store::provider::page(&authority.db, after.as_deref(), one_more(listing)).await?;
    let rows = rows.into_iter().map(|provider| ProviderView::of(authority, provider)).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |provider: &ProviderView| provider.id.clone())))
}

pub async fn show(authority: &Authority, id: &str) -> AdminOutcome<ProviderView> {
    Ok(ProviderView::of(authority, find(authority, id).await?))
}

/// Puts a merge patch over it.
pub async fn change(
    authority: &Authority,
    id: &str,
    patch: Map<String, Value>,
    precondition: &Precondition,
) -> AdminOutcome<ProviderView> {
    let patch = saml::described(authority, patch)?;
    for _ in 0..TRIES {
        let found = find(authority, id).await?;
        let (asked, secret) = NewProvider::patched(members(&found)?, patch.clone())?;
        believed(&asked.settings)?;
        if !precondition.admits(found.version) {
            return Err(AdminRefusal::Stale);
        }
        if asked.settings == found.settings && secret == SecretChange::Keep {
            return Ok(ProviderView::of(authority, found));
        }
        if let Some(provider) = rewrite(authority, found, asked.settings, secret).await? {
            return Ok(ProviderView::of(authority, provider));
        }
    }
    Err(AdminRefusal::Contended)
}

/// What is shown of it and can be changed.
fn members(provider: &Provider) -> AdminOutcome<Map<String, Value>> {
    let settings = serde_json::to_value(&provider.settings);
    let settings = settings.map_err(|error| AdminRefusal::Malformed(error.to_string()))?;
    let Value::Object(mut members) = settings else { return Ok(Map::new()) };
    members.insert("id".into(), json!(provider.id));
    Ok(members)
}

/// Writes a change; `None` when somebody else was faster. Whose people these are no longer are signed out.
async fn rewrite(
    authority: &Authority,
    found: Provider,
    settings: Settings,
    secret: SecretChange,
) -> Outcome<Option<Provider>> {
    let (before, now) = (found.version, authority.now());
    let stays_saml = (found.settings.kind == Kind::Saml) == (settings.kind == Kind::Saml);
    let sealed_secret = match secret {
        SecretChange::Keep if stays_saml => found.sealed_secret,
        SecretChange::Keep | SecretChange::Remove => own_secret(authority, &found.id, settings.kind).await?,
        SecretChange::Set(secret) => Some(seal_secret(authority, &found.id, &secret)),
    };
    let over = found.settings.enabled && !settings.enabled || Realm::of(&found.settings) != Realm::of(&settings);
    let provider = Provider { settings, sealed_secret, version: before + 1, updated_at: now, ..found };
    let (written, scribe) = (provider.clone(), authority.scribe(now));
    let done = authority.db.write(async move |tx| {
        if !store::provider::update(tx, &written, before).await? {
            return Ok(None);
        }
        if over { end_all(tx, &written.id, &scribe, now).await.map(Some) } else { Ok(Some(Begun::default())) }
    });
    let Some(begun) = done.await? else { return Ok(None) };
    ending::finish(authority, begun).await?;
    Ok(Some(provider))
}

/// Ends what came from a provider that lets nobody in any more.
async fn end_all(
    tx: &mut Tx,
    id: &str,
    scribe: &crate::domain::event::Scribe,
    now: crate::base::clock::Time,
) -> Result<Begun, Fault> {
    let target = Target::Upstream { provider: id.to_owned(), subject: None, session: None };
    let end = End { at: now, reason: EndReason::CredentialRemoved, initiator: Initiator::Admin };
    ending::begin(tx, target, end, scribe).await
}

/// What is gone already stays gone.
pub async fn delete(authority: &Authority, id: &str, precondition: &Precondition) -> AdminOutcome<()> {
    let Some(found) = store::provider::find(&authority.db, id).await? else { return Ok(()) };
    if !precondition.admits(found.version) {
        return Err(AdminRefusal::Stale);
    }
    let version = matches!(precondition, Precondition::OneOf(_)).then_some(found.version);
    let (id, now) = (found.id, authority.now());
    let scribe = authority.scribe(now);
    let gone = authority.db.write(async move |tx| {
        if !store::provider::delete(tx, &id, version).await? {
            return Ok(None);
        }
        end_all(tx, &id, &scribe, now).await.map(Some)
    });
    match gone.await? {
        Some(begun) => drop(ending::finish(authority, begun).await?),
        None if version.is_some() => return Err(AdminRefusal::Stale),
        None => {}
    }
    Ok(())
}

async fn find(authority: &Authority, id: &str) -> AdminOutcome<Provider> {
    store::provider::find(&authority.db, id).await?.ok_or(NOT_FOUND)
}
