//! The admin API over HTTP: one file per noun, and what is true of all of them.

mod call;
mod client;
mod failure;
mod key;
mod mail;
mod paging;
mod provider;
mod revocation;
mod session;
mod user;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, IF_MATCH};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::client::Client;
use crate::world::World;

/// Somebody with an access token for the API.
pub struct Api {
    http: reqwest::Client,
    issuer: String,
    token: String,
}

impl Api {
    /// A machine that may do everything.
    pub async fn of(world: &World) -> Self {
        let machine = administration(world, "administration").await;
        Self::with(world, &token(&machine, "admin").await)
    }

    pub fn with(world: &World, token: &str) -> Self {
        Self { http: world.http(), issuer: world.issuer.clone(), token: token.into() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, None, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, None, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, None, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None, None).await
    }

    /// A call for one version only.
    pub async fn call(&self, method: Method, path: &str, version: Option<&str>, body: Option<Value>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(tag) = version {
            headers.insert(IF_MATCH, tag.parse().unwrap());
        }
        if body.is_some() {
            headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        }
        self.raw(method, path, headers, body.map_or_else(Vec::new, |body| body.to_string().into_bytes())).await
    }

    /// Whatever headers and bytes there are, with the token unless the headers bring another.
    pub async fn raw(&self, method: Method, path: &str, mut headers: HeaderMap, body: Vec<u8>) -> Answer {
        if !headers.contains_key(AUTHORIZATION) {
            headers.insert(AUTHORIZATION, format!("Bearer {}", self.token).parse().unwrap());
        }
        let request = self.http.request(method, format!("{}/api/v1{path}", self.issuer)).headers(headers).body(body);
        Answer::of(request.send().await.unwrap()).await
    }
}

/// A machine that is registered for the API.
pub async fn administration(world: &World, id: &str) -> Client {
    let audience = world.authority.policy.admin_audience();
    world
        .machine(
            id,
            json!({"scope": "admin admin.read other", "allowed_resources": [audience, "https://other.example"]}),
        )
        .await
}

pub async fn token(machine: &Client, scope: &str) -> String {
    machine.client_credentials(&[("scope", scope)]).await.ok()["access_token"].as_str().unwrap().to_owned()
}

/// The fields that a problem names, in order.
#[track_caller]
pub fn fields(answer: &Answer, status: u16) -> Vec<String> {
    let problem = answer.problem(status);
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    assert!(errors.iter().all(|error| error["detail"].as_str().is_some_and(|text| !text.is_empty())), "{problem}");
    let mut fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect();
    fields.sort();
    fields
}

/// The one member of every item of a page.
pub fn column(page: &Value, member: &str) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect()
}

/// The id of a person of the world.
pub async fn id_of(api: &Api, username: &str) -> String {
    let page = api.get(&format!("/users?username={username}")).await.ok();
    column(&page, "id").pop().unwrap()
}
