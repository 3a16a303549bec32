//! What client metadata must keep to: every member by itself, and several together (RFC 7591 section 2; RFC 9700).

use url::Url;

use super::{AssertionAlgorithm, AuthMethod, ClientMetadata, SubjectType};
use crate::base::duration::Duration;
use crate::protocol::acr;
use crate::protocol::redirect;
use crate::protocol::response::ResponseType;
use crate::protocol::scope::OFFLINE_ACCESS;
use crate::protocol::token::{AUTHORIZATION_CODE, CLIENT_CREDENTIALS, IMPLICIT, REFRESH_TOKEN};

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member} {problem}")]
pub struct InvalidMetadata {
    pub member: &'static str,
    pub problem: String,
}

fn invalid(member: &'static str, problem: impl Into<String>) -> InvalidMetadata {
    InvalidMetadata { member, problem: problem.into() }
}

impl ClientMetadata {
    /// Checks every rule that one member or several together must keep.
    pub fn check(&self) -> Result<(), InvalidMetadata> {
        self.check_texts()?;
        self.check_uris()?;
        self.check_limits()?;
        self.check_grants()?;
        self.check_sector()?;
        self.check_keys()
    }

    fn check_texts(&self) -> Result<(), InvalidMetadata> {
        let texts = [
            ("client_name", &self.client_name),
            ("software_id", &self.software_id),
            ("software_version", &self.software_version),
        ];
        for (member, text) in texts {
            if text
                .as_ref()
                .is_some_and(|text| text.is_empty() || text.len() > 200 || text.chars().any(char::is_control))
            {
                return Err(invalid(member, "must be 1 to 200 bytes without control characters"));
            }
        }
        if self.default_acr_values.len() > 100 || !self.default_acr_values.iter().all(|word| is_acr(word)) {
            return Err(invalid("default_acr_values", "must be at most 100 words of 1 to 200 bytes"));
        }
        if self.required_acr.as_deref().is_some_and(|level| acr::known(level).is_none()) {
            return Err(invalid("required_acr", format!("must be one of {}", acr::LEVELS.join(", "))));
        }
        if self.contacts.len() > 100 || self.contacts.iter().any(|text| text.is_empty() || text.len() > 320) {
            return Err(invalid("contacts", "must be at most 100 texts of 1 to 320 bytes"));
        }
        Ok(())
    }

    fn check_uris(&self) -> Result<(), InvalidMetadata> {
        let lists =
            [("redirect_uris", &self.redirect_uris), ("post_logout_redirect_uris", &self.post_logout_redirect_uris)];
        for (member, uris) in lists {
            if uris.len() > 100 {
                return Err(invalid(member, "must hold at most 100 URIs"));
            }
            for uri in uris {
                redirect::check(uri).map_err(|unfit| invalid(member, unfit.to_string()))?;
            }
        }
        // A fragment is there to tell versions apart (OpenID Connect Core 1.0 section 6.2).
        let reaches = |uri: &String| is_link(uri.split('#').next().unwrap_or_default());
        if self.request_uris.len() > 100 || !self.request_uris.iter().all(reaches) {
            return Err(invalid("request_uris", "must be at most 100 https URLs (http only on a loopback host)"));
        }
        let links = [
            ("client_uri", &self.client_uri),
            ("jwks_uri", &self.jwks_uri),
            ("sector_identifier_uri", &self.sector_identifier_uri),
            ("logo_uri", &self.logo_uri),
            ("policy_uri", &self.policy_uri),
            ("tos_uri", &self.tos_uri),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
            ("frontchannel_logout_uri", &self.frontchannel_logout_uri),
        ];
        for (member, uri) in links {
            if uri.as_ref().is_some_and(|uri| !is_link(uri)) {
                return Err(invalid(member, "must be an https URL (http only on a loopback host)"));
            }
        }
        // OpenID Connect Front-Channel Logout 1.0 section 2.
        if self.frontchannel_logout_uri.as_deref().and_then(redirect::origin).is_some_and(|own| !self.is_home(&own)) {
            return Err(invalid("frontchannel_logout_uri", "must have scheme, host and port of one of redirect_uris"));
        }
        // OpenID Connect Core 1.0 section 4: https whatever the host.
        if self.initiate_login_uri.as_ref().is_some_and(|uri| !uri.starts_with("https://") || !is_link(uri)) {
            return Err(invalid("initiate_login_uri", "must be an https URL"));
        }
        if self.allowed_resources.len() > 100 || !self.allowed_resources.iter().all(|uri| is_resource(uri)) {
            return Err(invalid("allowed_resources", "must be at most 100 absolute URIs without fragment"));
        }
        Ok(())
    }

    /// Whether answers go to this origin.
    fn is_home(&self, origin: &str) -> bool {
        self.origins().any(|own| own == origin)
    }

    fn check_limits(&self) -> Result<(), InvalidMetadata> {
        let limits = [("session_idle", self.session_idle), ("session_absolute", self.session_absolute)];
        for (member, limit) in limits {
            if limit.is_some_and(|limit| limit < Duration::minutes(1)) {
                return Err(invalid(member, "must be at least 1m"));
            }
        }
        if self.session_limit.is_some_and(|most| !(1..=1_000_000).contains(&most)) {
            return Err(invalid("session_limit", "must be 1 to 1000000"));
        }
        if self.session_limit_action.is_some() && self.session_limit.is_none() {
            return Err(invalid("session_limit_action", "needs session_limit beside it"));
        }
        Ok(())
    }

    fn check_grants(&self) -> Result<(), InvalidMetadata> {
        let known = [AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN, CLIENT_CREDENTIALS];
        if self.grant_types.iter().any(|name| !known.contains(&name.as_str())) {
            return Err(invalid("grant_types", format!("holds another than {}", known.join(", "))));
        }
        let people = self.may_use(AUTHORIZATION_CODE);
        self.check_response_types(people)?;
        if (people || self.may_use(IMPLICIT)) && self.redirect_uris.is_empty() {
            return Err(invalid("redirect_uris", "must hold at least one URI where people sign in"));
        }
        if self.may_use(REFRESH_TOKEN) && !people {
            return Err(invalid("grant_types", "holds refresh_token without a grant that gives one"));
        }
        if self.may_use(CLIENT_CREDENTIALS) && self.is_public() {
            return Err(invalid("grant_types", "holds client_credentials, which a public client cannot use"));
        }
        if self.scope.as_ref().is_some_and(|scope| scope.contains(OFFLINE_ACCESS)) && !self.may_use(REFRESH_TOKEN) {
            return Err(invalid("scope", "holds offline_access without the refresh_token grant"));
        }
        Ok(())
    }

    /// What is answered and how it is got belong together (RFC 7591 section 2.1).
    fn check_response_types(&self, people: bool) -> Result<(), InvalidMetadata> {
        let mut kinds = Vec::new();
        for name in self.response_types.iter().filter(|_| people || self.may_use(IMPLICIT)) {
            kinds.push(ResponseType::named(name).ok_or_else(|| {
                let known = ResponseType::ALL.map(ResponseType::name).join(", ");
                invalid("response_types", format!("holds another than {known}"))
            })?);
        }
        if people && !kinds.iter().any(|kind| kind.gives_code()) {
            return Err(invalid("response_types", "must hold code for authorization_code"));
        }
        if !people && kinds.iter().any(|kind| kind.gives_code()) {
            return Err(invalid("response_types", "holds code without the authorization_code grant"));
        }
        let implicit = kinds.iter().any(|kind| kind.is_implicit());
        if implicit != self.may_use(IMPLICIT) {
            return Err(invalid(
                "response_types",
                "holds id_token or token only with the implicit grant, and then must",
            ));
        }
        // OpenID Connect Registration 1.0 section 2, application_type.
        if implicit && self.redirect_uris.iter().any(|uri| uri.starts_with("http:")) {
            return Err(invalid("redirect_uris", "must be https where tokens pass through the browser"));
        }
        Ok(())
    }

    /// OpenID Connect Core 1.0 section 8.1.
    fn check_sector(&self) -> Result<(), InvalidMetadata> {
        if self.subject_type != Some(SubjectType::Pairwise) || self.sector_identifier_uri.is_some() {
            return Ok(());
        }
        let mut hosts = self.redirect_uris.iter().map(|uri| redirect::host(uri));
        match hosts.next() {
            Some(Some(first)) if hosts.all(|host| host.as_ref() == Some(&first)) => Ok(()),
            _ => Err(invalid("sector_identifier_uri", "is needed where the redirect URIs do not have one host")),
        }
    }

    fn check_keys(&self) -> Result<(), InvalidMetadata> {
        let symmetric = self.token_endpoint_auth_signing_alg.map(|name| name == AssertionAlgorithm::HS256);
        match (self.token_endpoint_auth_method, symmetric) {
            (AuthMethod::ClientSecretJwt, Some(false)) => {
                return Err(invalid("token_endpoint_auth_signing_alg", "must be HS256 for client_secret_jwt"));
            }
            (AuthMethod::PrivateKeyJwt, Some(true)) => {
                return Err(invalid("token_endpoint_auth_signing_alg", "cannot be HS256 for private_key_jwt"));
            }
            _ => {}
        }
        let pairs = [
            (
                "id_token_encrypted_response_enc",
                self.id_token_encrypted_response_enc.is_some(),
                self.id_token_encryption(),
            ),
            (
                "userinfo_encrypted_response_enc",
                self.userinfo_encrypted_response_enc.is_some(),
                self.userinfo_encryption(),
            ),
        ];
        if let Some((member, ..)) = pairs.into_iter().find(|(_, said, way)| *said && way.is_none()) {
            return Err(invalid(member, "stands without the alg beside it"));
        }
        match (&self.jwks, &self.jwks_uri) {
            (Some(_), Some(_)) => Err(invalid("jwks_uri", "cannot stand beside jwks")),
            (None, None) if self.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt => {
                Err(invalid("jwks", "or jwks_uri is needed for private_key_jwt"))
            }
            (None, None) if self.id_token_encryption().or(self.userinfo_encryption()).is_some() => {
                Err(invalid("jwks", "or jwks_uri is needed for encryption"))
            }
            (None, None) if self.require_signed_request_object => {
                Err(invalid("jwks", "or jwks_uri is needed for require_signed_request_object"))
            }
            _ => Ok(()),
        }
    }
}

/// A name of a level, which `acr_values` can hold: no spaces.
fn is_acr(word: &str) -> bool {
    (1..=200).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A URL that may stand in a page or be called: https, or http on a loopback host.
pub fn is_link(uri: &str) -> bool {
    let fits = |url: Url| {
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && redirect::is_loopback(&url));
        scheme && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    };
    uri.len() <= 2_000 && Url::parse(uri).is_ok_and(fits)
}

/// A resource indicator: an absolute URI without fragment (RFC 8707 section 2).
pub fn is_resource(uri: &str) -> bool {
    uri.len() <= 2_000 && Url::parse(uri).is_ok_and(|url| url.fragment().is_none()) && !uri.contains('#')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(value: Value) -> ClientMetadata {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn names_the_member_that_is_wrong() {
        let uri = "https://app.example/cb";
        for (value, member) in [
            (json!({}), "redirect_uris"),
            (json!({"redirect_uris": ["http://app.example/cb"]}), "redirect_uris"),
            (
                json!({"redirect_uris": [uri], "post_logout_redirect_uris": ["javascript:x"]}),
                "post_logout_redirect_uris",
            ),
            (json!({"redirect_uris": [uri], "client_name": ""}), "client_name"),
            (json!({"redirect_uris": [uri], "client_name": "a\nb"}), "client_name"),
            (json!({"redirect_uris": [uri], "logo_uri": "http://10.0.0.1/x"}), "logo_uri"),
            (json!({"redirect_uris": [uri], "initiate_login_uri": "http://localhost/start"}), "initiate_login_uri"),
            (json!({"redirect_uris": [uri], "grant_types": ["password"]}), "grant_types"),
            (json!({"redirect_uris": [uri], "response_types": ["token"]}), "response_types"),
            (json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}), "grant_types"),
            (json!({"redirect_uris": [uri], "token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
            (
                json!({"redirect_uris": [uri], "token_endpoint_auth_method": "client_secret_jwt",
                       "token_endpoint_auth_signing_alg": "ES256"}),
                "token_endpoint_auth_signing_alg",
            ),
            (
                json!({"redirect_uris": [uri], "token_endpoint_auth_method": "private_key_jwt",
                       "token_endpoint_auth_signing_alg": "HS256"}),
                "token_endpoint_auth_signing_alg",
            ),
            (json!({"redirect_uris": [uri], "jwks": {"keys": []}, "jwks_uri": "https://a/k"}), "jwks_uri"),
            (json!({"redirect_uris": [uri], "jwks_uri": "ftp://a/k"}), "jwks_uri"),
            (json!({"redirect_uris": [uri], "id_token_encrypted_response_alg": "RSA-OAEP"}), "jwks"),
            (
                json!({"redirect_uris": [uri], "id_token_encrypted_response_enc": "A128GCM"}),
                "id_token_encrypted_response_enc",
            ),
            (
                json!({"redirect_uris": [uri], "userinfo_encrypted_response_enc": "A128GCM"}),
                "userinfo_encrypted_response_enc",
            ),
            (
                json!({"redirect_uris": [uri, "https://b.example/"], "subject_type": "pairwise"}),
                "sector_identifier_uri",
            ),
            (json!({"redirect_uris": ["com.example.app:/cb"], "subject_type": "pairwise"}), "sector_identifier_uri"),
            (json!({"redirect_uris": [uri], "session_idle": "0s"}), "session_idle"),
            (json!({"redirect_uris": [uri], "session_limit": 0}), "session_limit"),
            (json!({"redirect_uris": [uri], "session_limit_action": "ask"}), "session_limit_action"),
            (json!({"redirect_uris": [uri], "default_acr_values": ["a b"]}), "default_acr_values"),
            (json!({"redirect_uris": [uri], "required_acr": "urn:other"}), "required_acr"),
            (json!({"redirect_uris": [uri], "scope": "offline_access"}), "scope"),
            (json!({"redirect_uris": [uri], "allowed_resources": ["https://a#b"]}), "allowed_resources"),
            (
                json!({"redirect_uris": [uri], "frontchannel_logout_uri": "https://app.example:444/"}),
                "frontchannel_logout_uri",
            ),
            (
                json!({"redirect_uris": [uri], "frontchannel_logout_uri": "https://other.example/"}),
                "frontchannel_logout_uri",
            ),
            (
                json!({"redirect_uris": [uri], "frontchannel_logout_uri": "https://app.example/#x"}),
                "frontchannel_logout_uri",
            ),
            (json!({"grant_types": ["refresh_token"]}), "grant_types"),
        ] {
            assert_eq!(metadata(value.clone()).check().unwrap_err().member, member, "{value}");
        }
        let own = json!({"redirect_uris": ["com.example:/cb", uri], "frontchannel_logout_uri": "https://app.example/out?a=b"});
        assert_eq!(metadata(own).check(), Ok(()));
    }
}
