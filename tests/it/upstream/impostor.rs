//! A provider that says what a test tells it to: a good one, and with one change a bad one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::base::secret::{base64url, sha256};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::{api, parameter};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client_auth::Key;
use crate::world::World;

/// What it says instead of the truth; null takes a member away.
#[derive(Clone, Default)]
pub struct Says {
    pub header: BTreeMap<&'static str, Value>,
    pub claims: BTreeMap<&'static str, Value>,
    pub userinfo: BTreeMap<&'static str, Value>,
    pub discovery: BTreeMap<&'static str, Value>,
    /// The whole ID token.
    pub id_token: Option<String>,
    /// Signs with a key that nobody publishes.
    pub forged: bool,
}

#[derive(Clone)]
pub struct Impostor {
    pub issuer: String,
    /// Our name there.
    pub id: &'static str,
    key: Arc<Key>,
    says: Arc<Mutex<Says>>,
    nonce: Arc<Mutex<String>>,
    heard: Arc<Mutex<Vec<(String, String)>>>,
    now: i64,
}

impl Impostor {
    /// A provider of this world under this id.
    pub async fn join(world: &World, id: &'static str, more: Value) -> Self {
        let impostor = Self::open(world, id).await;
        let mut asked =
            json!({"id": id, "issuer": impostor.issuer, "client_id": "doorward", "client_secret": "a secret"});
        for (member, value) in more.as_object().unwrap() {
            asked[member] = value.clone();
        }
        api(world).await.post("/providers", asked).await.is(201);
        impostor
    }

    pub async fn open(world: &World, id: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let impostor = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            id,
            key: Arc::new(Key::new()),
            says: Arc::default(),
            nonce: Arc::default(),
            heard: Arc::default(),
            now: world.clock.now().timestamp(),
        };
        let serving = impostor.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        impostor
    }

    pub fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// The bodies of what was sent to this path.
    pub fn heard(&self, path: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|(own, _)| own == path).map(|(_, body)| body.clone()).collect()
    }

    async fn serve(self, mut stream: TcpStream) {
        let (mut text, mut piece) = (Vec::new(), [0; 8_192]);
        let whole = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).into_owned();
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            (body.len() >= length.unwrap_or(0)).then(|| (head.to_owned(), body.to_owned()))
        };
        let (head, body) = loop {
            match stream.read(&mut piece).await {
                Ok(read) if read > 0 => text.extend_from_slice(&piece[..read]),
                _ => return,
            }
            if let Some(found) = whole(&text) {
                break found;
            }
        };
        let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap().to_owned();
        self.heard.lock().unwrap().push((path.clone(), body.clone()));
        let said = self.answer(&path).to_string();
        let kind = "content-type: application/json\r\nconnection: close";
        let answer = format!("HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {}\r\n\r\n{said}", said.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    fn answer(&self, path: &str) -> Value {
        let says = self.says.lock().unwrap().clone();
        match path {
            "/.well-known/openid-configuration" => changed(self.discovery(), &says.discovery),
            "/jwks" => self.key.jwks(),
            "/token" => json!({"access_token": "access", "token_type": "Bearer", "id_token": self.id_token(&says)}),
            "/userinfo" => changed(json!({"sub": "theirs", "email": "ann@corp.example"}), &says.userinfo),
            _ => json!({}),
        }
    }

    fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.issuer);
        json!({
            "issuer": self.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"), "jwks_uri": at("jwks"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
            "end_session_endpoint": at("logout"),
        })
    }

    fn id_token(&self, says: &Says) -> String {
        if let Some(id_token) = &says.id_token {
            return id_token.clone();
        }
        let claims = json!({
            "iss": self.issuer, "aud": "doorward", "sub": "theirs", "iat": self.now, "exp": self.now + 300, "sid": "their-session",
            "auth_time": self.now, "nonce": *self.nonce.lock().unwrap(), "amr": ["pwd"],
        });
        self.sign(&says.header, &changed(claims, &says.claims), says.forged)
    }

    fn sign(&self, header: &BTreeMap<&'static str, Value>, claims: &Value, forged: bool) -> String {
        let header = changed(json!({"alg": "ES256", "kid": "k"}), header);
        if forged { Key::new().sign(&header, claims) } else { self.key.sign(&header, claims) }
    }

    /// A logout token with changes.
    pub fn logout_token(
        &self,
        jti: &str,
        header: &BTreeMap<&'static str, Value>,
        changes: &[(&'static str, Value)],
    ) -> String {
        let claims = json!({
            "iss": self.issuer, "aud": "doorward", "sub": "theirs", "sid": "their-session", "iat": self.now,
            "exp": self.now + 120, "jti": jti, "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        let mut typed = BTreeMap::from([("typ", json!("logout+jwt"))]);
        typed.extend(header.clone());
        self.sign(&typed, &changed(claims, &changes.iter().cloned().collect()), false)
    }

    /// Sets out to it from this address here; gives where the browser was sent.
    pub async fn set_out(&self, browser: &Browser, start: &str) -> Url {
        let address = browser.get(start).await.is(303).location();
        assert!(address.as_str().starts_with(&format!("{}/authorize?", self.issuer)), "{address}");
        self.expect(&address);
        address
    }

    /// Answers this request from now on.
    pub fn expect(&self, address: &Url) {
        *self.nonce.lock().unwrap() = parameter(address, "nonce");
    }

    /// Sets out and comes back with a code.
    pub async fn round_trip(&self, browser: &Browser) -> Answer {
        let start = format!("/sso/{}/start", self.id);
        let address = self.set_out(browser, &start).await;
        self.come_back(browser, &parameter(&address, "state")).await
    }

    pub async fn come_back(&self, browser: &Browser, state: &str) -> Answer {
        browser.get(&callback(self.id, &[("code", "code"), ("state", state)])).await
    }

    /// Whether the last code was redeemed with the verifier of this address.
    #[track_caller]
    pub fn knows_verifier_of(&self, address: &Url) {
        let heard = self.heard("/token").pop().expect("a token request");
        let fields: BTreeMap<_, _> = url::form_urlencoded::parse(heard.as_bytes()).into_owned().collect();
        assert_eq!(base64url(&sha256(fields["code_verifier"].as_bytes())), parameter(address, "code_challenge"));
        assert_eq!(parameter(address, "code_challenge_method"), "S256");
    }

    /// Seconds since 1970, so many from now.
    pub fn at(&self, seconds: i64) -> Value {
        json!(self.now + TimeDelta::seconds(seconds).num_seconds())
    }
}

pub fn callback(provider: &str, fields: &[(&str, &str)]) -> String {
    format!("/sso/{provider}/callback?{}", crate::stage::form(fields))
}

fn changed(mut whole: Value, changes: &BTreeMap<&'static str, Value>) -> Value {
    for (name, value) in changes {
        match value {
            Value::Null => drop(whole.as_object_mut().unwrap().remove(*name)),
            value => whole[*name] = value.clone(),
        }
    }
    whole
}
