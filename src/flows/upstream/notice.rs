//! Being told by another provider that somebody was signed out there: what came from that session ends, or from all of that
//! person's there when no session is named. Here is how OpenID Connect says it (Back-Channel Logout 1.0 sections 2.5 to 2.8),
//! and what comes of it; how SAML says it is in `saml`.

use super::{Age, doubt, open, ready};
use crate::base::clock::Time;
use crate::base::secret::Digest;
use crate::domain::provider::Provider;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::flows::ending::{self, Ended};
use crate::flows::{Authority, Outcome};
use crate::jose::algorithm::Algorithm;
use crate::jose::jws::{Accept, Verified};
use crate::jose::typ::{Typ, Typing};
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::logout_token::{Expected, LogoutToken};
use crate::protocol::provider::Kind;
use crate::remote::upstream::{Distrust, Upstream};
use crate::store;

/// What no other token can pass for (OWASP ASVS 5.0 10.5.5).
const LOGOUT_TOKEN: Accept<'_> = Accept { algorithms: &Algorithm::ALL, typ: Typing::Exactly(Typ::LogoutToken) };

const REFUSED: Refusal = invalid_request("the logout token is not accepted");

/// Checks a logout token, takes it once, and ends what came from there. Nobody learns whether anything was there to end.
pub async fn hear(authority: &Authority, provider: &str, token: &str) -> Outcome<Ended> {
    let provider = open(authority, provider).await?;
    if provider.settings.kind != Kind::Oidc {
        return Err(REFUSED.because("only a provider of the kind oidc signs logout tokens").into());
    }
    let verified = match check(authority, &provider, token).await? {
        Ok(verified) => verified,
        Err(error) => {
            doubt(&provider, &error);
            return Err(REFUSED.because(error.to_string()).into());
        }
    };
    let settings = &provider.settings;
    let expected = Expected { issuer: &settings.issuer, client_id: &settings.client_id, now: authority.now() };
    let read = LogoutToken::read(verified.claims(), expected).map_err(|why| REFUSED.because(why))?;
    let digest = Digest::of(&format!("logout token\n{}\n{}", settings.issuer, read.jti));
    let sessions = read.session.into_iter().collect();
    let word = Word { digest, until: read.good_until, subject: read.subject, sessions };
    let ended = end_once(authority, &provider, word).await?;
    Ok(ended.ok_or_else(|| REFUSED.because("the jti was used before"))?)
}

/// A provider's word that somebody is signed out there.
pub(super) struct Word {
    /// What makes it the same word, and how long it could be said again.
    pub digest: Digest,
    pub until: Time,
    pub subject: Option<String>,
    /// All of the person's there where there is none.
    pub sessions: Vec<String>,
}

/// Takes a word and ends what came from there. One write takes it, ends what the first session brought and remembers the
/// rest, so that nothing is lost with this process. `None` for a word that was said before.
pub(super) async fn end_once(authority: &Authority, provider: &Provider, word: Word) -> Outcome<Option<Ended>> {
    let Word { digest, until, subject, sessions } = word;
    let named: Vec<_> = sessions.into_iter().map(Some).collect();
    let sessions = if named.is_empty() { vec![None] } else { named };
    let (now, id) = (authority.now(), provider.id.clone());
    let end = End { at: now, reason: EndReason::UpstreamLogout, initiator: Initiator::System };
    let scribe = authority.scribe(now);
    let begun = authority.db.write(async move |tx| {
        if !store::upstream::take(tx, digest, until).await? {
            return Ok(None);
        }
        let target = |session| Target::Upstream { provider: id.clone(), subject: subject.clone(), session };
        let begun = ending::begin_all(tx, sessions.into_iter().map(target), &end, &scribe).await?;
        Ok(Some(begun))
    });
    let Some(begun) = begun.await? else { return Ok(None) };
    let ended = ending::finish_all(authority, begun).await?;
    tracing::info!(provider = provider.id, sessions = ended.sessions, "a provider signed somebody out");
    Ok(Some(ended))
}

async fn check(authority: &Authority, provider: &Provider, token: &str) -> Outcome<Result<Verified, Distrust>> {
    let unreachable = || Distrust::Discovery("the provider cannot be asked for its keys".into());
    let verify = |upstream: &Upstream| upstream.verify_logout(token, &LOGOUT_TOKEN);
    let Some(upstream) = ready(authority, provider, Age::Usual).await? else { return Ok(Err(unreachable())) };
    let first = verify(&upstream);
    if !matches!(first, Err(Distrust::UnknownKey)) {
        return Ok(first);
    }
    match ready(authority, provider, Age::Young).await? {
        Some(younger) => Ok(verify(&younger)),
        None => Ok(first),
    }
}
