//! The `claims` parameter: single claims that a client asks for (OpenID Connect Core 1.0 section 5.5).
//!
//! A claim that nobody has is left out, essential or not (section 5.5.1); only `sub` and `acr` with a value can refuse a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::STANDARD;
use super::error::{Refusal, invalid_request};

/// Longest `claims` that is read, in bytes, and most claims in one place.
const LONGEST: usize = 4_096;
const MOST: usize = 50;

/// How a claim is asked for. `null` and `{}` ask for it and say no more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    #[serde(default)]
    pub essential: bool,
    /// The values that would do, from `value` or `values`; none named, any does.
    #[serde(default)]
    pub values: Vec<Value>,
}

impl Demand {
    /// The values as texts. What is none becomes one that nothing is equal to.
    pub fn texts(&self) -> Vec<String> {
        self.values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
    }
}

/// What is asked for, by where it should be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    pub userinfo: BTreeMap<String, Demand>,
    pub id_token: BTreeMap<String, Demand>,
}

/// The names of the claims about a person that were granted one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimNames {
    #[serde(default)]
    pub userinfo: Vec<String>,
    #[serde(default)]
    pub id_token: Vec<String>,
}

impl ClaimNames {
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Each name once.
    pub fn all(&self) -> Vec<String> {
        let mut names: Vec<_> = self.userinfo.iter().chain(&self.id_token).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}

impl ClaimsRequest {
    /// Reads the parameter. Members and claims that nobody knows are passed over.
    pub fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else { return Ok(Self::default()) };
        if text.len() > LONGEST {
            return Err(invalid_request("claims is longer than 4096 bytes"));
        }
        let broken = invalid_request("claims is not a JSON object");
        let Ok(Value::Object(members)) = serde_json::from_str(text) else { return Err(broken) };
        Ok(Self { userinfo: demands(&members, "userinfo")?, id_token: demands(&members, "id_token")? })
    }

    /// The claims about a person that are asked for.
    pub fn names(&self) -> ClaimNames {
        let known = |asked: &BTreeMap<String, Demand>| {
            asked.keys().filter(|name| STANDARD.iter().any(|(known, ..)| known == name)).cloned().collect()
        };
        ClaimNames { userinfo: known(&self.userinfo), id_token: known(&self.id_token) }
    }

    /// How the level of authentication is asked for in the ID token (section 5.5.1.1).
    pub fn acr(&self) -> Option<&Demand> {
        self.id_token.get("acr")
    }

    /// The one subject that will do, if one is demanded; an answer about anybody else must not be given (section 5.5.1).
    pub fn subject(&self) -> Option<&str> {
        let demands = [&self.id_token, &self.userinfo].into_iter().filter_map(|asked| asked.get("sub"));
        demands.into_iter().find_map(|demand| demand.values.first()?.as_str())
    }
}

fn demands(members: &Map<String, Value>, place: &str) -> Result<BTreeMap<String, Demand>, Refusal> {
    let asked = match members.get(place) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(asked)) if asked.len() <= MOST => asked,
        Some(_) => return Err(invalid_request("a member of claims is not an object of at most 50 claims")),
    };
    asked.iter().map(|(name, how)| Ok((name.clone(), demand(how)?))).collect()
}

fn demand(how: &Value) -> Result<Demand, Refusal> {
    let wrong = || invalid_request("a claim is asked for in a way that is not known");
    let members = match how {
        Value::Null => return Ok(Demand::default()),
        Value::Object(members) => members,
        _ => return Err(wrong()),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(Value::Bool(essential)) => *essential,
        Some(_) => return Err(wrong()),
    };
    let values = match (members.get("value"), members.get("values")) {
        (None, None) => Vec::new(),
        (Some(value), None) => vec![value.clone()],
        (None, Some(Value::Array(values))) => values.clone(),
        _ => return Err(wrong()),
    };
    Ok(Demand { essential, values })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> ClaimsRequest {
        ClaimsRequest::parse(Some(&value.to_string())).unwrap()
    }

    #[test]
    fn reads_what_is_asked_for_and_passes_over_the_rest() {
        let request = parse(&json!({
            "userinfo": {"name": {"essential": true}, "email": null, "http://example.info/claims/groups": null},
            "id_token": {"auth_time": {"essential": true}, "nickname": {}, "acr": {"values": ["a", "b"]}},
            "vp_token": {}
        }));
        assert_eq!(
            request.names(),
            ClaimNames { userinfo: vec!["email".into(), "name".into()], id_token: vec!["nickname".into()] }
        );
        assert!(request.userinfo["name"].essential && !request.userinfo["email"].essential);
        assert_eq!(request.id_token["acr"].values, [json!("a"), json!("b")]);
        assert!(ClaimsRequest::parse(None).unwrap().names().is_empty());
    }

    #[test]
    fn a_subject_may_be_demanded() {
        let request = parse(&json!({"id_token": {"sub": {"value": "x"}}}));
        assert_eq!(request.subject(), Some("x"));
        assert_eq!(parse(&json!({"id_token": {"sub": null}})).subject(), None);
    }

    #[test]
    fn refuses_what_is_no_request_for_claims() {
        let long = format!("{{\"x\":\"{}\"}}", "y".repeat(LONGEST));
        for text in [
            "",
            "[]",
            "1",
            "{",
            "{\"userinfo\":1}",
            "{\"userinfo\":{\"name\":1}}",
            "{\"userinfo\":{\"name\":true}}",
            "{\"id_token\":{\"name\":{\"essential\":\"yes\"}}}",
            "{\"id_token\":{\"acr\":{\"values\":\"a\"}}}",
            "{\"id_token\":{\"acr\":{\"value\":\"a\",\"values\":[\"a\"]}}}",
            &long,
        ] {
            assert!(ClaimsRequest::parse(Some(text)).is_err(), "{text}");
        }
    }
}
