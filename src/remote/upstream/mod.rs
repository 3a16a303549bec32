//! Another provider, whose client we are (OpenID Connect Core 1.0 sections 3.1 and 5.3; RFC 6749 section 4.1; RFC 7636).
//!
//! The crate `openidconnect` writes the requests and reads the answers; every call of it goes through [`Egress`], and time
//! and chance are ours. Plain OAuth 2.0 goes the same way without the ID token.

mod wire;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthType, AuthUrl, AuthenticationFlow,
    AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, Scope, SignatureVerificationError, StandardErrorResponse,
    StandardTokenResponse, SubjectIdentifier, TokenResponse, TokenUrl, UserInfoClaims, UserInfoUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use self::wire::{Wire, chain, plain_userinfo};
use super::egress::Egress;
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::jose::client::{ClientKeys, JwksError};
use crate::jose::jws::{Accept, Rejected, Unverified, Verified};
use crate::protocol::provider::{Kind, SecretBy, Settings};

/// How far clocks may differ.
const SKEW: Duration = Duration::seconds(10);
/// How old an ID token may be when it comes straight from its provider.
const OLDEST: Duration = Duration::minutes(10);

/// Signatures that are taken: none that a shared secret makes, and never none.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
];

/// Why a provider is not believed, or gave nothing. For the log: the person learns only that it did not work.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    #[error("{0}")]
    Address(#[from] url::ParseError),
    #[error("discovery: {0}")]
    Discovery(String),
    #[error("the token endpoint: {0}")]
    Token(String),
    #[error("there is no ID token")]
    NoIdToken,
    /// Keys may have changed since they were read.
    #[error("the ID token is signed by a key that is not published")]
    UnknownKey,
    #[error("the ID token: {0}")]
    IdToken(String),
    #[error("the userinfo endpoint: {0}")]
    Userinfo(String),
    #[error("the keys: {0}")]
    Keys(JwksError),
    #[error("the logout token: {0}")]
    LogoutToken(Rejected),
}

/// Every claim that the standard does not know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Further {
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl AdditionalClaims for Further {}

/// What discovery says beyond what the crate reads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct More {
    end_session_endpoint: Option<Url>,
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Answered = StandardTokenResponse<
    IdTokenFields<
        Further,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Us<HasAuth = EndpointNotSet, HasToken = EndpointNotSet> = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answered,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    HasAuth,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    HasToken,
    EndpointNotSet,
>;

/// A provider with what was discovered of it, ready to be asked.
pub struct Upstream {
    us: Us<EndpointSet, EndpointSet>,
    userinfo: Option<Url>,
    signed_userinfo: bool,
    scopes: Vec<String>,
    /// Where people sign out there.
    pub end_session: Option<Url>,
    /// Whether every answer says whose it is (RFC 9207).
    pub states_issuer: bool,
    keys: Result<ClientKeys, JwksError>,
}

/// Who we are there.
pub struct Registration<'a> {
    pub settings: &'a Settings,
    pub secret: Option<String>,
    pub redirect_uri: String,
}

/// One way to the provider and back.
pub struct Trip<'a> {
    pub state: String,
    pub nonce: &'a str,
    pub verifier: &'a str,
    /// Further parameters of the request.
    pub more: BTreeMap<&'static str, String>,
}

/// What a code was worth.
pub struct Tokens(Answered);

/// What an ID token and the userinfo endpoint say.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Verified claims of the ID token; empty for plain OAuth 2.0.
    pub id_token: Map<String, Value>,
    pub userinfo: Map<String, Value>,
    /// The ID token itself, a hint for the way out.
    pub hint: Option<String>,
}

impl Upstream {
    /// Reads the provider's discovery document and keys, where it is of the kind that has them.
    pub async fn discover(egress: &Egress, registration: Registration<'_>) -> Result<Self, Distrust> {
        match registration.settings.kind {
            Kind::Oidc => Self::of_document(egress, registration).await,
            Kind::OAuth2 => Self::of_settings(&registration),
            Kind::Saml => Err(Distrust::Discovery("it speaks SAML".into())),
        }
    }

    async fn of_document(egress: &Egress, registration: Registration<'_>) -> Result<Self, Distrust> {
        let issuer = IssuerUrl::new(registration.settings.issuer.clone())?;
        let found = Metadata::discover_async(issuer.clone(), &Wire(egress)).await;
        let found = found.map_err(|error| Distrust::Discovery(chain(&error)))?;
        let token = found.token_endpoint().ok_or_else(|| Distrust::Discovery("no token endpoint".into()))?;
        let methods = found.token_endpoint_auth_methods_supported();
        let basic = methods.is_none_or(|known| known.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let usual = if basic { SecretBy::ClientSecretBasic } else { SecretBy::ClientSecretPost };
        let endpoints = (found.authorization_endpoint().clone(), token.clone());
        let keys = serde_json::to_value(found.jwks()).map_err(|error| Distrust::Discovery(error.to_string()))?;
        let more = found.additional_metadata().clone();
        Ok(Self {
            us: us(&registration, (issuer, found.jwks().clone()), endpoints, usual)?,
            userinfo: found.userinfo_endpoint().map(|endpoint| endpoint.url().clone()),
            signed_userinfo: registration.settings.signed_userinfo,
            scopes: registration.settings.scopes.clone(),
            end_session: more.end_session_endpoint,
            states_issuer: more.authorization_response_iss_parameter_supported,
            keys: ClientKeys::parse(&keys),
        })
    }

    fn of_settings(registration: &Registration<'_>) -> Result<Self, Distrust> {
        let settings = registration.settings;
        let url = |url: &Option<String>| url.clone().unwrap_or_default();
        let endpoints =
            (AuthUrl::new(url(&settings.authorization_endpoint))?, TokenUrl::new(url(&settings.token_endpoint))?);
        let nobody = (IssuerUrl::new(settings.issuer.clone())?, CoreJsonWebKeySet::new(Vec::new()));
        Ok(Self {
            us: us(registration, nobody, endpoints, SecretBy::ClientSecretBasic)?.disable_openid_scope(),
            userinfo: Some(Url::parse(&url(&settings.userinfo_endpoint))?),
            signed_userinfo: false,
            scopes: settings.scopes.clone(),
            end_session: None,
            states_issuer: false,
            keys: Err(JwksError::Empty),
        })
    }

    /// Where the browser goes to be signed in there.
    pub fn address(&self, trip: Trip<'_>) -> Url {
        let Trip { state, nonce, verifier, more } = trip;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let nonce = Nonce::new(nonce.to_owned());
        let mut request = self.us.authorize_url(flow, || CsrfToken::new(state), || nonce).set_pkce_challenge(challenge);
        for scope in self.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for (name, value) in more {
            request = request.add_extra_param(name, value);
        }
        request.url().0
    }

    /// The code for tokens.
    pub async fn redeem(&self, egress: &Egress, code: &str, verifier: &str) -> Result<Tokens, Distrust> {
        let code = AuthorizationCode::new(code.to_owned());
        let request = self.us.exchange_code(code).set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let answered = request.request_async(&Wire(egress)).await;
        answered.map(Tokens).map_err(|error| Distrust::Token(chain(&error)))
    }

    /// The claims of the ID token, once everything about it was checked (OpenID Connect Core 1.0 section 3.1.3.7).
    pub fn verify(&self, tokens: &Tokens, nonce: &str, now: Time) -> Result<Map<String, Value>, Distrust> {
        let id_token = tokens.0.id_token().ok_or(Distrust::NoIdToken)?;
        let verifier = self.us.id_token_verifier().set_allowed_algs(SIGNATURES);
        let verifier = verifier.set_time_fn(move || now - SKEW.delta());
        let verifier = verifier.set_issue_time_verifier_fn(move |issued| is_of_now(issued, now));
        let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(distrust)?;
        if let Some(expected) = claims.access_token_hash() {
            let wrong = |_| Distrust::IdToken("at_hash cannot be checked".into());
            let key = id_token.signing_key(&verifier).map_err(wrong)?;
            let own = AccessTokenHash::from_token(
                tokens.0.access_token(),
                id_token.signing_alg().map_err(|_| Distrust::IdToken("alg".into()))?,
                key,
            );
            if own.map_err(|_| Distrust::IdToken("at_hash cannot be made".into()))? != *expected {
                return Err(Distrust::IdToken("at_hash is of another access token".into()));
            }
        }
        if claims.authorized_party().is_some_and(|party| party != self.us.client_id()) {
            return Err(Distrust::IdToken("azp is another client".into()));
        }
        object(serde_json::to_value(claims)).ok_or_else(|| Distrust::IdToken("no object".into()))
    }

    /// What the userinfo endpoint says of the subject of the ID token; nothing where there is no such endpoint.
    pub async fn userinfo(
        &self,
        egress: &Egress,
        tokens: &Tokens,
        subject: Option<&str>,
    ) -> Result<Map<String, Value>, Distrust> {
        let Some(url) = self.userinfo.clone() else { return Ok(Map::new()) };
        let access = tokens.0.access_token().clone();
        let Some(subject) = subject else { return plain_userinfo(egress, url, access).await };
        let us = self.us.clone().set_user_info_url(UserInfoUrl::from_url(url));
        let request = us.user_info(access, Some(SubjectIdentifier::new(subject.to_owned())));
        let request = request.require_signed_response(self.signed_userinfo);
        let told: Result<UserInfoClaims<Further, CoreGenderClaim>, _> = request.request_async(&Wire(egress)).await;
        let told = told.map_err(|error| Distrust::Userinfo(chain(&error)))?;
        object(serde_json::to_value(told)).ok_or_else(|| Distrust::Userinfo("no object".into()))
    }

    /// Checks the signature of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6).
    pub fn verify_logout(&self, token: &str, accept: &Accept<'_>) -> Result<Verified, Distrust> {
        let keys = self.keys.as_ref().map_err(|error| Distrust::Keys(error.clone()))?;
        let token = Unverified::parse(token, accept).map_err(Distrust::LogoutToken)?;
        keys.verify(token).map_err(|rejected| match rejected {
            Rejected::UnknownKey => Distrust::UnknownKey,
            other => Distrust::LogoutToken(other),
        })
    }
}

impl Tokens {
    /// The ID token as it came.
    pub fn hint(&self) -> Option<String> {
        self.0.id_token().map(ToString::to_string)
    }
}

fn us(
    registration: &Registration<'_>,
    (issuer, keys): (IssuerUrl, CoreJsonWebKeySet),
    (authorization, token): (AuthUrl, TokenUrl),
    usual: SecretBy,
) -> Result<Us<EndpointSet, EndpointSet>, Distrust> {
    let auth_type = match registration.settings.token_endpoint_auth_method.unwrap_or(usual) {
        SecretBy::ClientSecretBasic => AuthType::BasicAuth,
        SecretBy::ClientSecretPost => AuthType::RequestBody,
    };
    let us: Us = Client::new(ClientId::new(registration.settings.client_id.clone()), issuer, keys);
    let us = us.set_auth_uri(authorization).set_token_uri(token).set_auth_type(auth_type);
    let us = us.set_redirect_uri(RedirectUrl::new(registration.redirect_uri.clone())?);
    Ok(match &registration.secret {
        Some(secret) => us.set_client_secret(ClientSecret::new(secret.clone())),
        None => us,
    })
}

fn is_of_now(issued: DateTime<Utc>, now: Time) -> Result<(), String> {
    let age = now - issued;
    if age < -SKEW.delta() || age > OLDEST.delta() { Err(format!("issued at {issued}")) } else { Ok(()) }
}

fn distrust(error: ClaimsVerificationError) -> Distrust {
    match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Distrust::UnknownKey
        }
        other => Distrust::IdToken(chain(&other)),
    }
}

fn object<E>(value: Result<Value, E>) -> Option<Map<String, Value>> {
    match value {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}
