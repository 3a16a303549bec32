//! The authorization request, from its arrival to the answer (RFC 6749 section 4.1; OpenID Connect Core 1.0 section 3.1.2).
//!
//! 1. Open what was pushed, or the request object, if there is one, and prove the address: until then nothing is sent anywhere.
//! 2. Read the rest; a refusal now goes to the address.
//! 3. Ask [`interaction::next`] what the person must still do, and let a page do it.
//! 4. When nothing is left, write a grant with its code, and answer.
//!
//! The request waits in no table: it is sealed into the address of the page that waits for the person.

use std::sync::Arc;

use super::mint::{Base, Front};
use super::pending::{Pending, find};
use super::pushed;
use super::seat::{self, Newcomer};
use super::{Activity, Authority, Failure, Outcome, account, keys, request_object, session_state};
use crate::base::clock::Time;
use crate::base::id::GrantId;
use crate::base::secret::Secret;
use crate::domain::client::Client;
use crate::domain::code::Code as AuthorizationCode;
use crate::domain::event::EventName;
use crate::domain::grant::Grant;
use crate::domain::interaction::{self, Hinted, Next, Situation, Wanted};
use crate::domain::level;
use crate::domain::limit::Action;
use crate::domain::policy::PENDING_REQUEST;
use crate::domain::pushed::{Pushed, may_come};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::domain::session::Session;
use crate::domain::subject::is_called;
use crate::domain::watch::TOLD_EVERY;
use crate::jose::algorithm::Algorithm;
use crate::jose::jws::Accept;
use crate::jose::typ::{Typ, Typing};
use crate::protocol::authorize::AuthorizationRequest;
use crate::protocol::claims::IdClaims;
use crate::protocol::error::{Code, Refusal, invalid_request};
use crate::protocol::params::Params;
use crate::protocol::pushed::reference;
use crate::protocol::redirect::ReturnAddress;
use crate::protocol::response::{ResponseMode, mode_of_refusal};
use crate::store;

const ID_TOKEN: Accept<'_> = Accept { algorithms: &Algorithm::ISSUED, typ: Typing::Exactly(Typ::IdToken) };

/// Who stands at the door: the browser's session, and whether a person is seen there.
pub struct Visitor {
    pub session: Option<Session>,
    pub activity: Activity,
}

impl From<Option<Session>> for Visitor {
    fn from(session: Option<Session>) -> Self {
        Self { session, activity: Activity::Person }
    }
}

/// What comes next for a browser with a request.
pub enum Step {
    /// The login page, for this request of the client with this name.
    Login(Box<Pending>, String),
    /// As `Login`, for somebody who is signed in and lacks nothing but this level.
    Raise(Box<Pending>, &'static str),
    Consent(Box<Asking>),
    /// The client is in as many of the person's sessions as it may be; the person chooses which it leaves.
    Full(Box<Pending>),
    Answer(Answer),
}

/// What a consent page shows.
pub struct Asking {
    pub username: String,
    pub pending: Pending,
    pub client: Arc<Client>,
    pub wanted: Wanted,
    pub session: Session,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct Answer {
    pub address: ReturnAddress,
    pub mode: ResponseMode,
    pub fields: Vec<(&'static str, String)>,
}

impl Answer {
    fn new(authority: &Authority, request: &AuthorizationRequest, fields: Vec<(&'static str, String)>) -> Self {
        Self::bare(authority, request.address.clone(), request.response_mode, request.state.clone(), fields)
    }

    /// The answer with `state` and `iss` (RFC 9207), which every one carries.
    fn bare(
        authority: &Authority,
        address: ReturnAddress,
        mode: ResponseMode,
        state: Option<String>,
        mut fields: Vec<(&'static str, String)>,
    ) -> Self {
        fields.extend(state.map(|state| ("state", state)));
        fields.push(("iss", authority.policy.issuer.clone()));
        Self { address, mode, fields }
    }

    /// A refusal as the client reads it.
    pub fn refusal(authority: &Authority, request: &AuthorizationRequest, refusal: &Refusal) -> Self {
        Self::new(authority, request, refusal_fields(refusal))
    }
}

fn refusal_fields(refusal: &Refusal) -> Vec<(&'static str, String)> {
    vec![("error", refusal.code.as_str().to_owned()), ("error_description", refusal.description.to_string())]
}

/// A request that just arrived. `Err` means that nobody but the person may read why.
pub async fn begin(authority: &Authority, params: &Params, visitor: impl Into<Visitor>) -> Outcome<Step> {
    let client_id = params.required("client_id", "client_id is missing")?;
    let (client, now) = (find(authority, client_id).await?, authority.now());
    let (opened, pushed) = match open(authority, &client, params, now).await {
        Ok(opened) => opened,
        Err(Failure::Refused(refusal)) => return unreadable(authority, &client, params, &refusal),
        Err(failure) => return Err(failure),
    };
    let params = opened.as_ref().unwrap_or(params);
    let address = client.metadata.return_address(params.one("redirect_uri")?)?;
    match AuthorizationRequest::parse(params, client_id, address) {
        Ok(request) => proceed(authority, Pending { request, born: now, pushed }, visitor).await,
        Err(refusal) => unreadable(authority, &client, params, &refusal),
    }
}

/// The parameters that were pushed or stand in a request object, if they did, and what the push is known by.
async fn open(
    authority: &Authority,
    client: &Client,
    params: &Params,
    now: Time,
) -> Outcome<(Option<Params>, Option<Pushed>)> {
    let Some(reference) = reference(params)? else {
        // As for every step later, but before anything is fetched.
        may_come(None, client, &authority.policy, now)?;
        return Ok((request_object::open(authority, client, params, now).await?, None));
    };
    params.refuse_repeated()?;
    let (params, pushed) = pushed::open(authority, client, reference, now)?;
    Ok((Some(params), Some(pushed)))
}

/// The answer to a request that cannot be read but for its address, which must be proven also for this.
fn unreadable(authority: &Authority, client: &Client, params: &Params, refusal: &Refusal) -> Outcome<Step> {
    let address = client.metadata.return_address(params.one("redirect_uri")?)?;
    let state = params.one("state").unwrap_or_default().map(str::to_owned);
    let answer = Answer::bare(authority, address, mode_of_refusal(params), state, refusal_fields(refusal));
    Ok(Step::Answer(answer))
}

/// A request that waited, seen again: after a login, a consent, or a page that was opened anew.
///
/// One that waited too long starts over: what the person did before it counts no more.
pub async fn proceed(authority: &Authority, pending: Pending, visitor: impl Into<Visitor>) -> Outcome<Step> {
    let visitor = visitor.into();
    let (client_id, address) = (pending.request.client_id.as_str(), pending.request.address.uri());
    let state = session_state::for_client(authority, client_id, address, visitor.session.as_ref());
    let mut step = decide(authority, pending, visitor).await?;
    if let Step::Answer(answer) = &mut step {
        answer.fields.extend(state.map(|state| ("session_state", state)));
    }
    Ok(step)
}

async fn decide(authority: &Authority, pending: Pending, visitor: Visitor) -> Outcome<Step> {
    let Visitor { session, activity } = visitor;
    let now = authority.now();
    let client = find(authority, &pending.request.client_id).await?;
    client.metadata.return_address(Some(pending.request.address.uri()))?;
    let came = match (may_come(pending.pushed.as_ref(), &client, &authority.policy, now), &pending.pushed) {
        (Ok(()), Some(pushed)) if pushed::is_spent(authority, pushed).await? => Err(pushed::SPENT),
        (came, _) => came,
    };
    if let Err(refusal) = came {
        return Ok(Step::Answer(Answer::refusal(authority, &pending.request, &refusal)));
    }
    let session = known_to(authority, &client, session, now).await?;
    let stale = now - pending.born >= PENDING_REQUEST.delta();
    let pending = if stale { Pending { born: now, ..pending } } else { pending };
    let hinted = match hinted(authority, &pending.request, &client, session.as_ref()).await {
        Ok(hinted) => hinted,
        Err(refusal) => return Ok(Step::Answer(Answer::refusal(authority, &pending.request, &refusal))),
    };
    let consent = match session.as_ref().and_then(|session| session.subject.person()) {
        Some(user) if interaction::asks_consent(&pending.request, &client) => {
            store::consent::find(&authority.db, user, &client.id).await?
        }
        _ => None,
    };
    let needed = match &session {
        Some(session) => store::user::of_session(&authority.db, session).await?,
        None => None,
    };
    let needed = needed.and_then(|user| level::needed(&authority.policy, &user, Some(&client)));
    let situation = Situation {
        request: &pending.request,
        born: pending.born,
        client: &client,
        session: session.as_ref(),
        hinted,
        consent: consent.as_ref(),
        needed: needed.as_deref(),
    };
    match (interaction::next(&situation, &authority.policy, now), session) {
        (Err(refusal), _) => Ok(Step::Answer(Answer::refusal(authority, &pending.request, &refusal))),
        (Ok(Next::Login), _) | (Ok(_), None) => Ok(Step::Login(Box::new(pending), client.name().to_owned())),
        (Ok(Next::Raise(level)), Some(_)) => Ok(Step::Raise(Box::new(pending), level)),
        (Ok(Next::Consent(wanted)), Some(session)) => {
            let username = account::username(authority, &session).await?;
            Ok(Step::Consent(Box::new(Asking { username, pending, client, wanted, session })))
        }
        (Ok(Next::Done(wanted)), Some(session)) => {
            // prompt=none is what a page does by itself, not a person.
            let activity = if pending.request.prompt.none { Activity::Background } else { activity };
            let granted = grant(authority, &pending, &client, session, (wanted, activity)).await?;
            let silent = pending.request.prompt.none;
            let refused = |code, description| {
                let refusal = Refusal::new(code, description);
                Ok(Step::Answer(Answer::refusal(authority, &pending.request, &refusal)))
            };
            match granted {
                Granted::Fields(fields) => Ok(Step::Answer(Answer::new(authority, &pending.request, fields))),
                Granted::Full(Action::Ask) if silent => refused(Code::InteractionRequired, FULL),
                Granted::Full(Action::Ask) => Ok(Step::Full(Box::new(pending))),
                Granted::Full(_) => refused(Code::AccessDenied, FULL),
                Granted::Spent => Ok(Step::Answer(Answer::refusal(authority, &pending.request, &pushed::SPENT))),
                Granted::Gone if silent => refused(Code::LoginRequired, "the person must sign in"),
                Granted::Gone => Ok(Step::Login(Box::new(pending), client.name().to_owned())),
            }
        }
    }
}

/// The session as this client may know it: of one that ended only a client that took part in it hears why.
async fn known_to(
    authority: &Authority,
    client: &Client,
    session: Option<Session>,
    now: Time,
) -> Outcome<Option<Session>> {
    let Some(session) = session else { return Ok(None) };
    let known = session.is_open(now) || store::grant::took_part(&authority.db, session.id, &client.id).await?;
    Ok(known.then_some(session))
}

/// Whom the request wants: by an ID token that we made for this client, expired or not, or by a `sub` in `claims`.
async fn hinted(
    authority: &Authority,
    request: &AuthorizationRequest,
    client: &Client,
    session: Option<&Session>,
) -> Result<Hinted, Refusal> {
    let named = match (request.claims.subject(), &request.id_token_hint) {
        (Some(subject), _) => subject.to_owned(),
        (None, Some(hint)) => {
            let claims = id_token(authority, hint).await.filter(|claims| claims.aud == request.client_id);
            claims.ok_or(invalid_request("id_token_hint is not an ID token of this client"))?.sub
        }
        (None, None) => return Ok(Hinted::Nobody),
    };
    // What somebody is called cannot be turned back, but whoever is here can be called.
    let here = session.is_some_and(|session| is_called(&session.subject, client, &authority.secrets.pairwise, &named));
    Ok(if here { Hinted::This } else { Hinted::Another })
}

/// The claims of an ID token that we made, expired or not.
pub(super) async fn id_token(authority: &Authority, token: &str) -> Option<IdClaims> {
    let verified = keys::verify(authority, token, &ID_TOKEN).await?;
    let claims: IdClaims = serde_json::from_value(verified.into_claims().into()).ok()?;
    (claims.iss == authority.policy.issuer).then_some(claims)
}

const FULL: &str = "the client is in as many of the person's sessions as it may be";

/// What became of a grant that was to be written.
enum Granted {
    /// What the client gets.
    Fields(Vec<(&'static str, String)>),
    /// The session ended meanwhile, or the person took the consent back.
    Gone,
    /// The client is in as many of the person's sessions as it may be.
    Full(Action),
    /// The request was pushed, and answered before.
    Spent,
}

/// Writes the grant, with its code where one is asked for, and gives what the client gets.
async fn grant(
    authority: &Authority,
    Pending { request, pushed, .. }: &Pending,
    client: &Client,
    session: Session,
    (wanted, activity): (Wanted, Activity),
) -> Outcome<Granted> {
    let now = authority.now();
    let kind = request.response_type;
    let secret = kind.gives_code().then(|| Secret::new(authority.dice()));
    let grant = Grant {
        id: GrantId::new(now, authority.dice()),
        session: session.id,
        client_id: client.id.clone(),
        scope: wanted.scope,
        resources: wanted.resources,
        claims: wanted.claims,
        authentication: session.authentication.clone().map(|proof| level::shown(proof, request)),
        created_at: now,
        ended: None,
    };
    let code = secret.as_ref().map(|secret| AuthorizationCode {
        digest: secret.digest(),
        grant: grant.id,
        redirect_uri: request.address.uri().to_owned(),
        redirect_named: request.address.was_named(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        expires_at: now + authority.policy.code.delta(),
        used_at: None,
        gave: None,
    });
    let mut fields: Vec<_> = secret.iter().map(|secret| ("code", secret.reveal())).collect();
    if kind.is_implicit() {
        let (scope, resources) = (grant.scope.clone(), grant.resources.clone());
        let base = Base { client, grant: &grant, session: &session, scope, resources, nonce: request.nonce.clone() };
        let code = fields.first().map(|(_, code)| code.clone());
        let front = Front { code: code.as_deref(), state: request.state.as_deref() };
        fields.extend(base.front(authority, kind, front, now).await?);
    }
    let scribe = authority.scribe(now);
    let event = scribe.entry(session.id, EventName::Granted).of(&client.id);
    let (narrowing, limit) = (client.narrowing(), client.session_limit());
    let subject = session.subject.person();
    let newcomer = subject.map(|user| Newcomer { user, session: session.id, client_id: client.id.clone() });
    let person = subject.filter(|_| !client.metadata.skip_consent);
    let spending = pushed.as_ref().map(|pushed| (pushed::digest(pushed), pushed.until));
    let written = authority.db.write(async move |tx| {
        if let (Some(newcomer), Some(_)) = (&newcomer, limit) {
            store::user::hold(tx, newcomer.user).await?;
        }
        let Some(held) = store::session::hold(tx, session.id).await? else { return Ok(Granted::Gone) };
        let joined = held.narrowed(&narrowing).after(activity, now);
        let allowed = match person {
            Some(user) => store::consent::is_remembered(tx, user, &grant.client_id).await?,
            None => true,
        };
        if !joined.is_open(now) || !allowed {
            return Ok(tx.undo(Granted::Gone));
        }
        if let Some(newcomer) = &newcomer {
            let end = End { at: now, reason: EndReason::Limit, initiator: Initiator::System };
            if let Some(action) = seat::make_room(tx, newcomer, limit, &end, &scribe).await? {
                return Ok(tx.undo(Granted::Full(action)));
            }
        }
        // Last of what can be waited for: whoever spends it waits for nobody.
        if let Some((request, until)) = spending
            && !store::pushed::spend(tx, request, until).await?
        {
            return Ok(tx.undo(Granted::Spent));
        }
        store::lifetime::keep(tx, &joined).await?;
        store::grant::insert(tx, &grant).await?;
        if let Some(code) = &code {
            store::code::insert(tx, code).await?;
        }
        store::event::sample(tx, &event, now - TOLD_EVERY).await?;
        Ok(Granted::Fields(fields))
    });
    Ok(written.await?)
}
