//! What somebody signs in for, and where that leads: carried from page to page by each tab itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::see_other;
use super::authorize::go_on;
use super::cookie::Jar;
use super::fresh::Errand;
use super::page::Forms;
use super::request::Incoming;
use super::session_frame;
use super::shell::Shell;
use super::words;
use crate::base::secret::Secret;
use crate::domain::language::Phrase;
use crate::domain::lifetime::Stay;
use crate::domain::session::Session;
use crate::flows::authorize::proceed;
use crate::flows::login::{Aim, SignIn};
use crate::flows::pending::Pending;
use crate::flows::{Failure, Outcome};
use crate::protocol::params::Params;

/// A client's request that waits, or a page of ours that wants a fresh proof, or neither.
#[derive(Clone, Debug, Default)]
pub(super) struct Purpose {
    pub pending: Option<Pending>,
    pub errand: Option<Errand>,
}

impl Purpose {
    pub fn of(pending: Option<Pending>) -> Self {
        Self { pending, errand: None }
    }

    /// Reads what a page of ours carried, in its address or its form.
    pub fn read(shell: &Shell, params: &Params) -> Outcome<Self> {
        let pending = params.one("request")?.map(|handle| Pending::open(&shell.authority, handle)).transpose()?;
        let errand = params.one("errand")?.and_then(|handle| Errand::open(&shell.authority, handle));
        Ok(Self { pending, errand })
    }

    /// The address of a page that carries it on, with a ticket where somebody proved something already.
    pub fn page(&self, shell: &Shell, path: &str, ticket: Option<&str>) -> String {
        let parts =
            [("ticket", ticket.map(str::to_owned)), ("request", self.request(shell)), ("errand", self.errand(shell))];
        let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        let query = parts.collect::<Vec<_>>().join("&");
        shell.site.path(&if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
    }

    pub fn request(&self, shell: &Shell) -> Option<String> {
        self.pending.as_ref().map(|pending| pending.seal(&shell.authority))
    }

    pub fn errand(&self, shell: &Shell) -> Option<String> {
        self.errand.as_ref().map(|errand| errand.seal(&shell.authority))
    }

    /// The name of the client that waits.
    pub async fn client_name(&self, shell: &Shell) -> Outcome<Option<String>> {
        match &self.pending {
            Some(pending) => Ok(Some(pending.client_name(&shell.authority).await?)),
            None => Ok(None),
        }
    }

    /// The levels that it should reach.
    pub async fn aim(&self, shell: &Shell) -> Outcome<Aim> {
        match &self.pending {
            Some(pending) => pending.aim(&shell.authority).await,
            None => Ok(Aim::default()),
        }
    }

    /// Where forms on its pages may lead.
    pub fn forms(&self) -> Forms {
        if self.pending.is_some() { Forms::Onwards } else { Forms::Here }
    }
}

/// Back to the beginning of a sign-in that does not go on, for what it was for.
pub(super) fn start_over(shell: &Shell, params: &Params) -> Result<HttpResponse, Failure> {
    Ok(see_other(&Purpose::read(shell, params)?.page(shell, "/login", None)))
}

/// What became of a step of a sign-in, for the browser.
pub(super) enum Led {
    Away(HttpResponse),
    /// The page stays, and complains.
    Here(Box<Purpose>, Complaint),
}

pub(super) struct Complaint {
    pub text: Phrase,
    pub status: StatusCode,
    /// Seconds after which one may try again.
    pub wait: Option<i64>,
}

/// Seconds after which the directory is worth another try.
const LATER: i64 = 60;
const AWAY: Phrase = Phrase::of("login-away");
const FULL: Phrase = Phrase::of("login-full");

/// Leads a browser on after a step of a sign-in; `wrong` is what is said to whoever did not get through.
pub(super) async fn lead(
    shell: &Shell,
    incoming: &Incoming,
    signed_in: SignIn,
    (purpose, wrong): (Purpose, Phrase),
) -> Result<Led, Failure> {
    let complaint = |text, status| Complaint { text, status, wait: None };
    let to = |path: &str, ticket: &str| Led::Away(see_other(&purpose.page(shell, path, Some(ticket))));
    Ok(match signed_in {
        SignIn::Done { secret, session } => {
            let Purpose { pending, errand } = purpose;
            Led::Away(arrive(shell, incoming, Arrival { secret, session: *session, pending, errand }).await)
        }
        SignIn::MustChange { page } => {
            let request = purpose.request(shell).map(|request| format!("&request={request}")).unwrap_or_default();
            Led::Away(see_other(&shell.site.path(&format!("{page}{request}"))))
        }
        SignIn::Second { ticket } => to("/login/factor", &ticket),
        SignIn::Enrol { ticket } => to("/login/enrol", &ticket),
        SignIn::Choose { ticket } => to("/limit", &ticket),
        SignIn::Refused => Led::Here(Box::new(purpose), complaint(wrong, StatusCode::UNAUTHORIZED)),
        SignIn::Full => Led::Here(Box::new(purpose), complaint(FULL, StatusCode::FORBIDDEN)),
        SignIn::Away => {
            let (text, status) = (AWAY, StatusCode::SERVICE_UNAVAILABLE);
            Led::Here(Box::new(purpose), Complaint { text, status, wait: Some(LATER) })
        }
        SignIn::Wait { until } => {
            let seconds = (until - shell.authority.now()).num_seconds() + 1;
            let text = words::too_many(seconds);
            Led::Here(Box::new(purpose), Complaint { text, status: StatusCode::TOO_MANY_REQUESTS, wait: Some(seconds) })
        }
    })
}

/// Somebody who just signed in, and what for.
pub(super) struct Arrival {
    pub secret: Secret,
    pub session: Session,
    pub pending: Option<Pending>,
    pub errand: Option<Errand>,
}

/// Gives the browser its cookie and sends it on.
pub(super) async fn arrive(shell: &Shell, incoming: &Incoming, arrival: Arrival) -> HttpResponse {
    let Arrival { secret, session, pending, errand } = arrival;
    session_frame::note(shell, &incoming.http, Some(&session));
    let cookie = session.clone();
    let mut response = match (pending, errand) {
        (Some(pending), _) => welcome(shell, incoming, pending, session).await,
        (None, Some(errand)) => see_other(&shell.site.path(&errand.back)),
        (None, None) => see_other(&shell.site.path("/account")),
    };
    give(shell, &mut response, &secret, &cookie);
    response
}

/// Gives the browser the secret of its session.
pub(super) fn give(shell: &Shell, response: &mut HttpResponse, secret: &Secret, session: &Session) {
    match session.stay {
        Stay::Visit => Jar::Session.set(&shell.site, response, secret),
        Stay::Remembered => {
            Jar::Session.set_for(&shell.site, response, secret, session.absolute_end - shell.authority.now());
        }
    }
}

/// Where a browser that just signed in goes. It is signed in whatever happens: if the request cannot go on at once, its
/// page tries again, with the cookie.
async fn welcome(shell: &Shell, incoming: &Incoming, pending: Pending, session: Session) -> HttpResponse {
    let page = shell.site.path(&format!("/login?request={}", pending.seal(&shell.authority)));
    match proceed(&shell.authority, pending, Some(session)).await {
        Ok(step) => go_on(shell, incoming, &step),
        Err(_) => see_other(&page),
    }
}
