//! Work that is the same request every time.

use std::sync::Arc;

use futures_util::future::{FutureExt, LocalBoxFuture};

use super::{Operation, Work, flow, ours};
use crate::outcome::{Outcome, fail};
use crate::provider::{Provider, Service};
use crate::request::{bearer, member};
use crate::wire::Wire;

/// A request, and a word that its answer must hold.
#[derive(Clone)]
pub struct Fixed {
    request: Arc<[u8]>,
    word: &'static str,
}

impl Work for Fixed {
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async {
            let answer = wire.ask(&self.request).await?;
            let holds = answer.body.windows(self.word.len()).any(|window| window == self.word.as_bytes());
            if answer.status == 200 && holds {
                return Ok(());
            }
            fail(format!("{} {}", answer.status, answer.text()))
        }
        .boxed_local()
    }
}

/// The request of an operation that has but one.
pub async fn of(operation: &Operation, provider: &Provider) -> Outcome<Fixed> {
    let paths = &provider.endpoints;
    let (request, word) = match operation {
        Operation::Hello => (provider.get("/hello", &[]), "ok"),
        Operation::Light(signer) => (light(provider, signer), "access_token"),
        Operation::ClientCredentials(service) => (client_credentials(provider, service), "access_token"),
        Operation::Introspection(service) => {
            let token = own_token(provider, service).await?;
            (service.request(&provider.host, &paths.introspection, &[("token", &token)]), "\"active\":true")
        }
        Operation::IntrospectionRevoked(service) => {
            let token = own_token(provider, service).await?;
            provider.ask(&service.request(&provider.host, &paths.revocation, &[("token", &token)])).await?;
            (service.request(&provider.host, &paths.introspection, &[("token", &token)]), "\"active\":false")
        }
        Operation::Userinfo(app) => {
            let tokens = flow::tokens(provider, app, 0).await?;
            (provider.get(&paths.userinfo, &[bearer(&tokens.access)]), "\"sub\"")
        }
        Operation::Jwks => (provider.get(&paths.jwks, &[]), "\"keys\""),
        Operation::Discovery => (provider.get(&paths.discovery, &[]), "\"issuer\""),
        Operation::AdminListing => {
            let token = ours(provider)?.admin_token(provider).await?;
            (provider.get("/api/v1/sessions?state=live&limit=50", &[bearer(&token)]), "\"items\"")
        }
        Operation::Refresh(_) | Operation::CodeFlow(_) | Operation::Login | Operation::SessionEnd => {
            return fail("not one request");
        }
    };
    Ok(Fixed { request: request.into(), word })
}

/// About one kilobyte, as token requests with an assertion or a proof have; the server reads past it.
fn light(provider: &Provider, signer: &str) -> Vec<u8> {
    let assertion = "0123456789".repeat(88);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "service"),
        ("scope", "read write"),
        ("client_assertion", &assertion),
    ];
    provider.form(&format!("/token/{signer}"), &[], &fields)
}

fn client_credentials(provider: &Provider, service: &Service) -> Vec<u8> {
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(service.scope.as_deref().map(|scope| ("scope", scope)));
    service.request(&provider.host, &provider.endpoints.token, &fields)
}

/// A token that the client got for itself.
async fn own_token(provider: &Provider, service: &Service) -> Outcome<String> {
    let answer = provider.ask(&client_credentials(provider, service)).await?;
    member(&answer, "access_token").ok_or_else(|| "no access token".into())
}
