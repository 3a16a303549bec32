//! What is next, by every way a request and a session can meet.

use serde_json::json;

use super::*;
use crate::base::duration::Duration;
use crate::domain::client::tests::client;
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::domain::session::Activity;
use crate::domain::session::tests::{at, session};
use crate::domain::watch::{Mark, OnMark, Watch};
use crate::protocol::params::Params;

const PKCE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn policy(issuer: &str) -> Policy {
    Policy::usual(issuer)
}

fn app() -> Client {
    client(json!({"redirect_uris": ["https://app.example/cb"], "grant_types": ["authorization_code", "refresh_token"]}))
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
    let situation = Situation {
        request: &request,
        born: at(100),
        client: &app,
        session,
        hinted: Hinted::Nobody,
        consent,
        needed: None,
    };
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
            hinted: Hinted::Nobody,
            consent: Some(&yes),
            needed: None,
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
fn silence_says_why_the_session_ended() {
    let told = |session: &Session| judge("scope=openid&prompt=none", Some(session), None).unwrap_err().description;
    let idle = Session { idle: Some(Duration::seconds(150)), ..session() };
    assert_eq!(told(&idle), "session ended: idle");
    let end = End { at: at(150), reason: EndReason::Admin, initiator: Initiator::Admin };
    assert_eq!(told(&Session { recorded_end: Some(end), ..session() }), "session ended: admin");
    let nobody = judge("scope=openid&prompt=none", None, None).unwrap_err();
    assert_eq!(nobody.description, "the person must sign in");
}

#[test]
fn a_marked_session_proves_again_where_policy_says_so() {
    let (app, yes) = (app(), consent("openid", 0));
    let request = request(&app, "scope=openid");
    let watch = Watch { mark: Some(Mark::CountryChanged), ..Watch::default() };
    let marked = Session { watch, ..session() };
    let judge = |on_mark| {
        let mut policy = policy("https://id.example");
        policy.watching.on_mark = on_mark;
        let situation = Situation {
            request: &request,
            born: at(100),
            client: &app,
            session: Some(&marked),
            hinted: Hinted::Nobody,
            consent: Some(&yes),
            needed: None,
        };
        next(&situation, &policy, at(200)).unwrap()
    };
    assert_eq!(judge(OnMark::StepUp), Next::Login);
    assert!(matches!(judge(OnMark::Note), Next::Done(_)));
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
fn a_level_above_the_password_is_added_to_it() {
    let yes = consent("openid", 0);
    let at_level = |level: &str, seconds: i64| {
        let mut session = session();
        let proof = session.authentication.as_mut().unwrap();
        (proof.acr, proof.at) = (level.into(), at(seconds));
        session
    };
    let judge = |session: &Session, query: &str, needed: Option<&str>| {
        let app = client(json!({"redirect_uris": ["https://app.example/cb"]}));
        let request = request(&app, query);
        let situation = Situation {
            request: &request,
            born: at(100),
            client: &app,
            session: Some(session),
            hinted: Hinted::Nobody,
            consent: Some(&yes),
            needed,
        };
        next(&situation, &policy("https://id.example"), at(200))
    };
    let (old, new) = (at_level(acr::PASSWORD, 0), at_level(acr::PASSWORD, 150));
    let asking = format!("scope=openid&acr_values={}", acr::MFA);
    assert_eq!(judge(&old, &asking, None), Ok(Next::Raise(acr::MFA)));
    assert!(matches!(judge(&new, &asking, None), Ok(Next::Done(_))), "as far as it got");
    assert_eq!(judge(&old, &asking, Some(acr::PASSKEY)), Ok(Next::Raise(acr::PASSKEY)), "the highest of both");
    for session in [&old, &new] {
        assert_eq!(judge(session, "scope=openid", Some(acr::MFA)), Ok(Next::Raise(acr::MFA)), "policy always holds");
        assert_eq!(code(judge(session, "scope=openid&prompt=none", Some(acr::MFA))), "login_required");
    }
    assert_eq!(judge(&old, "scope=openid&prompt=login", Some(acr::MFA)), Ok(Next::Login), "everything anew");
    let high = at_level(acr::PASSKEY, 0);
    assert!(matches!(judge(&high, &asking, Some(acr::MFA)), Ok(Next::Done(_))));
    assert_eq!(judge(&at_level("urn:other", 0), "scope=openid", Some(acr::MFA)), Ok(Next::Login));
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
        hinted: Hinted::Nobody,
        consent: Some(&yes),
        needed: None,
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
    let situation = Situation {
        request: &request,
        born: at(100),
        client: &app,
        session: None,
        hinted: Hinted::Nobody,
        consent: None,
        needed: None,
    };
    assert_eq!(code(next(&situation, &policy("https://id.example"), at(200))), "invalid_request");
}

#[test]
fn a_hint_at_somebody_else_asks_for_them_once() {
    let app = app();
    let request = request(&app, "scope=openid");
    let judge = |session: &Session| {
        let situation = Situation {
            request: &request,
            born: at(100),
            client: &app,
            session: Some(session),
            hinted: Hinted::Another,
            consent: None,
            needed: None,
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
            hinted: Hinted::Nobody,
            consent: Some(&yes),
            needed: None,
        };
        next(&situation, &policy(issuer), at(200)).unwrap()
    };
    assert!(matches!(judge(50, "https://id.example"), Next::Consent(_)));
    assert!(matches!(judge(150, "https://id.example"), Next::Done(_)));
    assert!(matches!(judge(50, "http://localhost:8080"), Next::Done(_)));
}
