//! A logout token that another provider sends us (OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6).

use serde_json::{Map, Value};

use crate::base::clock::Time;
use crate::base::duration::Duration;

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How old a logout token may be, and how far ahead of our clock.
const OLDEST: Duration = Duration::minutes(5);
const SKEW: Duration = Duration::seconds(10);
/// The longest text that is taken out of one, in bytes.
const LONGEST: usize = 500;

/// Who was signed out there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    /// Taken once within its life.
    pub jti: String,
    /// Until when this token would be taken.
    pub good_until: Time,
    pub subject: Option<String>,
    pub session: Option<String>,
}

/// Who sent it, to whom, and what time it is.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub now: Time,
}

impl LogoutToken {
    /// Reads claims whose signature fits. The text of an error is for the log.
    pub fn read(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<Self, &'static str> {
        let text = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if (1..=LONGEST).contains(&text.len()) => Ok(Some(text.clone())),
            Some(_) => Err("a claim is no text of 1 to 500 bytes"),
        };
        if text("iss")?.as_deref() != Some(expected.issuer) {
            return Err("iss is another");
        }
        let alone = |audience: &[Value]| matches!(audience, [Value::String(only)] if only == expected.client_id);
        match claims.get("aud") {
            Some(Value::String(audience)) if audience == expected.client_id => {}
            Some(Value::Array(audience)) if alone(audience) => {}
            _ => return Err("aud is not this client alone"),
        }
        let issued = seconds(claims, "iat")?.ok_or("iat is missing")?;
        let age = expected.now.timestamp() - issued;
        if age > OLDEST.as_seconds() || age < -SKEW.as_seconds() {
            return Err("iat is not of now");
        }
        // Older writers give none (it came with the final text of the standard).
        let expires = seconds(claims, "exp")?.unwrap_or(issued + OLDEST.as_seconds());
        if expected.now.timestamp() >= expires + SKEW.as_seconds() {
            return Err("it has expired");
        }
        if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
            return Err("events does not say logout");
        }
        if claims.contains_key("nonce") {
            return Err("it has a nonce, as an ID token has");
        }
        let (subject, session) = (text("sub")?, text("sid")?);
        if subject.is_none() && session.is_none() {
            return Err("neither sub nor sid is there");
        }
        let jti = text("jti")?.ok_or("jti is missing")?;
        let good_until = expected.now + (OLDEST.delta() + SKEW.delta()) * 2;
        Ok(Self { jti, good_until, subject, session })
    }
}

fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_i64().filter(|seconds| (0..=1_000_000_000_000).contains(seconds));
            seconds.map(Some).ok_or("a time is none")
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn read(change: &[(&str, Value)]) -> Result<LogoutToken, &'static str> {
        let whole = json!({
            "iss": "https://id.example", "aud": "doorward", "iat": NOW, "exp": NOW + 120, "jti": "j", "sub": "s", "sid": "t",
            "events": {EVENT: {}},
        });
        let Value::Object(mut claims) = whole else { unreachable!() };
        for (name, value) in change {
            if value.is_null() {
                claims.remove(*name)
            } else {
                claims.insert((*name).to_owned(), value.clone())
            };
        }
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        LogoutToken::read(&claims, Expected { issuer: "https://id.example", client_id: "doorward", now })
    }

    #[test]
    fn a_logout_token_is_taken() {
        let token = read(&[]).unwrap();
        assert_eq!(
            (token.jti.as_str(), token.subject.as_deref(), token.session.as_deref()),
            ("j", Some("s"), Some("t"))
        );
        for change in [
            vec![("sub", Value::Null)],
            vec![("sid", Value::Null)],
            vec![("exp", Value::Null)],
            vec![("aud", json!(["doorward"]))],
            vec![("iat", json!(NOW - 300)), ("exp", json!(NOW + 1))],
            vec![("exp", json!(NOW - 9))],
        ] {
            assert!(read(&change).is_ok(), "{change:?}");
        }
    }

    #[test]
    fn every_defect_is_refused() {
        for (name, value) in [
            ("iss", json!("https://id.example/")),
            ("iss", Value::Null),
            ("aud", json!("other")),
            ("aud", json!(["doorward", "other"])),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("iat", json!(NOW - 301)),
            ("iat", json!(NOW + 11)),
            ("iat", json!("now")),
            ("iat", Value::Null),
            ("exp", json!(NOW - 10)),
            ("events", Value::Null),
            ("events", json!({"http://schemas.openid.net/event/other": {}})),
            ("events", json!({EVENT: true})),
            ("events", json!([EVENT])),
            ("nonce", json!("n")),
            ("nonce", json!("")),
            ("jti", Value::Null),
            ("jti", json!("")),
            ("sub", json!(5)),
            ("sid", json!("x".repeat(501))),
        ] {
            assert!(read(&[(name, value.clone())]).is_err(), "{name} {value}");
        }
        assert!(read(&[("sub", Value::Null), ("sid", Value::Null)]).is_err());
    }
}
