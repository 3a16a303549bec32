//! The token request and its answer (RFC 6749 sections 4.1.3, 4.4.2, 5.1 and 6).

use serde::Serialize;

use super::error::{Code, Refusal};
use super::params::Params;
use super::scope::Scope;

/// Grant types by their wire names.
pub const AUTHORIZATION_CODE: &str = "authorization_code";
pub const REFRESH_TOKEN: &str = "refresh_token";
pub const CLIENT_CREDENTIALS: &str = "client_credentials";
/// Tokens straight from the authorization endpoint; no token request has it (OAuth 2.0 Multiple Response Types).
pub const IMPLICIT: &str = "implicit";

#[derive(Debug)]
pub enum TokenRequest {
    Code(CodeRequest),
    Refresh(RefreshRequest),
    ClientCredentials(ClientCredentialsRequest),
}

#[derive(Debug)]
pub struct CodeRequest {
    pub code: String,
    pub redirect_uri: Option<String>,
    pub verifier: Option<String>,
    pub resources: Vec<String>,
}

#[derive(Debug)]
pub struct RefreshRequest {
    pub refresh_token: String,
    /// A part of what was granted; nothing asked means all of it.
    pub scope: Option<Scope>,
    pub resources: Vec<String>,
}

#[derive(Debug)]
pub struct ClientCredentialsRequest {
    pub scope: Option<Scope>,
    pub resources: Vec<String>,
}

impl TokenRequest {
    pub fn parse(params: &Params) -> Result<Self, Refusal> {
        params.refuse_repeated()?;
        let scope = || params.one("scope")?.map(str::parse).transpose();
        let resources = params.all("resource");
        match params.required("grant_type", "grant_type is missing")? {
            AUTHORIZATION_CODE => Ok(Self::Code(CodeRequest {
                code: params.required("code", "code is missing")?.to_owned(),
                redirect_uri: params.one("redirect_uri")?.map(str::to_owned),
                verifier: params.one("code_verifier")?.map(str::to_owned),
                resources,
            })),
            REFRESH_TOKEN => Ok(Self::Refresh(RefreshRequest {
                refresh_token: params.required("refresh_token", "refresh_token is missing")?.to_owned(),
                scope: scope()?,
                resources,
            })),
            CLIENT_CREDENTIALS => Ok(Self::ClientCredentials(ClientCredentialsRequest { scope: scope()?, resources })),
            _ => Err(Refusal::new(Code::UnsupportedGrantType, "this grant_type is not supported")),
        }
    }

    /// The grant type a client must be registered for.
    pub fn grant_type(&self) -> &'static str {
        match self {
            Self::Code(_) => AUTHORIZATION_CODE,
            Self::Refresh(_) => REFRESH_TOKEN,
            Self::ClientCredentials(_) => CLIENT_CREDENTIALS,
        }
    }
}

/// A successful answer (RFC 6749 section 5.1; OpenID Connect Core 1.0 section 3.1.3.3).
#[derive(Debug, Serialize)]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<TokenRequest, Refusal> {
        TokenRequest::parse(&Params::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn reads_each_grant() {
        let body = "grant_type=authorization_code&code=c&redirect_uri=https://a&code_verifier=v";
        assert!(matches!(parse(body).unwrap(), TokenRequest::Code(CodeRequest { code, .. }) if code == "c"));
        assert!(matches!(parse("grant_type=refresh_token&refresh_token=r&scope=a").unwrap(),
            TokenRequest::Refresh(RefreshRequest { scope: Some(scope), .. }) if scope.contains("a")));
        assert!(matches!(
            parse("grant_type=client_credentials").unwrap(),
            TokenRequest::ClientCredentials(ClientCredentialsRequest { scope: None, .. })
        ));
    }

    #[test]
    fn refuses_with_the_registered_code() {
        for (body, code) in [
            ("", Code::InvalidRequest),
            ("grant_type=password&username=a&password=b", Code::UnsupportedGrantType),
            ("grant_type=authorization_code", Code::InvalidRequest),
            ("grant_type=authorization_code&code=", Code::InvalidRequest),
            ("grant_type=authorization_code&code=a&code=b", Code::InvalidRequest),
            ("grant_type=refresh_token", Code::InvalidRequest),
            ("grant_type=client_credentials&scope=%22", Code::InvalidScope),
        ] {
            assert_eq!(parse(body).unwrap_err().code, code, "{body}");
        }
    }
}
