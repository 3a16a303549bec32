//! What came back over HTTP, and what one may say about it in the words of the protocol.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

pub struct Answer {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// Which status belongs to an error code of the token, revocation and introspection endpoints (RFC 6749 section 5.2).
fn status_of(code: &str) -> u16 {
    match code {
        "invalid_client" | "invalid_token" => 401,
        "insufficient_scope" => 403,
        _ => 400,
    }
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (url, status, headers) = (response.url().clone(), response.status(), response.headers().clone());
        Self { url, status, headers, body: response.text().await.unwrap() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{} answered {}: {}", self.url, self.status, self.body);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        let kind = self.header("content-type").unwrap_or("nothing");
        assert!(kind.contains("json"), "{} answered {kind}: {}", self.url, self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// A good answer, which no cache may keep.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.is(200);
        assert_eq!(self.header("cache-control"), Some("no-store"), "{}", self.url);
        self.json()
    }

    /// A refusal with this error code, and nothing that only we should know.
    #[track_caller]
    pub fn refused(&self, code: &str) -> Value {
        let body = self.is(status_of(code)).json();
        assert_eq!(body["error"], code, "{body}");
        assert!(body["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.tells_nothing_internal();
        body
    }

    /// A problem document (RFC 9457) with this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        self.is(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.body);
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string() && body["type"].is_string(), "{body}");
        self.tells_nothing_internal();
        body
    }

    /// The error page with this code.
    #[track_caller]
    pub fn error_page(&self, code: &str) -> &Self {
        assert!(self.status.is_client_error(), "{} answered {}: {}", self.url, self.status, self.body);
        assert!(self.headers.get("location").is_none());
        assert_eq!(self.element("error-code").as_deref(), Some(code), "{}", self.body);
        self.tells_nothing_internal();
        self
    }

    #[track_caller]
    pub fn tells_nothing_internal(&self) {
        for word in ["sqlx", "SELECT ", "panicked", "src/", ".rs:", "RUST_BACKTRACE", "rusqlite", "postgres"] {
            assert!(!self.body.contains(word), "{} tells {word}: {}", self.url, self.body);
        }
    }

    /// The text of the element with this id.
    pub fn element(&self, id: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("id=\"{id}\""))?;
        let (_, text) = rest.split_once('>')?;
        Some(unescape(text.split('<').next()?).trim().to_owned())
    }

    /// Where it sends the browser.
    #[track_caller]
    pub fn location(&self) -> Url {
        let location = self.header("location");
        let location = location.unwrap_or_else(|| panic!("{} sends nowhere: {} {}", self.url, self.status, self.body));
        self.url.join(location).unwrap()
    }

    /// The parameters with which it sends the browser home to its client, in the query or in the fragment.
    #[track_caller]
    pub fn home(&self, address: &str) -> BTreeMap<String, String> {
        let location = self.is(303).location();
        assert!(location.as_str().starts_with(address), "{location} is not {address}");
        match location.fragment() {
            Some(fragment) => url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect(),
            None => location.query_pairs().into_owned().collect(),
        }
    }

    /// The hidden fields of the form that goes to this path.
    #[track_caller]
    pub fn form(&self, path: &str) -> Vec<(String, String)> {
        let forms = self.body.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
        let found = forms.into_iter().find(|form| attribute(form, "action") == path);
        let form = found.unwrap_or_else(|| panic!("{} has no form to {path}: {} {}", self.url, self.status, self.body));
        let inputs = form.split("<input").skip(1).map(|input| input.split('>').next().unwrap());
        let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
        hidden.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
    unescape(rest.split('"').next().unwrap())
}

fn unescape(text: &str) -> String {
    [("&#x2f;", "/"), ("&#x27;", "'"), ("&quot;", "\""), ("&#34;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
