//! How many sessions a person may hold at once, and what gives way.

use crate::base::id::SessionId;

/// What happens when a session more is wanted than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Deny,
    /// The longest idle sessions end.
    EndOldest,
}

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
    Full,
}

/// Whether there is room for one session more beside the open ones, the longest idle first.
pub fn room(limit: Option<SessionLimit>, open: &[SessionId]) -> Room {
    let Some(SessionLimit { most, action }) = limit else { return Room::After(Vec::new()) };
    let over = (open.len() + 1).saturating_sub(most.max(1));
    match action {
        Action::Deny if over > 0 => Room::Full,
        _ => Room::After(open[..over].to_vec()),
    }
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
        assert_eq!(room(limit(3, Action::Deny), &open), Room::Full);
        assert_eq!(room(limit(3, Action::EndOldest), &open), Room::After(open[..1].to_vec()));
        assert_eq!(room(limit(1, Action::EndOldest), &open), Room::After(open.clone()));
        assert_eq!(room(limit(0, Action::EndOldest), &open[..1]), Room::After(open[..1].to_vec()));
    }
}
