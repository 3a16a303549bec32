//! Pages that want to be sure who sits there: whose last proof is older than five minutes takes a way round by the login
//! page and comes back, and so does whoever proved less than they hold, where a page says what somebody signs in with
//! (NIST SP 800-63B-4 section 4.1.2.1). What was about to be done is not done, and the login page says so.

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};

use super::answer::see_other;
use super::authorize::session;
use super::purpose::Purpose;
use super::request::Incoming;
use super::shell::Shell;
use super::{Callers, Freshness, Route, TABLE};
use crate::base::clock::Time;
use crate::base::secret::{base64url, from_base64url};
use crate::domain::policy::{PENDING_REQUEST, SUDO};
use crate::domain::session::Session;
use crate::flows::authenticator::{must_sign_in, must_step_up};
use crate::flows::{Authority, Failure, factor};
use crate::protocol::acr;
use crate::protocol::error::{Code, Refusal};

/// A way round by the login page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Errand {
    /// Where it leads, below the issuer's path: always a page of ours.
    pub back: String,
    /// A proof younger than this was given for it.
    pub born: Time,
    pub left: Left,
}

/// What was left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Left {
    Nothing,
    /// A form, whose work was not done.
    Undone,
}

const CONTEXT: &str = "errand";

impl Errand {
    pub fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.entropy.as_ref()))
    }

    /// Reads what [`Errand::seal`] wrote; after an hour it leads nowhere.
    pub fn open(authority: &Authority, handle: &str) -> Option<Self> {
        let plain = authority.secrets.pending.open(CONTEXT, &from_base64url(handle)?)?;
        let errand: Self = serde_json::from_slice(&plain).ok()?;
        (authority.now() - errand.born < PENDING_REQUEST.delta()).then_some(errand)
    }

    /// Whether a session was proved for it.
    pub fn is_done(&self, session: &Session, now: Time) -> bool {
        session.proved_within(now - self.born, now)
    }
}

/// The way round, where a route demands a fresh proof and the browser's session has an older one. Whoever has no session is
/// left to the route itself.
pub async fn detour(route: &Route, shell: &Shell, incoming: &Incoming) -> Result<Option<HttpResponse>, Failure> {
    if route.freshness == Freshness::Any {
        return Ok(None);
    }
    let Some(session) = session(shell, incoming).await? else { return Ok(None) };
    let now = shell.authority.now();
    let left = if route.method == Method::GET { Left::Nothing } else { Left::Undone };
    let own = incoming.http.path().strip_prefix(shell.site.base.as_str()).unwrap_or_default();
    let errand = Errand { back: page_of(route, own).to_owned(), born: now, left };
    if !session.proved_within(SUDO.delta(), now) {
        return Ok(Some(see_other(&shell.site.path(&format!("/login?errand={}", errand.seal(&shell.authority))))));
    }
    // A session that must be proved again says so on the page itself.
    if route.freshness == Freshness::FiveMinutes || session.watch.must_prove(shell.authority.policy.watching.on_mark) {
        return Ok(None);
    }
    rise(shell, incoming, &session, errand).await
}

/// The way round by the second factor, for a session that was opened without; for one of a mailed code there is none.
async fn rise(
    shell: &Shell,
    incoming: &Incoming,
    session: &Session,
    errand: Errand,
) -> Result<Option<HttpResponse>, Failure> {
    let Some(user) = session.subject.person() else { return Ok(None) };
    if must_sign_in(session) {
        let text = "sign in with your password first; a mailed code is not enough for this page";
        return Err(Refusal::new(Code::AccessDenied, text).told("refused-mailed-code").into());
    }
    if !must_step_up(session, &factor::held(&shell.authority.db, user).await?) {
        return Ok(None);
    }
    let purpose = Purpose { pending: None, errand: Some(errand) };
    let ticket = factor::step_up(&shell.authority, session, acr::MFA, incoming.source(shell)).await?;
    let refusal = Refusal::new(Code::AccessDenied, "sign in with your second factor first").told("refused-factor");
    let ticket = ticket.ok_or(refusal)?;
    Ok(Some(see_other(&purpose.page(shell, "/login/factor", Some(&ticket)))))
}

/// The page that a route belongs to: itself, the page of the same address or above it, or the account.
fn page_of<'a>(route: &Route, path: &'a str) -> &'a str {
    let pages = || TABLE.iter().filter(|page| page.method == Method::GET && page.callers == Callers::Person);
    if pages().any(|page| page.path == route.path) {
        return path;
    }
    let above = |page: &&Route| route.path.strip_prefix(page.path).is_some_and(|rest| rest.starts_with('/'));
    pages().filter(above).map(|page| page.path).max_by_key(|path| path.len()).unwrap_or("/account")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_round_comes_back_to_a_page() {
        for route in TABLE.iter().filter(|route| route.freshness != Freshness::Any) {
            assert_eq!(route.callers, Callers::Person, "{}", route.path);
        }
        let back = |method: Method, path: &str| {
            let route = TABLE.iter().find(|route| route.method == method && route.path == path).unwrap();
            page_of(route, path).to_owned()
        };
        assert_eq!(back(Method::POST, "/account/apps/{client_id}/revoke"), "/account/apps");
        assert_eq!(back(Method::POST, "/account/sessions/end"), "/account");
        assert_eq!(back(Method::GET, "/account"), "/account");
        assert_eq!(back(Method::POST, "/consent"), "/consent");
    }
}
