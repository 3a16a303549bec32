//! Pages: templates with a typed context each, and the headers that make them safe to show.
//!
//! A theme folder may replace any template or asset by a file of the same name.

mod built_in;
mod factor;
mod line;
mod made;
pub mod speech;

use std::path::Path;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::answer::builder;
use super::request::Incoming;
use super::shell::{Shell, Site};
use crate::base::entropy::{SystemEntropy, draw};
use crate::base::secret::base64url;
use crate::domain::language::{Language, Languages, Phrase};
use crate::flows::Failure;
pub use built_in::{ASSETS, TEMPLATES};
pub use factor::{
    AppOffer, AuthenticatorLine, Enrol, Factor, PasskeyAsk, Passkeys, RecoveryCodes, Removable, Security, Totp,
};
pub use line::{
    AppLine, DeliveryLine, EndedLine, EntryLine, Field, IdentityLine, MailLine, Person, PlaceLine, ProviderLine,
    ScopeLine, SessionLine, StayLine,
};

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    #[error("theme file {0}: {1}")]
    File(String, std::io::Error),
    #[error("theme file {0}: {1}")]
    Template(String, minijinja::Error),
}

pub struct Pages {
    environment: Environment<'static>,
    assets: Vec<Asset>,
}

/// A file that pages refer to.
pub struct Asset {
    name: &'static str,
    pub content_type: &'static str,
    pub body: Bytes,
}

/// A page with its context.
pub trait Page: Serialize {
    const TEMPLATE: &'static str;
}

/// Where the forms of a page may lead, and what script it has.
#[derive(Clone, Copy, Default)]
pub struct Allowed<'a> {
    pub forms: Forms,
    /// The nonce of its one script.
    pub nonce: Option<&'a str>,
    /// The one foreign origin whose images it shows.
    pub images: Option<&'a str>,
}

/// Browsers hold every redirect after a form to `form-action`, those of other servers too. Where the way leads on to a
/// client, which may go anywhere from there, the page cannot name all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forms {
    #[default]
    Here,
    Onwards,
}

/// For whom a page is: where it stands, and the language that they read.
pub struct Reader<'a> {
    pub site: &'a Site,
    pub language: Language,
}

/// A page with what every page has.
#[derive(Serialize)]
struct Whole<'a, P> {
    lang: &'a str,
    dir: &'static str,
    issuer_host: &'a str,
    base: &'a str,
    #[serde(flatten)]
    page: &'a P,
}

impl Pages {
    /// The built-in templates, each replaced by the theme's where it has one, speaking these languages.
    pub fn new(theme: Option<&Path>, languages: Languages) -> Result<Self, ThemeError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        speech::teach(&mut environment, languages);
        for (name, built_in) in TEMPLATES {
            environment
                .add_template_owned(name, themed(theme, name, built_in)?)
                .map_err(|cause| ThemeError::Template(name.to_owned(), cause))?;
        }
        let mut assets = Vec::new();
        for (name, content_type, built_in) in ASSETS {
            let body = themed(theme, name, built_in)?.into();
            assets.push(Asset { name, content_type, body });
        }
        Ok(Self { environment, assets })
    }

    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name == name)
    }

    /// Renders a page. A template that fails, which only a theme's can, gives a bare page instead.
    pub fn show<P: Page>(
        &self,
        reader: &Reader<'_>,
        status: StatusCode,
        page: &P,
        allowed: Allowed<'_>,
    ) -> HttpResponse {
        let Reader { site, language } = reader;
        let (lang, dir) = (language.tag(), language.direction());
        let whole = Whole { lang, dir, issuer_host: &site.authority, base: &site.base, page };
        let rendered =
            self.environment.get_template(P::TEMPLATE).and_then(|template| template.render(Value::from(Serde(&whole))));
        let html = rendered.unwrap_or_else(|error| {
            tracing::error!(%error, template = P::TEMPLATE, "a page could not be rendered");
            "<!doctype html><title>Error</title><h1>This page could not be shown</h1>".to_owned()
        });
        builder(status)
            .insert_header((header::CONTENT_SECURITY_POLICY, policy(allowed)))
            .insert_header((header::CONTENT_LANGUAGE, lang))
            .insert_header((header::VARY, "Accept-Language"))
            .content_type("text/html; charset=utf-8")
            .body(html)
    }

    pub fn error(&self, reader: &Reader<'_>, status: StatusCode, page: &ErrorPage) -> HttpResponse {
        self.show(reader, status, page, Allowed::default())
    }

    /// A page that says one thing.
    pub fn message(&self, reader: &Reader<'_>, status: StatusCode, page: &Message) -> HttpResponse {
        self.show(reader, status, page, Allowed::default())
    }

    /// The one page with a script: a form that sends itself.
    pub fn form_post(&self, reader: &Reader<'_>, page: &FormPost) -> HttpResponse {
        let allowed = Allowed { forms: Forms::Onwards, nonce: Some(&page.nonce), ..Allowed::default() };
        self.show(reader, StatusCode::OK, page, allowed)
    }
}

/// The theme's file of this name, or the built-in one.
fn themed(theme: Option<&Path>, name: &str, built_in: &str) -> Result<String, ThemeError> {
    match theme.map(|folder| folder.join(name)).filter(|file| file.exists()) {
        Some(file) => {
            std::fs::read_to_string(&file).map_err(|cause| ThemeError::File(file.display().to_string(), cause))
        }
        None => Ok(built_in.to_owned()),
    }
}

/// The nonce of a script.
pub fn nonce() -> String {
    base64url(&draw::<16>(&SystemEntropy))
}

/// Nothing but our own style and images; no script without this answer's nonce.
fn policy(allowed: Allowed<'_>) -> String {
    let nonce = allowed.nonce.map_or_else(self::nonce, str::to_owned);
    let forms = match allowed.forms {
        Forms::Here => "form-action 'self'; ",
        Forms::Onwards => "",
    };
    let images = allowed.images.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:{images}; \
         {forms}base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Lets a page show frames of these origins, and of no other.
pub fn allow_frames(response: &mut HttpResponse, origins: &[String]) {
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let (Some(policy), false) = (policy, origins.is_empty()) else { return };
    let mut origins = origins.to_vec();
    origins.sort_unstable();
    origins.dedup();
    if let Ok(policy) = HeaderValue::from_str(&format!("{policy}; frame-src {}", origins.join(" "))) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident = $template:literal { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Serialize)]
        pub struct $name { $(pub $field: $type),* }

        impl Page for $name {
            const TEMPLATE: &'static str = $template;
        }
    )*};
}
use pages;

pages! {
    Login = "login.html" {
        client_name: Option<String>,
        request: Option<String>,
        username: String,
        notice: Option<Phrase>,
        error: Option<Phrase>,
        stay: Option<StayLine>,
        errand: Option<String>,
        providers: Vec<ProviderLine>,
        by_address: bool,
        passkey: Option<PasskeyAsk>,
        nonce: Option<String>,
        by_mail: bool,
        csrf: String,
    }
    Identities = "identities.html" {
        user: Person,
        identities: Vec<IdentityLine>,
        providers: Vec<ProviderLine>,
        notice: Option<Phrase>,
        error: Option<Phrase>,
        csrf: String,
    }
    Limit = "limit.html" {
        client_name: Option<String>,
        username: String,
        places: Vec<PlaceLine>,
        least: usize,
        ticket: Option<String>,
        request: Option<String>,
        errand: Option<String>,
        error: Option<Phrase>,
        csrf: String,
    }
    Consent = "consent.html" {
        client_name: String,
        client_host: String,
        client_uri: Option<String>,
        logo_uri: Option<String>,
        policy_uri: Option<String>,
        tos_uri: Option<String>,
        username: String,
        scopes: Vec<ScopeLine>,
        claims: Vec<Phrase>,
        resources: Vec<String>,
        offline: bool,
        lifetime: Phrase,
        request: String,
        switch_url: String,
        csrf: String,
    }
    Account = "account.html" {
        user: Person,
        others: bool,
        sessions: Vec<SessionLine>,
        ended: Vec<EndedLine>,
        recent: Vec<EntryLine>,
        csrf: String,
    }
    Apps = "apps.html" {
        user: Person,
        apps: Vec<AppLine>,
        csrf: String,
    }
    Password = "password.html" {
        user: Person,
        has_password: bool,
        wrong: Option<Phrase>,
        weak: Option<Phrase>,
        notice: Option<Phrase>,
        csrf: String,
    }
    Email = "email.html" {
        user: Person,
        verified: bool,
        typed: String,
        notice: Option<Phrase>,
        error: Option<Phrase>,
        csrf: String,
    }
    Confirm = "confirm.html" {
        headline: Phrase,
        text: Phrase,
        token: String,
        csrf: String,
    }
    Forgot = "forgot.html" {
        able: bool,
        elsewhere: bool,
        sent: bool,
        email: String,
        error: Option<Phrase>,
        csrf: String,
    }
    Reset = "reset.html" {
        headline: Phrase,
        lead: Phrase,
        username: String,
        token: String,
        request: Option<String>,
        weak: Option<Phrase>,
        csrf: String,
    }
    Done = "done.html" {
        headline: Phrase,
        text: Phrase,
        onwards: String,
        label: Phrase,
    }
    Logout = "logout.html" {
        client_name: Option<String>,
        username: String,
        may_leave_app: bool,
        meant_another: bool,
        request: Option<String>,
        stay_url: String,
        csrf: String,
    }
    SignedOut = "signed_out.html" {
        client_name: Option<String>,
        departure: &'static str,
        onwards: Option<String>,
        frames: Vec<String>,
        nonce: Option<String>,
        report_url: Option<String>,
    }
    LogoutReport = "logout_report.html" {
        lines: Vec<DeliveryLine>,
        again_url: String,
    }
    ErrorPage = "error.html" {
        code: String,
        headline: Phrase,
        explanation: Phrase,
        reference: Option<String>,
    }
    Message = "message.html" {
        headline: Phrase,
        text: Phrase,
    }
    MailCode = "mail_code.html" {
        client_name: Option<String>,
        handle: Option<String>,
        request: Option<String>,
        errand: Option<String>,
        error: Option<Phrase>,
        csrf: String,
    }
    Mailbox = "mailbox.html" {
        mails: Vec<MailLine>,
    }
    FormPost = "form_post.html" {
        action: String,
        fields: Vec<Field>,
        nonce: String,
    }
    Home = "home.html" {
        issuer: String,
        development: bool,
    }
}

pub async fn home(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let page = Home { issuer: shell.site.issuer.clone(), development: shell.site.development };
    Ok(shell.pages.show(&incoming.reader(shell), StatusCode::OK, &page, Allowed::default()))
}
