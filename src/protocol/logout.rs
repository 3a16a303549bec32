//! The logout request (OpenID Connect RP-Initiated Logout 1.0 section 2).

use super::error::Refusal;
use super::params::Params;

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
        let value = |name| Ok::<_, Refusal>(params.one(name)?.map(str::to_owned));
        Ok(Self {
            id_token_hint: value("id_token_hint")?,
            logout_hint: value("logout_hint")?,
            client_id: value("client_id")?,
            post_logout_redirect_uri: value("post_logout_redirect_uri")?,
            state: value("state")?,
        })
    }
}
