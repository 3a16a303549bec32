//! The code flow of a browser with a live session (RFC 6749 section 4.1; RFC 7636), and the rotation of what it gives.

use futures_util::future::{FutureExt, LocalBoxFuture};
use url::Url;

use super::Work;
use crate::outcome::{Outcome, fail};
use crate::provider::{App, Provider};
use crate::request::{form, member};
use crate::wire::Wire;

/// RFC 7636 appendix B. The server's work is the same whether it is drawn anew or not.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What a code gives.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// The requests of one browser and one client.
struct Flow {
    authorization: Vec<u8>,
    app: App,
    /// The `Host` header and the path of the token endpoint.
    token: (String, String),
}

impl Flow {
    /// The flow of the browser at this place in the row.
    fn of(provider: &Provider, app: &App, browser: usize) -> Outcome<Self> {
        let Some(cookie) = provider.cookies.get(browser % provider.cookies.len().max(1)) else {
            return fail(format!("nobody is signed in at {}", provider.name));
        };
        let query = form(&[
            ("client_id", &app.client_id),
            ("redirect_uri", &app.redirect_uri),
            ("response_type", "code"),
            ("scope", &app.scope),
            ("state", "Rk1hRJx7tq0G1rV9"),
            ("nonce", "s8nq2f3y4Zk5p6w7"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("prompt", "none"),
        ]);
        let target = format!("{}?{query}", provider.endpoints.authorization);
        let authorization = provider.get(&target, &[format!("cookie: {cookie}")]);
        let token = (provider.host.clone(), provider.endpoints.token.clone());
        Ok(Self { authorization, app: app.clone(), token })
    }

    async fn walk(&self, wire: &mut Wire) -> Outcome<Tokens> {
        let answer = wire.ask(&self.authorization).await?;
        let Some(code) = answer.header("location").and_then(code) else {
            return fail(format!("no code: {} {} {}", answer.status, answer.head, answer.text()));
        };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", &self.app.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let answer = wire.ask(&self.app.request(&self.token.0, &self.token.1, &fields)).await?;
        let (access, refresh) = (member(answer.body, "access_token"), member(answer.body, "refresh_token"));
        match access {
            Some(access) => Ok(Tokens { access, refresh: refresh.unwrap_or_default() }),
            None => fail(format!("{} {}", answer.status, answer.text())),
        }
    }
}

/// The code in the address that a browser is sent to.
fn code(location: &str) -> Option<String> {
    let url = Url::parse(location).ok()?;
    url.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned())
}

/// The tokens of one flow.
pub async fn tokens(provider: &Provider, app: &App, browser: usize) -> Outcome<Tokens> {
    Flow::of(provider, app, browser)?.walk(&mut provider.wire()).await
}

impl Work for Flow {
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async { self.walk(wire).await.map(drop) }.boxed_local()
    }
}

pub fn flows(provider: &Provider, app: &App, connections: usize) -> Outcome<Vec<Box<dyn Work>>> {
    let flow = |browser| Ok(Box::new(Flow::of(provider, app, browser)?) as Box<dyn Work>);
    (0..connections).map(flow).collect()
}

/// A chain of refresh tokens.
struct Chain {
    token: String,
    path: String,
    host: String,
    app: App,
}

impl Work for Chain {
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async {
            let fields = [("grant_type", "refresh_token"), ("refresh_token", &*self.token)];
            let answer = wire.ask(&self.app.request(&self.host, &self.path, &fields)).await?;
            match member(answer.body, "refresh_token") {
                Some(next) if answer.status == 200 => {
                    self.token = next;
                    Ok(())
                }
                _ => fail(format!("{} {}", answer.status, answer.text())),
            }
        }
        .boxed_local()
    }
}

/// Chains, each begun by a flow of its own.
pub async fn chains(provider: &Provider, app: &App, connections: usize) -> Outcome<Vec<Box<dyn Work>>> {
    let mut chains: Vec<Box<dyn Work>> = Vec::new();
    for browser in 0..connections {
        let token = tokens(provider, app, browser).await?.refresh;
        let (path, host) = (provider.endpoints.token.clone(), provider.host.clone());
        chains.push(Box::new(Chain { token, path, host, app: app.clone() }));
    }
    Ok(chains)
}
