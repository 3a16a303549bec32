//! What the words say in English and German.

use chrono::DateTime;

use super::*;
use crate::domain::language::Languages;

fn time(text: &str) -> Time {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// In English and in German.
fn said(phrase: &Phrase) -> [String; 2] {
    let languages = Languages::new(&[]).unwrap();
    ["en", "de"].map(|tag| languages.named(tag).say(phrase))
}

#[test]
fn times_read_like_speech() {
    assert_eq!(said(&ago(TimeDelta::seconds(30))), ["just now", "gerade eben"]);
    assert_eq!(said(&ago(TimeDelta::minutes(5))), ["5 minutes ago", "vor 5 Minuten"]);
    assert_eq!(said(&ago(TimeDelta::seconds(100))), ["1 minute ago", "vor 1 Minute"]);
    assert_eq!(said(&ago(TimeDelta::minutes(100))), ["1 hour ago", "vor 1 Stunde"]);
    assert_eq!(said(&ago(TimeDelta::hours(40))), ["1 day ago", "vor 1 Tag"]);
    assert_eq!(said(&ago(TimeDelta::hours(3))), ["3 hours ago", "vor 3 Stunden"]);
    assert_eq!(said(&ago(TimeDelta::days(4))), ["4 days ago", "vor 4 Tagen"]);
    let now = time("2026-05-12T12:00:00Z");
    for (then, english, german) in [
        ("2026-05-12T09:05:00Z", "today, 09:05", "heute, 09:05"),
        ("2026-05-11T23:59:00Z", "yesterday, 23:59", "gestern, 23:59"),
        ("2026-05-13T00:00:00Z", "tomorrow, 00:00", "morgen, 00:00"),
        ("2026-03-02T09:05:00Z", "2 March, 09:05", "2. März, 09:05"),
        ("2025-12-31T09:05:00Z", "31 December, 09:05", "31. Dezember, 09:05"),
        ("2025-05-02T09:05:00Z", "2 May 2025, 09:05", "2. Mai 2025, 09:05"),
    ] {
        assert_eq!(said(&on(time(then), now)), [english, german]);
    }
    for (then, english, german) in [
        ("2026-05-12T09:05:00Z", "today at 09:05 UTC", "heute um 09:05 Uhr (UTC)"),
        ("2026-03-02T09:05:00Z", "on 2 March at 09:05 UTC", "am 2. März um 09:05 Uhr (UTC)"),
        ("2024-03-02T09:05:00Z", "on 2 March 2024 at 09:05 UTC", "am 2. März 2024 um 09:05 Uhr (UTC)"),
    ] {
        assert_eq!(said(&at(time(then), now)), [english, german]);
    }
}

#[test]
fn spans_have_their_unit_and_number() {
    for (span, english, german) in [
        (TimeDelta::seconds(1), "1 second", "1 Sekunde"),
        (TimeDelta::minutes(90), "90 minutes", "90 Minuten"),
        (TimeDelta::hours(1), "1 hour", "1 Stunde"),
        (TimeDelta::hours(24), "24 hours", "24 Stunden"),
        (TimeDelta::days(30), "30 days", "30 Tage"),
    ] {
        assert_eq!(said(&length(span)), [english, german]);
    }
    for (span, english) in [
        (TimeDelta::seconds(1), "1 minute"),
        (TimeDelta::minutes(90), "1 hour"),
        (TimeDelta::hours(24), "24 hours"),
        (TimeDelta::hours(50), "2 days"),
    ] {
        assert_eq!(said(&longest(span))[0], english);
    }
    for (seconds, english) in
        [(0, "a second"), (1, "a second"), (30, "30 seconds"), (119, "119 seconds"), (121, "3 minutes")]
    {
        assert_eq!(said(&too_many(seconds))[0], format!("There were too many attempts. Try again in {english}."));
    }
    assert_eq!(said(&too_many(30))[1], "Das waren zu viele Versuche. Versuchen Sie es in 30 Sekunden wieder.");
}

#[test]
fn places_say_what_is_known() {
    let whereabouts = |city: &str, country: &str, network: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let place =
            place(&Whereabouts { city: some(city), country: some(country), network: some(network), address: None });
        place.map(|place| said(&place)[0].clone())
    };
    assert_eq!(whereabouts("Berlin", "Germany", "Mobile AG").as_deref(), Some("Berlin, Germany"));
    assert_eq!(whereabouts("", "Germany", "Mobile AG").as_deref(), Some("Germany"));
    assert_eq!(whereabouts("", "", "Mobile AG").as_deref(), Some("Mobile AG"));
    assert_eq!(whereabouts("", "", ""), None);
}

#[test]
fn a_weak_password_is_refused_in_the_same_words_everywhere() {
    for why in [
        Weak::Short,
        Weak::Long,
        Weak::Monotonous,
        Weak::Contextual,
        Weak::Common,
        Weak::Guessable,
        Weak::Breached,
        Weak::Same,
    ] {
        assert_eq!(said(&weak(why))[0], format!("The new password {why}."));
    }
}

#[test]
fn an_end_is_told_in_small_letters_where_it_stands_in_a_sentence() {
    for reason in EndReason::ALL {
        let end = End { at: time("2026-05-12T12:00:00Z"), reason: *reason, initiator: Initiator::User };
        let (alone, within) = (said(&super::reason(&end)), said(&signed_out(Some(*reason))));
        let (first, rest) = alone[0].split_at(1);
        match reason {
            EndReason::Logout => assert_eq!(within[0], "Signed out"),
            _ => assert_eq!(within[0], format!("Signed out: {}{rest}", first.to_lowercase())),
        }
        assert!(within[1].starts_with("Abgemeldet"), "{within:?}");
    }
}
