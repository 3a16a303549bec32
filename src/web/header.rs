//! Headers on every answer, errors and unknown paths included (OWASP ASVS 5.0 3.4).

use std::sync::LazyLock;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::shell::Shell;

/// What stands on every answer that does not say otherwise.
static ALWAYS: LazyLock<[Line; 8]> = LazyLock::new(|| {
    [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("x-permitted-cross-domain-policies", "none"),
    ]
    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
});

type Line = (HeaderName, HeaderValue);

/// How the policy of a page ends that every site may embed. The older header has no word for that.
const EMBEDDABLE: &[u8] = b"frame-ancestors *";

/// Two years, for every name below the host.
static HSTS: LazyLock<Line> =
    LazyLock::new(|| (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains")));

/// Puts the headers on; the outermost layer of the server.
pub async fn harden(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let https = request.app_data::<Data<Shell>>().is_some_and(|shell| shell.site.https);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let embeddable = headers.get(CONTENT_SECURITY_POLICY).is_some_and(|policy| policy.as_bytes().ends_with(EMBEDDABLE));
    for line in &*ALWAYS {
        if line.0 != X_FRAME_OPTIONS || !embeddable {
            put(headers, line);
        }
    }
    if https {
        put(headers, &HSTS);
    }
    Ok(response)
}

fn put(headers: &mut HeaderMap, (name, value): &Line) {
    if !headers.contains_key(name) {
        headers.insert(name.clone(), value.clone());
    }
}
