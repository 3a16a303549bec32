//! How a client says who it is, at every endpoint that asks
//! (RFC 6749 section 2.3; RFC 7523 section 2.2; RFC 10070).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{Code, Refusal};
use super::params::Params;
use crate::base::secret::Typed;

/// The only client assertion type (RFC 7523 section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented. Exactly one method a request.
#[derive(Debug)]
pub enum Presented {
    /// `client_id` alone.
    None { client_id: String },
    /// `client_secret_basic`
    Basic { client_id: String, secret: Typed },
    /// `client_secret_post`
    Post { client_id: String, secret: Typed },
    /// `private_key_jwt` or `client_secret_jwt`; the id is what the request says, the assertion must say the same.
    Assertion { client_id: Option<String>, assertion: String },
}

const INVALID: Refusal = Refusal::new(Code::InvalidClient, "client authentication failed");

impl Presented {
    /// Reads the `Authorization` header and the body.
    ///
    /// A Basic header with an empty secret says no more than the id in it: clients that try it first are public ones.
    pub fn parse(authorization: Option<&str>, params: &Params) -> Result<Self, Refusal> {
        let body_id = params.one("client_id")?;
        let body_secret = params.one("client_secret")?;
        let assertion = match (params.one("client_assertion_type")?, params.one("client_assertion")?) {
            (None, None) => None,
            (Some(JWT_BEARER), Some(assertion)) => Some(assertion),
            _ => return Err(INVALID.because("client_assertion and its type do not go together")),
        };
        let basic = authorization.map(parse_basic).transpose()?;
        if let (Some((basic_id, _)), Some(body_id)) = (&basic, body_id)
            && basic_id != body_id
        {
            return Err(INVALID.because("client_id differs between header and body"));
        }
        let with_secret = basic.as_ref().is_some_and(|(_, secret)| !secret.is_empty());
        if usize::from(with_secret) + usize::from(body_secret.is_some()) + usize::from(assertion.is_some()) > 1 {
            return Err(Refusal::new(Code::InvalidRequest, "more than one way of client authentication"));
        }
        let client_id = basic.as_ref().map(|(id, _)| id.as_str()).or(body_id).map(str::to_owned);
        match (basic, body_secret, assertion, client_id) {
            (_, _, Some(assertion), client_id) => Ok(Self::Assertion { client_id, assertion: assertion.to_owned() }),
            (Some((_, secret)), _, _, Some(client_id)) if with_secret => {
                Ok(Self::Basic { client_id, secret: Typed::new(secret) })
            }
            (_, Some(secret), _, Some(client_id)) => {
                Ok(Self::Post { client_id, secret: Typed::new(secret.to_owned()) })
            }
            (_, _, _, Some(client_id)) => Ok(Self::None { client_id }),
            (_, _, _, None) => Err(INVALID.because("no client_id")),
        }
    }
}

/// `Basic base64(urlencode(id):urlencode(secret))` (RFC 6749 section 2.3.1).
fn parse_basic(header: &str) -> Result<(String, String), Refusal> {
    let malformed = || INVALID.because("Authorization is not well-formed Basic");
    let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    Ok((form_decode(id).ok_or_else(malformed)?, form_decode(secret).ok_or_else(malformed)?))
}

fn form_decode(text: &str) -> Option<String> {
    let pair = format!("v={}", text.replace('&', "%26"));
    match text {
        "" => Some(String::new()),
        _ => Params::parse(pair.as_bytes()).ok()?.first("v").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(authorization: Option<&str>, body: &str) -> Result<Presented, Refusal> {
        Presented::parse(authorization, &Params::parse(body.as_bytes()).unwrap())
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn reads_each_method() {
        assert!(matches!(presented(None, "client_id=a").unwrap(), Presented::None { client_id } if client_id == "a"));
        assert!(matches!(presented(Some(&basic("a%3Ab:s%2B+")), "").unwrap(),
            Presented::Basic { client_id, secret } if client_id == "a:b" && secret.expose() == "s+ "));
        assert!(matches!(presented(None, "client_id=a&client_secret=s").unwrap(),
            Presented::Post { secret, .. } if secret.expose() == "s"));
        let assertion = format!("client_assertion_type={JWT_BEARER}&client_assertion=x.y.z");
        assert!(matches!(presented(None, &assertion).unwrap(), Presented::Assertion { client_id: None, .. }));
    }

    #[test]
    fn basic_with_an_empty_secret_is_a_public_client() {
        let header = basic("a:");
        assert!(matches!(presented(Some(&header), "").unwrap(), Presented::None { client_id } if client_id == "a"));
        assert!(matches!(presented(Some(&header), "client_id=a").unwrap(), Presented::None { .. }));
    }

    #[test]
    fn refuses_two_methods_and_malformed_ones() {
        for (header, body) in [
            (Some(basic("a:s")), "client_id=a&client_secret=s"),
            (Some(basic("a:s")), "client_id=b"),
            (Some("Basic !!".into()), ""),
            (Some(basic("nocolon")), ""),
            (Some(basic("a%zz:s")), ""),
            (Some("Bearer x".into()), "client_id=a"),
            (Some("Basic".into()), "client_id=a"),
            (None, ""),
            (None, "client_id=a&client_assertion=x"),
            (None, "client_id=a&client_assertion=x&client_assertion_type=other"),
        ] {
            assert!(presented(header.as_deref(), body).is_err(), "{header:?} {body}");
        }
    }
}
