//! What a line of the route table says, and how it is written.

use std::future::Future;
use std::pin::Pin;

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::admin;
use super::admin::operation::Operation;
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::Failure;
use crate::flows::admin::AdminOutcome;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    Anyone,
    /// A person; without a session they are asked to sign in.
    Person,
    /// A client that says who it is, by secret, assertion or, where it is public, by name.
    Client,
    /// As `Client`, but with a proof.
    ConfidentialClient,
    /// Whoever holds an access token.
    Bearer,
    /// Whoever holds an access token for the admin API.
    Admin,
}

/// How a failure is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// RFC 6749 section 5.2.
    Json,
    /// RFC 6750 section 3.
    Bearer,
    /// RFC 9457.
    Problem,
    Page,
}

/// Which pages of other origins may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    None,
    /// The origins of registered clients.
    Registered,
}

/// Which names a route is reached under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The issuer's.
    Issuer,
    /// Any: probes use addresses, and gateways pass on the name of what they guard.
    Any,
}

/// An answer on its way.
type Handled<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + 'a>>;

/// Where a route exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Every,
    /// With a loopback issuer only.
    Development,
}

/// How fresh the proof behind the browser's session must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    Any,
    /// Whoever proved longer ago who they are proves it again.
    FiveMinutes,
    /// The same, and with the second factor of whoever has one: what a person signs in with is seen and changed here.
    WithSecondFactor,
}

/// One line of the table.
pub struct Route {
    pub method: Method,
    /// Below the issuer's path.
    pub path: &'static str,
    pub callers: Callers,
    pub dress: Dress,
    pub cors: Cors,
    pub host: Host,
    pub profile: Profile,
    pub freshness: Freshness,
    /// What a call of the admin API takes and gives.
    pub operation: Option<&'static Operation>,
    pub(super) handler: for<'a> fn(&'a Shell, &'a Incoming) -> Handled<'a>,
}

/// Writes the table: `METHOD "path" => handler, callers, dress;` with further properties in brackets.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path, $callers:ident, $dress:ident $([$($property:ident: $value:expr),*])?;)*) => {
        vec![$(Route {
            $($($property: $value,)*)?
            ..Route {
                method: Method::$method,
                path: $path,
                callers: Callers::$callers,
                dress: Dress::$dress,
                cors: Cors::None,
                host: Host::Issuer,
                profile: Profile::Every,
                freshness: Freshness::Any,
                operation: None,
                handler: |shell, incoming| Box::pin(async move { $handler(shell, incoming).await.settled() }),
            }
        }),*]
    };
}
pub(super) use routes;

/// What a handler gives, as the table takes it.
pub(super) trait Settled {
    fn settled(self) -> Result<HttpResponse, Failure>;
}

impl Settled for Result<HttpResponse, Failure> {
    fn settled(self) -> Self {
        self
    }
}

impl Settled for AdminOutcome<HttpResponse> {
    fn settled(self) -> Result<HttpResponse, Failure> {
        admin::settle(self)
    }
}
