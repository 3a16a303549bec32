//! Cookies: one for the session, one that ties forms to a browser (RFC 6265; OWASP ASVS 5.0 3.3).

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;

use super::shell::Site;
use crate::base::secret::Secret;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jar {
    /// The session's secret.
    Session,
    /// What the tokens in forms are bound to, before and after sign-in.
    Browser,
}

impl Jar {
    /// Over https the `__Host-` prefix keeps other hosts and paths from setting it.
    pub const fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-doorward-session",
            (Self::Session, false) => "doorward-session",
            (Self::Browser, true) => "__Host-doorward-browser",
            (Self::Browser, false) => "doorward-browser",
        }
    }

    /// The value that the browser sent.
    pub fn read(self, site: &Site, http: &HttpRequest) -> Option<String> {
        let value = http.cookie(self.name(site.https))?.value().to_owned();
        (value.len() == 43).then_some(value)
    }

    pub fn set(self, site: &Site, response: &mut HttpResponse, secret: &Secret) {
        put(response, &self.cookie(site, secret.reveal()));
    }

    /// As [`Jar::set`], for longer than the browser runs.
    pub fn set_for(self, site: &Site, response: &mut HttpResponse, secret: &Secret, life: TimeDelta) {
        let mut cookie = self.cookie(site, secret.reveal());
        cookie.set_max_age(Duration::seconds(life.num_seconds()));
        put(response, &cookie);
    }

    pub fn clear(self, site: &Site, response: &mut HttpResponse) {
        let mut cookie = self.cookie(site, String::new());
        cookie.make_removal();
        put(response, &cookie);
    }

    fn cookie(self, site: &Site, value: String) -> Cookie<'static> {
        let cookie = Cookie::build(self.name(site.https), value)
            .path("/")
            .secure(site.https)
            .http_only(true)
            .same_site(SameSite::Lax);
        match self {
            Self::Session => cookie.finish(),
            // It outlives the browser, so that tabs which are opened again together share one.
            Self::Browser => cookie.max_age(Duration::days(365)).finish(),
        }
    }
}

fn put(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
}
