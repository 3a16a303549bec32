//! What is asked of a server, again and again.

mod ending;
mod fixed;
mod flow;
mod login;

use futures_util::future::LocalBoxFuture;

pub use self::ending::settled;
pub use self::login::{Login, sign_in};
use crate::light::SIGNERS;
use crate::outcome::{Outcome, fail};
use crate::provider::{App, Provider, Service};
use crate::wire::Wire;

/// What one connection does; it may remember from one time to the next.
pub trait Work {
    /// Once. Anything but the answer that was to come is an error.
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>>;
}

/// One of the things that are measured.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A plain answer at the speed of light.
    Hello,
    /// A token request at the speed of light, by algorithm and library.
    Light(&'static str),
    ClientCredentials(Service),
    /// Of a token that the client got for itself.
    Introspection(Service),
    /// The same token after its revocation.
    IntrospectionRevoked(Service),
    /// Each connection has a chain of its own.
    Refresh(App),
    /// From the authorization request of a browser with a session to the tokens.
    CodeFlow(App),
    Userinfo(App),
    Jwks,
    Discovery,
    /// A password checked by argon2, and a new session.
    Login,
    /// By the admin API, until the client of the session was told.
    SessionEnd,
    /// The first page of all sessions.
    AdminListing,
}

impl Operation {
    pub fn name(&self) -> String {
        match self {
            Self::Hello => "plain answer".into(),
            Self::Light(signer) => format!("one signature, {}", signer.replace('/', ", ")),
            Self::ClientCredentials(service) => format!("client_credentials, {}", service.token),
            Self::Introspection(service) => format!("introspection, {}", service.token),
            Self::IntrospectionRevoked(service) => format!("introspection, {}, revoked", service.token),
            Self::Refresh(app) => format!("refresh rotation, {}", app.token),
            Self::CodeFlow(app) => format!("code + PKCE, {}", app.token),
            Self::Userinfo(_) => "userinfo".into(),
            Self::Jwks => "JWKS".into(),
            Self::Discovery => "discovery".into(),
            Self::Login => "login, argon2".into(),
            Self::SessionEnd => "session end".into(),
            Self::AdminListing => "admin listing".into(),
        }
    }

    /// Of so many connections how many make sense: who computes argon2 has no use for more than a few.
    pub fn connections(&self, asked: usize) -> usize {
        match self {
            Self::Login => asked.min(8),
            _ => asked,
        }
    }

    /// The work for each of so many connections.
    pub async fn prepare(&self, provider: &Provider, connections: usize) -> Outcome<Vec<Box<dyn Work>>> {
        match self {
            Self::Refresh(app) => flow::chains(provider, app, connections).await,
            Self::CodeFlow(app) => flow::flows(provider, app, connections),
            Self::Login => {
                let forms = Login::forms(provider, connections).await?;
                Ok(forms.into_iter().map(|login| Box::new(login) as Box<dyn Work>).collect())
            }
            Self::SessionEnd => ending::endings(provider, connections).await,
            fixed => {
                let work = fixed::of(fixed, provider).await?;
                Ok((0..connections).map(|_| Box::new(work.clone()) as Box<dyn Work>).collect())
            }
        }
    }
}

/// What the server at the speed of light does.
pub fn of_light() -> Vec<Operation> {
    std::iter::once(Operation::Hello).chain(SIGNERS.map(Operation::Light)).collect()
}

/// What this provider can do.
pub fn of_provider(provider: &Provider) -> Vec<Operation> {
    let has = |path: &str| !path.is_empty();
    let mut all: Vec<_> = provider.services.iter().cloned().map(Operation::ClientCredentials).collect();
    if has(&provider.endpoints.introspection) {
        all.extend(provider.services.iter().cloned().map(Operation::Introspection));
        if has(&provider.endpoints.revocation) {
            all.extend(provider.services.first().cloned().map(Operation::IntrospectionRevoked));
        }
    }
    if !provider.cookies.is_empty() {
        all.extend(provider.apps.iter().cloned().map(Operation::Refresh));
        all.extend(provider.apps.iter().cloned().map(Operation::CodeFlow));
        all.extend(provider.apps.first().cloned().map(Operation::Userinfo));
    }
    all.extend([Operation::Jwks, Operation::Discovery]);
    if provider.doorward.is_some() {
        all.extend([Operation::Login, Operation::SessionEnd, Operation::AdminListing]);
    }
    all
}

/// The part of a provider that only Doorward has.
pub fn ours(provider: &Provider) -> Outcome<&crate::doorward::Doorward> {
    match &provider.doorward {
        Some(doorward) => Ok(doorward),
        None => fail(format!("{} has no such thing", provider.name)),
    }
}
