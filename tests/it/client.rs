//! An application that talks to the protocol endpoints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::answer::Answer;
use crate::stage::{HOME, VERIFIER, form};

#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub issuer: String,
    pub id: String,
    /// Sent by Basic; a client without one says its name in the body.
    pub secret: Option<String>,
}

/// What a client got.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub id: String,
    pub whole: Value,
}

impl Tokens {
    pub fn of(whole: Value) -> Self {
        let text = |name: &str| whole[name].as_str().unwrap_or_default().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), id: text("id_token"), whole }
    }
}

impl Client {
    /// Posts a form to an endpoint with the client's own proof.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut fields = fields.to_vec();
        let mut request = self.http.post(format!("{}{path}", self.issuer));
        match &self.secret {
            Some(secret) => request = request.header("authorization", basic(&self.id, secret)),
            None => fields.push(("client_id", &self.id)),
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form(&fields));
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.post("/oauth2/token", fields).await
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        self.redeem_with(code, &[]).await
    }

    /// As [`Client::redeem`]; `more` may add to the request, change it, or take away what it leaves empty.
    pub async fn redeem_with(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", HOME),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.token(&fields).await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    pub async fn client_credentials(&self, more: &[(&str, &str)]) -> Answer {
        self.token(&[&[("grant_type", "client_credentials")], more].concat()).await
    }

    pub async fn introspect(&self, token: &str) -> Value {
        self.post("/oauth2/introspect", &[("token", token)]).await.ok()
    }

    pub async fn revoke(&self, token: &str) -> Answer {
        self.post("/oauth2/revoke", &[("token", token)]).await
    }

    pub async fn userinfo(&self, access_token: &str) -> Answer {
        self.get("/oauth2/userinfo", Some(access_token)).await
    }

    /// What a gateway hears about a request with this token.
    pub async fn gateway(&self, access_token: &str) -> Answer {
        self.get("/gateway/check", Some(access_token)).await
    }

    pub async fn get(&self, path: &str, access_token: Option<&str>) -> Answer {
        let mut request = self.http.get(format!("{}{path}", self.issuer));
        if let Some(token) = access_token {
            request = request.bearer_auth(token);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// The code for tokens.
    pub async fn tokens(&self, code: &str) -> Tokens {
        Tokens::of(self.redeem(code).await.ok())
    }
}

/// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
pub fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

/// The claims of a JWT, unverified.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header of a JWT.
pub fn jose_header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap_or_else(|| panic!("not a JWT: {token}"));
    serde_json::from_slice(&doorward::base::secret::from_base64url(part).unwrap()).unwrap()
}
