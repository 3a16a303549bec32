//! What a token or a session cookie is worth right now: introspection (RFC 7662), userinfo, the gateway, our own API.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::browser::{self, Arrival, Visit};
use super::mint::{OPAQUE_CONTEXT, OPAQUE_PREFIX};
use super::recall::Recall;
use super::{Activity, Authority, Failure, Outcome, acquaintance, keys, mint};
use crate::base::clock::Time;
use crate::base::secret::{Digest, from_base64url};
use crate::domain::client::Client;
use crate::domain::grant::Grant;
use crate::domain::refresh::Presented;
use crate::domain::revocation::Ended;
use crate::domain::session::Session;
use crate::domain::subject::sub;
use crate::domain::token::grant_of;
use crate::jose::algorithm::Algorithm;
use crate::jose::jws::Accept;
use crate::jose::typ::{Typ, Typing};
use crate::protocol::claims::{self, AccessClaims};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::introspection::Introspection;
use crate::protocol::scope::OPENID;
use crate::protocol::step_up::Demand;
use crate::store;
use crate::store::db::Fault;

const ACCESS_TOKEN: Accept<'_> = Accept { algorithms: &[Algorithm::Es256], typ: Typing::Exactly(Typ::AccessToken) };

/// A live access token and the session it hangs on.
pub struct Access {
    pub claims: AccessClaims,
    pub grant: Grant,
    pub session: Session,
}

/// Reads an access token of ours, JWT or opaque. `Ok(None)` when it is not ours, expired, revoked, or what it hangs on ended.
pub async fn access(authority: &Authority, token: &str, now: Time) -> Outcome<Option<Access>> {
    let Some(claims) = read(authority, token).await else { return Ok(None) };
    let Some(grant) = grant_of(&claims.jti).filter(|_| claims.exp > now.timestamp()) else { return Ok(None) };
    let found = store::token::unrevoked(&authority.db, grant, &claims.jti).await?;
    let live = found.filter(|(grant, session)| grant.is_live(session, now));
    Ok(live.map(|(grant, session)| Access { claims, grant, session }))
}

/// Access tokens whose signature or seal was checked lately, by the digest of the whole token. A client shows its token many
/// times in the token's short life, and a check costs 50 µs where this costs 2. What became of a token since is read each time.
pub(super) struct ReadTokens(Recall<Digest, ReadToken>);

#[derive(Clone)]
struct ReadToken {
    claims: Arc<AccessClaims>,
    /// The published keys when it was checked: with others it is checked anew.
    keys: Arc<str>,
}

impl Default for ReadTokens {
    /// Some megabytes at most.
    fn default() -> Self {
        Self(Recall::new(4096))
    }
}

/// The claims of a token that we made, whatever became of it since.
pub(super) async fn read(authority: &Authority, token: &str) -> Option<AccessClaims> {
    let digest = Digest::of(token);
    let keys = authority.keyring().jwks().clone();
    let known = authority.read_tokens.0.get(&digest).filter(|known| Arc::ptr_eq(&known.keys, &keys));
    if let Some(known) = known {
        return Some(AccessClaims::clone(&known.claims));
    }
    let claims = check(authority, token).await?;
    authority.read_tokens.0.put(digest, ReadToken { claims: Arc::new(claims.clone()), keys });
    Some(claims)
}

async fn check(authority: &Authority, token: &str) -> Option<AccessClaims> {
    let claims: AccessClaims = if let Some(sealed) = token.strip_prefix(OPAQUE_PREFIX) {
        let plain = authority.secrets.opaque.open(OPAQUE_CONTEXT, &from_base64url(sealed)?)?;
        serde_json::from_slice(&plain).ok()?
    } else {
        let verified = keys::verify(authority, token, &ACCESS_TOKEN).await?;
        serde_json::from_value(Value::Object(verified.into_claims())).ok()?
    };
    (claims.iss == authority.policy.issuer).then_some(claims)
}

/// A token at one of our own endpoints: it must be live and meant for this audience (RFC 6750 section 3.1).
pub async fn bearer(authority: &Authority, token: &str, audience: &str) -> Outcome<Access> {
    let now = authority.now();
    let found = access(authority, token, now).await?;
    let invalid =
        |reason: &'static str| Refusal::new(Code::InvalidToken, "the access token is not valid").because(reason);
    let access = found.ok_or_else(|| invalid("not ours, expired or ended"))?;
    if !access.claims.aud.contains(audience) {
        return Err(invalid("the token is for another audience").into());
    }
    Ok(access)
}

/// Refuses a token without this scope.
pub fn require_scope(access: &Access, words: &[&str]) -> Result<(), Failure> {
    if words.iter().any(|word| access.claims.scope.contains(word)) {
        return Ok(());
    }
    Err(Refusal::new(Code::InsufficientScope, "the access token lacks the scope").into())
}

/// Refuses a token whose sign-in is not what is demanded. It rests on the proof it was given for: a later one in the
/// session shows in the tokens of a later request (RFC 9470 section 4).
pub fn require(access: &Access, demand: &Demand, now: Time) -> Result<(), Failure> {
    let AccessClaims { acr, auth_time, .. } = &access.claims;
    if demand.is_met(acr.as_deref(), *auth_time, now) { Ok(()) } else { Err(Failure::StepUp(demand.clone())) }
}

/// Introspection by a confidential client. Tokens that are none of its business are not active for it.
pub async fn introspect(
    authority: &Authority,
    caller: &Client,
    token: &str,
    activity: Activity,
) -> Outcome<Introspection> {
    let now = authority.now();
    if let Some(presented) = Presented::read(token, &authority.secrets.refresh) {
        return introspect_refresh(authority, caller, presented, (activity, now)).await;
    }
    let Some(Access { claims, session, .. }) = access(authority, token, now).await? else {
        return Ok(Introspection::INACTIVE);
    };
    if !concerns(authority, caller, &claims).await? {
        return Ok(Introspection::INACTIVE);
    }
    note(authority, &session, activity, now).await?;
    // A name that everybody knows would undo a name that one sector alone knows.
    let known = claims.sub == session.subject.sub();
    let user = if known { store::user::of_session(&authority.db, &session).await? } else { None };
    let username = user.map(|user| user.username);
    Ok(Introspection::Access { active: true, token_type: "Bearer", username, claims: Box::new(claims) })
}

/// Whether a token is a client's own, or meant for a resource it serves. The issuer as audience means every service here,
/// but for those that came by themselves.
async fn concerns(authority: &Authority, caller: &Client, claims: &AccessClaims) -> Result<bool, Fault> {
    let own = &caller.metadata.allowed_resources;
    if claims.client_id == caller.id
        || claims.aud.contains(&caller.id)
        || own.iter().any(|resource| claims.aud.contains(resource))
    {
        return Ok(true);
    }
    let for_all = claims.aud.contains(&authority.policy.issuer);
    Ok(for_all && store::registration::token_of(&authority.db, &caller.id).await?.is_none())
}

async fn introspect_refresh(
    authority: &Authority,
    caller: &Client,
    presented: Presented,
    (activity, now): (Activity, Time),
) -> Outcome<Introspection> {
    let found = store::refresh::presented(&authority.db, presented.family).await?;
    let live = found.filter(|found| {
        found.grant.client_id == caller.id
            && found.family.ended.is_none()
            && found.family.generation == presented.generation
            && now < found.family.expires_at
            && found.grant.is_live(&found.session, now)
    });
    let Some(found) = live else { return Ok(Introspection::INACTIVE) };
    note(authority, &found.session, activity, now).await?;
    Ok(Introspection::Refresh {
        active: true,
        token_type: "refresh_token",
        iss: authority.policy.issuer.clone(),
        sub: sub(&found.session.subject, caller, &authority.secrets.pairwise),
        client_id: found.grant.client_id,
        scope: found.grant.scope,
        sid: found.session.id.to_string(),
        exp: found.family.expires_at.timestamp(),
        iat: found.family.rotated_at.timestamp(),
    })
}

/// What is known of a person, in the form that the client is registered for.
pub enum Userinfo {
    Json(Map<String, Value>),
    Jwt(String),
}

/// What is known of the person behind a token (OpenID Connect Core 1.0 section 5.3). The scope `openid` is what admits a
/// token here, whatever resource it is for besides.
pub async fn userinfo(authority: &Authority, token: &str, activity: Activity) -> Outcome<Userinfo> {
    let invalid =
        |reason: &'static str| Refusal::new(Code::InvalidToken, "the access token is not valid").because(reason);
    let found = access(authority, token, authority.now()).await?;
    let access = found.ok_or_else(|| invalid("not ours, expired or ended"))?;
    require_scope(&access, &[OPENID])?;
    require(&access, &authority.policy.userinfo_demand, authority.now())?;
    let Some(user) = store::user::of_session(&authority.db, &access.session).await? else {
        return Err(Refusal::new(Code::InvalidToken, "the access token is not valid")
            .because("nobody behind it")
            .into());
    };
    note(authority, &access.session, activity, authority.now()).await?;
    let all = user.all_claims();
    let mut shown = claims::shown(&all, &access.claims.scope);
    shown.extend(claims::named(&all, &access.grant.claims.userinfo));
    shown.insert("sub".into(), access.claims.sub.into());
    if access.claims.scope.contains(crate::protocol::scope::ROLES) {
        shown.insert("roles".into(), user.roles.into());
    }
    let client = acquaintance::find(authority, &access.claims.client_id).await?;
    let client = client.ok_or_else(|| invalid("its client is gone"))?;
    let jwt = mint::userinfo(authority, &client, &shown, authority.now()).await?;
    Ok(jwt.map_or(Userinfo::Json(shown), Userinfo::Jwt))
}

/// Keeps a session alive when a person is there.
pub async fn note(authority: &Authority, session: &Session, activity: Activity, now: Time) -> Outcome<()> {
    if activity == Activity::Person && session.is_worth_noting(now) {
        let session = session.clone();
        authority.db.write(async move |tx| store::lifetime::note_activity(tx, &session, now).await).await?;
    }
    Ok(())
}

/// What a gateway learns of a request it asks about.
pub struct Passage {
    pub subject: String,
    pub session: String,
    pub scope: String,
}

/// What a request shows to a gateway. A token counts before a cookie.
pub struct Shown<'a> {
    pub token: Option<&'a str>,
    pub cookie: Option<Arrival<'a>>,
}

/// Whether a request with this bearer token or this session cookie may pass, the sign-in behind it being what is demanded. A
/// cookie that lets nobody in any more says why.
pub async fn gateway(
    authority: &Authority,
    shown: Shown<'_>,
    demand: &Demand,
    activity: Activity,
) -> Outcome<Option<Passage>> {
    let now = authority.now();
    let (session, scope) = match (shown.token, shown.cookie) {
        (Some(token), _) => match access(authority, token, now).await? {
            Some(found) => {
                require(&found, demand, now)?;
                (found.session, found.claims.scope.to_string())
            }
            None => return Ok(None),
        },
        (None, Some(arrival)) => match browser::visit(authority, arrival, now).await? {
            Visit::Open(session, _) => {
                let proof = session.authentication.as_ref();
                let (acr, at) = (proof.map(|proof| proof.acr.as_str()), proof.map(|proof| proof.at.timestamp()));
                if !demand.is_met(acr, at, now) {
                    return Err(Failure::StepUp(demand.clone()));
                }
                (*session, String::new())
            }
            Visit::Ended(session) => return Err(ended(&session, now).into()),
            Visit::Nobody => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    if shown.token.is_none() && session.watch.must_prove(authority.policy.watching.on_mark) {
        let refusal = Refusal::new(Code::InsufficientUserAuthentication, "the person must prove again who they are");
        return Err(refusal.into());
    }
    note(authority, &session, activity, now).await?;
    Ok(Some(Passage { subject: session.subject.sub(), session: session.id.to_string(), scope }))
}

/// What whoever holds the cookie of an ended session is told.
fn ended(session: &Session, now: Time) -> Refusal {
    let nobody = Refusal::new(Code::InvalidToken, "no live session");
    session.end(now).map_or(nobody, |end| Refusal { code: Code::InvalidToken, ..Ended::Session(end.reason).refusal() })
}
