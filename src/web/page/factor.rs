//! The pages about factors, with what they list.

use serde::Serialize;

use super::{Page, Person, pages};
use crate::flows::passkey::Challenge;

/// What a browser is asked for a passkey.
#[derive(Serialize)]
pub struct PasskeyAsk {
    /// The options of `navigator.credentials`, as JSON.
    pub options: String,
    /// What comes back with the answer.
    pub handle: String,
}

impl From<Challenge> for PasskeyAsk {
    fn from(Challenge { options, handle }: Challenge) -> Self {
        Self { options, handle }
    }
}

/// A secret on its way into an app.
#[derive(Serialize)]
pub struct AppOffer {
    /// How many squares the picture is wide, its margin included, and the path that draws the dark ones.
    pub width: usize,
    pub path: String,
    pub secret: String,
    /// The same as the picture says, for whoever reads this page with the device that holds the app.
    pub uri: String,
    pub handle: String,
}

/// Something that may be removed.
#[derive(Serialize)]
pub struct Removable {
    pub id: String,
    pub added: String,
    pub used: Option<String>,
    /// Out of use after too many failures.
    pub disabled: bool,
    /// Sessions that came from it.
    pub sessions: i64,
}

#[derive(Serialize)]
pub struct AuthenticatorLine {
    pub name: String,
    /// It never leaves its device.
    pub device_bound: bool,
    #[serde(flatten)]
    pub removable: Removable,
}

pages! {
    /// A second factor's page.
    Factor = "factor.html" {
        client_name: Option<String>,
        username: String,
        code: bool,
        app: bool,
        codes: i64,
        passkey: Option<PasskeyAsk>,
        nonce: Option<String>,
        ticket: String,
        request: Option<String>,
        errand: Option<String>,
        error: Option<String>,
        csrf: String,
    }
    /// Something is to be added during a sign-in.
    Enrol = "enrol.html" {
        client_name: Option<String>,
        username: String,
        app: Option<AppOffer>,
        passkey: Option<PasskeyAsk>,
        nonce: Option<String>,
        ticket: String,
        request: Option<String>,
        errand: Option<String>,
        error: Option<String>,
        csrf: String,
    }
    Security = "security.html" {
        user: Person,
        password: bool,
        app: bool,
        passkeys: usize,
        codes: Option<i64>,
        has_factor: bool,
    }
    Totp = "totp.html" {
        user: Person,
        current: Option<Removable>,
        offer: AppOffer,
        error: Option<String>,
        csrf: String,
    }
    RecoveryCodes = "recovery_codes.html" {
        user: Person,
        codes: Vec<String>,
        left: i64,
        current: Option<Removable>,
        has_factor: bool,
        csrf: String,
    }
    Passkeys = "passkeys.html" {
        user: Person,
        passkeys: Vec<AuthenticatorLine>,
        ask: Option<PasskeyAsk>,
        suggested: String,
        nonce: Option<String>,
        error: Option<String>,
        csrf: String,
    }
}
