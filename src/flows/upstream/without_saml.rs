//! What a build without SAML does with providers that speak it: nobody gets there, and nothing of theirs is taken.

use serde_json::{Map, Value};

use super::journey::{Departure, Journey};
use crate::domain::provider::Provider;
use crate::domain::session::Session;
use crate::flows::logout::Farewell;
use crate::flows::{Authority, Outcome};
use crate::protocol::admin::FieldError;
use crate::protocol::provider::Settings;

pub fn depart(_: &Authority, _: &Provider, _: Journey) -> Outcome<Option<Departure>> {
    Ok(None)
}

pub async fn farewell(_: &Authority, _: &Session, _: &Provider, _: &Farewell) -> Outcome<Option<String>> {
    std::future::ready(Ok(None)).await
}

/// Nothing is read from metadata; the reader of providers refuses it.
pub fn described(_: &Authority, members: Map<String, Value>) -> Result<Map<String, Value>, FieldError> {
    Ok(members)
}

/// There is nothing to seal a key for.
pub async fn new_secret(_: &Authority, _: &str) -> Outcome<Option<Vec<u8>>> {
    std::future::ready(Ok(None)).await
}

/// Who we would be there.
pub fn entity(_: &Authority, _: &str, settings: &Settings) -> String {
    settings.client_id.clone()
}

pub fn check(_: &Settings) -> Vec<FieldError> {
    Vec::new()
}
