//! Logout that a client asked for (OpenID Connect RP-Initiated Logout 1.0), or the person.
//!
//! A valid `id_token_hint` for this browser's session proves that the client speaks of a session it took part in; then nobody
//! is asked, and this browser's session ends. In every other case the person confirms, so that no foreign page can sign
//! anybody out, and chooses how far it goes: [`Departure`].

use serde::{Deserialize, Serialize};

use super::authorize::id_token;
use super::front_channel::{Told, frames};
use super::{Authority, Outcome, account, ending, receipt, upstream};
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::base::secret::{base64url, from_base64url};
use crate::domain::client::Client;
use crate::domain::policy::PENDING_REQUEST;
use crate::domain::revocation::{EndReason, Initiator, Target};
use crate::domain::session::Session;
use crate::domain::subject::is_called;
use crate::domain::user::username_key;
use crate::protocol::claims::IdClaims;
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::logout::{Frame, LogoutRequest};
use crate::store;

const CONTEXT: &str = "logout request";

/// Where the browser goes once the session is over: an address proven to be the client's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Farewell {
    #[serde(default)]
    pub client_id: Option<String>,
    pub client_name: Option<String>,
    pub url: Option<String>,
    /// The languages that the person reads, the best first.
    #[serde(default)]
    pub ui_locales: Option<String>,
    /// When the request came: a page that waited too long leads nowhere.
    born: Time,
}

impl Farewell {
    /// A farewell that comes back after the person signed out at another provider.
    pub fn begin_at(&mut self, born: Time) {
        self.born = born;
    }

    pub fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Reads what [`Farewell::seal`] wrote; a page that waited too long leads nowhere.
    pub fn open(authority: &Authority, handle: &str) -> Self {
        let plain = from_base64url(handle).and_then(|sealed| authority.secrets.pending.open(CONTEXT, &sealed));
        let farewell: Option<Self> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        farewell.unwrap_or_default().if_young(authority)
    }

    /// This farewell, or one that leads nowhere when it waited too long.
    pub(super) fn if_young(self, authority: &Authority) -> Self {
        if authority.now() - self.born < PENDING_REQUEST.delta() { self } else { Self::default() }
    }
}

/// How far a logout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// What this session allowed the client that asks; the session goes on.
    App,
    /// This browser's session.
    Browser,
    /// Every session of the person, on every device, those left to clients too.
    Everywhere,
}

/// Whom the client meant, as far as it said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The person who is signed in, or nobody in particular.
    ThisPerson,
    SomebodyElse,
}

/// What the person is asked.
pub struct Question {
    pub farewell: Farewell,
    pub session: Session,
    pub username: String,
    pub meant: Meant,
    /// Whether there is anything of the asking client's that could end alone.
    pub may_leave_app: bool,
}

/// What was done, and what the browser does now.
pub struct Goodbye {
    pub departure: Departure,
    pub farewell: Farewell,
    pub frames: Vec<Frame>,
    /// What opens the delivery report, where an admin signed out.
    pub receipt: Option<String>,
}

pub enum Step {
    Confirm(Box<Question>),
    Done(Goodbye),
}

/// A client's request. `Err` goes to the person: an unproven address is never followed.
pub async fn request(authority: &Authority, asked: LogoutRequest, browser: Option<Session>) -> Outcome<Step> {
    let hint = match &asked.id_token_hint {
        None => None,
        Some(token) => {
            let read = id_token(authority, token).await;
            Some(read.ok_or(invalid_request("id_token_hint is not an ID token of this server"))?)
        }
    };
    let client = client(authority, &asked, hint.as_ref()).await?;
    let farewell = farewell(&asked, client.as_ref(), authority.now())?;
    let named = hint.as_ref().and_then(|claims| claims.sid.parse::<SessionId>().ok());
    let Some(session) = browser else {
        let Some(session) = named else { return Ok(Step::Done(nothing_left(farewell))) };
        // Whoever holds an ID token learns nothing here of the other clients of its session.
        let told = Told::One(farewell.client_id.as_deref().unwrap_or_default());
        let frames = frames(authority, session, told).await?;
        ending::revoke(authority, Target::Session(session), EndReason::Logout, Initiator::Client).await?;
        return Ok(Step::Done(Goodbye { departure: Departure::Browser, farewell, frames, receipt: None }));
    };
    let question = question(authority, farewell, session, (client.as_ref(), asked.logout_hint.as_deref())).await?;
    if named != Some(question.session.id) || question.meant == Meant::SomebodyElse {
        return Ok(Step::Confirm(Box::new(question)));
    }
    let Question { farewell, session, .. } = question;
    leave_browser(authority, &session, farewell, Initiator::Client).await.map(Step::Done)
}

/// Where nobody is signed in, everything is done already.
pub const fn nothing_left(farewell: Farewell) -> Goodbye {
    Goodbye { departure: Departure::Browser, farewell, frames: Vec::new(), receipt: None }
}

/// What the person is asked who is signed in with this session. A `logout_hint` is a username, a `sid`, or the `sub` that the
/// client knows.
pub async fn question(
    authority: &Authority,
    farewell: Farewell,
    session: Session,
    (client, logout_hint): (Option<&Client>, Option<&str>),
) -> Outcome<Question> {
    let username = account::username(authority, &session).await?;
    let fits = |hint: &str| {
        let called = |client| is_called(&session.subject, client, &authority.secrets.pairwise, hint);
        let named = session.id.to_string() == hint || username_key(hint) == username_key(&username);
        named || client.map_or_else(|| session.subject.sub() == hint, called)
    };
    let meant = if logout_hint.is_none_or(fits) { Meant::ThisPerson } else { Meant::SomebodyElse };
    let may_leave_app = match &farewell.client_id {
        Some(client_id) => store::grant::apps(&authority.db, session.id).await?.contains(client_id),
        None => false,
    };
    Ok(Question { farewell, session, username, meant, may_leave_app })
}

/// The client that asks: by `client_id`, which must agree with the hint's audience.
async fn client(authority: &Authority, asked: &LogoutRequest, hint: Option<&IdClaims>) -> Outcome<Option<Client>> {
    let audience = hint.map(|claims| claims.aud.as_str());
    let client_id = match (asked.client_id.as_deref(), audience) {
        (Some(named), Some(audience)) if named != audience => {
            return Err(invalid_request("client_id is not the audience of id_token_hint").into());
        }
        (named, audience) => named.or(audience),
    };
    let Some(client_id) = client_id else { return Ok(None) };
    let found = store::client::find(&authority.db, client_id).await?;
    Ok(Some(found.ok_or(invalid_request("client_id is not registered here"))?))
}

fn farewell(asked: &LogoutRequest, client: Option<&Client>, born: Time) -> Result<Farewell, Refusal> {
    let (client_id, ui_locales) = (client.map(|client| client.id.clone()), asked.ui_locales.clone());
    let client_name = client.map(|client| client.name().to_owned());
    let Some(uri) = &asked.post_logout_redirect_uri else {
        return Ok(Farewell { client_id, client_name, url: None, ui_locales, born });
    };
    let client = client.ok_or(invalid_request("post_logout_redirect_uri needs id_token_hint or client_id"))?;
    if !client.metadata.post_logout_redirect_uris.contains(uri) {
        return Err(invalid_request("post_logout_redirect_uri is not registered for this client"));
    }
    let url = match &asked.state {
        None => uri.clone(),
        Some(state) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("state", state);
            format!("{uri}{}{}", if uri.contains('?') { '&' } else { '?' }, query.finish())
        }
    };
    Ok(Farewell { client_id, client_name, url: Some(url), ui_locales, born })
}

/// The person confirmed and chose.
pub async fn depart(
    authority: &Authority,
    session: &Session,
    farewell: Farewell,
    departure: Departure,
) -> Outcome<Goodbye> {
    match departure {
        Departure::App => leave_app(authority, session, farewell).await,
        Departure::Browser => leave_browser(authority, session, farewell, Initiator::User).await,
        Departure::Everywhere => {
            let farewell = by_upstream(authority, session, farewell).await?;
            let frames = frames(authority, session.id, Told::All).await?;
            let receipt = receipt::of(authority, session).await?;
            if let Some(user) = session.subject.person() {
                account::end_everywhere(authority, user).await?;
            }
            Ok(Goodbye { departure, farewell, frames, receipt })
        }
    }
}

/// A farewell that first leads to the provider that the session came from.
async fn by_upstream(authority: &Authority, session: &Session, farewell: Farewell) -> Outcome<Farewell> {
    Ok(match upstream::farewell::address(authority, session, &farewell).await? {
        Some(url) => Farewell { url: Some(url), ..farewell },
        None => farewell,
    })
}

async fn leave_browser(
    authority: &Authority,
    session: &Session,
    farewell: Farewell,
    initiator: Initiator,
) -> Outcome<Goodbye> {
    let farewell = by_upstream(authority, session, farewell).await?;
    let frames = frames(authority, session.id, Told::All).await?;
    let receipt = receipt::of(authority, session).await?;
    ending::revoke(authority, Target::Session(session.id), EndReason::Logout, initiator).await?;
    Ok(Goodbye { departure: Departure::Browser, farewell, frames, receipt })
}

async fn leave_app(authority: &Authority, session: &Session, farewell: Farewell) -> Outcome<Goodbye> {
    let Some(client_id) = farewell.client_id.clone() else {
        return Err(invalid_request("this page had been open for too long; go back to the app and start again").into());
    };
    let frames = frames(authority, session.id, Told::One(&client_id)).await?;
    let receipt = receipt::of(authority, session).await?;
    ending::revoke(authority, Target::Part(session.id, client_id), EndReason::Logout, Initiator::User).await?;
    Ok(Goodbye { departure: Departure::App, farewell, frames, receipt })
}
