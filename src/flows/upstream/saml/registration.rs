//! A SAML provider as an admin gives it: by its metadata or member by member, and with a key of ours made for it alone.

use serde_json::{Map, Value};

use super::super::seal_secret;
use crate::base::duration::Duration;
use crate::flows::{Authority, Outcome};
use crate::protocol::admin::FieldError;
use crate::protocol::admin::provider::LONGEST_METADATA;
use crate::protocol::provider::Settings;
use crate::saml::certificate::{BadCertificate, Certificate, OwnKey};
use crate::saml::metadata;
use crate::store::db::Fault;

/// For how long our metadata says that it is good.
pub(super) const METADATA_LIFE: Duration = Duration::days(7);

/// What is asked, with the members that its `metadata` describes. A member that is named beside it counts more.
pub fn described(authority: &Authority, mut members: Map<String, Value>) -> Result<Map<String, Value>, FieldError> {
    let Some(text) = members.remove("metadata").filter(|given| !given.is_null()) else { return Ok(members) };
    let wrong = |why: String| FieldError::new("metadata", why);
    let text = text.as_str().filter(|text| (1..=LONGEST_METADATA).contains(&text.chars().count()));
    let text = text.ok_or_else(|| wrong(format!("must be XML in a text of 1 to {LONGEST_METADATA} characters")))?;
    let found = metadata::read(text, authority.now()).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let binding = serde_json::to_value(found.slo_binding).unwrap_or_default();
    for (name, value) in [
        ("issuer", found.entity.into()),
        ("sso_url", found.sso_url.into()),
        ("slo_url", found.slo_url.into()),
        ("slo_response_url", found.slo_response_url.into()),
        ("slo_binding", binding),
        ("certificates", found.certificates.into()),
    ] {
        members.entry(name).or_insert(value);
    }
    Ok(members)
}

/// What is wrong with its certificates.
pub fn check(settings: &Settings) -> Vec<FieldError> {
    let bad = |own: &String| Certificate::read(own).err();
    let named = |error: BadCertificate| FieldError::new("certificates", error.to_string());
    settings.certificates.iter().find_map(bad).map(named).into_iter().collect()
}

/// A new key of ours with its certificate, sealed.
pub async fn new_secret(authority: &Authority, id: &str) -> Outcome<Option<Vec<u8>>> {
    let (now, entropy) = (authority.now(), authority.entropy.clone());
    let host = url::Url::parse(&authority.policy.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    let name = host.unwrap_or_else(|| "doorward".into());
    let made = tokio::task::spawn_blocking(move || OwnKey::generate(&name, now, entropy.as_ref()));
    let made = made.await.map_err(|_| Fault::contradiction("provider", "the thread that makes a key died"))?;
    Ok(Some(seal_secret(authority, id, &made.map_err(super::keyless)?.reveal())))
}
