//! What happened, in words that people read: times, places, devices, reasons.

use chrono::TimeDelta;

use crate::base::clock::Time;
pub use crate::domain::device::{is_handheld, name as device};
use crate::domain::event::{Event, EventName};
use crate::domain::revocation::{End, EndReason, Initiator};
use crate::domain::session::Session;
use crate::domain::watch::Mark;
use crate::flows::account::Whereabouts;

/// "Berlin, Germany", or what is known of it; `None` where nothing is.
pub fn place(place: &Whereabouts) -> Option<String> {
    match (&place.city, &place.country, &place.network) {
        (Some(city), Some(country), _) => Some(format!("{city}, {country}")),
        (None, Some(country), _) => Some(country.clone()),
        (_, None, network) => network.clone(),
    }
}

/// "today, 14:03", with the date where it is another day. Everything is UTC.
pub fn on(time: Time, now: Time) -> String {
    let hour = time.format("%H:%M");
    match day(time, now) {
        Some(day) => format!("{day}, {hour}"),
        None => format!("{}, {hour}", date(time, now)),
    }
}

/// "today at 14:03 UTC", as a sentence has it.
fn at(time: Time, now: Time) -> String {
    let hour = time.format("%H:%M");
    match day(time, now) {
        Some(day) => format!("{day} at {hour} UTC"),
        None => format!("on {} at {hour} UTC", date(time, now)),
    }
}

fn day(time: Time, now: Time) -> Option<&'static str> {
    match (time.date_naive() - now.date_naive()).num_days() {
        -1 => Some("yesterday"),
        0 => Some("today"),
        1 => Some("tomorrow"),
        _ => None,
    }
}

/// The year is said where it is not clear.
fn date(time: Time, now: Time) -> String {
    let close = (time - now).abs() < TimeDelta::days(180);
    time.format(if close { "%-d %B" } else { "%-d %B %Y" }).to_string()
}

pub fn ago(passed: TimeDelta) -> String {
    let (number, unit) = match passed.num_seconds() {
        ..90 => return "just now".into(),
        90..5_400 => (passed.num_minutes(), "minutes"),
        5_400..129_600 => (passed.num_hours(), "hours"),
        _ => (passed.num_days(), "days"),
    };
    format!("{number} {unit} ago")
}

/// "1 hour", "90 minutes", "2 days".
fn length(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    let (number, unit) = match seconds {
        _ if seconds > 86_400 && seconds % 86_400 == 0 => (seconds / 86_400, "day"),
        _ if seconds >= 3_600 && seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        _ if seconds >= 60 => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Why the browser that brings an ended session is asked to sign in: when, why, and what to do. `None` after the person's
/// own logout, of which they know.
pub fn farewell(session: &Session, end: &End, now: Time) -> Option<String> {
    let when = at(end.at, now);
    Some(match end.reason {
        EndReason::Logout => match end.initiator {
            Initiator::Client | Initiator::System => return None,
            Initiator::User => format!(
                "This browser was signed out {when} from another one of yours. If that was not you, have your password changed."
            ),
            Initiator::Admin => format!("An administrator signed you out {when}. You may sign in again."),
        },
        EndReason::Idle => {
            let idle = session.idle.map_or_else(|| "too long".into(), |idle| length(idle.delta()));
            format!("You were signed out {when} because nothing had happened for {idle}. Sign in to go on.")
        }
        EndReason::Absolute => {
            let life = length(session.absolute_end - session.created_at);
            format!("You were signed out {when}: here a sign-in lasts {life} at most. Sign in to go on.")
        }
        EndReason::Limit => format!(
            "You were signed out {when} because you signed in elsewhere, and only so many sessions may be open at once. \
             If that was not you, have your password changed."
        ),
        EndReason::Admin => {
            format!("An administrator signed you out {when}. You may sign in again; ask them if you do not know why.")
        }
        EndReason::Theft => format!(
            "You were signed out {when} to protect you: an old copy of this browser’s sign-in was used, as a thief would \
             use it. Sign in, look at your recent activity, and have your password changed if anything is strange."
        ),
        EndReason::PasswordChanged => format!(
            "You were signed out {when} because your password was changed. Sign in with the new one. If you did not change \
             it, tell your administrator at once."
        ),
        EndReason::CredentialRemoved => format!(
            "You were signed out {when} because a way of signing in was removed from your account. Sign in another way. If \
             you did not remove it, tell your administrator at once."
        ),
        EndReason::UserDisabled => format!("Your account was disabled {when}. Your administrator can tell you why."),
        EndReason::UserDeleted => format!("The account that was signed in here was deleted {when}."),
        EndReason::ClientRemoved => {
            format!("You were signed out {when} because the application was removed. Sign in to go on.")
        }
        EndReason::UpstreamLogout => {
            format!("You were signed out {when} because you signed out where you sign in from. Sign in to go on.")
        }
        EndReason::Policy => match session.watch.mark {
            Some(mark) => format!(
                "You were signed out {when} because this session was {}. Sign in to go on. If it was not you, have your \
                 password changed.",
                noticed(mark)
            ),
            None => format!("You were signed out {when} by a security rule of this server. Sign in to go on."),
        },
    })
}

/// Why somebody who is signed in is asked for a proof.
pub fn prove(mark: Mark) -> String {
    format!("This session was {}. Sign in once more to show that it is you.", noticed(mark))
}

fn noticed(mark: Mark) -> &'static str {
    match mark {
        Mark::CountryChanged => "suddenly used from another country",
        Mark::ImpossibleTravel => "used from two places that nobody travels between so fast",
    }
}

/// The same in a few words, for a badge.
pub fn badge(mark: Mark) -> &'static str {
    match mark {
        Mark::CountryChanged => "Changed country",
        Mark::ImpossibleTravel => "Impossible journey",
    }
}

/// Why a session is over, as one part of a list.
pub fn reason(end: &End) -> &'static str {
    match (end.reason, end.initiator) {
        (EndReason::Logout, Initiator::Admin) | (EndReason::Admin, _) => "An administrator ended it",
        (EndReason::Logout, _) => "You signed out",
        (EndReason::Idle, _) => "Nothing happened for too long",
        (EndReason::Absolute, _) => "Its longest time was over",
        (EndReason::Limit, _) => "A newer sign-in took its place",
        (EndReason::Theft, _) => "An old copy of it was used",
        (EndReason::PasswordChanged, _) => "Your password was changed",
        (EndReason::CredentialRemoved, _) => "A way of signing in was removed",
        (EndReason::UserDisabled, _) => "Your account was disabled",
        (EndReason::UserDeleted, _) => "Your account was deleted",
        (EndReason::ClientRemoved, _) => "The application was removed",
        (EndReason::UpstreamLogout, _) => "You signed out where you sign in from",
        (EndReason::Policy, _) => "A security rule ended it",
    }
}

/// How much a reader should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Plain,
    Good,
    News,
    Over,
    Warning,
}

/// An entry of the timeline as a sentence; `app` is the name of the client that it is about.
pub fn told(event: &Event, app: Option<&str>) -> (Tone, String) {
    let app = app.unwrap_or("An app");
    let plain = |text: &str| (Tone::Plain, text.to_owned());
    let warning = |text: String| (Tone::Warning, text);
    match event.name {
        EventName::Created if event.client_id.is_some() => (Tone::Good, format!("{app} may go on while you are away")),
        EventName::Created => (Tone::Good, "Signed in".into()),
        EventName::NewDevice => (Tone::News, "First time in this browser".into()),
        EventName::Reauthenticated => (Tone::Good, "You proved again that it is you".into()),
        EventName::SteppedUp => (Tone::Good, "You proved with more that it is you".into()),
        EventName::PasswordChanged => (Tone::Good, "You changed your password".into()),
        EventName::Granted => (Tone::Plain, format!("Signed in to {app}")),
        EventName::Refreshed => (Tone::Plain, format!("{app} renewed its access")),
        EventName::Retried => (Tone::Plain, format!("{app} asked twice for the same")),
        EventName::Replaced => (Tone::Plain, format!("{app} lost an answer and got another")),
        EventName::Moved => plain("Went on from another network"),
        EventName::Marked => warning(match event.mark {
            Some(Mark::ImpossibleTravel) => "Used from two places that nobody travels between so fast".into(),
            Some(Mark::CountryChanged) | None => "Suddenly used from another country".into(),
        }),
        EventName::RefreshReused => warning(format!("An old token of {app} was used, so its access ended")),
        EventName::CodeReused => warning(format!("A code for {app} was used twice, so its access ended")),
        EventName::CookieReused => warning("An old copy of the sign-in was used, so the session ended".into()),
        EventName::Linked => (Tone::Good, "Another way to sign in was added".into()),
        EventName::Unlinked => warning("A way to sign in was removed".into()),
        EventName::TotpAdded => (Tone::News, "Added an authenticator app".into()),
        EventName::TotpRemoved => (Tone::News, "Removed the authenticator app".into()),
        EventName::PasskeyAdded => (Tone::News, "Added a passkey".into()),
        EventName::PasskeyRemoved => (Tone::News, "Removed a passkey".into()),
        EventName::RecoveryCodesMade => (Tone::News, "Made new recovery codes".into()),
        EventName::RecoveryCodesRemoved => (Tone::News, "Removed the recovery codes".into()),
        EventName::RecoveryCodeUsed => (Tone::News, "Used a recovery code".into()),
        EventName::Revoked => (Tone::Over, format!("Signed out of {app}")),
        EventName::Ended => {
            let initiator = if event.reason == Some(EndReason::Admin) { Initiator::Admin } else { Initiator::User };
            let why = event.reason.map(|reason| self::reason(&End { at: event.at, reason, initiator }));
            match why {
                None | Some("You signed out") => (Tone::Over, "Signed out".into()),
                Some(why) => (Tone::Over, format!("Signed out: {}", lower(why))),
            }
        }
    }
}

/// With a small first letter, in the middle of a sentence.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn time(text: &str) -> Time {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn times_read_like_speech() {
        assert_eq!(ago(TimeDelta::seconds(30)), "just now");
        assert_eq!(ago(TimeDelta::minutes(5)), "5 minutes ago");
        assert_eq!(ago(TimeDelta::hours(3)), "3 hours ago");
        assert_eq!(ago(TimeDelta::days(4)), "4 days ago");
        let now = time("2026-05-12T12:00:00Z");
        for (then, said) in [
            ("2026-05-12T09:05:00Z", "today, 09:05"),
            ("2026-05-11T23:59:00Z", "yesterday, 23:59"),
            ("2026-05-13T00:00:00Z", "tomorrow, 00:00"),
            ("2026-05-02T09:05:00Z", "2 May, 09:05"),
            ("2025-05-02T09:05:00Z", "2 May 2025, 09:05"),
        ] {
            assert_eq!(on(time(then), now), said);
        }
        for (span, said) in [
            (TimeDelta::seconds(1), "1 second"),
            (TimeDelta::minutes(90), "90 minutes"),
            (TimeDelta::hours(1), "1 hour"),
            (TimeDelta::hours(24), "24 hours"),
            (TimeDelta::days(30), "30 days"),
        ] {
            assert_eq!(length(span), said);
        }
    }

    #[test]
    fn places_say_what_is_known() {
        let whereabouts = |city: &str, country: &str, network: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            place(&Whereabouts { city: some(city), country: some(country), network: some(network), address: None })
        };
        assert_eq!(whereabouts("Berlin", "Germany", "Mobile AG").as_deref(), Some("Berlin, Germany"));
        assert_eq!(whereabouts("", "Germany", "Mobile AG").as_deref(), Some("Germany"));
        assert_eq!(whereabouts("", "", "Mobile AG").as_deref(), Some("Mobile AG"));
        assert_eq!(whereabouts("", "", ""), None);
    }
}
