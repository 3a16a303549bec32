//! How much this process has written of what somebody may remember.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many writes there have been that touched each kind. What was read after a count was taken is as good as new while the
/// count stays, unless another process writes too.
#[derive(Default)]
pub(super) struct Editions {
    clients: AtomicU64,
    ends: AtomicU64,
}

/// What a write touches of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    clients: bool,
    ends: bool,
}

impl Editions {
    pub fn clients(&self) -> u64 {
        self.clients.load(Ordering::SeqCst)
    }

    pub fn ends(&self) -> u64 {
        self.ends.load(Ordering::SeqCst)
    }

    pub fn count(&self, touched: Touched) {
        if touched.clients {
            self.clients.fetch_add(1, Ordering::SeqCst);
        }
        if touched.ends {
            self.ends.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Touched {
    /// Notes what a statement may change, by its words: what clients are, and whether a session or a grant has ended.
    pub fn by(&mut self, text: &str) {
        if !text.starts_with("SELECT") {
            self.clients |= text.contains(" clients ") || text.contains(" client_secrets ");
            self.ends |= text.contains("ended_at = ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_touches_is_seen_by_its_words() {
        let (nothing, clients, ends) =
            (Touched::default(), Touched { clients: true, ends: false }, Touched { clients: false, ends: true });
        for (text, expected) in [
            ("UPDATE clients SET metadata = $1", clients),
            ("INSERT INTO client_secrets (id) VALUES ($1)", clients),
            ("DELETE FROM clients WHERE client_id = $1", clients),
            ("SELECT metadata FROM clients WHERE client_id = $1", nothing),
            ("INSERT INTO grants (id, client_id) VALUES ($1, $2)", nothing),
            ("UPDATE sessions SET last_active_at = $1 WHERE ended_at IS NULL", nothing),
            ("SELECT id FROM sessions WHERE ended_at = $1", nothing),
            ("UPDATE grants SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL", ends),
            (&crate::store::ending::END, ends),
            (crate::store::session::END_EXPIRED, ends),
        ] {
            let mut touched = Touched::default();
            touched.by(text);
            assert_eq!(touched, expected, "{text}");
        }
    }
}
