//! Levels of authentication in an authorization request: which are wanted, whether they were reached, and which one is told
//! (OpenID Connect Core 1.0 section 5.5.1.1; OpenID Connect Core Unmet Authentication Requirements 1.0).

use super::client::Client;
use super::policy::Policy;
use super::session::{Authentication, Session};
use super::user::User;
use crate::protocol::acr;
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::error::{Code, Refusal};

/// The levels that had better be reached: the request's, or what the client prefers by its registration when the request
/// says nothing (OpenID Connect Registration 1.0 section 2).
pub fn preferred(request: &AuthorizationRequest, client: &Client) -> Vec<String> {
    let preferred = request.preferred_acr();
    let silent = preferred.is_empty() && request.essential_acr().is_empty();
    if silent { client.metadata.default_acr_values.clone() } else { preferred }
}

/// Refuses levels that no sign-in here can reach.
pub fn can_be_met(essential: &[String]) -> Result<(), Refusal> {
    if essential.is_empty() || acr::is_known(essential) { Ok(()) } else { Err(unmet()) }
}

/// The level that policy needs of a sign-in: the highest of what is said for everybody, for the person, for their roles and
/// for the client, if there is one.
pub fn needed(policy: &Policy, user: &User, client: Option<&Client>) -> Option<String> {
    let of_client = client.and_then(|client| client.metadata.required_acr.as_deref());
    let said: [Option<&str>; 3] = [policy.required_acr, user.required_acr.as_deref(), of_client];
    let of_roles = policy.lifetimes.levels(&user.roles).map(|level: &str| level);
    said.into_iter().flatten().chain(of_roles).reduce(acr::higher).map(str::to_owned)
}

pub fn unmet() -> Refusal {
    Refusal::new(Code::UnmetAuthenticationRequirements, "the level of authentication that was asked for is not reached")
}

/// The proof as this client is told of it: where it asked for certain levels, the one of them that was reached.
pub fn shown(proof: Authentication, request: &AuthorizationRequest) -> Authentication {
    match acr::shown(&proof.acr, &request.essential_acr()).map(str::to_owned) {
        Some(acr) => Authentication { acr, ..proof },
        None => proof,
    }
}

/// Whether the last proof in a session reached one of these levels, or one above. Where none is wanted, it did.
pub fn is_reached(session: &Session, wanted: &[String]) -> bool {
    let own = session.authentication.as_ref().map(|proof| proof.acr.as_str());
    own.map_or(wanted.is_empty(), |own| acr::is_reached(own, wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::client::tests::client;
    use crate::domain::session::tests::session;
    use crate::protocol::params::Params;

    fn app(metadata: &serde_json::Value) -> Client {
        let mut whole = json!({"redirect_uris": ["https://app.example/cb"]});
        whole.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        client(whole)
    }

    fn request(client: &Client, query: &str) -> AuthorizationRequest {
        let params = Params::parse(format!("response_type=code&{}", query.replace('"', "%22")).as_bytes()).unwrap();
        AuthorizationRequest::parse(&params, &client.id, client.metadata.return_address(None).unwrap()).unwrap()
    }

    #[test]
    fn a_client_is_told_one_of_the_levels_it_asked_for() {
        let app = app(&json!({}));
        let told = |query: &str| {
            let proof = Authentication { acr: acr::PASSWORD.into(), ..session().authentication.unwrap() };
            shown(proof, &request(&app, query)).acr
        };
        assert_eq!(told("acr_values=urn:other"), acr::PASSWORD);
        let claims = format!(r#"claims={{"id_token":{{"acr":{{"essential":true,"value":"{}"}}}}}}"#, acr::PASSWORD);
        assert_eq!(told(&claims), acr::PASSWORD);
    }

    #[test]
    fn the_registration_speaks_where_the_request_is_silent() {
        let app = app(&json!({"default_acr_values": ["a", "b"]}));
        for (query, expected) in [
            ("", "a b"),
            ("acr_values=c", "c"),
            (r#"claims={"id_token":{"acr":{"value":"d"}}}"#, "d"),
            (r#"claims={"id_token":{"acr":{"essential":true,"value":"d"}}}"#, ""),
        ] {
            assert_eq!(preferred(&request(&app, query), &app).join(" "), expected, "{query}");
        }
    }
}
