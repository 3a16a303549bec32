//! The consent page: who, what, for how long.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use url::Url;

use super::authorize::{go_on, session};
use super::csrf::{Binding, demanded};
use super::page::{Allowed, Consent, Forms, ScopeLine};
use super::request::Incoming;
use super::shell::Shell;
use super::words::longest;
use crate::domain::interaction::Wanted;
use crate::domain::language::Phrase;
use crate::flows::authorize::{Asking, Step, proceed};
use crate::flows::consent::{Decision, decide};
use crate::flows::pending::Pending;
use crate::flows::{Failure, inspect};
use crate::protocol::claims;
use crate::protocol::error::{Refusal, invalid_request};
use crate::protocol::params::Params;
use crate::protocol::scope::OFFLINE_ACCESS;

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let pending = pending(shell, &query)?;
    let session = session(shell, incoming).await?;
    match proceed(&shell.authority, pending, session).await? {
        Step::Consent(asking) => {
            inspect::note(&shell.authority, &asking.session, incoming.activity(), shell.authority.now()).await?;
            Ok(form(shell, incoming, *asking))
        }
        step => Ok(go_on(shell, incoming, &step)),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(session) = session(shell, incoming).await? else {
        // The session ended while the page was open: the request starts over at the login page.
        let form = incoming.form()?;
        let pending = pending(shell, &form)?;
        return Ok(go_on(shell, incoming, &proceed(&shell.authority, pending, None).await?));
    };
    let form = demanded(shell, incoming, &session)?;
    let pending = pending(shell, &form)?;
    let decision = match form.one("decision")? {
        Some("allow") => Decision::Allow,
        Some("deny") => Decision::Deny,
        _ => return Err(invalid_request("decision must be allow or deny").into()),
    };
    Ok(go_on(shell, incoming, &decide(&shell.authority, pending, session, decision).await?))
}

fn pending(shell: &Shell, params: &Params) -> Result<Pending, Refusal> {
    let handle = params.required("request", "this page belongs to no request");
    Pending::open(&shell.authority, handle.map_err(|refusal| refusal.told("refused-no-request"))?)
}

fn form(shell: &Shell, incoming: &Incoming, asking: Asking) -> HttpResponse {
    let Asking { username, pending, client, wanted, session } = asking;
    let handle = pending.seal(&shell.authority);
    let binding = Binding::of(shell, incoming);
    let offline = wanted.scope.contains(OFFLINE_ACCESS);
    let logo = client.metadata.logo_uri.as_deref().and_then(shown_logo);
    let (logo_uri, images) = logo.unzip();
    let page = Consent {
        client_name: client.name().to_owned(),
        client_host: host(pending.request.address.uri()),
        client_uri: client.metadata.client_uri.clone(),
        logo_uri,
        policy_uri: client.metadata.policy_uri.clone(),
        tos_uri: client.metadata.tos_uri.clone(),
        username,
        scopes: wanted.scope.words().filter(|word| *word != OFFLINE_ACCESS).map(line).collect(),
        claims: beyond(&wanted).iter().map(|name| claim(name)).collect(),
        resources: wanted.resources,
        offline,
        lifetime: if offline {
            Phrase::of("consent-lasts-away").with("longest", longest(shell.authority.policy.offline.delta()))
        } else {
            Phrase::of("consent-lasts").with("longest", longest(session.absolute_end - session.created_at))
        },
        switch_url: shell.site.path(&format!("/login?request={handle}&switch=1")),
        request: handle,
        csrf: binding.token(shell, Some(&session)),
    };
    binding.show(
        shell,
        StatusCode::OK,
        &page,
        Allowed { forms: Forms::Onwards, images: images.as_deref(), ..Allowed::default() },
    )
}

/// The claims that no line about a scope speaks of.
fn beyond(wanted: &Wanted) -> Vec<String> {
    wanted.claims.all().into_iter().filter(|name| !claims::is_shown(name, &wanted.scope)).collect()
}

/// A logo and the one origin that the page may load it from. The browser fetches it, without saying what for; the server
/// never does. Only https: anything else would not be what the client published.
fn shown_logo(uri: &str) -> Option<(String, String)> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "https")?;
    let origin = url.origin().ascii_serialization();
    // The origin goes into a header whose words are parted by these.
    let plain = origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:/[]_".contains(&byte));
    plain.then(|| (url.to_string(), origin))
}

/// Where the answer goes, as people read it.
fn host(uri: &str) -> String {
    let url = Url::parse(uri).ok();
    let host = url.as_ref().and_then(|url| url.host_str().map(str::to_owned));
    host.or_else(|| url.map(|url| url.scheme().to_owned())).unwrap_or_default()
}

fn line(name: &str) -> ScopeLine {
    let description = match name {
        "openid" => Phrase::of("scope-openid"),
        "profile" => Phrase::of("scope-profile"),
        "email" => Phrase::of("scope-email"),
        "address" => Phrase::of("scope-address"),
        "phone" => Phrase::of("scope-phone"),
        "roles" => Phrase::of("scope-roles"),
        "admin" => Phrase::of("scope-admin"),
        "admin.read" => Phrase::of("scope-admin-read"),
        other => Phrase::Text(other.to_owned()),
    };
    ScopeLine { name: name.to_owned(), description }
}

/// What people call a claim.
fn claim(name: &str) -> Phrase {
    match name {
        "name" => Phrase::of("claim-name"),
        "given_name" => Phrase::of("claim-given-name"),
        "family_name" => Phrase::of("claim-family-name"),
        "middle_name" => Phrase::of("claim-middle-name"),
        "nickname" => Phrase::of("claim-nickname"),
        "preferred_username" => Phrase::of("claim-preferred-username"),
        "profile" => Phrase::of("claim-profile"),
        "picture" => Phrase::of("claim-picture"),
        "website" => Phrase::of("claim-website"),
        "gender" => Phrase::of("claim-gender"),
        "birthdate" => Phrase::of("claim-birthdate"),
        "zoneinfo" => Phrase::of("claim-zoneinfo"),
        "locale" => Phrase::of("claim-locale"),
        "updated_at" => Phrase::of("claim-updated-at"),
        "email" => Phrase::of("claim-email"),
        "email_verified" => Phrase::of("claim-email-verified"),
        "address" => Phrase::of("claim-address"),
        "phone_number" => Phrase::of("claim-phone-number"),
        "phone_number_verified" => Phrase::of("claim-phone-number-verified"),
        "roles" => Phrase::of("claim-roles"),
        other => Phrase::Text(other.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_opens_the_page_to_its_own_origin_alone() {
        let shown = |uri: &str| shown_logo(uri);
        let logo = "https://app.example:8443/a;b,c/logo.png?x=1";
        assert_eq!(shown(logo), Some((logo.to_owned(), "https://app.example:8443".to_owned())));
        for uri in [
            "http://localhost/logo.png",
            "data:image/png;base64,AA",
            "javascript:x",
            "https://a;b/",
            "https://a b/",
            "x",
        ] {
            assert_eq!(shown(uri), None, "{uri}");
        }
    }
}
