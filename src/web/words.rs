//! What happened, in words that people read: times, places, devices, reasons. Each is a phrase, said in the language of
//! whoever looks.

use chrono::{Datelike, TimeDelta};

use crate::base::clock::Time;
pub use crate::domain::device::{is_handheld, name as device};
use crate::domain::event::{Event, EventName};
use crate::domain::language::Phrase;
use crate::domain::password::{LONGEST, SHORTEST, Weak};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::domain::session::Session;
use crate::domain::watch::Mark;
use crate::flows::account::Whereabouts;

/// "Berlin, Germany", or what is known of it; `None` where nothing is.
pub fn place(place: &Whereabouts) -> Option<Phrase> {
    match (&place.city, &place.country, &place.network) {
        (Some(city), Some(country), _) => {
            Some(Phrase::of("place").with("city", city.as_str()).with("country", country.as_str()))
        }
        (None, Some(text), _) | (_, None, Some(text)) => Some(Phrase::Text(text.clone())),
        (_, None, None) => None,
    }
}

/// An address, or that there is none.
pub fn address(address: Option<&str>) -> Phrase {
    address.map_or_else(|| Phrase::of("address-unknown"), |address| Phrase::Text(address.to_owned()))
}

/// "today, 14:03", with the date where it is another day. Everything is UTC.
pub fn on(time: Time, now: Time) -> Phrase {
    let date = match day(time, now) {
        Day::Yesterday => Phrase::of("on-yesterday"),
        Day::Today => Phrase::of("on-today"),
        Day::Tomorrow => Phrase::of("on-tomorrow"),
        Day::ThisYear => dated(Phrase::of("on-date"), time),
        Day::OtherYear => dated(Phrase::of("on-date-of-year"), time).with("year", i64::from(time.year())),
    };
    date.with("clock", clock(time))
}

/// "today at 14:03 UTC", as a sentence has it.
fn at(time: Time, now: Time) -> Phrase {
    let date = match day(time, now) {
        Day::Yesterday => Phrase::of("at-yesterday"),
        Day::Today => Phrase::of("at-today"),
        Day::Tomorrow => Phrase::of("at-tomorrow"),
        Day::ThisYear => dated(Phrase::of("at-date"), time),
        Day::OtherYear => dated(Phrase::of("at-date-of-year"), time).with("year", i64::from(time.year())),
    };
    date.with("clock", clock(time))
}

fn dated(phrase: Phrase, time: Time) -> Phrase {
    phrase.with("day", time.day()).with("month", time.month())
}

fn clock(time: Time) -> String {
    time.format("%H:%M").to_string()
}

enum Day {
    Yesterday,
    Today,
    Tomorrow,
    /// The year need not be said.
    ThisYear,
    OtherYear,
}

fn day(time: Time, now: Time) -> Day {
    match (time.date_naive() - now.date_naive()).num_days() {
        -1 => Day::Yesterday,
        0 => Day::Today,
        1 => Day::Tomorrow,
        _ if (time - now).abs() < TimeDelta::days(180) => Day::ThisYear,
        _ => Day::OtherYear,
    }
}

pub fn ago(passed: TimeDelta) -> Phrase {
    match passed.num_seconds() {
        ..90 => Phrase::of("just-now"),
        90..5_400 => Phrase::of("minutes-ago").with("n", passed.num_minutes()),
        5_400..129_600 => Phrase::of("hours-ago").with("n", passed.num_hours()),
        _ => Phrase::of("days-ago").with("n", passed.num_days()),
    }
}

/// "1 hour", "90 minutes", "2 days".
fn length(span: TimeDelta) -> Phrase {
    let seconds = span.num_seconds();
    match seconds {
        _ if seconds > 86_400 && seconds % 86_400 == 0 => Phrase::of("days-long").with("n", seconds / 86_400),
        _ if seconds >= 3_600 && seconds % 3_600 == 0 => Phrase::of("hours-long").with("n", seconds / 3_600),
        _ if seconds >= 60 => Phrase::of("minutes-long").with("n", seconds / 60),
        _ => Phrase::of("seconds-long").with("n", seconds),
    }
}

/// How long at most: in days from two on, in hours from one on, else in minutes.
pub fn longest(span: TimeDelta) -> Phrase {
    match span.num_seconds() {
        seconds @ 172_800.. => Phrase::of("days-long").with("n", seconds / 86_400),
        seconds @ 3_600.. => Phrase::of("hours-long").with("n", seconds / 3_600),
        seconds => Phrase::of("minutes-long").with("n", (seconds / 60).max(1)),
    }
}

/// What somebody reads who must wait.
pub fn too_many(seconds: i64) -> Phrase {
    match seconds {
        ..120 => Phrase::of("too-many-seconds").with("n", seconds.max(1)),
        _ => Phrase::of("too-many-minutes").with("n", (seconds + 59) / 60),
    }
}

/// Why a new password is not taken.
pub fn weak(weak: Weak) -> Phrase {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    match weak {
        Weak::Short => Phrase::of("weak-short").with("least", number(SHORTEST)),
        Weak::Long => Phrase::of("weak-long").with("most", number(LONGEST)),
        Weak::Monotonous => Phrase::of("weak-monotonous"),
        Weak::Contextual => Phrase::of("weak-contextual"),
        Weak::Common => Phrase::of("weak-common"),
        Weak::Guessable => Phrase::of("weak-guessable"),
        Weak::Breached => Phrase::of("weak-breached"),
        Weak::Same => Phrase::of("weak-same"),
    }
}

/// Why the browser that brings an ended session is asked to sign in: when, why, and what to do. `None` after the person's
/// own logout, of which they know.
pub fn farewell(session: &Session, end: &End, now: Time) -> Option<Phrase> {
    let phrase = match (end.reason, end.initiator) {
        (EndReason::Logout, Initiator::Client | Initiator::System) => return None,
        (EndReason::Logout, Initiator::User) => Phrase::of("farewell-elsewhere"),
        (EndReason::Logout, Initiator::Admin) => Phrase::of("farewell-admin"),
        (EndReason::Idle, _) => {
            let idle = session.idle.map_or_else(|| Phrase::of("too-long"), |idle| length(idle.delta()));
            Phrase::of("farewell-idle").with("idle", idle)
        }
        (EndReason::Absolute, _) => {
            Phrase::of("farewell-absolute").with("longest", length(session.absolute_end - session.created_at))
        }
        (EndReason::Limit, _) => Phrase::of("farewell-limit"),
        (EndReason::Admin, _) => Phrase::of("farewell-admin-ask"),
        (EndReason::Theft, _) => Phrase::of("farewell-theft"),
        (EndReason::PasswordChanged, _) => Phrase::of("farewell-password"),
        (EndReason::CredentialRemoved, _) => Phrase::of("farewell-credential"),
        (EndReason::UserDisabled, _) => Phrase::of("farewell-disabled"),
        (EndReason::UserDeleted, _) => Phrase::of("farewell-deleted"),
        (EndReason::ClientRemoved, _) => Phrase::of("farewell-client"),
        (EndReason::UpstreamLogout, _) => Phrase::of("farewell-upstream"),
        (EndReason::Policy, _) => match session.watch.mark {
            Some(Mark::CountryChanged) => Phrase::of("farewell-country"),
            Some(Mark::ImpossibleTravel) => Phrase::of("farewell-travel"),
            None => Phrase::of("farewell-policy"),
        },
    };
    Some(phrase.with("when", at(end.at, now)))
}

/// Why somebody who is signed in is asked for a proof.
pub const fn prove(mark: Mark) -> Phrase {
    match mark {
        Mark::CountryChanged => Phrase::of("prove-country"),
        Mark::ImpossibleTravel => Phrase::of("prove-travel"),
    }
}

/// The same in a few words, for a badge.
pub const fn badge(mark: Mark) -> Phrase {
    match mark {
        Mark::CountryChanged => Phrase::of("badge-country"),
        Mark::ImpossibleTravel => Phrase::of("badge-travel"),
    }
}

/// Why a session is over, as one part of a list.
pub const fn reason(end: &End) -> Phrase {
    match (end.reason, end.initiator) {
        (EndReason::Logout, Initiator::Admin) | (EndReason::Admin, _) => Phrase::of("reason-admin"),
        (EndReason::Logout, _) => Phrase::of("reason-logout"),
        (EndReason::Idle, _) => Phrase::of("reason-idle"),
        (EndReason::Absolute, _) => Phrase::of("reason-absolute"),
        (EndReason::Limit, _) => Phrase::of("reason-limit"),
        (EndReason::Theft, _) => Phrase::of("reason-theft"),
        (EndReason::PasswordChanged, _) => Phrase::of("reason-password"),
        (EndReason::CredentialRemoved, _) => Phrase::of("reason-credential"),
        (EndReason::UserDisabled, _) => Phrase::of("reason-disabled"),
        (EndReason::UserDeleted, _) => Phrase::of("reason-deleted"),
        (EndReason::ClientRemoved, _) => Phrase::of("reason-client"),
        (EndReason::UpstreamLogout, _) => Phrase::of("reason-upstream"),
        (EndReason::Policy, _) => Phrase::of("reason-policy"),
    }
}

/// The same as an entry of the timeline.
const fn signed_out(reason: Option<EndReason>) -> Phrase {
    match reason {
        None | Some(EndReason::Logout) => Phrase::of("reason-logout.told"),
        Some(EndReason::Admin) => Phrase::of("reason-admin.told"),
        Some(EndReason::Idle) => Phrase::of("reason-idle.told"),
        Some(EndReason::Absolute) => Phrase::of("reason-absolute.told"),
        Some(EndReason::Limit) => Phrase::of("reason-limit.told"),
        Some(EndReason::Theft) => Phrase::of("reason-theft.told"),
        Some(EndReason::PasswordChanged) => Phrase::of("reason-password.told"),
        Some(EndReason::CredentialRemoved) => Phrase::of("reason-credential.told"),
        Some(EndReason::UserDisabled) => Phrase::of("reason-disabled.told"),
        Some(EndReason::UserDeleted) => Phrase::of("reason-deleted.told"),
        Some(EndReason::ClientRemoved) => Phrase::of("reason-client.told"),
        Some(EndReason::UpstreamLogout) => Phrase::of("reason-upstream.told"),
        Some(EndReason::Policy) => Phrase::of("reason-policy.told"),
    }
}

/// How much a reader should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Plain,
    Good,
    News,
    Over,
    Warning,
}

/// An entry of the timeline as a sentence; `app` is the name of the client that it is about.
pub fn told(event: &Event, app: Option<&str>) -> (Tone, Phrase) {
    let of = |key| {
        let app = app.map_or_else(|| Phrase::of("some-app"), |app| Phrase::Text(app.to_owned()));
        Phrase::of(key).with("app", app)
    };
    match event.name {
        EventName::Created if event.client_id.is_some() => (Tone::Good, of("event-away")),
        EventName::Created => (Tone::Good, Phrase::of("event-created")),
        EventName::NewDevice => (Tone::News, Phrase::of("event-new-device")),
        EventName::Reauthenticated => (Tone::Good, Phrase::of("event-reauthenticated")),
        EventName::SteppedUp => (Tone::Good, Phrase::of("event-stepped-up")),
        EventName::PasswordChanged => (Tone::Good, Phrase::of("event-password-changed")),
        EventName::Granted => (Tone::Plain, of("event-granted")),
        EventName::Refreshed => (Tone::Plain, of("event-refreshed")),
        EventName::Retried => (Tone::Plain, of("event-retried")),
        EventName::Replaced => (Tone::Plain, of("event-replaced")),
        EventName::Moved => (Tone::Plain, Phrase::of("event-moved")),
        EventName::Marked => (
            Tone::Warning,
            match event.mark {
                Some(Mark::ImpossibleTravel) => Phrase::of("event-travel"),
                Some(Mark::CountryChanged) | None => Phrase::of("event-country"),
            },
        ),
        EventName::RefreshReused => (Tone::Warning, of("event-refresh-reused")),
        EventName::CodeReused => (Tone::Warning, of("event-code-reused")),
        EventName::CookieReused => (Tone::Warning, Phrase::of("event-cookie-reused")),
        EventName::Linked => (Tone::Good, Phrase::of("event-linked")),
        EventName::Unlinked => (Tone::Warning, Phrase::of("event-unlinked")),
        EventName::TotpAdded => (Tone::News, Phrase::of("event-totp-added")),
        EventName::TotpRemoved => (Tone::News, Phrase::of("event-totp-removed")),
        EventName::PasskeyAdded => (Tone::News, Phrase::of("event-passkey-added")),
        EventName::PasskeyRemoved => (Tone::News, Phrase::of("event-passkey-removed")),
        EventName::RecoveryCodesMade => (Tone::News, Phrase::of("event-codes-made")),
        EventName::RecoveryCodesRemoved => (Tone::News, Phrase::of("event-codes-removed")),
        EventName::RecoveryCodeUsed => (Tone::News, Phrase::of("event-code-used")),
        EventName::Revoked => (Tone::Over, of("event-revoked")),
        EventName::Ended => (Tone::Over, signed_out(event.reason)),
    }
}

#[cfg(test)]
mod tests;
