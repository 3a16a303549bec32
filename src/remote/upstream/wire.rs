//! How the crate `openidconnect` reaches the network: by the one guarded way out.

use std::future::Future;
use std::pin::Pin;

use openidconnect::{AccessToken, AsyncHttpClient, HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use url::Url;

use super::{Distrust, object};
use crate::jose::json;
use crate::remote::egress::{Blocked, Egress};

/// The largest answer that is read, in bytes.
const LARGEST: usize = 256 * 1024;

/// How the crate reaches the network.
pub(super) struct Wire<'a>(pub &'a Egress);

/// A call that could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error(transparent)]
    Blocked(#[from] Blocked),
    #[error("the request cannot be sent: {0}")]
    Request(String),
}

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = Cut;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Cut>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = request.try_into().map_err(|error: reqwest::Error| Cut::Request(error.to_string()))?;
            let answer = self.0.exchange(request, LARGEST).await?;
            let mut response = HttpResponse::new(answer.body);
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}

/// Userinfo where no ID token says whose it must be.
pub(super) async fn plain_userinfo(
    egress: &Egress,
    url: Url,
    access: AccessToken,
) -> Result<Map<String, Value>, Distrust> {
    let wrong = |text: &dyn std::fmt::Display| Distrust::Userinfo(text.to_string());
    let mut request = HttpRequest::new(Vec::new());
    *request.uri_mut() = url.as_str().parse().map_err(|error| wrong(&error as &dyn std::fmt::Display))?;
    let headers = request.headers_mut();
    let bearer = format!("Bearer {}", access.secret()).parse();
    headers.insert("authorization", bearer.map_err(|error| wrong(&error as &dyn std::fmt::Display))?);
    headers.insert("accept", openidconnect::http::HeaderValue::from_static("application/json"));
    let answer = Wire(egress).call(request).await.map_err(|error| Distrust::Userinfo(chain(&error)))?;
    if answer.status() != 200 {
        return Err(wrong(&answer.status()));
    }
    object(json::strict(answer.body())).ok_or_else(|| wrong(&"no JSON object"))
}

/// An error with what caused it: the crate says only at the end what it was.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
