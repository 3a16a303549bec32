//! The parameters of an authorization request inside a JWT (OpenID Connect Core 1.0 section 6; RFC 9101).

use serde_json::{Map, Value};

use super::error::{Code, Refusal};
use super::params::Params;

/// Claims of the JWT itself, which are no parameters.
const ABOUT_ITSELF: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// `invalid_request_object` with this sentence.
pub const fn invalid(description: &'static str) -> Refusal {
    Refusal::new(Code::InvalidRequestObject, description)
}

/// Where a request object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Value(&'a str),
    /// Behind this address.
    Reference(&'a str),
}

/// The request object that a request brings, if any.
pub fn place(params: &Params) -> Result<Option<Place<'_>>, Refusal> {
    match (params.one("request")?, params.one("request_uri")?) {
        (None, None) => Ok(None),
        (Some(object), None) => Ok(Some(Place::Value(object))),
        (None, Some(uri)) => Ok(Some(Place::Reference(uri))),
        (Some(_), Some(_)) => Err(super::error::invalid_request("request and request_uri stand together")),
    }
}

/// Whether parameters beside the object count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Where the object does not name them (OpenID Connect Core 1.0 section 6.1).
    Counts,
    /// Never: what is not signed is not asked (RFC 9101 section 6.3).
    Ignored,
}

/// The parameters as they count: those of the object, over those beside it.
///
/// `client_id` and `response_type` must be the same in both where both have them.
pub fn unfold(outer: &Params, claims: &Map<String, Value>, beside: Beside) -> Result<Params, Refusal> {
    let mut pairs = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str())) {
        match (name.as_str(), value) {
            // A JWT that names the client as its subject could be meant to authenticate it (RFC 9101 section 10.8).
            ("sub", _) => return Err(invalid("the request object has a sub")),
            ("request" | "request_uri", _) => return Err(invalid("the request object holds another one")),
            (_, Value::String(text)) => pairs.push((name.clone(), text.clone())),
            (_, Value::Number(_) | Value::Bool(_)) | ("claims", Value::Object(_)) => {
                pairs.push((name.clone(), value.to_string()));
            }
            ("resource", Value::Array(several)) => {
                for uri in several {
                    let uri = uri.as_str().ok_or(invalid("resource in the request object is not a list of texts"))?;
                    pairs.push((name.clone(), uri.to_owned()));
                }
            }
            _ if name.len() > 40 || !is_parameter(name) => {}
            _ => return Err(invalid("a parameter in the request object has the wrong type")),
        }
    }
    let inner = Params::of(pairs)?;
    for name in ["client_id", "response_type"] {
        if let (Some(inner), Some(outer)) = (inner.one(name)?, outer.one(name)?)
            && inner != outer
        {
            return Err(invalid("client_id or response_type differs inside and outside of the request object"));
        }
    }
    let counts = |name: &str| match beside {
        Beside::Counts => !matches!(name, "request" | "request_uri"),
        Beside::Ignored => name == "client_id",
    };
    Ok(inner.over(&outer.only(counts)))
}

/// The parameters that a wrong type would change the meaning of; others are unknown and passed over.
fn is_parameter(name: &str) -> bool {
    matches!(
        name,
        "client_id"
            | "response_type"
            | "response_mode"
            | "redirect_uri"
            | "scope"
            | "state"
            | "nonce"
            | "code_challenge"
            | "code_challenge_method"
            | "prompt"
            | "max_age"
            | "login_hint"
            | "id_token_hint"
            | "acr_values"
            | "claims"
            | "resource"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unfolded(outer: &str, claims: Value, beside: Beside) -> Result<Params, Refusal> {
        let Value::Object(claims) = claims else { panic!() };
        unfold(&Params::parse(outer.as_bytes()).unwrap(), &claims, beside)
    }

    #[test]
    fn what_is_signed_counts_more_than_what_is_not() {
        let claims = json!({
            "iss": "app", "aud": "https://id", "exp": 1, "client_id": "app", "state": "inner", "max_age": 60,
            "claims": {"userinfo": {"name": null}}, "resource": ["https://a", "https://b"], "unknown": {"x": 1}
        });
        let params = unfolded("client_id=app&state=outer&scope=openid", claims.clone(), Beside::Counts).unwrap();
        assert_eq!(params.one("state").unwrap(), Some("inner"));
        assert_eq!(params.one("max_age").unwrap(), Some("60"));
        assert_eq!(params.one("scope").unwrap(), Some("openid"));
        assert_eq!(params.one("claims").unwrap(), Some(r#"{"userinfo":{"name":null}}"#));
        assert_eq!(params.all("resource"), ["https://a", "https://b"]);
        assert_eq!((params.one("iss").unwrap(), params.one("unknown").unwrap()), (None, None));
        let params = unfolded("client_id=app&state=outer&scope=openid", claims, Beside::Ignored).unwrap();
        assert_eq!((params.one("scope").unwrap(), params.one("client_id").unwrap()), (None, Some("app")));
    }

    #[test]
    fn the_object_itself_does_not_count_twice() {
        let params = unfolded("client_id=app&request=x.y.z", json!({"scope": "openid"}), Beside::Counts).unwrap();
        assert_eq!(params.one("request").unwrap(), None);
    }

    #[test]
    fn refuses_what_could_mean_two_things() {
        for claims in [
            json!({"client_id": "other"}),
            json!({"response_type": "id_token"}),
            json!({"sub": "app"}),
            json!({"request": "x.y.z"}),
            json!({"request_uri": "https://a"}),
            json!({"state": ["a"]}),
            json!({"redirect_uri": {"a": 1}}),
            json!({"nonce": null}),
            json!({"claims": [1]}),
            json!({"resource": [1]}),
        ] {
            let refused = unfolded("client_id=app&response_type=code", claims.clone(), Beside::Counts);
            assert_eq!(refused.err().unwrap().code, Code::InvalidRequestObject, "{claims}");
        }
        let both = Params::parse(b"request=a&request_uri=b").unwrap();
        assert_eq!(place(&both).unwrap_err().code, Code::InvalidRequest);
    }
}
