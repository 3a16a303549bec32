//! Sign-in through other providers: the way there and back, and what they tell us without a browser (OpenID Connect Core 1.0
//! section 3.1.2; RP-Initiated Logout 1.0 section 3; Back-Channel Logout 1.0 section 2.5).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use url::form_urlencoded::Serializer;

use super::answer::{builder, see_other};
use super::authorize::session;
use super::cookie;
use super::csrf::Binding;
use super::fresh::Errand;
use super::login;
use super::logout::back;
use super::page::{Message, ProviderLine};
use super::purpose::{self, Led, lead};
use super::request::Incoming;
use super::shell::Shell;
use crate::domain::language::Phrase;
use crate::flows::logout::Farewell;
use crate::flows::pending::Pending;
use crate::flows::upstream::arrival::{Landing, Return, Why, arrive};
use crate::flows::upstream::journey::{Anew, Departure, Purpose, SettingOut, set_out};
use crate::flows::upstream::{self, notice};
use crate::flows::{Failure, Outcome};
use crate::protocol::error::invalid_request;

const REFUSED: Phrase = Phrase::of("login-barred");
const UNREACHABLE: Phrase = Phrase::of("sso-unreachable");

/// The ways to other providers that a login page shows, for whatever the page is for.
pub(super) struct Ways<'a> {
    shell: &'a Shell,
    carried: Vec<(&'static str, String)>,
}

impl<'a> Ways<'a> {
    pub fn of(shell: &'a Shell, purpose: &purpose::Purpose) -> Self {
        let request = purpose.request(shell).map(|request| ("request", request));
        let errand = purpose.errand(shell).map(|errand| ("errand", errand));
        Self { shell, carried: request.into_iter().chain(errand).collect() }
    }

    fn query(&self, login_hint: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.carried).extend_pairs(login_hint.map(|hint| ("login_hint", hint)));
        query.finish()
    }

    fn to(&self, provider: &str, login_hint: Option<&str>) -> String {
        self.shell.site.path(&format!("/sso/{provider}/start?{}", self.query(login_hint)))
    }

    pub async fn lines(&self) -> Outcome<Vec<ProviderLine>> {
        let offered = upstream::offered(&self.shell.authority).await?;
        let line = |provider: crate::domain::provider::Provider| ProviderLine {
            query: self.query(None),
            name: provider.name().to_owned(),
            id: provider.id,
        };
        Ok(offered.into_iter().map(line).collect())
    }

    /// The way of people with this e-mail address, if there is one.
    pub async fn of_address(&self, address: &str) -> Outcome<Option<String>> {
        if !address.contains('@') {
            return Ok(None);
        }
        let found = upstream::discover(&self.shell.authority, address).await?;
        Ok(found.map(|provider| self.to(&provider, Some(address))))
    }

    /// Whether an e-mail address alone may lead somewhere.
    pub async fn any_by_address(&self) -> Outcome<bool> {
        let offered = upstream::offered(&self.shell.authority).await?;
        Ok(offered.iter().any(|provider| !provider.settings.domains.is_empty()))
    }
}

/// Where a request leads that names a domain, unless there is something to read first.
pub(super) async fn meant(shell: &Shell, pending: &Pending, notice: Option<&Phrase>) -> Outcome<Option<String>> {
    let (Some(domain), None) = (&pending.request.domain_hint, notice) else { return Ok(None) };
    let found = upstream::discover(&shell.authority, domain).await?;
    let hint = pending.request.login_hint.as_deref();
    let purpose = purpose::Purpose::of(Some(pending.clone()));
    Ok(found.map(|provider| Ways::of(shell, &purpose).to(&provider, hint)))
}

/// Sets out. Nothing is written; whoever is led here by another page ends up with their own account, or with nothing.
pub async fn start(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let binding = Binding::of(shell, incoming);
    let handle = |name: &str| query.one(name).map(|handle| handle.map(str::to_owned));
    let (request, errand) = (handle("request")?, handle("errand")?);
    let aimed = purpose::Purpose::read(shell, &query)?;
    let (pending, back) = (aimed.pending.as_ref(), aimed.errand.is_some());
    let on_mark = shell.authority.policy.watching.on_mark;
    let marked = session(shell, incoming).await?.is_some_and(|session| session.watch.must_prove(on_mark));
    let hint = query.one("login_hint")?.or(pending.and_then(|pending| pending.request.login_hint.as_deref()));
    let setting_out = SettingOut {
        provider: incoming.part("provider"),
        browser: binding.token(shell, None),
        purpose: Purpose::SignIn { request, errand: errand.filter(|_| back) },
        login_hint: hint.filter(|hint| hint.len() <= 200).map(str::to_owned),
        anew: if back || marked { Anew::Always } else { Anew::AsAsked },
    };
    match set_out(&shell.authority, setting_out, pending).await? {
        Some(departure) => Ok(leave(shell, incoming, &binding, &departure)),
        None => login::complain(shell, incoming, aimed, (UNREACHABLE, StatusCode::BAD_GATEWAY)).await,
    }
}

/// Sends the browser to a provider; what comes back must be from this one.
pub(super) fn leave(shell: &Shell, incoming: &Incoming, binding: &Binding, departure: &Departure) -> HttpResponse {
    let mut response = see_other(&departure.address);
    binding.keep(shell, &mut response);
    if let Some(parcel) = &departure.parcel {
        cookie::keep_parcel(&shell.site, &incoming.http, &mut response, parcel);
    }
    response
}

pub async fn callback(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    query.refuse_repeated()?;
    let coming = Return {
        provider: incoming.part("provider"),
        params: &query,
        browser: Binding::of(shell, incoming).token(shell, None),
        source: incoming.source(shell).clone(),
        session: session(shell, incoming).await?,
    };
    let landing = arrive(&shell.authority, coming).await?;
    land(shell, incoming, landing).await
}

/// What the browser sees of what became of it.
pub(super) async fn land(shell: &Shell, incoming: &Incoming, landing: Landing) -> Result<HttpResponse, Failure> {
    match landing {
        Landing::Linked => Ok(see_other(&shell.site.path("/account/identities?linked=yes"))),
        Landing::Entered(sign_in, Purpose::SignIn { request, errand }) => {
            let aimed = waiting(shell, request, errand);
            match lead(shell, incoming, sign_in, (aimed, REFUSED)).await? {
                Led::Away(response) => Ok(response),
                Led::Here(aimed, complaint) => {
                    login::complain(shell, incoming, *aimed, (complaint.text, complaint.status)).await
                }
            }
        }
        Landing::Stayed(Purpose::SignIn { request, errand }, name, why) => {
            login::complain(shell, incoming, waiting(shell, request, errand), words(&name, why)).await
        }
        Landing::Stayed(Purpose::Link { .. }, name, why) => {
            let (text, status) = words(&name, why);
            let page = Message { headline: Phrase::of("sso-not-linked"), text };
            Ok(shell.pages.message(&incoming.reader(shell), status, &page))
        }
        Landing::Entered(_, Purpose::Link { .. }) => Err(invalid_request("this sign-in leads nowhere").into()),
    }
}

/// What somebody went to the provider for; what cannot be read any more is let go.
fn waiting(shell: &Shell, request: Option<String>, errand: Option<String>) -> purpose::Purpose {
    let pending = request.and_then(|handle| Pending::open(&shell.authority, &handle).ok());
    purpose::Purpose { pending, errand: errand.and_then(|handle| Errand::open(&shell.authority, &handle)) }
}

fn words(name: &str, why: Why) -> (Phrase, StatusCode) {
    let of = |key| Phrase::of(key).with("provider", name);
    match why {
        Why::Cancelled => (of("sso-cancelled"), StatusCode::FORBIDDEN),
        Why::Disbelieved => (of("sso-disbelieved"), StatusCode::BAD_GATEWAY),
        Why::Unmet => (of("sso-unmet"), StatusCode::FORBIDDEN),
        Why::Stranger => (of("sso-stranger"), StatusCode::FORBIDDEN),
        Why::Barred => (REFUSED, StatusCode::FORBIDDEN),
        Why::Taken => (of("sso-taken"), StatusCode::CONFLICT),
    }
}

/// Back from signing out at the provider.
pub async fn signed_out(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let farewell = query.one("state")?.map(|state| Farewell::open(&shell.authority, state)).unwrap_or_default();
    back(shell, incoming, farewell).await
}

/// A provider says that somebody was signed out there. It learns only whether it was understood.
pub async fn backchannel_logout(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    let token = form.required("logout_token", "logout_token is missing")?;
    notice::hear(&shell.authority, incoming.part("provider"), token).await?;
    let mut response = builder(StatusCode::OK).finish();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}
