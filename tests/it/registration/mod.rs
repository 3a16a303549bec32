//! Clients that register and manage themselves (RFC 7591; RFC 7592; OpenID Connect Registration 1.0).

mod admission;
mod bad;
mod lifetime;
mod management;
mod pairwise;
mod trap;

use doorward::domain::policy::{Admission, Profile};
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::client::Client;
use crate::stage::HOME;
use crate::world::{Setting, World, on_both_with};

/// Anybody may register, as often as they like.
pub fn open() -> Setting {
    Setting {
        change: |policy| {
            policy.registration.admission = Admission::Open;
            policy.registration.limit = None;
        },
        ..Setting::default()
    }
}

/// Whoever holds an initial access token may register.
pub fn by_token() -> Setting {
    Setting { change: |policy| policy.registration.admission = Admission::Token, ..Setting::default() }
}

/// As conformance suites want it.
pub fn certification() -> Setting {
    Setting {
        change: |policy| {
            policy.profile = Profile::Certification;
            policy.registration.admission = Admission::Open;
            policy.registration.limit = None;
        },
        ..Setting::default()
    }
}

/// Sends a body to the registration endpoint, or to what is below it.
pub async fn send(world: &World, method: Method, place: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let url = if place.is_empty() { format!("{}/oauth2/register", world.issuer) } else { place.to_owned() };
    let mut request = world.http().request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    Answer::of(request.send().await.unwrap()).await
}

pub async fn register(world: &World, body: Value) -> Answer {
    send(world, Method::POST, "", None, Some(&body)).await
}

/// A client that registered itself.
pub struct Registered {
    pub whole: Value,
}

impl Registered {
    pub async fn new(world: &World, body: Value) -> Self {
        let answer = register(world, body).await;
        assert_eq!(answer.is(201).header("cache-control"), Some("no-store"));
        Self { whole: answer.json() }
    }

    pub fn text(&self, name: &str) -> &str {
        self.whole[name].as_str().unwrap_or_else(|| panic!("{name} is no text: {}", self.whole))
    }

    pub fn client(&self, world: &World) -> Client {
        let secret = self.whole["client_secret"].as_str().map(str::to_owned);
        Client { http: world.http(), issuer: world.issuer.clone(), id: self.text("client_id").into(), secret }
    }

    /// A management call with the client's own token.
    pub async fn manage(&self, world: &World, method: Method, body: Option<&Value>) -> Answer {
        let (place, token) = (self.text("registration_client_uri"), self.text("registration_access_token"));
        send(world, method, place, Some(token), body).await
    }
}

/// A refusal that names the member it is about, and tells nothing that was sent.
#[track_caller]
pub fn refused(answer: &Answer, code: &str, member: &str) {
    let body = answer.refused(code);
    let text = body["error_description"].as_str().unwrap();
    assert!(text.starts_with(member), "{member} is not named: {text}");
    assert!(text.is_ascii() && !text.contains(['"', '\\']), "{text}");
}

on_both_with! {
    crate::registration::open();

    async fn a_client_learns_everything_that_was_registered(world) {
        let made = Registered::new(world, json!({"redirect_uris": [HOME], "client_name": "Shop", "planet": "earth"})).await;
        let place = format!("{}/oauth2/register/{}", world.issuer, made.text("client_id"));
        assert_eq!(made.text("registration_client_uri"), place);
        assert_eq!((made.text("registration_access_token").len(), made.text("client_secret").len()), (43, 43));
        let now = doorward::base::clock::Clock::now(&world.clock).timestamp();
        for (member, value) in [
            ("client_id_issued_at", json!(now)), ("client_secret_expires_at", json!(0)),
            ("client_name", json!("Shop")), ("redirect_uris", json!([HOME])),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("grant_types", json!(["authorization_code"])), ("response_types", json!(["code"])),
            ("application_type", json!("web")), ("id_token_signed_response_alg", json!("RS256")),
            ("scope", json!("openid profile email address phone")),
        ] {
            assert_eq!(made.whole[member], value, "{member} of {}", made.whole);
        }
        for hidden in ["planet", "skip_consent", "allowed_resources", "session_idle", "legacy_aud", "jwks"] {
            assert_eq!(made.whole.get(hidden), None, "{hidden}");
        }
    }

    async fn a_client_that_registered_signs_people_in(world) {
        let grants = json!(["authorization_code", "refresh_token"]);
        let app = Registered::new(world, json!({"redirect_uris": [HOME], "grant_types": grants})).await.client(world);
        let (_, tokens) = world.signed_in(&app).await;
        app.refresh(&tokens.refresh).await.ok();
        assert_eq!(crate::client::jose_header(&tokens.id)["alg"], "RS256");
        assert_eq!(app.userinfo(&tokens.access).await.ok()["email"], "alice@example.com");
    }

    async fn public_clients_get_no_secret(world) {
        let body = json!({"redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none", "application_type": "native"});
        let made = Registered::new(world, body).await;
        assert_eq!((made.whole.get("client_secret"), made.whole.get("client_secret_expires_at")), (None, None));
    }

    async fn discovery_names_the_endpoint(world) {
        let document = world.browser().get("/.well-known/openid-configuration").await.is(200).json();
        assert_eq!(document["registration_endpoint"], format!("{}/oauth2/register", world.issuer));
    }
}

on_both_with! {
    crate::registration::certification();

    async fn suites_get_what_they_expect(world) {
        let usual = Registered::new(world, json!({"redirect_uris": [HOME]})).await;
        assert_eq!(usual.whole["require_pkce"], false);
        let id = usual.text("client_id");
        let stored = doorward::store::client::find(world.db(), id).await.unwrap().unwrap().metadata;
        assert!(stored.legacy_aud && !stored.skip_consent && !stored.must_use_pkce());
        let careful = Registered::new(world, json!({"redirect_uris": [HOME], "require_pkce": true})).await;
        assert_eq!(careful.whole["require_pkce"], true);
        let public = json!({"redirect_uris": [HOME], "token_endpoint_auth_method": "none"});
        let public = Registered::new(world, public).await;
        let stored = doorward::store::client::find(world.db(), public.text("client_id")).await.unwrap().unwrap();
        assert!(stored.metadata.must_use_pkce(), "a public client must use PKCE whatever the profile");
    }
}
