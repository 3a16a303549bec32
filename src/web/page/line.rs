//! What pages list: one struct for each kind of line.

use serde::Serialize;

use crate::domain::language::Phrase;
use crate::web::words::Tone;

#[derive(Serialize)]
pub struct ScopeLine {
    pub name: String,
    pub description: Phrase,
}

#[derive(Serialize)]
pub struct Person {
    pub username: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Serialize)]
pub struct SessionLine {
    pub sid: String,
    pub current: bool,
    pub label: Phrase,
    pub place: Option<Phrase>,
    pub address: Phrase,
    pub created: Phrase,
    pub last_active: Phrase,
    pub expires: Phrase,
    pub apps: Vec<String>,
    pub new_device: bool,
    pub mark: Option<Phrase>,
    /// `device`, `phone`, or `away` for what was left to an app.
    pub kind: &'static str,
}

/// The choice to stay signed in.
#[derive(Serialize)]
pub struct StayLine {
    /// How long at most.
    pub longest: Phrase,
    pub chosen: bool,
}

/// A session that may give way.
#[derive(Serialize)]
pub struct PlaceLine {
    pub sid: String,
    pub label: Phrase,
    pub address: Phrase,
    pub last_active: Phrase,
    pub created: Phrase,
}

#[derive(Serialize)]
pub struct EndedLine {
    pub label: Phrase,
    pub reason: Phrase,
    pub when: Phrase,
    pub place: Option<Phrase>,
}

#[derive(Serialize)]
pub struct EntryLine {
    pub tone: Tone,
    pub text: Phrase,
    pub when: Phrase,
    pub device: Phrase,
    pub place: Option<Phrase>,
}

#[derive(Serialize)]
pub struct AppLine {
    pub client_id: String,
    pub client_name: String,
    pub scopes: Vec<String>,
    pub since: Phrase,
    /// Whether the person was asked and said yes.
    pub asked: bool,
    pub sessions: usize,
    pub away: bool,
}

/// Whom an end was told, and what became of it.
#[derive(Serialize)]
pub struct DeliveryLine {
    pub name: String,
    pub channel: Phrase,
    pub outcome: Phrase,
    pub done: bool,
}

#[derive(Serialize)]
pub struct Field {
    pub name: &'static str,
    pub value: String,
}

/// Another provider to sign in through, or to be known by.
#[derive(Serialize)]
pub struct ProviderLine {
    pub id: String,
    pub name: String,
    /// What its sign-in is for.
    pub query: String,
}

/// A provider that knows the person.
#[derive(Serialize)]
pub struct IdentityLine {
    pub id: String,
    pub name: String,
    /// Whether it cannot be taken away.
    pub bound: bool,
    /// What the person is called there.
    pub label: Option<String>,
    pub since: Phrase,
    pub last_used: Phrase,
    /// How many sessions came from it.
    pub sessions: i64,
}

/// A mail that was sent.
#[derive(Serialize)]
pub struct MailLine {
    pub to: String,
    pub subject: String,
    pub when: Phrase,
    pub text: String,
    /// The first address on this server that it names.
    pub link: Option<String>,
}
