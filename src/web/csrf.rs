//! Forms that only our own pages can send: a token bound to the browser and, where there is one, to the session, and the
//! browser's own word on where the form came from. What a form says is private until both fit.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};

use super::cookie::Jar;
use super::page::{Allowed, Page, Reader};
use super::request::{Incoming, text};
use super::shell::{Shell, Site};
use crate::base::id::DeviceId;
use crate::base::secret::{Secret, base64url, from_base64url};
use crate::domain::language::Language;
use crate::domain::session::Session;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::params::Params;

/// What the forms of one page are bound to.
pub struct Binding {
    /// The browser's secret.
    value: String,
    /// A new secret, to be set as a cookie.
    fresh: Option<Secret>,
    language: Language,
}

impl Binding {
    /// The browser's binding, made when it has none.
    pub fn of(shell: &Shell, incoming: &Incoming) -> Self {
        let language = incoming.language(shell).clone();
        if let Some(value) = Jar::Browser.read(&shell.site, &incoming.http) {
            return Self { value, fresh: None, language };
        }
        let secret = Secret::new(shell.authority.entropy.as_ref());
        Self { value: secret.reveal(), fresh: Some(secret), language }
    }

    /// The browser as its sessions know it, also where it has just been given its secret.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.value)
    }

    /// The same for a page in this language, where one was asked for.
    #[must_use]
    pub fn speaking(self, language: Option<Language>) -> Self {
        match language {
            Some(language) => Self { language, ..self },
            None => self,
        }
    }

    /// Shows a page whose forms are bound so.
    pub fn show<P: Page>(&self, shell: &Shell, status: StatusCode, page: &P, allowed: Allowed<'_>) -> HttpResponse {
        let reader = Reader { site: &shell.site, language: self.language.clone() };
        let mut response = shell.pages.show(&reader, status, page, allowed);
        self.keep(shell, &mut response);
        response
    }

    /// Sets the cookie where there was none.
    pub fn keep(&self, shell: &Shell, response: &mut HttpResponse) {
        if let Some(secret) = &self.fresh {
            Jar::Browser.set(&shell.site, response, secret);
        }
    }

    /// The hidden field of a form. Without a session it is the login form's.
    pub fn token(&self, shell: &Shell, session: Option<&Session>) -> String {
        base64url(&shell.authority.secrets.form.tag(subject(&self.value, session).as_bytes()))
    }
}

fn subject(browser: &str, session: Option<&Session>) -> String {
    format!("{browser}\n{}", session.map(|session| session.id.to_string()).unwrap_or_default())
}

/// Reads a form that one of our pages sent for this session; `None` when it did not.
pub fn verified(shell: &Shell, incoming: &Incoming, session: Option<&Session>) -> Option<Params> {
    let form = incoming.form().ok()?;
    let browser = Jar::Browser.read(&shell.site, &incoming.http)?;
    let token = from_base64url(form.one("csrf").ok()??)?;
    let fits = shell.authority.secrets.form.verify(subject(&browser, session).as_bytes(), &token);
    (fits && is_same_origin(&shell.site, &incoming.http)).then_some(form)
}

/// As [`verified`]; a form that is not ours is refused.
pub fn demanded(shell: &Shell, incoming: &Incoming, session: &Session) -> Result<Params, Refusal> {
    verified(shell, incoming, Some(session)).ok_or_else(foreign)
}

/// The refusal of a form that no page of ours sent.
pub fn foreign() -> Refusal {
    Refusal::new(Code::AccessDenied, "this form was not sent from our own page; go back and try again")
        .told("refused-form")
}

/// A developer's machine has several names.
fn is_local(origin: &str) -> bool {
    url::Url::parse(origin).is_ok_and(|url| crate::protocol::redirect::is_loopback(&url))
}

/// What the browser says: `Sec-Fetch-Site`, or `Origin` where it is older. Saying nothing is allowed, the token decides.
fn is_same_origin(site: &Site, http: &HttpRequest) -> bool {
    let fetch_site = text(http.headers(), "sec-fetch-site").is_none_or(|value| matches!(value, "same-origin" | "none"));
    let origin = text(http.headers(), header::ORIGIN);
    fetch_site && origin.is_none_or(|origin| origin == site.origin || site.development && is_local(origin))
}
