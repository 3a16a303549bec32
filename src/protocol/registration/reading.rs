//! Client metadata as it arrives: each member is read by itself, so that what is wrong has a name (RFC 7591 section 2).

use serde_json::{Value, json};

use super::ClientMetadata;

/// A member that does not read.
#[derive(Debug)]
pub struct Misfit {
    pub member: String,
    /// The place in a list.
    pub item: Option<usize>,
    pub error: serde_json::Error,
}

/// Whether client metadata has a member of this name.
pub fn is_member(name: &str) -> bool {
    alone(name, &Value::Null).map_or_else(|error| !error.to_string().starts_with("unknown field"), |_| true)
}

/// What is wrong with one member alone; every member has a default, so each can be read without the others.
pub fn misfit(name: &str, value: &Value) -> Option<Misfit> {
    let error = alone(name, value).err()?;
    let is_list = alone(name, &json!([])).is_ok();
    let mut items = value.as_array().filter(|_| is_list).into_iter().flatten().enumerate();
    let item = items.find_map(|(index, item)| Some((index, alone(name, &json!([item])).err()?)));
    let (item, error) = item.map_or((None, error), |(index, error)| (Some(index), error));
    Some(Misfit { member: name.to_owned(), item, error })
}

fn alone(name: &str, value: &Value) -> Result<ClientMetadata, serde_json::Error> {
    serde_json::from_value(json!({ name: value }))
}
