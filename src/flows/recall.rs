//! What was read or worked out a moment ago, kept in memory within a bound.
//!
//! What was read is good for as long as this process writes nothing that may change it, nor hears of such a write, and for
//! [`STALE`] at most: a second server, or a command beside this one, may write unheard.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long something may be taken for what it was.
const STALE: Duration = Duration::from_secs(1);

/// Values by their keys. Of those that nobody asks for half are forgotten whenever there are too many; half of the bound is
/// kept for those that somebody does.
pub(super) struct Recall<K, V> {
    shelves: Mutex<Shelves<K, V>>,
    most: usize,
}

struct Shelves<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Recall<K, V> {
    /// For no more than this many values.
    pub(super) fn new(most: usize) -> Self {
        Self { shelves: Mutex::new(Shelves { young: HashMap::new(), old: HashMap::new() }), most }
    }

    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = shelves.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = shelves.old.remove_entry(key)?;
        shelves.put(key, value.clone(), self.most);
        Some(value)
    }

    pub(super) fn put(&self, key: K, value: V) {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner).put(key, value, self.most);
    }
}

impl<K: Hash + Eq, V> Shelves<K, V> {
    fn put(&mut self, key: K, value: V, most: usize) {
        if self.young.len() >= most / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

/// When something was read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    at: Instant,
    /// How many writes there had been that may change it.
    edition: u64,
}

impl Reading {
    /// One that begins now.
    pub(super) fn begun(edition: u64) -> Self {
        Self { at: Instant::now(), edition }
    }

    fn spares(self, other: Self) -> bool {
        self.edition == other.edition && other.at.duration_since(self.at) < STALE
    }
}

/// What was read of each key.
pub(super) struct Read<K, V>(Recall<K, (V, Reading)>);

impl<K: Hash + Eq + Clone, V: Clone> Read<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self(Recall::new(most))
    }

    /// What need not be read again.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: Reading) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).filter(|(_, reading)| reading.spares(now)).map(|(value, _)| value)
    }

    pub(super) fn put(&self, key: K, value: V, reading: Reading) {
        self.0.put(key, (value, reading));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let recall = Recall::new(20);
        for at in 0..1000 {
            recall.put(at, at);
            assert_eq!(recall.get(&0), Some(0), "asked for every time");
            assert_eq!(recall.get(&at), Some(at));
        }
        let kept = (0..1000).filter(|at| recall.get(at).is_some()).count();
        assert!((2..=20).contains(&kept), "{kept}");
    }

    #[test]
    fn what_was_read_is_good_until_something_is_written_or_a_second_has_gone() {
        let read = Read::new(20);
        let reading = Reading::begun(7);
        read.put("key", 1, reading);
        let later = |seconds| Reading { at: reading.at + Duration::from_secs_f64(seconds), ..reading };
        assert_eq!(read.get("key", later(0.999)), Some(1));
        assert_eq!(read.get("key", later(1.0)), None);
        assert_eq!(read.get("key", Reading { edition: 8, ..reading }), None);
        assert_eq!(read.get("other", reading), None);
    }
}
