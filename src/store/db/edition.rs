//! How much was written of what somebody may remember.

use std::sync::atomic::{AtomicU64, Ordering};

use super::news::{TELL_CLIENTS, TELL_SIGNING_KEYS};

/// How many writes there have been that touched each kind, as far as this process knows. What was read after a count was
/// taken is as good as new while the count stays, but for what other processes wrote and nobody has heard of.
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
    signing_keys: bool,
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
            self.count_clients();
        }
        if touched.ends {
            self.ends.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub fn count_clients(&self) {
        self.clients.fetch_add(1, Ordering::SeqCst);
    }
}

impl Touched {
    /// Notes what a statement may change, by its words: what clients are, whether a session or a grant has ended, and which
    /// keys sign.
    pub fn by(&mut self, text: &str) {
        if text.starts_with("SELECT") {
            return;
        }
        self.ends |= text.contains("ended_at = ");
        for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            self.clients |= matches!(word, "clients" | "client_secrets");
            self.signing_keys |= word == "signing_keys";
        }
    }

    /// What tells other processes of it.
    pub fn announcements(self) -> impl Iterator<Item = &'static str> {
        [(self.clients, TELL_CLIENTS), (self.signing_keys, TELL_SIGNING_KEYS)]
            .into_iter()
            .filter_map(|(touched, words)| touched.then_some(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_touches_is_seen_by_its_words() {
        let nothing = Touched::default();
        let clients = Touched { clients: true, ..nothing };
        let ends = Touched { ends: true, ..nothing };
        let signing_keys = Touched { signing_keys: true, ..nothing };
        for (text, expected) in [
            ("UPDATE clients SET metadata = $1", clients),
            ("INSERT INTO client_secrets (id) VALUES ($1)", clients),
            ("DELETE FROM clients WHERE client_id = $1", clients),
            ("DELETE FROM clients", clients),
            ("DELETE FROM client_origins WHERE client_id = $1", nothing),
            ("SELECT metadata FROM clients WHERE client_id = $1", nothing),
            ("INSERT INTO signing_keys (kid) VALUES ($1)", signing_keys),
            ("UPDATE signing_keys SET active_from = $1", signing_keys),
            ("DELETE FROM signing_keys WHERE kid = $1", signing_keys),
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
