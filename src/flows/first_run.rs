//! The first run in the development profile: an admin, a person and three clients to try everything with.
//!
//! 1. Nobody and nothing is there yet? Only then.
//! 2. Draw the secrets and hash what is hashed.
//! 3. In one write: take the lease, look again, tell the secrets, insert the accounts, commit.
//!
//! The secrets are told before the commit, so that no moment of dying leaves accounts whose secrets nobody knows: told but not
//! committed, the database is still untouched, and the next start draws and tells anew. Nodes that start at once wait for the
//! lease; the second one finds accounts and tells nothing.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Authority, Failure};
use crate::base::clock::Time;
use crate::base::entropy::{Entropy, draw};
use crate::base::id::{ClientSecretId, CredentialId, UserId};
use crate::base::secret::{Digest, Secret, Typed, base64url};
use crate::domain::client::{Client, ClientSecret};
use crate::domain::user::{Password, User};
use crate::protocol::claims::STANDARD_SCOPES;
use crate::protocol::registration::{AuthMethod, ClientMetadata, SigningAlgorithm};
use crate::protocol::token::{AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN};
use crate::store;
use crate::store::db::{Fault, Tx};

/// The names of what is made, for those who look for it later.
pub const ADMIN: &str = "admin";
pub const DEMO_USER: &str = "demo";
pub const ADMIN_CLIENT: &str = "admin-client";
pub const DEMO_SPA: &str = "demo-spa";
pub const DEMO_SERVICE: &str = "demo-service";

/// What was made, with its secrets: for its owner alone, never for a log.
#[derive(Serialize)]
pub struct Told {
    issuer: String,
    admin: Person,
    admin_client: Machine,
    demo_user: Person,
    demo_spa: App,
    demo_service: Machine,
}

#[derive(Serialize)]
struct Person {
    username: &'static str,
    password: String,
}

#[derive(Serialize)]
struct Machine {
    client_id: &'static str,
    client_secret: String,
}

#[derive(Serialize)]
struct App {
    client_id: &'static str,
    redirect_uri: String,
}

/// Why the first run made nothing.
#[derive(Debug, thiserror::Error)]
pub enum FirstRunError {
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The secrets could not be told.
    #[error(transparent)]
    Telling(#[from] io::Error),
}

impl From<Fault> for FirstRunError {
    fn from(fault: Fault) -> Self {
        Self::Failure(fault.into())
    }
}

/// Makes the accounts unless anybody has used the database; whether it did. `tell` makes the secrets durable, at once
/// and in place of whatever was told before.
pub async fn seed(
    authority: &Authority,
    tell: impl FnOnce(&Told) -> io::Result<()> + Send + 'static,
) -> Result<bool, FirstRunError> {
    if !is_untouched(authority).await? {
        return Ok(false);
    }
    let now = authority.now();
    let told = Told::draw(&authority.policy.issuer, authority.dice());
    let users = people(authority, &told, now).await?;
    let clients = clients(&told, &authority.policy.admin_audience(), now, authority.dice());
    let seeded = authority.db.write(async move |tx| {
        let free = store::lease::take(tx, "first run", now, now).await?;
        if !free || !store::first_run::is_untouched(tx).await? {
            return Ok(tx.undo(Ok(false)));
        }
        if let Err(error) = tell(&told) {
            return Ok(tx.undo(Err(error)));
        }
        insert(tx, &users, &clients).await?;
        Ok(Ok(true))
    });
    Ok(seeded.await??)
}

/// Whether nobody has used the database yet.
pub async fn is_untouched(authority: &Authority) -> Result<bool, Fault> {
    authority.db.write(async |tx| store::first_run::is_untouched(tx).await).await
}

async fn insert(tx: &mut Tx, users: &[User], clients: &[Client]) -> Result<(), Fault> {
    for user in users {
        store::user::insert(tx, user).await?;
    }
    for client in clients {
        store::client::insert(tx, client).await?;
    }
    Ok(())
}

impl Told {
    fn draw(issuer: &str, dice: &dyn Entropy) -> Self {
        let machine = |client_id| Machine { client_id, client_secret: Secret::new(dice).reveal() };
        // 144 bits, 24 characters.
        let person = |username| Person { username, password: base64url(&draw::<18>(dice)) };
        Self {
            issuer: issuer.to_owned(),
            admin: person(ADMIN),
            admin_client: machine(ADMIN_CLIENT),
            demo_user: person(DEMO_USER),
            demo_spa: App { client_id: DEMO_SPA, redirect_uri: format!("{issuer}/demo/") },
            demo_service: machine(DEMO_SERVICE),
        }
    }
}

async fn people(authority: &Authority, told: &Told, now: Time) -> Result<[User; 2], Failure> {
    let hash = async |person: &Person| {
        let place = authority.passwords.place()?;
        authority.passwords.hash(place, Typed::new(person.password.clone()), authority.entropy.clone()).await
    };
    let (admin, demo) = tokio::join!(hash(&told.admin), hash(&told.demo_user));
    let person = |username: &str, hash: String, roles: &[&str], claims: Value| User {
        id: UserId::new(now, authority.dice()),
        username: username.to_owned(),
        password: Some(Password { id: CredentialId::new(now, authority.dice()), hash }),
        password_disabled: false,
        must_change_password: false,
        disabled: false,
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        required_acr: None,
        claims: members(claims),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let named = json!({
        "name": "Demo User", "given_name": "Demo", "family_name": "User", "email": "demo@example.com", "email_verified": true
    });
    Ok([person(ADMIN, admin?, &["admin"], json!({ "name": "Administrator" })), person(DEMO_USER, demo?, &[], named)])
}

fn members(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

fn clients(told: &Told, admin_audience: &str, now: Time, dice: &dyn Entropy) -> [Client; 3] {
    let machine = |name: &str, scope: &str| ClientMetadata {
        client_name: Some(name.to_owned()),
        token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
        grant_types: vec![CLIENT_CREDENTIALS.into()],
        response_types: Vec::new(),
        scope: scope.parse().ok(),
        ..ClientMetadata::default()
    };
    let admin = ClientMetadata {
        allowed_resources: vec![admin_audience.to_owned()],
        ..machine("Administration", "admin admin.read")
    };
    let spa = ClientMetadata {
        client_name: Some("Demo application".into()),
        redirect_uris: vec![told.demo_spa.redirect_uri.clone()],
        post_logout_redirect_uris: vec![told.demo_spa.redirect_uri.clone()],
        token_endpoint_auth_method: AuthMethod::None,
        grant_types: vec![AUTHORIZATION_CODE.into(), REFRESH_TOKEN.into()],
        scope: STANDARD_SCOPES.join(" ").parse().ok(),
        id_token_signed_response_alg: SigningAlgorithm::ES256,
        skip_consent: true,
        ..ClientMetadata::default()
    };
    let client = |id: &str, metadata, secret: Option<&str>| Client {
        id: id.to_owned(),
        metadata,
        secrets: secret.into_iter().map(|text| client_secret(text, now, dice)).collect(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    [
        client(ADMIN_CLIENT, admin, Some(&told.admin_client.client_secret)),
        client(DEMO_SPA, spa, None),
        client(DEMO_SERVICE, machine("Demo service", "demo.read demo.write"), Some(&told.demo_service.client_secret)),
    ]
}

fn client_secret(text: &str, now: Time, dice: &dyn Entropy) -> ClientSecret {
    ClientSecret {
        id: ClientSecretId::new(now, dice),
        digest: Digest::of(text),
        sealed: None,
        created_at: now,
        expires_at: None,
    }
}

/// The demo accounts that can still be used, in production or not.
pub async fn remaining(db: &store::db::Db) -> Result<Vec<String>, Fault> {
    let mut left = Vec::new();
    let demo = store::user::by_username(db, DEMO_USER).await?;
    left.extend(demo.filter(|user| !user.disabled).map(|user| user.username));
    for id in [DEMO_SPA, DEMO_SERVICE] {
        left.extend(store::client::find(db, id).await?.map(|client| client.id));
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::{password, user};

    fn told() -> Told {
        Told::draw("http://localhost:8080", &SeededEntropy::new(1))
    }

    #[test]
    fn what_is_told_has_the_shape_of_the_contract() {
        let told = serde_json::to_value(told()).unwrap();
        let secret = |path: &str| told.pointer(path).and_then(Value::as_str).unwrap().to_owned();
        let [admin, demo] = ["/admin/password", "/demo_user/password"].map(secret);
        let [admin_client, service] = ["/admin_client/client_secret", "/demo_service/client_secret"].map(secret);
        let expected = json!({
            "issuer": "http://localhost:8080",
            "admin": { "username": "admin", "password": admin },
            "admin_client": { "client_id": "admin-client", "client_secret": admin_client },
            "demo_user": { "username": "demo", "password": demo },
            "demo_spa": { "client_id": "demo-spa", "redirect_uri": "http://localhost:8080/demo/" },
            "demo_service": { "client_id": "demo-service", "client_secret": service },
        });
        assert_eq!(told, expected);
        assert!(admin.len() >= 20 && admin != demo && admin_client != service);
        for (username, text) in [("admin", admin), ("demo", demo)] {
            let context = password::Context::of(username, &Map::new(), "http://localhost:8080");
            assert_eq!(password::check(&Typed::new(text), &context), Ok(()));
        }
    }

    #[test]
    fn the_clients_keep_the_rules_of_registration() {
        let dice = SeededEntropy::new(1);
        let clients = clients(&told(), "http://localhost:8080/api/v1", Time::default(), &dice);
        for client in &clients {
            assert_eq!(client.metadata.check(), Ok(()), "{}", client.id);
            assert!(client.metadata.scope.is_some(), "{}", client.id);
            assert_eq!(client.metadata.has_secret(), !client.secrets.is_empty(), "{}", client.id);
        }
        let [admin, spa, service] = &clients;
        assert_eq!(admin.audience(&[], "http://localhost:8080"), ["http://localhost:8080/api/v1"]);
        assert_eq!(spa.metadata.scope.as_ref().map(ToString::to_string), Some(STANDARD_SCOPES.join(" ")));
        assert!(service.holds(&Typed::new(told().demo_service.client_secret), Time::default()));
    }

    #[test]
    fn the_claims_are_ones_that_a_person_can_have() {
        let claims = json!({ "name": "Demo User", "email": "demo@example.com", "email_verified": true });
        assert_eq!(user::check_claims(&members(claims)), Ok(()));
    }
}
