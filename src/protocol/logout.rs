//! The logout request (OpenID Connect RP-Initiated Logout 1.0 section 2) and the frames that tell clients of a logout
//! (OpenID Connect Front-Channel Logout 1.0 section 3).

use url::Url;

use super::error::{Refusal, invalid_request};
use super::params::Params;
use super::redirect;

/// Longest parameter that is read.
const LONGEST: usize = 8_192;

#[derive(Debug)]
pub struct LogoutRequest {
    pub id_token_hint: Option<String>,
    pub logout_hint: Option<String>,
    pub client_id: Option<String>,
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
    /// The languages that the person reads, the best first.
    pub ui_locales: Option<String>,
}

impl LogoutRequest {
    /// Reads what counts; everything else is passed over.
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
            ui_locales: value("ui_locales")?,
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
            ("ui_locales", &self.ui_locales),
        ];
        let said = members.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish()
    }
}

/// An address of a client that a browser opens in a frame, so that the client ends its own session there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub url: String,
    /// For the policy of the page that shows it.
    pub origin: String,
}

impl Frame {
    /// The client's address with `iss` and `sid`, which are always there together.
    pub fn of(uri: &str, issuer: &str, sid: &str) -> Option<Self> {
        let origin = redirect::origin(uri)?;
        let mut url = Url::parse(uri).ok()?;
        url.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", sid);
        Some(Self { url: url.into(), origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_keeps_the_query_that_was_registered() {
        let frame = |uri| Frame::of(uri, "https://id.example", "1-2");
        let told = frame("https://app.example:8443/out?a=b&c").unwrap();
        assert_eq!(told.url, "https://app.example:8443/out?a=b&c&iss=https%3A%2F%2Fid.example&sid=1-2");
        assert_eq!(told.origin, "https://app.example:8443");
        assert_eq!(
            frame("https://app.example/").unwrap().url,
            "https://app.example/?iss=https%3A%2F%2Fid.example&sid=1-2"
        );
        assert_eq!((frame("com.example:/x"), frame("x")), (None, None));
    }
}
