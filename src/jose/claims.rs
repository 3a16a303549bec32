//! Typed looks into verified claims: a member of the wrong type is refused, never taken for an absent one.

use serde_json::{Map, Value};

/// The latest `NumericDate` that is read: the year 33658, so that sums of a few of them never overflow.
const LATEST: i64 = 1_000_000_000_000;

/// A claim that is there but of the wrong kind.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClaim {
    #[error("{0:?} is not a whole number of seconds since 1970")]
    NotATime(String),
    #[error("{0:?} is not a text")]
    NotAText(String),
}

/// A `NumericDate` (RFC 7519 section 2) in whole seconds; `None` only when the member is absent.
pub fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, BadClaim> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| whole(value.as_f64()?));
    match seconds {
        Some(seconds) if (0..=LATEST).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(BadClaim::NotATime(name.to_owned())),
    }
}

/// A string; `None` only when the member is absent.
pub fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, BadClaim> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadClaim::NotAText(name.to_owned())),
    }
}

/// Some writers give every number a point: `1.0` is a whole number.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "bounds and fraction were looked at")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && (0.0..=LATEST as f64).contains(&number)).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Map<String, Value> {
        Map::from_iter([("exp".to_owned(), value)])
    }

    #[test]
    fn whole_seconds_are_times() {
        for (value, seconds) in [
            (json!(0), 0),
            (json!(1_700_000_000), 1_700_000_000),
            (json!(1.7e9), 1_700_000_000),
            (json!(LATEST), LATEST),
        ] {
            assert_eq!(time(&claims(value), "exp"), Ok(Some(seconds)));
        }
        assert_eq!(time(&Map::new(), "exp"), Ok(None));
    }

    #[test]
    fn anything_else_is_refused_not_overlooked() {
        for value in [
            json!("1700000000"),
            json!(1_700_000_000.5),
            json!(-1),
            json!(-1.0),
            json!(LATEST + 1),
            json!(1e300),
            json!(u64::MAX),
            json!(true),
            json!(null),
            json!([1_700_000_000]),
            json!({}),
        ] {
            let refused = Err(BadClaim::NotATime("exp".to_owned()));
            assert_eq!(time(&claims(value.clone()), "exp"), refused, "{value}");
        }
    }

    #[test]
    fn a_text_is_a_string() {
        assert_eq!(text(&claims(json!("a")), "exp"), Ok(Some("a")));
        assert_eq!(text(&claims(json!("a")), "iss"), Ok(None));
        for value in [json!(null), json!(1), json!(["a"]), json!({})] {
            assert_eq!(text(&claims(value.clone()), "exp"), Err(BadClaim::NotAText("exp".to_owned())), "{value}");
        }
    }
}
