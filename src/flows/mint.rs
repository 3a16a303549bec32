//! Tokens, made before anything is written: what can fail here leaves no trace.

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Authority, Failure, Outcome, client_keys, keys};
use crate::base::clock::Time;
use crate::base::entropy::draw;
use crate::base::id::{SessionId, UserId};
use crate::base::secret::{base64url, sha256, sha512};
use crate::domain::client::Client;
use crate::domain::grant::Grant;
use crate::domain::session::{Session, Subject};
use crate::domain::subject::sub;
use crate::domain::token::jti;
use crate::jose::algorithm::Algorithm;
use crate::jose::jwe::Inside;
use crate::jose::typ::Typ;
use crate::protocol::claims::{self, AccessClaims, Audience, IdClaims, LOGOUT_EVENT, LogoutClaims};
use crate::protocol::registration::{AccessTokenFormat, SigningAlgorithm};
use crate::protocol::response::ResponseType;
use crate::protocol::scope::{OPENID, ROLES, Scope};
use crate::protocol::token::TokenAnswer;
use crate::store;

/// How an opaque access token begins, so that people and scanners know one.
pub(super) const OPAQUE_PREFIX: &str = "dwat_";
/// RFC 6750.
const TOKEN_TYPE: &str = "Bearer";
/// What an opaque token was sealed as.
pub(super) const OPAQUE_CONTEXT: &str = "access token";

/// What a token is made from.
pub struct Base<'a> {
    pub client: &'a Client,
    pub grant: &'a Grant,
    pub session: &'a Session,
    /// A part of the grant's.
    pub scope: Scope,
    pub resources: Vec<String>,
    pub nonce: Option<String>,
}

/// What goes through the browser beside tokens.
#[derive(Clone, Copy)]
pub struct Front<'a> {
    pub code: Option<&'a str>,
    pub state: Option<&'a str>,
}

/// What an ID token is given together with, and by which claims it is tied to that.
#[derive(Clone, Copy, Default)]
struct Beside<'a> {
    access_token: Option<&'a str>,
    code: Option<&'a str>,
    state: Option<&'a str>,
}

impl Base<'_> {
    /// An access token, and an ID token where `openid` was granted to a person.
    pub async fn answer(&self, authority: &Authority, now: Time) -> Outcome<TokenAnswer> {
        let (access_token, claims) = self.access_token(authority, now).await?;
        let id_token = match &self.session.subject {
            Subject::Person(_) if self.scope.contains(OPENID) => {
                let beside = Beside { access_token: Some(&access_token), ..Beside::default() };
                Some(self.id_token(authority, beside, now).await?)
            }
            _ => None,
        };
        let expires_in = claims.exp - claims.iat;
        Ok(TokenAnswer {
            access_token,
            token_type: TOKEN_TYPE,
            expires_in,
            refresh_token: None,
            id_token,
            scope: claims.scope,
        })
    }

    /// What the authorization endpoint itself gives beside the code (OpenID Connect Core 1.0 sections 3.2.2.5 and 3.3.2.5).
    pub async fn front(
        &self,
        authority: &Authority,
        kind: ResponseType,
        front: Front<'_>,
        now: Time,
    ) -> Outcome<Vec<(&'static str, String)>> {
        let mut fields = Vec::new();
        let mut beside = Beside { access_token: None, code: front.code, state: front.state };
        let access = if kind.gives_token() { Some(self.access_token(authority, now).await?) } else { None };
        if let Some((token, claims)) = &access {
            beside.access_token = Some(token);
            fields.push(("access_token", token.clone()));
            fields.push(("token_type", TOKEN_TYPE.to_owned()));
            fields.push(("expires_in", (claims.exp - claims.iat).to_string()));
            fields.push(("scope", claims.scope.to_string()));
        }
        if kind.gives_id_token() {
            fields.push(("id_token", self.id_token(authority, beside, now).await?));
        }
        Ok(fields)
    }

    async fn access_token(&self, authority: &Authority, now: Time) -> Outcome<(String, AccessClaims)> {
        let claims = self.access_claims(authority, now).await?;
        let token = match self.client.metadata.access_token_format {
            AccessTokenFormat::Jwt => sign(authority, Algorithm::Es256, Typ::AccessToken, &claims, now)?,
            AccessTokenFormat::Opaque => seal(authority, &claims)?,
        };
        Ok((token, claims))
    }

    async fn access_claims(&self, authority: &Authority, now: Time) -> Outcome<AccessClaims> {
        let policy = &authority.policy;
        let proof = self.grant.authentication.as_ref();
        let end = (now + policy.access_token.delta()).min(self.session.absolute_end);
        Ok(AccessClaims {
            iss: policy.issuer.clone(),
            sub: sub(&self.session.subject, self.client, &authority.secrets.pairwise),
            aud: Audience::of(self.client.audience(&self.resources, &policy.issuer)),
            exp: end.timestamp(),
            iat: now.timestamp(),
            jti: jti(self.grant.id, authority.dice()),
            client_id: self.client.id.clone(),
            scope: self.scope.clone(),
            sid: self.session.id.to_string(),
            auth_time: proof.map(|proof| proof.at.timestamp()),
            acr: proof.map(|proof| proof.acr.clone()),
            amr: proof.map(|proof| proof.amr.clone()).unwrap_or_default(),
            roles: self.roles(authority).await?,
        })
    }

    async fn roles(&self, authority: &Authority) -> Outcome<Vec<String>> {
        if !self.scope.contains(ROLES) {
            return Ok(Vec::new());
        }
        Ok(store::user::of_session(&authority.db, self.session).await?.map(|user| user.roles).unwrap_or_default())
    }

    async fn id_token(&self, authority: &Authority, beside: Beside<'_>, now: Time) -> Outcome<String> {
        let algorithm = algorithm(self.client.metadata.id_token_signed_response_alg);
        keys::wait_for(authority, algorithm).await.map_err(|error| Failure::Signing(error.to_string()))?;
        let Some(proof) = &self.grant.authentication else {
            return Err(Failure::Signing("a person's grant without a proof".into()));
        };
        let claims = IdClaims {
            iss: authority.policy.issuer.clone(),
            sub: sub(&self.session.subject, self.client, &authority.secrets.pairwise),
            aud: self.client.id.clone(),
            exp: (now + authority.policy.id_token.delta()).timestamp(),
            iat: now.timestamp(),
            auth_time: proof.at.timestamp(),
            acr: proof.acr.clone(),
            amr: proof.amr.clone(),
            // The browser's session, which logout speaks of, also when the grant lives on without it.
            sid: self.session.origin.unwrap_or(self.session.id).to_string(),
            session_expiry: self.session.absolute_end.timestamp(),
            nonce: self.nonce.clone(),
            at_hash: beside.access_token.map(|token| half_hash(algorithm, token)),
            c_hash: beside.code.map(|code| half_hash(algorithm, code)),
            s_hash: beside.state.map(|state| half_hash(algorithm, state)),
            person: self.claims_here(authority, beside).await?,
        };
        let token = sign(authority, algorithm, Typ::IdToken, &claims, now)?;
        match self.client.metadata.id_token_encryption() {
            None => Ok(token),
            Some(way) => client_keys::encrypt(authority, self.client, way, (Inside::Jwt, token.as_bytes()), now).await,
        }
    }

    /// The claims about the person that belong into the ID token itself: those that were asked for there, and where no
    /// access token will ever open userinfo, those of the scope too (OpenID Connect Core 1.0 section 5.4).
    async fn claims_here(&self, authority: &Authority, beside: Beside<'_>) -> Outcome<Map<String, Value>> {
        let asked = &self.grant.claims.id_token;
        let alone = beside.access_token.is_none() && beside.code.is_none();
        if asked.is_empty() && !alone {
            return Ok(Map::new());
        }
        let Some(user) = store::user::of_session(&authority.db, self.session).await? else { return Ok(Map::new()) };
        let all = user.all_claims();
        let mut told = if alone { claims::shown(&all, &self.scope) } else { Map::new() };
        told.extend(claims::named(&all, asked));
        Ok(told)
    }
}

/// How long a logout token is good for (OpenID Connect Back-Channel Logout 1.0 section 4).
const LOGOUT_LIFE: TimeDelta = TimeDelta::minutes(2);

/// A logout token about a person, for one session or for all; signed as the client's ID tokens are.
pub async fn logout_token(
    authority: &Authority,
    client: &Client,
    user: UserId,
    sid: Option<SessionId>,
    now: Time,
) -> Outcome<String> {
    let algorithm = algorithm(client.metadata.id_token_signed_response_alg);
    keys::wait_for(authority, algorithm).await.map_err(|error| Failure::Signing(error.to_string()))?;
    let claims = LogoutClaims {
        iss: authority.policy.issuer.clone(),
        sub: sub(&Subject::Person(user), client, &authority.secrets.pairwise),
        aud: client.id.clone(),
        iat: now.timestamp(),
        exp: (now + LOGOUT_LIFE).timestamp(),
        jti: base64url(&draw::<16>(authority.dice())),
        sid: sid.map(|sid| sid.to_string()),
        events: Map::from_iter([(LOGOUT_EVENT.to_owned(), Value::Object(Map::new()))]),
    };
    sign(authority, algorithm, Typ::LogoutToken, &claims, now)
}

/// The algorithm behind the name in a client's metadata.
pub const fn algorithm(name: SigningAlgorithm) -> Algorithm {
    match name {
        SigningAlgorithm::ES256 => Algorithm::Es256,
        SigningAlgorithm::RS256 => Algorithm::Rs256,
        SigningAlgorithm::PS256 => Algorithm::Ps256,
        SigningAlgorithm::EdDSA => Algorithm::EdDsa,
    }
}

/// What is known of a person, as a JWT (OpenID Connect Core 1.0 section 5.3.2): signed, encrypted, or both, as the client is
/// registered. `None` where it gets plain JSON.
pub(super) async fn userinfo(
    authority: &Authority,
    client: &Client,
    told: &Map<String, Value>,
    now: Time,
) -> Outcome<Option<String>> {
    let (signed, way) = (client.metadata.userinfo_signed_response_alg, client.metadata.userinfo_encryption());
    if signed.is_none() && way.is_none() {
        return Ok(None);
    }
    let mut claims = told.clone();
    claims.insert("iss".into(), authority.policy.issuer.clone().into());
    claims.insert("aud".into(), client.id.clone().into());
    let (inside, plain) = match signed.map(algorithm) {
        Some(algorithm) => {
            keys::wait_for(authority, algorithm).await.map_err(|error| Failure::Signing(error.to_string()))?;
            (Inside::Jwt, sign(authority, algorithm, Typ::IdToken, &claims, now)?)
        }
        None => (Inside::Claims, Value::Object(claims).to_string()),
    };
    match way {
        None => Ok(Some(plain)),
        Some(way) => client_keys::encrypt(authority, client, way, (inside, plain.as_bytes()), now).await.map(Some),
    }
}

fn sign(authority: &Authority, algorithm: Algorithm, typ: Typ, claims: &impl Serialize, now: Time) -> Outcome<String> {
    let keyring = authority.keyring();
    let key =
        keyring.signer(algorithm, now).ok_or_else(|| Failure::Signing(format!("no {algorithm} key signs now")))?;
    key.sign(typ, claims).map_err(|error| Failure::Signing(error.to_string()))
}

fn seal(authority: &Authority, claims: &AccessClaims) -> Outcome<String> {
    let plain = serde_json::to_vec(claims).map_err(|error| Failure::Signing(error.to_string()))?;
    let sealed = authority.secrets.opaque.seal(OPAQUE_CONTEXT, &plain, authority.dice());
    Ok(format!("{OPAQUE_PREFIX}{}", base64url(&sealed)))
}

/// The left half of the hash that belongs to the algorithm (OpenID Connect Core 1.0 section 3.1.3.6); Ed25519 hashes with SHA-512.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    match algorithm {
        Algorithm::EdDsa => base64url(&sha512(token.as_bytes())[..32]),
        _ => base64url(&sha256(token.as_bytes())[..16]),
    }
}
