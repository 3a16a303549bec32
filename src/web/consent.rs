//! The consent page: who, what, for how long.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use url::Url;

use super::authorize::{go_on, session};
use super::csrf::{Binding, demanded};
use super::page::{Allowed, Consent, Forms, ScopeLine};
use super::request::Incoming;
use super::shell::Shell;
use crate::domain::interaction::Wanted;
use crate::domain::session::Session;
use crate::flows::authorize::{Asking, Pending, Step, proceed};
use crate::flows::consent::{Decision, decide};
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
        step => Ok(go_on(shell, &step)),
    }
}

pub async fn submit(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let Some(session) = session(shell, incoming).await? else {
        // The session ended while the page was open: the request starts over at the login page.
        let form = incoming.form()?;
        let pending = pending(shell, &form)?;
        return Ok(go_on(shell, &proceed(&shell.authority, pending, None).await?));
    };
    let form = demanded(shell, incoming, &session)?;
    let pending = pending(shell, &form)?;
    let decision = match form.one("decision")? {
        Some("allow") => Decision::Allow,
        Some("deny") => Decision::Deny,
        _ => return Err(invalid_request("decision must be allow or deny").into()),
    };
    Ok(go_on(shell, &decide(&shell.authority, pending, session, decision).await?))
}

fn pending(shell: &Shell, params: &Params) -> Result<Pending, Refusal> {
    Pending::open(&shell.authority, params.required("request", "this page belongs to no request")?)
}

fn form(shell: &Shell, incoming: &Incoming, asking: Asking) -> HttpResponse {
    let Asking { username, pending, client, wanted, session } = asking;
    let handle = pending.seal(&shell.authority);
    let binding = Binding::of(shell, &incoming.http);
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
        claims: beyond(&wanted).iter().map(|name| name.replace('_', " ")).collect(),
        resources: wanted.resources,
        offline,
        lifetime: lifetime(shell, &session, offline),
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
        "openid" => "Know who you are",
        "profile" => "See your name and profile",
        "email" => "See your e-mail address",
        "address" => "See your postal address",
        "phone" => "See your phone number",
        "roles" => "See your roles",
        "admin" => "Administer this server",
        "admin.read" => "Read everything on this server",
        other => other,
    };
    ScopeLine { name: name.to_owned(), description: description.to_owned() }
}

fn lifetime(shell: &Shell, session: &Session, offline: bool) -> String {
    let (words, life) = if offline {
        ("until you take it back, at most", shell.authority.policy.offline.delta())
    } else {
        ("until you sign out, at most", session.absolute_end - session.created_at)
    };
    let seconds = life.num_seconds();
    let (number, unit) = match seconds {
        86_401.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        _ => (seconds.div_euclid(60).max(1), "minute"),
    };
    format!("{words} {number} {unit}{}", if number == 1 { "" } else { "s" })
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
