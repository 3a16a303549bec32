//! When signing keys are made, take over and go: the next key is published long before it signs, the old one until nothing it signed is alive.

use std::cmp::Ordering;

use chrono::TimeDelta;

use super::algorithm::Algorithm;
use super::keyring::KeyRecord;
use crate::base::clock::Time;
use crate::base::duration::Duration;

/// How keys follow one another.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long a key signs.
    pub period: Duration,
    /// The least time from a key's publication to its first use, even after the server stood still: how long verifiers cache.
    pub lead: Duration,
    /// How long a key stays published after its last signature: the longest life of anything signed, and some minutes for clocks and caches.
    pub linger: Duration,
}

/// One change to the stored keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a key and store it.
    Generate { algorithm: Algorithm, active_from: Time },
    /// Set `active_from` of a stored key.
    Activate { kid: String, at: Time },
    /// Delete a key: nothing it signed is alive.
    Drop { kid: String },
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, not signing yet.
    Next,
    /// Signing.
    Current,
    /// Published for what it signed.
    Old,
}

/// What is due now. Empty most of the time; with no records at all, what a first start needs.
pub fn due(records: &[KeyRecord], now: Time, plan: Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    for algorithm in Algorithm::ISSUED {
        let line = Line::of(algorithm, records);
        let started = match (line.current(now), line.next(now)) {
            (Some(current), _) => current.active_from,
            // Another node's clock runs a little ahead of ours, or ours was set back: its key is ours.
            (None, Some(next)) => {
                steps.push(Step::Activate { kid: next.kid.clone(), at: now });
                now
            }
            (None, None) => {
                steps.push(Step::Generate { algorithm, active_from: now });
                now
            }
        };
        if line.waiting(now) <= usize::from(line.current(now).is_none()) {
            let active_from = (started + plan.period.delta()).max(now + plan.lead.delta());
            steps.push(Step::Generate { algorithm, active_from });
        }
        steps.extend(line.gone(now, plan.linger).map(|key| Step::Drop { kid: key.kid.clone() }));
    }
    steps
}

/// A rotation by hand of these algorithms: the next keys take over now and new ones stand ready behind them.
///
/// A key takes over after its predecessor did, be it by a microsecond, so that the order is never in doubt.
pub fn rotate_now(algorithms: &[Algorithm], records: &[KeyRecord], now: Time, plan: Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    for &algorithm in algorithms {
        let line = Line::of(algorithm, records);
        let after = line.current(now).map(|current| current.active_from + TimeDelta::microseconds(1));
        let at = after.map_or(now, |after| after.max(now));
        steps.push(match line.next(now) {
            Some(next) => Step::Activate { kid: next.kid.clone(), at },
            None => Step::Generate { algorithm, active_from: at },
        });
        if line.waiting(now) <= 1 {
            steps.push(Step::Generate { algorithm, active_from: at + plan.period.delta() });
        }
    }
    steps
}

/// Where a stored key stands among all stored ones.
pub fn state(key: &KeyRecord, records: &[KeyRecord], now: Time) -> KeyState {
    if key.active_from > now {
        KeyState::Next
    } else if retired_at(key, records).is_some_and(|retired| retired <= now) {
        KeyState::Old
    } else {
        KeyState::Current
    }
}

/// When a key stops signing: when its successor starts. `None` while there is no successor.
pub fn retired_at(key: &KeyRecord, records: &[KeyRecord]) -> Option<Time> {
    Line::of(key.algorithm, records).successor(key).map(|successor| successor.active_from)
}

/// The order in which keys of one algorithm take over; the same on every node.
pub(super) fn succession(one: &KeyRecord, other: &KeyRecord) -> Ordering {
    let rank = |key: &KeyRecord| (key.active_from, key.created_at);
    rank(one).cmp(&rank(other)).then_with(|| one.kid.cmp(&other.kid))
}

/// The keys of one algorithm, in the order in which they take over.
struct Line<'a>(Vec<&'a KeyRecord>);

impl<'a> Line<'a> {
    fn of(algorithm: Algorithm, records: &'a [KeyRecord]) -> Self {
        let mut keys: Vec<_> = records.iter().filter(|key| key.algorithm == algorithm).collect();
        keys.sort_by(|one, other| succession(one, other));
        Self(keys)
    }

    fn current(&self, now: Time) -> Option<&'a KeyRecord> {
        self.0.iter().rev().find(|key| key.active_from <= now).copied()
    }

    fn next(&self, now: Time) -> Option<&'a KeyRecord> {
        self.0.iter().find(|key| key.active_from > now).copied()
    }

    fn waiting(&self, now: Time) -> usize {
        self.0.iter().filter(|key| key.active_from > now).count()
    }

    fn successor(&self, key: &KeyRecord) -> Option<&'a KeyRecord> {
        self.0.iter().find(|other| succession(key, other) == Ordering::Less).copied()
    }

    fn gone(&self, now: Time, linger: Duration) -> impl Iterator<Item = &'a KeyRecord> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        pairs.filter(move |(_, successor)| successor.active_from + linger.delta() <= now).map(|(&key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::jose::vectors::records;

    const PLAN: Plan = Plan { period: Duration::days(30), lead: Duration::days(1), linger: Duration::hours(2) };

    fn at(days: i64) -> Time {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::days(days)
    }

    /// Keys in name only: what follows looks at times and names alone.
    #[derive(Default)]
    struct World {
        keys: Vec<KeyRecord>,
        made: usize,
    }

    impl World {
        fn carry_out(&mut self, steps: Vec<Step>, now: Time) {
            for step in steps {
                match step {
                    Step::Generate { algorithm, active_from } => {
                        self.made += 1;
                        // Later keys have smaller names: the order must never come from them.
                        let kid = format!("{algorithm} {}", 9999 - self.made);
                        let pattern = records()[0].clone();
                        self.keys.push(KeyRecord { kid, algorithm, created_at: now, active_from, ..pattern });
                    }
                    Step::Activate { kid, at } => {
                        self.keys.iter_mut().find(|key| key.kid == kid).unwrap().active_from = at;
                    }
                    Step::Drop { kid } => self.keys.retain(|key| key.kid != kid),
                }
            }
        }

        fn tick(&mut self, now: Time) {
            self.carry_out(due(&self.keys, now, PLAN), now);
            assert_eq!(due(&self.keys, now, PLAN), [], "nothing is left to do at {now}");
        }

        fn rotate(&mut self, now: Time) {
            self.carry_out(rotate_now(&Algorithm::ISSUED, &self.keys, now, PLAN), now);
        }

        fn of(&self, algorithm: Algorithm, asked: KeyState, now: Time) -> Vec<&KeyRecord> {
            let fits = |key: &&KeyRecord| key.algorithm == algorithm && state(key, &self.keys, now) == asked;
            self.keys.iter().filter(fits).collect()
        }

        fn only(&self, asked: KeyState, now: Time) -> &KeyRecord {
            let keys = self.of(Algorithm::Es256, asked, now);
            assert_eq!(keys.len(), 1, "{asked:?} at {now}");
            keys[0]
        }
    }

    #[test]
    fn a_first_start_makes_a_current_and_a_next_key_per_algorithm() {
        let steps = due(&[], at(0), PLAN);
        let expected = Algorithm::ISSUED.map(|algorithm| {
            [Step::Generate { algorithm, active_from: at(0) }, Step::Generate { algorithm, active_from: at(30) }]
        });
        assert_eq!(steps, expected.concat());
    }

    #[test]
    fn through_a_year_of_hours_one_key_signs_and_it_was_announced() {
        let mut world = World::default();
        let mut signed: Vec<(String, Time)> = Vec::new();
        for hour in 0..24 * 365 {
            let now = at(0) + TimeDelta::hours(hour);
            // Before the job runs, too, exactly one key signs.
            if hour > 0 {
                world.only(KeyState::Current, now);
            }
            world.tick(now);
            for algorithm in Algorithm::ISSUED {
                assert_eq!(world.of(algorithm, KeyState::Current, now).len(), 1, "{algorithm} at {now}");
                assert_eq!(world.of(algorithm, KeyState::Next, now).len(), 1, "{algorithm} at {now}");
            }
            let current = world.only(KeyState::Current, now);
            if current.created_at != at(0) {
                assert!(
                    current.created_at + PLAN.period.delta() <= current.active_from,
                    "{} was announced",
                    current.kid
                );
            }
            signed.push((current.kid.clone(), now));
            for (kid, when) in signed.iter().rev().take_while(|(_, when)| now - *when < PLAN.linger.delta()) {
                assert!(world.keys.iter().any(|key| key.kid == *kid), "what {kid} signed at {when} verifies at {now}");
            }
            assert!(world.keys.len() <= 3 * Algorithm::ISSUED.len(), "old keys go");
        }
        assert_eq!(world.made, Algorithm::ISSUED.len() * (365 / 30 + 2));
    }

    #[test]
    fn an_old_key_goes_when_nothing_it_signed_is_alive() {
        let mut world = World::default();
        world.tick(at(0));
        let first = world.only(KeyState::Current, at(0)).clone();
        let retired = retired_at(&first, &world.keys).unwrap();
        assert_eq!(retired, at(30));
        for (moment, there) in [
            (retired, true),
            (retired + PLAN.linger.delta() - TimeDelta::microseconds(1), true),
            (retired + PLAN.linger.delta(), false),
        ] {
            world.tick(moment);
            assert_eq!(world.keys.iter().any(|key| key.kid == first.kid), there, "{moment}");
        }
        assert_eq!(retired_at(world.only(KeyState::Next, at(31)), &world.keys), None);
    }

    #[test]
    fn a_server_that_stood_still_announces_before_it_uses() {
        let mut world = World::default();
        world.tick(at(0));
        let waiting = world.only(KeyState::Next, at(0)).kid.clone();
        world.tick(at(100));
        assert_eq!(world.only(KeyState::Current, at(100)).kid, waiting);
        assert_eq!(world.only(KeyState::Next, at(100)).active_from, at(100) + PLAN.lead.delta());
    }

    #[test]
    fn a_rotation_by_hand_takes_the_announced_key() {
        let mut world = World::default();
        world.tick(at(0));
        let (first, second) = (world.only(KeyState::Current, at(5)).clone(), world.only(KeyState::Next, at(5)).clone());
        world.rotate(at(5));
        assert_eq!(world.only(KeyState::Current, at(5)).kid, second.kid);
        assert_eq!(world.only(KeyState::Old, at(5)).kid, first.kid);
        assert_eq!(world.only(KeyState::Next, at(5)).active_from, at(35));
        assert_eq!(due(&world.keys, at(5), PLAN), []);
        world.tick(at(5) + PLAN.linger.delta());
        assert!(!world.keys.iter().any(|key| key.kid == first.kid));
    }

    #[test]
    fn rotating_again_and_again_keeps_order_and_every_key_that_signed() {
        let mut world = World::default();
        world.rotate(at(0));
        for second in 0..5 {
            let now = at(0) + TimeDelta::seconds(second);
            let before = world.only(KeyState::Current, now).kid.clone();
            world.rotate(now);
            world.rotate(now);
            let after = now + TimeDelta::microseconds(1);
            assert_ne!(world.only(KeyState::Current, after).kid, before);
            assert!(world.keys.iter().any(|key| key.kid == before));
            assert_eq!(world.of(Algorithm::Es256, KeyState::Next, after).len(), 1);
        }
    }

    #[test]
    fn a_clock_behind_the_one_that_made_the_keys_takes_them_as_they_are() {
        let mut world = World::default();
        world.tick(at(0));
        let (first, made) = (world.only(KeyState::Current, at(0)).kid.clone(), world.made);
        let behind = at(0) - TimeDelta::milliseconds(50);
        world.tick(behind);
        assert_eq!(world.only(KeyState::Current, behind).kid, first);
        assert_eq!(world.made, made);
    }
}
