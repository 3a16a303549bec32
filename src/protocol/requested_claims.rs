//! The `claims` parameter (OpenID Connect Core 1.0 section 5.5): the levels it asks for in the ID token.

use serde::Deserialize;
use serde_json::Value;

use super::error::{Refusal, invalid_request};

/// What the parameter asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedClaims {
    pub acr: RequestedAcr,
}

/// The levels of which the ID token must tell one (section 5.5.1.1), or had better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedAcr {
    pub essential: Vec<String>,
    pub voluntary: Vec<String>,
}

/// How one claim is asked for; null asks without conditions.
#[derive(Default, Deserialize)]
struct Wish {
    #[serde(default)]
    essential: bool,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl RequestedClaims {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_str(text).map_err(|_| invalid_request("claims is not JSON"))?;
        if !value.is_object() {
            return Err(invalid_request("claims is not a JSON object"));
        }
        Ok(Self { acr: RequestedAcr::read(&value["id_token"]["acr"])? })
    }
}

impl RequestedAcr {
    fn read(wish: &Value) -> Result<Self, Refusal> {
        let wish: Option<Wish> = serde_json::from_value(wish.clone())
            .map_err(|_| invalid_request("claims asks for acr in a way that has no meaning"))?;
        let Wish { essential, value, mut values } = wish.unwrap_or_default();
        values.splice(0..0, value);
        Ok(if essential {
            Self { essential: values, voluntary: vec![] }
        } else {
            Self { essential: vec![], voluntary: values }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::error::Code;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let RequestedAcr { essential, voluntary } = RequestedClaims::parse(text).unwrap().acr;
        (essential, voluntary)
    }

    #[test]
    fn tells_what_must_be_from_what_may_be() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (text, essential, voluntary) in [
            ("{}", "", ""),
            (r#"{"userinfo":{"acr":{"essential":true,"value":"a"}}}"#, "", ""),
            (r#"{"id_token":{"email":null}}"#, "", ""),
            (r#"{"id_token":{"acr":null}}"#, "", ""),
            (r#"{"id_token":{"acr":{"essential":true}}}"#, "", ""),
            (r#"{"id_token":{"acr":{"essential":true,"value":"a"}}}"#, "a", ""),
            (r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#, "a b", ""),
            (r#"{"id_token":{"acr":{"values":["a","b"]}}}"#, "", "a b"),
            (r#"{"id_token":{"acr":{"essential":false,"value":"a"}}}"#, "", "a"),
        ] {
            assert_eq!(read(text), (words(essential), words(voluntary)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_request() {
        for text in ["", "{", "[]", "1", r#"{"id_token":{"acr":5}}"#, r#"{"id_token":{"acr":{"values":"a"}}}"#] {
            assert_eq!(RequestedClaims::parse(text).unwrap_err().code, Code::InvalidRequest, "{text}");
        }
    }
}
