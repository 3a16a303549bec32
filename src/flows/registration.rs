//! Clients that register and manage themselves (RFC 7591; RFC 7592).
//!
//! 1. May anybody register, and this one? An initial access token is looked at before anything that was sent.
//! 2. Read the metadata, as if an administrator had sent it, within what a client may give itself.
//! 3. Count the registration against its source: what comes now costs a write, and perhaps a call.
//! 4. Write the client, the use of the initial access token and the client's own token together.
//!
//! The registration access token stays the same until the client goes: a management call that was lost can be repeated.

use serde_json::{Map, Value};

use super::client::{self, Made};
use super::{Authority, Failure, Outcome, ending};
use crate::base::clock::Time;
use crate::base::secret::{Digest, Secret, Typed};
use crate::domain::client::Client;
use crate::domain::policy::{Admission, Profile};
use crate::domain::registration::{count, counted};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::jose::json;
use crate::protocol::admin::members::refuse_nul;
use crate::protocol::error::{Code, Refusal};
use crate::protocol::registration::request::{self, Rewriting, Terms, new_client, unfit};
use crate::store;

/// How often a change that lost a race is tried again.
const TRIES: usize = 5;

/// Whether clients may register here at all.
pub fn is_open(authority: &Authority) -> bool {
    authority.policy.registration.admission != Admission::Closed
}

fn terms(authority: &Authority) -> Terms {
    match authority.policy.profile {
        Profile::Certification => Terms::Certification,
        Profile::Standard | Profile::Strict => Terms::Usual,
    }
}

/// Reads a body: one JSON object in which no member stands twice.
pub fn body(text: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let refused = |reason: String| {
        let sentence = "the body must be one JSON object that names no member twice and holds no NUL character";
        Refusal::new(Code::InvalidClientMetadata, sentence).because(reason)
    };
    let value = json::strict(text).map_err(|error| refused(error.to_string()))?;
    refuse_nul(&value, "").map_err(|error| refused(error.field))?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(refused("no object".into())),
    }
}

/// Who asks: an initial access token, if one came, and where from.
pub struct Applicant<'a> {
    pub token: Option<&'a str>,
    pub source: Option<&'a str>,
}

/// Registers a client; the answer of RFC 7591 section 3.2.1.
pub async fn register(
    authority: &Authority,
    applicant: Applicant<'_>,
    members: impl FnOnce() -> Result<Map<String, Value>, Refusal>,
) -> Outcome<Map<String, Value>> {
    let now = authority.now();
    let spent = admit(authority, &applicant, now).await?;
    let metadata = new_client(members()?, terms(authority))?;
    note(authority, applicant.source.unwrap_or("unknown"), now).await?;
    client::check(authority, &metadata, None).await.map_err(Refusal::from)?;

    let Made { client, secret } = client::make(authority, None, metadata, now);
    let token = Secret::new(authority.dice());
    let (written, digest) = (client.clone(), token.digest());
    let done = authority.db.write(async move |tx| {
        if let Some(initial) = spent
            && !store::registration::spend(tx, initial, now).await?
        {
            return Ok(false);
        }
        if !store::client::insert(tx, &written).await? {
            return Ok(tx.undo(false));
        }
        store::registration::insert(tx, &written.id, digest, now).await?;
        Ok(true)
    });
    if !done.await? {
        return Err(no_token("the initial access token was used up meanwhile").into());
    }
    Ok(answer(authority, &client, &token.reveal(), secret.as_ref()))
}

/// The digest of the initial access token that this registration will use, where one is needed.
async fn admit(authority: &Authority, applicant: &Applicant<'_>, now: Time) -> Outcome<Option<Digest>> {
    match authority.policy.registration.admission {
        Admission::Open => Ok(None),
        Admission::Closed => Err(no_token("registration is closed").into()),
        Admission::Token => {
            let digest = Digest::of(applicant.token.unwrap_or_default());
            if store::registration::is_good(&authority.db, digest, now).await? {
                return Ok(Some(digest));
            }
            Err(no_token("no such initial access token, or it is used up or over").into())
        }
    }
}

fn no_token(reason: &'static str) -> Refusal {
    Refusal::new(Code::InvalidToken, "the token does not allow this").because(reason)
}

/// Counts one more registration of a source.
async fn note(authority: &Authority, source: &str, now: Time) -> Outcome<()> {
    let Some(limit) = authority.policy.registration.limit else { return Ok(()) };
    let key = counted(source);
    let wait = authority.db.write(async move |tx| {
        let counter = store::throttle::hold(tx, key, now).await?;
        match count(counter, limit, now) {
            Ok(counter) => store::throttle::set(tx, key, counter).await.map(|()| None),
            Err(wait) => Ok(tx.undo(Some(wait))),
        }
    });
    match wait.await? {
        None => Ok(()),
        Some(wait) => {
            let retry_after = u32::try_from(wait.num_seconds()).unwrap_or(u32::MAX).max(1);
            Err(Failure::Busy { retry_after })
        }
    }
}

/// The client that this registration access token is of. One answer for an unknown client and for a wrong token.
async fn own(authority: &Authority, client_id: &str, token: &str) -> Outcome<Client> {
    let found = store::registration::token_of(&authority.db, client_id).await?;
    if found.is_none_or(|digest| !digest.matches(&Digest::of(token))) {
        return Err(no_token("not the client's registration access token").into());
    }
    let client = store::client::find(&authority.db, client_id).await?;
    let client = client.filter(|client| !client.metadata.disabled);
    client.ok_or_else(|| no_token("the client is gone or disabled").into())
}

/// What is registered of a client (RFC 7592 section 2.1). Its secret is kept as a digest, so it is not told again.
pub async fn show(authority: &Authority, client_id: &str, token: &str) -> Outcome<Map<String, Value>> {
    let client = own(authority, client_id, token).await?;
    Ok(answer(authority, &client, token, None))
}

/// Puts new metadata in the place of the old (RFC 7592 section 2.2). What an administrator set stays.
pub async fn replace(
    authority: &Authority,
    client_id: &str,
    token: &str,
    members: impl Fn() -> Result<Map<String, Value>, Refusal>,
) -> Outcome<Map<String, Value>> {
    for _ in 0..TRIES {
        let found = own(authority, client_id, token).await?;
        let now = authority.now();
        let Rewriting { metadata, client_secret } =
            Rewriting::read(members()?, client_id, &found.metadata, terms(authority))?;
        if client_secret.is_some_and(|secret| !found.knows(&Typed::new(secret), now)) {
            return Err(unfit("client_secret", "is not the client's own").into());
        }
        client::check(authority, &metadata, Some(&found.metadata)).await.map_err(Refusal::from)?;
        if metadata == found.metadata {
            return Ok(answer(authority, &found, token, None));
        }
        if let Some(Made { client, secret }) = client::rewrite(authority, found, metadata, now).await? {
            return Ok(answer(authority, &client, token, secret.as_ref()));
        }
    }
    Err(Failure::Busy { retry_after: 1 })
}

/// Removes a client at its own wish, with everything it was allowed (RFC 7592 section 2.3).
pub async fn remove(authority: &Authority, client_id: &str, token: &str) -> Outcome<()> {
    let client = own(authority, client_id, token).await?;
    let now = authority.now();
    let end = End { at: now, reason: EndReason::ClientRemoved, initiator: Initiator::Client };
    let scribe = authority.scribe(now);
    let begun = authority.db.write(async move |tx| client::remove(tx, &client.id, None, end, &scribe).await).await?;
    ending::finish(authority, begun.unwrap_or_default()).await?;
    Ok(())
}

/// Removes clients that registered themselves and that nobody uses, at most `limit`; gives how many went.
pub async fn sweep(authority: &Authority, limit: i64) -> Outcome<usize> {
    let now = authority.now();
    let due = now - authority.policy.registration.unused.delta();
    let mut gone = 0;
    for client_id in store::registration::unused(&authority.db, due, limit).await? {
        let end = End { at: now, reason: EndReason::ClientRemoved, initiator: Initiator::System };
        let scribe = authority.scribe(now);
        let removed = authority.db.write(async move |tx| {
            // Somebody may have come in between.
            let unused = store::registration::is_unused(tx, &client_id).await?;
            if unused { client::remove(tx, &client_id, None, end, &scribe).await } else { Ok(None) }
        });
        if let Some(begun) = removed.await? {
            ending::finish(authority, begun).await?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// What a client is told of itself (RFC 7591 section 3.2.1; RFC 7592 section 3).
fn answer(authority: &Authority, client: &Client, token: &str, secret: Option<&Secret>) -> Map<String, Value> {
    let mut members = request::shown(&client.metadata);
    let place = format!("{}/oauth2/register/{}", authority.policy.issuer, client.id);
    members.insert("client_id".into(), client.id.clone().into());
    members.insert("client_id_issued_at".into(), client.created_at.timestamp().into());
    members.insert("registration_client_uri".into(), place.into());
    members.insert("registration_access_token".into(), token.into());
    if client.metadata.has_secret() {
        members.insert("client_secret_expires_at".into(), 0.into());
    }
    if let Some(secret) = secret {
        members.insert("client_secret".into(), secret.reveal().into());
    }
    members
}
