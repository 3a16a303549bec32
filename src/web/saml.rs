//! SAML: our metadata, answers to our requests, and sign-outs in both directions (SAML Bindings sections 3.4 and 3.5).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::{builder, see_other};
use super::authorize::session;
use super::cookie;
use super::csrf::Binding;
use super::logout::back;
use super::page::FormPost;
use super::request::Incoming;
use super::shell::Shell;
use super::sso::land;
use super::{Callers, Cors, Dress, Freshness, Host, Method, Profile, Route, Settled, routes};
use crate::flows::logout::Farewell;
use crate::flows::upstream::arrival::Landing;
use crate::flows::upstream::journey::Parcel;
use crate::flows::upstream::saml::arrival::{Return, arrive};
use crate::flows::upstream::saml::logout::{self, Dispatch, Way};
use crate::flows::upstream::saml::{Came, is_handle, our_metadata};
use crate::flows::{Failure, Outcome};
use crate::protocol::error::invalid_request;
use crate::protocol::params::Params;

/// The part of the route table that only builds with SAML have.
pub(super) fn table() -> Vec<Route> {
    routes! {
        GET "/sso/{provider}/metadata" => metadata, Anyone, Page;
        POST "/sso/{provider}/acs" => acs, Anyone, Page;
        GET "/sso/{provider}/slo" => slo_by_query, Anyone, Page;
        POST "/sso/{provider}/slo" => slo_by_form, Anyone, Page;
        GET "/sso/{provider}/leave" => leave, Anyone, Page;
    }
}

/// The mark of a form that was sent once more from here.
const AGAIN: &str = "again";

/// What the provider must know of us.
pub async fn metadata(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let xml = our_metadata(&shell.authority, incoming.part("provider")).await?;
    Ok(builder(StatusCode::OK).content_type("application/samlmetadata+xml").body(xml))
}

/// Somebody comes back with an answer.
pub async fn acs(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    form.refuse_repeated()?;
    let response = form.required("SAMLResponse", "SAMLResponse is missing")?;
    let parcel = parcel(shell, incoming, &form)?;
    if parcel.is_none() && must_come_again(&form) {
        return Ok(again(shell, incoming, &form));
    }
    let handle = parcel.as_ref().map(|parcel| parcel.handle.clone());
    let coming = Return {
        provider: incoming.part("provider"),
        response,
        parcel,
        browser: Binding::of(shell, incoming).token(shell, None),
        source: incoming.source(shell).clone(),
        session: session(shell, incoming).await?,
    };
    let landing = arrive(&shell.authority, coming).await?;
    // Who was not let in may come again with a better answer.
    let is_over = !matches!(landing, Landing::Stayed(..));
    let mut answer = land(shell, incoming, landing).await?;
    if let Some(handle) = handle.filter(|_| is_over) {
        cookie::drop_parcel(&shell.site, &mut answer, &handle);
    }
    Ok(answer)
}

/// What this browser kept under the name that came back.
fn parcel(shell: &Shell, incoming: &Incoming, params: &Params) -> Outcome<Option<Parcel>> {
    let Some(handle) = params.one("RelayState")?.filter(|handle| is_handle(handle)) else { return Ok(None) };
    Ok(cookie::parcel(&shell.site, &incoming.http, handle))
}

/// Whether a form may have come without the cookies that there are, because another site sent it.
fn must_come_again(form: &Params) -> bool {
    form.first("RelayState").is_some_and(is_handle) && form.first(AGAIN).is_none()
}

/// Lets the browser send a form of another site once more, from here and with its cookies.
fn again(shell: &Shell, incoming: &Incoming, form: &Params) -> HttpResponse {
    let field = |name: &'static str| form.first(name).map(|value| (name, value.to_owned()));
    let fields = ["SAMLResponse", "RelayState"].into_iter().filter_map(field);
    let fields = fields.chain([(AGAIN, "yes".to_owned())]).collect();
    form_post(shell, incoming, incoming.http.path().to_owned(), fields)
}

fn form_post(shell: &Shell, incoming: &Incoming, action: String, fields: Vec<(&'static str, String)>) -> HttpResponse {
    shell.pages.form_post(&incoming.reader(shell), &FormPost::to(action, fields))
}

/// The way out over the provider.
pub async fn leave(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let state = query.required("state", "state is missing")?;
    Ok(sent(shell, incoming, logout::leave(&shell.authority, incoming.part("provider"), state).await?))
}

fn sent(shell: &Shell, incoming: &Incoming, dispatch: Dispatch) -> HttpResponse {
    let mut answer = match dispatch.way {
        Way::Address(address) => see_other(&address),
        Way::Form { action, fields } => form_post(shell, incoming, action, fields),
    };
    if let Some(parcel) = dispatch.parcel {
        cookie::keep_parcel(&shell.site, &incoming.http, &mut answer, &parcel);
    }
    answer
}

/// A sign-out by HTTP-Redirect: the provider's, or its answer to ours.
pub async fn slo_by_query(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let came = Came::ByRedirect(incoming.http.query_string());
    slo(shell, incoming, &incoming.query()?, came).await
}

/// A sign-out by HTTP-POST.
pub async fn slo_by_form(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let form = incoming.form()?;
    form.refuse_repeated()?;
    if form.first("SAMLResponse").is_some() && parcel(shell, incoming, &form)?.is_none() && must_come_again(&form) {
        return Ok(again(shell, incoming, &form));
    }
    let message = form.first("SAMLRequest").or(form.first("SAMLResponse")).unwrap_or_default().to_owned();
    slo(shell, incoming, &form, Came::ByPost(&message)).await
}

async fn slo(shell: &Shell, incoming: &Incoming, params: &Params, came: Came<'_>) -> Result<HttpResponse, Failure> {
    let provider = incoming.part("provider");
    match (params.one("SAMLRequest")?, params.one("SAMLResponse")?) {
        (Some(_), None) => match logout::heard(&shell.authority, provider, came, params.one("RelayState")?).await? {
            Some(dispatch) => Ok(sent(shell, incoming, dispatch)),
            None => back(shell, incoming, Farewell::default()).await,
        },
        (None, Some(_)) => {
            let kept = parcel(shell, incoming, params)?;
            let handle = kept.as_ref().map(|parcel| parcel.handle.clone());
            let farewell = logout::returned(&shell.authority, provider, came, kept).await?;
            let mut answer = back(shell, incoming, farewell).await?;
            if let Some(handle) = handle {
                cookie::drop_parcel(&shell.site, &mut answer, &handle);
            }
            Ok(answer)
        }
        _ => Err(invalid_request("SAMLRequest or SAMLResponse is missing").into()),
    }
}
