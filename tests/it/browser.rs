//! A browser as plain as can be: cookies, forms, and no redirect followed unless asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use reqwest::header::SET_COOKIE;
use url::Url;

use crate::answer::Answer;
use crate::stage::{CHALLENGE, HOME, PASSWORD, form};

pub struct Browser {
    http: reqwest::Client,
    issuer: String,
    jar: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub fn new(http: reqwest::Client, issuer: &str) -> Self {
        Self { http, issuer: issuer.into(), jar: Mutex::default() }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.jar.lock().unwrap().clone()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().insert(name.into(), value.into());
    }

    pub fn forget(&self, name: &str) {
        self.jar.lock().unwrap().remove(name);
    }

    /// The same browser over new connections.
    pub fn through(self, http: reqwest::Client) -> Self {
        Self { http, ..self }
    }

    /// Another browser with the same cookies: a thief's.
    pub fn stolen(&self) -> Self {
        let jar = self.jar.lock().unwrap().clone();
        Self { http: self.http.clone(), issuer: self.issuer.clone(), jar: Mutex::new(jar) }
    }

    /// A path below the issuer, or an address of its own.
    pub async fn get(&self, target: &str) -> Answer {
        self.send(Method::GET, target, &[], None).await
    }

    /// Sends a form as one of our own pages would.
    pub async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, target, &[("origin", &origin(&self.issuer))], Some(form(fields))).await
    }

    pub async fn send(&self, method: Method, target: &str, headers: &[(&str, &str)], body: Option<String>) -> Answer {
        let url = if target.starts_with("http") { target.to_owned() } else { format!("{}{target}", self.issuer) };
        let jar = self.jar.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let mut request = self.http.request(method, url);
        if !jar.is_empty() {
            request = request.header("cookie", jar.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = Answer::of(request.send().await.unwrap()).await;
        self.keep(&answer);
        answer
    }

    fn keep(&self, answer: &Answer) {
        let mut jar = self.jar.lock().unwrap();
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() || cookie.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.into(), value.into());
            }
        }
    }

    /// Fills in the form of a page that goes to this path, and sends it.
    pub async fn submit(&self, page: &Answer, path: &str, answers: &[(&str, &str)]) -> Answer {
        let hidden = page.form(path);
        let mut fields: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.extend(answers);
        self.post(path, &fields).await
    }

    /// Opens a page and everything it leads to here, until there is something to see or the browser is sent elsewhere.
    pub async fn open(&self, target: &str) -> Answer {
        let answer = self.get(target).await;
        self.follow(answer).await
    }

    pub async fn follow(&self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            if !answer.status.is_redirection() || !answer.location().as_str().starts_with(&self.issuer) {
                return answer;
            }
            answer = self.get(answer.location().as_str()).await;
        }
        panic!("{} leads in a circle", answer.url);
    }

    /// Signs in by the login page, with nothing else in mind.
    pub async fn sign_in(&self, username: &str) {
        let page = self.open("/login").await;
        let answer = self.log_in(&page, username, PASSWORD).await;
        assert_eq!(answer.is(303).location().path(), "/account");
    }

    /// Fills in this login page.
    pub async fn log_in(&self, page: &Answer, username: &str, password: &str) -> Answer {
        self.submit(page, "/login", &[("username", username), ("password", password)]).await
    }

    /// The authorization request of this client with what must be there; `more` may add to it or change it.
    pub async fn authorize(&self, client_id: &str, more: &[(&str, &str)]) -> Answer {
        self.open(&authorization(client_id, more)).await
    }

    /// Goes through login and consent as they come, and gives what the client is told.
    pub async fn answer_to(&self, client_id: &str, username: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
        self.answer_at(&authorization(client_id, more), username).await
    }

    /// As [`Browser::answer_to`], with an authorization request that somebody else wrote.
    pub async fn answer_at(&self, authorization: &str, username: &str) -> BTreeMap<String, String> {
        let mut answer = self.open(authorization).await;
        if answer.url.path() == "/login" {
            answer = self.log_in(&answer, username, PASSWORD).await;
            answer = self.follow(answer).await;
        }
        if answer.url.path() == "/consent" && answer.status == 200 {
            answer = self.submit(&answer, "/consent", &[("decision", "allow")]).await;
            answer = self.follow(answer).await;
        }
        answer.home(HOME)
    }

    /// A code for this client.
    pub async fn code(&self, client_id: &str, username: &str, scope: &str) -> String {
        let answer = self.answer_to(client_id, username, &[("scope", scope)]).await;
        answer.get("code").unwrap_or_else(|| panic!("no code: {answer:?}")).clone()
    }
}

/// The address of an authorization request.
pub fn authorization(client_id: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("client_id", client_id),
        ("redirect_uri", HOME),
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    // An empty value takes a field away.
    fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    format!("/oauth2/authorize?{}", form(&fields))
}

pub fn origin(issuer: &str) -> String {
    Url::parse(issuer).unwrap().origin().ascii_serialization()
}
