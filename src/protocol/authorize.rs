//! The authorization request (RFC 6749 section 4.1.1; OpenID Connect Core 1.0 section 3.1.2.1).

use serde::{Deserialize, Serialize};

use super::claims_request::{ClaimsRequest, Demand};
use super::error::{Code, Refusal, invalid_request};
use super::params::Params;
use super::pkce::Challenge;
use super::redirect::ReturnAddress;
use super::response::{self, ResponseMode, ResponseType};
use super::scope::Scope;

/// What `prompt` asks for (OpenID Connect Core 1.0 section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "prompt is a set of four words")]
pub struct Prompt {
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    pub select_account: bool,
}

/// A validated request, with an address proven to be the client's. It waits in the addresses of pages: what is added to it
/// needs a default, so that a page of the release before is still understood.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub address: ReturnAddress,
    #[serde(default)]
    pub response_type: ResponseType,
    pub response_mode: ResponseMode,
    pub scope: Scope,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub challenge: Option<Challenge>,
    pub prompt: Prompt,
    /// Seconds since the last authentication, at most.
    pub max_age: Option<u32>,
    pub login_hint: Option<String>,
    pub id_token_hint: Option<String>,
    /// The domain of a provider that the person belongs to (OpenID Connect Enterprise Extensions).
    #[serde(default)]
    pub domain_hint: Option<String>,
    /// Levels that had better be reached, best first.
    pub acr_values: Vec<String>,
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// RFC 8707.
    pub resources: Vec<String>,
}

/// Longest parameter that travels with a request, in bytes, and most resources.
const LONGEST: usize = 2_048;
const MOST_RESOURCES: usize = 10;

impl AuthorizationRequest {
    /// Reads everything but the address, which was proven before: from here on a refusal may be sent to it.
    pub fn parse(params: &Params, client_id: &str, address: ReturnAddress) -> Result<Self, Refusal> {
        params.refuse_repeated()?;
        if params.one("registration")?.is_some() {
            return Err(Refusal::new(Code::RegistrationNotSupported, "registration is not supported"));
        }
        let (response_type, response_mode) = response::asked(params)?;
        let nonce = bounded(params, "nonce")?;
        // OpenID Connect Core 1.0 sections 3.2.2.1 and 3.3.2.11.
        if response_type.gives_id_token() && nonce.is_none() {
            return Err(invalid_request("nonce is missing"));
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            address,
            response_type,
            response_mode,
            scope: params.one("scope")?.unwrap_or_default().parse()?,
            state: bounded(params, "state")?,
            nonce,
            challenge: Challenge::parse(params.one("code_challenge")?, params.one("code_challenge_method")?)?,
            prompt: prompt(params.one("prompt")?)?,
            max_age: params
                .one("max_age")?
                .map(|text| text.parse().map_err(|_| invalid_request("max_age is not a number of seconds")))
                .transpose()?,
            login_hint: bounded(params, "login_hint")?,
            id_token_hint: bounded(params, "id_token_hint")?,
            domain_hint: bounded(params, "domain_hint")?,
            acr_values: bounded(params, "acr_values")?
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            claims: ClaimsRequest::parse(params.one("claims")?)?,
            resources: resources(params)?,
        })
    }
}

impl AuthorizationRequest {
    /// The levels of which one must be reached (OpenID Connect Core 1.0 section 5.5.1.1).
    pub fn essential_acr(&self) -> Vec<String> {
        self.claims.acr().filter(|demand| demand.essential).map(Demand::texts).unwrap_or_default()
    }

    /// The levels that had better be reached, best first.
    pub fn preferred_acr(&self) -> Vec<String> {
        let claimed = self.claims.acr().filter(|demand| !demand.essential).map(Demand::texts);
        self.acr_values.iter().cloned().chain(claimed.unwrap_or_default()).collect()
    }
}

fn bounded(params: &Params, name: &str) -> Result<Option<String>, Refusal> {
    match params.one(name)? {
        Some(value) if value.len() > LONGEST => Err(invalid_request("a parameter is longer than 2048 bytes")),
        value => Ok(value.map(str::to_owned)),
    }
}

fn resources(params: &Params) -> Result<Vec<String>, Refusal> {
    let resources = params.all("resource");
    if resources.len() > MOST_RESOURCES || resources.iter().any(|uri| uri.len() > LONGEST) {
        return Err(Refusal::new(Code::InvalidTarget, "resource is too long or too often there"));
    }
    Ok(resources)
}

fn prompt(text: Option<&str>) -> Result<Prompt, Refusal> {
    let mut prompt = Prompt::default();
    for word in text.unwrap_or_default().split_whitespace() {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(invalid_request("prompt holds an unknown word")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
        return Err(invalid_request("prompt=none stands alone"));
    }
    Ok(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<AuthorizationRequest, Refusal> {
        let address = ReturnAddress { uri: "https://app.example/cb".into(), named: true };
        AuthorizationRequest::parse(&Params::parse(query.as_bytes()).unwrap(), "app", address)
    }

    #[test]
    fn reads_a_request() {
        let query = "response_type=code&scope=openid+email&state=s&nonce=n&max_age=60&prompt=login+consent\
                     &response_mode=form_post&resource=https://a&resource=https://b&unknown=ignored";
        let request = parse(query).unwrap();
        assert_eq!(request.scope.to_string(), "openid email");
        assert_eq!(request.max_age, Some(60));
        assert!(request.prompt.login && request.prompt.consent && !request.prompt.none);
        assert_eq!(request.response_mode, ResponseMode::FormPost);
        assert_eq!(request.resources, ["https://a", "https://b"]);
    }

    #[test]
    fn tells_levels_that_must_be_from_those_that_may_be() {
        let levels = |claims: &str| {
            let claims = claims.replace('"', "%22");
            let request = parse(&format!("response_type=code&acr_values=x+y&claims={claims}")).unwrap();
            (request.essential_acr().join(" "), request.preferred_acr().join(" "))
        };
        for (claims, essential, preferred) in [
            ("{}", "", "x y"),
            (r#"{"userinfo":{"acr":{"essential":true,"value":"a"}}}"#, "", "x y"),
            (r#"{"id_token":{"acr":null}}"#, "", "x y"),
            (r#"{"id_token":{"acr":{"essential":true}}}"#, "", "x y"),
            (r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#, "a b", "x y"),
            (r#"{"id_token":{"acr":{"value":"a"}}}"#, "", "x y a"),
            (r#"{"id_token":{"acr":{"essential":true,"value":5}}}"#, "5", "x y"),
        ] {
            assert_eq!(levels(claims), (essential.to_owned(), preferred.to_owned()), "{claims}");
        }
    }

    #[test]
    fn refuses_with_the_registered_code() {
        let long = format!("response_type=code&state={}", "s".repeat(2_049));
        for (query, code) in [
            ("", Code::InvalidRequest),
            ("response_type=token", Code::UnsupportedResponseType),
            ("response_type=code+id_token", Code::InvalidRequest),
            ("response_type=id_token+token", Code::InvalidRequest),
            ("response_type=code&claims=x", Code::InvalidRequest),
            ("response_type=code&response_type=code", Code::InvalidRequest),
            ("response_type=code&x=1&x=1", Code::InvalidRequest),
            ("response_type=code&prompt=none+login", Code::InvalidRequest),
            ("response_type=code&prompt=create", Code::InvalidRequest),
            ("response_type=code&max_age=-1", Code::InvalidRequest),
            ("response_type=code&max_age=soon", Code::InvalidRequest),
            ("response_type=code&scope=%22", Code::InvalidScope),
            ("response_type=code&code_challenge=x&code_challenge_method=plain", Code::InvalidRequest),
            ("response_type=code&registration={}", Code::RegistrationNotSupported),
            (long.as_str(), Code::InvalidRequest),
        ] {
            assert_eq!(parse(query).unwrap_err().code, code, "{query}");
        }
    }
}
