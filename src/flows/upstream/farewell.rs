//! Signing out at another provider when somebody signs out here (OpenID Connect RP-Initiated Logout 1.0 section 2; for SAML
//! see `saml`).

use url::Url;

use super::{Age, ready, saml};
use crate::domain::session::Session;
use crate::flows::logout::Farewell;
use crate::flows::{Authority, Outcome};
use crate::protocol::provider::Kind;
use crate::store;

/// Where the browser signs out there, and comes back from to this farewell; `None` where the session came from nowhere, or
/// the provider knows no such thing or is not to be told.
pub async fn address(authority: &Authority, session: &Session, farewell: &Farewell) -> Outcome<Option<String>> {
    let Some(upstream) = &session.upstream else { return Ok(None) };
    let found = store::provider::find(&authority.db, &upstream.provider).await?;
    let Some(provider) = found.filter(|provider| provider.settings.enabled && provider.settings.logout) else {
        return Ok(None);
    };
    if provider.settings.kind == Kind::Saml {
        return saml::farewell(authority, session, &provider, farewell).await;
    }
    let Some(there) = ready(authority, &provider, Age::Usual).await? else { return Ok(None) };
    let Some(mut url) = there.end_session.clone() else { return Ok(None) };
    append(&mut url, "client_id", &provider.settings.client_id);
    if let Some(hint) = hint(authority, session).await? {
        append(&mut url, "id_token_hint", &hint);
    }
    append(&mut url, "post_logout_redirect_uri", &super::address(authority, &provider.id, "signed-out"));
    let mut back = farewell.clone();
    back.begin_at(authority.now());
    append(&mut url, "state", &back.seal(authority));
    Ok(Some(url.into()))
}

/// What the session was opened with there.
pub(super) async fn hint(authority: &Authority, session: &Session) -> Outcome<Option<String>> {
    let sealed = store::upstream::hint(&authority.db, session.id).await?;
    let context = format!("hint of {}", session.id);
    let hint = sealed.and_then(|sealed| authority.secrets.upstream.open(&context, &sealed));
    Ok(hint.and_then(|hint| String::from_utf8(hint).ok()))
}

fn append(url: &mut Url, name: &str, value: &str) {
    url.query_pairs_mut().append_pair(name, value);
}
