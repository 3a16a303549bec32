//! Requests as bytes, and the words in them.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

/// A request to one server. What is not said is left away.
pub struct Request<'a> {
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    pub host: &'a str,
    /// Whole header lines without their ends.
    pub headers: &'a [String],
    /// A content type and a body.
    pub body: Option<(&'a str, &'a str)>,
}

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const JSON: &str = "application/json";

impl Request<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        let Self { method, target, host, headers, body } = self;
        let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n");
        for line in *headers {
            text.push_str(line);
            text.push_str("\r\n");
        }
        if let Some((kind, body)) = body {
            let written = write!(text, "content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            debug_assert!(written.is_ok(), "a string takes everything");
        } else {
            text.push_str("\r\n");
        }
        text.into_bytes()
    }
}

/// A form as clients and browsers write one.
pub fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// RFC 6749 section 2.3.1.
pub fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("authorization: Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

pub fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A member of a JSON object that is a text.
pub fn member(body: &[u8], name: &str) -> Option<String> {
    let object: Value = serde_json::from_slice(body).ok()?;
    object.get(name)?.as_str().map(str::to_owned)
}
