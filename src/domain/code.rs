//! Authorization codes: used once, by the client, address and verifier they were made for (RFC 6749 section 4.1.3; RFC 7636).

use super::grant::Grant;
use super::session::Session;
use crate::base::clock::Time;
use crate::base::id::GrantId;
use crate::base::secret::Digest;
use crate::protocol::error::{Code as ErrorCode, Refusal};
use crate::protocol::pkce::Challenge;
use crate::protocol::token::CodeRequest;

#[derive(Clone, Debug)]
pub struct Code {
    pub digest: Digest,
    pub grant: GrantId,
    pub redirect_uri: String,
    /// Whether the authorization request named the address.
    pub redirect_named: bool,
    pub challenge: Option<Challenge>,
    pub nonce: Option<String>,
    pub expires_at: Time,
    pub used_at: Option<Time>,
    /// The grant that its first use gave.
    pub gave: Option<GrantId>,
}

/// A code with what it hangs on.
#[derive(Clone, Debug)]
pub struct Found {
    pub code: Code,
    pub grant: Grant,
    pub session: Session,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Give,
    /// A second use by its own client: refused, and what the first use gave ends (RFC 6749 section 4.1.2).
    Reuse(Refusal),
    Refuse(Refusal),
}

fn refuse(reason: &'static str) -> Verdict {
    Verdict::Refuse(Refusal::new(ErrorCode::InvalidGrant, "the code is not valid").because(reason))
}

/// Decides on a presented code. A wrong client learns nothing and changes nothing.
pub fn decide(found: Option<&Found>, client_id: &str, asked: &CodeRequest, now: Time) -> Verdict {
    let Some(Found { code, grant, session }) = found else {
        return refuse("no such code");
    };
    if grant.client_id != client_id {
        return refuse("the code is another client's");
    }
    if code.used_at.is_some() {
        let refusal =
            Refusal::new(ErrorCode::InvalidGrant, "the code is not valid").because("the code was used before");
        return Verdict::Reuse(refusal);
    }
    if now >= code.expires_at {
        return refuse("the code is expired");
    }
    if let Some(ended) = grant.end(session, now) {
        return Verdict::Refuse(ended.refusal());
    }
    match &asked.redirect_uri {
        Some(uri) if *uri != code.redirect_uri => return refuse("redirect_uri differs from the authorization request"),
        None if code.redirect_named => return refuse("redirect_uri is missing"),
        _ => {}
    }
    // The presence counts as much as the value: a verifier without a challenge is a downgrade (RFC 9700 section 4.8.2).
    match (&code.challenge, &asked.verifier) {
        (None, None) => Verdict::Give,
        (Some(challenge), Some(verifier)) if challenge.answered_by(verifier) => Verdict::Give,
        (Some(_), Some(_)) => refuse("code_verifier is wrong"),
        (Some(_), None) => refuse("code_verifier is missing"),
        (None, Some(_)) => refuse("code_verifier without a challenge"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grant::tests::grant;
    use crate::domain::revocation::EndReason;
    use crate::domain::session::tests::{at, session};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn found() -> Found {
        let session = session();
        let grant = grant(&[]);
        let code = Code {
            digest: Digest::of("x"),
            grant: grant.id,
            redirect_uri: "https://app.example/cb".into(),
            redirect_named: true,
            challenge: Some(Challenge::stored("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into())),
            nonce: None,
            expires_at: at(60),
            used_at: None,
            gave: None,
        };
        Found { code, grant, session }
    }

    fn asked() -> CodeRequest {
        CodeRequest {
            code: "x".into(),
            redirect_uri: Some("https://app.example/cb".into()),
            verifier: Some(VERIFIER.into()),
            resources: Vec::new(),
        }
    }

    #[test]
    fn gives_once_to_whom_it_was_made_for() {
        assert_eq!(decide(Some(&found()), "app", &asked(), at(59)), Verdict::Give);
        assert!(matches!(decide(None, "app", &asked(), at(0)), Verdict::Refuse(_)));
        assert!(matches!(decide(Some(&found()), "app", &asked(), at(60)), Verdict::Refuse(_)));
        let mut used = found();
        used.code.used_at = Some(at(1));
        assert!(matches!(decide(Some(&used), "app", &asked(), at(2)), Verdict::Reuse(_)));
        assert!(
            matches!(decide(Some(&used), "other", &asked(), at(2)), Verdict::Refuse(_)),
            "a stranger triggers nothing"
        );
    }

    #[test]
    fn the_address_must_be_the_same() {
        let wrong = CodeRequest { redirect_uri: Some("https://app.example/cb2".into()), ..asked() };
        let none = CodeRequest { redirect_uri: None, ..asked() };
        assert!(matches!(decide(Some(&found()), "app", &wrong, at(1)), Verdict::Refuse(_)));
        assert!(matches!(decide(Some(&found()), "app", &none, at(1)), Verdict::Refuse(_)));
        let mut unnamed = found();
        unnamed.code.redirect_named = false;
        assert_eq!(decide(Some(&unnamed), "app", &none, at(1)), Verdict::Give);
    }

    #[test]
    fn the_four_cells_of_pkce() {
        let with = found();
        let mut without = found();
        without.code.challenge = None;
        let no_verifier = CodeRequest { verifier: None, ..asked() };
        let wrong = CodeRequest { verifier: Some("a".repeat(43)), ..asked() };
        assert!(matches!(decide(Some(&with), "app", &no_verifier, at(1)), Verdict::Refuse(_)));
        assert!(matches!(decide(Some(&with), "app", &wrong, at(1)), Verdict::Refuse(_)));
        assert!(matches!(decide(Some(&without), "app", &asked(), at(1)), Verdict::Refuse(_)));
        assert_eq!(decide(Some(&without), "app", &no_verifier, at(1)), Verdict::Give);
    }

    #[test]
    fn an_ended_session_gives_nothing_and_says_why() {
        let mut ended = found();
        ended.grant.ended = Some(EndReason::Logout);
        let Verdict::Refuse(refusal) = decide(Some(&ended), "app", &asked(), at(1)) else { panic!() };
        assert_eq!(refusal.description, "grant ended: logout");
    }
}
