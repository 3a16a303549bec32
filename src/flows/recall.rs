//! What was read or worked out a moment ago, kept in memory within a bound.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// Values by their keys. Of those that nobody asks for half are forgotten whenever there are too many.
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
}
