//! JSON Merge Patch (RFC 7396).

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Puts a patch over an object: null removes a member, an object goes into an object, everything else replaces.
pub fn merge(mut target: Map<String, Value>, patch: Map<String, Value>) -> Map<String, Value> {
    for (name, change) in patch {
        match change {
            Value::Null => drop(target.remove(&name)),
            Value::Object(change) => {
                let inner = match target.remove(&name) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                target.insert(name, Value::Object(merge(inner, change)));
            }
            other => drop(target.insert(name, other)),
        }
    }
    target
}

/// As [`merge`], for an object whose members are known: one that is not known stays, even as null, to be refused by name.
pub fn merge_known(
    target: Map<String, Value>,
    patch: Map<String, Value>,
    is_member: impl Fn(&str) -> bool,
) -> Map<String, Value> {
    let is_strange = |(name, change): &(&String, &Value)| change.is_null() && !is_member(name);
    let strange: Vec<_> = patch.iter().filter(is_strange).map(|(name, _)| (name.clone(), Value::Null)).collect();
    let mut merged = merge(target, patch);
    merged.extend(strange);
    merged
}

/// The schema of patches for objects of a type: nothing is demanded, and null may stand everywhere.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = T::json_schema(generator);
    schema.remove("required");
    if let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        allow_null(members);
    }
    schema
}

fn allow_null(members: &mut Map<String, Value>) {
    for member in members.values_mut() {
        if let Some(inner) = member.as_object_mut() {
            inner.remove("default");
            if let Some(deeper) = inner.get_mut("properties").and_then(Value::as_object_mut) {
                allow_null(deeper);
            }
        }
        *member = json!({ "anyOf": [member.take(), { "type": "null" }] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7396 appendix A whose target and patch are objects.
    #[test]
    fn does_what_the_examples_do() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let (Value::Object(before), Value::Object(change)) = (target.clone(), patch.clone()) else { panic!() };
            assert_eq!(Value::Object(merge(before, change)), result, "{target} {patch}");
        }
    }
}
