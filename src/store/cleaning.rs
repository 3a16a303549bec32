//! Rows that are of no more use, a few at a time.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;

/// What is removed once its time has come. What hangs on a row goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Ended sessions, by their end, with timelines, grants, codes and families.
    Sessions,
    /// Authorization codes, by their expiry.
    Codes,
    /// Access tokens that were revoked, by their expiry.
    RevokedTokens,
    /// Used client assertions, by their expiry.
    ClientAssertions,
    /// Replaced client secrets, by their expiry.
    ClientSecrets,
    /// Initial access tokens, by their expiry.
    RegistrationTokens,
    /// What other providers said once, by its expiry.
    UpstreamWords,
    /// Counters of failures, by the last one; those that put a password out of use stay.
    Throttles,
    /// Authenticators that were removed, by their removal.
    Authenticators,
    /// Challenges that passkeys answered, by their expiry.
    SpentChallenges,
    /// What others were told or could not be told, by the time that each row says.
    Deliveries,
    /// What ended, once every projection has read it and nobody is to be told of it any more.
    Outbox,
    /// Mails that were sent or given up, by the time that each row says.
    Mails,
    /// Links that were mailed, by their expiry.
    Links,
    /// Codes that were mailed, by their expiry.
    MailCodes,
    /// Pushed requests that were answered, by their expiry.
    SpentRequests,
}

impl Leftover {
    pub const ALL: [Self; 16] = [
        Self::Sessions,
        Self::Codes,
        Self::RevokedTokens,
        Self::ClientAssertions,
        Self::ClientSecrets,
        Self::RegistrationTokens,
        Self::UpstreamWords,
        Self::Throttles,
        Self::Authenticators,
        Self::SpentChallenges,
        Self::Deliveries,
        Self::Outbox,
        Self::Mails,
        Self::Links,
        Self::MailCodes,
        Self::SpentRequests,
    ];

    /// The table it lies in.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Codes => "codes",
            Self::RevokedTokens => "revoked_tokens",
            Self::ClientAssertions => "client_assertions",
            Self::ClientSecrets => "client_secrets",
            Self::RegistrationTokens => "registration_tokens",
            Self::UpstreamWords => "upstream_words",
            Self::Throttles => "throttles",
            Self::Authenticators => "authenticators",
            Self::SpentChallenges => "spent_challenges",
            Self::Deliveries => "deliveries",
            Self::Outbox => "outbox",
            Self::Mails => "mails",
            Self::Links => "links",
            Self::MailCodes => "mail_codes",
            Self::SpentRequests => "spent_requests",
        }
    }
}

/// Rows of the outbox that may go: written by then, read by everybody, with nothing left to tell or to show.
macro_rules! read_by_all {
    () => {
        "o.recorded_at <= $1 AND o.position <= (SELECT MIN(cursor) FROM projections)
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.revocation_id = o.id)"
    };
}

/// Removes rows whose time came at `due` or earlier, at most `limit`; gives how many.
pub async fn remove(tx: &mut Tx, what: Leftover, due: Time, limit: i64) -> Result<u64, Fault> {
    let sql = match what {
        Leftover::Sessions => {
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ended_at <= $1 LIMIT $2)"
        }
        Leftover::Codes => {
            "DELETE FROM codes WHERE digest IN (SELECT digest FROM codes WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::RevokedTokens => {
            "DELETE FROM revoked_tokens WHERE jti IN (SELECT jti FROM revoked_tokens WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::ClientAssertions => {
            "DELETE FROM client_assertions
             WHERE digest IN (SELECT digest FROM client_assertions WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::ClientSecrets => {
            "DELETE FROM client_secrets WHERE id IN (SELECT id FROM client_secrets WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::RegistrationTokens => {
            "DELETE FROM registration_tokens
             WHERE id IN (SELECT id FROM registration_tokens WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::UpstreamWords => {
            "DELETE FROM upstream_words
             WHERE digest IN (SELECT digest FROM upstream_words WHERE expires_at <= $1 LIMIT $2)"
        }
        // A counter that moved since it was chosen stays.
        Leftover::Throttles => {
            "DELETE FROM throttles
             WHERE subject IN (SELECT subject FROM throttles WHERE last_at <= $1 LIMIT $2) AND last_at <= $1"
        }
        Leftover::Authenticators => {
            "DELETE FROM authenticators WHERE id IN (SELECT id FROM authenticators WHERE removed_at <= $1 LIMIT $2)"
        }
        Leftover::SpentChallenges => {
            "DELETE FROM spent_challenges
             WHERE digest IN (SELECT digest FROM spent_challenges WHERE expires_at <= $1 LIMIT $2)"
        }
        // One that was revived since it was chosen stays.
        Leftover::Deliveries => {
            "DELETE FROM deliveries
             WHERE id IN (SELECT id FROM deliveries WHERE kept_until <= $1 LIMIT $2) AND kept_until <= $1"
        }
        Leftover::Outbox => {
            concat!("DELETE FROM outbox WHERE id IN (SELECT o.id FROM outbox o WHERE ", read_by_all!(), " LIMIT $2)")
        }
        Leftover::Mails => "DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE kept_until <= $1 LIMIT $2)",
        Leftover::MailCodes => {
            "DELETE FROM mail_codes WHERE id IN (SELECT id FROM mail_codes WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::SpentRequests => {
            "DELETE FROM spent_requests
             WHERE digest IN (SELECT digest FROM spent_requests WHERE expires_at <= $1 LIMIT $2)"
        }
        Leftover::Links => {
            "DELETE FROM links WHERE digest IN (SELECT digest FROM links WHERE expires_at <= $1 LIMIT $2)"
        }
    };
    tx.sql(sql).bind(due).bind(limit).execute().await
}

/// The time of the row that should have been gone for longest by `due`.
pub async fn oldest(db: &Db, what: Leftover, due: Time) -> Result<Option<Time>, Fault> {
    let sql = match what {
        Leftover::Sessions => "SELECT MIN(ended_at) FROM sessions WHERE ended_at <= $1",
        Leftover::Codes => "SELECT MIN(expires_at) FROM codes WHERE expires_at <= $1",
        Leftover::RevokedTokens => "SELECT MIN(expires_at) FROM revoked_tokens WHERE expires_at <= $1",
        Leftover::ClientAssertions => "SELECT MIN(expires_at) FROM client_assertions WHERE expires_at <= $1",
        Leftover::ClientSecrets => "SELECT MIN(expires_at) FROM client_secrets WHERE expires_at <= $1",
        Leftover::RegistrationTokens => "SELECT MIN(expires_at) FROM registration_tokens WHERE expires_at <= $1",
        Leftover::UpstreamWords => "SELECT MIN(expires_at) FROM upstream_words WHERE expires_at <= $1",
        Leftover::Throttles => "SELECT MIN(last_at) FROM throttles WHERE last_at <= $1",
        Leftover::Authenticators => "SELECT MIN(removed_at) FROM authenticators WHERE removed_at <= $1",
        Leftover::SpentChallenges => "SELECT MIN(expires_at) FROM spent_challenges WHERE expires_at <= $1",
        Leftover::Deliveries => "SELECT MIN(kept_until) FROM deliveries WHERE kept_until <= $1",
        Leftover::Outbox => concat!("SELECT MIN(o.recorded_at) FROM outbox o WHERE ", read_by_all!()),
        Leftover::Mails => "SELECT MIN(kept_until) FROM mails WHERE kept_until <= $1",
        Leftover::MailCodes => "SELECT MIN(expires_at) FROM mail_codes WHERE expires_at <= $1",
        Leftover::SpentRequests => "SELECT MIN(expires_at) FROM spent_requests WHERE expires_at <= $1",
        Leftover::Links => "SELECT MIN(expires_at) FROM links WHERE expires_at <= $1",
    };
    db.read().await?.sql(sql).bind(due).scalar::<Option<Time>>().await
}
