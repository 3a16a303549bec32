//! The members of a JSON object, taken one by one; whatever is wrong is gathered and named.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::FieldError;

/// Members that are still to be read, and what was wrong with those that were.
pub struct Members {
    rest: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Members {
    pub fn of(rest: Map<String, Value>) -> Self {
        Self { rest, errors: Vec::new() }
    }

    /// Takes a member; absent and null are the same.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.rest.remove(name).filter(|value| !value.is_null())?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(FieldError::new(name, told(&error)));
                None
            }
        }
    }

    /// Takes a member that must be there.
    pub fn required<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        if self.rest.get(name).is_none_or(Value::is_null) {
            self.rest.remove(name);
            self.refuse(FieldError::new(name, "is missing"));
            return T::default();
        }
        self.optional(name).unwrap_or_default()
    }

    /// Takes a member that may not be sent, and says why.
    pub fn forbidden(&mut self, name: &str, why: &str) {
        if self.rest.remove(name).is_some() {
            self.refuse(FieldError::new(name, why));
        }
    }

    pub fn refuse(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Everything that was not taken.
    pub fn take_rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.rest)
    }

    /// The value, if nothing was wrong and nothing is left over.
    pub fn finish<T>(mut self, value: T, noun: &str) -> Result<T, Vec<FieldError>> {
        for name in self.rest.keys() {
            self.errors.push(FieldError::new(name, format!("is not a member of {noun}")));
        }
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

/// What a reader said, without its words for our own types.
pub(super) fn told(error: &serde_json::Error) -> String {
    format!("does not fit: {error}")
}

/// Names the first text that holds a NUL character, which no database keeps.
pub fn refuse_nul(value: &Value, path: &str) -> Result<(), FieldError> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let refused = |path: String| Err(FieldError::new(path, "holds a NUL character"));
    match value {
        Value::String(text) if text.contains('\0') => refused(path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| refuse_nul(item, &below(&index.to_string())))
        }
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            if name.contains('\0') {
                return refused(below(&name.replace('\0', "\u{fffd}")));
            }
            refuse_nul(value, &below(name))
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Members {
        let Value::Object(members) = value else { panic!() };
        Members::of(members)
    }

    #[test]
    fn gathers_everything_that_is_wrong() {
        let mut read = members(json!({"a": 1, "b": "x", "c": null, "d": true}));
        assert_eq!(read.optional::<String>("a"), None);
        assert_eq!(read.optional::<String>("b").as_deref(), Some("x"));
        assert_eq!(read.required::<String>("c"), "");
        let fields = read.finish((), "a thing").unwrap_err().into_iter().map(|error| error.field).collect::<Vec<_>>();
        assert_eq!(fields, ["a", "c", "d"]);
    }

    #[test]
    fn takes_null_for_absent() {
        let mut read = members(json!({"a": null}));
        assert_eq!(read.optional::<String>("a"), None);
        assert_eq!(read.finish(7, "a thing"), Ok(7));
    }

    #[test]
    fn finds_nul_anywhere() {
        for (value, path) in [
            (json!({"a": "\0"}), "a"),
            (json!({"a": {"b": ["x", "y\0"]}}), "a.b.1"),
            (json!({"a": {"\0": 1}}), "a.\u{fffd}"),
        ] {
            assert_eq!(refuse_nul(&value, "").unwrap_err().field, path);
        }
        assert_eq!(refuse_nul(&json!({"a": ["b", 1, null, {"c": "\u{1}"}]}), ""), Ok(()));
    }
}
