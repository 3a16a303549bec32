//! Cross-origin reads, for the origins of registered clients and on few endpoints (WHATWG Fetch, CORS protocol).
//! Never with credentials: these endpoints look at no cookie.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::answer::builder;
use super::request::text;
use super::shell::Shell;
use crate::flows::origin;

/// Answers a preflight. An origin that is not registered gets an answer that allows nothing.
pub async fn preflight(shell: Data<Shell>, http: HttpRequest, methods: String) -> HttpResponse {
    let mut response = builder(StatusCode::NO_CONTENT).finish();
    if allow(&shell, &http, &mut response).await {
        let headers = response.headers_mut();
        if let Ok(methods) = HeaderValue::from_str(&methods) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        let allowed = HeaderValue::from_static("authorization, content-type, dpop, doorward-activity");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

/// Lets the asking page read the answer when its origin is registered; says whether it is.
pub async fn allow(shell: &Shell, http: &HttpRequest, response: &mut HttpResponse) -> bool {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    let Some(origin) = text(http.headers(), header::ORIGIN) else { return false };
    let registered = match origin::is_registered(&shell.authority, origin).await {
        Ok(registered) => registered,
        Err(error) => {
            tracing::error!(%error, "an origin could not be looked up");
            false
        }
    };
    if let (true, Ok(origin)) = (registered, HeaderValue::from_str(origin)) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers
            .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("www-authenticate, retry-after"));
        headers.insert(
            header::HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
    registered
}
