//! How many sessions a person may hold at once, and what gives way.

use super::session::Kind;
use crate::base::id::SessionId;
pub use crate::protocol::registration::LimitAction as Action;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimit {
    /// At least 1.
    pub most: usize,
    pub action: Action,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Room {
    /// There is room once these have ended; mostly none.
    After(Vec<SessionId>),
    /// So many sessions are in the way.
    Full { over: usize },
}

/// Whether there is room for one session more beside the open ones, the longest idle first.
pub fn room(limit: Option<SessionLimit>, open: &[SessionId]) -> Room {
    let Some(SessionLimit { most, action }) = limit else { return Room::After(Vec::new()) };
    let over = (open.len() + 1).saturating_sub(most.max(1));
    match action {
        Action::Deny | Action::Ask if over > 0 => Room::Full { over },
        _ => Room::After(open[..over].to_vec()),
    }
}

/// A session in which a client has something of a person. What was split off from a session, to live on without it, sits
/// on its root's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub session: SessionId,
    pub root: SessionId,
    pub kind: Kind,
}

/// The roots of seats, each once, in the order of their last: the longest idle first when the seats are so.
pub fn roots(seats: &[Seat]) -> Vec<SessionId> {
    let is_last = |(at, seat): &(usize, &Seat)| seats[at + 1..].iter().all(|later| later.root != seat.root);
    seats.iter().enumerate().filter(is_last).map(|(_, seat)| seat.root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::session::tests::at;

    #[test]
    fn the_longest_idle_give_way_or_nobody_does() {
        let dice = SeededEntropy::new(1);
        let open: Vec<_> = (0..3).map(|second| SessionId::new(at(second), &dice)).collect();
        let limit = |most, action| Some(SessionLimit { most, action });
        assert_eq!(room(None, &open), Room::After(vec![]));
        assert_eq!(room(limit(4, Action::Deny), &open), Room::After(vec![]));
        assert_eq!(room(limit(3, Action::Deny), &open), Room::Full { over: 1 });
        assert_eq!(room(limit(4, Action::Ask), &open), Room::After(vec![]));
        assert_eq!(room(limit(2, Action::Ask), &open), Room::Full { over: 2 });
        assert_eq!(room(limit(3, Action::EndOldest), &open), Room::After(open[..1].to_vec()));
        assert_eq!(room(limit(1, Action::EndOldest), &open), Room::After(open.clone()));
        assert_eq!(room(limit(0, Action::EndOldest), &open[..1]), Room::After(open[..1].to_vec()));
    }

    #[test]
    fn what_was_split_off_sits_with_its_root() {
        let dice = SeededEntropy::new(1);
        let ids: Vec<_> = (0..4).map(|second| SessionId::new(at(second), &dice)).collect();
        let seat = |session: usize, root: usize, kind| Seat { session: ids[session], root: ids[root], kind };
        let seats =
            [seat(0, 0, Kind::Person), seat(1, 1, Kind::Person), seat(2, 0, Kind::Offline), seat(3, 3, Kind::Person)];
        assert_eq!(roots(&seats), [ids[1], ids[0], ids[3]]);
        assert_eq!(roots(&[]), []);
    }
}
