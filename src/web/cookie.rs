//! Cookies: one for the session, one that ties forms to a browser, one that session frames read (RFC 6265; OWASP ASVS 5.0 3.3).

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;

use super::shell::Site;
use crate::base::secret::Secret;
use crate::domain::policy::JOURNEY;
use crate::flows::upstream::journey::Parcel;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jar {
    /// The session's secret.
    Session,
    /// What the tokens in forms are bound to, before and after sign-in.
    Browser,
    /// What scripts in the session frame see of the session; it opens nothing.
    State,
}

impl Jar {
    /// Over https the `__Host-` prefix keeps other hosts and paths from setting it.
    pub const fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-doorward-session",
            (Self::Session, false) => "doorward-session",
            (Self::Browser, true) => "__Host-doorward-browser",
            (Self::Browser, false) => "doorward-browser",
            (Self::State, true) => "__Host-doorward-state",
            (Self::State, false) => "doorward-state",
        }
    }

    /// The value that the browser sent.
    pub fn read(self, site: &Site, http: &HttpRequest) -> Option<String> {
        let value = http.cookie(self.name(site.https))?.value().to_owned();
        (value.len() == 43).then_some(value)
    }

    pub fn set(self, site: &Site, response: &mut HttpResponse, secret: &Secret) {
        self.set_text(site, response, secret.reveal());
    }

    pub fn set_text(self, site: &Site, response: &mut HttpResponse, text: String) {
        put(response, &self.cookie(site, text));
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
            // Frames on pages of other sites read it. Browsers take a secure cookie from a loopback host over http too.
            Self::State => cookie.http_only(false).same_site(SameSite::None).secure(true).finish(),
        }
    }
}

/// How much a browser keeps in parcels, in bytes: proxies take 8 KiB of cookies.
const ROOM_FOR_PARCELS: usize = 6_000;

/// The cookie of a parcel. Each way to a provider has its own, so that tabs do not disturb each other.
fn parcel_name(site: &Site, handle: &str) -> String {
    let prefix = if site.https { "__Host-" } else { "" };
    format!("{prefix}doorward-way-{handle}")
}

fn parcel_cookie(site: &Site, handle: &str, sealed: String) -> Cookie<'static> {
    Cookie::build(parcel_name(site, handle), sealed)
        .path("/")
        .secure(site.https)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(JOURNEY.as_seconds()))
        .finish()
}

/// Gives a browser what it shall bring back: sealed, for half an hour at most. Every request carries all of them, so the oldest,
/// which browsers send first, give way where they would be too much for a proxy.
pub fn keep_parcel(site: &Site, http: &HttpRequest, response: &mut HttpResponse, parcel: &Parcel) {
    let (prefix, mut room) = (parcel_name(site, ""), ROOM_FOR_PARCELS.saturating_sub(parcel.sealed.len()));
    if let Ok(all) = http.cookies() {
        let kept = all.iter().rev().filter_map(|own| Some((own.name().strip_prefix(&prefix)?, own.value().len())));
        for (handle, length) in kept {
            room = room.checked_sub(length).unwrap_or_else(|| {
                drop_parcel(site, response, handle);
                0
            });
        }
    }
    put(response, &parcel_cookie(site, &parcel.handle, parcel.sealed.clone()));
}

/// What a browser kept under this name.
pub fn parcel(site: &Site, http: &HttpRequest, handle: &str) -> Option<Parcel> {
    let sealed = http.cookie(&parcel_name(site, handle))?.value().to_owned();
    Some(Parcel { handle: handle.to_owned(), sealed })
}

/// Takes it away once it was brought.
pub fn drop_parcel(site: &Site, response: &mut HttpResponse, handle: &str) {
    let mut cookie = parcel_cookie(site, handle, String::new());
    cookie.make_removal();
    put(response, &cookie);
}

fn put(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
}
