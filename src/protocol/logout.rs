//! The logout request (OpenID Connect RP-Initiated Logout 1.0 section 2).

use super::error::{Refusal, invalid_request};
use super::params::Params;

/// Longest parameter that is read.
const LONGEST: usize = 8_192;

#[derive(Debug)]
pub struct LogoutRequest {
    pub id_token_hint: Option<String>,
    pub logout_hint: Option<String>,
    pub client_id: Option<String>,
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
}

impl LogoutRequest {
    pub fn parse(params: &Params) -> Result<Self, Refusal> {
        params.refuse_repeated()?;
        let value = |name| match params.one(name)? {
            Some(value) if value.len() > LONGEST => Err(invalid_request("a parameter is longer than 8192 bytes")),
            value => Ok(value.map(str::to_owned)),
        };
        Ok(Self {
            id_token_hint: value("id_token_hint")?,
            logout_hint: value("logout_hint")?,
            client_id: value("client_id")?,
            post_logout_redirect_uri: value("post_logout_redirect_uri")?,
            state: value("state")?,
        })
    }

    /// The request as a query.
    pub fn query(&self) -> String {
        let members = [
            ("id_token_hint", &self.id_token_hint),
            ("logout_hint", &self.logout_hint),
            ("client_id", &self.client_id),
            ("post_logout_redirect_uri", &self.post_logout_redirect_uri),
            ("state", &self.state),
        ];
        let said = members.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish()
    }
}
