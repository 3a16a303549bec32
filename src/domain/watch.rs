//! Watching: where the requests of a session come from, and what is noticed when that changes.
//!
//! Only requests with the session's cookie are compared: it lives in a browser, in the hands of the person. Refreshes,
//! introspection and userinfo often come from an application's own server, whose place says nothing.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::session::Session;
use crate::base::clock::Time;
use crate::base::duration::Duration;

super::names! {
    /// What was noticed about a session. The list is closed and public.
    Mark {
        /// It was used from another country than before.
        CountryChanged = "country_changed",
        /// It was used from two places that nobody travels between so fast.
        ImpossibleTravel = "impossible_travel",
    }
}

super::names! {
    /// What a mark does.
    OnMark {
        /// It is written down.
        Note = "note",
        /// The next page and the next client need a fresh proof, which takes the mark away.
        StepUp = "step_up",
        /// The session ends.
        End = "end",
    }
}

/// How sessions are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watching {
    /// How long the old secret of a renewed cookie is taken for that of a slow tab.
    pub cookie_window: Duration,
    pub on_mark: OnMark,
}

impl Default for Watching {
    fn default() -> Self {
        Self { cookie_window: Duration::seconds(10), on_mark: OnMark::Note }
    }
}

/// What was noticed about a session so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    pub mark: Option<Mark>,
    /// When its place last changed.
    pub moved_at: Option<Time>,
    /// The person had not been seen in this browser, as far as sessions are still kept.
    pub new_device: bool,
}

impl Watch {
    /// Whether the person must prove again who they are before anything else.
    pub fn must_prove(&self, on_mark: OnMark) -> bool {
        self.mark.is_some() && on_mark == OnMark::StepUp
    }
}

/// A point on the globe, in degrees, known to so many kilometres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub latitude: f64,
    pub longitude: f64,
    pub accuracy: f64,
}

/// An address with what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub address: IpAddr,
    /// Who runs the network.
    pub network: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    pub point: Option<Point>,
}

/// What is worth writing down about a request that came from another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// A mark that the session does not have yet.
    pub mark: Option<Mark>,
}

/// A new place is written down at most this often, unless it brings a new mark.
pub const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Sampled entries stand in a timeline at most this often for each kind and client.
pub const TOLD_EVERY: TimeDelta = TimeDelta::hours(1);
/// Kilometres an hour: faster than any airliner.
const FASTEST: f64 = 1_000.0;
/// Kilometres that are no travel at all: databases of addresses are not better than that.
const NEAR: f64 = 100.0;

/// What a request from `is` says of a session that was last seen at `was`; `None` when nothing is to be written.
pub fn compare(session: &Session, was: &Place, is: &Place, now: Time) -> Option<Move> {
    let other_country = differ(was.country.as_ref(), is.country.as_ref());
    if !other_country && is_same_network(was, is) {
        return None;
    }
    let seen = session.watch.moved_at.map_or(session.last_active_at, |moved| moved.max(session.last_active_at));
    let mark = if is_impossible(was, is, now - seen) {
        Some(Mark::ImpossibleTravel)
    } else {
        other_country.then_some(Mark::CountryChanged)
    };
    let mark = mark.filter(|mark| session.watch.mark != Some(*mark));
    let rested = session.watch.moved_at.is_none_or(|moved| now - moved >= NOTED_EVERY);
    (mark.is_some() || rested).then_some(Move { mark })
}

/// Whether both are known and not the same.
fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

/// By who runs it where that is known; else by the neighbourhood of the address.
fn is_same_network(one: &Place, other: &Place) -> bool {
    match (&one.network, &other.network) {
        (Some(one), Some(other)) => one == other,
        _ => neighbourhood(one.address) == neighbourhood(other.address),
    }
}

/// The /24 of an IPv4 address, the /48 of an IPv6 address: what one place usually has.
fn neighbourhood(address: IpAddr) -> (u8, [u8; 6]) {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            (4, [a, b, c, 0, 0, 0])
        }
        IpAddr::V6(v6) => {
            let mut site = [0; 6];
            site.copy_from_slice(&v6.octets()[..6]);
            (6, site)
        }
    }
}

fn is_impossible(was: &Place, is: &Place, passed: TimeDelta) -> bool {
    let (Some(was), Some(is)) = (was.point, is.point) else { return false };
    let far = kilometres(was, is) - was.accuracy - is.accuracy;
    let hours = passed.as_seconds_f64().max(0.0) / 3_600.0;
    far > NEAR && far > FASTEST * hours
}

/// Along the surface (haversine formula).
fn kilometres(one: Point, other: Point) -> f64 {
    const RADIUS: f64 = 6_371.0;
    let (lat1, lat2) = (one.latitude.to_radians(), other.latitude.to_radians());
    let (high, wide) = ((lat2 - lat1) / 2.0, (other.longitude - one.longitude).to_radians() / 2.0);
    let chord = high.sin().powi(2) + lat1.cos() * lat2.cos() * wide.sin().powi(2);
    2.0 * RADIUS * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::{at, session};

    const BERLIN: Point = Point { latitude: 52.52, longitude: 13.4, accuracy: 20.0 };
    const MUNICH: Point = Point { latitude: 48.14, longitude: 11.58, accuracy: 20.0 };
    const SYDNEY: Point = Point { latitude: -33.87, longitude: 151.21, accuracy: 50.0 };

    fn place(address: &str, country: Option<&str>, point: Option<Point>) -> Place {
        Place { address: address.parse().unwrap(), network: None, country: country.map(str::to_owned), point }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        assert!((kilometres(BERLIN, MUNICH) - 504.0).abs() < 5.0);
        assert!((kilometres(BERLIN, SYDNEY) - 16_090.0).abs() < 50.0);
        assert!(kilometres(BERLIN, BERLIN) < 0.001);
    }

    #[test]
    fn the_neighbour_is_no_move() {
        let session = session();
        let judge =
            |one: &str, other: &str| compare(&session, &place(one, None, None), &place(other, None, None), at(600));
        assert_eq!(judge("192.0.2.1", "192.0.2.200"), None);
        assert_eq!(judge("2001:db8:1::1", "2001:db8:1:ffff::9"), None);
        assert_eq!(judge("192.0.2.1", "::ffff:192.0.2.7"), None);
        for other in ["192.0.3.1", "2001:db8:1::1"] {
            assert_eq!(judge("192.0.2.1", other), Some(Move { mark: None }), "{other}");
        }
        let provider = |address: &str| Place { network: Some("Mobile AG".into()), ..place(address, None, None) };
        assert_eq!(compare(&session, &provider("192.0.2.1"), &provider("198.51.100.1"), at(600)), None);
    }

    #[test]
    fn countries_and_speed_make_marks() {
        let mut session = session();
        session.last_active_at = at(0);
        let home = place("192.0.2.1", Some("DE"), Some(BERLIN));
        let judge = |session: &Session, is: &Place, seconds| {
            compare(session, &home, is, at(seconds)).and_then(|moved| moved.mark)
        };
        let munich = place("198.51.100.1", Some("DE"), Some(MUNICH));
        assert_eq!(judge(&session, &munich, 60), Some(Mark::ImpossibleTravel));
        assert_eq!(judge(&session, &munich, 3_600), None, "an hour is enough for 464 km");
        let sydney = place("203.0.113.1", Some("AU"), Some(SYDNEY));
        assert_eq!(judge(&session, &sydney, 3_600), Some(Mark::ImpossibleTravel));
        assert_eq!(judge(&session, &sydney, 20 * 3_600), Some(Mark::CountryChanged));
        let abroad = place("203.0.113.1", Some("AU"), None);
        assert_eq!(judge(&session, &abroad, 1), Some(Mark::CountryChanged));
        session.watch.mark = Some(Mark::CountryChanged);
        assert_eq!(judge(&session, &abroad, 1), None, "marked already");
        let unknown = place("203.0.113.1", None, None);
        assert_eq!(judge(&session, &unknown, 1), None, "who knows");
    }

    #[test]
    fn moving_to_and_fro_is_written_once_a_minute() {
        let mut session = session();
        let (one, other) = (place("192.0.2.1", None, None), place("198.51.100.1", None, None));
        assert!(compare(&session, &one, &other, at(5)).is_some());
        session.watch.moved_at = Some(at(5));
        assert_eq!(compare(&session, &other, &one, at(64)), None);
        assert!(compare(&session, &other, &one, at(65)).is_some());
    }

    #[test]
    fn a_mark_asks_for_a_proof_where_policy_says_so() {
        let marked = Watch { mark: Some(Mark::CountryChanged), ..Watch::default() };
        assert!(marked.must_prove(OnMark::StepUp));
        assert!(!marked.must_prove(OnMark::Note) && !Watch::default().must_prove(OnMark::StepUp));
    }
}
