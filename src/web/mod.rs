//! Rank 5: HTTP. Extract, parse, call one flow, dress the answer. The table below is the whole surface.
//!
//! | file | holds |
//! |---|---|
//! | `shell` | what handlers share: the authority, the pages, where we are |
//! | `route` | what a line of the table says |
//! | `request` | an arrived request: size, type, origin, who sends it from where |
//! | `guard` | what is refused before any handler: other hosts, TRACE |
//! | `stranger` | turns for browsers without a session |
//! | `fresh` | routes that want a fresh proof of who sits there |
//! | `answer`, `error` | answers and how a failure is dressed for each kind of endpoint |
//! | `header`, `cors`, `cookie`, `csrf` | what every answer and every form carries |
//! | `page` | templates with their typed contexts |
//! | `language`, `words` | which language an answer speaks, and what it says of what happened |
//! | `admin` | the admin API and its description |
//! | the others | one noun each |

pub mod account;
pub mod admin;
pub mod answer;
pub mod asset;
pub mod authenticator;
pub mod authorize;
pub mod consent;
pub mod cookie;
pub mod cors;
pub mod csrf;
pub mod demo;
pub mod discovery;
pub mod email;
pub mod error;
pub mod factor;
pub mod fresh;
pub mod gateway;
mod guard;
mod header;
pub mod health;
pub mod identities;
pub mod inspect;
pub mod language;
pub mod limit;
pub mod login;
pub mod logout;
pub mod mail_code;
pub mod mailbox;
pub mod page;
pub mod password;
mod picture;
mod purpose;
pub mod pushed;
pub mod receipt;
pub mod recovery;
pub mod registration;
pub mod request;
mod route;
#[cfg(feature = "saml")]
pub mod saml;
pub mod session_frame;
pub mod shell;
pub mod sso;
pub mod stranger;
pub mod token;
mod words;

use std::sync::LazyLock;
use std::time::Instant;

use actix_web::http::Method;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};

pub use self::header::harden;
use self::request::Incoming;
pub use self::route::{Callers, Cors, Dress, Freshness, Host, Profile, Route};
use self::route::{Settled, routes};
use self::shell::Shell;
use crate::flows::Failure;

/// The whole surface, in the order of the documentation.
pub static TABLE: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let table = routes! {
        GET "/.well-known/openid-configuration" => discovery::document, Anyone, Json [cors: Cors::Registered];
        GET "/.well-known/oauth-authorization-server" => discovery::document, Anyone, Json [cors: Cors::Registered];
        GET "/oauth2/jwks" => discovery::jwks, Anyone, Json [cors: Cors::Registered];
        GET "/oauth2/authorize" => authorize::by_query, Anyone, Page;
        POST "/oauth2/authorize" => authorize::by_form, Anyone, Page;
        POST "/oauth2/par" => pushed::push, Client, Json;
        POST "/oauth2/token" => token::token, Client, Json [cors: Cors::Registered];
        POST "/oauth2/introspect" => inspect::introspect, ConfidentialClient, Json;
        POST "/oauth2/revoke" => token::revoke, Client, Json [cors: Cors::Registered];
        GET "/oauth2/userinfo" => inspect::userinfo, Bearer, Bearer [cors: Cors::Registered];
        POST "/oauth2/userinfo" => inspect::userinfo, Bearer, Bearer [cors: Cors::Registered];
        GET "/oauth2/logout" => logout::by_query, Anyone, Page;
        POST "/oauth2/logout" => logout::by_form, Anyone, Page;
        GET "/oauth2/session-frame" => session_frame::show, Anyone, Page;
        POST "/oauth2/register" => registration::register, Anyone, Bearer;
        GET "/oauth2/register/{client_id}" => registration::show, Bearer, Bearer;
        PUT "/oauth2/register/{client_id}" => registration::replace, Bearer, Bearer;
        DELETE "/oauth2/register/{client_id}" => registration::remove, Bearer, Bearer;
        GET "/gateway/check" => gateway::check, Anyone, Bearer [host: Host::Any];
        GET "/" => page::home, Anyone, Page;
        GET "/login" => login::show, Anyone, Page;
        POST "/login" => login::submit, Anyone, Page;
        POST "/login/passkey" => login::by_passkey, Anyone, Page;
        GET "/login/code" => mail_code::show, Anyone, Page;
        POST "/login/code" => mail_code::submit, Anyone, Page;
        GET "/login/factor" => factor::show, Anyone, Page;
        POST "/login/factor" => factor::submit, Anyone, Page;
        GET "/login/enrol" => factor::show_enrolment, Anyone, Page;
        POST "/login/enrol" => factor::enrol, Anyone, Page;
        GET "/limit" => limit::show, Anyone, Page;
        POST "/limit" => limit::submit, Anyone, Page;
        GET "/consent" => consent::show, Person, Page;
        POST "/consent" => consent::submit, Person, Page;
        GET "/logout" => logout::show, Anyone, Page;
        POST "/logout" => logout::submit, Anyone, Page;
        GET "/logout/report" => receipt::show, Anyone, Page;
        GET "/sso/{provider}/start" => sso::start, Anyone, Page;
        GET "/sso/{provider}/callback" => sso::callback, Anyone, Page;
        GET "/sso/{provider}/signed-out" => sso::signed_out, Anyone, Page;
        POST "/sso/{provider}/backchannel-logout" => sso::backchannel_logout, Anyone, Json;
        GET "/account" => account::show, Person, Page;
        GET "/account/apps" => account::apps, Person, Page;
        GET "/account/identities" => identities::show, Person, Page;
        POST "/account/identities/link" => identities::link, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/identities/{id}/remove" => identities::remove, Person, Page [freshness: Freshness::WithSecondFactor];
        GET "/account/password" => password::show, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/password" => password::change, Person, Page [freshness: Freshness::WithSecondFactor];
        GET "/account/email" => email::show, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/email" => email::change, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/email/verify" => email::verify, Person, Page [freshness: Freshness::WithSecondFactor];
        GET "/email/confirm" => email::ask, Anyone, Page;
        POST "/email/confirm" => email::confirm, Anyone, Page;
        GET "/password/forgot" => recovery::show, Anyone, Page;
        POST "/password/forgot" => recovery::submit, Anyone, Page;
        GET "/password/reset" => recovery::choose, Anyone, Page;
        POST "/password/reset" => recovery::set, Anyone, Page;
        GET "/account/security" => authenticator::security, Person, Page;
        GET "/account/totp" => authenticator::app, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/totp" => authenticator::add_app, Person, Page [freshness: Freshness::WithSecondFactor];
        GET "/account/recovery-codes" => authenticator::codes, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/recovery-codes" => authenticator::make_codes, Person, Page [freshness: Freshness::WithSecondFactor];
        GET "/account/passkeys" => authenticator::passkeys, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/passkeys" => authenticator::add_passkey, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/authenticators/{id}/name" => authenticator::rename, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/authenticators/{id}/remove" => authenticator::remove, Person, Page [freshness: Freshness::WithSecondFactor];
        POST "/account/sessions/end" => account::end_everywhere, Person, Page;
        POST "/account/sessions/others/end" => account::end_others, Person, Page;
        POST "/account/sessions/{sid}/end" => account::end_session, Person, Page;
        POST "/account/apps/{client_id}/revoke" => account::withdraw, Person, Page [freshness: Freshness::FiveMinutes];
        GET "/assets/{name}" => asset::show, Anyone, Page;
        GET "/api/v1/openapi.json" => admin::openapi::show, Anyone, Problem;
        POST "/api/v1/clients" => admin::client::create, Admin, Problem [operation: Some(&admin::client::CREATE)];
        GET "/api/v1/clients" => admin::client::list, Admin, Problem [operation: Some(&admin::client::LIST)];
        GET "/api/v1/clients/{client_id}" => admin::client::show, Admin, Problem [operation: Some(&admin::client::SHOW)];
        PATCH "/api/v1/clients/{client_id}" => admin::client::change, Admin, Problem [operation: Some(&admin::client::CHANGE)];
        DELETE "/api/v1/clients/{client_id}" => admin::client::delete, Admin, Problem [operation: Some(&admin::client::DELETE)];
        POST "/api/v1/clients/{client_id}/secrets" => admin::client::renew_secret, Admin, Problem [operation: Some(&admin::client::RENEW_SECRET)];
        POST "/api/v1/registration-tokens" => admin::registration::create, Admin, Problem [operation: Some(&admin::registration::CREATE)];
        GET "/api/v1/registration-tokens" => admin::registration::list, Admin, Problem [operation: Some(&admin::registration::LIST)];
        DELETE "/api/v1/registration-tokens/{id}" => admin::registration::delete, Admin, Problem [operation: Some(&admin::registration::DELETE)];
        POST "/api/v1/users" => admin::user::create, Admin, Problem [operation: Some(&admin::user::CREATE)];
        GET "/api/v1/users" => admin::user::list, Admin, Problem [operation: Some(&admin::user::LIST)];
        GET "/api/v1/users/{id}" => admin::user::show, Admin, Problem [operation: Some(&admin::user::SHOW)];
        PATCH "/api/v1/users/{id}" => admin::user::change, Admin, Problem [operation: Some(&admin::user::CHANGE)];
        DELETE "/api/v1/users/{id}" => admin::user::delete, Admin, Problem [operation: Some(&admin::user::DELETE)];
        PUT "/api/v1/users/{id}/password" => admin::user::set_password, Admin, Problem [operation: Some(&admin::user::SET_PASSWORD)];
        POST "/api/v1/users/{id}/invitation" => admin::user::invite, Admin, Problem [operation: Some(&admin::user::INVITE)];
        GET "/api/v1/users/{id}/sessions" => admin::user::list_sessions, Admin, Problem [operation: Some(&admin::user::LIST_SESSIONS)];
        DELETE "/api/v1/users/{id}/sessions" => admin::user::end_sessions, Admin, Problem [operation: Some(&admin::user::END_SESSIONS)];
        GET "/api/v1/users/{id}/authenticators" => admin::authenticator::list, Admin, Problem [operation: Some(&admin::authenticator::LIST)];
        DELETE "/api/v1/users/{id}/authenticators/{authenticator_id}" => admin::authenticator::remove, Admin, Problem [operation: Some(&admin::authenticator::REMOVE)];
        DELETE "/api/v1/users/{id}/failures" => admin::failure::forget, Admin, Problem [operation: Some(&admin::failure::FORGET)];
        GET "/api/v1/sessions" => admin::session::list, Admin, Problem [operation: Some(&admin::session::LIST)];
        GET "/api/v1/sessions/statistics" => admin::session::statistics, Admin, Problem [operation: Some(&admin::session::STATISTICS)];
        GET "/api/v1/sessions/{sid}" => admin::session::show, Admin, Problem [operation: Some(&admin::session::SHOW)];
        DELETE "/api/v1/sessions/{sid}" => admin::session::end, Admin, Problem [operation: Some(&admin::session::END)];
        POST "/api/v1/revocations/preview" => admin::revocation::preview, Admin, Problem [operation: Some(&admin::revocation::PREVIEW)];
        POST "/api/v1/revocations" => admin::revocation::revoke, Admin, Problem [operation: Some(&admin::revocation::REVOKE)];
        GET "/api/v1/sessions/{sid}/deliveries" => admin::delivery::list_of_session, Admin, Problem [operation: Some(&admin::delivery::LIST_OF_SESSION)];
        GET "/api/v1/deliveries" => admin::delivery::list, Admin, Problem [operation: Some(&admin::delivery::LIST)];
        POST "/api/v1/deliveries/{id}/retry" => admin::delivery::retry, Admin, Problem [operation: Some(&admin::delivery::RETRY)];
        GET "/api/v1/mails" => admin::mail::list, Admin, Problem [operation: Some(&admin::mail::LIST)];
        POST "/api/v1/mails/{id}/retry" => admin::mail::retry, Admin, Problem [operation: Some(&admin::mail::RETRY)];
        POST "/api/v1/webhooks" => admin::webhook::create, Admin, Problem [operation: Some(&admin::webhook::CREATE)];
        GET "/api/v1/webhooks" => admin::webhook::list, Admin, Problem [operation: Some(&admin::webhook::LIST)];
        GET "/api/v1/webhooks/{id}" => admin::webhook::show, Admin, Problem [operation: Some(&admin::webhook::SHOW)];
        PATCH "/api/v1/webhooks/{id}" => admin::webhook::change, Admin, Problem [operation: Some(&admin::webhook::CHANGE)];
        DELETE "/api/v1/webhooks/{id}" => admin::webhook::delete, Admin, Problem [operation: Some(&admin::webhook::DELETE)];
        POST "/api/v1/providers" => admin::provider::create, Admin, Problem [operation: Some(&admin::provider::CREATE)];
        GET "/api/v1/providers" => admin::provider::list, Admin, Problem [operation: Some(&admin::provider::LIST)];
        GET "/api/v1/providers/{provider}" => admin::provider::show, Admin, Problem [operation: Some(&admin::provider::SHOW)];
        PATCH "/api/v1/providers/{provider}" => admin::provider::change, Admin, Problem [operation: Some(&admin::provider::CHANGE)];
        DELETE "/api/v1/providers/{provider}" => admin::provider::delete, Admin, Problem [operation: Some(&admin::provider::DELETE)];
        GET "/api/v1/keys" => admin::key::list, Admin, Problem [operation: Some(&admin::key::LIST)];
        POST "/api/v1/keys/rotate" => admin::key::rotate, Admin, Problem [operation: Some(&admin::key::ROTATE)];
        GET "/healthz" => health::alive, Anyone, Json [host: Host::Any];
        GET "/readyz" => health::ready, Anyone, Json [host: Host::Any];
        GET "/metrics" => health::metrics, Anyone, Json [host: Host::Any];
        GET "/dev/mail" => mailbox::show, Anyone, Page [profile: Profile::Development];
        GET "/demo/" => demo::index, Anyone, Page [profile: Profile::Development];
        GET "/demo/config.json" => demo::config, Anyone, Json [profile: Profile::Development];
        GET "/demo/resource" => demo::resource, Bearer, Bearer [profile: Profile::Development];
        GET "/demo/{name}" => demo::file, Anyone, Page [profile: Profile::Development];
    };
    #[cfg(feature = "saml")]
    let table = table.into_iter().chain(saml::table()).collect();
    table
});

/// Puts the table into the server.
pub fn configure(config: &mut ServiceConfig, shell: &Data<Shell>) {
    config.app_data(shell.clone());
    let base = shell.site.base.as_str();
    let mut rest: Vec<&'static Route> =
        TABLE.iter().filter(|route| route.profile == Profile::Every || shell.site.development).collect();
    while let Some(first) = rest.first().copied() {
        let (same, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|route| route.path == first.path);
        config.service(resource(format!("{base}{}", first.path), &same));
        // RFC 8414 section 3.1 puts the issuer's path behind the well-known one.
        if !base.is_empty() && first.path.starts_with("/.well-known/") {
            config.service(resource(format!("{}{base}", first.path), &same));
        }
        rest = others;
    }
    config.default_service(web::to(guard::nowhere));
}

/// One path with its methods. `HEAD` goes wherever `GET` goes.
fn resource(path: String, routes: &[&'static Route]) -> Resource {
    let mut resource = web::resource(path);
    let mut allowed = Vec::new();
    for &route in routes {
        let answer = move |shell: Data<Shell>, http: HttpRequest, payload: Payload| run(route, shell, http, payload);
        resource = resource.route(web::method(route.method.clone()).to(answer));
        allowed.push(route.method.as_str());
        if route.method == Method::GET {
            resource = resource.route(web::head().to(answer));
            allowed.push("HEAD");
        }
    }
    let allow = allowed.join(", ");
    if routes.iter().any(|route| route.cors == Cors::Registered) {
        let allow = allow.clone();
        let preflight = move |shell: Data<Shell>, http: HttpRequest| cors::preflight(shell, http, allow.clone());
        resource = resource.route(web::method(Method::OPTIONS).to(preflight));
    }
    let dress = routes.first().map_or(Dress::Page, |route| route.dress);
    resource.default_service(web::to(move || std::future::ready(error::wrong_method(dress, &allow))))
}

/// The way of every request: guards, body, handler, and the dress of what failed.
async fn run(route: &'static Route, shell: Data<Shell>, http: HttpRequest, payload: Payload) -> HttpResponse {
    let started = Instant::now();
    let mut response = match guard::turn_away(route, &shell, &http) {
        Some(refusal) => refusal,
        None => match Incoming::read(route.dress, &shell, http.clone(), payload).await {
            Err(refused) => error::too_large(route.dress, &shell, &http, refused),
            Ok(incoming) => {
                let mut response = match serve(route, &shell, &incoming).await {
                    Ok(response) => response,
                    Err(failure) => error::dress(route.dress, &shell, &incoming, &failure),
                };
                incoming.leave(&shell.site, &mut response);
                session_frame::follow(&shell, &http, &mut response);
                response
            }
        },
    };
    if route.cors == Cors::Registered {
        cors::allow(&shell, &http, &mut response).await;
    }
    shell.metrics.served(route, response.status(), started.elapsed());
    response
}

async fn serve(route: &Route, shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    if let Some(refusal) = admin::admit(route, shell, incoming).await? {
        return Ok(refusal);
    }
    if let Some(detour) = fresh::detour(route, shell, incoming).await? {
        return Ok(detour);
    }
    (route.handler)(shell, incoming).await
}
