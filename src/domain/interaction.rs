//! What a person must still do before an authorization request is answered: data, derived anew each time.
//!
//! Nothing remembers "step 2 of 3". A request knows when it was born; a proof or a consent younger than that was given
//! for it, so every tab finds its own way from what is true now.

use chrono::TimeDelta;

use super::client::Client;
use super::consent::Consent;
use super::level;
use super::policy::{FRESH, Policy};
use super::session::Session;
use crate::base::clock::Time;
use crate::base::id::UserId;
use crate::protocol::acr;
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::claims_request::ClaimNames;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::{OFFLINE_ACCESS, OPENID, Scope};
use crate::protocol::token::{AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN};

/// Everything that the answer depends on.
pub struct Situation<'a> {
    pub request: &'a AuthorizationRequest,
    pub born: Time,
    pub client: &'a Client,
    /// The browser's session, open or not.
    pub session: Option<&'a Session>,
    /// Whom the request wants (`id_token_hint`, or `sub` in `claims`).
    pub hinted: Option<UserId>,
    pub consent: Option<&'a Consent>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Login,
    Consent(Wanted),
    Done(Wanted),
}

/// What the client would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub scope: Scope,
    pub resources: Vec<String>,
    /// Claims beside those that the scope shows.
    pub claims: ClaimNames,
}

/// Decides what is next; a refusal goes to the client.
pub fn next(situation: &Situation<'_>, policy: &Policy, now: Time) -> Result<Next, Refusal> {
    let wanted = wanted(situation)?;
    let silent = situation.request.prompt.none;
    if must_login(situation, now)? {
        if situation.session.is_some() {
            level::can_be_met(&situation.request.essential_acr())?;
        }
        return if silent {
            Err(Refusal::new(Code::LoginRequired, "the person must sign in"))
        } else {
            Ok(Next::Login)
        };
    }
    if must_consent(situation, &wanted, policy) {
        return if silent {
            Err(Refusal::new(Code::ConsentRequired, "the person must consent"))
        } else {
            Ok(Next::Consent(wanted))
        };
    }
    Ok(Next::Done(wanted))
}

/// The scope and resources that can be given. `offline_access` is dropped where it means nothing
/// (OpenID Connect Core 1.0 section 11).
fn wanted(situation: &Situation<'_>) -> Result<Wanted, Refusal> {
    let Situation { request, client, .. } = situation;
    let kind = request.response_type;
    if kind.gives_code() {
        client.must_be_allowed(AUTHORIZATION_CODE)?;
        if client.metadata.must_use_pkce() && request.challenge.is_none() {
            return Err(Refusal::new(Code::InvalidRequest, "code_challenge is missing"));
        }
    }
    if kind.is_implicit() {
        client.must_be_allowed(IMPLICIT)?;
    }
    if !client.metadata.may_answer(kind) {
        return Err(Refusal::new(Code::UnauthorizedClient, "the client is not registered for this response_type"));
    }
    if kind.gives_id_token() && !request.scope.contains(OPENID) {
        return Err(Refusal::new(Code::InvalidRequest, "an ID token needs the scope openid"));
    }
    let offline = kind.gives_code() && client.metadata.may_use(REFRESH_TOKEN) && request.scope.contains(OPENID);
    let scope = request.scope.only(|word| word != OFFLINE_ACCESS || offline);
    let scope = client.scope(Some(&scope))?;
    let resources = client.resources(&request.resources)?;
    // Claims are what OpenID Connect adds (Core 1.0 section 5.5); without it they mean nothing.
    let claims = if scope.contains(OPENID) { request.claims.names() } else { ClaimNames::default() };
    Ok(Wanted { scope, resources, claims })
}

fn must_login(situation: &Situation<'_>, now: Time) -> Result<bool, Refusal> {
    let Situation { request, born, client, session, hinted, .. } = situation;
    // Open for this client, whose limits may be shorter than the session's own.
    let Some(session) = session.filter(|session| session.narrowed(&client.narrowing()).is_open(now)) else {
        return Ok(true);
    };
    let proved_for_this = session.proved_within((now - *born).min(FRESH.delta()), now);
    if hinted.is_some_and(|hinted| session.subject.person() != Some(hinted)) {
        return if proved_for_this {
            Err(Refusal::new(Code::LoginRequired, "another person signed in than the request names"))
        } else {
            Ok(true)
        };
    }
    let preferred = level::preferred(request, client);
    let essential = level::is_reached(session, &request.essential_acr());
    if proved_for_this {
        return if essential { Ok(false) } else { Err(level::unmet()) };
    }
    // Where none of what is preferred can be had here, nobody is bothered for it.
    let better = acr::is_known(&preferred) && !level::is_reached(session, &preferred) && !request.prompt.none;
    let max_age = request.max_age.or(client.metadata.default_max_age);
    let stale = max_age.is_some_and(|seconds| !session.proved_within(TimeDelta::seconds(seconds.into()), now));
    Ok(request.prompt.login || request.prompt.select_account || stale || better || !essential)
}

fn must_consent(situation: &Situation<'_>, wanted: &Wanted, policy: &Policy) -> bool {
    let Situation { request, born, client, consent, .. } = situation;
    let given_for_this = consent.is_some_and(|consent| consent.granted_at >= *born);
    let covered = consent.is_some_and(|consent| consent.covers(wanted));
    if covered && given_for_this {
        return false;
    }
    if request.prompt.consent {
        return true;
    }
    if client.metadata.skip_consent {
        return false;
    }
    !covered || !is_identity_sure(situation, policy)
}

/// Whether an earlier yes to this client may count again. A public client that answers on a loopback address or a
/// private scheme could be any program on the machine (RFC 8252 section 8.6). Where the issuer itself is on the
/// loopback host, everything is one developer's machine.
fn is_identity_sure(situation: &Situation<'_>, policy: &Policy) -> bool {
    !situation.client.metadata.is_public()
        || situation.request.address.uri().starts_with("https://")
        || policy.issuer.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::duration::Duration;
    use crate::domain::client::tests::client;
    use crate::domain::session::Activity;
    use crate::domain::session::tests::{at, session};
    use crate::protocol::params::Params;

    const PKCE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn policy(issuer: &str) -> Policy {
        Policy::usual(issuer)
    }

    fn app() -> Client {
        client(
            json!({"redirect_uris": ["https://app.example/cb"], "grant_types": ["authorization_code", "refresh_token"]}),
        )
    }

    fn request(client: &Client, query: &str) -> AuthorizationRequest {
        let params = Params::parse(format!("response_type=code&{PKCE}&{query}").as_bytes()).unwrap();
        AuthorizationRequest::parse(&params, &client.id, client.metadata.return_address(None).unwrap()).unwrap()
    }

    fn consent(scope: &str, seconds: i64) -> Consent {
        let user = session().subject.person().unwrap();
        Consent {
            user,
            client_id: "app".into(),
            scope: scope.parse().unwrap(),
            resources: vec![],
            claims: vec![],
            granted_at: at(seconds),
        }
    }

    /// A session from second 0, a request born at 100, judged at 200.
    fn judge(query: &str, session: Option<&Session>, consent: Option<&Consent>) -> Result<Next, Refusal> {
        let app = app();
        let request = request(&app, query);
        let situation = Situation { request: &request, born: at(100), client: &app, session, hinted: None, consent };
        next(&situation, &policy("https://id.example"), at(200))
    }

    fn code(result: Result<Next, Refusal>) -> &'static str {
        result.unwrap_err().code.as_str()
    }

    #[test]
    fn login_then_consent_then_done() {
        assert_eq!(judge("scope=openid", None, None), Ok(Next::Login));
        assert!(matches!(judge("scope=openid", Some(&session()), None), Ok(Next::Consent(_))));
        assert!(matches!(judge("scope=openid", Some(&session()), Some(&consent("openid", 0))), Ok(Next::Done(_))));
        let wider = judge("scope=openid+email", Some(&session()), Some(&consent("openid", 0)));
        assert!(matches!(wider, Ok(Next::Consent(_))));
    }

    #[test]
    fn a_client_with_shorter_limits_asks_again() {
        let mut app = app();
        app.metadata.session_idle = Some(Duration::seconds(150));
        let (request, yes) = (request(&app, "scope=openid"), consent("openid", 0));
        let judge = |session: &Session| {
            let situation = Situation {
                request: &request,
                born: at(100),
                client: &app,
                session: Some(session),
                hinted: None,
                consent: Some(&yes),
            };
            next(&situation, &policy("https://id.example"), at(200))
        };
        assert_eq!(judge(&session()), Ok(Next::Login), "idle for 200 seconds");
        assert!(matches!(judge(&session().after(Activity::Person, at(60))), Ok(Next::Done(_))));
    }

    #[test]
    fn silence_is_refused_with_what_is_missing() {
        assert_eq!(code(judge("scope=openid&prompt=none", None, None)), "login_required");
        assert_eq!(code(judge("scope=openid&prompt=none", Some(&session()), None)), "consent_required");
        assert_eq!(
            code(judge("scope=openid&prompt=none&max_age=10", Some(&session()), Some(&consent("openid", 0)))),
            "login_required"
        );
    }

    #[test]
    fn a_proof_counts_for_the_requests_born_before_it() {
        let old = session();
        let mut new = session();
        new.authentication.as_mut().unwrap().at = at(150);
        let yes = consent("openid", 0);
        for query in ["scope=openid&prompt=login", "scope=openid&max_age=10", "scope=openid&prompt=select_account"] {
            assert_eq!(judge(query, Some(&old), Some(&yes)), Ok(Next::Login), "{query}");
            assert!(matches!(judge(query, Some(&new), Some(&yes)), Ok(Next::Done(_))), "{query}");
        }
        assert!(matches!(judge("scope=openid&max_age=201", Some(&old), Some(&yes)), Ok(Next::Done(_))));
    }

    #[test]
    fn a_level_that_must_be_reached_is_asked_for_once() {
        let (old, yes) = (session(), consent("openid", 0));
        let mut weak = session();
        weak.authentication.as_mut().unwrap().at = at(150);
        let mut strong = weak.clone();
        strong.authentication.as_mut().unwrap().acr = acr::PASSWORD.into();
        let query = |values: &str, more: &str| {
            let claims = format!(r#"{{"id_token":{{"acr":{{"essential":true,"values":[{values}]}}}}}}"#);
            format!("scope=openid&claims={}{more}", claims.replace('"', "%22"))
        };
        let known = query(&format!(r#""urn:other","{}""#, acr::PASSWORD), "");
        assert_eq!(judge(&known, Some(&old), Some(&yes)), Ok(Next::Login));
        assert_eq!(code(judge(&known, Some(&weak), Some(&yes))), "unmet_authentication_requirements");
        assert!(matches!(judge(&known, Some(&strong), Some(&yes)), Ok(Next::Done(_))));
        let unknown = query(r#""urn:other""#, "");
        assert_eq!(judge(&unknown, None, None), Ok(Next::Login));
        for session in [&old, &weak, &strong] {
            assert_eq!(code(judge(&unknown, Some(session), Some(&yes))), "unmet_authentication_requirements");
        }
        let silent = query(&format!(r#""{}""#, acr::PASSWORD), "&prompt=none");
        assert_eq!(code(judge(&silent, Some(&old), Some(&yes))), "login_required");
        let any = query("", "");
        assert!(matches!(judge(&any, Some(&old), Some(&yes)), Ok(Next::Done(_))), "any level will do");
    }

    #[test]
    fn a_level_that_may_be_reached_is_tried_once() {
        let (old, yes) = (session(), consent("openid", 0));
        let mut new = session();
        new.authentication.as_mut().unwrap().at = at(150);
        let known = format!("scope=openid&acr_values=urn:other+{}", acr::PASSWORD);
        assert_eq!(judge(&known, Some(&old), Some(&yes)), Ok(Next::Login));
        assert!(matches!(judge(&known, Some(&new), Some(&yes)), Ok(Next::Done(_))), "as far as it got");
        for query in ["scope=openid&acr_values=urn:other", &format!("{known}&prompt=none")] {
            assert!(matches!(judge(query, Some(&old), Some(&yes)), Ok(Next::Done(_))), "{query}");
        }
    }

    #[test]
    fn consent_can_be_asked_for_again() {
        let query = "scope=openid&prompt=consent";
        assert!(matches!(judge(query, Some(&session()), Some(&consent("openid", 50))), Ok(Next::Consent(_))));
        assert!(matches!(judge(query, Some(&session()), Some(&consent("openid", 150))), Ok(Next::Done(_))));
    }

    #[test]
    fn offline_access_is_dropped_where_it_means_nothing() {
        let mut app = app();
        app.metadata.grant_types = vec!["authorization_code".into()];
        let request = request(&app, "scope=openid+offline_access");
        let (yes, own) = (consent("openid", 0), session());
        let situation = Situation {
            request: &request,
            born: at(100),
            client: &app,
            session: Some(&own),
            hinted: None,
            consent: Some(&yes),
        };
        let Ok(Next::Done(wanted)) = next(&situation, &policy("https://id.example"), at(200)) else { panic!() };
        assert_eq!(wanted.scope.to_string(), "openid");
    }

    #[test]
    fn refuses_what_the_client_may_not_have() {
        assert_eq!(code(judge("scope=openid+admin", Some(&session()), None)), "invalid_scope");
        assert_eq!(code(judge("scope=openid&resource=https://x", Some(&session()), None)), "invalid_target");
        let app = app();
        let mut request = request(&app, "scope=openid");
        request.challenge = None;
        let situation =
            Situation { request: &request, born: at(100), client: &app, session: None, hinted: None, consent: None };
        assert_eq!(code(next(&situation, &policy("https://id.example"), at(200))), "invalid_request");
    }

    #[test]
    fn a_hint_at_somebody_else_asks_for_them_once() {
        let app = app();
        let request = request(&app, "scope=openid");
        let somebody = UserId::new(at(9), &crate::base::entropy::SeededEntropy::new(9));
        let judge = |session: &Session| {
            let situation = Situation {
                request: &request,
                born: at(100),
                client: &app,
                session: Some(session),
                hinted: Some(somebody),
                consent: None,
            };
            next(&situation, &policy("https://id.example"), at(200))
        };
        assert_eq!(judge(&session()), Ok(Next::Login));
        let mut new = session();
        new.authentication.as_mut().unwrap().at = at(150);
        assert_eq!(code(judge(&new)), "login_required");
    }

    #[test]
    fn an_unsure_client_asks_every_time() {
        let native = client(json!({"redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none"}));
        let request = request(&native, "scope=openid");
        let own = session();
        let judge = |granted: i64, issuer| {
            let yes = consent("openid", granted);
            let situation = Situation {
                request: &request,
                born: at(100),
                client: &native,
                session: Some(&own),
                hinted: None,
                consent: Some(&yes),
            };
            next(&situation, &policy(issuer), at(200)).unwrap()
        };
        assert!(matches!(judge(50, "https://id.example"), Next::Consent(_)));
        assert!(matches!(judge(150, "https://id.example"), Next::Done(_)));
        assert!(matches!(judge(50, "http://localhost:8080"), Next::Done(_)));
    }
}
