//! Sign-in by password on Doorward's own page.

use futures_util::future::{FutureExt, LocalBoxFuture};

use super::{Work, ours};
use crate::outcome::{Outcome, fail};
use crate::provider::Provider;
use crate::request::form;
use crate::wire::Wire;

const BROWSER: &str = "doorward-browser";
const SESSION: &str = "doorward-session";

/// A login form that is filled in, ready to be sent any number of times.
pub struct Login(Vec<u8>);

impl Work for Login {
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async {
            let answer = wire.ask(&self.0).await?;
            if answer.status == 303 && answer.cookie(SESSION).is_some() {
                return Ok(());
            }
            fail(format!("{} {}", answer.status, answer.text()))
        }
        .boxed_local()
    }
}

impl Login {
    /// Every connection signs in somebody of its own: attempts on one account wait for each other.
    pub async fn forms(provider: &Provider, connections: usize) -> Outcome<Vec<Self>> {
        let people = &ours(provider)?.people;
        let mut logins = Vec::new();
        for person in people.iter().cycle().take(connections) {
            let (request, _) = sign_in_page(provider, &person.username, &person.password).await?;
            logins.push(Self(request));
        }
        Ok(logins)
    }
}

/// Opens the login page in a new browser, and gives the form as it is sent, with the browser's cookie.
async fn sign_in_page(provider: &Provider, username: &str, password: &str) -> Outcome<(Vec<u8>, String)> {
    let mut wire = provider.wire();
    let answer = wire.ask(&provider.get("/login", &[])).await?;
    let Some(browser) = answer.cookie(BROWSER) else { return fail("the login page sets no cookie") };
    let Some(csrf) = hidden(&answer.text(), "csrf") else { return fail("the login page has no form") };
    let cookie = format!("{BROWSER}={browser}");
    let fields = [("csrf", csrf.as_str()), ("username", username), ("password", password)];
    Ok((provider.form("/login", &[format!("cookie: {cookie}")], &fields), cookie))
}

/// Signs somebody in with a new browser; gives its `Cookie` header.
pub async fn sign_in(provider: &Provider, username: &str, password: &str) -> Outcome<String> {
    let (request, browser) = sign_in_page(provider, username, password).await?;
    let mut wire = provider.wire();
    let answer = wire.ask(&request).await?;
    match answer.cookie(SESSION) {
        Some(session) => Ok(format!("{browser}; {SESSION}={session}")),
        None => fail(format!("{username} was not let in: {} {}", answer.status, form(&[("head", answer.head)]))),
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Option<String> {
    let input = page.split("<input").find(|input| input.contains(&format!("name=\"{name}\"")))?;
    let value = input.split("value=\"").nth(1)?.split('"').next()?;
    Some(value.to_owned())
}
