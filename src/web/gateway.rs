//! One question for gateways: may this request pass? The answer's headers say who is behind it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::answer::builder;
use super::cookie::Jar;
use super::inspect::NO_TOKEN;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::browser::{Arrival, Renewal};
use crate::flows::inspect::Shown;
use crate::flows::{Failure, inspect};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::step_up::Demand;

/// Where it is asked, below the issuer's path.
pub const PATH: &str = "/gateway/check";

/// A request that brings `Authorization` is judged by it alone; another scheme than Bearer is no token.
pub async fn check(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let token = incoming.authorization()?.map(|_| incoming.bearer().unwrap_or_default());
    let secret = Jar::Session.read(&shell.site, &incoming.http);
    let source = incoming.person(shell);
    let cookie = secret.as_deref().map(|secret| Arrival { secret, source, renewal: Renewal::Impossible });
    let demand = Demand::parse(&incoming.query()?)?;
    let shown = Shown { token, cookie };
    let passage = inspect::gateway(&shell.authority, shown, &demand, incoming.activity()).await?;
    let nobody = if token.is_some() { Refusal::new(Code::InvalidToken, "no live session") } else { NO_TOKEN };
    let passage = passage.ok_or(nobody)?;
    let mut response = builder(StatusCode::OK).finish();
    let told =
        [("x-auth-subject", passage.subject), ("x-auth-session", passage.session), ("x-auth-scope", passage.scope)];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}
